"""Which words stand on the screen when? Cues from timed words, and their WebVTT."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise, zip_longest
from math import floor

from cliptask.facts import Word

# BBC Subtitle Guidelines (https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles/): lines of at most 37
# characters, two of them, single sentences, breaks at natural points, no gap under a second, 0.3 s a word at least,
# which a second is for the three or four words of a short cue. Netflix's Timed Text Style Guide: at most 7 s.
LINE_WIDTH = 37
MIN_MS = 1_000
"""Shortest time of a cue, where the next one leaves it."""
MAX_MS = 7_000
"""Longest time of a cue."""
MIN_GAP_MS = 1_000
"""A shorter time without a cue flickers: the cue stays until the next one."""
PAUSE_MS = 700
"""A longer silence between two words separates their cues."""

_PUNCTUATION_BONUS = 12
"""By how many characters a break after a comma may be worse balanced than another."""
# Kana and Han are written without spaces. Small kana and the long-vowel sign belong to what precedes them.
_SPACELESS = r"\u3005\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(
    rf"[{_SPACELESS}][ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー]*[^\s\w]*|(?:(?![{_SPACELESS}])\S)+"
)
_JOINS_WITHOUT_SPACE = re.compile(rf"[{_SPACELESS}\u3000-\u303f\uff00-\uff65]")
# Each followed by any closing quotes and brackets; the escapes are full-width forms, dashes and curly quotes.
_CLOSING = r"[\"'\u2019\u201d\u00bb)\]\u300d\u300f]*$"
_SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f]" + _CLOSING)
_CLAUSE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f,;:\u3001\uff0c\uff1b\uff1a\u2013\u2014]" + _CLOSING)


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines of plain text from ``start_s`` to ``end_s``, both whole milliseconds."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word, or as much of a long one as a line holds."""

    text: str
    start_ms: int
    end_ms: int


def word_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each word in a text, punctuation included; Chinese and Japanese count each character as one."""
    return [match.span() for match in _WORD.finditer(text)]


def cues(words: Sequence[Word], end_s: float) -> tuple[Cue, ...]:
    """Cues for the words of a recording that ends, or is cut, ``end_s`` seconds after it starts.

    Cues are in order, never overlap and never last beyond ``end_s``; each has one or two lines of at most 37
    characters (a full-width one counts as two). Words that start before ``end_s`` are all kept, as far as a millisecond
    is left for each. A cue ends with a sentence or at a pause, stays for 1 s where the next one allows it, and for 7 s
    at most.
    """
    end_ms = floor(end_s * 1000 + 1e-6)
    runs = _merged(_sentences(_pieces(words, end_ms)), end_ms)
    groups = [group for run in runs for group in _split(run)]
    return tuple(
        Cue(group[0].start_ms / 1000, _end(group, following, end_ms) / 1000, tuple(_lines(group) or ()))
        for group, following in zip(groups, [*(g[0].start_ms for g in groups[1:]), None], strict=False)
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


def _pieces(words: Sequence[Word], end_ms: int) -> list[_Piece]:
    """Words as pieces that fit a line, their starts at least a millisecond apart, none at or after ``end_ms``."""
    pieces: list[_Piece] = []
    free_ms = 0
    for word in words:
        texts = _chopped(word.text)
        start_ms, stop_ms = floor(word.start_s * 1000 + 1e-6), floor(word.end_s * 1000 + 1e-6)
        for index, text in enumerate(texts):
            begin = max(free_ms, start_ms + (stop_ms - start_ms) * index // len(texts))
            if begin >= end_ms:
                return pieces
            end = max(begin + 1, min(end_ms, start_ms + (stop_ms - start_ms) * (index + 1) // len(texts)))
            pieces.append(_Piece(text, begin, end))
            free_ms = begin + 1
    return pieces


def _chopped(text: str) -> list[str]:
    """A word without spaces and control characters, in parts that each fit a line."""
    visible = "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cs"})
    parts = [""]
    for character in visible:
        if _width(parts[-1] + character) <= LINE_WIDTH:
            parts[-1] += character
        else:
            parts.append(character)
    return [part for part in parts if part]


def _width(text: str) -> int:
    """Columns on a screen: full-width characters count twice."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _joined(pieces: Sequence[_Piece]) -> str:
    text = "".join(piece.text for piece in pieces[:1])
    for before, after in pairwise(pieces):
        tight = _JOINS_WITHOUT_SPACE.match(before.text[-1]) or _JOINS_WITHOUT_SPACE.match(after.text[0])
        text += after.text if tight else f" {after.text}"
    return text


def _sentences(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Runs of pieces without the end of a sentence or a pause inside."""
    runs = [pieces[:1]] if pieces else []
    for before, piece in pairwise(pieces):
        if _SENTENCE_END.search(before.text) or piece.start_ms - before.end_ms >= PAUSE_MS:
            runs.append([])
        runs[-1].append(piece)
    return runs


def _merged(runs: list[list[_Piece]], end_ms: int) -> list[list[_Piece]]:
    """The runs, those that would be gone before they are read joined with a neighbour where both fit one cue."""
    merged: list[list[_Piece]] = []
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


def _fits(pieces: Sequence[_Piece]) -> bool:
    # A cue may stay for a gap's length after its last word.
    brief = pieces[-1].end_ms - pieces[0].start_ms <= MAX_MS - MIN_GAP_MS
    return len(pieces) == 1 or (brief and _lines(pieces) is not None)


def _split(run: list[_Piece]) -> list[list[_Piece]]:
    """A run in parts that each fit a cue, as even as can be, rather after a comma than elsewhere."""
    if _fits(run):
        return [run]
    middle = _break(run)
    return [*_split(run[:middle]), *_split(run[middle:])]


def _break(pieces: Sequence[_Piece]) -> int:
    """The index that divides pieces best: both sides as short as can be, rather after punctuation."""
    before = list(accumulate(_width(piece.text) + 1 for piece in pieces))
    return min(
        range(1, len(pieces)),
        key=lambda k: (
            max(before[k - 1], before[-1] - before[k - 1])
            - (_PUNCTUATION_BONUS if _CLAUSE_END.search(pieces[k - 1].text) else 0)
        ),
    )


def _lines(pieces: Sequence[_Piece]) -> list[str] | None:
    """The pieces in one line or two, or None where they need more."""
    whole = _joined(pieces)
    if _width(whole) <= LINE_WIDTH:
        return [whole]
    if _width(whole) > 2 * LINE_WIDTH + 1:
        return None
    best = _break(pieces)
    middles = sorted(range(1, len(pieces)), key=lambda k: abs(k - best))
    choices = ([_joined(pieces[:middle]), _joined(pieces[middle:])] for middle in middles)
    return next((lines for lines in choices if max(map(_width, lines)) <= LINE_WIDTH), None)


def _end(group: Sequence[_Piece], next_ms: int | None, end_ms: int) -> int:
    """When a cue disappears: with its last word or once it can be read; with the next cue if that follows soon."""
    start_ms = group[0].start_ms
    wanted = max(group[-1].end_ms, start_ms + MIN_MS)
    if next_ms is not None and next_ms - wanted < MIN_GAP_MS:
        wanted = next_ms
    return min(wanted, start_ms + MAX_MS, end_ms)
