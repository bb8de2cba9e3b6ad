"""What is previewed in tests? A task with a folder in which all of its parts are made, or one that the program is at work on."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cliptask.spec.task import ClipTask
from support.studio import PROGRAM, Studio


@dataclass(frozen=True)
class Made:
    """A task with a folder that has all of its parts."""

    studio: Studio
    task: Path
    out: Path

    def place(self, _task: ClipTask) -> str:
        """Where its videos go."""
        return self.out.as_uri()


@dataclass(frozen=True)
class Previewed:
    """The program at work."""

    program: subprocess.Popen[bytes]
    task: Path
    out: Path
    url: str
    log: Path

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """As ``edit`` below."""
        edit(self.task, change)


def edit(task: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Save a task as editors do: another file in its place."""
    data = yaml.safe_load(task.read_text())
    change(data["spec"])
    new = task.with_suffix(".new")
    new.write_text(yaml.safe_dump(data, sort_keys=False))
    new.rename(task)


@contextmanager
def previewing(studio: Studio, task: Path, out: Path) -> Iterator[Previewed]:
    """Run the program until the block's end."""
    log, said = out.with_suffix(".err"), out.with_suffix(".out")
    environment = studio.clean_environment() | {"PYTHONWARNINGS": "default"}
    with log.open("wb") as errors, said.open("wb") as printed, subprocess.Popen(
        [PROGRAM, "preview", task, "--folder", out], env=environment, stdout=printed, stderr=errors
    ) as program:  # fmt: skip
        try:
            while not (url := re.search(r"http://\S+", said.read_text())):
                assert program.poll() is None, log.read_text()
                time.sleep(0.02)
            yield Previewed(program, task, out, url[0], log)
        finally:
            program.terminate()
            with suppress(subprocess.TimeoutExpired):
                program.wait(timeout=60)
            program.kill()
