"""Which video or sound is this? One pass over all packets of its container, then a look at its pictures."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from cliptask.facts import SourceFacts
from cliptask_renderer.media.formats import DEMUXERS
from cliptask_renderer.probe.aperture import clean_aperture
from cliptask_renderer.probe.limits import ProbeLimits, check_pixels, refuse
from cliptask_renderer.probe.look import LookReader
from cliptask_renderer.probe.rhythm import Rhythm

S = TypeVar("S", VideoStream, AudioStream)

_MEDIA: Final = "MP4, MOV, MKV, WebM, MP3, WAV, Ogg, FLAC or AAC, or a PNG, JPEG, WebP or GIF picture"


def probe_container(path: Path, head: bytes, facts: SourceFacts, limits: ProbeLimits) -> SourceFacts:
    """The facts of a video or a sound. Raises ``SourceError`` for one that no task can use."""
    deadline = time.monotonic() + limits.seconds
    try:
        with _opened(path, limits) as container:
            scan = PacketScan(container, limits, deadline)
            scan.run()
            found: dict[str, object] = {"container": container.format.name.partition(",")[0]}
            sound = scan.chosen(container.streams.audio)
            if (video := scan.chosen(_videos(container))) is not None:
                found |= _video_facts(path, video, scan, limits, deadline)
            elif sound is not None:
                heard = scan.times[sound.index]
                found |= {"kind": "audio", "duration_s": heard.end_s - heard.start_s}
            else:
                refuse("it has neither moving pictures nor sound", "export it again")
            if sound is not None:
                found["sound_stream"] = sound.index
    except (av.error.FFmpegError, ValueError, OverflowError) as error:
        refuse(*_not_media(head, error), error)
    return facts.model_copy(update=found)


@contextmanager
def _opened(path: Path, limits: ProbeLimits) -> Iterator[InputContainer]:
    options = {
        "format_whitelist": DEMUXERS,
        "protocol_whitelist": "file",
        # Opening decodes some pictures to learn about them, before any check of ours.
        "max_pixels": str(limits.video_pixels),
        "threads": "1",
    }
    url = f"file:{path.absolute()}"  # as a path without file: a name could ask for another protocol
    with av.open(url, options=options, metadata_errors="replace", timeout=limits.seconds) as container:
        yield container


def _videos(container: InputContainer) -> list[VideoStream]:
    return [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]


def _not_media(head: bytes, error: Exception) -> tuple[str, str]:
    """What it looks like instead, and the remedy."""
    if isinstance(error, av.error.TimeoutError | av.error.ExitError):
        return "it takes too long to read", "export it again"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "it is an HTML page and no media", "check that the link leads to the file itself"
    if head[4:8] == b"ftyp":
        return "it is an MP4 that is cut short or damaged", "export or upload it again"
    if text and all(byte >= ord(" ") or byte in b"\t\r\n" for byte in text):
        return "it is text and no media", f"give the media itself, as {_MEDIA}"
    return "it is no media that can be read", f"convert it to {_MEDIA}"


def _video_facts(
    path: Path, stream: VideoStream, scan: PacketScan, limits: ProbeLimits, deadline: float
) -> dict[str, object]:
    times = scan.times[stream.index]
    rhythm = Rhythm.of(times.shown, times.last_length, times.base, stream.average_rate)
    is_mp4 = "mp4" in scan.container.format.name
    aperture = clean_aperture(path, stream.index) if is_mp4 else None
    with _opened(path, limits) as container:
        again = container.streams.video[_place(scan, stream)]
        reader = LookReader(container, again, limits, deadline, times.start_s, aperture)
        seen = reader.read(rhythm)
    rhythm = seen.rhythm
    start_us = round(times.start_s * 1_000_000) - (scan.container.start_time or 0)
    look = seen.look.model_copy(
        update={
            "stream": stream.index,
            "start_us": max(start_us, 0),
            "last_us": round(rhythm.last_s * 1_000_000),
        }
    )
    return {
        "kind": "video",
        "duration_s": rhythm.duration_s,
        "fps": rhythm.fps,
        "width": seen.width,
        "height": seen.height,
        "look": look,
    }


def _place(scan: PacketScan, stream: VideoStream) -> int:
    return [each.index for each in scan.container.streams.video].index(stream.index)


@dataclass
class Times:
    """When the packets of a stream are shown or heard, in its time base."""

    stream: Stream
    shown: list[int] = field(default_factory=list)
    """In order, once the scan has ended; without those that an edit list leaves out."""
    packets: int = 0
    """Those that are left out too."""
    _last: int = -1
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
        at = packet.dts if packet.pts is None else packet.pts
        if at is None or packet.is_discard:
            return
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
    limits: ProbeLimits
    deadline: float
    times: dict[int, Times] = field(default_factory=dict)
    """By the stream's index."""

    def run(self) -> None:
        """Read to the end. Raises ``SourceError`` where the file is cut short, too long or has nothing to show."""
        streams = self._streams()
        self.times = {stream.index: Times(stream) for stream in streams}
        for packet in self.container.demux(streams):
            if time.monotonic() > self.deadline:
                what = f"it takes more than {self.limits.seconds:.0f} s to read"
                refuse(what, "export it again, shorter or smaller")
            # A streamed WAV, whose header states no size, marks its last packet too.
            if packet.is_corrupt and self.container.format.name != "wav":
                _refuse_cut_short()
            if packet.size:
                times = self.times[packet.stream_index]
                times.add(packet)
                if times.span_s > self.limits.duration_s:
                    what = f"it is longer than the {self.limits.duration_s:.0f} s that are allowed"
                    refuse(what, "cut it")
        for times in self.times.values():
            times.shown.sort()
        self._check_complete()
        if not any(times.shown for times in self.times.values()):
            what = "pictures" if _videos(self.container) else "sound"
            refuse(f"its {what} last 0 s", "export it again")

    def _streams(self) -> list[VideoStream | AudioStream]:
        """Those that may be shown or heard. Raises ``SourceError`` where none is, or too many are."""
        counted = [stream for stream in self.container.streams if stream.type != "data"]
        if len(counted) > self.limits.streams:
            what = f"it has {len(counted)} streams, {self.limits.streams} are allowed"
            refuse(what, "export it with one of picture and one of sound")
        if not self.container.streams.audio and not _videos(self.container):
            refuse("it has neither moving pictures nor sound", "export it again")
        for video in _videos(self.container):
            check_pixels(video.width, video.height, self.limits.video_pixels, self.limits.side)
        return [*_videos(self.container), *self.container.streams.audio]

    def chosen(self, streams: Iterable[S]) -> S | None:
        """The stream that counts: the first that has packets, those that are marked as default before others."""
        filled = [stream for stream in streams if self.times[stream.index].shown]
        return min(filled, key=lambda stream: not stream.disposition & Disposition.default, default=None)

    def _check_complete(self) -> None:
        """A file that was cut off still states, in its index or header, what it should hold."""
        form = self.container.format.name
        for times in self.times.values():
            if "mp4" in form and times.packets < len(times.stream.index_entries):
                _refuse_cut_short()
        if form == "flac" or (form == "matroska,webm" and _videos(self.container)):
            stated_s = (self.container.duration or 0) / av.time_base
            last_s = max((each.end_s for each in self.times.values() if each.shown), default=0.0)
            if stated_s - last_s > max(0.5, stated_s * 0.02):
                _refuse_cut_short()


def _refuse_cut_short() -> NoReturn:
    refuse("it is cut short: parts that its header names are missing", "export or upload it again")
