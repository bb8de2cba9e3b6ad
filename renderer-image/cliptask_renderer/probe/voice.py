"""What is heard while a video is seen, in the one form in which it is written down? From its first picture to its last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av.error
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from cliptask.facts import SourceFacts
from cliptask_renderer.probe.container import opened
from cliptask_renderer.probe.limits import ProbeLimits, check_time, refuse
from cliptask_renderer.probe.samples import RATE, SAMPLE_BYTES

_JITTER_S: Final = 0.02
"""Times of packets are rounded, to milliseconds by some recorders; what is farther apart is a gap."""


def write_voice(path: Path, target: Path, facts: SourceFacts, limits: ProbeLimits) -> None:
    """Write the samples of a video's sound to ``target``, raw: the first belongs to the first picture, however the file's clocks run.

    Raises ``SourceError`` for a file that is no longer what its ``facts`` say.
    """
    deadline = time.monotonic() + limits.seconds
    heard = bytearray(round(facts.duration_s * RATE) * SAMPLE_BYTES)
    try:
        with opened(path, limits) as container:
            stream = container.streams[facts.sound_stream or 0]
            if not isinstance(stream, AudioStream):
                refuse("its sound is gone", "upload it again")
            begin_s = ((container.start_time or 0) + (facts.look.start_us if facts.look else 0)) / 1_000_000
            for at_s, samples in _runs(container, stream, limits, deadline):
                _place(heard, round((at_s - begin_s) * RATE) * SAMPLE_BYTES, samples)
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        refuse("its sound cannot be read", "export it again", error)
    target.write_bytes(heard)


def _runs(
    container: InputContainer, stream: AudioStream, limits: ProbeLimits, deadline: float
) -> Iterator[tuple[float, bytearray]]:
    """What follows each other without a gap and in one form, and when it begins by the file's clock."""
    begin_s, end_s, form, samples = 0.0, 0.0, None, bytearray()
    resampler = _resampler()
    for frame in _frames(container, stream, limits, deadline):
        own, at_s = (frame.format.name, frame.layout.name, frame.sample_rate), frame.time
        if own != form or (at_s is not None and abs(at_s - end_s) > _JITTER_S):
            if form is not None:
                yield begin_s, samples + _resampled(resampler, None)
            begin_s = end_s = end_s if at_s is None else at_s
            form, samples, resampler = own, bytearray(), _resampler()
        frame.pts = None  # what was in time is not stretched
        samples += _resampled(resampler, frame)
        end_s += frame.samples / frame.sample_rate
    if form is not None:
        yield begin_s, samples + _resampled(resampler, None)


def _frames(
    container: InputContainer, stream: AudioStream, limits: ProbeLimits, deadline: float
) -> Iterator[AudioFrame]:
    if stream.codec_context is not None:
        stream.codec_context.thread_count = 1
    for packet in container.demux(stream):
        check_time(deadline, limits, "export it again, shorter or smaller")
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue  # players pass over it, and a gap is left
        yield from (frame for frame in frames if isinstance(frame, AudioFrame) and frame.sample_rate)


def _resampler() -> AudioResampler:
    return AudioResampler("s16", "mono", RATE)


def _resampled(resampler: AudioResampler, frame: AudioFrame | None) -> bytes:
    """A frame's samples, as far as they are ready; with None the last ones."""
    return b"".join(
        bytes(each.planes[0])[: each.samples * SAMPLE_BYTES] for each in resampler.resample(frame)
    )


def _place(heard: bytearray, at: int, samples: bytearray) -> None:
    """Copy samples to where they belong, as far as that is there."""
    first, last = max(at, 0), min(at + len(samples), len(heard))
    if first < last:
        heard[first:last] = samples[first - at : last - at]
