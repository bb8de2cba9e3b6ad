from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import psutil
import pytest

from cliptask_operator.kubernetes.job_status import termination_failure
from cluster.images_buildah import Image
from cluster.kubectl import KubectlFailed
from cluster.node import Node
from cluster.node_machine import Machine
from cluster.processes import DidNotStart
from support.http_server import Content, MediaServer

# The first run on a machine builds images and the kubelet.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

RENDER = dedent("""
    import json, os, subprocess
    import av, imageio_ffmpeg, moviepy

    try:
        open("/opt/cliptask/new", "w")
    except OSError as error:
        refused = error.strerror
    video = "/work/video.mp4"
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=128x96:r=25:d=0.4",
         "-c:v", "libx264", "-pix_fmt", "yuv420p", video],
        check=True,
    )
    with av.open(video) as opened:
        frames = sum(1 for _ in opened.decode(video=0))
    with open("/dev/termination-log", "w") as message:
        json.dump({"frames": frames, "root": refused, "user": os.getuid()}, message)
""")


@pytest.fixture
def namespace(restricted: str, node: Node) -> Iterator[str]:
    """The namespace, in which every test runs its Job anew."""
    yield restricted
    node.plane.kubectl("delete", "job", "--all", f"--namespace={restricted}", "--cascade=foreground")


def pod(image: Image, command: Sequence[str], *, token: bool = False, memory: str = "512Mi", work: str = "64Mi") -> dict[str, Any]:  # fmt: skip
    """A pod's template as strict as a renderer's."""
    container = {
        "name": "main",
        "image": image.name,
        "imagePullPolicy": "Never",
        "command": list(command),
        "resources": {
            "requests": {"cpu": "100m", "memory": "64Mi"},
            "limits": {"cpu": "2", "memory": memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "work", "mountPath": "/work"}],
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": token,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "work", "emptyDir": {"sizeLimit": work}}],
    }
    return {"spec": spec}


def run(node: Node, namespace: str, template: dict[str, Any], ends: str = "Complete") -> dict[str, Any]:
    """Run a Job of one pod until it ends so, and return how its container ended."""
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "job", "namespace": namespace},
        "spec": {"backoffLimit": 0, "template": template},
    }
    node.plane.kubectl("apply", "--filename=-", stdin=json.dumps(job))
    here = f"--namespace={namespace}"
    waited = node.plane.kubectl(
        "wait", f"--for=condition={ends}", "job/job", here, "--timeout=100s", check=False
    )
    pods = node.plane.kubectl("get", "pods", here, "--selector=job-name=job", "--output=json").stdout
    status = json.loads(pods)["items"][0]["status"]
    assert waited.returncode == 0, f"{waited.stderr} {status}"
    ended: dict[str, Any] = status["containerStatuses"][0]["state"]["terminated"]
    return ended


def test_a_renderer_works_under_the_strictest_rules(node: Node, namespace: str, renderer: Image) -> None:
    """A library that writes beside itself, or needs root or a capability, would fail in careful clusters only."""
    ended = run(node, namespace, pod(renderer, ["python", "-c", RENDER]))

    assert ended["exitCode"] == 0
    assert json.loads(ended["message"]) == {"frames": 10, "root": "Read-only file system", "user": 65532}


def test_a_container_s_last_words_and_code_come_back(node: Node, namespace: str, renderer: Image) -> None:
    """Nobody would learn why a video failed, and bad input would be tried again and again."""
    code = "import sys; open('/dev/termination-log', 'w').write('no video in hook.mp4'); sys.exit(65)"

    ended = run(node, namespace, pod(renderer, ["python", "-c", code]), ends="Failed")

    assert (ended["exitCode"], ended["message"]) == (65, "no video in hook.mp4")


def test_a_memory_limit_is_kept(node: Node, namespace: str, renderer: Image) -> None:
    """A test of a renderer that needs too much memory would prove nothing."""
    code = "bytearray(600 << 20)"

    ended = run(node, namespace, pod(renderer, ["python", "-c", code], memory="64Mi"), ends="Failed")

    # The kubelet's reason is OOMKilled, or Error where containerd hears of the end before it hears why (containerd#8180).
    assert ended["exitCode"] == 128 + signal.SIGKILL
    assert termination_failure(ended).reason == "OutOfMemory"


def test_pods_reach_a_server_of_the_test(node: Node, namespace: str, renderer: Image) -> None:
    """Sources, speech and the bucket are servers of the test: pods without a way to them could not be tested."""
    code = "import sys, urllib.request as r; open('/dev/termination-log', 'wb').write(r.urlopen(sys.argv[1], timeout=30).read())"
    with MediaServer(address=node.bridge_address) as server:
        url = server.script("/hook.mp4", Content(b"a clip"))

        ended = run(node, namespace, pod(renderer, ["python", "-c", code, url]))

    assert ended["message"] == "a clip"


