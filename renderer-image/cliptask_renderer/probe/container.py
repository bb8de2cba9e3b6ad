"""Which video or sound is this? One pass over all packets of its container, then a look at its pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from cliptask.facts import SourceFacts
from cliptask_renderer.media.formats import DEMUXERS, MOST_LOST
from cliptask_renderer.probe.limits import ProbeLimits, check_time, refuse
from cliptask_renderer.probe.look import LookReader
from cliptask_renderer.probe.packets import LEEWAY_SOUND_S, STREAMED, PacketScan, cut_short, videos_of
from cliptask_renderer.probe.rhythm import Rhythm
from cliptask_renderer.probe.signature import MEDIA
from cliptask_renderer.probe.sound import hear
from cliptask_renderer.probe.whole import word_of
from cliptask_renderer.probe.word import Word

_ERRORS: Final[Sequence[tuple[type[Exception], str, str]]] = (
    (av.error.TimeoutError, "it takes too long to read", "export it again"),
    (av.error.ExitError, "it takes too long to read", "export it again"),
    (MemoryError, "it takes too much memory to read", "export it again, smaller"),
    (
        av.error.PatchWelcomeError,
        "its form changes midway, as where files are joined end to end",
        "export it again",
    ),
)
"""What those of ffmpeg's that tell something tell."""

_TAIL_S: Final = 2.0


def probe_container(path: Path, head: bytes, facts: SourceFacts, limits: ProbeLimits) -> SourceFacts:
    """The facts of a video or a sound. Raises ``SourceError`` for one that no task can use."""
    deadline = time.monotonic() + limits.seconds
    word = word_of(path, head)
    if word.lock:
        refuse(f"it is {word.lock}, and encrypted", "export it without protection")
    if word.is_dolby_alone:
        what = "its colours are Dolby Vision's own (profile 5), which other players show as green and violet"
        refuse(what, "export it as HDR10 or SDR")
    try:
        with opened(path, limits) as container:
            scan = PacketScan(container, word, facts.size_bytes, limits, deadline)
            scan.run()
            found: dict[str, object] = {"container": container.format.name.partition(",")[0]}
            sound = _sound_facts(path, scan, limits, deadline)
            videos = scan.ranked(videos_of(container))
            if videos:
                found |= sound | _video_facts(path, videos[0], scan, limits, deadline)
            elif sound:
                found |= {"kind": "audio", **sound}
            else:
                refuse("it has neither moving pictures nor sound", "export it again")
    # PyAV knows only the streams that a file has at its beginning.
    except (av.error.FFmpegError, ValueError, OverflowError, IndexError) as error:
        refuse(*_unreadable(word, facts.size_bytes, head, error), error)
    return facts.model_copy(update=found)


@contextmanager
def opened(path: Path, limits: ProbeLimits) -> Iterator[InputContainer]:
    """A file that is no other than it says. Raises PyAV's errors."""
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


def _unreadable(word: Word, size: int, head: bytes, error: Exception) -> tuple[str, str]:
    """What it looks like instead, and the remedy."""
    for kind, what, remedy in _ERRORS:
        if isinstance(error, kind):
            return what, remedy
    if word.missing or word.size_bytes > size:
        return cut_short(word, size)
    if head[4:8] == b"ftyp":
        return "it is an MP4 that is cut short or damaged", "export or upload it again"
    if not head.strip(b"\0"):
        return "it begins with zeros alone, as a file whose upload was interrupted", "upload it again"
    return "it is no media that can be read", f"convert it to {MEDIA}"


def _sound_facts(path: Path, scan: PacketScan, limits: ProbeLimits, deadline: float) -> dict[str, object]:
    """Of the first sound that can be decoded; nothing where there is none. Raises ``SourceError`` for one that is broken."""
    sounds = scan.ranked(scan.container.streams.audio)
    for stream in sounds:
        with opened(path, limits) as container:
            heard = hear(container, container.streams.audio[_place(scan, stream)], limits, deadline)
        # Between two packets, a reader passes over what it takes for junk.
        whole_s = (
            0.0 if videos_of(scan.container) else scan.word.duration_s * (1 - MOST_LOST) - LEEWAY_SOUND_S
        )
        if heard.is_whole and heard.duration_s >= whole_s:
            return {"sound_stream": stream.index, "duration_s": heard.duration_s}
        if heard.duration_s:
            what = f"its sound (codec: {_codec(stream)}) is damaged: too much of it cannot be decoded"
            refuse(what, "export it again")
    if sounds:
        codec = f"its sound (codec: {_codec(sounds[0])}) cannot be decoded"
        refuse(codec, "export it again, e.g. as AAC, or without sound")
    return {}


def _codec(stream: Stream) -> str:
    return stream.codec_context.name if stream.codec_context else "unknown"


def _video_facts(
    path: Path, stream: VideoStream, scan: PacketScan, limits: ProbeLimits, deadline: float
) -> dict[str, object]:
    times = scan.times[stream.index]
    rhythm = Rhythm.of(times.shown, times.last_length, times.base, stream.average_rate)
    with opened(path, limits) as container:
        again = container.streams.video[_place(scan, stream)]
        reader = LookReader(
            container, again, limits, deadline, times.start_s, scan.word.apertures.get(stream.index)
        )
        seen = reader.read(rhythm)
    if scan.container.format.name in STREAMED:
        _check_tail(path, scan, stream, limits, deadline)
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


def _check_tail(
    path: Path, scan: PacketScan, stream: VideoStream, limits: ProbeLimits, deadline: float
) -> None:
    """Decode the last pictures: a renderer would find out that they are broken when all others are encoded."""
    with opened(path, limits) as container:
        tail = container.streams.video[_place(scan, stream)]
        container.seek(round((scan.times[stream.index].end_s - _TAIL_S) * av.time_base))
        for packet in container.demux(tail):
            check_time(deadline, limits, "export it again")
            try:
                is_broken = any(frame.is_corrupt for frame in packet.decode())
            except av.error.FFmpegError:
                is_broken = True
            if is_broken:
                refuse("it is cut short: its last pictures are damaged", "export or upload it again")


def _place(scan: PacketScan, stream: VideoStream | AudioStream) -> int:
    """Among the streams of its kind."""
    kind = [each.index for each in scan.container.streams if each.type == stream.type]
    return kind.index(stream.index)
