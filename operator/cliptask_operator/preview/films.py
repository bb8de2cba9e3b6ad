"""How is a video played that is no file? Its header is reckoned, and any bytes of it come from there and from its parts."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path

from cliptask.captions import webvtt
from cliptask.errors import MediaError
from cliptask.orders import CaptionsOrder, VariantOrder
from cliptask_operator.preview.making import Shelf, parts_of
from cliptask_renderer.mux.movie import movie
from cliptask_renderer.mux.tables import Part
from cliptask_renderer.parts import stored_part
from cliptask_renderer.recordings import cues_of, words_of
from cliptask_renderer.storage.base import Store

PIECE_BYTES = 256 << 10
"""Read and sent at a time."""
_MOST_FILMS = 200
_REMEDY = "start the preview again, which makes it anew"


@dataclass(frozen=True)
class Film:
    """A video as ``render`` would write it: a header, and the whole files that follow."""

    key: str
    head: bytes
    files: tuple[tuple[Path, int], ...]
    """With their sizes in bytes."""
    captions: str | None = None
    """WebVTT."""
    captions_order: CaptionsOrder | None = None
    """What that is made by."""

    @property
    def size_bytes(self) -> int:
        """Of the whole."""
        return len(self.head) + sum(size for _, size in self.files)

    def open(self, wanted: range) -> Reading:
        """Some bytes of it. Raises ``MediaError`` where a part has gone or is another one. Blocks."""
        reading = Reading(self.head[wanted.start : wanted.stop])
        begin = len(self.head)
        for path, size in self.files:
            span = range(max(wanted.start - begin, 0), min(wanted.stop - begin, size))
            begin += size
            try:
                is_there = not span or reading.add(path, span) == size
            except OSError:
                is_there = False
            if not is_there:
                reading.close()
                message = f"{path} is gone, or another one"
                raise MediaError(message)
        return reading


class Reading:
    """Bytes on their way: those of the header, then pieces of files."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._spans: list[tuple[FileIO, range]] = []

    def add(self, path: Path, span: range) -> int:
        """Bytes of a file; returns the size of all of it. Raises ``OSError``."""
        file = FileIO(path)
        self._spans.append((file, span))
        return os.fstat(file.fileno()).st_size

    async def pieces(self) -> AsyncIterator[bytes]:
        """Each a few hundred kB at most, whoever reads them setting the pace."""
        try:
            if self._head:
                yield self._head
            for file, span in self._spans:
                at = span.start
                while at < span.stop:
                    size = min(PIECE_BYTES, span.stop - at)
                    piece = await asyncio.to_thread(os.pread, file.fileno(), size, at)
                    if not piece:
                        return  # cut off meanwhile: whoever reads misses the rest, and asks again
                    yield piece
                    at += len(piece)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the files."""
        for file, _ in self._spans:
            file.close()


class Films:
    """The videos that were asked for last, by their content keys."""

    def __init__(self) -> None:
        self._films: OrderedDict[str, Film] = OrderedDict()

    def get(self, key: str) -> Film | None:
        """One that was asked for."""
        if key in self._films:
            self._films.move_to_end(key)
        return self._films.get(key)

    def ready(
        self, order: VariantOrder, captions: CaptionsOrder | None, shelf: Shelf, *, is_draft: bool
    ) -> Film | None:
        """The video, if all its parts are there; None where one is still to be made. Reads files."""
        parts = parts_of(order, is_draft=is_draft)
        try:
            files = [shelf.file(part) for part in parts]
            sizes = [(file, file.stat().st_size) for file in files]
        except (KeyError, FileNotFoundError):
            return None
        film = self.get(order.key)
        if film and (film.files, film.captions_order) == (tuple(sizes), captions):
            return film
        stored = [stored_part(shelf.store(part), part.name) for part in parts]
        known = [each.part for each in stored if each]
        if len(known) < len(parts):
            return None
        film = _film(order, captions, shelf.stores.cache, sizes, known)
        self._films[order.key] = film
        if len(self._films) > _MOST_FILMS:
            self._films.popitem(last=False)
        return film


def _film(
    order: VariantOrder,
    captions: CaptionsOrder | None,
    cache: Store,
    files: Sequence[tuple[Path, int]],
    parts: Sequence[Part],
) -> Film:
    sound = parts[0] if order.soundtrack else None
    pictures = parts[1:] if order.soundtrack else parts
    words = partial(words_of, cache, remedy=_REMEDY)
    shown = cues_of(captions, words) if captions else ()
    soft = cues_of(order.captions, words) if order.captions else ()
    made = movie(pictures, sound, soft, order.language, order.source_type)
    return Film(order.key, made.head, tuple(files), webvtt(shown) if shown else None, captions)
