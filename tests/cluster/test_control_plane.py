from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from cluster import outcomes
from cluster.api import Api, Document, Refused
from cluster.companion import LABEL, Companion, environment
from cluster.control_plane import ControlPlane
from cluster.kubectl import Cluster, KubectlFailed

_PATIENCE_S = 120
_PATIENCE = f"--timeout={_PATIENCE_S}s"


def job(name: str, order: str = "{}", **spec: Any) -> str:  # noqa: ANN401  a Job's fields
    """A Job such as the operator makes: bad input fails it at once, an eviction does not count."""
    rules = [
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [64, 65]}},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    ]
    container = {
        "name": "renderer",
        "image": "renderer",
        "env": [{"name": "CLIPTASK_ORDER", "value": order}],
        "terminationMessagePolicy": "File",
    }
    template = {
        "metadata": {"labels": {LABEL: "spring"}},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
    body = {"backoffLimit": 2, "podReplacementPolicy": "Failed", "podFailurePolicy": {"rules": rules}, "template": template}  # fmt: skip
    return json.dumps(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": body | spec}
    )


def read(plane: Cluster, namespace: str, *what: str) -> Any:  # noqa: ANN401  JSON
    """What kubectl gets, as JSON."""
    return json.loads(plane.kubectl("get", *what, f"--namespace={namespace}", "-o", "json").stdout)


def terminated(pod: Document) -> Document:
    """How the pod's container ended."""
    ended: Document = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    return ended


def in_turn(*given: outcomes.Outcome) -> Callable[[Document], outcomes.Outcome]:
    """One outcome for each pod, the last for all others."""
    left = list(given)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def test_it_is_ready_with_a_version(plane: Cluster) -> None:
    """Nothing could run, or clients that ask for the version would get none."""
    version = json.loads(plane.kubectl("version", "-o", "json").stdout)["serverVersion"]

    assert plane.kubectl("get", "--raw=/readyz").stdout == "ok"
    assert version["major"] == "1"
    assert version["gitVersion"].startswith("v1.")


def test_a_job_completes_in_the_words_of_the_companion(fake_nodes: ControlPlane, namespace: str) -> None:
    """The operator's tests would wait for ever, or learn nothing of what a Job says at its end."""
    orders: list[str] = []

    def make(pod: Document) -> outcomes.Outcome:
        orders.append(environment(pod)["CLIPTASK_ORDER"])
        return outcomes.succeed('{"bytes": 5}')

    with Companion(fake_nodes.kubeconfig, make, namespace=namespace):
        fake_nodes.kubectl(
            "apply", f"--namespace={namespace}", "-f", "-", stdin=job("a", order='{"variant": "a"}')
        )
        fake_nodes.kubectl("wait", "--for=condition=Complete", "job/a", f"--namespace={namespace}", _PATIENCE)

    (pod,) = read(fake_nodes, namespace, "pods")["items"]
    assert orders == ['{"variant": "a"}']
    assert pod["status"]["phase"] == "Succeeded"
    assert (terminated(pod)["exitCode"], terminated(pod)["message"]) == (0, '{"bytes": 5}')


def test_a_job_without_the_label_completes_by_itself(fake_nodes: ControlPlane, namespace: str) -> None:
    """Each test would need a companion, also for what is none of ClipTask's."""
    other = json.loads(job("other"))
    del other["spec"]["template"]["metadata"]

    fake_nodes.kubectl("apply", f"--namespace={namespace}", "-f", "-", stdin=json.dumps(other))

    fake_nodes.kubectl("wait", "--for=condition=Complete", "job/other", f"--namespace={namespace}", _PATIENCE)


def test_bad_input_fails_the_job_at_once(fake_nodes: ControlPlane, namespace: str) -> None:
    """The operator's handling of exit codes could not be shown: the Job would be tried three times."""
    with Companion(
        fake_nodes.kubeconfig, in_turn(outcomes.fail(65, "hook-a.mp4 is no video")), namespace=namespace
    ):
        fake_nodes.kubectl("apply", f"--namespace={namespace}", "-f", "-", stdin=job("bad"))
        fake_nodes.kubectl("wait", "--for=condition=Failed", "job/bad", f"--namespace={namespace}", _PATIENCE)

    status = read(fake_nodes, namespace, "job/bad")["status"]
    failed = next(each for each in status["conditions"] if each["type"] == "Failed")
    (pod,) = read(fake_nodes, namespace, "pods")["items"]
    assert (status["failed"], failed["reason"]) == (1, "PodFailurePolicy")
    assert "65" in failed["message"]
    assert terminated(pod)["message"] == "hook-a.mp4 is no video"


def test_an_evicted_pod_is_made_again_and_does_not_count(fake_nodes: ControlPlane, namespace: str) -> None:
    """The operator's handling of disruptions could not be shown."""
    make = in_turn(outcomes.evict(), outcomes.succeed())

    with Companion(fake_nodes.kubeconfig, make, namespace=namespace):
        moved = job("moved", backoffLimit=0)
        fake_nodes.kubectl("apply", f"--namespace={namespace}", "-f", "-", stdin=moved)
        fake_nodes.kubectl(
            "wait", "--for=condition=Complete", "job/moved", f"--namespace={namespace}", _PATIENCE
        )

    status = read(fake_nodes, namespace, "job/moved")["status"]
    assert status["succeeded"] == 1
    assert status.get("failed", 0) == 0


def test_memory_and_deadline_have_their_own_reasons(fake_nodes: ControlPlane, namespace: str) -> None:
    """The operator could not tell a small limit from a slow encode."""
    makes = {"small": outcomes.oom(), "slow": outcomes.hang()}

    with Companion(
        fake_nodes.kubeconfig, lambda pod: makes[environment(pod)["CLIPTASK_ORDER"]], namespace=namespace
    ):
        small = job("small", order="small", backoffLimit=0)
        slow = job("slow", order="slow", activeDeadlineSeconds=1)
        fake_nodes.kubectl("apply", f"--namespace={namespace}", "-f", "-", stdin=f"{small}\n---\n{slow}")
        fake_nodes.kubectl(
            "wait", "--for=condition=Failed", "job/small", "job/slow", f"--namespace={namespace}", _PATIENCE
        )

    reasons = {
        each["metadata"]["name"]: next(
            one["reason"] for one in each["status"]["conditions"] if one["type"] == "Failed"
        )
        for each in read(fake_nodes, namespace, "jobs")["items"]
    }
    (killed,) = [
        pod
        for pod in read(fake_nodes, namespace, "pods")["items"]
        if pod["metadata"]["labels"]["job-name"] == "small"
    ]
    assert reasons == {"small": "BackoffLimitExceeded", "slow": "DeadlineExceeded"}
    assert terminated(killed)["reason"] == "OOMKilled"


def test_it_survives_an_outage_of_its_api_server(fake_nodes: ControlPlane, namespace: str) -> None:
    """The operator's behaviour in an outage could not be shown: the cluster itself would be broken afterwards."""
    begun, down = threading.Event(), threading.Event()
    calls: list[str] = []

    def make(pod: Document) -> outcomes.Outcome:
        calls.append(pod["metadata"]["name"])
        begun.set()
        assert down.wait(_PATIENCE_S)
        return outcomes.succeed()

    with Companion(fake_nodes.kubeconfig, make, namespace=namespace):
        fake_nodes.kubectl("apply", f"--namespace={namespace}", "-f", "-", stdin=job("through"))
        assert begun.wait(_PATIENCE_S)
        fake_nodes.stop_apiserver()
        down.set()

        with pytest.raises(KubectlFailed, match="refused"):
            fake_nodes.kubectl("get", "namespaces")

        fake_nodes.start_apiserver()
        fake_nodes.kubectl(
            "wait", "--for=condition=Complete", "job/through", f"--namespace={namespace}", _PATIENCE
        )

    assert len(calls) == 1


def test_a_frozen_api_server_says_nothing_and_then_goes_on(fake_nodes: ControlPlane) -> None:
    """A watch that goes silent, without an end, could not be shown."""
    fake_nodes.freeze_apiserver()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            fake_nodes.kubectl("get", "namespaces", timeout_s=1)
    finally:
        fake_nodes.thaw_apiserver()

    assert "default" in fake_nodes.kubectl("get", "namespaces").stdout


async def test_a_forgotten_version_is_gone(fake_nodes: ControlPlane, namespace: str) -> None:
    """The operator's behaviour at a 410, which makes it list anew, could not be shown."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    async with Api(fake_nodes.kubeconfig) as api:
        for name in ("a", "b"):
            await api.create(path, {"metadata": {"name": name}})
        page = await api.get(path, limit="1")
        version = page["metadata"]["resourceVersion"]
        await api.create(path, {"metadata": {"name": "later"}})
        fake_nodes.stop_apiserver()
        assert fake_nodes.compact() > int(version)
        fake_nodes.start_apiserver()

        with pytest.raises(Refused) as watched:
            async for _ in api.watch(path, version):
                pass
        with pytest.raises(Refused) as listed:
            await api.get(path, limit="1", **{"continue": page["metadata"]["continue"]})

    assert (watched.value.status, listed.value.status) == (410, 410)


def test_nothing_outlives_the_tests(tmp_path: Path, fake_nodes: ControlPlane) -> None:
    """Machines would fill up with API servers of tests that were killed."""
    del fake_nodes  # its programs are built by now
    script = (
        "import sys, time, pathlib; from cluster.control_plane import ControlPlane\n"
        "plane = ControlPlane(pathlib.Path(sys.argv[1])); plane.start()\n"
        "print(*[each.pid for each in plane.programs.values()], flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "plane"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as tests:
        assert tests.stdout is not None
        programs = [psutil.Process(int(pid)) for pid in tests.stdout.readline().split()]

        tests.kill()

    assert len(programs) == 4
    _, alive = psutil.wait_procs(programs, timeout=30)
    for program in alive:
        program.kill()
    assert alive == []


def test_by_hand_it_goes_up_and_down(tmp_path: Path, fake_nodes: ControlPlane) -> None:
    """Who tries things by hand would get no cluster, or could not end it."""
    del fake_nodes  # as above
    folder = tmp_path / "by-hand"

    def command(what: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "cluster", what, "--folder", folder, "--nodes", "1"],
            check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1], timeout=120,
        ).stdout  # fmt: skip

    try:
        first, second = command("up"), command("up")
        state = json.loads((folder / "state.json").read_text())
        programs = [psutil.Process(record["pid"]) for record in state]
    finally:
        command("down")

    assert first == second == f"export KUBECONFIG={folder / 'admin.kubeconfig'}\n"
    assert len(programs) == 5
    assert not any(program.is_running() for program in programs)
    assert not folder.exists()


async def test_each_of_many_pods_is_made_once(fake_nodes: ControlPlane, namespace: str) -> None:
    """A campaign of many Jobs would get stuck at a pod that the companion overlooked, or be paid for twice."""
    begun: list[str] = []

    def make(pod: Document) -> outcomes.Outcome:
        begun.append(pod["metadata"]["labels"]["job-name"])
        return outcomes.succeed()

    jobs = [json.loads(job(f"many-{number}")) for number in range(50)]
    names = sorted(each["metadata"]["name"] for each in jobs)
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    with Companion(fake_nodes.kubeconfig, make, namespace=namespace):
        async with Api(fake_nodes.kubeconfig) as api:
            _, version = await api.list(path)
            await asyncio.gather(*(api.create(path, each) for each in jobs))
            left = set(names)
            async for _, changed in api.watch(path, version):
                if changed["status"].get("succeeded"):
                    left.discard(changed["metadata"]["name"])
                if not left:
                    break

    assert sorted(begun) == names
