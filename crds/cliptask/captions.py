"""Which words stand on the screen when? Cues from timed words, and their WebVTT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import zip_longest
from math import ceil, floor, inf

from cliptask.emoji import TEXT_STYLE
from cliptask.facts import Word
from cliptask.pieces import LINE_WIDTH, PAUSE_MS, Piece, best_break, joined, pieces_of, sentences, width

MIN_MS = 1_000
"""Shortest time of a cue, where the next one leaves it."""
MAX_MS = 7_000
"""Longest time of a cue."""
MIN_GAP_MS = 1_000
"""A shorter time without a cue flickers: the cue stays until the next one."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines of plain text from ``start_s`` to ``end_s``, both whole milliseconds."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


def cues(words: Sequence[Word], end_s: float) -> tuple[Cue, ...]:
    """Cues for the words of a recording that ends, or is cut, ``end_s`` seconds after it starts.

    Cues are in order, never overlap and never last beyond ``end_s``; each has one or two lines of at most 37
    characters (a full-width one counts as two). Words that start before ``end_s`` are all kept, as far as a millisecond
    is left for each. A cue ends with a sentence or at a pause, stays for 1 s where the next one allows it, and for 7 s
    at most.
    """
    end_ms = floor(end_s * 1000 + 1e-6)
    runs = _merged(sentences(pieces_of(words, end_ms)), end_ms)
    groups = [group for run in runs for group in _split(run)]
    return tuple(
        Cue(
            group[0].start_ms / 1000,
            _end(group, following, end_ms) / 1000,
            # Players have fonts of their own.
            tuple(line.replace(TEXT_STYLE, "") for line in _lines(group) or ()),
        )
        for group, following in zip(groups, [*(g[0].start_ms for g in groups[1:]), None], strict=False)
    )


def last_ms(left_ms: int, spoken_s: float | None) -> int:
    """When the last cue of a recording of ``spoken_s`` is gone at the latest, from its begin; None: not known yet.

    ``left_ms`` is left until the video ends or somebody else speaks. The same for all videos in which more than that is left,
    which therefore share their captions.
    """
    return left_ms if spoken_s is None else min(left_ms, ceil(spoken_s * 1000) + MIN_MS)


def sooner(words: Sequence[Word], speed: float) -> tuple[Word, ...]:
    """The same words where a recording is played so much faster."""
    return tuple(
        word.model_copy(update={"start_s": word.start_s / speed, "end_s": word.end_s / speed})
        for word in words
    )


def within(words: Sequence[Word], start_ms: int) -> tuple[Word, ...]:
    """The words of which at least half is said after ``start_ms``, and none before that."""
    return tuple(
        word.model_copy(update={"start_s": max(word.start_s, start_ms / 1000)})
        for word in words
        if (word.start_s + word.end_s) * 500 >= start_ms
    )


def without(whole: range, taken: Iterable[range]) -> Iterator[range]:
    """What is left of a time, in frames or milliseconds; what is ``taken`` of it is in order."""
    start = whole.start
    for each in taken:
        if each.start < whole.stop and each.stop > start:
            if each.start > start:
                yield range(start, each.start)
            start = each.stop
    if start < whole.stop:
        yield range(start, whole.stop)


def one_after_another(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """The same in order, each gone when the next one comes."""
    ordered = sorted(cues, key=lambda cue: cue.start_s)
    ends = [*(cue.start_s for cue in ordered), inf][1:]
    return tuple(replace(cue, end_s=min(cue.end_s, end)) for cue, end in zip(ordered, ends, strict=True))


def moved(cues: Sequence[Cue], by_ms: int) -> tuple[Cue, ...]:
    """The same cues so much later."""
    return tuple(
        Cue((round(cue.start_s * 1000) + by_ms) / 1000, (round(cue.end_s * 1000) + by_ms) / 1000, cue.lines)
        for cue in cues
    )


def webvtt(cues: Sequence[Cue]) -> str:
    """The cues as a WebVTT file (https://www.w3.org/TR/webvtt1/). Markup in the text is shown as it is written."""
    blocks = ["WEBVTT"]
    for cue in cues:
        text = escape("\n".join(cue.lines), quote=False)
        blocks.append(f"{_timestamp(cue.start_s)} --> {_timestamp(cue.end_s)}\n{text}")
    return "\n\n".join(blocks) + "\n"


def _timestamp(seconds: float) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def _merged(runs: list[list[Piece]], end_ms: int) -> list[list[Piece]]:
    """The runs, those that would be gone before they are read joined with a neighbour where both fit one cue."""
    merged: list[list[Piece]] = []
    for run, following in zip_longest(runs, runs[1:]):
        until_ms = following[0].start_ms if following else end_ms
        previous = merged[-1] if merged else None
        if (
            previous is not None
            and run[0].start_ms - previous[-1].end_ms < PAUSE_MS
            and min(run[0].start_ms - previous[0].start_ms, until_ms - run[0].start_ms) < MIN_MS
            and _fits([*previous, *run])
        ):
            previous.extend(run)
        else:
            merged.append(list(run))
    return merged


def _fits(pieces: Sequence[Piece]) -> bool:
    # A cue may stay for a gap's length after its last word.
    brief = pieces[-1].end_ms - pieces[0].start_ms <= MAX_MS - MIN_GAP_MS
    return len(pieces) == 1 or (brief and _lines(pieces) is not None)


def _split(run: list[Piece]) -> list[list[Piece]]:
    """A run in parts that each fit a cue, as even as can be, rather after a comma than elsewhere."""
    if _fits(run):
        return [run]
    middle = best_break(run)
    return [*_split(run[:middle]), *_split(run[middle:])]


def _lines(pieces: Sequence[Piece]) -> list[str] | None:
    """The pieces in one line or two, or None where they need more."""
    whole = joined(pieces)
    if width(whole) <= LINE_WIDTH or len(pieces) == 1:
        return [whole]
    if width(whole) > 2 * LINE_WIDTH + 1:
        return None
    best = best_break(pieces)
    middles = sorted(range(1, len(pieces)), key=lambda k: abs(k - best))
    choices = ([joined(pieces[:middle]), joined(pieces[middle:])] for middle in middles)
    return next((lines for lines in choices if max(map(width, lines)) <= LINE_WIDTH), None)


def _end(group: Sequence[Piece], next_ms: int | None, end_ms: int) -> int:
    """When a cue disappears: with its last word or once it can be read; with the next cue if that follows soon."""
    start_ms = group[0].start_ms
    wanted = max(group[-1].end_ms, start_ms + MIN_MS)
    if next_ms is not None and next_ms - wanted < MIN_GAP_MS:
        wanted = next_ms
    return min(wanted, start_ms + MAX_MS, end_ms)
