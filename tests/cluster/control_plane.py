"""How does a real Kubernetes start without a container? etcd, the API server, the controllers and the scheduler, as processes.

::

    with ControlPlane(folder) as plane:
        plane.kubectl("get", "namespaces")
        plane.stop_apiserver()
        plane.start_apiserver()

It needs no root, takes free ports, and is ready in three to five seconds. Everything it writes lies in ``folder``.
"""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from cluster.binaries import CONTROL_PLANE, Toolbox
from cluster.certificates import Authority, service_account_keys, write_kubeconfig
from cluster.kubectl import Cluster
from cluster.processes import Program, free_port

SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
"""Where pods of a node with kube-proxy reach the API, on port 443."""

_REQUEST_S = 5
# Their default of 20 requests a second would be what a test of scale measures.
_NO_THROTTLE = ("--kube-api-qps=500", "--kube-api-burst=1000", "--leader-elect=false", "--secure-port=0")


class ControlPlane(Cluster):
    """A control plane without nodes. What it runs dies with the thread that started it, unless ``tied`` is false."""

    def __init__(
        self,
        folder: Path,
        advertise_address: str = "127.0.0.1",
        *,
        hosts: Iterable[str] = (),
        tied: bool = True,
        audit: bool = False,
        toolbox: Toolbox | None = None,
    ) -> None:
        """Choose ports and write certificates; nothing runs yet.

        ``advertise_address`` is an address of this machine on which the API server listens: that of a bridge if pods
        shall reach it. ``hosts`` are further names that its certificate shall bear. With ``audit`` the API server
        writes down every request, in ``audit_log``.
        """
        paths = (toolbox or Toolbox()).binaries(*CONTROL_PLANE)
        self._programs = dict(zip(CONTROL_PLANE, paths, strict=True))
        super().__init__(folder / "admin.kubeconfig", self._programs["kubectl"])
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.address = advertise_address
        self.port = free_port(advertise_address)
        self.server = f"https://{advertise_address}:{self.port}"
        self.authority = Authority(folder / "certificates")
        self._accounts = service_account_keys(folder / "certificates")
        names = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "127.0.0.1")
        self._identity = self.authority.server(
            "apiserver", dict.fromkeys((*names, SERVICE_ADDRESS, advertise_address, *hosts))
        )
        self._to_kubelets = self.authority.client("apiserver-to-kubelets", "system:masters")
        self.kubeconfig_for("admin", "system:masters")
        self._tls = ssl.create_default_context(cafile=self.authority.certificate)
        self._tied = tied
        self._audit = audit
        self.audit_log = folder / "audit.log"
        self._etcd_url = f"http://127.0.0.1:{free_port()}"
        self._stack = ExitStack()
        self._apiserver: Program | None = None
        self.programs: dict[str, Program] = {}
        """What runs, by name."""

    def kubeconfig_for(self, name: str, organization: str = "") -> Path:
        """The kubeconfig of a user, e.g. ``system:node:a`` of ``system:nodes``; made when first asked for."""
        path = self.folder / f"{name.replace(':', '-')}.kubeconfig"
        if not path.exists():
            client = self.authority.client(name, organization)
            write_kubeconfig(path, self.server, self.authority.certificate, client)
        return path

    def start(self) -> None:
        """Start everything and wait until a pod could be made. Raises DidNotStart; then nothing is left running."""
        try:
            self._start_etcd()
            self.start_apiserver()
            self._start_controllers()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything at once: its state is thrown away."""
        self._stack.close()
        self.programs.clear()

    def start_apiserver(self) -> None:
        """Start the API server, on the port that it had before, and wait until it is ready. Raises DidNotStart."""
        etcd, own = self._etcd_url, self.authority
        loopback = self.address.startswith("127.")
        program = self._run(
            "kube-apiserver",
            f"--etcd-servers={etcd}", f"--bind-address={self.address}", f"--secure-port={self.port}",
            f"--advertise-address={self.address}", f"--service-cluster-ip-range={SERVICE_RANGE}",
            # Endpoints may not name a loopback address, and no pod could reach it.
            f"--endpoint-reconciler-type={'none' if loopback else 'lease'}",
            f"--cert-dir={self.folder}", f"--client-ca-file={own.certificate}",
            f"--tls-cert-file={self._identity.certificate}", f"--tls-private-key-file={self._identity.key}",
            f"--kubelet-client-certificate={self._to_kubelets.certificate}",
            f"--kubelet-client-key={self._to_kubelets.key}", "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._accounts.certificate}",
            f"--service-account-signing-key-file={self._accounts.key}",
            "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
            *self._auditing(),
        )  # fmt: skip
        program.wait_until(lambda: self._get("/readyz") == HTTPStatus.OK)

    def _auditing(self) -> list[str]:
        if not self._audit:
            return []
        policy = self.folder / "audit.json"
        kind = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy"}
        policy.write_text(json.dumps({**kind, "rules": [{"level": "Metadata"}]}))
        return [f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}"]

    def stop_apiserver(self) -> None:
        """Kill the API server: connections break, its port refuses. A watch from before its return gets a 410."""
        self.programs["kube-apiserver"].end()

    def freeze_apiserver(self) -> None:
        """Let the API server say nothing any more, while its connections stay open: a watch that goes silent."""
        self.programs["kube-apiserver"].freeze()

    def thaw_apiserver(self) -> None:
        """Let it speak again."""
        self.programs["kube-apiserver"].thaw()

    def freeze(self) -> None:
        """Let all of it stand still."""
        for program in self.programs.values():
            program.freeze()

    def thaw(self) -> None:
        """Let all of it go on."""
        for program in self.programs.values():
            program.thaw()

    def compact(self) -> int:
        """Forget all history before now, and return the revision that is left.

        A paginated list that started before gets a 410 for its next page. A *watch* is served from the API server's own
        memory, which reaches further back: ``stop_apiserver`` and ``start_apiserver`` make it forget, too.
        """
        answer = self._etcd("kv/range", {"key": "AA==", "limit": "1"})
        revision = int(answer["header"]["revision"])
        self._etcd("kv/compaction", {"revision": str(revision), "physical": True})
        return revision

    def _start_etcd(self) -> None:
        peer = f"http://127.0.0.1:{free_port()}"
        etcd = self._run(
            "etcd",
            "--name=test", f"--data-dir={self.folder / 'etcd'}", f"--listen-client-urls={self._etcd_url}",
            f"--advertise-client-urls={self._etcd_url}", f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=test={peer}", "--unsafe-no-fsync",
            "--log-level=warn",
        )  # fmt: skip
        etcd.wait_until(self._etcd_answers)

    def _start_controllers(self) -> None:
        controllers = self._run(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig_for('system:kube-controller-manager')}",
            f"--service-account-private-key-file={self._accounts.key}",
            f"--root-ca-file={self.authority.certificate}", "--use-service-account-credentials=true",
            f"--cert-dir={self.folder}", *_NO_THROTTLE,
        )  # fmt: skip
        self._run(
            "kube-scheduler",
            f"--kubeconfig={self.kubeconfig_for('system:kube-scheduler')}", f"--cert-dir={self.folder}", *_NO_THROTTLE,
        )  # fmt: skip
        controllers.wait_until(self._account_exists)

    def _run(self, name: str, *arguments: str) -> Program:
        log = self.folder / f"{name}.log"
        program = Program(name, [self._programs[name], *arguments], log, tied=self._tied)
        self._stack.callback(program.end)
        self.programs[name] = program
        return program

    def _account_exists(self) -> bool:
        found = self.kubectl("get", "serviceaccount", "default", "--namespace=default", check=False)
        return found.returncode == 0

    def _etcd_answers(self) -> bool:
        try:
            return bool(self._etcd("kv/range", {"key": "AA=="}))
        except OSError:
            return False

    def _etcd(self, call: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  our own loopback server
            f"{self._etcd_url}/v3/{call}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=_REQUEST_S) as answer:  # noqa: S310  as above
            parsed: dict[str, Any] = json.load(answer)
            return parsed

    def _get(self, path: str) -> int:
        """The status of a GET without credentials; 0 if nobody answers."""
        try:
            with urllib.request.urlopen(self.server + path, timeout=_REQUEST_S, context=self._tls) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
