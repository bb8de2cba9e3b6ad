from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from cliptask.errors import SourceError
from cliptask.facts import Look, SourceFacts
from cliptask_renderer.probe.file import probe
from cliptask_renderer.probe.limits import ProbeLimits
from support.media import ClipLook, clip, cut_short, ffmpeg, picture, track, track_with_cover

SHA = hashlib.sha256(b"").hexdigest()

Maker = Callable[[Path], Path]


def facts_of(path: Path, limits: ProbeLimits | None = None) -> SourceFacts:
    """What the probe says of a file whose name says nothing."""
    return probe(path.rename(path.with_name("source")), SHA, limits)


def look_of(facts: SourceFacts) -> Look:
    """How the pictures of a video are to be taken."""
    assert facts.look is not None
    return facts.look


def refusal(path: Path, limits: ProbeLimits | None = None) -> str:
    """The message with which the probe refuses a file."""
    with pytest.raises(SourceError) as caught:
        probe(path, SHA, limits)
    message = str(caught.value)
    assert str(path) not in message
    assert path.name not in message
    return message


@pytest.mark.parametrize(
    ("name", "look", "expected"),
    [
        (
            "a.mp4",
            ClipLook(),
            {"container": "mov", "width": 128, "height": 96, "fps": 10.0, "has_audio": True},
        ),
        ("mute.mov", ClipLook(audio=False), {"container": "mov", "has_audio": False}),
        ("a.webm", ClipLook(fps=25), {"container": "matroska", "fps": 25.0, "has_audio": True}),
        ("first.mkv", ClipLook(), {"container": "matroska", "duration_s": 1.0}),
        ("turned.mp4", ClipLook(rotation=90), {"width": 96, "height": 128}),
        ("turned.mov", ClipLook(rotation=-90), {"width": 96, "height": 128}),
        ("over.mp4", ClipLook(rotation=180), {"width": 128, "height": 96}),
        ("wide.mp4", ClipLook(width=96, sample_aspect="4/3"), {"width": 128, "height": 96}),
        ("tall.mp4", ClipLook(width=96, sample_aspect="4/3", rotation=90), {"width": 96, "height": 128}),
        ("odd.mkv", ClipLook(width=127, height=95, pixel_format="yuv444p"), {"width": 127, "height": 95}),
        ("pq.mp4", ClipLook(transfer="pq", pixel_format="yuv420p10le"), {"look.transfer": "pq"}),
        ("hlg.mkv", ClipLook(transfer="hlg"), {"look.transfer": "hlg"}),
        ("sdr.mp4", ClipLook(), {"look.transfer": "sdr"}),
        ("uneven.mp4", ClipLook(variable_rate=True, duration_s=2.0), {"duration_s": 1.8, "fps": 10.0}),
        ("uneven.webm", ClipLook(variable_rate=True, duration_s=2.0), {"duration_s": 1.8}),
    ],
)
def test_a_clip_is_told_as_it_is_shown(
    tmp_path: Path, name: str, look: ClipLook, expected: dict[str, object]
) -> None:
    """A clip would be cut, scaled or mixed by numbers that are not those of the picture on the screen."""
    path = clip(tmp_path / name, look)

    facts = facts_of(path)

    assert facts.kind == "video"
    told = facts.model_dump() | {f"look.{key}": value for key, value in look_of(facts).model_dump().items()}
    told["has_audio"] = facts.has_audio
    assert {key: told[key] for key in expected} == pytest.approx(expected)


@pytest.mark.parametrize("start_s", ["0", "0.35"])
def test_a_clip_lasts_as_long_as_its_pictures_do(tmp_path: Path, start_s: str) -> None:
    """Sound longer than the picture, or a start that was cut off by an edit list, would be counted as picture."""
    whole = clip(tmp_path / "whole.mp4", ClipLook(duration_s=2.0, audio=False))
    tone = track(tmp_path / "tone.m4a", 3.0)
    both = ffmpeg(
        ["-ss", start_s, "-i", str(whole), "-i", str(tone), "-map", "0:v", "-map", "1:a", "-c", "copy"],
        tmp_path / "both.mp4",
    )

    facts = facts_of(both)

    assert facts.duration_s == pytest.approx(2.0 - float(start_s), abs=0.1)


@pytest.mark.parametrize("suffix", ["mp3", "wav", "flac", "ogg", "m4a", "aac"])
def test_sound_alone_is_a_track(tmp_path: Path, suffix: str) -> None:
    """A track would be refused, or its loop computed from a wrong length."""
    path = track(tmp_path / f"tone.{suffix}", 2.0)

    facts = facts_of(path)

    assert (facts.kind, facts.has_audio, facts.width) == ("audio", True, 0)
    assert facts.duration_s == pytest.approx(2.0, abs=0.06)