def test_the_operator_s_pod_reaches_the_api_as_itself(node: Node, namespace: str, operator: Image) -> None:
    """The operator in a pod would see no ClipTasks."""
    code = (
        "from kubernetes import client, config; config.load_incluster_config()\n"
        "me = client.AuthenticationV1Api().create_self_subject_review({}).status.user_info.username\n"
        "open('/dev/termination-log', 'w').write(me)"
    )

    ended = run(node, namespace, pod(operator, ["python", "-c", code], token=True))

    assert ended["message"] == f"system:serviceaccount:{namespace}:default"


def test_a_pod_that_asks_for_more_is_refused(node: Node, namespace: str, renderer: Image) -> None:
    """The other tests would pass without a rule enforced, and show nothing."""
    greedy = pod(renderer, ["true"])["spec"] | {"hostNetwork": True}
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "greedy", "namespace": namespace},
        "spec": greedy,
    }

    with pytest.raises(KubectlFailed, match="violates PodSecurity"):
        node.plane.kubectl("apply", "--filename=-", stdin=json.dumps(document))


def test_a_pod_s_log_lies_in_its_own_machine(node: Node, namespace: str, renderer: Image) -> None:
    """Kubelets remove logs of strangers' pods once a minute: beside another node, a pod's would be gone before anyone read it."""
    run(node, namespace, pod(renderer, ["echo", "said"]))

    said = node.plane.kubectl("logs", "job/job", f"--namespace={namespace}").stdout
    assert said == "said\n"
    assert not list(Path("/var/log").glob(f"*/{namespace}_*"))


def traces(cgroup: str) -> list[str]:
    """What a machine may leave behind: its cable, cgroups and mounts."""
    number = cgroup.rpartition("-")[2]
    return [
        *map(str, Path("/sys/class/net").glob(f"clip{number}")),
        *(path for path, _, _ in os.walk("/sys/fs/cgroup") if path.endswith(f"/{cgroup}")),
        *(line for line in Path("/proc/self/mounts").read_text().splitlines() if "/run/node" in line),
    ]


def inhabitants(machine_name: str) -> list[psutil.Process]:
    """The processes that bear a machine's name in their arguments."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if machine_name in (process.info["cmdline"] or [])
    ]


def until(done: Callable[[], bool]) -> None:
    """Wait for what the kernel does in its own time."""
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_machine_leaves_nothing_behind(tmp_path: Path) -> None:
    """Each run of the tests would fill this machine with processes, networks and cgroups."""
    name = f"of-{uuid.uuid4().hex}"

    with Machine(tmp_path / "machine") as machine:
        cgroup = machine.cgroup
        machine.write("networks/large", "x")
        # An orphan within: nobody outside knows its pid.
        program = machine.start(
            "parent", "sh", "-c", "(setsid sh -c 'sleep 1000; :' $0 & ) ; echo started; sleep 1000", name
        )
        program.wait_until(lambda: "started" in program.log.read_text())
        lived = len(inhabitants(name))
        known = traces(cgroup)

    assert lived >= 2
    assert known
    assert inhabitants(name) == []
    assert traces(cgroup) == []
    assert {path.suffix for path in (tmp_path / "machine").iterdir()} == {".log"}


def test_a_machine_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """A node that does not start would leave its network to the next one."""
    machine = Machine(tmp_path / "machine")

    def fail() -> None:
        with machine:
            machine.start("wrong", "sh", "-c", "exit 3").wait_until(lambda: False)

    with pytest.raises(DidNotStart, match="wrong ended with 3"):
        fail()

    assert traces(machine.cgroup) == []


def test_a_machine_dies_with_killed_tests(tmp_path: Path) -> None:
    """Tests that are killed could not clean up, and a kubelet without tests would run for ever."""
    name = f"of-{uuid.uuid4().hex}"
    code = f"""
        import sys
        from pathlib import Path
        from cluster.node_machine import Machine
        with Machine(Path({str(tmp_path / "machine")!r})) as machine:
            machine.start("sleep", "sh", "-c", "sleep 1000; :", {name!r})
            print(machine.cgroup, flush=True)
            sys.stdin.read()
    """
    tests = subprocess.Popen(
        [sys.executable, "-c", dedent(code)],
        cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with tests:
        assert tests.stdout is not None
        cgroup = tests.stdout.readline().strip()
        assert cgroup

        tests.send_signal(signal.SIGKILL)

    _, alive = psutil.wait_procs(inhabitants(name), timeout=30)
    assert alive == []
    until(lambda: not any("/net/" in trace for trace in traces(cgroup)))
    with Machine(tmp_path / "next"):
        pass
    assert traces(cgroup) == []
