"""What do titles, captions, entrances and fits look like? Frames of real footage, made as videos are, on sheets for the docs.

``make showcase`` writes docs/pictures/, which docs/showcase.md shows. Look at them after a change of how anything is drawn.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``support`` is, which nobody installs

from cliptask.counting import Count  # noqa: E402  found by the line above
from cliptask.emoji import FONT  # noqa: E402  found by the line above
from cliptask.facts import Look, Word  # noqa: E402  found by the line above
from cliptask.layers import (  # noqa: E402
    Bar,
    BurnedCaptions,
    CaptionLook,
    OverlayOrder,
    Passage,
    SpokenAt,
    Style,
    VideoPicture,
)
from cliptask.orders import Cut, Profile, SegmentOrder  # noqa: E402
from cliptask.spec.position import CaptionStyle, PassageKind  # noqa: E402
from cliptask_renderer.media import segment  # noqa: E402
from showcase import transitions  # noqa: E402
from support import frames as f  # noqa: E402
from support import media  # noqa: E402
from support.real_footage import real_footage  # noqa: E402

SHOWN = Profile(width=360, height=640, fps=30, fit="cover")
PICTURES = ROOT / "docs" / "pictures"
LABEL = 92
TILE = (90, 160)

TITLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "as it is": ("Only this week", {}),
    "Anton, upper, shadow": (
        "Free shipping",
        {"font": "Anton", "letter_case": "upper", "shadow": 0.1, "size": 0.13},
    ),
    "Poppins, box": ("New in town", {"font": "Poppins", "box_color": "#e5007d", "outline": 0.0}),
    "size 24%, colour": ("-20 %", {"size": 0.24, "color": "#ffd60a", "weight": 900}),
    "Ukrainian": ("Лише сьогодні", {}),
    "Greek": ("Μόνο σήμερα", {}),
    "Arabic": ("اليوم فقط 20%", {}),
    "Hebrew": ("רק היום", {}),
    "Hindi": ("सिर्फ़ आज के लिए", {}),
    "Bengali": ("শুধু আজকের জন্য", {}),
    "Tamil": ("இன்று மட்டும்", {}),
    "Thai": ("เฉพาะวันนี้เท่านั้น", {}),
    "Chinese": ("仅限今天", {}),
    "Japanese": ("今日だけの特別価格です", {}),
    "Korean": ("오늘만 드리는 혜택", {}),
    "emoji": ("Hot 🔥 deals 🎁", {"emoji": FONT}),
}
"""A text and its style, by what is said of them."""

SAID = [
    Word(text=text, start_s=start, end_s=start + 0.28)
    for text, start in [
        ("New", 0.0),
        ("wheels", 0.3),
        ("for", 0.6),
        ("a", 0.85),
        ("new", 1.0),
        ("season.", 1.3),
    ]
]


def main() -> int:
    """Write all sheets."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    _save("titles", _grid([(name, _title(*given)) for name, given in TITLES.items()], columns=8))
    _save("captions", _rows([(kind, _captions(kind)) for kind in get_args(CaptionStyle)]))
    _save("entrances", _rows([(kind, _entrance(kind)) for kind in get_args(PassageKind)]))
    _save("moving", _rows([(name, _moving(over)) for name, over in MOVING.items()]))
    _save("fits", _grid([(name, _fit(**given)) for name, given in FITS.items()], columns=8))
    return transitions.main(PICTURES / "transitions.jpg", ())


STICKER = Look(has_alpha=True)
PLACED: Mapping[str, Any] = {"is_safe": False, "end_frame": 40, "width": 1.0}

MOVING: Mapping[str, OverlayOrder] = {
    "counter": f.overlay(
        count=Count(start=0, end=12500, frames=36, form="1.234,5", prefix="€", suffix=" saved"),
        style=Style(size=0.13), position="center", **PLACED,
    ),
    "counter, down": f.overlay(
        count=Count(start=100, end=80, frames=36, suffix=" %"), position="center",
        style=Style(size=0.24, font="Anton", color="#ffd60a"), **PLACED,
    ),
    "progress": f.overlay(
        bar=Bar(height=0.02, color="#e5007d", background="#ffffff80", radius=0.0), lasts=40, position="bottomLeft",
        at=(0.0, 1.0), **PLACED,
    ),
    "progress, in": f.overlay(
        bar=Bar(height=0.03, color="#ffd60a", background="#00000080", radius=0.5), lasts=40, position="bottom",
        enter=Passage(kind="slideUp", frames=12), **PLACED,
    ),
    "video, alpha": f.overlay(
        image="sticker", is_animated=True, video=VideoPicture(look=STICKER, width=240, height=240, frames=30),
        position="center", at=(0.72, 0.3), **{**PLACED, "width": 0.5},
    ),
    "picture, placed": f.overlay(
        image="badge", position="center", at=(1.0, 0.62), rotation=-12.0,
        enter=Passage(kind="pop", frames=14), **{**PLACED, "width": 0.55},
    ),
}  # fmt: skip
"""Overlays that move, by what is said of them."""

FITS: Mapping[str, Mapping[str, Any]] = {
    "contain": {"fit": "contain"},
    "contain, background": {"fit": "contain", "background": "#f4f1ea"},
    "blur": {"fit": "blur"},
    "blur, crop 4:5": {"fit": "blur", "crop": (4, 5)},
    "blur, crop 1:1": {"fit": "blur", "crop": (1, 1)},
    "cover": {"fit": "cover"},
    "cover, focus left 75%": {"fit": "cover", "focus": (0.75, 0.5)},
    "stretch": {"fit": "stretch"},
}


