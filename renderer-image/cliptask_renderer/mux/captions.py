"""How are captions samples of a track? As timed text (3GPP TS 26.245): each a length and its letters, empty where nobody speaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from cliptask_renderer.mux.boxes import box

if TYPE_CHECKING:
    from cliptask.captions import Cue  # Unicode's tables

TIMESCALE = 1000
"""Cues have whole milliseconds."""

_WHITE = b"\xff\xff\xff\xff"
_STYLE = b"\0\0\0\0" + b"\0\1" + b"\0\x10" + _WHITE
"""Of all letters: the first font, upright, 16 high, white."""

ENTRY = box(
    b"tx3g",
    bytes(6) + b"\0\1",
    bytes(4) + b"\1\xff" + b"\0\0\0\xff" + bytes(8) + _STYLE,
    box(b"ftab", b"\0\1\0\1\5Arial"),
)
"""Centred at the bottom, in a font that every player replaces by its own."""


class TextSample(NamedTuple):
    """What is shown for a while."""

    content: bytes
    duration: int
    """In ticks of ``TIMESCALE``."""


def text_samples(cues: Sequence[Cue], end: int) -> tuple[TextSample, ...]:
    """Samples from the video's beginning to its ``end``, in ticks, without a gap; none where there is no cue.

    The last is empty where the video goes on after its last cue: MediaInfo, told to read everything, reads no track
    beyond the end of the shortest.
    """
    samples: list[TextSample] = []
    at = 0
    for cue in cues:
        start, stop = round(cue.start_s * TIMESCALE), round(cue.end_s * TIMESCALE)
        if start > at:
            samples.append(_sample("", start - at))
        samples.append(_sample("\n".join(cue.lines), stop - start))
        at = stop
    if samples and end > at:
        samples.append(_sample("", end - at))
    return tuple(samples)


def _sample(text: str, duration: int) -> TextSample:
    letters = text.encode()
    return TextSample(len(letters).to_bytes(2) + letters, duration)
