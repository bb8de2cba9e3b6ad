"""Who does which task next."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import psutil
import pytest

from cliptask.errors import ClipTaskError, MediaError, OutputError, TransientError
from cliptask_operator.local.process_pool import MOST_TOGETHER, Task, Together, run_tasks


def work(tasks: list[Task], workers: int) -> list[tuple[Task, ClipTaskError | None]]:
    """Each task in the order in which it ended."""
    ended: list[tuple[Task, ClipTaskError | None]] = []
    asyncio.run(run_tasks(tasks, workers, lambda task, error: ended.append((task, error))))
    return ended


def note(file: Path, text: str) -> None:
    """Append a line, atomically."""
    with file.open("a") as opened:
        opened.write(text + "\n")


def fail(_file: Path) -> None:
    """Fail as a renderer does."""
    message = "no good"
    raise MediaError(message)


def note_all(file: Path, names: Sequence[str]) -> tuple[ClipTaskError | None, ...]:
    """Append the names as one line; every one that is bad fails."""
    note(file, " ".join(names))
    return tuple(MediaError("no good") if name == "bad" else None for name in names)


def refuse_all(_names: Sequence[str]) -> tuple[ClipTaskError | None, ...]:
    """Fail as where a disk is full."""
    message = "no room"
    raise OutputError(message)


def die(_file: Path) -> None:
    """End as the kernel ends a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_is_needed_is_done_first(tmp_path: Path) -> None:
    """A video joined before its segments exist would fail."""
    log = tmp_path / "log"
    tasks = [
        Task("video", 0, partial(note, log, "video"), ("a", "b", "there already")),
        Task("a", 1, partial(note, log, "a")),
        Task("b", 2, partial(note, log, "b")),
    ]

    ended = [(task.name, error) for task, error in work(tasks, 2)]

    assert sorted(ended[:2]) == [("a", None), ("b", None)]
    assert ended[2] == ("video", None)
    assert log.read_text().splitlines()[-1] == "video"


def test_a_failure_takes_along_only_what_needs_it(tmp_path: Path) -> None:
    """The rest of a campaign is worth having."""
    tasks = [
        Task("bad", 0, partial(fail, tmp_path)),
        Task("good", 0, partial(note, tmp_path / "log", "good")),
        Task("both", 1, partial(note, tmp_path / "log", "both"), ("bad", "good")),
        Task("only good", 1, partial(note, tmp_path / "log", "only good"), ("good",)),
        Task("after both", 2, partial(note, tmp_path / "log", "after both"), ("both", "bad")),
    ]

    ended = {task.name: str(error) for task, error in work(tasks, 2)}

    assert ended == {
        "bad": "no good",
        "good": "None",
        "both": "no good",
        "only good": "None",
        "after both": "no good",
    }
    assert (tmp_path / "log").read_text().splitlines() == ["good", "only good"]


def test_what_only_comes_after_a_failure_is_done_all_the_same(tmp_path: Path) -> None:
    """A form that can be made would fail with what was tried for several at once."""
    file = tmp_path / "notes"
    tasks = [
        Task("second", 1, partial(note, file, "second"), after=("first", "none")),
        Task("first", 2, partial(fail, file)),
    ]

    ended = work(tasks, 2)

    assert [(task.name, error is None) for task, error in ended] == [("first", False), ("second", True)]
    assert file.read_text() == "second\n"


def test_what_is_small_is_done_by_the_dozen_and_each_fails_alone(tmp_path: Path) -> None:
    """Ten thousand videos would take as many messages, or the bad one would take along those beside it."""
    log = tmp_path / "log"
    together = Together(lambda names: partial(note_all, log, names))
    names = ["bad", *(f"{number:03}" for number in range(200))]
    tasks = [
        *(Task(name, 0, together, ("part",)) for name in names),
        Task("part", 1, partial(note, log, "part")),
    ]

    ended = {task.name: str(error) for task, error in work(tasks, 2)}

    assert ended == {name: "no good" if name == "bad" else "None" for name in [*names, "part"]}
    first, *lines = log.read_text().splitlines()
    assert first == "part"
    assert sorted(name for line in lines for name in line.split()) == sorted(names)
    sizes = [len(line.split()) for line in lines]
    assert max(sizes) == MOST_TOGETHER
    assert min(sizes) == 1  # towards the end no process is left with many while another has none


def test_what_concerns_all_of_a_dozen_is_told_of_each() -> None:
    """Videos that are not there would count as made."""
    together = Together(lambda names: partial(refuse_all, names))

    ended = [(task.name, str(error)) for task, error in work([Task(name, 0, together) for name in "abc"], 1)]

    assert sorted(ended) == [(name, "no room") for name in "abc"]


def test_a_killed_worker_is_told_as_a_passing_fault_with_its_remedy(tmp_path: Path) -> None:
    """Out of memory is the most common way for a worker to end."""
    with pytest.raises(TransientError, match="CLIPTASK_WORKERS"):
        work([Task("x", 0, partial(die, tmp_path))], 1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_program(tmp_path: Path, how: signal.Signals) -> None:
    """Encodes that go on after Ctrl-C or a crash would take the CPU from the next run."""
    script = tmp_path / "main.py"
    script.write_text(
        textwrap.dedent("""
        import asyncio, time
        from functools import partial
        from cliptask_operator.local.process_pool import Task, run_tasks
        if __name__ == "__main__":
            tasks = [Task(str(n), 0, partial(time.sleep, 600)) for n in range(2)]
            asyncio.run(run_tasks(tasks, 2, lambda *_: None))
        """)
    )
    with subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL) as program:
        workers: list[psutil.Process] = []
        while len(workers) < 2:
            assert program.poll() is None
            workers = [
                each
                for each in psutil.Process(program.pid).children()
                if "spawn_main" in " ".join(each.cmdline())
            ]
            time.sleep(0.05)

        program.send_signal(how)

        program.wait(timeout=30)
    gone, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
    assert len(gone) == 2
