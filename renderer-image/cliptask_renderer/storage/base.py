"""Where does everything lie? One interface over a bucket or a folder of objects with names and metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cliptask.errors import MediaError, OutputError

NAME_BYTES = 1024
"""Longest name of an object in Google Cloud Storage."""
PART_BYTES = 240
"""Longest part between slashes: 255 on every file system of Linux, less what a folder store adds to it."""
METADATA_BYTES = 8192
"""Most custom metadata, keys and values together, of an object in Google Cloud Storage."""


@dataclass(frozen=True)
class StoredObject:
    """An object's name, size and the metadata that it was written with."""

    name: str
    size_bytes: int
    metadata: Mapping[str, str] = field(default_factory=dict)


class NamedObjects(Protocol):
    """What a Job does with a store: it asks for objects by names that follow from its order, and never what else there is.

    So signed URLs of exactly these could stand for credentials. Names are relative, with ``/`` between folders; there is no rename.

    Writes are atomic: a reader sees all of an object or none. Without ``replace`` they are create-only: where the
    object exists already it stays as it is and is returned, since a name that holds a content key means that content.
    No name may be another's folder (``a`` beside ``a/b``): buckets take it, folders cannot.

    Every method raises ``OutputError`` for a name that is none (see ``check_name``) and where the storage refuses. A
    bucket adds ``SetupError`` where it is missing, or permission or credentials for it are, which its administrator can
    give, and ``TransientError`` where it does not answer to the end of all attempts.
    """

    @property
    def uri(self) -> str:
        """What ``open_store`` opens again, e.g. in another process."""

    def stat(self, name: str) -> StoredObject | None:
        """One object, or None."""

    def put(
        self, name: str, file: Path, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store a file's content. A file from ``scratch`` may be taken over, and gone; any other is copied, and kept."""

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
        """Store ``head`` and after it what the parts hold, objects of this or other stores: as ``put``, but none of it in memory.

        Raises ``MediaError`` where the whole would not have the checksum ``crc32c``, and ``KeyError`` with the name of a
        part that is not there; nothing is stored then.
        """

    def together(self) -> AbstractContextManager[NamedObjects]:
        """The same store for one thread, whose writes may wait for each other: that is quicker where there are many small ones.

        Each is there, and survives a loss of power, when the context ends at the latest, by an error too; none is seen,
        by this store neither, before it would survive, and none before those that were written earlier. A write returns
        what it has written, although another's may have the name in the end. Raises ``OutputError`` at the end as well.
        """

    def read(self, name: str, span: range | None = None) -> bytes:
        """A small object's content, or the ``span`` of any one's: as a slice, it ends where the object does.

        Raises ``KeyError`` where there is none.
        """

    def local(self, name: str) -> AbstractContextManager[Path]:
        """A file with the object's content to read while the context lasts. Raises ``KeyError`` where there is none."""

    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none."""

    def scratch(self) -> AbstractContextManager[Path]:
        """An empty folder to work in, gone afterwards, from which ``put`` need not copy.

        After a crash a folder store removes it later; a bucket's lies where temporary files do, and shares their fate.
        """


class Store(NamedObjects, Protocol):
    """All of a store, for whoever plans and publishes."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object whose name starts with ``prefix``, sorted by name."""

    def put_bytes(
        self, name: str, content: bytes, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store small content."""

    def together(self) -> AbstractContextManager[Store]:
        """As of ``NamedObjects``."""


def is_name(name: str) -> bool:
    """Whether an object may have this name, in a bucket as in a folder.

    Relative, no empty or over-long part, none that begins with a dot, no control characters, valid as UTF-8.
    """
    try:
        parts = all(0 < len(part.encode()) <= PART_BYTES and part[0] != "." for part in name.split("/"))
        return parts and len(name.encode()) <= NAME_BYTES and name.isprintable()
    except UnicodeEncodeError:
        return False


def check_name(name: str) -> str:
    """The name itself. Raises ``OutputError`` where ``is_name`` says no."""
    if not is_name(name):
        message = (
            f"{name[:200]!r} cannot be an object's name: names are relative, of printable characters, at most {NAME_BYTES} bytes, "
            f"without parts that are empty, begin with a dot or exceed {PART_BYTES} bytes; rename what it is made from"
        )
        raise OutputError(message)
    return name


def check_span(span: range) -> range:
    """The span itself. Raises ``ValueError`` for what is no run of bytes."""
    if span.start < 0 or span.step != 1:
        message = f"{span} is no run of an object's bytes"
        raise ValueError(message)
    return span


def unexpected(uri: str, name: str) -> MediaError:
    """What is said of an object whose parts do not make up what they should."""
    return MediaError(
        f"{uri}/{name} is not stored: what it is joined from has another checksum than was reckoned, since a part has changed or is damaged; "
        "check the cache's disk, or delete the parts in it, and make it again"
    )


def check_metadata(name: str, metadata: Mapping[str, str] | None) -> dict[str, str]:
    """The metadata as a dict of its own. Raises ``OutputError`` where a bucket would refuse them."""
    own = dict(metadata or {})
    texts = [*own, *own.values()]
    if not all(isinstance(text, str) for text in texts):
        message = f"the metadata of {name} must be strings, of which a bucket keeps nothing else: convert the values"
        raise OutputError(message)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    if size > METADATA_BYTES:
        message = f"the metadata of {name} take {size} bytes, a bucket keeps {METADATA_BYTES}: put the rest into an object"
        raise OutputError(message)
    return own
