from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from cluster import outcomes
from cluster.bed import Bed
from cluster.gate import Gate
from cluster.test_operator_lifecycle import TWO_BY_TWO, UNFIT
from support.terminal import running

PROGRAMS = Path(sys.executable).parent
"""Where pip put ``cliptask`` and ``kubectl-clip``."""


def environment(bed: Bed) -> dict[str, str]:
    """Of somebody with a kubeconfig and nothing else."""
    return {
        "KUBECONFIG": str(bed.plane.kubeconfig),
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "HOME": str(bed.folder),
        "COLUMNS": "120",
        "TERM": "xterm",
    }


def run(bed: Bed, *command: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command, without a terminal."""
    return subprocess.run(
        command, env=environment(bed) | settings, capture_output=True, text=True, timeout=60, check=False
    )


def counts(bed: Bed) -> tuple[int, ...]:
    """Videos, segments and Jobs at work, as its status tells."""
    status = bed.status("camp")
    return tuple(status.get(name, 0) for name in ("succeeded", "segmentsReady", "active"))


def test_the_plugin_shows_a_campaign_that_is_being_made(bed: Bed) -> None:
    """Marketers would have to read JSON, or to install another program than kubectl."""
    gate = Gate(bed)
    bed.apply(bed.task("camp", TWO_BY_TWO))
    gate.open(4)
    bed.wait_for(lambda: counts(bed) == (0, 4, 4), "all segments")
    gate.open(1)
    bed.wait_for(lambda: counts(bed) == (1, 4, 3), "one video")

    ran = run(bed, bed.plane.program, "clip", "status", "camp", f"--namespace={bed.namespace}")
    gate.open()

    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0].startswith(f"{bed.namespace}/camp  Rendering")
    assert lines[1].startswith("1 of 4 videos, 4 of 4 segments")
    assert [line.split() for line in lines[3:5]] == [["b0", "2", "clips", "clip0,", "clip1"], ["b1", "2", "clips", "clip2,", "clip3"]]  # fmt: skip
    assert "1 of 4 made, 3 Jobs at work" in ran.stdout


def test_a_terminal_follows_it_to_its_end(bed: Bed) -> None:
    """Somebody who waits would start the command again and again."""
    gate = Gate(bed)
    bed.apply(bed.task("camp", TWO_BY_TWO))
    bed.wait_for(lambda: bed.status("camp").get("phase") == "Rendering", "rendering")
    command: list[str | Path] = [PROGRAMS / "cliptask", "status", "camp", "-n", bed.namespace]
    with running(command, environment(bed)) as (terminal, shown):
        seen = terminal.read(until="0 of 4 videos")
        gate.open(4)
        bed.wait_for(lambda: counts(bed) == (0, 4, 4), "all segments")
        gate.open(2)
        seen += terminal.read(until="2 of 4 videos")
        gate.open()
        seen += terminal.read()
        assert shown.wait(timeout=60) == 0

    assert seen.rindex("4 of 4 videos are there") > seen.rindex("2 of 4 videos")
    assert "\x1b[" in seen  # drawn over, not again and again below


def test_a_tab_names_the_campaigns(bed: Bed) -> None:
    """Somebody would have to list them, and copy a name."""
    bed.apply(bed.task("camp", TWO_BY_TWO))

    plugin = run(bed, bed.plane.program, "__complete", "clip", "logs", "-n", bed.namespace, "ca")
    asked = {
        "_CLIPTASK_COMPLETE": "complete_bash", "COMP_CWORD": "4",
        "COMP_WORDS": f"cliptask\nstatus\n-n\n{bed.namespace}\nca",
    }  # fmt: skip
    program = run(bed, PROGRAMS / "cliptask", **asked)

    assert plugin.stdout.splitlines() == ["camp", ":4"]
    assert program.stdout.splitlines() == ["camp"]


def test_programs_get_the_status_itself(bed: Bed) -> None:
    """A script would have to read what is drawn for people."""
    bed.apply(bed.task("camp", TWO_BY_TWO))
    bed.wait("camp")

    ran = run(bed, PROGRAMS / "cliptask", "status", "camp", "-n", bed.namespace, "-o", "json")

    assert json.loads(ran.stdout) == bed.status("camp")


def test_what_failed_is_named_even_when_its_pods_are_gone(bed: Bed) -> None:
    """After the Jobs' time to live, nobody could find out what had failed."""
    bed.renderers.judge = lambda order, _: (
        outcomes.fail(65, UNFIT) if any(each.name.startswith("clip0-clip3") for each in order.variants) else None
    )  # fmt: skip
    bed.apply(bed.task("camp", TWO_BY_TWO))
    bed.wait("camp", "Failed")
    bed.kubectl("delete", "jobs", "--all", "--cascade=foreground")

    shown = run(bed, PROGRAMS / "cliptask", "status", "camp", "-n", bed.namespace)
    logs = run(bed, PROGRAMS / "cliptask", "logs", "camp", "--failed", "-n", bed.namespace)

    assert "SourceUnusable  its third picture is torn" in shown.stdout
    assert "no pod of camp has failed, or it is gone with its Job" in logs.stderr
    assert logs.stdout.startswith("clip0-clip3-")
    assert logs.stdout.endswith(": SourceUnusable: its third picture is torn\n")


def test_what_is_not_there_is_named_with_a_way_to_find_it(bed: Bed) -> None:
    """A slip of the pen would look like a campaign without progress."""
    for command in ("status", "logs"):
        ran = run(bed, PROGRAMS / "cliptask", command, "no-such", "-n", bed.namespace)

        assert ran.returncode == 66
        assert f"there is no ClipTask no-such in the namespace {bed.namespace}: kubectl get clip -A" in ran.stderr.replace("\n", " ")  # fmt: skip


def test_a_context_that_is_not_there_is_named(bed: Bed) -> None:
    """Somebody with two clusters would look at the wrong one."""
    ran = run(bed, PROGRAMS / "cliptask", "status", "camp", "--context", "elsewhere")

    assert ran.returncode == 78
    assert "elsewhere" in ran.stderr
