"""How do parts lie in the cache, and how are they put together? With their index and their checksum known, so that nobody reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import google_crc32c

from cliptask.errors import MediaError, PartLost
from cliptask_renderer.mux.boxes import places
from cliptask_renderer.mux.tables import Part, read_part
from cliptask_renderer.storage import crc32c
from cliptask_renderer.storage.base import NamedObjects

_KNOWN = 1024
"""Parts whose tables a process keeps: some kilobytes each."""


@dataclass(frozen=True)
class StoredPart:
    """A segment or a soundtrack in a cache."""

    name: str
    part: Part
    crc32c: int
    """Of its content when it was made."""
    sha256: str = ""
    """Likewise, in hexadecimal digits; empty: of an older version, which did not note it."""


def store_part(cache: NamedObjects, name: str, file: Path, noted: Mapping[str, str]) -> StoredPart:
    """Store a file that was checked, with where its index is and its checksum beside what else is ``noted``."""
    index, part = _indexed(file, name)
    checksum, sha256 = crc32c.of_file(file), _sha256(file)
    known = {"index": f"{index.start}-{index.stop}", "crc32c": crc32c.as_text(checksum), "sha256": sha256}
    there = cache.put(name, file, {**noted, **known})
    made = StoredPart(name, part, checksum, sha256)
    # Another process may have stored it first: what is there counts.
    return made if known.items() <= there.metadata.items() else stored_part(cache, name) or made


def part_in(file: Path, what: str) -> Part:
    """What a file holds that is a part. Raises ``MediaError`` where it is none."""
    return _indexed(file, what)[1]


def _indexed(file: Path, what: str) -> tuple[range, Part]:
    """Where the index of a part lies, and what it says."""
    with file.open("rb") as content:
        index = next((place for kind, place in places(content) if kind == b"moov"), range(0))
        content.seek(index.start)
        return index, read_part(content.read(len(index)), file.stat().st_size, what)


def stored_part(cache: NamedObjects, name: str) -> StoredPart | None:
    """What is known of a part that exists; None where it must be made."""
    there = cache.stat(name)
    if there is None:
        return None
    try:
        start, stop = map(int, there.metadata["index"].split("-"))
        checksum = crc32c.from_text(there.metadata["crc32c"])
        tables = _tables(_Index(cache.uri, name, there.size_bytes, start, stop, cache))
        return StoredPart(name, tables, checksum, there.metadata.get("sha256", ""))
    except (KeyError, ValueError, MediaError):
        cache.delete(name)  # its record is lost, or is not its own: it is made again rather than trusted
        return None


@dataclass(frozen=True)
class _Index:
    """Where the index of a part is: the same for whichever store object of a place leads there."""

    uri: str
    name: str
    size_bytes: int
    start: int
    stop: int
    cache: NamedObjects = field(compare=False)


@lru_cache(maxsize=_KNOWN)
def _tables(index: _Index) -> Part:
    return read_part(
        index.cache.read(index.name, range(index.start, index.stop)), index.size_bytes, index.name
    )


def sha256_of(cache: NamedObjects, part: StoredPart) -> bytes:
    """The SHA-256 of a part's content; one that was not noted when it was made is read for it. Raises ``KeyError`` where it is gone."""
    if part.sha256:
        return bytes.fromhex(part.sha256)
    with cache.local(part.name) as file:
        return bytes.fromhex(_sha256(file))


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def put_together(
    output: NamedObjects,
    name: str,
    head: bytes,
    cache: NamedObjects,
    parts: Sequence[StoredPart],
    noted: Mapping[str, str],
) -> None:
    """Store a header and the parts of a cache after it as one object. Raises as ``compose``, so where a part was damaged since it was made."""
    pieces = [
        (google_crc32c.value(head), len(head)),
        *((each.crc32c, each.part.size_bytes) for each in parts),
    ]
    whole = crc32c.concatenated(pieces)
    output.compose(name, head, [(cache, each.name) for each in parts], noted, crc32c=whole)


def refuse_damaged(cache: NamedObjects, parts: Iterable[StoredPart], cause: MediaError | None = None) -> None:
    """Remove the parts that are no more what they were when they were made. Raises ``PartLost`` with the name of the first, if any."""
    damaged = []
    for name, part in {each.name: each for each in parts}.items():
        with cache.local(name) as file:
            if crc32c.of_file(file) == part.crc32c:
                continue
        cache.delete(name)
        damaged.append(name)
    if damaged:
        _tables.cache_clear()  # they may be what was damaged
        message = f"{cache.uri}/{damaged[0]} was damaged since it was made: it is removed; run the task again, which makes it anew"
        raise PartLost(message) from cause
