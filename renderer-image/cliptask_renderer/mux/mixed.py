"""How is a part made of samples of several? By an index of its own before their bytes, which are copied as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cliptask.errors import MediaError
from cliptask_renderer.mux.movie import movie
from cliptask_renderer.mux.proof import prove
from cliptask_renderer.mux.tables import Chunk, Part, Track, runs
from cliptask_renderer.mux.tables import Run as Samples


@dataclass(frozen=True)
class Run:
    """Samples of a part of pictures in decoding order: whole groups, which need no others."""

    file: Path
    part: Part
    samples: range


def write_mixed(taken: Sequence[Run], file: Path, fps: int, what: str) -> None:
    """Write a part of these samples in a row.

    Raises ``MediaError`` where one of the runs does not begin and end with a group, or is encoded otherwise than the first.
    """
    made = movie([_alone(run, what) for run in taken])
    prove(made, sum(len(run.samples) for run in taken), fps, what)
    with file.open("wb") as output:
        output.write(made.head)
        for run in taken:
            track, places = run.part.track, run.part.track.places
            with run.file.open("rb") as source:
                for number in run.samples:
                    source.seek(places[number])
                    output.write(source.read(track.sizes[number]))


def _alone(run: Run, what: str) -> Part:
    """The samples of a run as a part that lies behind a header."""
    track, at = run.part.track, run.samples
    keys = {number - 1 for number in track.keyframes or range(1, len(track.sizes) + 1)}
    if at.start not in keys or at.stop not in keys | {len(track.sizes)}:
        message = f"{what} cannot be made of frames {at.start} to {at.stop}: no group of pictures begins or ends there"
        raise MediaError(message)
    sizes = track.sizes[at.start : at.stop]
    durations = _each(track.durations)[at.start : at.stop]
    alone = Track(
        kind=track.kind,
        timescale=track.timescale,
        entry=track.entry,
        sizes=sizes,
        durations=runs(durations),
        offsets=runs(_each(track.offsets)[at.start : at.stop]),
        keyframes=tuple(key - at.start + 1 for key in sorted(keys) if key in at),
        chunks=(Chunk(0, len(sizes)),),
        begin=track.begin,
        played=sum(durations),
    )
    return Part(sum(sizes), replace(alone, width=track.width, height=track.height, groups=track.groups))


def _each(counted: Sequence[Samples]) -> list[int]:
    return [run.value for run in counted for _ in range(run.samples)]
