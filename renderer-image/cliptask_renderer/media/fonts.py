"""Which font are titles written in, and which characters does it have?"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cliptask.names import shown
from cliptask.text import drawn, named

if TYPE_CHECKING:
    from PIL import ImageFont

_ALIKE = str.maketrans({"\u2010": "-", "\u2011": "-"})


def font() -> str:
    """Path of the font of titles: Source Sans Pro Semibold (SIL Open Font License), with Latin, Greek, Cyrillic."""
    import font_source_sans_pro  # noqa: PLC0415  lists a folder when imported

    return str(font_source_sans_pro.SourceSansProSemibold)


def face(em: int) -> ImageFont.FreeTypeFont:
    """The font of titles at a size in pixels. Laid out by Pillow alone, see ``basic_layout``."""
    from PIL import ImageFont  # noqa: PLC0415  only where a title is composed

    return ImageFont.truetype(font(), em, layout_engine=ImageFont.Layout.BASIC)


@contextmanager
def basic_layout() -> Iterator[None]:
    """Have whoever opens fonts in here lay them out by Pillow alone.

    Its other engine, raqm, takes a library of the system where there is one: the same title would have other pixels on
    another machine, under the same key. What it adds are kerning, and scripts that the font does not have.
    """
    from PIL import ImageFont  # noqa: PLC0415  as above

    core: Any = ImageFont.core
    there = core.HAVE_RAQM
    core.HAVE_RAQM = False
    try:
        yield
    finally:
        core.HAVE_RAQM = there


def writable(text: str) -> str:
    """The text with the font's own characters for those that look alike."""
    return text.translate(_ALIKE)


def unwritable(text: str) -> str | None:
    """Which characters the font has no shape for, with the remedy; None where it has all of them.

    Nor has it places for accents on letters that Unicode has not in one character with them: they would stand beside.
    """
    known = face(32)
    empty_box = bytes(known.getmask("\U0010ffff"))
    letters = sorted({letter for letter in writable(drawn(text)) if not letter.isspace()})
    missing = [letter for letter in letters if _is_mark(letter) or bytes(known.getmask(letter)) == empty_box]
    if not missing:
        return None
    return (
        f"{shown(text)} has characters that the font cannot write: {', '.join(map(_named, missing))}; "
        "leave them out, or give the title as an image"
    )


def _named(letter: str) -> str:
    return f"{letter} ({named(letter)})" if letter.isprintable() and not _is_mark(letter) else named(letter)


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) in {"Mn", "Me"}
