"""When is each word of a text spoken? From characters with times, from a synthesizer's events, or by estimate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from cliptask.captions import word_spans
from cliptask.facts import Word


def words_from_characters(
    characters: Sequence[str], starts_s: Sequence[float], ends_s: Sequence[float], duration_s: float
) -> tuple[Word, ...]:
    """The words of an alignment: three equally long lists, the characters together being the text."""
    text = "".join(characters)
    # A "character" of an alignment may be several of Python's, e.g. a flag.
    owner = [index for index, character in enumerate(characters) for _ in character]
    return _monotone(
        (
            (text[begin:end], starts_s[owner[begin]], ends_s[owner[end - 1]])
            for begin, end in word_spans(text)
        ),
        duration_s,
    )


def words_from_events(text: str, events: Iterable[tuple[int, float]], duration_s: float) -> tuple[Word, ...]:
    """Every word of the text, from (index of a character, second) events.

    A word lasts until the next one. One with several events (a number) starts with the first; one without any ("the"
    in "of the") shares the time of those before it in proportion to their lengths.
    """
    spans = word_spans(text)
    begins: dict[int, float] = {0: 0.0}
    for character, second in sorted(events, key=lambda event: event[1]):
        index = next((i for i, (begin, end) in enumerate(spans) if begin <= character < end), None)
        if index is not None and index > max(begins, default=-1):
            begins[index] = second
    timed: list[tuple[str, float, float]] = []
    for (first, begin_s), (last, end_s) in pairwise([*begins.items(), (len(spans), duration_s)]):
        timed += _shared([text[slice(*span)] for span in spans[first:last]], begin_s, end_s)
    return _monotone(timed, duration_s)


def words_by_length(text: str, duration_s: float) -> tuple[Word, ...]:
    """Every word of the text, each as long as its share of the characters: an estimate where nothing is known."""
    return _monotone(_shared([text[slice(*span)] for span in word_spans(text)], 0.0, duration_s), duration_s)


def _shared(texts: Sequence[str], begin_s: float, end_s: float) -> list[tuple[str, float, float]]:
    sums = [0, *accumulate(map(len, texts))]
    at_s = [begin_s + (end_s - begin_s) * done / max(1, sums[-1]) for done in sums]
    return [(text, *times) for text, times in zip(texts, pairwise(at_s), strict=True)]


def _monotone(timed: Iterable[tuple[str, float, float]], duration_s: float) -> tuple[Word, ...]:
    """Words that start in order, end after they start and lie inside the recording, whatever the provider's times are."""
    words: list[Word] = []
    for text, begin_s, end_s in timed:
        start_s = min(max(begin_s, words[-1].start_s if words else 0.0), duration_s)
        words.append(
            Word(text=text, start_s=round(start_s, 3), end_s=round(min(max(end_s, start_s), duration_s), 3))
        )
    return tuple(words)
