"""What is in which frame? Clips whose frames say their own number or colour, and a look at what came of them."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from cliptask.errors import SourceError
from cliptask.layers import OverlayOrder
from cliptask.orders import Cut, Profile, SegmentOrder, TransitionOrder
from cliptask_renderer.media import segment
from cliptask_renderer.probe.file import probe

Frames = npt.NDArray[np.uint8]

SMALL = Profile(width=96, height=160, fps=30, fit="cover")
"""What tests make, unless the size is what they are about."""

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)

_STRIPES = 8
_X264 = (
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-crf",
    "10",
    "-pix_fmt",
    "yuv420p",
)
_VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M", "-pix_fmt", "yuv420p")
_BT709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")


def encode(path: Path, frames: Frames, *options: str, fps: str = "30", matrix: str = "bt709") -> Path:
    """Write grey (n, h, w) or RGB (n, h, w, 3) frames; options of ffmpeg replace H.264 (or VP8 in a .webm), 4:2:0, BT.709."""
    pixels = "gray" if frames.ndim == 3 else "rgb24"
    size = f"{frames.shape[2]}x{frames.shape[1]}"
    codec = _VP8 if path.suffix == ".webm" else _X264
    command = [
        *_ffmpeg(), "-f", "rawvideo", "-pix_fmt", pixels, "-s", size, "-r", fps, "-i", "-",
        "-vf", f"scale=out_color_matrix={matrix}:flags=accurate_rnd+full_chroma_int", *codec, *_BT709, *options, str(path),
    ]  # fmt: skip
    _run(command, frames.tobytes())
    return path


def remux(source: Path, path: Path, before: Sequence[str] = (), after: Sequence[str] = ()) -> Path:
    """Copy the streams of a file, with options of ffmpeg before and after it."""
    _run([*_ffmpeg(), *before, "-i", str(source), "-c", "copy", *after, str(path)])
    return path


def numbered(count: int, width: int = 96, height: int = 160, first: int = 0) -> Frames:
    """Grey frames whose eight stripes spell their number, 0 to 255, in binary."""
    bits = (np.arange(first, first + count)[:, None] >> np.arange(_STRIPES)) & 1
    row = np.where(np.repeat(bits, -(-width // _STRIPES), axis=1)[:, :width], 200, 50).astype(np.uint8)
    return np.repeat(row[:, None, :], height, axis=1)


def numbers(frames: Frames) -> list[int]:
    """The number that each decoded grey frame spells."""
    width, height = frames.shape[2], frames.shape[1]
    middles = [round((place + 0.5) * width / _STRIPES) for place in range(_STRIPES)]
    stripes = frames[:, height // 4 : -height // 4, :][:, :, middles].mean(axis=1)
    return [int(number) for number in ((stripes > 125) << np.arange(_STRIPES)).sum(axis=1)]


def quadrants(width: int, height: int, count: int = 1) -> Frames:
    """RGB frames: red and green above, blue and white below."""
    frame = np.empty((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    frame[:top, :left], frame[:top, left:], frame[top:, :left], frame[top:, left:] = RED, GREEN, BLUE, WHITE
    return np.repeat(frame[None], count, axis=0)


def plain(colour: tuple[int, int, int], width: int = 96, height: int = 160, count: int = 1) -> Frames:
    """RGB frames of one colour."""
    return np.full((count, height, width, 3), colour, np.uint8)


def decoded(
    path: Path, pixels: Literal["gray", "rgb24", "yuv420p"] = "yuv420p", size: Profile = SMALL
) -> Frames:
    """All frames of a made video: grey (n, h, w) as coded, RGB (n, h, w, 3) by BT.709, or yuv420p (n, bytes)."""
    width, height = size.width, size.height
    shape = {
        "gray": (-1, height, width),
        "rgb24": (-1, height, width, 3),
        "yuv420p": (-1, width * height * 3 // 2),
    }[pixels]
    taken = "yuv420p" if pixels == "gray" else pixels
    matrix = "scale=in_color_matrix=bt709:in_range=tv:flags=accurate_rnd+full_chroma_int+full_chroma_inp"
    command = [*_ffmpeg(), "-i", str(path), "-map", "0:v:0", "-fps_mode", "passthrough"]
    command += ["-vf", matrix] if pixels == "rgb24" else []
    content = _run([*command, "-f", "rawvideo", "-pix_fmt", taken, "-"])
    frames = np.frombuffer(content, np.uint8)
    if pixels == "gray":
        return frames.reshape(-1, width * height * 3 // 2)[:, : width * height].reshape(shape)
    return frames.reshape(shape)


def video(source: str = "a", first: int = 0, frames: int = 10, **rest: object) -> Cut:
    """A cut of a video."""
    own = {"source": source, "kind": "video", "first_frame": first, "frames": frames}
    return Cut.model_validate({**own, **rest})


def still(source: str = "a", frames: int = 5, motion: str | None = None, **rest: object) -> Cut:
    """A cut of a still picture, whose whole movement it shows unless told otherwise."""
    own = {"source": source, "kind": "still", "first_frame": 0, "frames": frames, "motion": motion}
    return Cut.model_validate({**own, "motion_frames": frames if motion else 0, **rest})


def animation(source: str = "a", first: int = 0, frames: int = 10, **rest: object) -> Cut:
    """A cut of an animated picture."""
    return video(source, first, frames, kind="animation", **rest)


def overlay(**rest: object) -> OverlayOrder:
    """An overlay over frames 0 to 9, in the middle, as wide as may be."""
    own = {"position": "center", "is_safe": False, "width": 0.9, "start_frame": 0, "end_frame": 10}
    return OverlayOrder.model_validate({**own, **rest})


CROSSFADE = TransitionOrder(kind="crossfade")


def order_of(
    *cuts: Cut,
    profile: Profile = SMALL,
    transition: TransitionOrder = CROSSFADE,
    over: Sequence[OverlayOrder] = (),
) -> SegmentOrder:
    """The order of a segment, or of a seam for two cuts."""
    between = transition if len(cuts) > 1 else None
    return SegmentOrder(profile=profile, cuts=cuts, transition=between, overlays=tuple(over))


def make(order: SegmentOrder, folder: Path, **sources: Path) -> Path:
    """Make a segment in a new folder of its own; the sources are named as in its cuts, and looked at as when fetched."""
    work = folder / f"work{len(list(folder.glob('work*')))}"
    work.mkdir()
    return segment.make_segment(looked_at(order, sources), sources, work).file


def looked_at(order: SegmentOrder, sources: Mapping[str, Path]) -> SegmentOrder:
    """The order with what is found out of each source when it is fetched."""
    cuts = tuple(_looked_at(cut, sources[cut.source]) for cut in order.cuts)
    return order.model_copy(update={"cuts": cuts})


def _looked_at(cut: Cut, source: Path) -> Cut:
    if cut.kind != "video" or cut.look is not None:
        return cut
    with contextlib.suppress(SourceError):  # it may be broken on purpose
        return cut.model_copy(update={"look": probe(source, "0" * 64).look})
    return cut


def _ffmpeg() -> list[str]:
    return [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]


def _run(command: list[str], content: bytes = b"") -> bytes:
    try:
        return subprocess.run(command, input=content, check=True, capture_output=True, timeout=60).stdout
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr.decode(errors="replace"))
        raise
