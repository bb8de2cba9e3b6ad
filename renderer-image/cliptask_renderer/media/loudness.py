"""How much louder must a mix become? Measured by ITU-R BS.1770-4 (ffmpeg's ebur128), reckoned where that is exact."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from cliptask.errors import MediaError

CEILING = 0.794
"""-2 dBFS of samples; the waveform between them and the encoder add less than 1 dB, so -1 dBTP holds."""

_CEILING_DBFS = -2.0

_SILENCE_LUFS = -70.0
"""The absolute gate: what ebur128 reports when nothing was loud enough, or long enough (0.4 s)."""

_MOST_GAIN_DB = 30.0
"""Music at 0.05 needs about this much. What needs more is noise, and is better left quiet."""

_LEVEL_LUFS = -16.0
"""To which every source of a balanced mix is brought before its volume: of a voice that leaves room for its peaks."""

NOISE_LUFS = -46.0
"""A clip's own sound that is quieter is a room, or its camera's hiss: 30 dB below a voice."""

QUIETEST_LUFS = -60.0
"""Of a track or a recording, which somebody has chosen to be heard."""

_READ_TO = 0.1
"""Both readings are rounded to so much."""

_BEYOND_DB = (0.0, 1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0)
"""A limiter takes a part of each gain: so much more than without one is tried, all at once."""


class Loudness(NamedTuple):
    """What a mix was measured to have."""

    lufs: float
    """Integrated; -70 or less where there is nothing to hear."""
    peak_dbfs: float
    """Of its samples."""


def measure(number: int = 0) -> str:
    """The filter that measures, one of several in a run of ffmpeg."""
    return f"ebur128@loudness{number}=framelog=quiet:peak=sample"


def read(log: str, number: int = 0) -> Loudness:
    """What ``measure`` of this number has printed. Raises ``MediaError`` where it has printed nothing."""
    found = re.search(rf"ebur128@loudness{number}\b.*? I: +(\S+) LUFS.*? Peak: +(\S+) dBFS", log, re.DOTALL)
    if found is None:
        message = f"the mix could not be measured: {log[-500:]}"
        raise MediaError(message)
    return Loudness(float(found[1]), float(found[2]))


def balancing_db(heard: Loudness, quietest_lufs: float) -> float:
    """What brings one source of a mix to the level of the others; 0 for what is quieter, or too short to be measured."""
    return _LEVEL_LUFS - heard.lufs if heard.lufs > quietest_lufs else 0.0


def lost_db(given: Loudness, heard: Loudness) -> float:
    """How much quieter something has become; 0 where one of the two is silence."""
    is_heard = min(given.lufs, heard.lufs) > _SILENCE_LUFS
    return given.lufs - heard.lufs if is_heard else 0.0


def gain_db(heard: Loudness, wanted_lufs: float, limited: Callable[[Sequence[float]], list[float]]) -> float:
    """What brings a mix to its loudness, at most 30; 0 for silence, which nothing makes louder.

    ``limited`` is asked only where that gain would reach the ceiling: how loud (LUFS) does the mix become with each of
    these gains and a limiter behind it?
    """
    if not heard.lufs > _SILENCE_LUFS:  # -inf and nan too
        return 0.0
    plain = min(wanted_lufs - heard.lufs, _MOST_GAIN_DB)
    if heard.peak_dbfs + plain <= _CEILING_DBFS - _READ_TO:
        return plain
    gains = sorted({min(plain + more, _MOST_GAIN_DB) for more in _BEYOND_DB})
    return _between(gains, limited(gains), wanted_lufs)


def _between(gains: Sequence[float], reached: Sequence[float], wanted: float) -> float:
    """The gain of a wanted loudness on the line through these points; the nearest where none of them reach it."""
    for (low, quiet), (high, loud) in pairwise(zip(gains, reached, strict=True)):
        if quiet <= wanted <= loud and loud > quiet:
            return low + (high - low) * (wanted - quiet) / (loud - quiet)
    return gains[0] if wanted <= reached[0] else gains[-1]
