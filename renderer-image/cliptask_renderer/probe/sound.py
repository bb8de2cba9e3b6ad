"""Can a sound be heard to its end, and how long is it? All of it is decoded, once, and nothing of it kept."""

from __future__ import annotations

from dataclasses import dataclass

import av.error
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from cliptask import recipe
from cliptask_renderer.media.formats import MOST_LOST
from cliptask_renderer.probe.limits import ProbeLimits, check_time, refuse

_LEAST = 16
"""Packets that a sound may lose of which there are few: the first and the last may be parts."""


@dataclass
class Hearing:
    """What decoding a sound has brought."""

    duration_s: float = 0.0
    """Of its samples alone: what a decoder adds before and after is not counted, gaps are not either."""
    packets: int = 0
    lost: int = 0
    """Packets that cannot be decoded."""

    @property
    def is_whole(self) -> bool:
        """Whether players would play it: they pass over a little that cannot be decoded."""
        return self.duration_s > 0 and self.lost <= max(self.packets, _LEAST) * MOST_LOST


def hear(container: InputContainer, stream: AudioStream, limits: ProbeLimits, deadline: float) -> Hearing:
    """Decode one stream of a container that nothing has been read of. Raises ``SourceError`` where that takes too long."""
    heard, form = Hearing(), None
    if stream.codec_context is None:
        return heard
    stream.codec_context.thread_count = 1
    for packet in container.demux(stream):
        check_time(deadline, limits, "export it again, shorter or smaller")
        heard.packets += packet.size > 0
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            heard.lost += packet.size > 0
            continue
        for frame in frames:
            if isinstance(frame, AudioFrame) and frame.sample_rate:
                heard.duration_s += frame.samples / frame.sample_rate
                if (own := (frame.format.name, frame.layout.name, frame.sample_rate)) != form:
                    form = own
                    _check_mixable(frame)
    return heard


def _check_mixable(frame: AudioFrame) -> None:
    """Raise ``SourceError`` for channels that nobody knows how to mix down, such as a sphere of sound."""
    try:
        AudioResampler("fltp", "stereo", recipe.SAMPLE_RATE).resample(frame)
    except (av.error.FFmpegError, ValueError) as error:
        refuse(
            f"its sound has channels that cannot be mixed ({frame.layout.name})", "export it in stereo", error
        )
