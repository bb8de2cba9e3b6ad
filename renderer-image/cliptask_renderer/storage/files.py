"""How are files opened, joined, kept and named? By what Linux and its file systems have for it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from io import FileIO
from pathlib import Path

from cliptask_renderer.storage.base import NamedObjects
from cliptask_renderer.storage.disk_errors import disk_errors

_NOT_HERE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF}
"""What a kernel, a file system, two of them or a container's rules answer that do not copy in this way."""
_MOST_BYTES = 1 << 30
"""Of one call."""
_AT_A_TIME = 16
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK}
"""What file systems without hard links answer: FAT, many FUSE and network ones."""


def size_of(path: str | Path) -> int | None:
    """Size of a plain file in bytes; None where there is none."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def begin_sync(path: Path) -> None:
    """Have the disk begin with a file's content, which is to be synced with others."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # Linux begins to write what it is to forget, and forgets nothing that is not written yet.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def sync(paths: Sequence[Path]) -> None:
    """Wait until the content of files, or the entries of folders, would survive a loss of power.

    Many at a time: each asks the disk to empty its cache, and what is asked at the same time is done once.
    """
    list(_waiting().map(_sync, paths))


@cache
def _waiting() -> ThreadPoolExecutor:
    """Threads of this process that wait for the disk; to begin some for each dozen files takes longer than to wait."""
    return ThreadPoolExecutor(_AT_A_TIME)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give_name(staged: Path, target: Path) -> None:
    """Name a file; fails where the name exists. Only under the store's lock."""
    try:
        os.link(staged, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Nobody who keeps to the lock can make the name between the look before and this.
        staged.rename(target)


def join(head: bytes, contents: Iterable[FileIO], target: Path) -> None:
    """Make a file of ``head`` and the contents, in their order: within the kernel, by shared blocks, where it can."""
    target.write_bytes(head)
    with target.open("r+b", buffering=0) as whole:
        whole.seek(0, os.SEEK_END)
        for content in contents:
            _append(content, whole)


def _append(content: FileIO, whole: FileIO) -> None:
    try:
        while os.copy_file_range(content.fileno(), whole.fileno(), _MOST_BYTES):
            pass
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    # Both go on where that has ended: at the end, where it has not refused, nor said so too early as some network file systems do.
    with os.fdopen(whole.fileno(), "wb", closefd=False) as buffered:
        shutil.copyfileobj(content, buffered)


@contextmanager
def opened(store: NamedObjects, name: str) -> Iterator[FileIO]:
    """An object's content, which stays as it is whoever deletes or replaces the object. Raises ``KeyError`` as ``local``."""
    with store.local(name) as path, ExitStack() as stack:
        with disk_errors(f"{store.uri} cannot be read", folder=path.parent):
            try:
                content = stack.enter_context(path.open("rb", buffering=0))
            except FileNotFoundError as error:
                raise KeyError(name) from error
        yield content
