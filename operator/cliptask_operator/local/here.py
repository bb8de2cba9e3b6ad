"""Where do a task's paths begin on this machine, is a file there, and which one was meant if not?"""

from __future__ import annotations

import difflib
import os
import re
import stat
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from cliptask.errors import MissingInput
from cliptask.spec.paths import Here
from cliptask_operator.local.walk import MOST_FILES, walk

_MOST_GUESSES = 20
"""Nobody mends more names before trying again."""


def here(file: str) -> Here:
    """Where the paths of a task's file begin: at its folder, for standard input (``-``) at the current one.

    Raises ``MissingInput`` for a folder whose name no URL can hold.
    """
    folder = (Path() if file == "-" else Path(file).parent).resolve()
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        message = f"{ascii(str(folder))[1:-1]}: the folder's name is not UTF-8: rename it"
        raise MissingInput(message) from error
    return Here(str(folder), LocalFiles(folder).absent)


class LocalFiles:
    """The files around a task, looked at when one is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guesses_left = _MOST_GUESSES

    def absent(self, path: str) -> str | None:
        """See ``Here.absent``. What may be there and cannot be looked at is left to whoever reads it."""
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116  a Path would lose what is wrong with it
        except (FileNotFoundError, NotADirectoryError):
            meant = self._meant(path)
            return f"leads to no file ({_readable(path)}){f'; did you mean {meant}?' if meant else ''}"
        except PermissionError:
            return None
        except OSError as error:
            return f"leads to no file ({error.strerror})"
        if stat.S_ISDIR(mode):
            return f"is a folder ({_readable(path)}): name a file in it"
        return None if stat.S_ISREG(mode) else f"is no file ({_readable(path)}): name a file"

    def _meant(self, path: str) -> str | None:
        """The file that is likeliest to be meant, as a task would name it."""
        self._guesses_left -= 1
        if self._guesses_left < 0:
            return None
        wanted = _plain(os.path.relpath(path, self._folder))
        alike = [each for each in self._files if each.rpartition("/")[2] == wanted.rpartition("/")[2]]
        near = difflib.get_close_matches(wanted, alike, 1, cutoff=0) or difflib.get_close_matches(
            wanted, self._files, 1
        )
        if not near:
            return None
        meant = self._files[near[0]]
        written = os.path.relpath(path, self._folder)
        is_accent = meant != written and _composed(meant) == _composed(written)
        return f"{_readable(meant)}{', whose accents are encoded otherwise: copy its name' * is_accent}"

    @cached_property
    def _files(self) -> Mapping[str, str]:
        """Files in and below the folder, by their names without what people get wrong."""
        return {_plain(each): each for each in islice(walk(self._folder), MOST_FILES)}


def _plain(path: str) -> str:
    return _composed(unquote(path).replace("\\", "/")).casefold()


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _readable(path: str) -> str:
    """A path for a message: on one line, without what may be a token of a URL that lacks its scheme."""
    known = re.sub(r"\?\S*=\S*", "", path)
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in known)
