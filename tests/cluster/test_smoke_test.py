"""The smoke test of an installation, on fake nodes and with `helm test`'s rights: what it says, and that it leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cluster import outcomes
from cluster.bed import Bed
from cluster.rights import install_rights, kubeconfig
from cluster.test_operator_lifecycle import UNFIT


@contextmanager
def smoke_test(bed: Bed, *more: str) -> Iterator[subprocess.Popen[str]]:
    """One that has begun, by the operator's account with what the chart allows it for as long as a test lasts."""
    values = {
        "watchNamespaces": [bed.namespace],
        "storage": {"buckets": [f"gs://{bed.bucket}"]},
        "rbac": {"aggregate": False},
    }
    install_rights(bed.plane, bed.namespace, values, hooks=True)
    account = kubeconfig(bed.plane, bed.namespace, f"{bed.namespace}-cliptask", bed.folder)
    environment = bed.environment | {"KUBECONFIG": str(account)}
    uri = f"gs://{bed.bucket}/somewhere"
    command = [
        sys.executable,
        "-m",
        "cliptask_operator",
        "smoke-test",
        uri,
        f"--namespace={bed.namespace}",
        *more,
    ]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as begun:  # fmt: skip
        yield begun


def left(bed: Bed) -> tuple[list[str], list[str]]:
    """What is there afterwards: objects and tasks."""
    tasks = json.loads(bed.kubectl("get", "clip", "-o", "json"))["items"]
    objects = bed.renderers.store(f"gs://{bed.bucket}").list()
    return [each.name for each in objects], [each["metadata"]["name"] for each in tasks]


def test_an_installation_that_works_is_said_to(bed: Bed) -> None:
    """Whoever installs would learn only from the first campaign whether it does."""
    bed.renderers.store(f"gs://{bed.bucket}").put_bytes("somewhere/else.txt", b"somebody's")
    with smoke_test(bed) as begun:
        out, err = begun.communicate(timeout=120)

    assert begun.returncode == 0, err
    assert "Complete: 2 of 2 videos are there" in out
    assert out.splitlines()[-1].startswith("2 videos in ")
    assert bed.renderers.made.total() >= 2 * 2  # fake ones, each with its segment
    assert left(bed) == (["somewhere/else.txt"], [])


def test_one_that_fails_says_why_with_the_pods_own_words(bed: Bed) -> None:
    """A red test without a reason sends people to read everything."""
    bed.renderers.judge = lambda _order, _pod: outcomes.fail(65, UNFIT)
    with smoke_test(bed) as begun:
        out, err = begun.communicate(timeout=120)

    assert begun.returncode == 78
    assert "the campaign is not made: VariantsFailed: 0 of 2 videos are there" in err.replace("\n", " ")
    assert "failed: SourceUnusable: its third picture is torn · pod smoke-test-" in out
    assert (
        "its log cannot be had: the Kubernetes API answers" in out
    )  # fake nodes have none; it was not forbidden
    assert left(bed) == ([], [])


def test_one_without_an_operator_ends_and_says_so(bed: Bed) -> None:
    """It would wait for ever for who is not there."""
    bed.stop()
    with smoke_test(bed, "--timeout=2") as begun:
        _, err = begun.communicate(timeout=120)

    assert begun.returncode == 78
    assert "is not complete after 2 s; no operator has looked at it: does one run" in err.replace("\n", " ")
    assert left(bed) == ([], [])


def test_one_that_is_ended_leaves_nothing(bed: Bed) -> None:
    """`helm test` ends its pod after a time; what it began would go on."""
    bed.renderers.judge = lambda _order, _pod: outcomes.fail(75, "{}")
    with smoke_test(bed) as begun:
        bed.wait_for(lambda: left(bed)[1] and bed.jobs(left(bed)[1][0]), "a Job")
        begun.send_signal(signal.SIGTERM)
        begun.communicate(timeout=120)

    assert begun.returncode == 130
    assert left(bed) == ([], [])
