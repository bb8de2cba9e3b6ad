"""Which words are said when, as a caption file tells it? SubRip (.srt) and WebVTT, as people and programs write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape
from itertools import islice, pairwise
from typing import NoReturn

from cliptask.errors import SourceError
from cliptask.facts import Word
from cliptask.order import digest
from cliptask.text import SPACELESS, SPACES
from cliptask.word_timing import words_between

VERSION = 1
"""Raised when the same file gives other words."""
MOST_BYTES = 1 << 20
"""An hour of speech is 100 kB."""
MOST_CUES = 10_000
MOST_WORDS = 50_000
LONGEST_CUE = 2_000
"""Characters of one cue, its markup included."""

_TIME = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)(?:[.,](\d{1,3}))?"
_HEAD = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t].*)?")
_BEGIN = re.compile(
    r"\ufeff?\s*(?:webvtt(?:\s|$)|(?:\d+[ \t]*\s+)?(?:\d{1,4}:)?\d?\d:\d?\d(?:[.,]\d+)?[ \t]*-->)",
    re.IGNORECASE,
)
_HEAD_OF_VTT = re.compile(r"WEBVTT(?:[ \t].*)?")
_MOMENT = re.compile(rf"<{_TIME}>")
# Each bounded, so that none looks from each letter on to the end.
_ASIDE = re.compile(r"<rt>.{0,200}?</rt>", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|</>|\{\\[^{}]{1,100}\}|\{/?[biusBIUS]\}")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_INSIDE = re.compile(rf"(?<=[{SPACELESS}])\s+(?=[{SPACELESS}])")
"""Where a line was broken in a script without spaces."""
_REMEDY = "correct it there, or export the captions again as SubRip (.srt) or WebVTT (.vtt)"


@dataclass(frozen=True, slots=True)
class FileCue:
    """A text from ``begin_s`` to ``end_s`` of the clip's file, as it is written."""

    begin_s: float
    end_s: float
    text: str


def words_key(sha256: str) -> str:
    """Of the words of a file with this content."""
    return digest({"kind": "words of a caption file", "file": sha256, "version": VERSION})


def is_captions(text: str) -> bool:
    """Whether a text begins as a caption file does, whatever its name."""
    return _BEGIN.match(text) is not None


def words_of(content: bytes) -> tuple[Word, ...]:
    """The words of a caption file in the order in which they are said, in seconds of the clip's file.

    Where only cues have times, their words share them by their lengths. Cues may come in any order; one that lasts into the
    next ends there, and those that begin together are read as one. Markup, speakers' names, positions and comments are no words.

    Raises ``SourceError`` for what is no such file, with the line; the message names neither the file nor its URL.
    """
    words = tuple(islice((word for cue in cues_of(content) for word in _words(cue)), MOST_WORDS + 1))
    if len(words) > MOST_WORDS:
        _refuse(f"it has more than {MOST_WORDS:,} words", "leave out those of other clips")
    return words


def cues_of(content: bytes) -> tuple[FileCue, ...]:
    """The cues that say something, in order, none of which lasts into the next. Raises as ``words_of``."""
    if len(content) > MOST_BYTES:
        _refuse(
            f"it is larger than the {MOST_BYTES >> 20} MiB that a caption file may have",
            "leave out what is no caption",
        )
    found = sorted(_read(_text(content)), key=lambda cue: cue.begin_s)
    if not found:
        _refuse("it has no captions", "write some, each below its time: 00:00:01,000 --> 00:00:02,500")
    if len(found) > MOST_CUES:
        _refuse(
            f"it has {len(found):,} captions, {MOST_CUES:,} are allowed", "leave out those of other clips"
        )
    return _parted(found)


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        _refuse(f"line {line} is not UTF-8", "save the captions as UTF-8", error)
    if "\ufffd" in text:
        line = text.count("\n", 0, text.index("\ufffd")) + 1
        _refuse(
            f"line {line} has a U+FFFD, where a letter was lost",
            "write the letter, and save the captions as UTF-8",
        )
    return re.sub(r"\r\n?", "\n", text)


