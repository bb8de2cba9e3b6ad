from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from cliptask_operator.kubernetes.manifests import PRIORITY_LABEL, QUEUE_LABEL
from cluster.api import Document
from cluster.bed import Bed
from cluster.control_plane import ControlPlane
from cluster.floor import Floor
from cluster.images import CHECKOUT
from cluster.kueue import Kueue, cluster_queue, local_queue, priority
from cluster.kwok import Kwok
from cluster.rights import asked, install_rights, kubeconfig, operator_values
from cluster.site import elsewhere

PAGE = CHECKOUT / "docs" / "kueue.md"
QUOTA = 2
"""CPUs, and so many Jobs, each of which asks for one."""


@pytest.fixture(scope="module")
def kueue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kueue]:
    """On a cluster of its own, where no other test's Jobs meet it."""
    if elsewhere() is not None:
        pytest.skip("needs fake nodes, and brings its own Kueue")
    folder = tmp_path_factory.mktemp("governed")
    with (
        ControlPlane(folder / "plane", audit=True) as plane,
        Kwok(plane),
        Kueue(plane, folder / "kueue") as running,
    ):
        yield running


@dataclass(frozen=True)
class House:
    """An operator with the chart's rights, in a namespace with two queues of one quota."""

    bed: Bed
    kueue: Kueue
    account: str

    @property
    def quota(self) -> str:
        """Name of the ClusterQueue."""
        return self.bed.namespace

    def task(self, name: str, clips: Iterable[int], urgency: str = "", **execution: int) -> Document:
        """A task of the queue ``campaigns`` with a Job for each clip, of which none waits for another."""
        task = self.bed.task(name, [[*clips]], execution=execution)
        urgencies = {PRIORITY_LABEL: urgency} if urgency else {}
        task["metadata"]["labels"] = {QUEUE_LABEL: "campaigns"} | urgencies
        return task

    def wait_says(self, task: str, words: str) -> None:
        """Until the status' message ends so."""
        self.bed.wait_for(
            lambda: self.bed.status(task).get("message", "").endswith(words), f"{task}: {words}"
        )

    def pods(self, task: str) -> list[Document]:
        """A task's pods that the API has."""
        return self._items("pods", f"--selector=cliptask.dev/task={task}")

    def queues(self) -> dict[str, str]:
        """The LocalQueue that Kueue has the Jobs of each task in."""
        return {
            each["metadata"]["ownerReferences"][0]["name"].rpartition("-")[0]: each["spec"]["queueName"]
            for each in self._items("workloads")
        }

    def suspenders(self, task: str) -> list[set[str]]:
        """Of each Job who has written ``spec.suspend`` last."""
        jobs = self._items("jobs", f"--selector=cliptask.dev/task={task}", "--show-managed-fields")
        return [
            {
                part["manager"]
                for part in each["metadata"]["managedFields"]
                if "f:suspend" in part["fieldsV1"].get("f:spec", {})
            }
            for each in jobs
        ]

    def _items(self, kind: str, *how: str) -> list[Document]:
        found: list[Document] = json.loads(self.bed.kubectl("get", kind, *how, "-o", "json"))["items"]
        return found


@pytest.fixture
def house(kueue: Kueue, tmp_path: Path) -> Iterator[House]:
    """What it makes stays in the cluster, which goes."""
    namespace, plane = f"test-{uuid.uuid4().hex[:8]}", kueue.plane
    account = f"{namespace}-cliptask"
    plane.create_namespace(namespace)
    install_rights(plane, namespace, operator_values(namespace, clusterwide=False))
    queues = (local_queue(name, namespace, namespace) for name in ("campaigns", "leftover"))
    kueue.apply(*cluster_queue(namespace, cpu=QUOTA), *queues)
    settings = {
        "KUBECONFIG": str(kubeconfig(plane, namespace, account, tmp_path)),
        "CLIPTASK_QUEUE_NAME": "leftover",
    }
    with Bed(plane, namespace, tmp_path, settings) as bed:
        bed.start()
        yield House(bed, kueue, f"system:serviceaccount:{namespace}:{account}")


@pytest.fixture
def floor(house: House) -> Iterator[Floor]:
    """Where its pods work."""
    made = Floor(house.bed)
    yield made
    made.close()


def suspended(jobs: Iterable[Document]) -> list[bool]:
    """Which of these are."""
    return [each["spec"]["suspend"] for each in jobs]


def began(job: Document) -> float:
    """When, for the Job controller and its deadline; seconds since the epoch, 0 before."""
    start = job["status"].get("startTime")
    return datetime.fromisoformat(start).timestamp() if start else 0


