"""Which words of a line are stressed to the eye? Those between asterisks, which nobody hears: ``only *today*``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cliptask.text import abridged, directions, heard_at

_MARK, _ESCAPED = "*", "\\*"
_SHOWN = 20
"""Characters of a text that a message quotes."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its marks."""

    text: str
    spans: tuple[range, ...]
    """The places in it that stood between asterisks."""

    @property
    def letters(self) -> tuple[tuple[int, int], ...]:
        """The same among the characters that are heard, spaces and directions for the voice not counted."""
        heard, places = heard_at(self.text)
        stressed = [
            any(place in span for span in self.spans)
            for letter, place in zip(heard, places, strict=True)
            if not letter.isspace()
        ]
        begins = [at for at, each in enumerate(stressed) if each and not (at and stressed[at - 1])]
        ends = [at + 1 for at, each in enumerate(stressed) if each and not any(stressed[at + 1 : at + 2])]
        return tuple(zip(begins, ends, strict=True))


def read(text: str) -> Marked:
    r"""A text as it is written: ``*`` begins and ends what is stressed, ``\*`` is an asterisk, and so is one between spaces.

    Those within directions for the voice are theirs. Raises ``ValueError`` for one that has no other.
    """
    found: list[str] = []
    spans: list[range] = []
    begun: tuple[int, int] | None = None
    for at, letter, is_mark in _letters(text):
        if not is_mark:
            found.append(letter)
        elif begun is None:
            if not text[at + 1 : at + 2].strip():
                _refuse(text, at, "ends what has not begun")
            begun = len(found), at
        elif begun[0] == len(found):
            _refuse(text, begun[1], "stands beside another: put one before the word and one after it")
        elif text[at - 1].isspace():
            _refuse(text, at, "begins anew before the last has ended")
        else:
            spans.append(range(begun[0], len(found)))
            begun = None
    if begun is not None:
        _refuse(text, begun[1], "has no other after it")
    # Each of these may be several characters: places count in the text.
    starts = [0]
    for letter in found:
        starts.append(starts[-1] + len(letter))
    return Marked("".join(found), tuple(range(starts[span.start], starts[span.stop]) for span in spans))


def literal(text: str) -> str:
    """A text in which every asterisk is one, as a line that stresses nothing has it."""
    parts = _letters(text)
    return "".join(_ESCAPED if is_mark or text[at] != letter else letter for at, letter, is_mark in parts)


def _letters(text: str) -> Iterator[tuple[int, str, bool]]:
    """Each place in a text with what stands there, and whether that is a mark."""
    directed = {place for span in directions(text) for place in span}
    at = 0
    while at < len(text):
        if text.startswith(_ESCAPED, at) and at not in directed:
            yield at, _MARK, False
            at += len(_ESCAPED)
            continue
        around = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
        is_mark = text[at] == _MARK and at not in directed and any(each.strip() for each in around)
        yield at, text[at], is_mark
        at += 1


def _refuse(text: str, at: int, why: str) -> None:
    message = (
        f"the asterisk in {abridged(text[max(at - _SHOWN // 2, 0) :], _SHOWN)!r} {why}: *word* stresses a word in burned "
        "captions; for an asterisk that is read, write \\*"
    )
    raise ValueError(message)
