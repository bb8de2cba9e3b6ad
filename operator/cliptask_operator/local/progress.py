"""What does somebody who waits see? Bars in a terminal, plain lines elsewhere, on standard error in both cases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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

    def note(self, text: str) -> None:
        """Say something that the person should know."""


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

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