def _read(text: str) -> Iterator[FileCue]:
    """The cues as they stand; those that say nothing, or for no time, are none."""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    is_vtt = _HEAD_OF_VTT.fullmatch(lines[first].strip()) is not None
    heads = [number for number in _heads(lines, is_vtt=is_vtt) if number >= first]
    for number, following in pairwise([*heads, len(lines) + 1]):
        begin_s, end_s = _times(lines[number], number)
        below: Sequence[str] = lines[number + 1 : following]
        if is_vtt:
            below = _until_blank(below)
        elif following <= len(lines):
            below = _without_number(below)
        said = "\n".join(below).strip()
        if len(said) > LONGEST_CUE:
            _refuse(
                f"line {number + 1}: its caption has {len(said):,} characters, {LONGEST_CUE:,} are allowed",
                _REMEDY,
            )
        if _plain(said) and begin_s < end_s:
            yield FileCue(begin_s, end_s, said)


def _heads(lines: Sequence[str], *, is_vtt: bool) -> Iterator[int]:
    """The lines with times. In WebVTT those of a comment or a style sheet, which end with an empty line, are none."""
    is_aside, is_after_blank = False, True
    for number, line in enumerate(lines):
        is_blank = not line.strip()
        if is_after_blank and is_vtt:
            is_aside = re.match(r"(NOTE|STYLE|REGION)(\s|$)", line) is not None
        if "-->" in line and not is_aside:
            yield number
        is_after_blank = is_blank


def _times(line: str, number: int) -> tuple[float, float]:
    match = _HEAD.fullmatch(line)
    if match is None:
        _refuse(f"line {number + 1} has no two times such as 00:00:01,000 --> 00:00:02,500", _REMEDY)
    begin_s, end_s = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
    if end_s < begin_s:
        _refuse(f"line {number + 1}: its caption ends before it begins", _REMEDY)
    return begin_s, end_s


def _seconds(digits: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = digits
    milliseconds = int((fraction or "0").ljust(3, "0"))
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + milliseconds / 1000


def _until_blank(lines: Sequence[str]) -> Sequence[str]:
    """WebVTT ends a cue with an empty line: what follows is the next one's name, or a comment."""
    return lines[: next((index for index, line in enumerate(lines) if not line.strip()), len(lines))]


def _without_number(lines: Sequence[str]) -> Sequence[str]:
    """SubRip's cues end before the number of the next one, be it after empty lines or not."""
    return lines[:-1] if lines and re.fullmatch(r"\s*\d+\s*", lines[-1]) else lines


def _parted(cues: Sequence[FileCue]) -> tuple[FileCue, ...]:
    together: list[FileCue] = []
    for cue in cues:
        last = together[-1] if together else None
        if last is not None and last.begin_s == cue.begin_s:
            text = last.text if cue.text == last.text else f"{last.text}\n{cue.text}"
            together[-1] = FileCue(cue.begin_s, max(cue.end_s, last.end_s), text)
        else:
            together.append(cue)
    ends = [*(cue.begin_s for cue in together[1:]), float("inf")]
    return tuple(replace(cue, end_s=min(cue.end_s, end)) for cue, end in zip(together, ends, strict=True))


def _words(cue: FileCue) -> Iterator[Word]:
    """WebVTT may say within a cue when its words are said: <00:00:01.500>."""
    parts: list[tuple[float, str]] = []
    begin_s, at = cue.begin_s, 0
    for moment in _MOMENT.finditer(cue.text):
        parts.append((begin_s, cue.text[at : moment.start()]))
        begin_s, at = min(max(_seconds(moment.groups()), begin_s), cue.end_s), moment.end()
    parts.append((begin_s, cue.text[at:]))
    said = [(begin_s, text) for begin_s, part in parts if (text := _plain(part))]
    for (begin, text), (end, _) in pairwise([*said, (cue.end_s, "")]):
        yield from words_between(text, begin, end)


def _plain(text: str) -> str:
    """What is said of a text: without markup, on one line."""
    bare = _TAG.sub("", _MOMENT.sub(" ", _ASIDE.sub("", text)))
    told = _ENTITY.sub(lambda match: unescape(match[0]), bare)
    return SPACES.sub(" ", _INSIDE.sub("", told)).strip()


def _refuse(what: str, remedy: str, cause: Exception | None = None) -> NoReturn:
    message = f"{what}; {remedy}"
    raise SourceError(message) from cause
