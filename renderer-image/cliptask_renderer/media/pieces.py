"""How do pieces of a file read as one file? Where a reader must not see what lies between them."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Piece: TypeAlias = range | bytes
"""Places in a file, or bytes that it lacks."""


def joined(file: BinaryIO, pieces: Sequence[Piece]) -> BinaryIO:
    """The pieces in a row, to be read and sought in. ``file`` must stay open; nobody else may move in it meanwhile."""
    return io.BufferedReader(_Pieces(file, pieces))


class _Pieces(io.RawIOBase):
    def __init__(self, file: BinaryIO, pieces: Sequence[Piece]) -> None:
        self._file, self._pieces, self._at = file, pieces, 0
        self._starts = list(accumulate((len(piece) for piece in pieces), initial=0))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._starts[-1]}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        index = bisect_right(self._starts, self._at) - 1
        if index >= len(self._pieces):
            return 0
        piece, inside = self._pieces[index], self._at - self._starts[index]
        wanted = min(len(view), len(piece) - inside)
        if isinstance(piece, range):
            self._file.seek(piece[inside])
            content = self._file.read(wanted)
        else:
            content = piece[inside : inside + wanted]
        view[: len(content)] = content
        self._at += len(content)
        return len(content)
