"""A repository of git on this machine, in a folder, with commits of whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SETTINGS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.com",
    "GIT_COMMITTER_NAME": "somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.com",
}
"""Nobody's own settings."""


@dataclass(frozen=True)
class Repository:
    """Its checkout is the folder."""

    folder: Path

    @classmethod
    def begin(cls, folder: Path) -> Self:
        """An empty one, whose branch is ``main``."""
        repository = cls(folder)
        folder.mkdir(parents=True, exist_ok=True)
        repository.git("init", "--quiet", "--initial-branch=main")
        return repository

    def git(self, *arguments: str) -> str:
        """What git prints; a failure is an error with its words."""
        ran = subprocess.run(
            ["git", "-C", self.folder, *arguments],
            env=os.environ | SETTINGS,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def commit(self, branch: str | None = None) -> str:
        """All as it lies there, on a new branch if it is named; returns the commit."""
        if branch:
            self.git("switch", "--quiet", "--create", branch)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "another")
        return self.git("rev-parse", "HEAD")
