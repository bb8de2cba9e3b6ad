"""How does a text over the picture look?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from cliptask.spec.colour import TranslucentColour
from cliptask.spec.part import Part
from cliptask.spec.position import Align, LetterCase
from cliptask.spec.quantities import Percentage
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.values import FontName

SMALLEST, LARGEST = 1, 50
"""Percent of the picture's shorter side."""


class Outline(Part):
    """A line around every letter."""

    color: TranslucentColour = "#000000"
    """Its colour."""
    width: Percentage | None = None
    """Its width as a share of the letters' size; 0% for none. Default: 8%."""


class Shadow(Part):
    """A soft copy below the letters."""

    color: TranslucentColour = "#000000b3"
    """Its colour."""
    distance: Percentage | None = None
    """How far down it falls as a share of the letters' size; it is blurred by as much. Default: 8%."""


class Box(Part):
    """A plate behind the text."""

    color: TranslucentColour = "#000000"
    """Its colour; its last two digits are its opacity, e.g. #00000080."""
    padding: Percentage | None = None
    """Between letters and edge, as a share of the letters' size. Default: 35%."""
    radius: Percentage | None = None
    """Of its corners, likewise. Default: 25%."""


class TextStyle(Part):
    """The look of a text."""

    font: FontName = "Montserrat"
    """The font of its letters: Montserrat, Poppins, Anton, Noto Sans, or a name of spec.fonts. Words with letters that it lacks, of other scripts, are written in Noto's fonts."""
    emoji: FontName | None = None
    """The font of its emoji: Noto Color Emoji, Noto Emoji, which draws them in the letters' colour, or a name of spec.fonts. Default: Noto Color Emoji."""
    weight: Annotated[int, Field(ge=100, le=900, multiple_of=100)] = 800
    """How heavy the letters are: 400 regular, 700 bold, 900 black; the family's nearest."""
    size: Percentage | None = None
    """The letters' size as a share of the picture's shorter side, 1% to 50%; smaller, down to a quarter of it, where the text would not fit. Default: 10%."""
    color: TranslucentColour = "#ffffff"
    """Of the letters."""
    outline: Outline | None = None
    """A line around every letter. Default: black, 8%; none where there is a box."""
    shadow: Shadow | None = None
    """A soft copy below the letters. Default: none."""
    box: Box | None = None
    """A plate behind the text. Default: none."""
    align: Align = "center"
    """How its lines are set."""
    line_height: Annotated[float, Field(ge=0.7, le=3)] | None = None
    """From line to line, in sizes of the letters. Default: 1.15; 1.45 for scripts with marks above and below."""
    letter_case: LetterCase = "asWritten"
    """asWritten; upper: all capitals; lower: none."""

    @rule(
        "must be from 1% to 50%",
        cel="!has(self.size) || double(self.size.replace('%', '')) >= 1.0 && double(self.size.replace('%', '')) <= 50.0",
        field="size",
    )
    def _legible(self) -> Iterable[Breach]:
        return when(self.size is not None and not SMALLEST <= self.size * 100 <= LARGEST)
