"""What does somebody who waits see? Bars in a terminal, plain lines elsewhere, on standard error in both cases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class ProgressReporter(Protocol):
    """Where work says how far it is."""

    def begin(self, kind: str, total: int) -> None:
        """Announce so many of something: sources, lines, segments, soundtracks, videos."""

    def advance(self, kind: str) -> None:
        """One of them is done."""

    def drop(self, kind: str) -> None:
        """One of them needs nothing: there is one fewer."""

    def note(self, text: str) -> None:
        """Say something that the person should know."""


@dataclass
class Awaited:
    """So many of a kind, most of which may need nothing: they are announced with the first that does."""

    progress: ProgressReporter
    kind: str
    total: int = 0
    _is_announced: bool = False

    def start(self) -> None:
        """One of them needs something."""
        if not self._is_announced:
            self._is_announced = True
            self.progress.begin(self.kind, self.total)

    def finish(self) -> None:
        """One that needed something is done."""
        self.start()
        self.progress.advance(self.kind)

    def skip(self) -> None:
        """One of them needed nothing."""
        self.total -= 1
        if self._is_announced:
            self.progress.drop(self.kind)

    def fail(self) -> None:
        """One of them cannot be had. That is told at the end; here it is news only where one is waited for."""
        if self._is_announced:
            self.progress.advance(self.kind)
        else:
            self.skip()


@contextmanager
def report_on(console: Console) -> Iterator[ProgressReporter]:
    """Bars where the console is a terminal, else a plain line at the start and the end of each kind."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        yield _Bars(progress)


class _Bars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def begin(self, kind: str, total: int) -> None:
        if total:
            self._tasks[kind] = self._progress.add_task(kind, total=total)

    def advance(self, kind: str) -> None:
        self._progress.advance(self._tasks[kind])

    def drop(self, kind: str) -> None:
        task = self._tasks[kind]
        self._progress.update(task, total=(self._progress.tasks[task].total or 0) - 1)

    def note(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._counts: dict[str, tuple[int, int]] = {}

    def begin(self, kind: str, total: int) -> None:
        self._counts[kind] = (0, total)
        if total:
            self.note(f"{kind}: {total} to do")

    def advance(self, kind: str) -> None:
        done, total = self._counts[kind]
        self._counts[kind] = (done + 1, total)
        # About ten lines for any number, and always the last.
        if (done + 1) * 10 // total > done * 10 // total or done + 1 == total:
            self.note(f"{kind}: {done + 1} of {total}")

    def drop(self, kind: str) -> None:
        done, total = self._counts[kind]
        self._counts[kind] = (done, total - 1)
        if 0 < done == total - 1:
            self.note(f"{kind}: {done} of {done}")

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
