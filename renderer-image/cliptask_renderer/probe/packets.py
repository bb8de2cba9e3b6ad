"""What do the packets of a file say? One pass over all of them, in which nothing is decoded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from cliptask_renderer.probe.limits import ProbeLimits, check_pixels, check_time, refuse
from cliptask_renderer.probe.word import Word

S = TypeVar("S", VideoStream, AudioStream)

_NO_PICTURES: Final = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_BESIDE: Final = (
    Disposition.comment | Disposition.hearing_impaired | Disposition.visual_impaired | Disposition.descriptions
    | Disposition.dub | Disposition.karaoke | Disposition.clean_effects | Disposition.dependent
)  # fmt: skip
"""What is there for some viewers only."""

_LEEWAY_S: Final = 0.5
LEEWAY_SOUND_S: Final = 0.25
_LEEWAY: Final = 0.02
_LEEWAY_EXACT_S: Final = 0.1
"""By how much a file may hold less than it says, in seconds or as a part: last pictures state no length, encoders pad."""

_WITH_STATED_LENGTH: Final = frozenset({"flv", "aiff", "caf"})
"""Whose readers never guess a length."""

STREAMED: Final = frozenset({"mpegts", "mpeg"})
"""What is made to be sent: its clock may begin anew, and it may end anywhere."""
_JUMP_BACK_S: Final = 0.1
_JUMP_AHEAD_S: Final = 10.0
"""From when on ffmpeg takes a step for a jump, and closes it."""

_MOST_SAID: Final = 10**15
"""What a header may say is repeated up to this: it may be anything."""


@dataclass
class Times:
    """When the packets of a stream are shown or heard, in its time base."""

    stream: Stream
    shown: list[int] = field(default_factory=list)
    """In order, once the scan has ended; without those that an edit list leaves out."""
    packets: int = 0
    """Those that are left out too."""
    key_at: int | None = None
    """When the first picture is shown that needs no other."""
    corrupt_at_s: float | None = None
    """How much was there when parts of a packet were missing."""
    jump_at_s: float | None = None
    """When the clock jumped, after so many seconds."""
    _last: int = -1
    _decoded: int | None = None
    """When the last packet was to be decoded."""
    last_length: int = 0
    """Of the packet that ends last; 0 where the file does not say."""

    @property
    def base(self) -> Fraction:
        """Seconds in one of the units that times are given in."""
        return self.stream.time_base or Fraction(1, av.time_base)

    @property
    def start_s(self) -> float:
        """When the first packet begins, in seconds."""
        return float(self.shown[0] * self.base)

    @property
    def end_s(self) -> float:
        """When the last packet ends, in seconds."""
        return float((self._last + self.last_length) * self.base)

    def add(self, packet: Packet[Stream]) -> None:
        """Count a packet."""
        self.packets += 1
        if packet.dts is not None:
            if self._decoded is not None and self.jump_at_s is None:
                step_s = float((packet.dts - self._decoded) * self.base)
                if not -_JUMP_BACK_S <= step_s <= _JUMP_AHEAD_S:
                    self.jump_at_s = self.span_s
            self._decoded = packet.dts
        at = packet.dts if packet.pts is None else packet.pts
        if at is None or packet.is_discard:
            return
        if self.key_at is None and packet.is_keyframe:
            self.key_at = at
        self.shown.append(at)
        if at >= self._last or len(self.shown) == 1:
            self._last, self.last_length = at, packet.duration or 0

    @property
    def span_s(self) -> float:
        """From the first to the end of the last that has been counted, in seconds."""
        return self.end_s - self.start_s if self.shown else 0.0


@dataclass
class PacketScan:
    """One pass over all packets of a file; nothing is decoded."""

    container: InputContainer
    word: Word
    size: int
    limits: ProbeLimits
    deadline: float
    times: dict[int, Times] = field(default_factory=dict)
    """By the stream's index."""

    def run(self) -> None:
        """Read to the end. Raises ``SourceError`` where the file is cut short, too long or has nothing to show."""
        streams = self._streams()
        self.times = {stream.index: Times(stream) for stream in streams}
        for packet in self.container.demux(streams):
            check_time(self.deadline, self.limits, "export it again, shorter or smaller")
            if packet.size:
                times = self.times[packet.stream_index]
                times.add(packet)
                if packet.is_corrupt and times.corrupt_at_s is None:
                    times.corrupt_at_s = times.span_s
                if times.span_s > self.limits.duration_s and not self._jumps(times):
                    what = f"it is longer than the {self.limits.duration_s:.0f} s that are allowed"
                    refuse(what, "cut it")
        for times in self.times.values():
            self._finish(times)
        self._check_complete()
        if not any(times.shown for times in self.times.values()):
            what = "pictures" if videos_of(self.container) else "sound"
            refuse(f"its {what} last 0 s", "export it again")

    def _finish(self, times: Times) -> None:
        times.shown.sort()
        if self._jumps(times) and videos_of(self.container):
            what = f"its clock jumps after {times.jump_at_s:.1f} s, as where files are joined end to end"
            refuse(what, "export it again, as an MP4")
        # What is cut out of a broadcast begins with pictures whose beginnings are missing: nobody can show them.
        if self._is_streamed and times.key_at is not None:
            times.shown = times.shown[bisect_left(times.shown, times.key_at) :]

    @property
    def _is_streamed(self) -> bool:
        return self.container.format.name in STREAMED

    def _jumps(self, times: Times) -> bool:
        return self._is_streamed and times.jump_at_s is not None

    def _streams(self) -> list[VideoStream | AudioStream]:
        """Those that may be shown or heard. Raises ``SourceError`` where none is, or too many are."""
        streams: list[VideoStream | AudioStream] = [*videos_of(self.container), *self.container.streams.audio]
        if len(streams) > self.limits.streams:
            what = f"it has {len(streams)} streams of pictures and sound, {self.limits.streams} are allowed"
            refuse(what, "export it with one of each")
        if not streams:
            refuse("it has neither moving pictures nor sound", "export it again")
        for video in videos_of(self.container):
            if video.codec_context is None:
                continue  # of an unknown codec; whoever looks at it says so
            check_pixels(video.width, video.height, self.limits.video_pixels, self.limits.side)
        return streams

    def ranked(self, streams: Iterable[S]) -> list[S]:
        """Those that have packets. What is there for everybody comes first, then what is marked as default, then the first."""
        filled = [stream for stream in streams if self.times[stream.index].shown]
        return sorted(
            filled,
            key=lambda each: (bool(each.disposition & _BESIDE), not each.disposition & Disposition.default),
        )

    def _check_complete(self) -> None:
        """A file that was cut off still states, in its index or header, what it should hold."""
        form, word = self.container.format.name, self.word
        held_s = max((each.end_s for each in self.times.values() if each.shown), default=0.0)
        stated_s = word.duration_s
        if form in _WITH_STATED_LENGTH:
            stated_s = (self.container.duration or 0) / av.time_base
        leeway_s = max(_LEEWAY_S if videos_of(self.container) else LEEWAY_SOUND_S, stated_s * _LEEWAY)
        is_short = stated_s - held_s > (_LEEWAY_EXACT_S if word.is_exact else leeway_s)
        is_short |= word.size_bytes > self.size or word.missing is not None
        for times in self.times.values():
            is_short |= "mp4" in form and times.packets < len(times.stream.index_entries)
        if is_short:
            refuse(*cut_short(word, self.size, stated_s, held_s))
        for times in self.times.values():
            if times.corrupt_at_s is None:
                continue
            # What states no length may end in the middle of a sound's packet, a streamed WAV always does.
            is_picture = times.stream.type == "video"
            if is_picture or times.span_s - times.corrupt_at_s > _LEEWAY_S:
                kind = "pictures" if is_picture else "sound"
                what = f"parts of its {kind} are missing or damaged after {times.corrupt_at_s:.1f} s"
                refuse(what, "export or upload it again")


def videos_of(container: InputContainer) -> list[VideoStream]:
    """Those that are shown: covers and thumbnails are not."""
    return [s for s in container.streams.video if not s.disposition & _NO_PICTURES]


def cut_short(word: Word, size: int, stated_s: float = 0.0, held_s: float = 0.0) -> tuple[str, str]:
    """Why a file is taken for a broken upload, and the remedy."""
    if held_s > 0 and f"{stated_s:.1f}" != f"{held_s:.1f}" and stated_s > held_s:
        evidence = f"it says {min(stated_s, _MOST_SAID):.1f} s and holds {held_s:.1f} s"
    elif word.size_bytes > size:
        evidence = f"it says {min(word.size_bytes, _MOST_SAID):,} bytes and has {size:,}"
    elif word.missing:
        evidence = f"{word.missing} is missing"
        if held_s > 0:
            evidence += f", it holds {held_s:.1f} s"
    else:
        evidence = "parts that its header names are missing"
    return f"it is cut short: {evidence}", "export or upload it again"
