"""How is a bucket of any storage a store? Objects below a prefix, each with its checksum in its metadata.

A write makes its object whole, label included, when its last byte has arrived as it was: whoever is killed before leaves
nothing that anybody sees. The storage refuses it where something has the name, unless it replaces that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from cliptask.errors import OutputError, TransientError
from cliptask_renderer.storage.base import (
    NAME_BYTES,
    NamedObjects,
    StoredObject,
    check_metadata,
    check_name,
    is_name,
    unexpected,
)
from cliptask_renderer.storage.bucket import (
    Bucket,
    Changed,
    Damaged,
    Gone,
    Known,
    Taken,
    download,
    patiently,
)
from cliptask_renderer.storage.crc32c import Checksum, as_text
from cliptask_renderer.storage.disk_errors import disk_errors
from cliptask_renderer.storage.files import opened
from cliptask_renderer.storage.joining import Piece, pieces_of
from cliptask_renderer.storage.labels import Label, label_of
from cliptask_renderer.storage.location import Location, uri_of
from cliptask_renderer.storage.remote import RemoteStore
from cliptask_renderer.storage.sources import (
    Source,
    gathered,
    of_bytes,
    of_content,
    of_object,
    whole_crc32c,
)

_ATTEMPTS = 3
"""At an object that arrives damaged, or that is gone when it is looked at."""
_AT_A_TIME = 8
"""Requests for one object that wait for the storage at the same time."""


class ObjectStore(RemoteStore):
    """A ``Store`` in a bucket, which must exist. Safe for any number of processes and threads at once."""

    def __init__(self, bucket: Bucket, path: str, scratch: Path | None = None) -> None:
        """``scratch``: where its scratch folders lie; None: where temporary files do (``TMPDIR``)."""
        self.bucket = bucket
        self._prefix = path
        self._root = f"{path}/" if path else ""
        super().__init__(scratch)

    def __repr__(self) -> str:
        return f"ObjectStore({self.uri!r})"

    @property
    def uri(self) -> str:
        """The scheme, the bucket and the prefix, percent-encoded."""
        return uri_of(self.bucket.scheme, Location(self.bucket.name, self._prefix))

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object whose name starts with ``prefix``, sorted by name: asked for in pages, as it goes."""
        try:
            prefix.encode()
        except UnicodeEncodeError:
            return
        with self._explained("be listed"):
            for known in self.bucket.list(self._root + prefix):
                # What other hands stored, and stores within this one (.cliptask), are none of its objects.
                if is_name(known.path.removeprefix(self._root)):
                    yield self._stored(known)

    def stat(self, name: str) -> StoredObject | None:
        """One object, or None."""
        path = self.path(name)
        with self._explained("be read"):
            known = patiently(self.bucket, lambda: self.bucket.head(path))
            if known is None:
                self.bucket.check()
        return None if known is None else self._stored(known)

    def compose(
        self,
        name: str,
        head: bytes,
        parts: Sequence[tuple[NamedObjects, str]],
        metadata: Mapping[str, str] | None = None,
        *,
        crc32c: int,
        replace: bool = False,
    ) -> StoredObject:
        """Store ``head`` and what the parts hold: those of this storage are copied by it, as far as its limits let it.

        The whole's checksum is reckoned from those that the parts were stored with, before anything is written; and what
        is copied or read is held to the ETags that these belong to.
        """
        path, own = self.path(name), check_metadata(name, metadata)
        names = [(store, check_name(part)) for store, part in parts]
        with ExitStack() as stack, disk_errors(f"the parts of {name} cannot be read"):
            for _ in range(_ATTEMPTS):
                with self._explained("be written"):
                    sources = self._sources(stack, head, names)
                    if whole_crc32c(sources) != crc32c:
                        raise unexpected(self.uri, name)
                    label = label_of(path, own, crc32c, replace=replace)
                    there = self._made(path, label, sources, replace=replace)
                if there is not None:
                    self.bucket.tidy(self._root)
                    return self._stored(there)
        raise self._unlucky(name)

    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none."""
        path = self.path(name)
        with self._explained("be written"):
            patiently(self.bucket, lambda: self.bucket.remove(path))

    def path(self, name: str) -> str:
        """Of an object in the bucket. Raises ``OutputError``."""
        path = self._root + check_name(name)
        if len(path.encode()) > NAME_BYTES:
            message = f"{self.uri}/{name[:200]} is longer than the {NAME_BYTES} bytes of an object's name: shorten the output's URI"
            raise OutputError(message)
        return path

    def _upload(
        self, name: str, content: BinaryIO, metadata: Mapping[str, str] | None, *, replace: bool
    ) -> StoredObject:
        path, own = self.path(name), check_metadata(name, metadata)
        source = of_content(content)
        label = label_of(path, own, source.crc32c, replace=replace)
        for _ in range(_ATTEMPTS):
            with self._explained("be written"):
                there = self._made(path, label, [source], replace=replace)
            if there is not None:
                return self._stored(there)
        raise self._unlucky(name)

    def _made(self, path: str, label: Label, sources: Sequence[Source], *, replace: bool) -> Known | None:
        """What has the name now; None where another attempt may tell."""
        made = Known(path, sum(each.size_bytes for each in sources), "", label)
        pieces = [
            *pieces_of([(each.size_bytes, each.known is not None) for each in sources], self.bucket.limits)
        ]
        try:
            if len(pieces) > 1 or any(piece.is_copied for piece in pieces):
                self._join(path, label, sources, pieces, replace=replace)
            else:
                content = b"".join(gathered(sources, piece) for piece in pieces)
                patiently(self.bucket, lambda: self.bucket.put(path, content, label, replace=replace))
        except (Taken, Gone):
            # Another's, or this one's own: an answer that was lost has the request made again.
            there = patiently(self.bucket, lambda: self.bucket.head(path))
            return there if there is not None and (not replace or _is_same(there, made)) else None
        except (Changed, Damaged):
            return None
        return made

    def _join(
        self, path: str, label: Label, sources: Sequence[Source], pieces: Sequence[Piece], *, replace: bool
    ) -> None:
        """Make an object of many pieces: several are copied at a time, but one at a time is held in memory and sent."""
        upload = patiently(self.bucket, lambda: self.bucket.begin(path, label))

        def copy(number: int, piece: Piece) -> None:
            stretch = piece.stretches[0]
            source = sources[stretch.source]
            if source.known is not None:
                known = source.known
                patiently(self.bucket, lambda: upload.copy(number, source.bucket, known, stretch.span))

        def send(number: int, piece: Piece) -> None:
            content = gathered(sources, piece)
            checksum = google_crc32c.value(content)
            patiently(self.bucket, lambda: upload.send(number, content, checksum))

        try:
            with ThreadPoolExecutor(_AT_A_TIME) as pool:
                numbered = [*enumerate(pieces, 1)]
                copies = [pool.submit(copy, *each) for each in numbered if each[1].is_copied]
                for number, piece in numbered:
                    if not piece.is_copied:
                        send(number, piece)
                for each in copies:
                    each.result()
            patiently(self.bucket, lambda: upload.commit(replace=replace))
        except BaseException:
            upload.abandon()
            raise

    def _sources(
        self, stack: ExitStack, head: bytes, parts: Sequence[tuple[NamedObjects, str]]
    ) -> Sequence[Source]:
        """The head and the parts, each looked at once. Raises ``KeyError`` with the name of one that is not there."""
        distinct = [*dict.fromkeys(parts)]
        here = [
            part
            for part in distinct
            if isinstance(part[0], ObjectStore) and part[0].bucket.storage == self.bucket.storage
        ]
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            found = dict(zip(here, pool.map(lambda part: _source(*part), here), strict=True))
        for store, name in distinct:
            if (store, name) not in found:
                found[store, name] = of_content(stack.enter_context(opened(store, name)))
        return [of_bytes(head), *(found[part] for part in parts)]

    def _download(self, name: str, content: BinaryIO, span: range | None = None) -> None:
        path, through = self.path(name), Checksum(content.write)
        with self._explained("be read"):
            try:
                known = download(self.bucket, path, through.write, span)
            except Changed as error:
                message = f"{self.uri}/{name} was replaced while it was read; try again"
                raise TransientError(message) from error
            except Gone as error:
                self.bucket.check()
                raise KeyError(name) from error
        if span is None and known.label.crc32c not in {None, through.value}:
            message = f"{self.uri}/{name} arrived damaged: its CRC32C is {through}, not {as_text(known.label.crc32c or 0)}; try again"
            raise TransientError(message)

    def _stored(self, known: Known) -> StoredObject:
        return StoredObject(known.path.removeprefix(self._root), known.size_bytes, dict(known.label.metadata))

    def _explained(self, action: str) -> AbstractContextManager[None]:
        return self.bucket.explained(f"{self.uri} cannot {action}")


def _source(store: NamedObjects, name: str) -> Source:
    """Of an object in a bucket. Raises ``KeyError``."""
    if not isinstance(store, ObjectStore):  # pragma: no cover (see who calls)
        raise TypeError
    bucket, path = store.bucket, store.path(name)
    with bucket.explained(f"{store.uri} cannot be copied from", reads=True):
        known = patiently(bucket, lambda: bucket.head(path))
        if known is None:
            bucket.check()
            raise KeyError(name)
        return of_object(bucket, known)


def _is_same(one: Known, other: Known) -> bool:
    return (one.size_bytes, one.label.crc32c, one.label.metadata) == (
        other.size_bytes,
        other.label.crc32c,
        other.label.metadata,
    )
