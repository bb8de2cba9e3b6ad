"""Which few words stand on the picture at once, and when is each of them said? For captions that are part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor

from cliptask.facts import Word
from cliptask.pieces import Piece, best_break, pieces_of, sentences

STAY_MS = 300
"""How long the last words stay after they are said."""
SHORT_GAP_MS = 1_000
"""A shorter time without words flickers: they stay until the next ones come."""

LATE_MS = 500
"""Words of which less is left when somebody else has spoken are not read any more: they stay away."""


@dataclass(frozen=True, slots=True)
class Page:
    """Words that stand together from ``start_ms`` to ``end_ms`` of a recording."""

    words: tuple[str, ...]
    """Each with the space after it, where one is written."""
    starts_ms: tuple[int, ...]
    """When each is begun to be said; the first when the page appears."""
    end_ms: int
    stressed: tuple[bool, ...]
    """Of each word, whether it is."""


def pages(words: Sequence[Word], most: int, end_s: float) -> tuple[Page, ...]:
    """The words of a recording that ends ``end_s`` seconds after it starts, at most ``most`` at a time.

    A page ends with a sentence, at a pause, or where its sentence divides best. Pages are in order and never overlap;
    every word is there from the moment at which it is said. Of scripts without spaces a phrase is a word.
    """
    end_ms = floor(end_s * 1000 + 1e-6)
    runs = [part for run in sentences(pieces_of(words, end_ms)) for part in _split(run, most)]
    starts = [run[0].start_ms for run in runs]
    return tuple(
        Page(
            _texts(run),
            tuple(piece.start_ms for piece in run),
            _end(run, following, end_ms),
            tuple(piece.is_stressed for piece in run),
        )
        for run, following in zip(runs, [*starts[1:], None], strict=False)
    )


def stressed(words: Sequence[Word], letters: Sequence[tuple[int, int]]) -> Iterator[Word]:
    """The words of a recording, those marked that have any of these ``letters``, see ``SpokenAt.stressed``."""
    at = 0
    for word in words:
        end = at + sum(not letter.isspace() for letter in word.text)
        is_stressed = any(begin < end and at < stop for begin, stop in letters)
        yield word.model_copy(update={"stressed": True}) if is_stressed else word
        at = end


def _split(run: list[Piece], most: int) -> list[list[Piece]]:
    """In parts of at most so many, as even as can be."""
    if len(run) <= most:
        return [run]
    if most == 1:
        return [[piece] for piece in run]
    middle = best_break(run)
    return [*_split(run[:middle], most), *_split(run[middle:], most)]


def _texts(run: Sequence[Piece]) -> tuple[str, ...]:
    spaced = [f"{piece.text}{'' if after.is_tight else ' '}" for piece, after in pairwise(run)]
    return (*spaced, run[-1].text)


def _end(run: Sequence[Piece], following_ms: int | None, end_ms: int) -> int:
    wanted = run[-1].end_ms + STAY_MS
    if following_ms is not None and following_ms - wanted < SHORT_GAP_MS:
        return following_ms
    return min(wanted, max(end_ms, run[-1].start_ms + 1))
