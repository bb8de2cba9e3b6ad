from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import pytest

from cliptask.errors import MediaError
from cliptask.orders import SegmentOrder, SoundtrackOrder, VariantOrder
from cliptask_renderer.media import check, ffmpeg, join
from cliptask_renderer.media.check import StreamFacts
from support import frames as f
from support import media

FRAMES = (20, 10)


@dataclass(frozen=True)
class Made:
    """Two segments, a soundtrack and the video of them, all well made."""

    segments: tuple[Path, Path]
    orders: tuple[SegmentOrder, SegmentOrder]
    soundtrack: Path
    video: Path
    order: VariantOrder
    facts: tuple[StreamFacts, StreamFacts]
    sound: StreamFacts


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
    video = _joined(folder, segments, soundtrack)
    facts = check.check_segment(segments[0], first), check.check_segment(segments[1], second)
    order = VariantOrder(segments=(first, second), soundtrack=SOUND)
    return Made(
        segments, (first, second), soundtrack, video, order, facts, check.check_soundtrack(soundtrack, SOUND)
    )


def _joined(
    folder: Path, segments: tuple[Path, ...], soundtrack: Path | None, frames: tuple[int, ...] = FRAMES
) -> Path:
    work = folder / f"join{len(list(folder.glob('join*')))}"
    work.mkdir()
    join.join(list(zip(segments, frames, strict=True)), 30, soundtrack, None, work / "v.mp4", work)
    return work / "v.mp4"


def _refuse_variant(made: Made, video: Path) -> str:
    with pytest.raises(MediaError) as raised:
        check.check_variant(video, made.order, made.facts, made.sound, "video x")
    return str(raised.value)


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


def test_what_is_well_made_passes(made: Made) -> None:
    """The gate would be no gate: it would stop everything."""
    check.check_variant(made.video, made.order, made.facts, made.sound, "video x")

    assert [facts.packets for facts in made.facts] == list(FRAMES)
    assert made.facts[0].extradata == made.facts[1].extradata
    assert made.facts[0].digest != made.facts[1].digest


def test_a_silent_video_passes(made: Made, tmp_path: Path) -> None:
    """A task without music and speech could not be made."""
    silent = made.order.model_copy(update={"soundtrack": None})

    check.check_variant(_joined(tmp_path, made.segments, None), silent, made.facts, None, "video x")


def test_facts_survive_as_metadata(made: Made) -> None:
    """What was checked once would be checked again, or not at all, in the next process."""
    assert StreamFacts.from_metadata(made.facts[0].metadata() | {"frames": "20"}) == made.facts[0]


@pytest.mark.parametrize("lost", ["packets", "extradata", "digest"])
def test_incomplete_metadata_are_noticed(lost: str, made: Made) -> None:
    """A part of which nothing is known would be trusted."""
    metadata = made.facts[0].metadata()
    del metadata[lost]

    with pytest.raises(KeyError, match=lost):
        StreamFacts.from_metadata(metadata)


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


# --- Videos ------------------------------------------------------------------------------------------------------


def test_swapped_segments_are_refused(made: Made, tmp_path: Path) -> None:
    """Two variants could change places, each a good video that nobody ordered."""
    swapped = _joined(tmp_path, made.segments[::-1], made.soundtrack, FRAMES[::-1])

    assert _refuse_variant(made, swapped) == "video x differs from its segment number 1"


def test_a_missing_segment_is_refused(made: Made, tmp_path: Path) -> None:
    """A block would be missing from the video."""
    short = _joined(tmp_path, made.segments[:1], made.soundtrack, FRAMES[:1])

    assert _refuse_variant(made, short) == "video x has 20 frames where its segments have 30"


def test_a_missing_frame_is_refused(made: Made, tmp_path: Path) -> None:
    """Everything after it would be early."""
    video = _rewritten(made.video, tmp_path / "v.mp4", lambda number, _: number != 29)
    silent = made.order.model_copy(update={"soundtrack": None})

    with pytest.raises(MediaError, match="has 29 frames where its segments have 30"):
        check.check_variant(video, silent, made.facts, None, "video x")


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
def test_one_damaged_byte_is_refused(place: float, made: Made, tmp_path: Path) -> None:
    """A bad disk would deliver broken pictures or clicks: no byte of a packet may differ, decodable or not."""
    content = bytearray(made.video.read_bytes())
    begin, end = _sections(bytes(content))
    content[int(begin + (end - begin) * place)] ^= 1
    (tmp_path / "v.mp4").write_bytes(content)

    assert "video x differs from its s" in _refuse_variant(made, tmp_path / "v.mp4")


