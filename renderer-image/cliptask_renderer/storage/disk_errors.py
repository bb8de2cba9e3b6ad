"""What can a person do about an error of the disk? Each ``OSError`` becomes an ``OutputError`` with a remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from cliptask.errors import OutputError

_REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space, or name a folder on another disk",
    errno.EDQUOT: "the quota is used up: free some space, or name a folder on another disk",
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
def disk_errors(problem: str, remedy: str | None = None) -> Iterator[None]:
    """Raise ``OutputError`` for every ``OSError``: the problem, the system's reason, its place and the remedy.

    Without a ``remedy`` the reason decides it, for a folder whose name a person chose.
    """
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename
        where = f" at {place}" if place else ""
        advice = remedy or _REMEDIES.get(error.errno or 0, "check the disk, or name another folder")
        message = f"{problem}: {error.strerror or error}{where}: {advice}"
        raise OutputError(message) from error
