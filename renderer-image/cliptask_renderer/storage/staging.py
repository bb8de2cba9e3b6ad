"""What is written into a folder and has no name yet? Whole files in a scratch folder, which are to be named in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MOST_BYTES = 64 << 20
"""What may wait for its names: so much is at most lost to a crash, and is quickly made again."""


@dataclass(frozen=True)
class Written:
    """A file that is to be an object, and its metadata."""

    name: str
    file: Path
    size_bytes: int
    metadata: Mapping[str, str]
    sidecar: Path | None
    """What holds the metadata; None where there are none."""
    replace: bool

    @property
    def files(self) -> tuple[Path, ...]:
        """All that must not be lost."""
        return (self.file, self.sidecar) if self.sidecar else (self.file,)


@dataclass
class Staging:
    """A scratch folder of one thread, and what in it waits for its name."""

    folder: Path
    _waiting: list[Written] = field(default_factory=list)
    _files: int = 0

    @property
    def size_bytes(self) -> int:
        """Of all that waits."""
        return sum(each.size_bytes for each in self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no more should wait."""
        return self.size_bytes >= MOST_BYTES

    def free(self) -> Path:
        """Where another file may be written."""
        self._files += 1
        return self.folder / str(self._files)

    def add(self, written: Written) -> None:
        """Let a file wait."""
        self._waiting.append(written)

    def take(self) -> list[Written]:
        """All that waits, in its order; nothing does afterwards."""
        taken, self._waiting = self._waiting, []
        return taken