def test_segments_of_other_parameter_sets_are_refused(made: Made) -> None:
    """Hardware players break where the parameter sets change, and ffmpeg only warns."""
    other = made.facts[0], replace(made.facts[1], extradata="0" * 64)

    with pytest.raises(MediaError, match="video x joins segments whose parameter sets differ"):
        check.check_variant(made.video, made.order, other, made.sound, "video x")


def test_another_size_or_rate_has_other_parameter_sets(made: Made, tmp_path: Path) -> None:
    """What the parameter sets say must tell apart what does not join."""
    source = f.encode(tmp_path / "a.mp4", f.numbered(10))
    changes = ({"width": 98}, {"fps": 25})
    orders = [f.order_of(f.video(frames=5), profile=f.SMALL.model_copy(update=change)) for change in changes]

    facts = [check.check_segment(f.make(order, tmp_path, a=source), order) for order in orders]

    assert len({made.facts[0].extradata, *(each.extradata for each in facts)}) == 3


def test_other_parameter_sets_in_the_video_are_refused(made: Made) -> None:
    """The video's one configuration would not be that of its pictures."""
    other = tuple(replace(each, extradata="0" * 64) for each in made.facts)

    with pytest.raises(MediaError, match="video x has other parameter sets than its segments"):
        check.check_variant(made.video, made.order, other, made.sound, "video x")


def test_unequal_steps_are_refused(made: Made, tmp_path: Path) -> None:
    """The pictures' times would jump where two segments join."""
    work = tmp_path / "work"
    work.mkdir()
    for number, segment in enumerate(made.segments):
        (work / f"{number}.mp4").write_bytes(segment.read_bytes())
    # As ffmpeg itself would place a segment whose length is given in milliseconds.
    (work / "list").write_text("ffconcat version 1.0\nfile 0.mp4\nduration 0.666\nfile 1.mp4\n")
    ffmpeg.run(
        [ffmpeg.concat_list("list")],
        ["-c", "copy", *ffmpeg.mp4_form(), "v.mp4"],
        what="x",
        limit_s=60,
        folder=work,
    )
    silent = made.order.model_copy(update={"soundtrack": None})

    with pytest.raises(MediaError, match="video x shows its pictures in unequal steps"):
        check.check_variant(work / "v.mp4", silent, made.facts, None, "video x")


def test_another_soundtrack_is_refused(made: Made, tmp_path: Path) -> None:
    """A voice would speak over another variant's pictures."""
    other = media.track(tmp_path / "b.m4a", 1.0)

    assert (
        _refuse_variant(made, _joined(tmp_path, made.segments, other))
        == "video x differs from its soundtrack"
    )


def test_a_missing_soundtrack_is_refused(made: Made, tmp_path: Path) -> None:
    """A video would be silent."""
    silent = _joined(tmp_path, made.segments, None)

    assert _refuse_variant(made, silent) == "video x has streams of ['video'] where ['audio', 'video'] belong"


def test_a_soundtrack_that_nobody_ordered_is_refused(made: Made) -> None:
    """A clip's own sound would be heard where it is to be silent."""
    silent = made.order.model_copy(update={"soundtrack": None})

    with pytest.raises(MediaError, match=r"has streams of \['audio', 'video'\] where \['video'\] belong"):
        check.check_variant(made.video, silent, made.facts, None, "video x")


@pytest.mark.parametrize(("off_by", "seconds"), [(-1024, "0.979"), (1024, "1.021"), (24_000, "1.500")])
def test_sound_that_is_not_as_long_as_the_picture_is_refused(
    off_by: int, seconds: str, made: Made, tmp_path: Path
) -> None:
    """The bug of the system that this replaces: a frozen last picture while the voice speaks on."""
    trim = [
        "-f",
        "lavfi",
        "-i",
        "sine=sample_rate=48000:duration=5",
        "-af",
        f"atrim=end_sample={SOUND.samples + off_by}",
    ]
    track = media.ffmpeg(trim, tmp_path / "a.m4a")
    # At as many frames a second as samples, any length can be ordered.
    as_long = SoundtrackOrder.model_validate(
        {**SOUND.model_dump(), "fps": 48_000, "frames": SOUND.samples + off_by}
    )
    facts = check.check_soundtrack(track, as_long)

    with pytest.raises(MediaError, match=rf"video x has sound of {seconds} s over pictures of 1\.000 s"):
        check.check_variant(_joined(tmp_path, made.segments, track), made.order, made.facts, facts, "video x")