@pytest.mark.parametrize("suffix", ["mp3", "m4a"])
def test_a_cover_does_not_make_a_track_a_clip(tmp_path: Path, suffix: str) -> None:
    """Bought music would count as a video of one frame."""
    cover = picture(tmp_path / "cover.jpg")
    path = track_with_cover(tmp_path / f"tone.{suffix}", cover)

    facts = facts_of(path)

    assert (facts.kind, facts.width, facts.fps) == ("audio", 0, 0.0)


def test_a_streamed_wav_is_not_taken_for_a_cut_one(tmp_path: Path) -> None:
    """Speech services write WAV without its size in the header; such a track would be refused as cut short."""
    path = track(tmp_path / "tone.wav")
    content = bytearray(path.read_bytes())
    content[4:8] = content[content.index(b"data") + 4 : content.index(b"data") + 8] = b"\xff" * 4
    path.write_bytes(content)

    facts = facts_of(path)

    assert facts.duration_s == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif"])
def test_a_picture_is_a_still(tmp_path: Path, suffix: str) -> None:
    """A picture as a clip or a logo would be refused or have no size."""
    path = picture(tmp_path / f"logo.{suffix}", 121, 80)

    facts = facts_of(path)

    container = "jpeg" if suffix == "jpg" else suffix
    assert (facts.kind, facts.container, facts.width, facts.height) == ("still", container, 121, 80)
    assert (facts.duration_s, facts.fps, facts.has_audio) == (0.0, 0.0, False)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize(("orientation", "size"), [(3, (120, 80)), (6, (80, 120)), (8, (80, 120))])
def test_a_photo_has_the_size_that_it_is_shown_in(
    tmp_path: Path, suffix: str, orientation: int, size: tuple[int, int]
) -> None:
    """A phone's upright photo would be laid out as if it lay on its side."""
    path = picture(tmp_path / f"photo.{suffix}", 120, 80, orientation=orientation)

    facts = facts_of(path)

    assert (facts.width, facts.height) == size


def text(content: str) -> Maker:
    """A text under the name of a video, beside a clip that it could name."""

    def make(folder: Path) -> Path:
        clip(folder / "sibling.mp4")
        path = folder / "source.mp4"
        path.write_text(content)
        return path

    return make


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (text(""), "empty"),
        (text("<!doctype html><title>Log in</title>"), "HTML"),
        (text("\n <HTML><body>404"), "HTML"),
        (text("hello"), "text"),
        (text("ffconcat version 1.0\nfile sibling.mp4\n"), "a playlist"),
        (text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsibling.mp4\n#EXT-X-ENDLIST\n"), "HLS"),
        (text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 1 RTP/AVP 96\n"), "SDP"),
        (text('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'), "SVG"),
        (text("[Script Info]\nTitle: x\n"), "subtitle"),
        (text("RIFF\x01\x00\x00\x00AVI LIST\x02"), "no media"),
        (text("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "HEIC"),
        (text("\x00\x01\x02" * 3000), "no media"),
    ],
)
def test_what_is_no_media_is_refused_by_content(tmp_path: Path, make: Maker, what: str) -> None:
    """A page, a playlist or a drawing under a video's name would reach ffmpeg, and it the files that they name."""
    path = make(tmp_path)

    assert what in refusal(path)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("index-first.mp4", 0.5),
        ("index-first.mp4", 0.97),
        ("index-last.mp4", 0.9),
        ("fragments.mp4", 0.5),
        ("clip.mkv", 0.5),
        ("clip.webm", 0.5),
        ("tone.flac", 0.5),
        ("tone.m4a", 0.9),
    ],
)
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, name: str, part: float) -> None:
    """A broken upload would be found out by the encoder, half-way through a campaign."""
    look = ClipLook(duration_s=3.0, faststart=name == "index-first.mp4")
    made = track(tmp_path / name, 3.0) if name.startswith("tone") else clip(tmp_path / name, look)
    if name == "fragments.mp4":
        options = ["-c", "copy", "-movflags", "frag_keyframe+empty_moov"]
        made = ffmpeg(["-i", str(made), *options], tmp_path / "in-fragments.mp4")
    assert probe(made, SHA).duration_s == pytest.approx(3.0, abs=0.1)

    path = cut_short(made, tmp_path / "source", part)

    assert "cut short" in refusal(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif"])
def test_a_picture_that_is_cut_short_is_refused(tmp_path: Path, suffix: str) -> None:
    """Half a picture would be shown for seconds."""
    path = cut_short(picture(tmp_path / f"whole.{suffix}", 400, 300), tmp_path / "source", 0.5)

    assert "cut short" in refusal(path)


@pytest.mark.parametrize("part", [0.3, 0.6])
def test_a_clip_whose_pictures_are_garbage_is_refused(tmp_path: Path, part: float) -> None:
    """A file with a sound header and rubbish in it would count as a clip."""
    made = clip(tmp_path / "whole.mp4", ClipLook(audio=False, faststart=True))
    content = bytearray(made.read_bytes())
    start = content.index(b"mdat") + 4
    content[start : start + int((len(content) - start) * part)] = b"\xff" * int((len(content) - start) * part)
    path = tmp_path / "source"
    path.write_bytes(content)

    assert "decoded" in refusal(path)


def test_a_track_of_no_length_is_refused(tmp_path: Path) -> None:
    """Music of 0 s would be looped for ever."""
    path = track(tmp_path / "tone.wav")
    path.write_bytes(path.read_bytes()[: path.read_bytes().index(b"data") + 4] + bytes(4))

    assert "0 s" in refusal(path)


def test_a_clip_without_pictures_is_refused(tmp_path: Path) -> None:
    """A video track with no frame would become an empty segment."""
    made = clip(tmp_path / "whole.mp4", ClipLook(audio=False))
    path = ffmpeg(
        ["-i", str(made), "-c", "copy", "-frames:v", "0", "-movflags", "empty_moov"], tmp_path / "a.mp4"
    )

    assert "0 s" in refusal(path) or "no media" in refusal(path)


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (ProbeLimits(size_bytes=1000), "bytes"),
        (ProbeLimits(duration_s=0.5), "longer than"),
        (ProbeLimits(streams=1), "streams"),
        (ProbeLimits(video_pixels=128 * 96 - 1), "pixels"),
        (ProbeLimits(side=127), "pixels"),
        (ProbeLimits(seconds=0), "to read"),
    ],
)
def test_a_clip_beyond_a_limit_is_refused(tmp_path: Path, limits: ProbeLimits, what: str) -> None:
    """A source could take the memory, the disk or the day of whoever renders it."""
    path = clip(tmp_path / "a.mp4")

    assert what in refusal(path, limits)


