from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from cliptask.errors import MediaError
from cliptask.orders import SegmentOrder, SoundtrackOrder
from cliptask_renderer.media import check
from support import frames as f
from support import media

FRAMES = (20, 10)


@dataclass(frozen=True)
class Made:
    """Two segments and a soundtrack, all well made."""

    segments: tuple[Path, Path]
    orders: tuple[SegmentOrder, SegmentOrder]
    soundtrack: Path


SOUND = SoundtrackOrder(fps=30, frames=30, music_volume=0.2, clip_volume=0, ducking=False, loudness=None)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """What all of these tests damage in their own ways."""
    folder = tmp_path_factory.mktemp("made")
    # Enough pictures that differ, so that a damaged byte is a damaged picture.
    source = media.clip(folder / "a.mp4", media.ClipLook(fps=30, duration_s=1.2))
    first, second = (
        f.order_of(f.video(first=at, frames=frames)) for at, frames in zip((0, 20), FRAMES, strict=True)
    )
    segments = f.make(first, folder, a=source), f.make(second, folder, a=source)
    soundtrack = media.ffmpeg(
        ["-f", "lavfi", "-i", "sine=sample_rate=48000", "-af", f"atrim=end_sample={SOUND.samples}"], folder / "a.m4a"
    )  # fmt: skip
    for segment, order in zip(segments, (first, second), strict=True):
        check.check_segment(segment, order)
    check.check_soundtrack(soundtrack, SOUND)
    return Made(segments, (first, second), soundtrack)


def _sections(content: bytes) -> tuple[int, int]:
    """Where the packets of a file with its index last begin and end."""
    at = content.index(b"mdat")
    return at + 4, at - 4 + int.from_bytes(content[at - 4 : at])


def _rewritten(source: Path, path: Path, change: Callable[[int, av.Packet[av.VideoStream]], bool]) -> Path:
    """A copy, packet by packet; ``change`` may alter one, or leave it out by saying no."""
    with (
        av.open(str(source)) as given,
        av.open(str(path), "w", options={"video_track_timescale": "90000"}) as written,
    ):
        stream = written.add_stream_from_template(given.streams.video[0])
        for number, packet in enumerate(given.demux(video=0)):
            if packet.size and change(number, packet):
                packet.stream = stream
                written.mux(packet)
    return path


# --- Segments ----------------------------------------------------------------------------------------------------


def test_a_segment_of_another_length_is_refused(made: Made) -> None:
    """Sound and captions of every video that uses it would be late."""
    with pytest.raises(MediaError, match=r"the segment has 20 frames where 10 were ordered"):
        check.check_segment(made.segments[0], made.orders[1])


def test_a_segment_that_lost_a_frame_is_refused(made: Made, tmp_path: Path) -> None:
    """A picture would be missing from every video that uses it."""
    damaged = _rewritten(made.segments[0], tmp_path / "a.mp4", lambda number, _: number != 19)

    with pytest.raises(MediaError, match="has 19 frames where 20 were ordered"):
        check.check_segment(damaged, made.orders[0])


def test_a_segment_with_unequal_steps_is_refused(made: Made, tmp_path: Path) -> None:
    """Players would stutter at one place of every video that uses it."""

    def late(number: int, packet: av.Packet[av.VideoStream]) -> bool:
        if number >= 19:
            packet.pts = (packet.pts or 0) + 90
            packet.dts = (packet.dts or 0) + 90
        return True

    with pytest.raises(MediaError, match=r"(shows its pictures|decodes) in unequal steps"):
        check.check_segment(_rewritten(made.segments[0], tmp_path / "a.mp4", late), made.orders[0])


def test_a_segment_with_a_damaged_packet_is_refused(made: Made, tmp_path: Path) -> None:
    """A broken picture would be in every video that uses it."""
    content = bytearray(made.segments[0].read_bytes())
    begin, end = _sections(bytes(content))
    middle = (begin + end) // 2
    content[middle : middle + 200] = b"\xff" * 200
    (tmp_path / "a.mp4").write_bytes(content)

    with pytest.raises(MediaError, match=r"the segment: check: ffmpeg failed .*error"):
        check.check_segment(tmp_path / "a.mp4", made.orders[0])


def test_a_segment_with_sound_is_refused(made: Made, tmp_path: Path) -> None:
    """Sound inside of segments leaves gaps where they join."""
    loud = media.ffmpeg(
        [
            "-i",
            str(made.segments[0]),
            "-i",
            str(made.soundtrack),
            "-c",
            "copy",
            "-video_track_timescale",
            "90000",
        ],
        tmp_path / "a.mp4",
    )

    with pytest.raises(MediaError, match=r"has streams of \['audio', 'video'\] where \['video'\] belong"):
        check.check_segment(loud, made.orders[0])


@pytest.mark.parametrize(
    "content", [b"", b"nothing that could be media", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"]
)
def test_what_is_no_video_is_refused(content: bytes, made: Made, tmp_path: Path) -> None:
    """A crash of the checking library would be all that anybody reads."""
    (tmp_path / "a.mp4").write_bytes(content)

    with pytest.raises(MediaError, match=r"the segment (cannot be read|has streams of \[\])"):
        check.check_segment(tmp_path / "a.mp4", made.orders[0])


# --- Soundtracks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off_by", [-1024, 1024, 48_000])
def test_a_soundtrack_of_another_length_is_refused(off_by: int, tmp_path: Path) -> None:
    """Sound would outlive the picture, or end before it."""
    trim = [
        "-f",
        "lavfi",
        "-i",
        "sine=sample_rate=48000:duration=5",
        "-af",
        f"atrim=end_sample={SOUND.samples + off_by}",
    ]
    track = media.ffmpeg(trim, tmp_path / "a.m4a")

    with pytest.raises(
        MediaError, match=rf"has {SOUND.samples + off_by} samples where {SOUND.samples} were ordered"
    ):
        check.check_soundtrack(track, SOUND)


def test_a_soundtrack_that_is_a_video_is_refused(made: Made) -> None:
    """A video would have two pictures, or the wrong one."""
    with pytest.raises(MediaError, match=r"has streams of \['video'\] where \['audio'\] belong"):
        check.check_soundtrack(made.segments[0], SOUND)
