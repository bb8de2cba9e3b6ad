"""What stands on the screen when, of lines and of clips."""

from __future__ import annotations

from itertools import pairwise

from cliptask.facts import Word
from cliptask.orders import CaptionedWords, CaptionsOrder
from cliptask_renderer.recordings import cues_of

LINE = CaptionedWords(words="line", at_ms=2000, end_ms=8000)
WORDS = {
    "line": [Word(text="Spring.", start_s=0.0, end_s=1.0)],
    "clip": [Word(text=f"w{n}.", start_s=float(n), end_s=n + 0.8) for n in range(6)],
}


def shown(*clips: CaptionedWords, lines: tuple[CaptionedWords, ...] = (LINE,)) -> list[tuple[float, str]]:
    """When each text comes."""
    found = cues_of(CaptionsOrder(lines=lines, clips=clips), WORDS.__getitem__)

    assert all(one.end_s <= other.start_s for one, other in pairwise(found))
    return [(cue.start_s, word) for cue in found for word in " ".join(cue.lines).split()]


def test_a_clips_words_are_shown_where_no_line_is_said() -> None:
    """Two texts would stand in one place, or a clip be silent after a line in its beginning."""
    found = shown(CaptionedWords(words="clip", end_ms=6000))

    assert [word for _, word in found] == ["w0.", "w1.", "Spring.", "w3.", "w4.", "w5."]
    assert (2.0, "Spring.") in found
    assert (3.0, "w3.") in found


def test_a_clips_words_move_with_its_trim_and_speed() -> None:
    """They would be those of another moment of the file."""
    clip = CaptionedWords(words="clip", at_ms=-1000, speed=2.0, start_ms=1000, end_ms=2000)

    assert shown(clip, lines=()) == [(0.0, "w2."), (0.0, "w3.")]
