"""What is heard of a clip, as whoever writes it down gets it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from cliptask.errors import SourceError
from cliptask.facts import SourceFacts
from cliptask_renderer.probe.file import probe
from cliptask_renderer.probe.limits import ProbeLimits
from cliptask_renderer.probe.process import Probes
from cliptask_renderer.probe.samples import RATE, SAMPLE_BYTES
from cliptask_renderer.probe.voice import write_voice
from support.hearing import sounds
from support.media import ffmpeg
from support.talking import Span, talking

SAYS: Sequence[Span] = ((0.4, 0.7), (1.2, 1.5), (2.0, 2.6))
FRAME_S = 1 / 30


def heard(clip: Path, folder: Path) -> list[Span]:
    """When something is heard of it, in seconds from its first picture."""
    facts = probe(clip, "0" * 64)
    target = folder / "voice"
    write_voice(clip, target, facts, ProbeLimits())
    sound = target.read_bytes()
    assert len(sound) == round(facts.duration_s * RATE) * SAMPLE_BYTES
    return sounds(sound)


def as_said(found: Sequence[Span], says: Sequence[Span]) -> bool:
    """Whether each is heard when it is said, to half a frame."""
    edges = [
        abs(a - b) for one, other in zip(found, says, strict=True) for a, b in zip(one, other, strict=True)
    ]
    return max(edges) < FRAME_S / 2


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts", "flv"])
def test_words_are_where_they_are_in_the_file(suffix: str, tmp_path: Path) -> None:
    """Encoders put silence before a sound and containers begin their clocks anywhere: captions would be early or late."""
    assert as_said(heard(talking(tmp_path / f"clip.{suffix}", SAYS), tmp_path), SAYS)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_times_count_from_the_first_picture(suffix: str, tmp_path: Path) -> None:
    """A recorder whose sound begins before its picture would have all captions late."""
    assert as_said(heard(talking(tmp_path / f"clip.{suffix}", SAYS, late_s=0.5), tmp_path), SAYS)


def test_a_gap_in_the_sound_moves_no_word(tmp_path: Path) -> None:
    """Calls drop packets: all words after the first gap would be early."""
    whole, gapped = talking(tmp_path / "whole.mkv", SAYS), tmp_path / "gapped.mkv"
    # What lies between two words is left out of the file, its times are kept.
    ffmpeg(
        ["-i", str(whole), "-c:v", "copy", "-c:a", "pcm_s16le", "-af", "aselect='not(between(t,0.8,1.1))'"],
        gapped,
    )

    assert as_said(heard(gapped, tmp_path), SAYS)


def test_a_sound_shorter_than_its_picture_is_silent_to_the_end(tmp_path: Path) -> None:
    """Whoever charges by the second would charge for other seconds than were told."""
    short = tmp_path / "short.mp4"
    ffmpeg(["-i", str(talking(tmp_path / "clip.mp4", SAYS)), "-c:v", "copy", "-af", "atrim=end=1.8"], short)

    assert as_said(heard(short, tmp_path), SAYS[:2])


@pytest.fixture
async def probes() -> AsyncIterator[Probes]:
    """The real ones."""
    own = Probes(1)
    yield own
    await own.aclose()


async def test_it_is_read_beside_this_process(probes: Probes, tmp_path: Path) -> None:
    """A decoder's crash would end the operator with all its campaigns."""
    clip = talking(tmp_path / "clip.mp4", SAYS)
    facts = await probes.probe(clip, "0" * 64, ProbeLimits())

    await probes.voice(clip, tmp_path / "voice", facts, ProbeLimits())

    assert as_said(sounds((tmp_path / "voice").read_bytes()), SAYS)


async def test_a_file_that_has_changed_is_refused(probes: Probes, tmp_path: Path) -> None:
    """Its reader would end, and be taken for broken."""
    clip = talking(tmp_path / "clip.mp4", SAYS)
    facts = await probes.probe(clip, "0" * 64, ProbeLimits())
    clip.write_bytes(b"no clip any more" * 100)

    with pytest.raises(SourceError, match="its sound cannot be read"):
        await probes.voice(clip, tmp_path / "voice", facts, ProbeLimits())


def test_facts_name_the_stream(tmp_path: Path) -> None:
    """Of a file with a silent and a spoken track, the one that is heard in the video is written down."""
    clip = talking(tmp_path / "clip.mp4", SAYS)
    facts = probe(clip, "0" * 64)
    of_pictures = SourceFacts.model_validate(
        {**facts.model_dump(), "sound_stream": facts.look and facts.look.stream}
    )

    with pytest.raises(SourceError, match="its sound is gone"):
        write_voice(clip, tmp_path / "voice", of_pictures, ProbeLimits())
