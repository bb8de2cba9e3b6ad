"""Videos that are laid over the picture, with their transparency."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
import pytest

from cliptask.errors import SourceError
from cliptask.facts import Look
from cliptask.layers import OverlayOrder, Passage, VideoPicture
from cliptask_renderer.probe.file import probe
from support import frames as f

CODECS = {
    "vp9.webm": ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-lossless", "1", "-cpu-used", "8"),
    "vp8.webm": ("-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0", "-b:v", "4M", "-cpu-used", "8"),
    "prores.mov": ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"),
    "animation.mov": ("-c:v", "qtrle", "-pix_fmt", "argb"),
    "opaque.mp4": ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "4", "-pix_fmt", "yuv420p"),
}  # fmt: skip
CLEAR = [name for name in CODECS if not name.startswith("opaque")]
COUNT = 12


def film(folder: Path, name: str, count: int = COUNT) -> Path:
    """A video of 96x160 whose pictures spell their numbers above, and are transparent below: white is hidden there."""
    rgba = np.full((count, 160, 96, 4), 255, np.uint8)
    rgba[..., :3] = f.numbered(count)[..., None]
    rgba[:, 80:] = (255, 255, 255, 0)
    form = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "96x160", "-r", "30", "-i", "-")
    colours = ("-vf", "scale=out_color_matrix=bt709:flags=accurate_rnd", "-colorspace", "bt709")
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-y",
        *form,
        *colours,
        *CODECS[name],
        str(folder / name),
    ]
    subprocess.run(command, input=rgba.tobytes(), check=True, capture_output=True, timeout=120)
    return folder / name


def over(path: Path, count: int = COUNT, **rest: Any) -> OverlayOrder:  # noqa: ANN401  fields
    """The video over all of the picture, with what is found out of it when it is fetched."""
    facts = probe(path, "0" * 64)
    video = VideoPicture(look=facts.look or Look(), width=facts.width, height=facts.height, frames=count)
    own = {"image": "film", "is_animated": True, "video": video, "width": 1.0, "at": (0.5, 0.5)}
    return f.overlay(**{**own, **rest})


def made(folder: Path, path: Path, of: OverlayOrder, frames: int = 40) -> npt.NDArray[np.uint8]:
    """The pictures of a segment with the video over plain blue."""
    base = folder / "blue.mp4"
    if not base.exists():
        f.encode(base, f.plain(f.BLUE, count=60))
    order = f.order_of(f.video(frames=frames, overlays=(of,)))
    return f.decoded(f.make(order, folder, a=base, film=path), "rgb24")


def numbers(pictures: npt.NDArray[np.uint8]) -> list[int]:
    """What the upper half of each picture spells."""
    return f.numbers(pictures[:, :80].mean(axis=3).astype(np.uint8))


def is_blue(pictures: npt.NDArray[np.uint8]) -> bool:
    """Whether all of them is."""
    return bool((np.abs(pictures.astype(int) - f.BLUE) < 24).all())


@pytest.mark.parametrize("name", CLEAR)
def test_what_is_transparent_in_it_shows_the_picture(name: str, tmp_path: Path) -> None:
    """A black box would lie over it, or white would shine through at the edge of what is seen."""
    found = made(tmp_path, film(tmp_path, name), over(tmp_path / name, start_frame=5, end_frame=17), 25)

    assert numbers(found[5:17]) == list(range(COUNT))
    assert is_blue(found[:5])
    assert is_blue(found[17:])
    assert is_blue(found[5:17, 86:])


def test_one_without_transparency_is_a_picture_in_the_picture(tmp_path: Path) -> None:
    """A reaction beside the product would be refused, or have holes."""
    path = film(tmp_path, "opaque.mp4")

    found = made(tmp_path, path, over(path, width=0.5, end_frame=12), 12)

    assert (found[:12, 82:118, 26:70].min(axis=3) > 200).all()
    assert is_blue(found[:, :, :22])


@pytest.mark.parametrize("age", [0, 7, 11])
@pytest.mark.parametrize(
    ("is_held", "shown"), [(False, lambda age: age % COUNT), (True, lambda age: min(age, COUNT - 1))]
)
def test_it_begins_anew_or_its_last_picture_stands(
    age: int,
    is_held: bool,
    shown: Callable[[int], int],
    tmp_path: Path,
) -> None:
    """A piece of a clip would not go on where the one before has left off."""
    path = film(tmp_path, "animation.mov")

    found = made(tmp_path, path, over(path, age=age, is_held=is_held, end_frame=40))

    assert numbers(found) == [shown(age + frame) for frame in range(40)]


def test_it_comes_and_goes_turned_and_moves_meanwhile(tmp_path: Path) -> None:
    """It would stand still while it fades, or lose its own transparency."""
    path = film(tmp_path, "prores.mov")
    fade = Passage(kind="fade", frames=6)

    found = made(tmp_path, path, over(path, rotation=180.0, enter=fade, leave=fade, end_frame=24), 24)

    below = found[:, 80:][:, ::-1, ::-1]
    assert numbers(below)[6:18] == [number % COUNT for number in range(6, 18)]
    assert is_blue(found[6:18, :74])
    strengths = [int(np.abs(each.astype(int) - f.BLUE).sum()) for each in found]
    assert strengths[:4] == sorted(strengths[:4])
    assert strengths[-4:] == sorted(strengths[-4:], reverse=True)


def test_the_same_order_gives_the_same_bytes(tmp_path: Path) -> None:
    """A store would hold one of two files under one key."""
    path = film(tmp_path, "vp9.webm")

    one, other = (made(tmp_path, path, over(path, end_frame=20), 20) for _ in range(2))

    assert np.array_equal(one, other)


def test_one_that_does_not_decode_is_named(tmp_path: Path) -> None:
    """The clip below it would be blamed."""
    path = film(tmp_path, "animation.mov")
    of = over(path)
    path.write_bytes(path.read_bytes()[:-400] + bytes(400))
    path.write_bytes(path.read_bytes()[:600])

    with pytest.raises(SourceError, match=r"picture .*cannot be decoded: export it again"):
        made(tmp_path, path, of, 12)
