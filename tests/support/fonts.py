"""Which fonts do brands bring? Files of every kind, made of the program's own, and a tiny one of colours."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

from cliptask_renderer.lettering import faces

FIRE = "\U0001f525"
RED, BLUE = (255, 102, 0), (0, 51, 255)


def file_of(family: str) -> Path:
    """The file of a family that comes with the program."""
    folder = faces.installed(family).folder
    name = {"Anton": "Anton-Regular.ttf", "Poppins": "Poppins-Regular.ttf"}[family]
    return folder / name


def brand(
    path: Path, family: str = "Anton", called: str | None = None, lacks: str = "", has: str = ""
) -> Path:
    """A family's letters as TTF, WOFF, WOFF2 or TTC, by the name of the file, ``called`` otherwise, without some and with others."""
    with TTFont(file_of(family), recalcTimestamp=False) as font:
        if called is not None:
            for entry in (1, 4, 16):
                font["name"].setName(called, entry, 3, 1, 0x409)
        for table in font["cmap"].tables:
            for letter in lacks:
                table.cmap.pop(ord(letter), None)
            table.cmap |= {ord(letter): "A" for letter in has}
        if path.suffix == ".ttc":
            collection = TTCollection()
            collection.fonts = [font]
            collection.save(path)
        else:
            font.flavor = path.suffix[1:] if path.suffix.startswith(".woff") else None
            font.save(path)
    return path


def without(path: Path, *tables: str) -> Path:
    """A font that lacks some of its tables."""
    with TTFont(file_of("Anton"), recalcTimestamp=False) as font:
        for table in tables:
            del font[table]
        font.save(path)
    return path


def colours(path: Path) -> Path:
    """A fire of two colours, a blue disc on a red one (COLRv1), in a font that calls itself Montserrat."""
    font, letters = FontBuilder(1000, isTTF=True), [".notdef", "fire", "large", "small"]
    font.setupGlyphOrder(letters)
    font.setupCharacterMap({ord(FIRE): "fire"})
    font.setupGlyf(dict(zip(letters, map(_disc, (10, 400, 400, 200)), strict=True)))
    font.setupHorizontalMetrics(dict.fromkeys(letters, (1000, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Montserrat", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    layers = [_layer("large", 0), _layer("small", 1)]
    font.font["COLR"] = buildCOLR({"fire": {"Format": 1, "Layers": layers}}, version=1)
    font.font["CPAL"] = buildCPAL([[tuple(part / 255 for part in (*each, 255)) for each in (RED, BLUE)]])
    font.save(path)
    return path


def _layer(letter: str, colour: int) -> dict[str, Any]:
    """Of COLRv1: a letter's outline (format 10), filled with a colour (format 2)."""
    return {"Format": 10, "Glyph": letter, "Paint": {"Format": 2, "PaletteIndex": colour, "Alpha": 1.0}}


def _disc(radius: int) -> Any:  # noqa: ANN401  fontTools has no types
    pen = TTGlyphPen(None)
    turns = [-2 * math.pi * each / 32 for each in range(32)]
    points = [(round(500 + radius * math.cos(turn)), round(350 + radius * math.sin(turn))) for turn in turns]
    pen.moveTo(points[0])
    for point in points[1:]:
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()
