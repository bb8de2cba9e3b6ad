from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from cliptask.captions import Cue
from support import frames as f
from support import joined, media
from support.readers import Sample, by_mediainfo, by_mp4box

CUES = (Cue(0.2, 0.5, ("Spring is here",)), Cue(0.5, 1.0, ("Welcome é",)))


@dataclass(frozen=True)
class Video:
    """What it is made of, and the file."""

    segments: tuple[Path, ...]
    soundtrack: Path | None
    cues: tuple[Cue, ...]
    file: Path


KINDS = {
    "one segment, silent": (("a",), None, ()),
    "three segments with sound": (("a", "b", "c"), "long", ()),
    "soft captions that end before it": (("a", "b", "c"), "long", CUES),
    "one segment twice": (("a", "b", "a"), "long", ()),
    "single frames": (("one", "one", "one"), None, ()),
    "many segments": (("a", "b", "c") * 10, "longest", CUES),  # MediaInfo, asked first, counts to 1,024
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Segments of 40, 20, 40 frames and of one, and soundtracks for 100 and for 1,000."""
    folder = tmp_path_factory.mktemp("parts")
    source = f.encode(folder / "source.mp4", f.numbered(100))
    cuts = {"a": (0, 40), "b": (40, 20), "c": (60, 40), "one": (7, 1)}
    made = {
        name: f.make(f.order_of(f.video(first=first, frames=count)), folder, a=source)
        for name, (first, count) in cuts.items()
    }
    long, longest = media.track(folder / "long.m4a", 100 / 30), media.track(folder / "longest.m4a", 1000 / 30)
    return made | {"long": long, "longest": longest}


@pytest.fixture(params=KINDS)
def video(request: pytest.FixtureRequest, files: dict[str, Path], tmp_path: Path) -> Video:
    """Each kind of video."""
    names, sound, cues = KINDS[request.param]
    segments, soundtrack = tuple(files[name] for name in names), files[sound] if sound else None
    return Video(
        segments,
        soundtrack,
        cues,
        joined.join(tmp_path / "v.mp4", segments, soundtrack, cues, "eng" if cues else None),
    )


def test_an_independent_reader_extracts_the_samples_of_the_parts(video: Video) -> None:
    """Our header would lead others elsewhere than it leads ffmpeg, which forgives much."""
    reading = by_mp4box(video.file)

    pictures, *others = reading.tracks
    assert (reading.boxes, pictures.kind) == (("ftyp", "moov", "mdat"), "video")
    assert pictures.samples == samples(video.segments)
    assert [track.kind for track in others] == [
        *["audio" for _ in filter(None, [video.soundtrack])],
        *["subtitles" for _ in video.cues[:1]],
    ]
    if video.soundtrack:
        assert others[0].samples == samples([video.soundtrack])
    assert {track.language for track in others} <= {"eng" if video.cues else "und"}
    assert all(track.count == len(track.samples) for track in reading.tracks)


def test_an_independent_reader_complains_of_nothing_that_ffmpeg_would_not_be_blamed_for(
    video: Video, tmp_path: Path
) -> None:
    """A box that is wrong, unknown or missing would be passed over by one reader and stop another."""
    theirs = joined.joined_by_ffmpeg(tmp_path / "theirs.mp4", video.segments, video.soundtrack)

    font_list_of_captions = {"[BoxParser] Unknown box type: 'ftab'"} if video.cues else set()
    assert by_mp4box(video.file).complaints <= by_mp4box(theirs).complaints | font_list_of_captions


def test_a_reader_that_scans_all_bytes_counts_every_picture(video: Video) -> None:
    """An index within the mdat, or captions that end early, would be taken for the end of the video."""
    whole, pictures, *others = by_mediainfo(video.file)

    frames = len(samples(video.segments))
    assert (whole["isstreamable"], pictures["frame_count"]) == ("Yes", str(frames))
    assert [track["duration"] for track in (whole, pictures)] == [
        pytest.approx(frames * 1000 / 30, abs=1)
    ] * 2
    for track in others:
        assert track["duration"] == pytest.approx(frames * 1000 / 30, abs=22)  # a frame of AAC
    assert not [name for track in (whole, pictures, *others) for name in track if "conformance" in name]


def samples(parts: Sequence[Path]) -> tuple[Sample, ...]:
    """The packets of the parts' files one after the other, on one clock."""
    found: list[Sample] = []
    begin = 0
    for part in parts:
        track = joined.part(part).track
        with av.open(str(part)) as container:
            packets = [packet for packet in container.demux(container.streams[0]) if packet.size]
        found += [
            Sample(
                begin + (packet.dts or 0) + track.begin,
                begin + (packet.pts or 0) + track.begin,
                packet.duration or 0,
                bool(packet.is_keyframe),
                hashlib.md5(bytes(packet), usedforsecurity=False).hexdigest(),
            )
            for packet in packets
        ]
        begin += track.duration
    return tuple(found)
