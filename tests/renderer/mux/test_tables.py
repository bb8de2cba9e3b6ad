from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliptask.errors import MediaError
from cliptask_renderer.mux.boxes import box, children, places
from cliptask_renderer.mux.movie import movie
from cliptask_renderer.mux.proof import prove
from cliptask_renderer.mux.tables import Run, joined, read_part, runs
from support import frames as f
from support import joined as whole
from support import media


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventy frames at 30 a second: two keyframes."""
    folder = tmp_path_factory.mktemp("segment")
    source = f.encode(folder / "a.mp4", f.numbered(70))
    return f.make(f.order_of(f.video(frames=70)), folder, a=source)


@pytest.fixture(scope="module")
def soundtrack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second and a half."""
    return media.track(tmp_path_factory.mktemp("sound") / "a.m4a", 1.5)


@pytest.mark.parametrize("name", ["segment", "soundtrack"])
def test_a_part_is_read_as_its_packets_are(name: str, request: pytest.FixtureRequest) -> None:
    """A video's header would send a player to the wrong bytes, or at the wrong time."""
    file: Path = request.getfixturevalue(name)

    track = whole.part(file).track

    with av.open(str(file)) as container:
        stream = container.streams[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert (track.width, track.height) == ((96, 160) if name == "segment" else (0, 0))
        assert track.timescale == 1 / (stream.time_base or 1)
        assert track.entry.find(stream.codec_context.extradata or b"") > 0
    assert track.sizes == tuple(packet.size for packet in packets)
    assert track.places == tuple(packet.pos for packet in packets)
    keys = tuple(number for number, packet in enumerate(packets, 1) if packet.is_keyframe)
    assert (track.keyframes or tuple(range(1, len(packets) + 1))) == keys
    decoded = [(packet.dts or 0) + track.begin for packet in packets]
    durations = [run.value for run in track.durations for _ in range(run.samples)]
    assert [after - before for before, after in pairwise(decoded)] == durations[:-1]


def test_the_played_length_is_that_of_the_edit_list(segment: Path, soundtrack: Path) -> None:
    """Sound would be heard before its beginning, or longer than it lasts."""
    pictures, sound = whole.part(segment).track, whole.part(soundtrack).track

    assert (pictures.played, pictures.duration) == (70 * 3000, 70 * 3000)
    assert (sound.begin, sound.played) == (1024, sound.timescale * 3 // 2)


def test_a_file_that_ends_before_its_samples_is_refused(segment: Path) -> None:
    """Half of a file would be joined as a whole one."""
    content = segment.read_bytes()
    with segment.open("rb") as file:
        index = next(place for kind, place in places(file) if kind == b"moov")

    with pytest.raises(MediaError, match=r"ends after 1,\d\d\d bytes, before its samples do"):
        read_part(content[index.start : index.stop], 1500, "the segment")


def test_several_tracks_or_none_are_refused(segment: Path) -> None:
    """A file of somebody else's would be taken for a part."""
    content = segment.read_bytes()
    moov = next(content for kind, content in children(content) if kind == b"moov")
    trak = next(box(kind, content) for kind, content in children(moov) if kind == b"trak")

    for index, count in ((moov + trak, 2), (b"", 0)):
        with pytest.raises(MediaError, match=f"has {count} tracks where one belongs"):
            read_part(index, len(content), "the segment")


@settings(max_examples=500)
@given(
    at=st.integers(0, 100_000),
    new=st.binary(min_size=1, max_size=4) | st.sampled_from([bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff"]),
    drop=st.integers(0, 8),
)
def test_a_damaged_index_is_refused_or_read_and_nothing_else(
    segment: Path, at: int, new: bytes, drop: int
) -> None:
    """A flipped bit on a disk would end in a traceback, or take the machine's memory."""
    content = segment.read_bytes()
    moov = next(content for kind, content in children(content) if kind == b"moov")
    at %= len(moov)

    with suppress(MediaError):
        part = read_part(moov[:at] + new + moov[at + drop :], len(content), "the segment")
        assert sum(part.track.sizes) <= len(content) * 70
        prove(movie([part]), 70, 30, "the video")


@given(st.lists(st.lists(st.integers(0, 3))))
def test_runs_in_a_row_are_the_runs_of_the_row(parts: list[list[int]]) -> None:
    """Times of a joined video would differ from those of its parts."""
    assert joined(map(runs, parts)) == runs(value for part in parts for value in part)
    assert sum(run.samples for run in joined(map(runs, parts))) == sum(map(len, parts))
    assert Run(1, 2) in joined([[Run(1, 2)]])


@pytest.mark.parametrize(
    ("table", "at"), [(b"stsz", 4), (b"stsz", 8), (b"stsc", 8), (b"stsc", 12), (b"stts", 8), (b"stco", 4)]
)
def test_a_number_of_billions_is_refused_at_once(segment: Path, table: bytes, at: int) -> None:
    """One flipped bit would take all of the machine's memory, and of its time."""
    content = segment.read_bytes()
    moov = next(content for kind, content in children(content) if kind == b"moov")
    place = moov.index(table) + 4 + at

    with pytest.raises(MediaError), memory_limit():
        read_part(moov[:place] + b"\xff\xff\xff\xf0" + moov[place + 4 :], len(content), "the segment")


@contextmanager
def memory_limit() -> Iterator[None]:
    """Fail beyond 2 GB more than there is."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