def test_a_campaign_keeps_to_its_queues_quota(house: House, floor: Floor) -> None:
    """It would take the cluster from everybody else, or wait for ever, or not say what it waits for."""
    bed = house.bed
    house.kueue.hold(house.quota)

    bed.apply(house.task("camp", range(5)))

    house.wait_says("camp", "0 of 5 videos, 0 of 5 segments; 5 of 5 Jobs wait in a queue")
    jobs = bed.jobs("camp")
    assert [each["metadata"]["labels"][QUEUE_LABEL] for each in jobs] == ["campaigns"] * 5
    assert suspended(jobs) == [True] * 5
    assert house.pods("camp") == []

    house.kueue.release(house.quota)
    house.wait_says("camp", "; 3 of 5 Jobs wait in a queue")
    for left in range(5, 0, -1):
        at_work = floor.wait("camp", min(left, QUOTA))
        assert suspended(bed.jobs("camp")).count(True) == max(left - QUOTA, 0)
        floor.finish(min(at_work))

    status = bed.wait("camp")
    assert (status["succeeded"], status["failed"], floor.most) == (5, 0, QUOTA)


def test_who_may_run_is_for_kueue_to_say(house: House) -> None:
    """An operator that wrote to ``spec.suspend`` would fight Kueue for it, and need a right that it lacks."""
    house.bed.apply(house.task("camp", range(3)))
    house.bed.wait("camp")

    assert house.suspenders("camp") == [{"kueue"}] * 3
    used, refused = asked(house.kueue.plane, house.account)
    assert refused == []
    assert {verb for resource, verb in used if resource == "jobs"} == {"list", "watch", "create"}


def test_time_in_a_queue_counts_towards_no_deadline(house: House) -> None:
    """A campaign behind a busy queue would fail before it began."""
    bed = house.bed
    house.kueue.hold(house.quota)
    bed.apply(house.task("camp", [0], activeDeadlineSeconds=30))
    house.wait_says("camp", "; 1 of 1 Jobs wait in a queue")
    late = time.time() + 31

    bed.wait_for(lambda: time.time() > late, "past the deadline of 30 s")
    house.kueue.release(house.quota)

    status = bed.wait("camp")
    assert (status["succeeded"], status["failed"]) == (1, 0)
    assert [began(each) > late - 1 for each in bed.jobs("camp")] == [True]


def test_what_yields_to_the_more_urgent_is_finished_later(house: House, floor: Floor) -> None:
    """A preempted Job would be counted as failed, or made again beside itself, or be late by the time that it waited."""
    bed = house.bed
    house.kueue.apply(priority("someday", 1), priority("today", 100))
    bed.apply(house.task("slow", range(3), "someday"))
    given_up = floor.wait("slow", QUOTA)
    begun = {each["metadata"]["uid"]: began(each) for each in bed.jobs("slow")}

    bed.apply(house.task("urgent", [3, 4], "today"))
    urgent = floor.wait("urgent", QUOTA)

    bed.wait_for(lambda: not house.pods("slow"), "the pods that yielded are gone")
    floor.abandon(*given_up)
    house.wait_says("slow", "; 3 of 3 Jobs wait in a queue")
    # Times of the API are whole seconds.
    bed.wait_for(lambda: time.time() > max(begun.values()) + 1, "a second later")
    floor.finish(*urgent)
    bed.wait("urgent")
    floor.finish(*floor.wait("slow", QUOTA))
    floor.finish(*floor.wait("slow", 1))
    status = bed.wait("slow")

    assert (status["succeeded"], status["failed"]) == (3, 0)
    assert set(bed.renderers.made.values()) == {1}
    jobs = {each["metadata"]["uid"]: began(each) for each in bed.jobs("slow")}
    assert jobs.keys() == begun.keys()
    assert all(jobs[uid] > start for uid, start in begun.items())
    assert [each["status"].get("failed", 0) for each in bed.jobs("slow")] == [0] * 3


def test_tasks_that_name_no_queue_have_the_installations(house: House) -> None:
    """Whoever forgets the label would pass by everybody in the queue."""
    plain = house.task("plain", [0])
    del plain["metadata"]["labels"]

    house.bed.apply(plain, house.task("own", [1]))
    house.bed.wait("plain")
    house.bed.wait("own")

    assert house.queues() == {"plain": "leftover", "own": "campaigns"}


def test_the_pages_queues_are_kueues(kueue: Kueue) -> None:
    """Whoever starts from docs/kueue.md would begin with an error."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    kueue.plane.kubectl("create", "namespace", "marketing")

    kueue.apply(*yaml.safe_load_all(blocks[1]))

    kueue.plane.kubectl("wait", "--for=condition=Active", "clusterqueue/videos", "--timeout=60s")
    kueue.plane.kubectl(
        "wait", "--for=condition=Active", "localqueue/campaigns", "--namespace=marketing", "--timeout=60s"
    )


def test_a_deleted_task_leaves_its_place(house: House, floor: Floor) -> None:
    """Its Jobs would hold the quota, or stay in the queue for ever."""
    house.bed.apply(house.task("gone", range(3)))
    given_up = floor.wait("gone", QUOTA)

    house.bed.kubectl("delete", "clip", "gone", "--timeout=60s")
    house.bed.apply(house.task("next", [3, 4]))
    at_work = floor.wait("next", QUOTA)

    house.bed.wait_for(lambda: house.queues() == {"next": "campaigns"}, "the workloads of gone have gone")
    floor.abandon(*given_up)
    floor.finish(*at_work)
    house.bed.wait("next")
