from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.bed import Bed
from cluster.control_plane import ControlPlane
from cluster.gate import Gate
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
        gate.open(1)  # 20 in all, of 8 segments and 18 videos
        time.sleep(chosen.uniform(0, 1))  # it is the moment that is tried
        kill(bed)
        bed.start()
    assert bed.condition("camp", "Complete").get("status") != "True"
    gate.open()
    status = bed.wait("camp", timeout_s=240)

    assert status["succeeded"] == status["variants"] == len(bed.videos("camp")) == 18
    assert set(bed.renderers.made.values()) == {1}
    assert {len(uids) for uids in gate.jobs.values()} == {1}
    made = Counter(job["metadata"]["annotations"]["cliptask.dev/makes"] for job in bed.jobs())
    assert set(made.values()) == {1}
    assert bed.account.speech_calls == 3


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

            assert bed.wait("after", timeout_s=120)["succeeded"] == 1


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
