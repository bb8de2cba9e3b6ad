from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from cliptask.orders import WorkOrder, WorkReport
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Bed
from cluster.control_plane import ControlPlane
from cluster.outcomes import Outcome
from support.gcs import FaultyProxy, Refuse
from support.tcp_proxy import TcpProxy

_KILLS = 20


@pytest.fixture
def store_proxy() -> Iterator[FaultyProxy]:
    """What is between the operator, not the renderers, and the store."""
    with FaultyProxy() as proxy:
        yield proxy


@pytest.fixture
def bed_behind(
    fake_nodes: ControlPlane, namespace: str, tmp_path: Path, store_proxy: FaultyProxy
) -> Iterator[Bed]:
    """A running operator that reaches the store through the proxy alone."""
    settings = {
        "STORAGE_EMULATOR_HOST": store_proxy.url,
        "CLIPTASK_RETRY_SECONDS": "3",
        "CLIPTASK_STORE_DEADLINE_S": "4",
    }
    with Bed(fake_nodes, namespace, tmp_path, settings) as made:
        store_proxy.target = made.gcs.port
        made.start()
        yield made


class Gate:
    """Pods that end one by one, when told to; knows which Jobs did which work."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._turns = threading.Semaphore(0)
        self.jobs: dict[str, set[str]] = defaultdict(set)
        """UIDs of the Jobs that had the same order."""
        bed.renderers.judge = self._judge

    def open(self, turns: int = 10_000) -> None:
        """Let so many more pods do their work."""
        self._turns.release(turns)

    def _judge(self, order: WorkOrder, pod: Document) -> Outcome | None:
        self.jobs[order.to_text()].add(pod["metadata"]["ownerReferences"][0]["uid"])
        assert self._turns.acquire(timeout=240)
        return None


def lying(bed: Bed, lies: int) -> None:
    """Have so many pods succeed without making anything."""
    left = iter(range(lies))
    bed.renderers.judge = lambda _order, _pod: outcomes.succeed() if next(left, None) is not None else None


def reasons(status: Document) -> Counter[str]:
    """Of the variants that could not be made."""
    return Counter(each["reason"] for each in status["failures"])


def kill(bed: Bed) -> None:
    """SIGKILL at this moment, or, where ElevenLabs is being paid, as soon as what it said is in the bucket.

    That is the one moment at which a crash costs something: nobody but the account knows what it has said.
    """
    store = bed.renderers.store(f"gs://{bed.bucket}/out/.cliptask")

    def is_stored() -> bool:
        paid = {each.name.split(".")[0] for each in store.list("speech/") if each.name.endswith(".json")}
        return len(paid) >= bed.account.speech_calls

    with bed.account.closed():
        bed.wait_for(is_stored, "all that was paid for is stored")
        bed.stop(kill=True)


@pytest.mark.timeout(600)
def test_an_operator_killed_at_any_moment_does_nothing_twice(bed: Bed) -> None:
    """An operator that remembers, rather than looks, would make things twice or never."""
    chosen = random.Random(4)  # noqa: S311  of moments
    gate = Gate(bed)
    bed.apply(bed.task("camp", [[0, 1, 2], [3, 4, 5], [6, 7]], lines=3))

    for _ in range(_KILLS):
        gate.open(chosen.randint(1, 4))
        time.sleep(chosen.uniform(0, 1))  # it is the moment that is tried
        kill(bed)
        bed.start()
    assert bed.condition("camp", "Complete")["status"] == "False"
    gate.open()
    status = bed.wait("camp")

    assert status["succeeded"] == status["variants"] == len(bed.videos("camp")) == 18
    assert set(bed.renderers.made.values()) == {1}
    assert {len(uids) for uids in gate.jobs.values()} == {1}
    made = Counter(job["metadata"]["annotations"]["cliptask.dev/makes"] for job in bed.jobs())
    assert set(made.values()) == {1}
    assert bed.account.speech_calls == 3


def test_each_failure_is_told_by_its_own_reason(bed: Bed) -> None:
    """Whoever reads the status would have to search logs of pods that are gone."""
    bad = WorkReport(reason="SourceUnusable", message="clip1 has no picture").model_dump_json()
    ends = iter(
        [outcomes.fail(65, bad), outcomes.fail(75, "the bucket is away"), outcomes.oom(), outcomes.hang()]
    )
    bed.renderers.judge = lambda _order, _pod: next(ends)
    execution = {"backoffLimit": 0, "activeDeadlineSeconds": 20}

    bed.apply(bed.task("camp", [[0, 1, 2, 3]], execution=execution))
    status = bed.wait("camp", "Failed")

    told = {each["reason"]: each["message"] for each in status["failures"]}
    assert told.keys() == {"SourceUnusable", "RendererFailed", "OutOfMemory", "DeadlineExceeded"}, status
    assert told["SourceUnusable"] == "clip1 has no picture"
    assert "75" in told["RendererFailed"]
    assert "the bucket is away" in told["RendererFailed"]
    assert "resources.limits.memory" in told["OutOfMemory"]
    assert "activeDeadlineSeconds" in told["DeadlineExceeded"]
    assert (status["failed"], status["succeeded"], len(told)) == (4, 0, 4)


def test_what_may_pass_is_tried_again_by_the_job(bed: Bed) -> None:
    """A bucket that was away for a second would cost a video."""
    ends = iter([outcomes.fail(75, "the bucket is away")])
    bed.renderers.judge = lambda _order, _pod: next(ends, None)

    bed.apply(bed.task("camp", [[0]], execution={"backoffLimit": 1}))
    bed.wait("camp")

    assert len(bed.renderers.orders) == 2
    assert len(bed.jobs("camp")) == 1


def test_a_job_deleted_by_hand_is_made_again(bed: Bed) -> None:
    """A campaign would wait for ever for what somebody cleaned up."""
    ends = iter([outcomes.hang()])
    bed.renderers.judge = lambda _order, _pod: next(ends, None)
    bed.apply(bed.task("camp", [[0]]))
    bed.wait_for(lambda: bed.renderers.orders, "a pod runs")

    bed.kubectl("delete", "jobs", "--all")
    bed.wait("camp")

    assert len(bed.renderers.orders) == 2


def test_an_evicted_pod_is_no_failure(bed: Bed) -> None:
    """Whoever saves money with spot nodes would lose videos with them."""
    ends = iter([outcomes.evict()])
    bed.renderers.judge = lambda _order, _pod: next(ends, None)

    bed.apply(bed.task("camp", [[0]], execution={"backoffLimit": 0}))
    bed.wait("camp")

    assert len(bed.renderers.orders) == 2
    assert len(bed.jobs("camp")) == 1


def test_a_job_is_not_taken_at_its_word(bed: Bed) -> None:
    """The task would be Complete with a video missing."""
    lying(bed, 2)

    bed.apply(bed.task("camp", [[0]]))
    bed.wait("camp")

    assert len(bed.videos("camp")) == 1


def test_an_eternal_liar_is_told_as_such(bed: Bed) -> None:
    """The same Job would be made again for ever, and paid for."""
    lying(bed, 1000)

    bed.apply(bed.task("camp", [[0], [1, 2]]))
    status = bed.wait("camp", "Failed")

    assert reasons(status) == {"ObjectMissing": 2}


def test_a_segment_that_is_said_to_be_there_is_made_again(bed: Bed) -> None:
    """Every variant that needs it would make it on its own, or fail."""
    lying(bed, 1)

    bed.apply(bed.task("camp", [[0], [1, 2]]))
    status = bed.wait("camp")

    assert status["segmentsReady"] == status["segments"] == 3
    assert len(bed.videos("camp")) == 2


def test_an_api_server_that_is_away_holds_it_up_alone(bed: Bed, fake_nodes: ControlPlane) -> None:
    """An upgrade of the control plane would restart the operator, or lose a campaign."""
    gate = Gate(bed)
    assert bed.operator
    bed.apply(bed.task("camp", [[0, 1, 2], [3, 4]], lines=1, execution={"parallelism": 2}))
    gate.open(2)
    bed.wait_for(lambda: len(bed.renderers.orders) > 2, "it works")

    fake_nodes.stop_apiserver()
    gate.open()
    time.sleep(30)  # as long as an upgrade, and longer than it tries each request
    fake_nodes.compact()  # its watches get a 410, and list anew
    known = {uid for uids in gate.jobs.values() for uid in uids}
    fake_nodes.start_apiserver()
    bed.wait_for(lambda: {job["metadata"]["uid"] for job in bed.jobs()} - known, "it goes on", 20)
    # Kubernetes' own controllers take up to half a minute to notice.
    bed.wait("camp", timeout_s=120)

    assert bed.operator.running
    assert len(bed.videos("camp")) == 6
    assert set(bed.renderers.made.values()) == {1}
    assert {len(uids) for uids in gate.jobs.values()} == {1}


def test_a_watch_that_falls_silent_is_opened_anew(
    fake_nodes: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """Somewhere between operator and API a connection is forgotten: no task would be noticed any more."""
    with TcpProxy(fake_nodes.port) as proxy:
        kubeconfig = tmp_path / "kubeconfig"
        through = fake_nodes.kubeconfig.read_text().replace(
            fake_nodes.server, f"https://127.0.0.1:{proxy.port}"
        )
        kubeconfig.write_text(through)
        settings = {"KUBECONFIG": str(kubeconfig), "CLIPTASK_WATCH_SILENCE_S": "3"}
        with Bed(fake_nodes, namespace, tmp_path, settings) as bed:
            bed.start()
            bed.apply(bed.task("before", [[0]]))
            bed.wait("before")

            assert proxy.silence() > 1
            bed.apply(bed.task("after", [[0]]))

            assert bed.wait("after")["succeeded"] == 1


def test_an_api_server_that_falls_silent_holds_it_up_alone(bed: Bed, fake_nodes: ControlPlane) -> None:
    """Connections that are open and say nothing would leave a campaign where it was."""
    gate = Gate(bed)
    bed.apply(bed.task("camp", [[0, 1, 2], [3, 4]], execution={"parallelism": 2}))
    bed.wait_for(lambda: bed.renderers.orders, "it works")

    fake_nodes.freeze_apiserver()
    try:
        gate.open()
        time.sleep(5)  # pods end meanwhile, and nobody is told
    finally:
        fake_nodes.thaw_apiserver()
    bed.wait("camp", timeout_s=120)

    assert len(bed.videos("camp")) == 6
    assert {len(uids) for uids in gate.jobs.values()} == {1}


@pytest.mark.parametrize(
    ("code", "reason", "remedy"), [(503, "Unavailable", "try again later"), (403, "Misconfigured", "grant the role")]
)  # fmt: skip
def test_a_store_that_refuses_is_told_until_it_does_not(
    bed_behind: Bed, store_proxy: FaultyProxy, code: int, reason: str, remedy: str
) -> None:
    """Nobody would know why nothing goes on; or the complaint would outlive its cause."""
    bed = bed_behind
    store_proxy.keep_failing("", Refuse(code))
    bed.apply(bed.task("camp", [[0, 1]]))

    bed.wait_for(lambda: bed.condition("camp", "Complete").get("reason") == reason, reason, 120)
    assert remedy in bed.status("camp")["message"]
    assert bed.status("camp")["phase"] == "Pending"
    store_proxy.recover()
    status = bed.wait("camp", timeout_s=120)

    assert "refused by the test" not in str(status)
    assert status["succeeded"] == 2


def test_tasks_share_what_is_in_the_cache(bed: Bed) -> None:
    """Every edition of a campaign would be downloaded and encoded from its beginning."""
    bed.apply(
        bed.task("one", [[0, 1], [2, 3]]), bed.task("other", [[0, 1], [2, 3]], execution={"suspend": True})
    )
    bed.wait("one")
    segments = sum(len(order.segments) for order in bed.renderers.orders)
    bed.kubectl("patch", "clip", "other", "--type=merge", "-p", '{"spec":{"execution":{"suspend":false}}}')
    bed.wait("other")

    whole = Counter(seen.path for seen in bed.web.requests if "If-None-Match" not in seen.headers)
    assert whole == {f"/clip{number}.mp4": 1 for number in range(4)}
    assert segments == sum(len(order.segments) for order in bed.renderers.orders) == 4
    assert set(bed.renderers.made.values()) == {1}


def test_tasks_that_run_at_once_make_each_part_once(bed: Bed) -> None:
    """Editions of a campaign that are applied together would each encode all of it."""
    names = [f"camp{number}" for number in range(4)]

    bed.apply(*(bed.task(name, [[0, 1], [2, 3]], lines=1) for name in names))
    for name in names:
        bed.wait(name)

    parts = Counter(part.key for order in bed.renderers.orders for part in order.segments)
    assert len(parts) == 4
    assert set(parts.values()) == {1}
    assert set(bed.renderers.made.values()) == {1}


def test_all_tasks_share_the_account(bed: Bed) -> None:
    """Twenty tasks would each use the whole account, which refuses them."""
    names = [f"camp{number}" for number in range(20)]

    bed.apply(*(bed.task(name, [[0, 1]], lines=2) for name in names))
    for name in names:
        bed.wait(name, timeout_s=120)

    assert (bed.account.most_at_once, bed.account.refused, bed.account.speech_calls) == (2, 0, 40)
    assert all(bed.status(name)["succeeded"] == len(bed.videos(name)) == 2 for name in names)
