from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliptask.captions import Cue
from cliptask.errors import MediaError
from cliptask.orders import SegmentOrder
from cliptask_renderer.mux.boxes import children
from cliptask_renderer.mux.movie import movie
from cliptask_renderer.mux.proof import prove
from cliptask_renderer.mux.tables import Part
from support import frames as f
from support import joined, media

CUES = (Cue(0.2, 0.5, ("Spring is here", "<b>&amp;")), Cue(0.5, 1.0, ("Welcome é",)))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A body, a seam and a body of two numbered clips, whose transition is flat because their pictures rest in it."""
    folder = tmp_path_factory.mktemp("parts")
    # While they overlap both show number 20, so that the seam can be read as well.
    first = np.concatenate([f.numbered(20), np.repeat(f.numbered(1, first=20), 6, axis=0)])
    second = np.concatenate([np.repeat(f.numbered(1, first=20), 6, axis=0), f.numbered(14, first=26)])
    a, b = f.encode(folder / "a.mp4", first), f.encode(folder / "b.mp4", second)
    orders = [
        f.order_of(f.video("a", 0, 20)),
        f.order_of(f.video("a", 20, 6), f.video("b", 0, 6)),
        f.order_of(f.video("b", 6, 14)),
    ]
    return [f.make(order, folder, a=a, b=b) for order in orders]


@pytest.fixture(scope="module")
def soundtrack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As long as the parts: 40 frames at 30 a second."""
    return media.track(tmp_path_factory.mktemp("sound") / "a.m4a", 40 / 30)


def test_a_video_shows_and_plays_what_another_program_makes_of_the_same_files(
    tmp_path: Path, parts: list[Path], soundtrack: Path
) -> None:
    """Arithmetic that only we can read would be no MP4."""
    ours = joined.join(tmp_path / "v.mp4", parts, soundtrack, CUES)
    theirs = joined.joined_by_ffmpeg(tmp_path / "w.mp4", parts, soundtrack)

    for stream in ("v", "a"):
        assert joined.framemd5(ours, stream) == joined.framemd5(theirs, stream)


def test_a_video_shows_exactly_its_segments_pictures(tmp_path: Path, parts: list[Path]) -> None:
    """A join that loses, repeats or changes a single pixel would be an encode of its own."""
    video = joined.join(tmp_path / "v.mp4", parts)

    assert (f.decoded(video) == np.concatenate([f.decoded(part) for part in parts])).all()


def test_no_picture_is_lost_or_repeated_at_a_transition(tmp_path: Path, parts: list[Path]) -> None:
    """The video would jump or stutter where a body meets its seam."""
    shown = f.numbers(f.decoded(joined.join(tmp_path / "v.mp4", parts), "gray"))

    assert shown == [*range(20), *[20] * 6, *range(26, 40)]


def test_a_crossfade_has_no_jump_at_either_end(tmp_path: Path) -> None:
    """Brightness steps by the same at every frame of a fade from dark to bright, from body over seam to body."""
    shades = {"a": 20, "b": 220}
    for name, shade in shades.items():
        f.encode(tmp_path / f"{name}.mp4", f.plain((shade, shade, shade), count=30), "-crf", "1")
    orders: list[SegmentOrder] = [
        f.order_of(f.video("a", 0, 20)),
        f.order_of(f.video("a", 20, 10), f.video("b", 0, 10)),
        f.order_of(f.video("b", 10, 20)),
    ]

    made = [f.make(order, tmp_path, a=tmp_path / "a.mp4", b=tmp_path / "b.mp4") for order in orders]
    brightness = f.decoded(joined.join(tmp_path / "v.mp4", made), "gray").mean(axis=(1, 2))

    steps = np.diff(brightness)
    assert np.abs(steps[:19]).max() < 1
    # From the last picture of one body to the first of the other.
    assert steps[19:30] == pytest.approx([15.6] * 11, abs=1.5)
    assert np.abs(steps[30:]).max() < 1


@pytest.mark.parametrize("times", [1, 12])
def test_times_run_in_equal_steps_from_zero(tmp_path: Path, parts: list[Path], times: int) -> None:
    """Players stutter, and browsers refuse, where timestamps jump between segments."""
    with av.open(str(joined.join(tmp_path / "v.mp4", parts * times))) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]

    assert sorted(packet.pts or 0 for packet in packets) == list(range(0, times * 40 * 3000, 3000))
    assert {int(step) for step in np.diff([packet.dts or 0 for packet in packets])} == {3000}


