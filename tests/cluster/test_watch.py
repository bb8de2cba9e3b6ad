from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

from cluster import outcomes
from cluster.bed import Bed
from cluster.gate import Gate
from cluster.test_operator_lifecycle import TWO_BY_TWO, UNFIT

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


def run(bed: Bed, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """A command, without a terminal."""
    return subprocess.run(
        command, env=environment(bed), capture_output=True, text=True, timeout=60, check=False
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
    ours, theirs = pty.openpty()
    command: list[str | Path] = [PROGRAMS / "cliptask", "status", "camp", "-n", bed.namespace]
    with subprocess.Popen(command, env=environment(bed), stdin=theirs, stdout=theirs, stderr=theirs) as shown:
        os.close(theirs)
        seen = _read(ours, "0 of 4 videos")
        gate.open(4)
        bed.wait_for(lambda: counts(bed) == (0, 4, 4), "all segments")
        gate.open(2)
        seen += _read(ours, "2 of 4 videos")
        gate.open()
        seen += _read(ours)
        os.close(ours)
        assert shown.wait(timeout=60) == 0

    assert seen.rindex("4 of 4 videos are there") > seen.rindex("2 of 4 videos")
    assert "\x1b[" in seen  # drawn over, not again and again below


def _read(terminal: int, until: str | None = None, timeout_s: float = 60) -> str:
    """All that is written until these words have come; without any, until the other side closes."""
    seen, deadline = b"", time.monotonic() + timeout_s
    while until is None or until.encode() not in seen:
        ready, _, _ = select.select([terminal], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f"{until or 'no end'!r} not within {timeout_s:g} s: {seen.decode(errors='replace')}"
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # EIO: the last writer has gone
            break
    return seen.decode(errors="replace")


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
