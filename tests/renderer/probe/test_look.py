from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import pytest

from cliptask.errors import SourceError
from cliptask.facts import Look, SourceFacts
from cliptask_renderer.probe.file import probe
from support.media import ClipLook, clip, ffmpeg
from support.odd_sources import grows_midway
from support.scenes import Coding

X264 = ("-preset", "ultrafast", "-crf", "10")
FIELDS = Coding(".mp4", "libx264", size=(96, 480), options=X264, scan="tff", duration_s=0.8)


def looked_at(path: Path) -> tuple[SourceFacts, Look]:
    """What the probe says of a video, and of its pictures."""
    facts = probe(path, "0" * 64)
    assert facts.look is not None
    return facts, facts.look


def flagged(order: str) -> tuple[str, ...]:
    """Options of x264 that say of every picture that it is two fields."""
    return (*X264, "-flags", "+ildct+ilme", "-x264-params", f"{order}=1")


@pytest.mark.parametrize("order", ["tff", "bff"])
def test_fields_are_found_whether_or_not_they_are_flagged(
    order: Literal["tff", "bff"], tmp_path: Path
) -> None:
    """Combs: editors export fields as whole pictures, and nothing in the file says so."""
    coding = replace(FIELDS, scan=order)

    unflagged = looked_at(coding.write(tmp_path / "a.mp4"))[1]
    told = looked_at(replace(coding, options=flagged(order)).write(tmp_path / "b.mp4"))[1]

    assert (unflagged.scan, told.scan) == (order, order)


def _joined(folder: Path, *parts: Coding) -> Path:
    """Parts of one film, as editors export them."""
    names = [
        f"part{number}.mp4" for number, part in enumerate(parts) if part.write(folder / f"part{number}.mp4")
    ]
    (folder / "parts.txt").write_text("".join(f"file {name}\n" for name in names))
    return ffmpeg(["-f", "concat", "-i", str(folder / "parts.txt"), "-c", "copy"], folder / "joined.mp4")


@pytest.mark.parametrize("is_flagged", [True, False])
def test_fields_are_found_behind_whole_pictures(tmp_path: Path, *, is_flagged: bool) -> None:
    """A title that rests, or a cut-in of another camera, would have all the rest combed."""
    options = flagged("bff") if is_flagged else X264
    fields = replace(FIELDS, scan="bff", options=options, duration_s=2.4)
    whole = replace(fields, scan="progressive", duration_s=2.8)

    assert looked_at(_joined(tmp_path, whole, fields))[1].scan == "bff"


def test_fields_whose_flags_are_wrong_are_taken_in_their_own_order(tmp_path: Path) -> None:
    """Motion would go two steps forth and one back."""
    confused = replace(FIELDS, scan="bff", options=flagged("tff"))

    assert looked_at(confused.write(tmp_path / "a.mp4"))[1].scan == "bff"


def test_resting_fields_are_taken_as_they_are_flagged(tmp_path: Path) -> None:
    """Nothing tells by measure; what moves later would be combed."""
    source = ["-f", "lavfi", "-i", "smptebars=s=320x480:r=25:d=1", "-pix_fmt", "yuv420p", *flagged("tff")]

    assert looked_at(ffmpeg(source, tmp_path / "a.mp4"))[1].scan == "flagged"


def test_whole_pictures_that_are_flagged_as_fields_stay_whole(tmp_path: Path) -> None:
    """Many a camera flags what it takes whole: half of its sharpness would go."""
    coding = replace(FIELDS, scan="progressive", options=flagged("tff"))

    assert looked_at(coding.write(tmp_path / "a.mp4"))[1].scan == "progressive"


@pytest.mark.parametrize(
    "content", ["testsrc2", "mandelbrot", "cellauto=rule=110", "smptebars", "gradients=speed=0.1"]
)
def test_fine_patterns_are_not_taken_for_fields(content: str, tmp_path: Path) -> None:
    """Deinterlacing what is whole costs half of its lines."""
    source = f"{content}{':' if '=' in content else '='}size=320x480:rate=25"
    path = ffmpeg(["-f", "lavfi", "-i", source, "-t", "2", "-pix_fmt", "yuv420p", *X264], tmp_path / "a.mp4")

    assert looked_at(path)[1].scan == "progressive"


def test_fields_in_packets_of_their_own_are_one_picture(tmp_path: Path) -> None:
    """MPEG-TS of cameras has 50 packets for 25 pictures: the clip would run at 50 fps."""
    coding = replace(FIELDS, suffix=".ts", codec="mpeg2video", options=("-q:v", "2", "-flags", "+ildct+ilme"))

    facts, look = looked_at(coding.write(tmp_path / "a.ts"))

    assert facts.fps == pytest.approx(25)
    assert look.scan == "tff"


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_fields_are_made_whole_before_they_are_turned(degrees: int, tmp_path: Path) -> None:
    """Turned first, fields would stand upright, and nothing could part them."""
    coding = replace(FIELDS, options=flagged("tff"), rotation=degrees)

    facts, look = looked_at(coding.write(tmp_path / "a.mp4"))

    assert (facts.width, facts.height) == coding.shown
    assert look.rotation == (360 - degrees) % 360


