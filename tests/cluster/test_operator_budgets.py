"""What the tasks of a namespace may take in a month, on a real API server: counted through kills, and once for what they share."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import outcomes
from cluster.bed import Bed
from cluster.control_plane import ControlPlane

CHARACTERS, VIDEOS = 100, 5
LINE = {"voice": "Rachel", "text": "Twenty percent off, only until Sunday!!!"}
"""Of 40 characters."""


@pytest.fixture
def thrifty(fake_nodes: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Bed]:
    """A running operator whose namespace has a budget, and a book beside the operator."""
    book = f"budgets-{uuid.uuid4().hex[:8]}"
    fake_nodes.kubectl("create", "configmap", book, "--namespace=default")
    settings = {
        "CLIPTASK_BUDGETS": json.dumps(
            {"*": {"speechCharacters": CHARACTERS}, namespace: {"variants": VIDEOS}}
        ),
        "CLIPTASK_BUDGETS_CONFIG_MAP": book,
        "CLIPTASK_RETRY_SECONDS": "1",
    }
    with Bed(fake_nodes, namespace, tmp_path, settings) as bed:
        bed.start()
        yield bed
    fake_nodes.kubectl("delete", "configmap", book, "--namespace=default")


def entry(bed: Bed) -> dict[str, Any]:
    """What the book says of the namespace."""
    book = bed.settings["CLIPTASK_BUDGETS_CONFIG_MAP"]
    data = json.loads(bed.plane.kubectl("get", "configmap", book, "--namespace=default", "-o", "json").stdout)
    found: dict[str, Any] = json.loads(data["data"][bed.namespace])
    return found


def test_tasks_that_start_together_have_what_they_share_spoken_and_counted_once(thrifty: Bed) -> None:
    """Each edition of a campaign would be charged with what one of them pays."""
    names = ["one", "two", "three"]

    thrifty.apply(*(thrifty.task(name, [[0]], speech=[LINE], sound={"overflow": "Trim"}) for name in names))
    statuses = [thrifty.wait(name) for name in names]

    assert thrifty.account.speech_calls == 1
    assert sum(each["spent"]["speechCharacters"] for each in statuses) == 40
    assert entry(thrifty)["spent"] == {"speech_characters": 40, "variants": 3, "encode_seconds": 0.4} | {
        kind: amount for kind, amount in entry(thrifty)["spent"].items() if kind == "bytes"
    }
    assert entry(thrifty)["reserved"] == {}
    assert (
        f'cliptask_spent_total{{kind="variants",task_namespace="{thrifty.namespace}"}} 3.0'
        in thrifty.metrics()
    )


def test_a_killed_operator_counts_neither_nothing_nor_twice(thrifty: Bed) -> None:
    """A node that dies would open the budget, or close it."""
    thrifty.renderers.judge = lambda _order, _pod: outcomes.hang()
    thrifty.apply(thrifty.task("camp", [[0, 1], [2, 3]]))
    thrifty.wait_for(lambda: thrifty.jobs("camp"), "Jobs")
    thrifty.stop(kill=True)
    assert sum(each["variants"] for each in entry(thrifty)["reserved"].values()) == 4

    thrifty.renderers.judge = lambda _order, _pod: None
    thrifty.kubectl("delete", "jobs", "--all")  # as a node that takes its pods along
    thrifty.start()
    assert thrifty.wait("camp")["succeeded"] == 4
    assert (entry(thrifty)["spent"]["variants"], entry(thrifty)["reserved"]) == (4, {})

    thrifty.apply(thrifty.task("more", [[0, 1], [4]]))
    thrifty.wait_for(lambda: thrifty.condition("more", "Complete").get("reason") == "BudgetSpent", "it waits")
    message = thrifty.status("more")["message"]
    assert f"the task needs 2 videos, and namespace {thrifty.namespace} has 1 of 5 left for " in message
    assert "it goes on at " in message
    assert thrifty.videos("more") == set()

    thrifty.apply(thrifty.task("more", [[0], [4]]))
    assert thrifty.wait("more")["succeeded"] == 1
    assert entry(thrifty)["spent"]["variants"] == 5
