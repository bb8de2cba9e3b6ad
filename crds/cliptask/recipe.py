"""How is everything encoded? Constants that are part of every content key: another value makes another file."""

from __future__ import annotations

from typing import Final

VERSION: Final = 7
"""Raise it when the code makes other frames or samples from the same order: fonts, filters, effects, mixes."""

PRESET: Final = "superfast"
CRF: Final = 19.4
X264_TUNING: Final = (
    "subme=0:partitions=none:bframes=3:b-adapt=0:mbtree=1:rc-lookahead=7:weightp=0:aq-mode=2:aq-strength=0.7"
)
"""What superfast lacks most: a few pictures of foresight, and bits spread by how busy a picture is; without what costs more time than
a lower CRF. Chosen by ``bench.py presets``: the least CPU time that reaches the VMAF of medium, CRF 23, in at most 1.3 of its size."""
X264_FORM: Final = "open-gop=0:stitchable=1:cpu-independent=1"
"""Closed GOPs, one set of parameters for every segment, and the same bits on every processor."""
THREADS: Final = 2
"""x264's output depends on its number of threads, so more cores run more encodes side by side instead."""

TIMESCALE: Final = 90_000
GOP_S: Final = 2
"""Seconds between keyframes: what Meta and TikTok ask for at most is 5, at least one per 2 s seeks well."""
PIECE_S: Final = 6
"""Longer clips are segments of so many seconds, which several processes encode at once: whole GOPs, so that a video has the
same keyframes as from one. The last has at least one GOP: a title or an edit near it makes no more than that anew."""

SAMPLE_RATE: Final = 48_000
AUDIO_BITRATE: Final = "160k"
AAC_FRAME: Final = 1024
PICTURE_WIDTH: Final = 540
"""At most, of what stands for a clip in the gallery."""

ALL: Final = [
    VERSION, PRESET, CRF, X264_TUNING, X264_FORM, THREADS, TIMESCALE, GOP_S, SAMPLE_RATE, AUDIO_BITRATE, PICTURE_WIDTH,
]  # fmt: skip
"""What is a part of every key."""


def level(width: int, height: int, fps: int) -> str:
    """The lowest H.264 level, from 4.2 on, for a picture: bounds of ITU-T H.264, table A-1."""
    macroblocks = -(-width // 16) * -(-height // 16)
    for name, most_macroblocks, most_per_second in (
        ("4.2", 8_704, 522_240),
        ("5.1", 36_864, 983_040),
        ("5.2", 36_864, 2_073_600),
    ):
        if macroblocks <= most_macroblocks and macroblocks * fps <= most_per_second:
            return name
    return "6.2"
