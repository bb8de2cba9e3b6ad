"""Small disks: file systems in memory, of any size, which only the superuser may mount."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Disk:
    """A file system of its own at ``folder``."""

    folder: Path

    def resize(self, options: str) -> None:
        """Have it mounted otherwise: ``size=1m``, ``ro``."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True)


@dataclass(frozen=True)
class Disks:
    """Mounts disks, which go with the test."""

    _mounted: ExitStack = field(default_factory=ExitStack)

    def mount(self, folder: Path, options: str) -> Disk:
        """A new one at a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        return self._mounted.enter_context(_mounted(folder, options))


@contextmanager
def disks() -> Iterator[Disks]:
    """For one test, which is skipped where nothing may be mounted."""
    with ExitStack() as stack:
        yield Disks(stack)


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[Disk]:
    mount = ["mount", "-t", "tmpfs", "-o", options, "cliptask-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only the superuser may mount a small disk")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False)
