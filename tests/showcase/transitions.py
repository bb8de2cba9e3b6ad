"""What does each transition look like? Frames of real footage on one sheet, a row for each kind.

``python tests/showcase/transitions.py SHEET.jpg [KIND...]``: docs/pictures/transitions.jpg, or these kinds alone.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from cliptask.orders import Profile, TransitionOrder  # noqa: E402  found by the line above
from support import frames as f  # noqa: E402
from support.real_footage import real_footage  # noqa: E402

SHOWN = Profile(width=270, height=480, fps=30, fit="cover")
FRAMES = 12
PICKED = (0, 2, 3, 4, 5, 6, 7, 8, 9, 11)
KINDS = (
    "crossfade", "fade", "dissolve", "wipeLeft", "slideLeft", "pushLeft", "whipLeft",
    "zoomIn", "zoomOut", "circleOpen", "circleClose", "radial", "pixelize", "glitch",
)  # fmt: skip
"""One of each: the others go another way."""
TILE = (45, 80)
LABEL = 76
COLUMNS = 2


def main(sheet: Path, kinds: tuple[str, ...]) -> int:
    """Make a seam of each kind, and put what is picked of it side by side."""
    rows = [_row(kind) for kind in kinds or KINDS]
    per_column = -(-len(rows) // COLUMNS)
    width, height = rows[0].size
    whole = Image.new("RGB", (width * COLUMNS, height * per_column), "white")
    for number, row in enumerate(rows):
        whole.paste(row, (number // per_column * width, number % per_column * height))
    sheet.parent.mkdir(parents=True, exist_ok=True)
    whole.save(sheet, quality=70, optimize=True)
    return 0


def _row(kind: str) -> Image.Image:
    color = "#ffffff" if kind == "fade" else None
    transition = TransitionOrder.model_validate({"kind": kind, "color": color})
    sources = {"a": real_footage("bikes.mp4"), "b": real_footage("bigbuckbunny.mp4")}
    cuts = f.video("a", 150, FRAMES), f.video("b", 30, FRAMES)
    with tempfile.TemporaryDirectory() as folder:
        made = f.make(f.order_of(*cuts, profile=SHOWN, transition=transition), Path(folder), **sources)
        pictures = f.decoded(made, "rgb24", SHOWN)[list(PICKED)]
    row = Image.new("RGB", (LABEL + (TILE[0] + 2) * len(PICKED) + 6, TILE[1] + 6), "white")
    for number, picture in enumerate(pictures):
        row.paste(Image.fromarray(picture).resize(TILE), (LABEL + (TILE[0] + 2) * number, 0))
    ImageDraw.Draw(row).text((4, TILE[1] // 2 - 7), kind, "black", ImageFont.load_default(12))
    return row


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), tuple(sys.argv[2:])))
