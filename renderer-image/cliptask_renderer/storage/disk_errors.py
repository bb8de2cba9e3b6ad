"""What can a person do about an error of the disk? Each ``OSError`` becomes an ``OutputError`` with a remedy."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cliptask.errors import DiskFull, OutputError

OTHER_DISK = "free some space, or name a folder on another disk"

_FEW = 0.1
"""The share of a file system's files below which it may be they that have run out."""

_REMEDIES = {
    errno.EFBIG: "the file is larger than the file system or the process's limit allows: name another folder, or raise the limit",
    errno.EACCES: "permission denied: give this user write permission on the folder, or name another folder",
    errno.EPERM: "permission denied: give this user write permission on the folder, or name another folder",
    errno.EROFS: "it is mounted read-only: name a folder that can be written",
    errno.ENOTDIR: "a file lies where a folder is needed: move it away, or name another folder",
    errno.EEXIST: "something else has that name: move it away, or name another folder",
    errno.EISDIR: "a folder has that name: move it away, or name another folder",
    errno.ENOLCK: "its file system has no locks: name a folder on another one",
}


@contextmanager
def disk_errors(problem: str, remedy: str | None = None, folder: Path | None = None) -> Iterator[None]:
    """Raise ``OutputError`` for every ``OSError``: the problem, the system's reason, its place and the remedy.

    Without a ``remedy`` the reason decides it, for a folder whose name a person chose. Where there is no room it is
    ``DiskFull``, of the ``folder``, or else of the place that the error names.
    """
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            full = folder or Path(os.fsdecode(place) if isinstance(place, str | bytes) else "/")
            raise DiskFull(_state(full, error.errno), free_bytes(full), remedy or OTHER_DISK) from error
        where = f" at {place}" if place else ""
        advice = remedy or _REMEDIES.get(error.errno or 0, "check the disk, or name another folder")
        message = f"{problem}: {error.strerror or error}{where}: {advice}"
        raise OutputError(message) from error


@contextmanager
def needing(size_bytes: int) -> Iterator[None]:
    """Have a full disk say that at least so many bytes are to come."""
    try:
        yield
    except DiskFull as error:
        raise error.needing(size_bytes) from error


def free_bytes(folder: Path) -> int:
    """What this user may still write to a folder's file system; also where the folder is yet to be made."""
    status = os.statvfs(existing(folder))
    return status.f_bavail * status.f_frsize


def existing(path: Path) -> Path:
    """The path itself, or the nearest of the folders above it that is there."""
    return next(each for each in (path, *path.absolute().parents) if each.exists())


def _state(folder: Path, code: int) -> str:
    if code == errno.EDQUOT:
        return f"the quota of {folder} is used up"
    status = os.statvfs(existing(folder))
    # Another process may have freed some of what has run out: it is what little and least is left of.
    left, files_left = status.f_bavail / max(status.f_blocks, 1), status.f_favail / max(status.f_files, 1)
    has_no_inodes = status.f_files and files_left < min(left, _FEW)
    return f"{folder} has no room for another file" if has_no_inodes else f"{folder} is full"