def _cut(frames: int, **more: Any) -> Cut:  # noqa: ANN401  fields
    return f.video("a", 30, frames, **more)


def _made(
    order: SegmentOrder, footage: str = "bigbuckbunny.mp4", more: Mapping[str, Path] = MappingProxyType({})
) -> list[Image.Image]:
    """The pictures of a segment."""
    with tempfile.TemporaryDirectory() as folder:
        made = segment.make_segment(
            f.looked_at(order, {"a": real_footage(footage)}),
            {"a": real_footage(footage), **more},
            Path(folder),
            words={"a" * 64: SAID},
        )
        return [Image.fromarray(each) for each in f.decoded(made.file, "rgb24", order.profile)]


def _title(text: str, style: Mapping[str, Any]) -> Image.Image:
    over = f.overlay(text=text, style=Style.model_validate(style), position="center", is_safe=True, width=1.0)
    return _made(f.order_of(_cut(1, overlays=(over,)), profile=SHOWN))[0]


def _captions(kind: CaptionStyle) -> list[Image.Image]:
    accent = "#e5007d" if kind == "highlightBox" else "#ffd500"
    look = CaptionLook(
        kind=kind, letters=Style(size=0.13 if kind == "oneWord" else 0.09), accent=accent, words=1 if kind == "oneWord" else 4,
        lines=2, position="center",
    )  # fmt: skip
    spoken = SpokenAt(words="a" * 64, language="en", frame=0, end_ms=1600)
    order = f.order_of(_cut(50), profile=SHOWN).captioned(BurnedCaptions(look=look, spoken=(spoken,)))
    pictures = _made(order)
    return [pictures[frame] for frame in (0, 1, 3, 6, 12, 20, 27, 31, 36, 42)]


def _entrance(kind: PassageKind) -> list[Image.Image]:
    over = f.overlay(
        text="Only this week",
        position="center",
        is_safe=True,
        width=1.0,
        end_frame=20,
        enter=Passage(kind=kind, frames=9),
    )
    return _made(f.order_of(_cut(20, overlays=(over,)), profile=SHOWN))[:10]


def _moving(over: OverlayOrder) -> list[Image.Image]:
    with tempfile.TemporaryDirectory() as folder:
        sources = {"sticker": Path(folder) / "sticker.mov", "badge": Path(folder) / "badge.png"}
        # A ring that a comet runs round, as ProRes 4444.
        comet = "a='if(between(hypot(X-120,Y-120),84,112),255*pow(mod(atan2(Y-120,X-120)/6.2832+2-T,1),2),0)'"
        ring = f"color=white:size=240x240:rate=30:duration=1,format=rgba,geq=r=255:g=214:b=10:{comet}"
        media.ffmpeg(
            [
                "-f",
                "lavfi",
                "-i",
                ring,
                "-c:v",
                "prores_ks",
                "-profile:v",
                "4444",
                "-pix_fmt",
                "yuva444p10le",
            ],
            sources["sticker"],
        )
        badge = Image.new("RGBA", (400, 400))
        ImageDraw.Draw(badge).ellipse((4, 4, 396, 396), "#e5007d", "white", 14)
        badge.save(sources["badge"])
        pictures = _made(f.order_of(_cut(40, overlays=(over,)), profile=SHOWN), more=sources)
    return [pictures[frame] for frame in (0, 2, 4, 7, 11, 16, 22, 28, 35, 39)]


def _fit(focus: tuple[float, float] = (0.5, 0.5), **profile: Any) -> Image.Image:  # noqa: ANN401  fields
    shown = Profile(width=360, height=640, fps=30, **profile)
    return _made(f.order_of(_cut(1, focus=focus), profile=shown), "bikes.mp4")[0]


def _rows(rows: Sequence[tuple[str, Sequence[Image.Image]]]) -> Image.Image:
    width, height = LABEL + (TILE[0] + 2) * max(len(pictures) for _, pictures in rows), TILE[1] + 4
    sheet = Image.new("RGB", (width, height * len(rows)), "white")
    for number, (label, pictures) in enumerate(rows):
        _write(sheet, (4, number * height + TILE[1] // 2 - 8), label)
        for place, picture in enumerate(pictures):
            sheet.paste(
                picture.resize(TILE, Image.Resampling.LANCZOS),
                (LABEL + place * (TILE[0] + 2), number * height),
            )
    return sheet


def _grid(tiles: Sequence[tuple[str, Image.Image]], columns: int) -> Image.Image:
    width, height = (side * 3 // 2 for side in TILE)
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * (width + 6), rows * (height + 22)), "white")
    for number, (label, picture) in enumerate(tiles):
        x, y = number % columns * (width + 6), number // columns * (height + 22)
        sheet.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (x, y))
        _write(sheet, (x, y + height + 3), label)
    return sheet


def _write(sheet: Image.Image, place: tuple[int, int], text: str) -> None:
    ImageDraw.Draw(sheet).text(place, text, "black", ImageFont.load_default(13))


def _save(name: str, sheet: Image.Image) -> None:
    sheet.save(PICTURES / f"{name}.jpg", quality=74, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
