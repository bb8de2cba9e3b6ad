"""Which words stand on the screen when? Cues from timed words, and their WebVTT."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise, zip_longest
from math import ceil, floor

from cliptask.facts import Word
from cliptask.text import NO_BREAK_SPACES, SPACELESS, SPACES, captioned, letters, line_parts, phrase_ends

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
"""By how many characters a break after a comma may be worse balanced than another; at a space than one without, likewise."""
_WORD = re.compile(rf"(?:\S|[{NO_BREAK_SPACES}])+")
_SPACELESS = re.compile(f"[{SPACELESS}]")
_TIGHT = re.compile(rf"[{SPACELESS}\u3000-\u303f\uff00-\uff65]")
# Each followed by any closing quotes and brackets; the escapes are full-width forms, dashes and curly quotes.
_CLOSING = r"[\"'\u2019\u201d\u00bb)\]\u300d\u300f]*$"
_SENTENCE = r".!?\u2026\u3002\uff01\uff1f\u0964\u0965\u06d4\u061f\u104b\u17d4"
_SENTENCE_END = re.compile(rf"[{_SENTENCE}]" + _CLOSING)
_CLAUSE_END = re.compile(
    rf"[{_SENTENCE},;:\u3001\uff0c\uff1b\uff1a\u2013\u2014\u060c\u061b\u104a]" + _CLOSING
)


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines of plain text from ``start_s`` to ``end_s``, both whole milliseconds."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word, a phrase of words without spaces, or as much of either as a line holds."""

    text: str
    is_tight: bool
    """Whether no space stands before it."""
    start_ms: int
    end_ms: int


def word_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each word in a text, punctuation included; where no spaces are written, of what a line may end with.

    That is a word in Thai, Lao, Khmer and Burmese, a character in Chinese and Japanese.
    """
    spans: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        run, start = match[0], match.start()
        parts = line_parts(run) if _SPACELESS.search(run) else [run]
        for place, part in zip(accumulate(map(len, parts), initial=0), parts, strict=False):
            if place and not _meet(run[:place], part):
                spans[-1] = (spans[-1][0], start + place + len(part))
            else:
                spans.append((start + place, start + place + len(part)))
    return spans


def is_spaced(text: str, start: int) -> bool:
    """Whether a space stands before the word there, although its script, or that of the word before, has none."""
    before = text[:start].rstrip()
    return 0 < len(before) < start and _meet(before, text[start:])


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


def last_ms(video_s: float, spoken_s: float | None) -> int:
    """When the last cue is gone at the latest, where a recording of ``spoken_s`` begins with the video; None: not known yet.

    The same for all videos that are longer than what is said in them, which therefore share their captions.
    """
    video_ms = floor(video_s * 1000 + 1e-6)
    return video_ms if spoken_s is None else min(video_ms, ceil(spoken_s * 1000) + MIN_MS)


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
    for phrase in _phrases(_read(words, end_ms)):
        start_ms, stop_ms = phrase.start_ms, phrase.end_ms
        texts = _chopped(phrase.text)
        for index, text in enumerate(texts):
            begin = max(free_ms, start_ms + (stop_ms - start_ms) * index // len(texts))
            if begin >= end_ms:
                return pieces
            end = max(begin + 1, min(end_ms, start_ms + (stop_ms - start_ms) * (index + 1) // len(texts)))
            pieces.append(_Piece(text, phrase.is_tight or index > 0, begin, end))
            free_ms = begin + 1
    return pieces


def _read(words: Sequence[Word], end_ms: int) -> list[_Piece]:
    """The words that begin before ``end_ms``, with what is seen of their texts."""
    read: list[_Piece] = []
    for word in words:
        start_ms, stop_ms = floor(word.start_s * 1000 + 1e-6), floor(word.end_s * 1000 + 1e-6)
        visible = "".join(c for c in SPACES.sub("", word.text) if unicodedata.category(c) not in {"Cc", "Cs"})
        text = captioned(visible)
        if text.strip() and start_ms < end_ms:
            tight = bool(read) and not word.spaced and _meet(read[-1].text, text)
            read.append(_Piece(text, tight, start_ms, stop_ms))
    return read


def _meet(before: str, after: str) -> bool:
    """Whether two texts follow each other without a space, by their scripts."""
    return bool(_TIGHT.match(before[-1]) or _TIGHT.match(after[0]))


def _phrases(words: Sequence[_Piece]) -> list[_Piece]:
    """The words, those together that no line may part: of Thai a word, of Japanese with its particles."""
    begins = [index for index, word in enumerate(words) if not word.is_tight]
    return [phrase for run in pairwise([*begins, len(words)]) for phrase in _parted(words[slice(*run)])]


def _parted(run: Sequence[_Piece]) -> list[_Piece]:
    """A run of words without spaces between them in phrases, each no wider than a line where its words allow that."""
    if len(run) == 1:
        return [*run]
    ends = phrase_ends("".join(word.text for word in run))
    phrases: list[_Piece] = []
    for place, word in zip(accumulate((len(word.text) for word in run), initial=0), run, strict=False):
        last = phrases[-1] if phrases else None
        if last is None or place in ends or _width(last.text + word.text) > LINE_WIDTH:
            phrases.append(word)
        else:
            phrases[-1] = _Piece(last.text + word.text, last.is_tight, last.start_ms, word.end_ms)
    return phrases


def _chopped(text: str) -> list[str]:
    """A word in parts that each fit a line, parted rather where a line may break, and never inside a letter."""
    if _width(text) <= LINE_WIDTH:
        return [text]
    parts = [""]
    for part in line_parts(text):
        for letter in [part] if _width(part) <= LINE_WIDTH else letters(part):
            if parts[-1] and _width(parts[-1] + letter) > LINE_WIDTH:
                parts.append("")
            parts[-1] += letter
    return parts


def _width(text: str) -> int:
    """Columns on a screen: full-width characters count twice, accents and joiners not at all."""
    return sum(
        0
        if unicodedata.category(character) in {"Mn", "Me", "Cf"}
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def _joined(pieces: Sequence[_Piece]) -> str:
    text = "".join(piece.text for piece in pieces[:1])
    return text + "".join(piece.text if piece.is_tight else f" {piece.text}" for piece in pieces[1:])


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
    """The index that divides pieces best: both sides as short as can be, rather after punctuation, or at a space."""
    before = list(accumulate(_width(piece.text) + 1 for piece in pieces))
    return min(
        range(1, len(pieces)),
        key=lambda k: (
            max(before[k - 1], before[-1] - before[k - 1])
            - (_PUNCTUATION_BONUS if _CLAUSE_END.search(pieces[k - 1].text) else 0)
            - (0 if pieces[k].is_tight else _PUNCTUATION_BONUS)
        ),
    )


def _lines(pieces: Sequence[_Piece]) -> list[str] | None:
    """The pieces in one line or two, or None where they need more."""
    whole = _joined(pieces)
    if _width(whole) <= LINE_WIDTH or len(pieces) == 1:
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
