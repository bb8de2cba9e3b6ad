"""What do pods cost? 27 videos on a real node, by one Job each and packed, beside local mode on the same machine.

``python tests/benchmarks/pods.py``, as root on Debian; takes about ten minutes, once there are images. Everything of a round
runs one after the other: the node, its API server, the emulated bucket and the operator share the machine's cores with the work.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``cluster`` is, which nobody installs

from benchmarks import run  # noqa: E402  after the path
from benchmarks.campaigns import FULL, QUICK  # noqa: E402  as above
from benchmarks.recipes import campaign_task  # noqa: E402  as above
from cluster import images  # noqa: E402  as above
from cluster.installation import Installation  # noqa: E402  as above
from cluster.node import real_cluster  # noqa: E402  as above
from cluster.site import Site  # noqa: E402  as above
from support.elevenlabs_stub import KEY  # noqa: E402  as above

_WAYS: dict[str, Any] = {"one Job each": 1, "auto": "auto"}
_RESOURCES = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "2", "memory": "2Gi"}}
"""As the chart's, but that a node of two cores takes two pods beside its own."""


def main() -> None:
    """Parse the command line, measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2, help="how often everything is measured (default: 2)")
    parser.add_argument("--quick", action="store_true", help="small pictures: shows that it runs")
    given = parser.parse_args()
    out = ROOT / "build" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    material = run.material_of(out, quick=given.quick)
    campaign = (QUICK if given.quick else FULL)[1]
    renderer, operator = images.build("renderer"), images.build("operator")
    with (
        tempfile.TemporaryDirectory() as folder,
        real_cluster(Path(folder, "cluster"), renderer, operator) as node,
    ):
        site = Site(node.plane, node.bridge_address, operator.name, renderer.name)
        for number in range(given.rounds):
            for way, packing in _WAYS.items():
                work = Path(folder, f"{number}-{packing}")
                work.mkdir()
                wanted = campaign_task(campaign, material, work)
                pods_s, local_s = _measured(site, wanted, packing, work)
                print(
                    f"round {number + 1}, {way}: {campaign.variants} videos in pods {pods_s:.1f} s, local mode {local_s:.1f} s: "
                    f"{pods_s / local_s:.2f}",
                    flush=True,
                )


def _measured(site: Site, wanted: dict[str, Any], packing: Any, work: Path) -> tuple[float, float]:  # noqa: ANN401  a number or a word
    """Seconds in the cluster, from ``kubectl apply`` to ``Complete``, and seconds of ``cliptask render``."""
    namespace = f"bench-{uuid.uuid4().hex[:8]}"
    site.plane.create_namespace(namespace)
    try:
        with Installation(site, namespace, work / "sources") as installation:
            spec = _served(wanted["spec"], installation)
            spec["execution"] = {"variantsPerJob": packing, "parallelism": 50, "resources": _RESOURCES}
            spec["output"] = {"uri": f"gs://{installation.bucket}/out"}
            task = wanted | {"spec": spec}
            began = time.perf_counter()
            installation.apply(task)
            installation.wait(task["metadata"]["name"], "Complete", timeout_s=900)
            pods_s = time.perf_counter() - began
            file = work / "task.yaml"
            file.write_text(yaml.safe_dump(task))
            environment = {**os.environ, **installation.environment, "ELEVENLABS_API_KEY": KEY}
            program = Path(sys.executable).with_name("cliptask")
            began = time.perf_counter()
            subprocess.run(
                [program, "render", file, "-d", work / "out"],
                env=environment,
                check=True,
                capture_output=True,
            )
            return pods_s, time.perf_counter() - began
    finally:
        site.plane.kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found")


def _served(spec: dict[str, Any], installation: Installation) -> dict[str, Any]:
    """The same from the installation's web server and account."""
    assert installation.web.folder is not None
    folder = installation.web.folder

    def served(url: str) -> str:
        file = Path(url.removeprefix("file://"))
        shutil.copy(file, folder / file.name)
        return f"{installation.web.url}/{file.name}"

    copy: dict[str, Any] = yaml.safe_load(yaml.safe_dump(spec))
    for block in (*copy["videoBlocks"], *copy["audioBlocks"]):
        for each in (*block.get("clips", ()), *block.get("tracks", ())):
            each["url"] = served(each["url"])
    for line in copy["speech"]:
        line["voice"] = "Rachel"
    return copy


if __name__ == "__main__":
    main()
