"""Which fonts does a task bring, and which may its texts name?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from cliptask.spec import remedies
from cliptask.spec.part import Part
from cliptask.spec.rules import Breach, Path, rule
from cliptask.spec.style import TextStyle
from cliptask.spec.values import Name, SourceUrl

INSTALLED: Final = ("Montserrat", "Poppins", "Anton", "Noto Sans")
"""Families that come with the program. None can be the name of a task's own font."""
COLOUR_EMOJI, PLAIN_EMOJI = EMOJI_FONTS = ("Noto Color Emoji", "Noto Emoji")
"""Likewise of emoji: in their colours, which is the default, and in that of the letters."""


class Font(Part):
    """A font file of the brand's."""

    name: Name
    """What styles call it."""
    url: SourceUrl
    """Where its file is (TTF, OTF, WOFF, WOFF2; of a collection, TTC, the first font); as for clips. One file has one weight, unless it is a variable font."""


def styles_of(spec: Any) -> Iterator[tuple[Path, TextStyle]]:  # noqa: ANN401  the spec, whose module imports this one
    """Every style that a spec gives, with its path below the spec."""
    for index, overlay in enumerate(spec.overlays):
        if overlay.style is not None:
            yield ("overlays", index, "style"), overlay.style
    for index, block in enumerate(spec.text_blocks):
        if block.style is not None:
            yield ("textBlocks", index, "style"), block.style
    if spec.captions.letters is not None:
        yield ("captions", "letters"), spec.captions.letters
    if spec.disclosure and spec.disclosure.label and spec.disclosure.label.style is not None:
        yield ("disclosure", "label", "style"), spec.disclosure.label.style


def _named(style: str) -> str:
    """In CEL: that the fonts of a style are there."""
    own = "has(self.fonts) && self.fonts.exists(f, f.name == {0})"
    font, emoji = (own.format(f"{style}.{field}") for field in ("font", "emoji"))
    return (
        f"(!has({style}.font) || {style}.font in {list(INSTALLED)} || {font})"
        f" && (!has({style}.emoji) || {style}.emoji in {list(EMOJI_FONTS)} || {emoji})"
    )


@rule(
    "names a font that there is not",
    cel=f"!has(self.overlays) || self.overlays.all(o, !has(o.style) || {_named('o.style')})",
    field="overlays",
)
def fonts_of_overlays(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: its titles' fonts are there."""
    return _unknown_in(spec, "overlays")


@rule(
    "names a font that there is not",
    cel=f"!has(self.captions) || !has(self.captions.letters) || {_named('self.captions.letters')}",
    field="captions",
)
def fonts_of_captions(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: the fonts of its captions are there."""
    return _unknown_in(spec, "captions")


@rule(
    "names a font that there is not",
    cel=f"!has(self.textBlocks) || self.textBlocks.all(t, !has(t.style) || {_named('t.style')})",
    field="textBlocks",
)
def fonts_of_texts(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: the fonts of its texts are there."""
    return _unknown_in(spec, "textBlocks")


@rule(
    "names a font that there is not",
    cel=f"!has(self.disclosure) || !has(self.disclosure.label) || !has(self.disclosure.label.style) || {_named('self.disclosure.label.style')}",
    field="disclosure",
)
def fonts_of_label(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: the fonts of its label are there."""
    return _unknown_in(spec, "disclosure")


def _unknown_in(spec: Any, field: str) -> list[Breach]:  # noqa: ANN401  as above
    return [Breach(path[1:], words) for path, words in _unknown(spec) if path[0] == field]


def _unknown(spec: Any) -> Iterator[tuple[Path, str]]:  # noqa: ANN401  as above
    own = [font.name for font in spec.fonts]
    for path, style in styles_of(spec):
        if style.font not in (*INSTALLED, *own):
            yield (*path, "font"), _remedy(style.font, [*INSTALLED, *own])
        if style.emoji is not None and style.emoji not in (*EMOJI_FONTS, *own):
            yield (*path, "emoji"), _remedy(style.emoji, [*EMOJI_FONTS, *own])


def _remedy(given: str, there: list[str]) -> str:
    near = remedies.closest(given, there)
    meant = f"did you mean {near}? " if near else ""
    return f"{meant}there are: {', '.join(there)}; give others under spec.fonts"