TRANSPARENT = {
    "qtrle.mov": ("qtrle", "argb"),
    "png.mov": ("png", "rgba"),
    "prores.mov": ("prores_ks", "yuva444p10le"),
    "ffv1.mkv": ("ffv1", "yuva420p"),
    "utvideo.mkv": ("utvideo", "gbrap"),
    "vp8.webm": ("libvpx", "yuva420p"),
    "vp9.webm": ("libvpx-vp9", "yuva420p"),
}


@pytest.mark.parametrize("name", TRANSPARENT)
def test_transparency_is_seen(name: str, tmp_path: Path) -> None:
    """What is hidden would be shown; VP8 and VP9 carry it beside the picture, and the usual decoder passes it over."""
    codec, pixels = TRANSPARENT[name]
    source = "color=red@0.5:s=96x96:r=10:d=0.5,format=rgba"
    path = ffmpeg(
        [
            "-f",
            "lavfi",
            "-i",
            source,
            "-c:v",
            codec,
            "-pix_fmt",
            pixels,
            *(["-auto-alt-ref", "0"] if codec == "libvpx" else []),
        ],
        tmp_path / name,
    )

    look = looked_at(path)[1]

    assert look.has_alpha
    assert look.decoder == (codec if codec.startswith("libvpx") else None)


def test_transparent_colours_of_a_palette_are_seen(tmp_path: Path) -> None:
    """Stickers of 256 colours, one of which is none."""
    source = [
        "-f",
        "lavfi",
        "-i",
        "color=lime@0:s=96x96:r=10:d=0.5,format=rgba",
        "-vf",
        "split[a][b];[a]palettegen[p];[b][p]paletteuse",
    ]

    assert looked_at(ffmpeg([*source, "-c:v", "png", "-pix_fmt", "pal8"], tmp_path / "a.mov"))[1].has_alpha


def test_the_matrix_is_taken_by_the_height_that_is_coded(tmp_path: Path) -> None:
    """A phone's upright clip is coded on its side."""
    path = clip(tmp_path / "a.mp4", ClipLook(width=854, height=480, rotation=90))

    assert looked_at(path)[1].matrix == "smpte170m"


def test_an_opaque_video_is_not_taken_for_a_transparent_one(tmp_path: Path) -> None:
    """The fourth byte of AVI's raw pictures is padding, often zero: all would be black."""
    source = ["-f", "lavfi", "-i", "color=red@0:s=96x96:r=10:d=0.5,format=bgra", "-c:v", "rawvideo"]

    assert not looked_at(ffmpeg([*source, "-pix_fmt", "bgra"], tmp_path / "a.avi"))[1].has_alpha
    assert not looked_at(clip(tmp_path / "b.mp4"))[1].has_alpha


@pytest.mark.parametrize(("height", "matrix"), [(480, "smpte170m"), (720, "bt709")])
def test_a_matrix_that_is_not_named_is_taken_as_players_take_it(
    height: int, matrix: str, tmp_path: Path
) -> None:
    """By its height: BT.709 for HD, BT.601 below."""
    path = clip(tmp_path / "a.mp4", ClipLook(width=64, height=height))

    assert looked_at(path)[1].matrix == matrix


def test_names_of_colours_are_those_of_the_file(tmp_path: Path) -> None:
    """Phones record Display P3 and HLG: taken for BT.709, reds are pale."""
    coding = Coding(
        ".mp4",
        "libx264",
        "yuv420p10le",
        X264,
        primaries="bt2020",
        matrix="bt2020nc",
        light="hlg",
        full_range=True,
    )

    look = looked_at(coding.write(tmp_path / "a.mp4"))[1]

    assert (look.primaries, look.matrix, look.transfer, look.full_range) == (
        "bt2020",
        "bt2020nc",
        "hlg",
        True,
    )


def test_a_clean_aperture_is_the_size_that_is_seen(tmp_path: Path) -> None:
    """DV and ProRes files have edges that nobody is to see: a derived size would leave them black."""
    plain = Coding(".mp4", "libx264", size=(96, 128), options=X264, rate=Fraction(10)).write(
        tmp_path / "a.mp4"
    )
    path = tmp_path / "b.mp4"
    path.write_bytes(_with_aperture(plain.read_bytes(), 80, 120))

    facts = looked_at(path)[0]

    assert (facts.width, facts.height) == (80, 120)


def test_pictures_that_change_their_form_midway_are_refused(tmp_path: Path) -> None:
    """A call's recording grows when the other side turns its phone: encoded, it would fail in the middle."""
    with pytest.raises(SourceError, match=r"change from 96x160 to 192x320 at 1\.0 s"):
        probe(grows_midway(tmp_path / "a.webm"), "0" * 64)


def _with_aperture(content: bytes, width: int, height: int) -> bytes:
    """An MP4 whose index is last, with a ``clap`` box in its first video's entry."""
    box = struct.pack(">I4s8i", 40, b"clap", width, 1, height, 1, 0, 1, 0, 1)
    places, start = [], content.rindex(b"moov") - 4
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        start = content.index(name, start) - 4
        places.append(start)
    end = start + struct.unpack_from(">I", content, start)[0]
    changed = bytearray(content[:end] + box + content[end:])
    for place in places:
        struct.pack_into(">I", changed, place, struct.unpack_from(">I", changed, place)[0] + len(box))
    return bytes(changed)
