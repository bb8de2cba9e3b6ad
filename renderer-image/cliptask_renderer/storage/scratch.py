"""Where do stores prepare their objects? In scratch folders, each locked by the process that made it."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

from cliptask_renderer.storage.disk_errors import disk_errors

INTERNAL = ".store"
"""The hidden folder of all that is no object."""
_MOST_TRIES = 100
_HELD: set[Path] = set()
"""The scratch folders of this process."""


@contextmanager
def store_lock(internal: Path) -> Iterator[None]:
    """Keep out all other processes and threads that write here, for as long as a few renames take."""
    internal.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(internal / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        # A process that another thread forked meanwhile has the descriptor too: closing would not unlock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


@contextmanager
def scratch_folder(internal: Path) -> Iterator[Path]:
    """An empty folder to work in, gone afterwards. Those that dead processes left are removed first."""
    with store_lock(internal):
        (internal / "tmp").mkdir(exist_ok=True)
        locks = {place: _lock_if_dead(place) for place in (internal / "tmp").iterdir()}
    for place, lock in locks.items():
        if lock is not None:
            shutil.rmtree(place, ignore_errors=True)
            os.close(lock)
    place = internal / "tmp" / secrets.token_hex(8)
    with held(place):
        # While the store's lock is held, no scratch is without its own lock, unless its process is dead.
        with store_lock(internal):
            (place / "files").mkdir(parents=True)
            descriptor = os.open(place / "lock", os.O_RDWR | os.O_CREAT, 0o666)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield place / "files"
        finally:
            shutil.rmtree(place, ignore_errors=True)  # before others may take it for a dead one's
            os.close(descriptor)


@contextmanager
def held(place: Path) -> Iterator[None]:
    """A folder that is about to be made and goes in the end, also with ``abandon_all``, whatever moment that comes at."""
    _HELD.add(place)
    try:
        yield
    finally:
        shutil.rmtree(place, ignore_errors=True)
        _HELD.discard(place)


def abandon_all() -> None:
    """Remove this process's scratch folders, which is about to end."""
    for place in tuple(_HELD):
        for _ in range(_MOST_TRIES):
            shutil.rmtree(place, ignore_errors=True)
            if not place.exists():
                break  # else ffmpeg, which ends a moment after this process, has just made a file in it


@contextmanager
def chosen_scratch(folder: Path) -> Iterator[Path]:
    """As ``scratch_folder``, in a folder that a person chose. Raises ``OutputError`` where it cannot be written."""
    with ExitStack() as stack:
        with disk_errors(f"{folder} cannot be used for temporary files", folder=folder):
            work = stack.enter_context(scratch_folder(folder / INTERNAL))
        yield work


def scratch_root(work: Path) -> Path:
    """The folder, as a person named it, in which a scratch folder lies; of a folder elsewhere its own."""
    if INTERNAL in work.parts:
        return next(each.parent for each in (work, *work.parents) if each.name == INTERNAL)
    temporary = Path(tempfile.gettempdir())
    return temporary if temporary in work.parents else work


def may_take_over(file: Path, scratch: Path) -> bool:
    """Whether a file is a plain one in some store's scratch on this file system, with no other name."""
    status = file.lstat()
    return (
        (INTERNAL, "tmp") in pairwise(file.absolute().parts)
        and stat.S_ISREG(status.st_mode)
        and status.st_nlink == 1
        and status.st_dev == scratch.stat().st_dev
    )


def _lock_if_dead(place: Path) -> int | None:
    """The lock of a scratch whose process is dead, now held; None where it lives or is gone already."""
    try:
        descriptor = os.open(place / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
