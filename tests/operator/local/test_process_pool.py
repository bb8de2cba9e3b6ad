"""Who does which task next."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import psutil
import pytest

from cliptask.errors import ClipTaskError, MediaError, OutputError, TransientError
from cliptask_operator.local.process_pool import MOST_TOGETHER, GoesOn, Processes, Task, Together, run_tasks


def work(tasks: list[Task], workers: int) -> list[tuple[Task, ClipTaskError | None]]:
    """Each task in the order in which it ended."""
    ended: list[tuple[Task, ClipTaskError | None]] = []
    asyncio.run(run_tasks(tasks, Processes(workers), lambda task, error: ended.append((task, error))))
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


def wait_for(file: Path) -> None:
    """Until somebody makes it."""
    while not file.exists():
        time.sleep(0.01)


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
    """Each of ten thousand videos would wait for the disk by itself, or the bad one would take along those beside it."""
    log = tmp_path / "log"
    together = Together(lambda names, _: note_all(log, names))
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
    assert min(sizes) == 1  # towards the end no thread is left with many while another has none


def test_what_is_small_is_done_here_once_no_process_is_left(tmp_path: Path) -> None:
    """While thousands of videos are joined, processes with all that encodes would only take memory."""
    seen: list[tuple[int, int]] = []

    def look(names: Sequence[str], _: GoesOn) -> list[ClipTaskError | None]:
        seen.append((os.getpid(), len(multiprocessing.active_children())))
        return [None for _ in names]

    together = Together(look)
    parts = [Task(f"part {number}", 1, partial(note, tmp_path / "log", "part")) for number in range(3)]
    needs = tuple(part.name for part in parts)

    work([*(Task(f"{number}", 0, together, needs) for number in range(100)), *parts], 2)

    assert (tmp_path / "log").read_text().splitlines() == ["part"] * 3
    assert set(seen) == {(os.getpid(), 0)}


def test_what_is_small_needs_no_process() -> None:
    """A render of which all parts are there would start what it has no use for."""
    before, seen = psutil.Process().children(), list[list[psutil.Process]]()

    def look(names: Sequence[str], _: GoesOn) -> list[ClipTaskError | None]:
        seen.append(psutil.Process().children())
        return [None for _ in names]

    together = Together(look)

    ended = work([Task(name, 0, together) for name in "abc"], 2)

    assert sorted((task.name, error) for task, error in ended) == [("a", None), ("b", None), ("c", None)]
    assert all(children == before for children in seen)


def test_what_is_small_goes_on_beside_what_is_large(tmp_path: Path) -> None:
    """The first videos would wait for the last part."""
    stop = tmp_path / "stop"

    def done(names: Sequence[str], _: GoesOn) -> list[ClipTaskError | None]:
        stop.touch()
        return [None for _ in names]

    large = Task("large", 0, partial(wait_for, stop))

    ended = work([large, Task("small", 1, Together(done))], 1)

    assert [task.name for task, _ in ended] == ["small", "large"]


def test_whoever_is_cancelled_waits_for_one_of_a_dozen_at_most() -> None:
    """Ctrl-C would seem to do nothing while thirty large videos are joined."""
    begun = threading.Event()

    def until_the_end(names: Sequence[str], goes_on: GoesOn) -> list[ClipTaskError | None]:
        begun.set()
        while goes_on():
            time.sleep(0.01)
        return [None for _ in names]

    async def cancelled() -> None:
        tasks = [Task(name, 0, Together(until_the_end)) for name in "abc"]
        running = asyncio.create_task(run_tasks(tasks, Processes(1), lambda *_: None))
        await asyncio.to_thread(begun.wait)
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_what_concerns_all_of_a_dozen_is_told_of_each() -> None:
    """Videos that are not there would count as made."""
    together = Together(lambda names, _: refuse_all(names))

    ended = [(task.name, str(error)) for task, error in work([Task(name, 0, together) for name in "abc"], 1)]

    assert sorted(ended) == [(name, "no room") for name in "abc"]


def test_a_killed_worker_is_told_as_a_passing_fault_with_its_remedy(tmp_path: Path) -> None:
    """Out of memory is the most common way for a worker to end."""
    with pytest.raises(TransientError, match="CLIPTASK_WORKERS"):
        work([Task("x", 0, partial(die, tmp_path))], 1)


def test_what_ran_beside_a_killed_worker_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After the one sentence there would be a traceback for each other worker."""
    never = partial(wait_for, tmp_path / "never")
    tasks = [Task("x", 0, partial(die, tmp_path)), Task("y", 1, never), Task("z", 2, never)]

    with pytest.raises(TransientError):
        work(tasks, 2)

    gc.collect()
    assert not caplog.records


