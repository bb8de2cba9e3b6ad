"""What does it cost that whatever moves is composed by MoviePy? A title that comes and goes, beside MoviePy rendering the whole clip.

``python tests/benchmarks/moving.py``: about two minutes. CPU seconds of this process and of ffmpeg, by turns, the median: they hang little on
what else a machine does.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``support`` is, which nobody installs

from cliptask.counting import Count  # noqa: E402  found by the line above
from cliptask.layers import Bar, OverlayOrder, Passage, Style  # noqa: E402
from cliptask.orders import Profile, SegmentOrder  # noqa: E402
from cliptask_renderer.lettering.typeset import NO_FONTS  # noqa: E402
from cliptask_renderer.media import overlays, segment  # noqa: E402
from support import frames as f  # noqa: E402
from support.real_footage import real_footage  # noqa: E402

FRAMES = 120
SHOWN = Profile(width=1080, height=1920, fps=30, fit="cover")
STANDS = {"text": "-20 % until Sunday", "style": Style(), "position": "bottom", "is_safe": True, "width": 1.0}
MOVES = {"enter": Passage(kind="pop", frames=9), "leave": Passage(kind="fade", frames=9)}
TIME = {"start_frame": 15, "end_frame": 60}
LOOKS: Mapping[str, tuple[OverlayOrder, ...]] = {
    "plain": (),
    "a title that stands": (f.overlay(**STANDS, **TIME),),
    "a title that comes and goes": (f.overlay(**STANDS, **TIME, **MOVES),),
    "a counter of 60 frames": (
        f.overlay(
            count=Count(start=0, end=12500, frames=60), style=Style(), position="bottom", is_safe=True, width=1.0,
            end_frame=FRAMES,
        ),
    ),
    "a progress bar over all frames": (
        f.overlay(
            bar=Bar(height=0.01, color="#ffffff", background="#00000080", radius=0.0), lasts=FRAMES, at=(0.5, 1.0),
            position="bottom", width=1.0, end_frame=FRAMES,
        ),
    ),
}  # fmt: skip


def main() -> None:
    """Parse the command line, measure by turns, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each is made (default: 3)")
    rounds = parser.parse_args().rounds
    source = real_footage("bigbuckbunny.mp4")
    ways: dict[str, Callable[[Path], None]] = {look: _ours(source, over) for look, over in LOOKS.items()} | {
        "MoviePy, the whole clip with the title": _moviepy(source)
    }
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, make in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                before = _cpu_s()
                make(Path(folder))
                spent[way].append(_cpu_s() - before)
    plain = median(spent["plain"])
    print("| 4 s of 1080x1920 | CPU s | of the plain ones |\n|---|---:|---:|")
    for way, each in spent.items():
        print(f"| {way} | {median(each):.2f} | {median(each) / plain:.2f} |")


def _ours(source: Path, over: tuple[OverlayOrder, ...]) -> Callable[[Path], None]:
    order = f.order_of(f.video(first=30, frames=FRAMES, overlays=over), profile=SHOWN)
    seen: SegmentOrder = f.looked_at(order, {"a": source})
    return lambda folder: [segment.make_segment(seen, {"a": source}, folder)].clear()


def _moviepy(source: Path) -> Callable[[Path], None]:
    """The same moves of the same pixels, as one would write it with MoviePy alone."""
    from moviepy import CompositeVideoClip, ImageClip, VideoFileClip, vfx  # noqa: PLC0415  half a second

    layer = overlays.compose(LOOKS["a title that stands"][0], SHOWN, {}, NO_FONTS)

    def make(folder: Path) -> None:
        with VideoFileClip(str(source), audio=False) as whole:
            clip = whole.subclipped(1, 1 + FRAMES / 30).resized(height=SHOWN.height)
            clip = clip.cropped(x_center=clip.w / 2, width=SHOWN.width)
            title = ImageClip(layer.rgba, duration=45 / 30).with_start(0.5).with_position((layer.x, layer.y))
            title = title.with_effects([vfx.CrossFadeIn(0.3), vfx.CrossFadeOut(0.3)])
            made = CompositeVideoClip([clip, title], size=(SHOWN.width, SHOWN.height))
            made.write_videofile(str(folder / "a.mp4"), fps=30, preset="superfast", threads=2, logger=None)

    return make


def _cpu_s() -> float:
    """Of this process and of those that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


if __name__ == "__main__":
    main()
