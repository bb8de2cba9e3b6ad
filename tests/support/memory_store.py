"""Where does everything lie in a test that has no disk? In memory, and with faults on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cliptask_renderer.storage.base import StoredObject, check_metadata, check_name
from support.faults import Faults


class MemoryStore:
    """A ``Store``. Calls go by the names of its methods, ``put`` being one of ``put_bytes``."""

    def __init__(self, uri: str = "gs://bucket/memory") -> None:
        self.uri = uri
        self.faults = Faults()
        self._objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self._lock = threading.RLock()

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object whose name starts with ``prefix``, sorted by name, as they are at the first step."""
        with self._lock, self.faults.met("list"):
            found = [self._stored(name) for name in sorted(self._objects) if name.startswith(prefix)]
        yield from found

    def stat(self, name: str) -> StoredObject | None:
        """One object, or None."""
        with self._lock, self.faults.met("stat"):
            return self._stored(name) if check_name(name) in self._objects else None

    def put(
        self, name: str, file: Path, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store a file's content."""
        return self.put_bytes(name, file.read_bytes(), metadata, replace=replace)

    def put_bytes(
        self, name: str, content: bytes, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store small content."""
        own = check_metadata(check_name(name), metadata)
        with self._lock, self.faults.met("put_bytes"):
            if replace or name not in self._objects:
                self._objects[name] = content, own
            return self._stored(name)

    def read(self, name: str) -> bytes:
        """A small object's content. Raises ``KeyError`` where there is none."""
        with self._lock, self.faults.met("read"):
            return self._objects[name][0]

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A file with the object's content. Raises ``KeyError`` where there is none."""
        content = self.read(name)
        with self.scratch() as folder:
            (folder / "object").write_bytes(content)
            yield folder / "object"

    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none."""
        with self._lock, self.faults.met("delete"):
            self._objects.pop(check_name(name), None)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder to work in, gone afterwards."""
        with TemporaryDirectory() as folder:
            yield Path(folder)

    def _stored(self, name: str) -> StoredObject:
        content, metadata = self._objects[name]
        return StoredObject(name, len(content), dict(metadata))
