"""Which files lie in a folder and below it, those left out that nobody has put there as media?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from cliptask.errors import InputError, MissingInput
from cliptask_operator.campaign.stores import CACHE

MOST_FILES = 2000
"""As many clips as a task can have. A home folder, which somebody has named by mistake, has more."""
_OF_SYSTEMS = frozenset({"thumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "@eadir"})
"""What operating systems leave in folders, in small letters; other such names begin with a point."""


def files_below(folder: Path, without: Path | None = None) -> list[str]:
    """Relative paths of all files but ``without``, sorted, and of folders that cannot be read.

    Left out is what is hidden, an operating system's own, or made by a campaign. Links to folders are followed, each folder
    once. Raises ``MissingInput`` for a folder that cannot be read, ``InputError`` for one of more than 2,000 files.
    """
    paths = sorted(islice(walk(folder), MOST_FILES + 2))
    if without is not None:
        paths = [path for path in paths if folder / path != without]
    if len(paths) > MOST_FILES:
        message = f"{folder} holds more than {MOST_FILES:,} files: name the folder that holds the media alone"
        raise InputError(message)
    return paths


def walk(folder: Path) -> Iterator[str]:
    """As ``files_below``, in any order, for whoever may stop."""
    unreadable: list[str] = []

    def refuse(error: OSError) -> None:
        if error.filename == str(folder):
            message = f"{folder}: {error.strerror}: name a folder that can be read"
            raise MissingInput(message) from error
        unreadable.append(os.path.relpath(error.filename, folder))

    seen = {os.path.realpath(folder)}
    for place, folders, files in os.walk(folder, followlinks=True, onerror=refuse):
        within: dict[str, str] = {}
        for name in sorted(folders):
            real = os.path.realpath(Path(place, name))
            if not (real in seen or _is_passed_over(name) or os.path.lexists(Path(real, CACHE))):
                within[name] = real
                seen.add(real)
        folders[:] = within
        yield from (os.path.relpath(Path(place, name), folder) for name in files if not _is_passed_over(name))
    yield from unreadable


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OF_SYSTEMS
