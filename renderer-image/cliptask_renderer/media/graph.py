"""How does a command of ffmpeg come together, and how does it take exactly the wanted pictures of a video?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cliptask.facts import Look
from cliptask.names import called
from cliptask.orders import Cut, Profile, SegmentOrder
from cliptask_renderer.media import ffmpeg
from cliptask_renderer.media.fit import tags, to_bt709
from cliptask_renderer.media.formats import is_streamed

TURNS = {90: "transpose=clock,", 180: "hflip,vflip,", 270: "transpose=cclock,"}

SEEK_MARGIN_S = 2
"""Decoding starts this long before the first wanted frame, so that rounding to frames has its neighbours."""

LEAN = 0.2
"""Of a frame. Where a source has two pictures for each of ours, every second one lies exactly between two of ours, and
timestamps in milliseconds or a camera's unsteady clock would let chance decide which is shown: motion would judder."""

SECONDS_PER_FRAME_LIMIT = 5.0
"""A 4096x4096 HDR frame takes about one second here; the limit catches what hangs, not what is slow."""


@dataclass
class Graph:
    """An ffmpeg command in the making: what it is for, its inputs and its filter graph, link by link."""

    order: SegmentOrder
    sources: Mapping[str, Path]
    work: Path
    places: Mapping[str, str]
    inputs: list[ffmpeg.Input] = field(default_factory=list)
    chains: list[str] = field(default_factory=list)
    feed: Iterable[bytes] | None = None
    clocks: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        """Another one for each chain."""
        return len(self.chains) + len(self.inputs)

    def add(self, source: ffmpeg.Input) -> int:
        """Its number, by which chains name it."""
        self.inputs.append(source)
        return len(self.inputs) - 1

    def run(self, *output: str, limit_s: float) -> str:
        """Make an output of the link ``[out]``; returns and raises as ``ffmpeg.run``."""
        graph = ["-filter_complex", ";".join(self.chains), "-map", "[out]"]
        arguments = [*self.clocks, *ffmpeg.VERBOSE, *graph, *output]
        return ffmpeg.run(
            self.inputs,
            arguments,
            what=named(self.order, self.places),
            limit_s=limit_s,
            feed=self.feed,
            folder=self.work,
        )


def named(order: SegmentOrder, places: Mapping[str, str]) -> str:
    """What errors call it."""
    return ", in the transition to ".join(called("clip", cut.source, places) for cut in order.cuts)


def wanted(graph: Graph, cut: Cut, profile: Profile) -> str:
    """Exactly the wanted frames, in colours that the scaler knows."""
    chain, index = decoded(graph, cut, profile.fps)
    return chain + known_colours(graph, cut, profile, index)


def known_colours(graph: Graph, cut: Cut, profile: Profile, index: int) -> str:
    """What brings the pictures of an input there, as ``to_bt709``."""
    return to_bt709(cut.look or Look(), profile, graph.work / f"colours{index}.csp")


def decoded(graph: Graph, cut: Cut, fps: int) -> tuple[str, int]:
    """Exactly the wanted frames as they are, and their input. What comes before them is skipped by seeking to a whole second, where it is long."""
    look = cut.look or Look()
    file = graph.sources[cut.source]
    # What is made to be sent has no index: it would be sought at any picture, and shown from the next whole one on.
    # In seconds as they are played, so that a whole number of frames is skipped.
    seek_s = 0 if is_streamed(file) else max(cut.first_frame // fps - SEEK_MARGIN_S, 0)
    # Not "accurate", which drops the picture that is on screen when the seek's second begins: a source may rest on it.
    options = ["-noaccurate_seek", "-ss", f"{seek_s * cut.speed:.6f}"] if seek_s else []
    options += [f"-c:{look.stream}", look.decoder] if look.decoder else []
    options += [f"-display_rotation:{look.stream}", "0"] if look.rotation else []
    index = graph.add(ffmpeg.media(file, *options))
    graph.clocks += ffmpeg.whole_clock(file, index, look.stream)
    first = cut.first_frame - seek_s * fps
    last = int(look.last_us * fps / (1_000_000 * cut.speed)) + 2
    times = f"(PTS-({look.start_us / 1_000_000:.6f})/TB)/{cut.speed}+({LEAN / fps:.6f})/TB"
    chain = (
        f"[{index}:{look.stream}]{_whole_pictures(look)}setpts=round({times}),fps={fps}:start_time=0,"
        f"tpad=stop={last}:stop_mode=clone,trim=start_frame={first}:end_frame={first + cut.frames},{tags(look)}"
    )
    return chain, index


def _whole_pictures(look: Look) -> str:
    """Each field as a picture of its own, at its own time, of which the wanted ones are taken: motion stays as smooth as it was."""
    if look.scan == "progressive":
        return ""
    if look.scan == "flagged":
        return f"bwdif=mode=send_field:deint=interlaced,{TURNS.get(look.rotation, '')}"
    return f"setfield={look.scan},bwdif=mode=send_field,{TURNS.get(look.rotation, '')}"