def test_what_waits_has_imported_all_when_there_is_something_to_do(tmp_path: Path) -> None:
    """A campaign would wait until each process has imported what the program has, and then what makes parts."""
    script = tmp_path / "main.py"
    script.write_text(
        textwrap.dedent("""
        import asyncio, multiprocessing, os, sys, time
        from functools import partial
        from pathlib import Path
        from cliptask_operator.local.process_pool import Processes, Task, only_wait, run_tasks
        def note(log):
            with log.open("a") as file:
                file.write(f"{os.getpid()} {'cliptask_renderer.media.segment' in sys.modules}\\n")
            time.sleep(0.2)
        if __name__ == "__main__":
            log = Path(sys.argv[1])
            with Processes.forked(2) as processes:
                waiting = [each.pid for each in multiprocessing.active_children()]
                processes.get_ready()
                before = only_wait()
                for _ in range(2):
                    tasks = [Task(str(n), 0, partial(note, log)) for n in range(4)]
                    asyncio.run(run_tasks(tasks, processes, lambda *_: None))
            print(before, only_wait(), len(multiprocessing.active_children()), *waiting)
        """)
    )
    log = tmp_path / "log"
    run = subprocess.run([sys.executable, script, log], capture_output=True, text=True, check=True)

    *state, first, second = run.stdout.split()
    assert (state, run.stderr) == (["True", "False", "0"], "")
    did = [line.split() for line in log.read_text().splitlines()]
    assert {pid for pid, _ in did[:4]} == {first, second}
    assert {ready for _, ready in did[:4]} == {"True"}
    # Who is needed once more after the last one has ended is begun anew.
    assert {pid for pid, _ in did[4:]}.isdisjoint({first, second})


def test_beside_other_threads_nothing_is_forked() -> None:
    """It would wait for ever for a lock that one of them held."""
    ends = threading.Event()
    other = threading.Thread(target=ends.wait)
    other.start()
    try:
        with Processes.forked(2):
            assert multiprocessing.active_children() == []
    finally:
        ends.set()
        other.join()


_WORKS = "asyncio.run(run_tasks([Task(str(n), 0, partial(time.sleep, 600)) for n in range(2)], processes, lambda *_: None))"


@pytest.mark.parametrize(
    "program",
    [
        f"processes = Processes(2); {_WORKS}",
        f"with Processes.forked(2) as processes: {_WORKS}",
        "with Processes.forked(2): time.sleep(600)",
    ],
    ids=["begun when needed", "forked", "forked and idle"],
)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_program(tmp_path: Path, program: str, how: signal.Signals) -> None:
    """Encodes that go on after Ctrl-C or a crash would take the CPU from the next run."""
    script = tmp_path / "main.py"
    script.write_text(
        textwrap.dedent(f"""
        import asyncio, time
        from functools import partial
        from cliptask_operator.local.process_pool import Processes, Task, run_tasks
        if __name__ == "__main__":
            {program}
        """)
    )
    with subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL) as running:
        workers: list[psutil.Process] = []
        while len(workers) < 2:
            assert running.poll() is None
            workers = [
                each
                for each in psutil.Process(running.pid).children()
                if {"spawn_main", str(script)} & set(re.split(r"[ (]", " ".join(each.cmdline())))
            ]
            time.sleep(0.05)

        running.send_signal(how)

        running.wait(timeout=30)
    gone, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
    assert len(gone) == 2
