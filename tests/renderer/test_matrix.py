"""Is every source taken as it was meant? Each legal combination of how a file can be made, against the scene that it shows."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from cliptask.facts import SourceFacts
from cliptask.orders import ClipSound, Profile, SoundtrackOrder
from cliptask.planning.bindings import rate_for
from cliptask_renderer.media import sound
from cliptask_renderer.probe.file import probe
from support import frames as f
from support.scenes import CLICK_S, PATCHES, Array, Coding, Light, Scan, scene

_X264 = ("-preset", "ultrafast", "-crf", "6")
_X265 = ("-preset", "ultrafast", "-crf", "6", "-x265-params", "log-level=none")
_VPX = ("-deadline", "realtime", "-cpu-used", "8", "-b:v", "20M", "-qmin", "2", "-qmax", "8")
_FINE = ("-q:v", "1", "-qmin", "1")
_ALL = frozenset({"colours", "range", "hdr"})


class Codec(NamedTuple):
    """How ffmpeg writes it, and what its stream says for itself."""

    options: tuple[str, ...]
    pixels: tuple[str, ...]
    says: frozenset[str] = frozenset()
    """``colours``, ``range``, ``hdr``; ``fields``: the order of flagged ones; ``woven``: fields may be in it, unflagged."""


class Container(NamedTuple):
    """What may be in it, and what it says of the pictures."""

    codecs: tuple[str, ...]
    sounds: tuple[str, ...]
    says: frozenset[str] = frozenset()


CODECS = {
    "libx264": Codec(_X264, ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le"), _ALL | {"fields"}),
    "libx265": Codec(_X265, ("yuv420p", "yuv420p10le"), _ALL),
    "libsvtav1": Codec(("-preset", "12", "-crf", "10"), ("yuv420p", "yuv420p10le"), _ALL),
    "libvpx": Codec(_VPX, ("yuv420p",)),
    "libvpx-vp9": Codec(_VPX, ("yuv420p", "yuv444p")),
    "mpeg2video": Codec(_FINE, ("yuv420p", "yuv422p"), frozenset({"colours", "fields"})),
    "mpeg4": Codec(_FINE, ("yuv420p",)),
    "mjpeg": Codec(_FINE, ("yuvj420p", "yuvj444p"), frozenset({"jpeg"})),
    "prores_ks": Codec(("-profile:v", "3"), ("yuv422p10le",), frozenset({"colours", "fields", "hdr"})),
    "ffv1": Codec((), ("yuv420p", "yuv444p", "yuv420p10le"), frozenset({"woven", "boxed"})),
    "utvideo": Codec((), ("yuv420p", "yuv422p"), frozenset({"woven"})),
    "huffyuv": Codec((), ("yuv422p",), frozenset({"woven"})),
    "rawvideo": Codec((), ("yuv420p",), frozenset({"woven"})),
    "png": Codec((), ("rgb24",)),
    "qtrle": Codec((), ("rgb24",)),
    "libtheora": Codec(("-q:v", "10"), ("yuv420p",)),
}
CONTAINERS = {
    ".mp4": Container(("libx264", "libx265", "libsvtav1", "libvpx-vp9", "mpeg4", "mpeg2video"), ("aac", "libmp3lame", "ac3", "alac", "flac", "libopus"), frozenset({"rotation", "aspect"})),
    ".mov": Container(("libx264", "libx265", "prores_ks", "mjpeg", "png", "qtrle", "mpeg4"), ("aac", "pcm_s16le", "alac"), frozenset({"rotation", "aspect"})),
    ".mkv": Container(("libx264", "libx265", "libsvtav1", "libvpx", "libvpx-vp9", "mpeg2video", "mpeg4", "mjpeg", "prores_ks", "ffv1", "utvideo", "libtheora"), ("aac", "libopus", "libvorbis", "flac", "pcm_s16le", "libmp3lame", "ac3"), frozenset({"aspect", "colours", "range"})),
    ".webm": Container(("libvpx", "libvpx-vp9", "libsvtav1"), ("libopus", "libvorbis"), frozenset({"aspect"})),
    ".ts": Container(("libx264", "libx265", "mpeg2video"), ("aac", "mp2", "ac3", "libmp3lame")),
    ".avi": Container(("mpeg4", "libx264", "mjpeg", "ffv1", "huffyuv", "utvideo", "rawvideo"), ("pcm_s16le", "pcm_u8", "adpcm_ms")),
}  # fmt: skip

RATES = ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")
LAYOUTS = (
    ("-ac", "1", "-ar", "44100"),
    ("-ac", "2", "-ar", "48000"),
    ("-ac", "1", "-ar", "48000"),
    ("-ac", "6", "-ar", "48000"),
)
LAYOUTS_OF = {"libmp3lame": LAYOUTS[:2], "mp2": LAYOUTS[:2], "adpcm_ms": LAYOUTS[:2], "libopus": LAYOUTS[1:]}
"""Where not all can be had."""
COLOURS = (
    ("bt709", "bt709"), ("smpte170m", "smpte170m"), ("bt470bg", "bt470bg"), ("bt2020", "bt2020nc"), ("smpte432", "bt709"),
)  # fmt: skip
"""Primaries and the matrix that comes with them."""

EACH = 12
"""Combinations of each container and codec."""
SAMPLE = 19
"""One of so many in every run of the tests; ``make matrix`` tries them all."""


def _combinations() -> list[Coding]:
    """Legal ones, spread over all dimensions by a seed."""
    chance = random.Random(12)  # noqa: S311  the same each time
    made = []
    for suffix, container in CONTAINERS.items():
        for name in container.codecs:
            codec = CODECS[name]
            for number in range(EACH):
                plain = Coding(suffix, name, codec.pixels[number % len(codec.pixels)], codec.options)
                coloured = _coloured(plain, codec, container, chance)
                shaped = _shaped(coloured, codec, container, number, chance)
                made.append(_sounding(shaped, container, number, chance))
    return list(dict.fromkeys(made))


def _coloured(coding: Coding, codec: Codec, container: Container, chance: random.Random) -> Coding:
    """Tagged where that can be, else as players take it: BT.601 at these sizes."""
    if coding.pixels == "rgb24":
        return replace(coding, is_tagged=False, full_range=True)
    says = codec.says | (container.says if "boxed" in codec.says else set())
    full = "jpeg" in says or ("range" in says and chance.random() < 1 / 3)
    if "colours" not in says or chance.random() < 1 / 5:
        return replace(coding, matrix="smpte170m", is_tagged=full, full_range=full, primaries="bt709")
    if "hdr" in says and "10" in coding.pixels and chance.random() < 1 / 2:
        light: Light = "pq" if chance.random() < 1 / 2 else "hlg"
        return replace(coding, light=light, primaries="bt2020", matrix="bt2020nc")
    primaries, matrix = chance.choice(COLOURS)
    return replace(coding, primaries=primaries, matrix=matrix, full_range=full)


def _shaped(coding: Coding, codec: Codec, container: Container, number: int, chance: random.Random) -> Coding:
    """Scan, rate, shape of pixels and rotation."""
    coding = replace(coding, rate=Fraction(chance.choice(RATES)))
    if number % 3 == 1 and codec.says & {"fields", "woven"}:
        scan: Scan = "tff" if chance.random() < 1 / 2 else "bff"
        flags = ("-flags", "+ildct+ilme") if "fields" in codec.says else ()
        own = ("-x264-params", f"{scan}=1") if coding.codec == "libx264" else ()
        rate = Fraction(chance.choice(["25", "30000/1001"]))
        return replace(coding, scan=scan, rate=rate, size=(96, 480), options=(*coding.options, *flags, *own))
    if "aspect" in container.says and chance.random() < 1 / 3:
        coding = replace(coding, sample_aspect=Fraction(chance.choice(["4/3", "2", "1/2"])))
    if "rotation" in container.says and chance.random() < 1 / 2:
        coding = replace(coding, rotation=chance.choice([90, 180, 270]))
    return coding


def _sounding(coding: Coding, container: Container, number: int, chance: random.Random) -> Coding:
    if number % 4 == 0:
        return replace(coding, duration_s=0.6)
    codec = chance.choice(container.sounds)
    layout = chance.choice(LAYOUTS_OF.get(codec, LAYOUTS))
    return replace(coding, sound=("-c:a", codec, *layout, "-strict", "-2"))


def _name(coding: Coding) -> str:
    parts = [
        coding.suffix[1:],
        coding.codec,
        coding.pixels,
        coding.scan,
        coding.light,
        coding.primaries,
        coding.matrix,
    ]
    parts += [
        "pc" if coding.full_range else "tv",
        "" if coding.is_tagged else "untagged",
        f"{float(coding.rate):.4g}fps",
    ]
    parts += [
        f"{coding.rotation}deg" if coding.rotation else "",
        f"sar{coding.sample_aspect}",
        "-".join(coding.sound[1:6:2]),
    ]
    return " ".join(filter(None, parts))


COMBINATIONS = _combinations()
SAMPLES = COMBINATIONS[::SAMPLE]


def test_there_are_enough_combinations() -> None:
    """A filter would have emptied the matrix, and every run of it would be green."""
    assert len(COMBINATIONS) >= 400
    assert len({coding.suffix for coding in SAMPLES}) == len(CONTAINERS)


@pytest.mark.parametrize("coding", SAMPLES, ids=_name)
def test_a_sample_of_sources_is_taken_as_it_was_meant(coding: Coding, tmp_path: Path) -> None:
    """Combs, hidden colours, wrong reds, turned or squeezed pictures: all of them silent."""
    _check(coding, tmp_path)


@pytest.mark.matrix
@pytest.mark.parametrize("coding", COMBINATIONS, ids=_name)
def test_every_source_is_taken_as_it_was_meant(coding: Coding, tmp_path: Path) -> None:
    """As above."""
    _check(coding, tmp_path)


def _check(coding: Coding, folder: Path) -> None:
    source = coding.write(folder / f"source{coding.suffix}")
    facts = probe(source, "0" * 64)
    assert (facts.kind, facts.width, facts.height) == ("video", *coding.shown)
    assert facts.fps == pytest.approx(float(coding.rate), rel=0.02)
    assert facts.duration_s == pytest.approx(coding.pictures / float(coding.rate), abs=0.02)
    fps = rate_for(facts.fps)
    frames = round(facts.duration_s * fps)
    _check_pictures(coding, source, frames, fps, folder)
    assert facts.has_audio == bool(coding.sound)
    if coding.sound:
        _check_sound(facts, source, frames, fps, folder)


def _check_pictures(coding: Coding, source: Path, frames: int, fps: int, folder: Path) -> None:
    width, height = coding.shown
    profile = Profile(width=width, height=height, fps=fps, fit="contain")
    made = f.make(f.order_of(f.video(frames=frames), profile=profile), folder, a=source)
    shown = f.decoded(made, "rgb24", profile)
    assert len(shown) == frames
    steps = coding.rate * (2 if coding.scan != "progressive" else 1)
    for number in {0, frames // 3, frames * 2 // 3, frames - 1}:
        due = math.floor(Fraction(number, fps) * steps + Fraction(1, 4))
        wanted = [scene(width, height, float(place / steps)) * 255 for place in (due - 1, due, due + 1)]
        picture = shown[number].astype(float)
        quality = [_psnr(picture, each) for each in wanted]
        assert max(quality) > 35, f"frame {number}: {quality}"
        for (x, y), colour in PATCHES.items():
            column, row = int(x * width), int(y * height)
            seen = picture[row - 2 : row + 3, column - 2 : column + 3].mean(axis=(0, 1))
            assert np.abs(seen - np.array(colour) * 255).max() <= 6, f"frame {number}, {colour}: {seen}"


def _psnr(picture: Array, wanted: Array) -> float:
    return float(10 * np.log10(255**2 / np.mean((picture - wanted) ** 2)))


def _check_sound(facts: SourceFacts, source: Path, frames: int, fps: int, folder: Path) -> None:
    assert facts.sound_stream is not None
    assert facts.look is not None
    heard = ClipSound(
        source="a",
        stream=facts.sound_stream,
        video_start_us=facts.look.start_us,
        first_frame=0,
        frames=frames,
        at_frame=0,
    )
    order = SoundtrackOrder(fps=fps, frames=frames, clips=(heard,))
    sound.mix(order, {"a": source}, {}, folder / "mix.m4a", folder)
    with av.open(str(folder / "mix.m4a")) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    begin = int(np.argmax(np.abs(samples) > np.abs(samples).max() / 4))
    assert begin / 48_000 == pytest.approx(CLICK_S, abs=1.01 / fps)
