"""Which of a file's streams count, and can they be decoded?"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cliptask.errors import SourceError
from cliptask.facts import SourceFacts
from cliptask_renderer.probe.file import probe
from support.media import clip, ffmpeg, track

SHA = "0" * 64
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=1")
LOW, HIGH = ("-f", "lavfi", "-i", "sine=440:d=1"), ("-f", "lavfi", "-i", "sine=880:d=1")
CODECS = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")


def two_sounds(path: Path, *options: str) -> SourceFacts:
    """What the probe says of pictures with two sounds, streams 1 and 2."""
    arguments = [*PICTURE, *LOW, *HIGH, "-map", "0", "-map", "1", "-map", "2", *CODECS, *options]
    return probe(ffmpeg(arguments, path), SHA)


@pytest.mark.parametrize(
    ("dispositions", "heard"),
    [
        (("default", "0"), 1),
        (("0", "default"), 2),
        (("default", "default"), 1),
        (("0", "0"), 1),
        (("default+comment", "0"), 2),
        (("default+visual_impaired", "0"), 2),
        (("hearing_impaired", "dub"), 1),
    ],
)
def test_the_sound_that_is_for_everybody_is_heard(
    tmp_path: Path, dispositions: tuple[str, str], heard: int
) -> None:
    """A commentary, or another language, would be heard in every video."""
    flags = [f"-disposition:a:{number}" for number in range(2)]
    options = [part for pair in zip(flags, dispositions, strict=True) for part in pair]

    assert two_sounds(tmp_path / "a.mkv", *options).sound_stream == heard


def test_a_sound_without_packets_is_passed_over(tmp_path: Path) -> None:
    """Recorders leave tracks of devices that sent nothing: the video would be silent."""
    arguments = [*PICTURE, *LOW, *HIGH, "-filter_complex", "[1]atrim=end_sample=0[e]"]
    path = ffmpeg([*arguments, "-map", "0", "-map", "[e]", "-map", "2", *CODECS], tmp_path / "a.mkv")

    assert probe(path, SHA).sound_stream == 2


def test_what_is_neither_picture_nor_sound_does_not_count(tmp_path: Path) -> None:
    """Phones record a dozen streams of positions, films bring subtitles in twenty languages: they would be refused."""
    lines = tmp_path / "lines.srt"
    lines.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    maps = ["-map", "0", *["-map", "1"] * 20]
    source = clip(tmp_path / "a.mkv")
    path = ffmpeg(["-i", str(source), "-i", str(lines), *maps, "-c", "copy"], tmp_path / "many.mkv")

    assert probe(path, SHA).has_audio


def noisy(path: Path, part: float) -> Path:
    """The file with noise for a part of it, from a third on."""
    content, noise = bytearray(path.read_bytes()), random.Random(1)  # noqa: S311  the same each time
    begin = len(content) // 3
    for at in range(begin, begin + int(len(content) * part)):
        content[at] = noise.randrange(256)
    path.write_bytes(content)
    return path


def test_a_sound_that_is_mostly_noise_is_refused_by_its_codec(tmp_path: Path) -> None:
    """It would fail in the mix, when all clips are encoded."""
    broken = noisy(track(tmp_path / "a.flac", 5.0), 0.4)

    with pytest.raises(SourceError, match=r"its sound \(codec: flac\) (is damaged|cannot be decoded)"):
        probe(broken, SHA)


def test_a_clip_whose_sound_nobody_decodes_is_refused(tmp_path: Path) -> None:
    """A clip's own sound would fail in the mix, when all clips are encoded."""
    path = clip(tmp_path / "a.mkv")
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_ZZZ"))

    with pytest.raises(SourceError, match=r"its sound .* cannot be decoded; .* without sound"):
        probe(path, SHA)


def test_a_sound_is_as_long_as_its_samples(tmp_path: Path) -> None:
    """What an encoder adds before and after would be counted, and loops come too late."""
    for name, codec in (("a.mp3", "libmp3lame"), ("a.opus", "libopus"), ("a.ogg", "libvorbis")):
        path = ffmpeg([*LOW, "-ar", "48000", "-c:a", codec], tmp_path / name)
        assert probe(path, SHA).duration_s == pytest.approx(1.0, abs=0.003)


def test_channels_that_nobody_can_mix_are_refused(tmp_path: Path) -> None:
    """A sphere of sound (ambisonics) ended the mix after the clips had been encoded, and named no file."""
    tone = [
        "-f",
        "lavfi",
        "-i",
        "aevalsrc=0.1|0.1|0.1|0.1:c=quad:d=1",
        "-c:a",
        "libopus",
        "-mapping_family",
        "1",
    ]
    path = ffmpeg(tone, tmp_path / "a.mka")
    content = bytearray(path.read_bytes())
    content[content.index(b"OpusHead") + 18] = 2
    path.write_bytes(content)

    with pytest.raises(SourceError, match=r"cannot be mixed \(ambisonic 1\)"):
        probe(path, SHA)


@pytest.mark.parametrize("suffix", ["mp3", "flac"])
def test_what_is_told_to_the_frame_may_lack_none(suffix: str, tmp_path: Path) -> None:
    """The last second of a song would be cut off, and the loop begin early."""
    path = track(tmp_path / f"a.{suffix}", 30.0)
    content = path.read_bytes()

    assert probe(path, SHA).duration_s == pytest.approx(30, abs=0.1)
    path.write_bytes(content[: len(content) * 985 // 1000])
    with pytest.raises(SourceError, match="cut short"):
        probe(path, SHA)
