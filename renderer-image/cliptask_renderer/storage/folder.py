"""How is a folder a store? Objects are plain files in it; all that is internal lies in its hidden ``.store``.

::

    <root>/<name>                     an object: a file that anybody can open or copy
    <root>/.store/meta/<folder>/.<file>.json   its metadata; the dot keeps it from colliding with a folder of that name
    <root>/.store/tmp/<random>/       scratch of one living process, which holds a lock on ``lock`` in it
    <root>/.store/lock                held for the few renames of a commit

Writes are made whole and durable aside (``fsync``), then named: metadata first, then the object by ``link``, which
fails where the name exists. Of writes that are made ``together`` all are durable before the first gets its name, so that
the disk is waited for once. A process may be killed at any moment: without its last step there is no object, and
locks (``flock``) and what they guard end with the process that holds them.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from cliptask.errors import OutputError
from cliptask_renderer.storage.base import (
    NamedObjects,
    Store,
    StoredObject,
    check_metadata,
    check_name,
    check_span,
    is_name,
    unexpected,
)
from cliptask_renderer.storage.crc32c import of_file
from cliptask_renderer.storage.disk_errors import disk_errors, needing
from cliptask_renderer.storage.files import begin_sync, give_name, join, opened, size_of, sync
from cliptask_renderer.storage.scratch import (
    INTERNAL,
    chosen_scratch,
    may_take_over,
    scratch_folder,
    store_lock,
)
from cliptask_renderer.storage.staging import Staging, Written


class FolderStore:
    """A ``Store`` in a folder, which the first write makes. Safe for any number of processes and threads at once."""

    def __init__(self, root: Path, scratch: Path | None = None, staging: Staging | None = None) -> None:
        """``scratch``: where its scratch folders lie; None: in the folder itself, from which ``put`` need not copy.

        ``staging``: where writes wait for each other; None: each is named at once.
        """
        self._root = root.absolute()
        self._internal = self._root / INTERNAL
        self._scratch = scratch
        self._shared = staging
        self._uri = self._root.as_uri()

    def __repr__(self) -> str:
        return f"FolderStore({str(self._root)!r})"

    @property
    def uri(self) -> str:
        """``file:///`` and the folder's absolute path, percent-encoded."""
        return self._uri

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object whose name starts with ``prefix``, sorted by name.

        Names are collected at the first step, the rest as it goes: what is deleted meanwhile is left out.
        """
        folder = prefix.rpartition("/")[0]
        if folder and not is_name(folder):
            return
        with self._disk_errors("be listed"):
            names = sorted(name for name in self._names(folder) if name.startswith(prefix))
        for name in names:
            with self._disk_errors("be listed"):
                stored = self._look(name)
            if stored is not None:
                yield stored

    def stat(self, name: str) -> StoredObject | None:
        """One object, or None. Metadata that are lost, damaged or of a file since replaced by hand are empty."""
        with self._disk_errors("be read"):
            return self._look(check_name(name))

    def put(
        self, name: str, file: Path, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store a file's content. A file from a folder store's ``scratch`` is taken over; any other is copied."""
        own = self._checked(name, metadata)
        with needing(size_of(file) or 0), self._staging() as staging, self._disk_errors("be written"):
            staged = staging.free()
            if may_take_over(file, staging.folder):
                file.rename(staged)
            else:
                shutil.copyfile(file, staged)
            return self._store(name, staged, staging, own, replace=replace)

    def put_bytes(
        self, name: str, content: bytes, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store small content."""
        own = self._checked(name, metadata)
        with needing(len(content)), self._staging() as staging, self._disk_errors("be written"):
            staged = staging.free()
            staged.write_bytes(content)
            return self._store(name, staged, staging, own, replace=replace)

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
        """Store ``head`` and what the parts hold, copied within the kernel where it can."""
        own = self._checked(name, metadata)
        with ExitStack() as stack:
            contents = [stack.enter_context(opened(*part)) for part in parts]
            size_bytes = len(head) + sum(os.fstat(content.fileno()).st_size for content in contents)
            with needing(size_bytes), self._staging() as staging, self._disk_errors("be written"):
                staged = staging.free()
                join(head, contents, staged)
                if of_file(staged) != crc32c:
                    raise unexpected(self.uri, name)
                return self._store(name, staged, staging, own, replace=replace)

    @contextmanager
    def together(self) -> Iterator[Store]:
        """The same store, whose writes are all durable before the first of them gets its name: see ``Store``."""
        with self._staging() as staging:
            try:
                yield FolderStore(self._root, self._scratch, staging)
            finally:
                with needing(staging.size_bytes), self._disk_errors("be written"):
                    self._name(staging)

    def read(self, name: str, span: range | None = None) -> bytes:
        """A small object's content, or the span of any one's. Raises ``KeyError`` where there is none."""
        with opened(self, name) as content, self._disk_errors("be read"):
            if span is None:
                return content.read()
            size_bytes = os.fstat(content.fileno()).st_size
            return os.pread(content.fileno(), min(len(check_span(span)), size_bytes), span.start)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """The object's own file: to be read, never to be written. Raises ``KeyError`` where there is none."""
        target = self._target(name)
        with self._disk_errors("be read"):
            size_bytes = size_of(target)
        if size_bytes is None:
            raise KeyError(name)
        yield target

    def delete(self, name: str) -> None:
        """Remove an object and the folders that it leaves empty; nothing happens where there is none."""
        target, sidecar = self._target(name), Path(self._sidecar(name))
        if self.stat(name) is None:
            return
        with self._disk_errors("be written"), store_lock(self._internal):
            for path in (target, sidecar):
                path.unlink(missing_ok=True)
                with suppress(OSError):
                    os.removedirs(path.parent)  # ends at what holds the lock

    def scratch(self) -> AbstractContextManager[Path]:
        """An empty folder to work in, gone afterwards. Those that dead processes left are removed first."""
        return self._own_scratch() if self._scratch is None else chosen_scratch(self._scratch)

    @contextmanager
    def _own_scratch(self) -> Iterator[Path]:
        """A scratch folder on the disk of the objects."""
        with ExitStack() as stack:
            with self._disk_errors("be written"):
                folder = stack.enter_context(scratch_folder(self._internal))
            yield folder

    @contextmanager
    def _staging(self) -> Iterator[Staging]:
        """Where files wait for their names."""
        if self._shared is not None:
            yield self._shared
            return
        with self._own_scratch() as folder:
            yield Staging(folder)

    def _checked(self, name: str, metadata: Mapping[str, str] | None) -> dict[str, str]:
        check_name(name)
        return check_metadata(name, metadata)

    def _store(
        self, name: str, staged: Path, staging: Staging, own: dict[str, str], *, replace: bool
    ) -> StoredObject:
        """Make a staged file an object, at once unless it may wait for others."""
        size_bytes, sidecar = staged.stat().st_size, None
        if own:
            sidecar = staging.free()
            sidecar.write_text(json.dumps({"sizeBytes": size_bytes, "metadata": own}))
        written = Written(name, staged, size_bytes, own, sidecar, replace)
        staging.add(written)
        if staging is self._shared and not staging.is_full:
            for file in written.files:
                begin_sync(file)
            return StoredObject(name, size_bytes, own)
        return self._name(staging)[-1]

    def _name(self, staging: Staging) -> Sequence[StoredObject]:
        """Make all that waits durable, and then give it its names; what then has them. The files are gone afterwards."""
        if not (writes := staging.take()):
            return ()
        sync([file for each in writes for file in each.files])
        with store_lock(self._internal):
            stored = [self._commit(each) for each in writes]
        for each in writes:
            each.file.unlink(missing_ok=True)
        beside = [Path(self._sidecar(each.name)).parent for each in writes]
        folders = dict.fromkeys([*beside, *(self._target(each.name).parent for each in writes)])
        # Whoever deletes at the same time may have removed the folders already.
        with suppress(FileNotFoundError):
            sync(list(folders))
        return stored

    def _commit(self, written: Written) -> StoredObject:
        """Give a file its name, unless that is taken and not to be replaced; what then has it. Only under the store's lock."""
        name, sidecar = written.name, written.sidecar
        target, beside = self._target(name), Path(self._sidecar(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.parent.mkdir(parents=True, exist_ok=True)
        before = size_of(target)
        if before is not None and not written.replace:
            # Metadata that were lost come back with the same content.
            lost = not self._metadata(name, before)
            if sidecar and lost and filecmp.cmp(written.file, target, shallow=False):
                sidecar.replace(beside)
            return StoredObject(name, before, self._metadata(name, before))
        if before is not None:
            # In this order no object ever lies beside another's metadata.
            beside.unlink(missing_ok=True)
            written.file.replace(target)
        if sidecar is not None:
            sidecar.replace(beside)
        else:
            beside.unlink(missing_ok=True)
        if before is None:
            give_name(written.file, target)
        return StoredObject(name, written.size_bytes, written.metadata)

    def _names(self, folder: str) -> Iterator[str]:
        """Names of all objects below a folder, in no order."""
        try:
            with os.scandir(self._root / folder) as entries:
                found = [(f"{folder}/{entry.name}".lstrip("/"), entry) for entry in entries]
        except FileNotFoundError:
            return
        except NotADirectoryError:
            if folder:
                return
            raise
        for name, entry in found:
            if not is_name(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._names(name)
            elif entry.is_file(follow_symlinks=False):
                yield name

    def _look(self, name: str) -> StoredObject | None:
        """One object by a name that is checked already, or None."""
        # Listings are long: plain strings take half of the time that Path objects do.
        if (size_bytes := size_of(f"{self._root}/{name}")) is None:
            return None
        return StoredObject(name, size_bytes, self._metadata(name, size_bytes))

    def _metadata(self, name: str, size_bytes: int) -> dict[str, str]:
        """What the sidecar says, if it can be read and speaks of a file of this size."""
        try:
            with open(self._sidecar(name), "rb") as file:  # noqa: PTH123 - as above
                content = json.loads(file.read())
            return check_metadata(name, content["metadata"] if content["sizeBytes"] == size_bytes else {})
        # A damaged sidecar is a lost one: whatever it holds instead must not keep the others from being listed.
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OutputError):
            return {}

    def _target(self, name: str) -> Path:
        return self._root / check_name(name)

    def _sidecar(self, name: str) -> str:
        folder, slash, file = name.rpartition("/")
        return f"{self._internal}/meta/{folder}{slash}.{file}.json"

    def _disk_errors(self, action: str) -> AbstractContextManager[None]:
        return disk_errors(f"{self.uri} cannot {action}", folder=self._root)
