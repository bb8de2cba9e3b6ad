"""Small disks: file systems of any size in memory, and one that loses its power; only the superuser may mount them."""

from __future__ import annotations

import fcntl
import os
import struct
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


_SHUTDOWN = 0x8004587D
"""``EXT4_IOC_SHUTDOWN``: from now on nothing is written any more."""
_WITHOUT_FLUSHING = struct.pack("I", 2)


@dataclass(frozen=True)
class LosingDisk:
    """An ext4 of its own at ``folder``, on an image beside it."""

    folder: Path

    def cut_power(self) -> None:
        """Lose all that was not synced, and come up again. Nobody may have a file open in it."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, _WITHOUT_FLUSHING)
        finally:
            os.close(descriptor)
        subprocess.run(["umount", self.folder], check=True)
        subprocess.run(["mount", "-o", "loop", f"{self.folder}.img", self.folder], check=True)


@dataclass(frozen=True)
class Disks:
    """Mounts disks, which go with the test."""

    _mounted: ExitStack = field(default_factory=ExitStack)

    def mount(self, folder: Path, options: str) -> Disk:
        """A new one at a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        return self._mounted.enter_context(_mounted(folder, options))

    def mount_losing(self, folder: Path) -> LosingDisk:
        """One whose power can be cut."""
        folder.mkdir(parents=True, exist_ok=True)
        image = Path(f"{folder}.img")
        with image.open("wb") as blank:
            blank.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        self._mounted.enter_context(_attached(["-o", "loop", str(image)], folder))
        return LosingDisk(folder)


@contextmanager
def disks() -> Iterator[Disks]:
    """For one test, which is skipped where nothing may be mounted."""
    with ExitStack() as stack:
        yield Disks(stack)


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[Disk]:
    with _attached(["-t", "tmpfs", "-o", options, "cliptask-test"], folder):
        yield Disk(folder)


@contextmanager
def _attached(what: list[str], folder: Path) -> Iterator[None]:
    mount = ["mount", *what, str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only the superuser may mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False)
