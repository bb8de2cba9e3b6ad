"""What somebody sees who waits: what there is to do and how far it is, and not a line about nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from cliptask_operator.local.progress import Awaited, ProgressReporter, report_on
from support.studio import PROGRAM, Studio
from support.terminal import plain, running

KINDS = ("sources", "lines", "segments", "soundtracks", "videos")


def piped(studio: Studio, *arguments: str | Path) -> str:
    """Standard error of a run without a terminal."""
    ran = studio.run(*arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stderr


def watched(studio: Studio, *arguments: str | Path) -> str:
    """All that a run shows in a terminal."""
    environment = studio.clean_environment() | {"TERM": "xterm"}
    with running([PROGRAM, *arguments], environment) as (terminal, process):
        seen = plain(terminal.read())
        assert process.wait(timeout=60) == 0, seen
    return seen


def kinds(seen: str) -> set[str]:
    """What there is a line or a bar about."""
    return set(re.findall(rf"\b({'|'.join(KINDS)})(?:: \d+ |\s+[━╸╺]+ )", seen))


See = Callable[..., str]


@pytest.fixture(params=[piped, watched], ids=["pipe", "terminal"])
def see(request: pytest.FixtureRequest) -> See:
    """Where somebody looks."""
    found: See = request.param
    return found


def test_a_run_tells_of_all_that_it_makes(see: See, tmp_path: Path) -> None:
    """Nobody would know how long they have to wait."""
    studio = Studio(tmp_path)
    task = studio.write([[0, 1], [2]], tracks=1, lines=1, sound={"overflow": "Trim"})

    seen = see(studio, "render", task, "-d", tmp_path / "out")

    assert kinds(seen) == set(KINDS)


def test_a_finished_campaign_has_nothing_to_tell(see: See, tmp_path: Path) -> None:
    """Sources and lines that are there already would look like work, on every run."""
    studio = Studio(tmp_path)
    task = studio.write([[0, 1], [2]], tracks=1, lines=1, sound={"overflow": "Trim"})
    studio.render(task, tmp_path / "out")

    seen = (
        see(studio, "render", task, "-d", tmp_path / "out"),
        see(studio, "plan", task, "-d", tmp_path / "out"),
    )

    assert [kinds(each) for each in seen] == [set(), set()]


def test_what_a_task_has_not_is_not_told_of(see: See, tmp_path: Path) -> None:
    """Lines of a task without speech, soundtracks of one without sound."""
    studio = Studio(tmp_path)
    task = studio.write([[1]], sound={"clipVolume": 0})

    seen = see(studio, "render", task, "-d", tmp_path / "out")

    assert kinds(seen) == {"sources", "segments", "videos"}


def test_only_what_is_new_counts(tmp_path: Path) -> None:
    """Thirty sources that are there would hide the one that is fetched."""
    studio = Studio(tmp_path)
    studio.render(studio.write([[0, 1], [2]]), tmp_path / "out")

    seen = piped(studio, "render", studio.write([[0, 1, 3], [2]]), "-d", tmp_path / "out")

    assert [line for line in seen.splitlines() if line.startswith("sources")][-1] == "sources: 1 of 1"
    assert "segments: 1 to do\n" in seen


@pytest.fixture(params=[False, True], ids=["lines", "bars"])
def shown(request: pytest.FixtureRequest) -> Callable[[Callable[[ProgressReporter], None]], str]:
    """What some work shows, in a pipe and in a terminal."""

    def show(work: Callable[[ProgressReporter], None]) -> str:
        file = io.StringIO()
        with report_on(Console(file=file, force_terminal=request.param, width=120)) as progress:
            work(progress)
        return plain(file.getvalue())

    return show


Shown = Callable[[Callable[[ProgressReporter], None]], str]


def test_what_needs_nothing_is_never_announced(shown: Shown) -> None:
    """All of them were there, or could not be had: errors are told in the end."""

    def work(progress: ProgressReporter) -> None:
        sources = Awaited(progress, "sources", 3)
        sources.skip()
        sources.fail()
        sources.skip()

    assert "sources" not in shown(work)


def test_one_that_needs_something_is_announced_without_those_that_do_not(shown: Shown) -> None:
    """Whether they are found before it or after it."""

    def work(progress: ProgressReporter) -> None:
        sources = Awaited(progress, "sources", 4)
        sources.skip()
        sources.start()
        sources.skip()
        sources.skip()
        sources.finish()

    seen = shown(work)

    assert "1 of 1" in seen or "1/1" in seen
    assert "4" not in seen.replace("0:00:0", "")
