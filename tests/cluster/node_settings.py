"""What are containerd, the network plugin, the kubelet and kube-proxy told? Documents from values, nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PLUGINS = "/usr/lib/cni"
SOCKET = "/run/containerd/containerd.sock"


def containerd(sandbox_image: str, root: Path, networks: Path) -> str:
    """The TOML of containerd. The state is on the machine's own ``/run``; images and containers in ``root``."""
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""\
version = 2
root = "{root}"
state = "/run/containerd/state"
[grpc]
address = "{SOCKET}"
[{cri}]
sandbox_image = "{sandbox_image}"
# Where root lacks CAP_SYS_RESOURCE, no sandbox would start otherwise.
restrict_oom_score_adj = true
[{cri}.cni]
bin_dir = "{PLUGINS}"
conf_dir = "{networks}"
[{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[{cri}.containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def network(pods: str, leases: Path) -> str:
    """The plugins' list: a bridge for the pods. No masquerading: who may be reached knows the way back."""
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(leases),
            "ranges": [[{"subnet": pods}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]})


def kubelet(cgroup: str, authority: Path, resolver: Path) -> dict[str, Any]:
    """A KubeletConfiguration: all of the machine is for pods, and nothing outside ``cgroup`` is touched."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": str(authority)}},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "failCgroupV1": False,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "enforceNodeAllocatable": [],
        # A nearly full disk of a developer is not the tests' concern, and their images cannot be pulled again.
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "resolvConf": str(resolver),
        "volumePluginDir": "/run/kubelet-plugins",
    }


def kube_proxy(kubeconfig: Path, name: str, pods: str) -> dict[str, Any]:
    """A KubeProxyConfiguration."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "hostnameOverride": name,
        "clusterCIDR": pods,
        # The kernel's own limits are this machine's.
        "conntrack": {"maxPerCore": 0, "min": 0},
    }
