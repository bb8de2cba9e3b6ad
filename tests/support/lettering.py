"""How do others draw and shape the same words in the same font? A browser, and HarfBuzz asked directly."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import PIL.Image
import uharfbuzz
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from playwright.sync_api import Page

from cliptask_renderer.lettering import faces

EM_PX = 100
Ink = NDArray[np.bool_]


@dataclass(frozen=True)
class Sample:
    """Words of one script, and the family that is to write them."""

    text: str
    family: str = "Noto Sans"
    language: str = "en"

    @property
    def is_right_to_left(self) -> bool:
        """Whether its script is."""
        return self.family in {"Noto Sans Arabic", "Noto Sans Hebrew"}


@cache
def font_of(sample: Sample) -> bytes:
    """The family's own file; of the large ones with the letters of a sample alone, their shapes and rules untouched."""
    folder = faces.installed(sample.family).folder
    if "CJK" not in sample.family:
        return (folder / f"{sample.family.replace(' ', '')}[wght].ttf").read_bytes()
    options = Options(layout_features=["*"], hinting=True, notdef_outline=True)
    made, number = io.BytesIO(), ["JP", "KR", "SC", "TC"].index(sample.family[-2:])
    with TTFont(next(Path(folder).glob("*.ttc")), fontNumber=number, lazy=True) as font:
        letters = Subsetter(options)
        letters.populate(text=f"{sample.text} ")
        letters.subset(font)
        font.save(made)
    return made.getvalue()


def browsers(page: Page, sample: Sample, width_px: int | None = None) -> Ink:
    """What the browser draws in black at 100 pixels an em; in lines of at most ``width_px``."""
    lines = f"width: {width_px}px" if width_px else "white-space: pre"
    side = "rtl" if sample.is_right_to_left else "ltr"
    font = base64.b64encode(font_of(sample)).decode()
    page.set_content(
        f"""<meta charset="utf-8"><style>
        @font-face {{ font-family: sample; src: url(data:font/ttf;base64,{font}); font-weight: 100 900; }}
        body {{ margin: 0; background: #fff; }}
        p {{ margin: 0; padding: {EM_PX}px; display: inline-block; font: 400 {EM_PX}px/1.8 sample; direction: {side};
             text-rendering: geometricPrecision; {lines}; }}
        </style><p lang="{sample.language}">{html.escape(sample.text)}</p>"""
    )
    page.evaluate("document.fonts.load('400 100px sample').then(() => document.fonts.ready).then(() => 0)")
    drawn = PIL.Image.open(io.BytesIO(page.locator("p").screenshot())).convert("L")
    return cropped(np.asarray(drawn) < 128)


def coloured(page: Page, text: str, file: Path) -> NDArray[np.uint8]:
    """What the browser draws of emoji in this font at 100 pixels an em: RGBA."""
    font = base64.b64encode(file.read_bytes()).decode()
    page.set_content(
        f"""<meta charset="utf-8"><style>
        @font-face {{ font-family: signs; src: url(data:font/ttf;base64,{font}); }}
        html, body {{ margin: 0; background: transparent; }}
        p {{ margin: 0; padding: {EM_PX}px; display: inline-block; font: {EM_PX}px/1.8 signs; white-space: pre; }}
        </style><p>{html.escape(text)}</p>"""
    )
    page.evaluate("document.fonts.load('100px signs', '🔥').then(() => document.fonts.ready).then(() => 0)")
    taken = page.locator("p").screenshot(omit_background=True)
    return np.asarray(PIL.Image.open(io.BytesIO(taken)).convert("RGBA"))


def shaped_width(sample: Sample) -> float:
    """How wide the ink of HarfBuzz's glyphs is, in pixels at 100 an em: in its order, joined and with its ligatures."""
    face = uharfbuzz.Face(font_of(sample))
    font = uharfbuzz.Font(face)
    font.set_variations({"wght": 400})
    buffer = uharfbuzz.Buffer()
    buffer.add_str(sample.text)
    buffer.guess_segment_properties()
    buffer.language = sample.language
    uharfbuzz.shape(font, buffer)
    at, left, right = 0, float("inf"), float("-inf")
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        extents = font.get_glyph_extents(info.codepoint)
        if extents is not None and extents.width:
            begin = at + position.x_offset + extents.x_bearing
            left, right = min(left, begin), max(right, begin + extents.width)
        at += position.x_advance
    return (right - left) * EM_PX / int(face.upem)


def cropped(ink: Ink) -> Ink:
    """Without the empty rows and columns around."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def overlap(one: Ink, other: Ink) -> float:
    """Ink of both by ink of either, their left upper corners upon each other or a pixel beside: the best of these."""
    height, width = np.maximum(one.shape, other.shape) + 2
    ground = np.zeros((height, width), bool)
    ground[1 : 1 + one.shape[0], 1 : 1 + one.shape[1]] = one
    best = 0.0
    for down in range(3):
        for right in range(3):
            laid = np.zeros_like(ground)
            laid[down : down + other.shape[0], right : right + other.shape[1]] = other
            best = max(best, int((ground & laid).sum()) / int((ground | laid).sum()))
    return best