@pytest.mark.parametrize("lengths", [[1] * 4, [1, 5], [5, 1], [2, 6, 1, 4, 2], [1, 2, 3, 4], [12, 2, 2, 12]])
def test_segments_of_any_length_join(tmp_path: Path, lengths: list[int]) -> None:
    """A seam may be as short as one frame, and so may what two seams leave of a clip, which are encoded without reordering."""
    source = f.encode(tmp_path / "a.mp4", f.numbered(sum(lengths)))
    begins = [sum(lengths[:place]) for place in range(len(lengths))]
    made = [
        f.make(f.order_of(f.video(first=first, frames=frames)), tmp_path, a=source)
        for first, frames in zip(begins, lengths, strict=True)
    ]

    video = joined.join(tmp_path / "v.mp4", made)

    prove(joined.made(made), sum(lengths), 30, "the video")
    assert f.numbers(f.decoded(video, "gray")) == [*range(sum(lengths))]
    with av.open(str(video)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert sorted(packet.pts or 0 for packet in packets) == list(range(0, sum(lengths) * 3000, 3000))
    assert all((packet.dts or 0) <= (packet.pts or 0) for packet in packets)


def test_sound_is_copied_beside_the_pictures_and_captions_are_those_of_the_cues(
    tmp_path: Path, parts: list[Path], soundtrack: Path
) -> None:
    """A video would be silent, or without the captions that platforms offer, or they would show markup."""
    video = joined.join(tmp_path / "v.mp4", parts, soundtrack, CUES)

    with av.open(str(video)) as container, av.open(str(soundtrack)) as alone:
        assert [(stream.type, stream.codec_context.name) for stream in container.streams] == [
            ("video", "h264"),
            ("audio", "aac"),
            ("subtitle", "mov_text"),
        ]
        assert [bytes(p) for p in container.demux(audio=0)] == [bytes(p) for p in alone.demux(audio=0)]
        container.seek(0)
        texts = [
            (packet.pts, packet.duration, bytes(packet)[2:].decode())
            for packet in container.demux(subtitles=0)
            if packet.size
        ]
    assert texts == [
        (0, 200, ""),
        (200, 300, "Spring is here\n<b>&amp;"),
        (500, 500, "Welcome é"),
        (1000, 333, ""),
    ]


@pytest.mark.parametrize(
    ("language", "said"), [("ukr", "ukr"), ("por", "por"), ("cmn", "cmn"), (None, "und")]
)
def test_sound_and_captions_say_their_language(
    tmp_path: Path, parts: list[Path], soundtrack: Path, language: str | None, said: str
) -> None:
    """A player would offer "unknown", and choose by no viewer's language."""
    video = joined.join(tmp_path / "v.mp4", parts, soundtrack, CUES, language)

    with av.open(str(video)) as container:
        told = {stream.type: stream.metadata.get("language") for stream in container.streams}
    assert (told["audio"], told["subtitle"], told["video"]) == (said, said, "und")


def test_captions_without_a_cue_are_no_track(tmp_path: Path, parts: list[Path], soundtrack: Path) -> None:
    """A line of which no word has a time would fail the whole video."""
    with av.open(str(joined.join(tmp_path / "v.mp4", parts, soundtrack, ()))) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_sound_ends_where_its_edit_list_says(tmp_path: Path, parts: list[Path], soundtrack: Path) -> None:
    """Its length is told in the soundtrack's own clock: read as the video's, samples at the end would be lost."""
    video = joined.join(tmp_path / "v.mp4", parts, soundtrack)

    with av.open(str(video)) as container, av.open(str(soundtrack)) as alone:
        lengths = [sum(frame.samples for frame in each.decode(audio=0)) for each in (container, alone)]
    assert lengths[0] == lengths[1]


def test_a_video_begins_with_its_index(parts: list[Path], soundtrack: Path) -> None:
    """A browser would have to load all of a video before it shows the first picture."""
    head = joined.made(parts, soundtrack, CUES).head

    assert [kind for kind, _ in children(head)] == [b"ftyp", b"moov", b"mdat"]


def test_the_same_parts_give_the_same_bytes(parts: list[Path], soundtrack: Path) -> None:
    """A video made again after a crash would be another one."""
    assert joined.made(parts, soundtrack, CUES).head == joined.made(parts, soundtrack, CUES).head


def test_one_segment_may_come_twice(tmp_path: Path, parts: list[Path]) -> None:
    """A clip that stands in two blocks would be shown once."""
    video = joined.join(tmp_path / "v.mp4", [parts[0], parts[2], parts[0]])

    assert f.numbers(f.decoded(video, "gray")) == [*range(20), *range(26, 40), *range(20)]


@pytest.mark.parametrize(
    "size", [(1 << 32) - 100_000, 1 << 32, 5_000_000_000], ids=["just below", "4 GiB", "5 GB"]
)
def test_a_video_larger_than_four_gigabytes_plays_to_its_end(
    tmp_path: Path, parts: list[Path], soundtrack: Path, size: int
) -> None:
    """Positions would wrap around, and the end of a long video show its beginning."""
    first, second = joined.part(parts[0]), joined.part(parts[2])
    large = replace(first, size_bytes=size)
    whole = movie([large, second], joined.part(soundtrack))
    video = tmp_path / "v.mp4"
    with video.open("wb") as file:  # with a hole in it, which takes no room
        file.write(whole.head + soundtrack.read_bytes())
        begin = file.tell()
        file.write(parts[0].read_bytes())
        file.seek(begin + size)
        file.write(parts[2].read_bytes())

    shown = f.numbers(f.decoded(video, "gray"))

    assert shown == [*range(20), *range(26, 40)]
    assert whole.size_bytes == video.stat().st_size
    assert (b"co64" in whole.head) == (whole.size_bytes >= 1 << 32)
    with pytest.raises(MediaError, match="has sound of"):  # all else is right
        prove(whole, 34, 30, "the video")


def _other(part: Part, **fields: object) -> Part:
    return replace(part, track=replace(part.track, **fields))  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"entry": b"another"}, "has other parameter sets than the first"),
        ({"timescale": 1000}, "has another clock than the first"),
        ({"kind": "sound"}, "has another clock than the first"),
        ({"keyframes": (2,)}, "does not begin with a keyframe"),
    ],
)
def test_segments_that_cannot_follow_each_other_are_refused(
    parts: list[Path], change: dict[str, object], words: str
) -> None:
    """A hardware decoder would show green, or every second picture."""
    first, second = map(joined.part, parts[:2])

    with pytest.raises(MediaError, match=f"segment number 2 {words}"):
        movie([first, _other(second, **change)])


