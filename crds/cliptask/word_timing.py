"""When is each word of a text spoken? From characters with times, from a synthesizer's events, or by estimate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from cliptask.facts import Word
from cliptask.pieces import is_spaced, word_spans
from cliptask.text import heard, heard_at

_Timed = tuple[tuple[int, int], float, float]
"""(start, end) of a word in its text, and its two seconds."""


def words_from_characters(
    characters: Sequence[str], starts_s: Sequence[float], ends_s: Sequence[float], duration_s: float
) -> tuple[Word, ...]:
    """The words of an alignment: three equally long lists, the characters together being the text.

    The characters of directions for the voice are in an alignment and in no word.
    """
    text, places = heard_at("".join(characters))
    # A "character" of an alignment may be several of Python's, e.g. a flag.
    owner = [index for index, character in enumerate(characters) for _ in character]
    timed = [
        (span, starts_s[owner[places[span[0]]]], ends_s[owner[places[span[1] - 1]]])
        for span in word_spans(text)
    ]
    return _monotone(text, timed, duration_s)


def words_from_events(text: str, events: Iterable[tuple[int, float]], duration_s: float) -> tuple[Word, ...]:
    """Every word of the text that was spoken, from (index of a character, second) events.

    A word lasts until the next one. One with several events (a number) starts with the first; one without any ("the"
    in "of the") shares the time of those before it in proportion to their lengths.
    """
    spans = word_spans(text)
    begins: dict[int, float] = {0: 0.0}
    for character, second in sorted(events, key=lambda event: event[1]):
        index = next((i for i, (begin, end) in enumerate(spans) if begin <= character < end), None)
        if index is not None and index > max(begins, default=-1):
            begins[index] = second
    timed: list[_Timed] = []
    for (first, begin_s), (last, end_s) in pairwise([*begins.items(), (len(spans), duration_s)]):
        timed += _shared(spans[first:last], begin_s, end_s)
    return _monotone(text, timed, duration_s)


def words_by_length(text: str, duration_s: float) -> tuple[Word, ...]:
    """Every word that is heard of a text, each as long as its share of the characters: where no times are known."""
    return words_between(heard(text), 0.0, duration_s)


def words_between(text: str, begin_s: float, end_s: float) -> tuple[Word, ...]:
    """The same of a text without directions that is said from ``begin_s`` to ``end_s``."""
    return _monotone(text, _shared(word_spans(text), begin_s, end_s), end_s)


def _shared(spans: Sequence[tuple[int, int]], begin_s: float, end_s: float) -> list[_Timed]:
    sums = [0, *accumulate(end - begin for begin, end in spans)]
    at_s = [begin_s + (end_s - begin_s) * done / max(1, sums[-1]) for done in sums]
    return [(span, *times) for span, times in zip(spans, pairwise(at_s), strict=True)]


def _monotone(text: str, timed: Iterable[_Timed], duration_s: float) -> tuple[Word, ...]:
    """Words that start in order, end after they start and lie inside the recording, whatever the provider's times are."""
    words: list[Word] = []
    for (begin, end), begin_s, end_s in timed:
        start_s = min(max(begin_s, words[-1].start_s if words else 0.0), duration_s)
        stop_s = min(max(end_s, start_s), duration_s)
        words.append(
            Word(
                text=text[begin:end],
                start_s=round(start_s, 3),
                end_s=round(stop_s, 3),
                spaced=is_spaced(text, begin),
            )
        )
    return tuple(words)
