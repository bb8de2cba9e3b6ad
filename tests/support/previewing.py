"""What is previewed in tests? A task with a folder in which all of its parts are made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cliptask.spec.task import ClipTask
from support.studio import Studio


@dataclass(frozen=True)
class Made:
    """A task with a folder that has all of its parts."""

    studio: Studio
    task: Path
    out: Path

    def place(self, _task: ClipTask) -> str:
        """Where its videos go."""
        return self.out.as_uri()
