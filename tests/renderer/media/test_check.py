from __future__ import annotations

import random
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

    def check(self, segment: Path | None = None, ordered: int = 0) -> None:
        """As the first segment, or what stands for it, is checked against an order."""
        check.check_segment(
            segment or self.segments[0], self.segments[0].with_name("packets.txt"), self.orders[ordered]
        )


SOUND = SoundtrackOrder(fps=30, frames=30, music_volume=0.2)


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
    made = Made(segments, (first, second), soundtrack)
    made.check()
    check.check_soundtrack(soundtrack, SOUND)
    return made


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
        made.check(ordered=1)


def test_a_segment_that_lost_a_frame_is_refused(made: Made, tmp_path: Path) -> None:
    """A picture would be missing from every video that uses it."""
    damaged = _rewritten(made.segments[0], tmp_path / "a.mp4", lambda number, _: number != 19)

    with pytest.raises(MediaError, match="has 19 frames where 20 were ordered"):
        made.check(damaged)


def test_a_segment_with_unequal_steps_is_refused(made: Made, tmp_path: Path) -> None:
    """Players would stutter at one place of every video that uses it."""

    def late(number: int, packet: av.Packet[av.VideoStream]) -> bool:
        if number >= 19:
            packet.pts = (packet.pts or 0) + 90
            packet.dts = (packet.dts or 0) + 90
        return True

    with pytest.raises(MediaError, match=r"(shows its pictures|decodes) in unequal steps"):
        made.check(_rewritten(made.segments[0], tmp_path / "a.mp4", late))


def test_every_damaged_bit_of_a_segment_s_pictures_is_found(made: Made, tmp_path: Path) -> None:
    """A broken picture would be in every video that uses it."""
    whole, places = made.segments[0].read_bytes(), random.Random(1)  # noqa: S311  no secret
    begin, end = _sections(whole)
    passed = []
    for _ in range(60):
        content, at = bytearray(whole), places.randrange(begin, end)
        content[at] ^= 1 << places.randrange(8)
        (tmp_path / "a.mp4").write_bytes(content)
        try:
            made.check(tmp_path / "a.mp4")
            passed.append(at)
        except MediaError:
            pass

    assert not passed


def test_a_segment_whose_parameter_sets_are_others_is_refused(made: Made, tmp_path: Path) -> None:
    """No player would show a picture of it, though every packet is right."""
    content = bytearray(made.segments[0].read_bytes())
    entropy = content.index(b"avcC") + 4 + 8 + content[content.index(b"avcC") + 11] + 3 + 1
    content[entropy] ^= 0x20  # of the picture parameter set: what says how numbers are coded
    (tmp_path / "a.mp4").write_bytes(content)

    with pytest.raises(MediaError, match=r"cannot be read|can be decoded"):
        made.check(tmp_path / "a.mp4")


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
        made.check(loud)


@pytest.mark.parametrize(
    "content", [b"", b"nothing that could be media", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"]
)
def test_what_is_no_video_is_refused(content: bytes, made: Made, tmp_path: Path) -> None:
    """A crash of the checking library would be all that anybody reads."""
    (tmp_path / "a.mp4").write_bytes(content)

    with pytest.raises(MediaError, match=r"the segment (cannot be read|has streams of \[\])"):
        made.check(tmp_path / "a.mp4")


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
