"""What did a file, and what lies around it, hold at a revision of git? Asked of git itself; nothing of the checkout is changed."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cliptask.errors import MissingInput, SetupError


@dataclass(frozen=True)
class Revision:
    """A commit of the repository around a folder."""

    name: str
    """As somebody has written it."""
    top: Path
    """The repository's outermost folder, without symbolic links."""
    commit: str

    @classmethod
    def of(cls, name: str, folder: Path) -> Self:
        """The commit of that name. Raises ``MissingInput`` for what is none, ``SetupError`` where git cannot be asked."""
        found = _git(folder, "rev-parse", "--show-toplevel")
        if found.returncode:
            said = _said(found)
            if "not a git repository" in said:
                message = (
                    f"{folder.absolute()} is in no git repository: give two files, or a file of a checkout"
                )
                raise MissingInput(message)
            message = f"git does not read the repository of {folder.absolute()}: {said}"
            raise SetupError(message)
        top = Path(os.fsdecode(found.stdout.removesuffix(b"\n"))).resolve()
        commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if commit.returncode or not name:
            message = (
                f"{name or 'nothing'} is no revision of {top}: name a commit, a branch or a tag that git log knows; in a "
                "checkout without its history, fetch it first"
            )
            raise MissingInput(message)
        return cls(name, top, commit.stdout.decode().strip())

    def read(self, file: Path) -> bytes:
        """A file as it was, by its path of today. Raises ``MissingInput`` with what may be meant."""
        path = self._path(file)
        found = path and _git(self.top, "cat-file", "--filters", f"{self.commit}:{path}")
        if not found or found.returncode:
            message = f"{path or file} is not in {self.name}: {self._remedy(path)}"
            raise MissingInput(message)
        return found.stdout

    def lies(self, below: Path) -> Callable[[str], str]:
        """Where the content is that an absolute path had: at the path itself while it is the same, otherwise ``below`` a folder.

        What git does not hold is taken as it lies there today.
        """

        def find(path: str) -> str:
            tracked = self._path(Path(path))
            was = self._blob(tracked) if tracked else ""
            if not tracked or not was or was == _blob_of(self.top, tracked, path):
                return path
            copy = below / path.lstrip("/")
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                with copy.open("wb") as content:
                    command = ("cat-file", "--filters", f"{self.commit}:{tracked}")
                    found = _git(self.top, *command, to=content.fileno())
                if found.returncode:
                    copy.unlink()
                    message = f"{tracked} of {self.name} cannot be read: {_said(found)}"
                    raise SetupError(message)
            return str(copy)

        return find

    def renamed(self, file: Path) -> tuple[str | None, str | None]:
        """What a file was called, and what it is called now, where git sees that it was renamed since."""
        path = self._path(file)
        listed = _git(
            self.top, "diff", "--name-status", "--find-renames", "--diff-filter=R", "-z", self.commit, "--"
        )
        words = os.fsdecode(listed.stdout).split("\0")
        pairs = list(zip(words[1::3], words[2::3], strict=False))
        return (
            next((old for old, new in pairs if new == path), None),
            next((new for old, new in pairs if old == path), None),
        )

    def has(self, file: Path) -> bool:
        """Whether it was there."""
        path = self._path(file)
        return bool(path and self._blob(path))

    def _remedy(self, path: str | None) -> str:
        was, _ = self.renamed(self.top / path) if path else (None, None)
        if was:
            return f"it was {was} there: compare with {self.name}:{was}"
        files = os.fsdecode(_git(self.top, "ls-tree", "-r", "-z", "--name-only", self.commit).stdout).split(
            "\0"
        )
        alike = next((each for each in files if path and Path(each).name == Path(path).name), None)
        meant = f"did you mean {self.name}:{alike}? " if alike else ""
        return f"{meant}For a file that is new, compare with {os.devnull}"

    def _path(self, file: Path) -> str | None:
        """From the top; None of what lies elsewhere."""
        # The file itself may be a link, which git holds as such, or gone; its folder counts.
        real = file.parent.resolve() / file.name
        return str(real.relative_to(self.top)) if real.is_relative_to(self.top) else None

    def _blob(self, path: str) -> str:
        found = _git(
            self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{self.commit}:{path}"
        )
        return found.stdout.decode().strip()


def _blob_of(top: Path, tracked: str, file: str) -> str:
    """What git would call a file's content of today; empty where there is none."""
    return _git(top, "hash-object", f"--path={tracked}", "--", file).stdout.decode().strip()


def _git(folder: Path, *arguments: str, to: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        return subprocess.run(  # noqa: S603  no argument can be taken for an option
            ["git", "-C", str(folder), *arguments],  # noqa: S607  the one that somebody has set up
            stdin=subprocess.DEVNULL,
            stdout=to,
            stderr=subprocess.PIPE,
            env=environment,
            check=False,
        )
    except FileNotFoundError as error:
        message = "git is not installed: install it, or give two files"
        raise SetupError(message) from error


def _said(ran: subprocess.CompletedProcess[bytes]) -> str:
    return " ".join(ran.stderr.decode(errors="replace").split()).removeprefix("fatal: ")


def scratch_folder(scratch: Path | None) -> tempfile.TemporaryDirectory[str]:
    """Where files of revisions lie meanwhile."""
    return tempfile.TemporaryDirectory(prefix="cliptask-diff-", dir=scratch)
