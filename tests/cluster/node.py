"""How do tests get a real node? containerd, the kubelet and kube-proxy, in a machine within this one, joined to a control plane.

::

    with Machine(folder / "machine") as machine, ControlPlane(folder / "plane", machine.bridge_address) as plane:
        with Node(plane, machine) as node:
            node.load(images.build("renderer"))

or, all of it: ``with real_cluster(folder, images.build("renderer")) as node: node.plane.kubectl(...)``. Needs root.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from cluster import images, node_settings
from cluster.binaries import NODE, Toolbox
from cluster.control_plane import SERVICE_ADDRESS, ControlPlane
from cluster.images_buildah import Image
from cluster.node_machine import INSIDE, Machine
from cluster.node_packages import install_packages
from cluster.processes import DidNotStart

_READY_S = 120


class Node:
    """One node of a control plane which listens on the machine's ``bridge_address``. Its pods never pull images."""

    def __init__(
        self, plane: ControlPlane, machine: Machine, name: str = "node", toolbox: Toolbox | None = None
    ) -> None:
        self.plane = plane
        self.name = name
        self._machine = machine
        self._toolbox = toolbox or Toolbox()
        self._kubelet, self._kube_proxy = self._toolbox.binaries(*NODE)

    @property
    def bridge_address(self) -> str:
        """Where a test's servers listen so that pods reach them."""
        return self._machine.bridge_address

    def load(self, *loaded: Image) -> None:
        """Let pods use images, by their names and with ``imagePullPolicy: Never``. Raises DidNotStart."""
        for image in loaded:
            done = self._ctr("images", "import", image.archive)
            if done:
                message = f"containerd took no {image.name}: {done}"
                raise DidNotStart(message)

    def enforce_policies(self) -> None:
        """Hold pods to their NetworkPolicies from now on, by kube-router. Raises DidNotStart, BuildFailed."""
        program = self._machine.start(
            "kube-router", self._toolbox.binary("kube-router"),
            "--run-firewall=true", "--run-router=false", "--run-service-proxy=false",
            f"--kubeconfig={self.plane.kubeconfig_for('kube-router', 'system:masters')}",
            f"--hostname-override={self.name}",
        )  # fmt: skip
        program.wait_until(lambda: "KUBE-NWPLCY" in self._machine.run("iptables", "--list-rules").stdout)

    def start(self) -> None:
        """Start everything and wait until a pod could run. Raises DidNotStart, BuildFailed, CannotInstall; then nothing runs."""
        try:
            self._start_containerd()
            # Without its runtime the kubelet ends at once.
            self._start_kubelet()
            self._start_kube_proxy()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the node as a power cut does; its machine ends with it."""
        self._machine.end()

    def _start_containerd(self) -> None:
        sandbox = images.base()
        networks = self._machine.write(
            "networks/pods.conflist", node_settings.network(self._machine.pods, INSIDE / "leases")
        ).parent
        settings = node_settings.containerd(sandbox.name, INSIDE / "containerd", networks)
        config = self._machine.write("containerd.toml", settings)
        program = self._machine.start("containerd", "containerd", f"--config={config}")
        program.wait_until(lambda: not self._ctr("images", "list") and self._answers_kubelets())
        self.load(sandbox)

    def _start_kubelet(self) -> None:
        resolver = self._machine.write("resolv.conf", "")
        settings = node_settings.kubelet(self._machine.cgroup, self.plane.authority.certificate, resolver)
        config = self._machine.write("kubelet.json", json.dumps(settings))
        program = self._machine.start(
            "kubelet", self._kubelet, f"--config={config}",
            f"--kubeconfig={self.plane.kubeconfig_for(f'system:node:{self.name}', 'system:nodes')}",
            f"--hostname-override={self.name}", f"--node-ip={self._machine.address}",
            f"--root-dir={INSIDE / 'kubelet'}", f"--cert-dir={INSIDE / 'kubelet-certificates'}",
        )  # fmt: skip
        program.wait_until(self._is_ready, _READY_S)

    def _start_kube_proxy(self) -> None:
        settings = node_settings.kube_proxy(
            self.plane.kubeconfig_for("system:kube-proxy"), self.name, self._machine.pods
        )
        config = self._machine.write("kube-proxy.json", json.dumps(settings))
        program = self._machine.start("kube-proxy", self._kube_proxy, f"--config={config}")
        program.wait_until(self._leads_to_the_api, _READY_S)

    def _ctr(self, *arguments: str | Path) -> str:
        """What went wrong, empty if nothing."""
        done = self._machine.run("ctr", f"--address={node_settings.SOCKET}", "--namespace=k8s.io", *arguments)
        return "" if done.returncode == 0 else done.stderr or f"exit {done.returncode}"

    def _answers_kubelets(self) -> bool:
        listed = self._machine.run("ctr", f"--address={node_settings.SOCKET}", "plugins", "list").stdout
        return any(line.split()[1] == "cri" and line.split()[-1] == "ok" for line in listed.splitlines()[1:])

    def _is_ready(self) -> bool:
        answer = self.plane.kubectl(
            "get", "node", self.name, "--output",
            "jsonpath={.status.conditions[?(@.type=='Ready')].status}", check=False,
        )  # fmt: skip
        return answer.stdout == "True"

    def _leads_to_the_api(self) -> bool:
        return SERVICE_ADDRESS in self._machine.run("nft", "list", "table", "ip", "kube-proxy").stdout

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextmanager
def real_cluster(folder: Path, *loaded: Image) -> Iterator[Node]:
    """A control plane with one node that has these images. Raises DidNotStart, BuildFailed, CannotInstall."""
    install_packages()
    with (
        Machine(folder / "machine") as machine,
        ControlPlane(folder / "plane", machine.bridge_address) as plane,
        Node(plane, machine) as node,
    ):
        node.load(*loaded)
        yield node