def test_a_clip_of_ten_minutes_passes_and_one_second_more_does_not(tmp_path: Path) -> None:
    """The documented limit of ten minutes would be another one."""
    for seconds in (600, 601):
        clip(tmp_path / f"{seconds}.mp4", ClipLook(32, 32, fps=1, duration_s=seconds, audio=False))

    assert probe(tmp_path / "600.mp4", SHA).duration_s == 600.0
    assert "600 s" in refusal(tmp_path / "601.mp4")


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """A few kilobytes of PNG would become gigabytes of memory."""
    header = b"IHDR" + (20_000).to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0])
    path = tmp_path / "source"
    checksum = zlib.crc32(header).to_bytes(4)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + header + checksum + bytes(4) + b"IDAT")

    assert "20000x20000" in refusal(path)


def test_the_decoder_refuses_pictures_larger_than_the_header_says(tmp_path: Path) -> None:
    """A lying header would get any size of picture past the limit."""
    made = clip(tmp_path / "large.mp4", ClipLook(640, 480, duration_s=0.3, audio=False))
    content = made.read_bytes()
    size = (640).to_bytes(2) + (480).to_bytes(2)
    path = tmp_path / "source"
    path.write_bytes(content.replace(size, (64).to_bytes(2) + (48).to_bytes(2)))

    with pytest.raises(SourceError):
        probe(path, SHA, ProbeLimits(video_pixels=320 * 240))


def test_a_video_that_names_its_matrix_is_told_from_one_that_does_not(tmp_path: Path) -> None:
    """Colours of a clip that says nothing are guessed by its size; a clip that says must not be guessed at."""
    silent = facts_of(clip(tmp_path / "a.mp4"))
    named = clip(tmp_path / "b.mp4")
    ffmpeg(
        ["-i", str(named), "-c", "copy", "-bsf:v", "h264_metadata=matrix_coefficients=1"], tmp_path / "c.mp4"
    )

    assert look_of(silent).matrix == "smpte170m"
    assert look_of(facts_of(tmp_path / "c.mp4")).matrix == "bt709"


def test_a_video_that_begins_after_its_sound_says_by_how_much(tmp_path: Path) -> None:
    """Frames and sounds are counted from the first picture: without it they would drift apart."""
    source = clip(tmp_path / "a.mkv")
    late = ffmpeg(
        [
            "-i",
            str(source),
            "-itsoffset",
            "0.4",
            "-i",
            str(source),
            "-map",
            "0:a",
            "-map",
            "1:v",
            "-c",
            "copy",
        ],
        tmp_path / "late.mkv",
    )

    assert abs(look_of(facts_of(late)).start_us - 400_000) < 25_000
    assert look_of(facts_of(source)).start_us < 25_000
