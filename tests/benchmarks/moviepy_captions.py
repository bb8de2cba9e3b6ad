"""How does MoviePy burn captions word by word? A TextClip for each word, in white while its page stands and in yellow while it is said.

Run as a program, with an order as JSON on standard input: ``clips``, ``music``, ``speech``, ``output``, ``font``, and ``pages``, empty for
none: of each page its end and its words, each as text and second at which it is begun.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from moviepy import (
    AudioFileClip,
    CompositeAudioClip,
    CompositeVideoClip,
    TextClip,
    VideoFileClip,
    afx,
    concatenate_videoclips,
)

MUSIC_VOLUME = 0.2
_SIZE, _OUTLINE, _MARGIN = 0.09, 0.08, 0.2
"""Of letters as a share of the picture's width, of outline and margin as shares of the letters."""


def make(order: dict[str, Any]) -> None:
    """Write a video: the clips in a row, the words over them, the music looped to their length, the speech from the start."""
    video = concatenate_videoclips([VideoFileClip(clip) for clip in order["clips"]], method="compose")
    quiet = AudioFileClip(order["music"]).with_effects(
        [afx.AudioLoop(duration=video.duration), afx.MultiplyVolume(MUSIC_VOLUME)]
    )
    sound = CompositeAudioClip([quiet, AudioFileClip(order["speech"])])
    words = [each for page in order["pages"] for each in _page(page, order["font"], *video.size)]
    shown = CompositeVideoClip([video, *words]) if words else video
    shown.with_duration(video.duration).with_audio(sound).write_videofile(
        order["output"], codec="libx264", audio_codec="aac", logger=None
    )


def _page(page: dict[str, Any], font: str, width: int, height: int) -> Iterator[TextClip]:
    """Two words in a line, the lines in the lower third."""
    size, words = round(width * _SIZE), page["words"]

    def text(word: str, color: str) -> TextClip:
        margin = (round(size * _MARGIN), round(size * _MARGIN))
        return TextClip(
            font, text=word, font_size=size, color=color, stroke_color="black", stroke_width=round(size * _OUTLINE), margin=margin
        )  # fmt: skip

    begin, end = words[0][1], page["end"]
    ends = [*(start for _, start in words[1:]), end]
    for line in range(0, len(words), 2):
        whites = [text(word, "white") for word, _ in words[line : line + 2]]
        x = (width - sum(each.w for each in whites)) // 2
        y = round(height * 0.68) + line // 2 * round(size * 1.15)
        for number, white in enumerate(whites, line):
            start, stop = words[number][1], ends[number]
            yield white.with_start(begin).with_end(end).with_position((x, y))
            yield (
                text(words[number][0], "#ffd500")
                .with_start(start)
                .with_end(max(stop, start + 0.04))
                .with_position((x, y))
            )
            x += white.w


if __name__ == "__main__":
    make(json.load(sys.stdin))