class TestProof:
    """What is refused although it was written."""

    def test_what_is_as_it_should_be_passes(self, parts: list[Path], soundtrack: Path) -> None:
        """No video would ever be made."""
        prove(joined.made(parts, soundtrack, CUES), 40, 30, "the video")
        prove(joined.made(parts * 3), 120, 30, "the video")

    @pytest.mark.parametrize(
        ("frames", "fps", "words"),
        [
            (39, 30, "has 40 frames where 39 at 30 a second"),
            (40, 60, "where 40 at 60"),
            (40, 25, "where 40 at 25"),
        ],
    )
    def test_another_length_is_refused(self, parts: list[Path], frames: int, fps: int, words: str) -> None:
        """A video would lack its end, or run too fast."""
        with pytest.raises(MediaError, match=words):
            prove(joined.made(parts), frames, fps, "the video")

    def test_sound_of_another_length_is_refused(self, tmp_path: Path, parts: list[Path]) -> None:
        """The end would be silent, or shown without pictures."""
        short = media.track(tmp_path / "short.m4a", 1.0)

        with pytest.raises(MediaError, match=r"sound of 1\.000 s over pictures of 1\.333 s"):
            prove(joined.made(parts, short), 40, 30, "the video")

    @settings(max_examples=400)
    @given(at=st.integers(0, 10_000), by=st.integers(1, 255))
    def test_no_byte_of_a_table_may_be_another(
        self, parts: list[Path], soundtrack: Path, at: int, by: int
    ) -> None:
        """A wrong place, size or time of a single picture would pass, and be seen."""
        made = joined.made(parts, soundtrack)
        at = _of_tables(made.head)[at % len(_of_tables(made.head))]
        head = made.head[:at] + bytes([(made.head[at] + by) % 256]) + made.head[at + 1 :]

        with pytest.raises(MediaError):
            prove(replace(made, head=head), 40, 30, "the video")


def _of_tables(head: bytes) -> Sequence[int]:
    """Where in a header the contents of tables lie that decide what is shown when."""
    found: list[int] = []
    for kind in (b"stts", b"stss", b"ctts", b"stsc", b"stsz", b"stco"):
        at = -1
        while (at := head.find(kind, at + 1)) >= 0:
            (size,) = struct.unpack_from(">I", head, at - 4)
            found.extend(range(at + 8, at + size - 4))
    return found
