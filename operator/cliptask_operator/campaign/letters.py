"""Which texts in the picture have letters that no font can write? Of a task's own fonts it is known once they are fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cliptask.emoji import has_emoji
from cliptask.errors import InputError
from cliptask.planning.looks import coloured_emoji
from cliptask.spec.disclosure import label_of
from cliptask.spec.filling import text_place
from cliptask.spec.fonts import EMOJI_FONTS, INSTALLED
from cliptask.spec.rules import Path
from cliptask.spec.style import TextStyle
from cliptask.spec.task import ClipTaskSpec
from cliptask.text import heard
from cliptask_renderer.lettering.faces import Family, coloured, installed, unwritable


def check_letters(spec: ClipTaskSpec) -> None:
    """Raise ``InputError`` for titles and shown lines that fonts of the program are to write, and cannot."""
    _refuse(
        f"{text_place(spec, *at)}: {words}"
        for at, text, style in _texts(spec)
        if not own_fonts(style) and (words := refused(text, style, [installed(style.font)]))
    )


def check_own_letters(spec: ClipTaskSpec, own: Mapping[str, Family]) -> None:
    """Raise ``InputError`` for those that the task's ``own`` fonts are to write, by their names, and cannot.

    A font that could not be had is not among them, and nothing is said of its texts.
    """
    _refuse(
        f"{text_place(spec, *at)}: {words}"
        for at, text, style in _texts(spec)
        if (names := own_fonts(style))
        and all(name in own for name in names)
        and (words := refused(text, style, families(style, own)))
    )


def refused(text: str, style: TextStyle, written: Sequence[Family]) -> str | None:
    """What of a text these fonts cannot write in its style, with the remedy."""
    emoji = coloured() if coloured_emoji(style) and has_emoji(text) else None
    return unwritable(text, style.font, written, emoji)


def own_fonts(style: TextStyle) -> tuple[str, ...]:
    """The fonts of the task's own that a style names."""
    return tuple(
        name for name in (style.font, style.emoji) if name and name not in (*INSTALLED, *EMOJI_FONTS)
    )


def families(style: TextStyle, own: Mapping[str, Family]) -> list[Family]:
    """The fonts that a style names, of the program's and of the task's ``own``."""
    first = [installed(style.font)] if style.font in INSTALLED else []
    return [*first, *(own[name] for name in own_fonts(style))]


def _texts(spec: ClipTaskSpec) -> Iterator[tuple[tuple[int, Path], str, TextStyle]]:
    """What stands in the picture, each once, with the number of the first row where it does, and its path."""
    known: set[tuple[Path, str]] = set()
    for number, filled in enumerate(spec.by_row):
        for path, text, style in _own_texts(filled):
            if (path, text) not in known:
                known.add((path, text))
                yield (number, path), text, style


def _own_texts(spec: ClipTaskSpec) -> Iterator[tuple[Path, str, TextStyle]]:
    for index, overlay in enumerate(spec.overlays):
        if overlay.text is not None:
            yield ("spec", "overlays", index, "text"), overlay.text, overlay.style or TextStyle()
        if overlay.counter is not None:
            counter = overlay.counter
            signs = counter.form.replace("'", "\u2019")
            every = f"{counter.prefix}\u22120123456789{signs}{counter.suffix}"
            yield ("spec", "overlays", index, "counter"), every, overlay.style or TextStyle()
    for row, block in enumerate(spec.text_blocks):
        for index, text in enumerate(block.texts):
            path: Path = ("spec", "textBlocks", row, "texts", index, "text")
            yield path, text.text, block.style or TextStyle()
    if label := label_of(spec):
        below: Path = ("spec", "disclosure", "label")
        yield (*below, "text"), label.text, label.letters
        for index, each in enumerate(label.translations):
            yield (*below, "translations", index, "text"), each.text, label.letters
    if spec.captions.mode == "burned":
        for path, line in spec.lines_at.items():
            yield (*path, "text"), heard(line.said), spec.captions.letters or TextStyle()


def _refuse(messages: Iterator[str]) -> None:
    if refused := "\n".join(messages):
        raise InputError(refused)
