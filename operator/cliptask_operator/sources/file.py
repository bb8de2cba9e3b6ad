"""How is a ``file://`` source copied into a temporary file? Hashed and within limits; in local mode only.

Errors say what is wrong and the remedy, and name no URL.
"""

from __future__ import annotations

import stat
from pathlib import Path

from cliptask.errors import TransientError
from cliptask_operator.sources.partial_download import Download, PartialDownload
from cliptask_operator.sources.urls import refuse

_PIECE_BYTES = 1 << 20


def copy_file(file: Path, target: Path, max_bytes: int, known: Download | None) -> Download | None:
    """Copy a local file; None where its size and time are the ``known`` ones. For a thread: it blocks.

    Raises ``SourceError`` for what is no readable file, ``TransientError`` for one that changes meanwhile.
    """
    try:
        before = file.stat()
        if not stat.S_ISREG(before.st_mode):
            refuse(f"{file} is no file", "name the file itself")
        if known and (known.size_bytes, known.mtime_ns) == (before.st_size, before.st_mtime_ns):
            return None
        with file.open("rb") as content, PartialDownload(target, max_bytes) as partial:
            partial.expect(before.st_size)
            while piece := content.read(_PIECE_BYTES):
                partial.write(piece)
        after = file.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        refuse(f"there is no file {file}", "check the path", error)
    except OSError as error:
        refuse(f"the file {file} cannot be read ({error.strerror})", "correct its path or permissions", error)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        message = f"{file} changed while it was read; try again when it is finished"
        raise TransientError(message)
    return partial.complete(mtime_ns=before.st_mtime_ns)
