from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cluster.api import Document
from cluster.bed import Bed
from cluster.control_plane import ControlPlane

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments."""


def test_a_task_that_may_not_be_made_is_told_why(bed: Bed) -> None:
    """Buckets of others could be written to, or a person would wait for what never begins."""
    bed.stop()
    bed.settings["CLIPTASK_MAX_VARIANTS"] = "3"
    bed.start()
    bed.apply(
        bed.task("elsewhere", [[0]], output={"uri": "gs://elsewhere/out"}), bed.task("large", TWO_BY_TWO)
    )
    for name in ("elsewhere", "large"):
        bed.wait(name, "Failed")
    elsewhere, large = bed.condition("elsewhere", "Accepted"), bed.condition("large", "Accepted")

    assert (elsewhere["status"], elsewhere["reason"]) == ("False", "BucketNotAllowed")
    assert "gs://elsewhere/out" in elsewhere["message"]
    assert f"use gs://{bed.bucket}" in elsewhere["message"]
    assert (large["status"], large["reason"]) == ("False", "TooManyVariants")
    assert "4" in large["message"]
    assert bed.jobs() == []

    bed.apply(bed.task("elsewhere", [[0]]))

    assert bed.wait("elsewhere")["succeeded"] == 1


def test_what_targets_would_refuse_is_a_condition(bed: Bed) -> None:
    """A review of what is on the cluster would not tell that an ad cannot be shown."""
    title, small = {"text": "Sale", "safe": False}, {"width": 270, "height": 480}
    bed.apply(bed.task("camp", TWO_BY_TWO, targets=["tiktok", "metaReels"], picture=small, overlays=[title]))
    bed.wait("camp")
    refused = bed.condition("camp", "TargetsMet")
    bed.apply(bed.task("camp", TWO_BY_TWO, targets=["metaReels"], picture=small))
    bed.wait_for(
        lambda: bed.condition("camp", "TargetsMet")["status"] == "True", "the edit suits its targets"
    )

    assert (refused["status"], refused["reason"]) == ("False", "VideosRefused")
    assert "tiktok refuses 4 of 4 videos (" in refused["message"]
    assert "is 270x480; it takes 540x960 or more" in refused["message"]
    assert 'spec.overlays[0].safe ("Sale"): leaves the safe zone in 270x480' in refused["message"]


@pytest.fixture
def neighbour(fake_nodes: ControlPlane, namespace: str) -> Iterator[str]:
    """A second namespace."""
    name = f"{namespace}-b"
    fake_nodes.kubectl("create", "namespace", name)
    yield name
    fake_nodes.kubectl("delete", "namespace", name, "--wait=false")


def test_an_output_belongs_to_one_task(bed: Bed, neighbour: str) -> None:
    """Two tasks of one name would overwrite each other's index, and prune each other's videos."""
    bed.stop()
    bed.settings["CLIPTASK_WATCH_NAMESPACES"] = f"{bed.namespace},{neighbour}"
    bed.start()
    bed.apply(bed.task("camp", [[0]]))
    bed.wait("camp")
    task = bed.task("camp", [[1]], output={"uri": f"gs://{bed.bucket}/out", "prune": True})
    task["metadata"]["namespace"] = neighbour

    bed.apply(task)
    bed.plane.kubectl("wait", "-n", neighbour, "clip/camp", "--for=condition=Accepted=false", "--timeout=60s")
    told = bed.plane.kubectl("get", "-n", neighbour, "clip", "camp", "-o", "json").stdout
    (accepted,) = [each for each in json.loads(told)["status"]["conditions"] if each["type"] == "Accepted"]

    assert accepted["reason"] == "OutputInUse"
    assert f"belongs to task camp in namespace {bed.namespace}" in accepted["message"]

    bed.plane.kubectl("delete", "-n", neighbour, "clip", "camp", "--timeout=60s")

    assert len(bed.videos("camp")) == 1


def test_kubectl_tells_how_it_went(bed: Bed) -> None:
    """A person with kubectl would not see how far a campaign is, nor a script when it has ended."""
    bed.apply(bed.task("camp", TWO_BY_TWO))
    bed.kubectl("wait", "clip/camp", "--for=condition=Complete", "--timeout=60s")

    head, row = bed.kubectl("get", "clip").splitlines()
    _, wide = bed.kubectl("get", "clip", "-o", "wide").splitlines()

    assert head.split() == ["NAME", "PHASE", "VARIANTS", "READY", "FAILED", "AGE"]
    assert row.split()[:5] == ["camp", "Complete", "4", "4", "0"]
    assert wide.split()[6] == f"gs://{bed.bucket}/out"
    assert wide.endswith("4 of 4 videos are there")


def test_events_tell_the_phases_and_are_few(bed: Bed) -> None:
    """``kubectl describe`` would show nothing, or a large campaign flood the cluster with Events."""
    bed.apply(bed.task("camp", TWO_BY_TWO))
    bed.wait("camp")
    query = ("get", "events", "--field-selector=involvedObject.name=camp", "-o", "json")
    bed.wait_for(lambda: "Complete" in bed.kubectl("describe", "clip", "camp").split("Events:")[1], "Events")

    events = json.loads(bed.kubectl(*query))["items"]

    assert {"Rendering", "Complete"} <= {each["reason"] for each in events}
    assert sum(each.get("count") or 1 for each in events) < 10
    assert {each["type"] for each in events} == {"Normal"}


def test_bad_tasks_are_refused_by_kubectl(bed: Bed) -> None:
    """A person would learn from a failed campaign what ``kubectl apply`` could have told."""
    good = bed.task("bad", [[0]])
    clip = good["spec"]["videoBlocks"][0]["clips"][0]
    blocks = [{"name": "hook", "clips": [clip | {"trim": {"start": "2s", "end": "1s"}}]}]
    bad: list[tuple[Document, str]] = [
        ({"videoBlocks": []}, "should have at least 1 items"),
        ({"videoBlocks": blocks}, "must be after start"),
        ({"output": {"uri": "ftp://bucket/out"}}, "spec.output.uri"),
        ({"execution": {"parallelism": 0}}, "should be greater than or equal to 1"),
        ({"vidoBlocks": blocks}, 'unknown field "spec.vidoBlocks"'),
    ]

    for change, words in bad:
        task = good | {"spec": good["spec"] | change}
        said = bed.plane.kubectl("apply", "-f", "-", stdin=json.dumps(task), check=False)

        assert said.returncode != 0
        assert words in said.stderr
