"""How are objects joined where a storage copies pieces of some size only? Large ones are copied, what lies between is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Limits(NamedTuple):
    """Of the pieces that a storage makes an object of, in bytes."""

    least: int
    """Of a piece, unless it is the last."""
    most: int
    """Of one that it copies."""
    most_sent: int
    """Of one that is sent, which is held in memory."""


class Stretch(NamedTuple):
    """A run of bytes of one source."""

    source: int
    span: range


class Piece(NamedTuple):
    """Of the object that is made."""

    stretches: tuple[Stretch, ...]
    is_copied: bool
    """By the storage itself, from one source; else they pass through this process."""

    @property
    def size_bytes(self) -> int:
        """Of the piece."""
        return sum(len(each.span) for each in self.stretches)


def pieces_of(sources: Sequence[tuple[int, bool]], limits: Limits) -> Iterator[Piece]:
    """Pieces that make up all sources in their order, each given by its size and whether the storage can copy from it.

    At most ``2 * least`` bytes of a source that can be copied are sent: what fills the piece before it up, and what is
    left at its end.
    """
    sending: list[Stretch] = []
    sent = 0
    for number, (size_bytes, can_be_copied) in enumerate(sources):
        start = 0
        while start < size_bytes:
            left = size_bytes - start
            if can_be_copied and left >= limits.least and (not sending or sent >= limits.least):
                if sending:
                    yield Piece(tuple(sending), is_copied=False)
                    sending, sent = [], 0
                take = _copied(left, limits)
                yield Piece((Stretch(number, range(start, start + take)),), is_copied=True)
            else:
                take = min(left, limits.least - sent if can_be_copied and sent < limits.least else left)
                take = min(take, limits.most_sent - sent)
                sending.append(Stretch(number, range(start, start + take)))
                sent += take
                if sent == limits.most_sent:
                    yield Piece(tuple(sending), is_copied=False)
                    sending, sent = [], 0
            start += take
    if sending:
        yield Piece(tuple(sending), is_copied=False)


def _copied(left: int, limits: Limits) -> int:
    """So much of what is left that the rest can be copied as well."""
    if left <= limits.most:
        return left
    return limits.most if left - limits.most >= limits.least else limits.most - limits.least
