"""Which words of what is said belong together? Words, phrases and sentences with their times, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import floor

from cliptask.facts import Word
from cliptask.text import NO_BREAK_SPACES, SPACELESS, SPACES, captioned, letters, line_parts, phrase_ends

# BBC Subtitle Guidelines (https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles/): lines of at most 37
# characters, two of them, single sentences, breaks at natural points, no gap under a second, 0.3 s a word at least,
# which a second is for the three or four words of a short cue. Netflix's Timed Text Style Guide: at most 7 s.
LINE_WIDTH = 37
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
class Piece:
    """A word, a phrase of words without spaces, or as much of either as a line holds."""

    text: str
    is_tight: bool
    """Whether no space stands before it."""
    start_ms: int
    end_ms: int
    is_stressed: bool = False


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


def pieces_of(words: Sequence[Word], end_ms: int) -> list[Piece]:
    """Words as pieces that fit a line, their starts at least a millisecond apart, none at or after ``end_ms``."""
    pieces: list[Piece] = []
    free_ms = 0
    for phrase in _phrases(_read(words, end_ms)):
        start_ms, stop_ms = phrase.start_ms, phrase.end_ms
        texts = _chopped(phrase.text)
        for index, text in enumerate(texts):
            begin = max(free_ms, start_ms + (stop_ms - start_ms) * index // len(texts))
            if begin >= end_ms:
                return pieces
            end = max(begin + 1, min(end_ms, start_ms + (stop_ms - start_ms) * (index + 1) // len(texts)))
            pieces.append(Piece(text, phrase.is_tight or index > 0, begin, end, phrase.is_stressed))
            free_ms = begin + 1
    return pieces


def _read(words: Sequence[Word], end_ms: int) -> list[Piece]:
    """The words that begin before ``end_ms``, with what is seen of their texts."""
    read: list[Piece] = []
    for word in words:
        start_ms, stop_ms = floor(word.start_s * 1000 + 1e-6), floor(word.end_s * 1000 + 1e-6)
        visible = "".join(c for c in SPACES.sub("", word.text) if unicodedata.category(c) not in {"Cc", "Cs"})
        text = captioned(visible)
        if text.strip() and start_ms < end_ms:
            tight = bool(read) and not word.spaced and _meet(read[-1].text, text)
            read.append(Piece(text, tight, start_ms, stop_ms, word.stressed))
    return read


def _meet(before: str, after: str) -> bool:
    """Whether two texts follow each other without a space, by their scripts."""
    return bool(_TIGHT.match(before[-1]) or _TIGHT.match(after[0]))


def _phrases(words: Sequence[Piece]) -> list[Piece]:
    """The words, those together that no line may part: of Thai a word, of Japanese with its particles."""
    begins = [index for index, word in enumerate(words) if not word.is_tight]
    return [phrase for run in pairwise([*begins, len(words)]) for phrase in _parted(words[slice(*run)])]


def _parted(run: Sequence[Piece]) -> list[Piece]:
    """A run of words without spaces between them in phrases, each no wider than a line where its words allow that."""
    if len(run) == 1:
        return [*run]
    ends = phrase_ends("".join(word.text for word in run))
    phrases: list[Piece] = []
    for place, word in zip(accumulate((len(word.text) for word in run), initial=0), run, strict=False):
        last = phrases[-1] if phrases else None
        is_other = last is None or last.is_stressed != word.is_stressed
        if last is None or is_other or place in ends or width(last.text + word.text) > LINE_WIDTH:
            phrases.append(word)
        else:
            phrases[-1] = replace(last, text=last.text + word.text, end_ms=word.end_ms)
    return phrases


def _chopped(text: str) -> list[str]:
    """A word in parts that each fit a line, parted rather where a line may break, and never inside a letter."""
    if width(text) <= LINE_WIDTH:
        return [text]
    parts = [""]
    for part in line_parts(text):
        for letter in [part] if width(part) <= LINE_WIDTH else letters(part):
            if parts[-1] and width(parts[-1] + letter) > LINE_WIDTH:
                parts.append("")
            parts[-1] += letter
    return parts


def width(text: str) -> int:
    """Columns on a screen: full-width characters count twice, accents and joiners not at all."""
    return sum(
        0
        if unicodedata.category(character) in {"Mn", "Me", "Cf"}
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def joined(pieces: Sequence[Piece]) -> str:
    """Their texts in a row, with spaces where they are written."""
    text = "".join(piece.text for piece in pieces[:1])
    return text + "".join(piece.text if piece.is_tight else f" {piece.text}" for piece in pieces[1:])


def sentences(pieces: list[Piece]) -> list[list[Piece]]:
    """Runs of pieces without the end of a sentence or a pause inside."""
    runs = [pieces[:1]] if pieces else []
    for before, piece in pairwise(pieces):
        if _SENTENCE_END.search(before.text) or piece.start_ms - before.end_ms >= PAUSE_MS:
            runs.append([])
        runs[-1].append(piece)
    return runs


def best_break(pieces: Sequence[Piece]) -> int:
    """The index that divides pieces best: both sides as short as can be, rather after punctuation, or at a space."""
    before = list(accumulate(width(piece.text) + 1 for piece in pieces))
    return min(
        range(1, len(pieces)),
        key=lambda k: (
            max(before[k - 1], before[-1] - before[k - 1])
            - (_PUNCTUATION_BONUS if _CLAUSE_END.search(pieces[k - 1].text) else 0)
            - (0 if pieces[k].is_tight else _PUNCTUATION_BONUS)
        ),
    )
