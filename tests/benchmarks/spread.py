"""What do one more form, one more row, another store cost beside the first? CPU seconds of whole runs.

``python tests/benchmarks/spread.py``: a campaign of 27 videos with a title, from the start of Python to the gallery, each way once; some
minutes. ``--quick`` has small pictures. S3 is a server on this machine, whose own
seconds are not counted. They hardly change where the machine has other work.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``benchmarks`` is, which nobody installs

from benchmarks import recipes, run  # noqa: E402  after the path
from benchmarks.campaigns import FULL, QUICK  # noqa: E402  as above
from benchmarks.watch import cpu_s  # noqa: E402  as above
from support.s3 import FakeS3, S3Proxy  # noqa: E402  as above

CITIES = ({"city": "Kyiv", "price": "9 €"}, {"city": "Lviv", "price": "8 €"})
TITLE = {"text": "{{price}} in {{city}}", "block": "block1"}


@dataclass(frozen=True)
class Way:
    """A task, and where its videos go."""

    name: str
    forms: int = 1
    rows: int = 1
    store: Path | str = ""
    """A folder, or a bucket."""


def main() -> None:
    """Parse the command line, render each way, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small pictures: shows that it runs")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="where everything goes")
    given = parser.parse_args()
    out = given.out.resolve()
    material, campaign = run.material_of(out, quick=given.quick), (QUICK if given.quick else FULL)[1]
    work = out / "spread"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    body = recipes.campaign_task(campaign, material, work)
    print("| | videos | CPU s | more than the first | requests |\n|---|---:|---:|---:|---:|")
    with FakeS3() as s3, S3Proxy(s3.port) as proxy:
        environment = {**os.environ, **s3.environment, "CLIPTASK_S3_ENDPOINT": proxy.url}
        bucket = f"s3://{s3.bucket()}/out"
        ways: Sequence[Way] = (
            Way("one form, one row, in a folder", store=work / "one"),
            Way("a second form beside it", forms=2, store=work / "forms"),
            Way("a second row beside it", rows=2, store=work / "rows"),
            Way("the second row added afterwards", rows=2, store=work / "one"),
            Way("the first again, in a bucket of S3", store=bucket),
        )
        first = 0.0
        for way in ways:
            before = len(proxy.requests)
            took_s = cpu_s(partial(_render, _task(body, way), work, way, environment))
            first = first or took_s
            videos = campaign.variants * way.forms * way.rows
            more = took_s / first if "afterwards" in way.name else took_s / first - 1
            requests = len(proxy.requests) - before
            print(f"| {way.name} | {videos} | {took_s:.1f} | {more:.2f} | {requests or ''} |", flush=True)
    shutil.rmtree(work)


def _task(body: Mapping[str, Any], way: Way) -> dict[str, Any]:
    spec = dict(body["spec"])
    picture = spec.pop("picture")
    forms = [
        {"name": "reels", **picture, "fit": "blur"},
        {"name": "feed", **picture, "height": picture["width"] * 5 // 8 * 2, "fit": "cover"},
    ]
    spec |= {"pictures": forms[: way.forms], "overlays": [TITLE], "data": {"rows": [*CITIES[: way.rows]]}}
    spec["output"] = {"uri": way.store if isinstance(way.store, str) else way.store.as_uri()}
    return {**body, "spec": spec}


def _render(task: Mapping[str, Any], work: Path, way: Way, environment: Mapping[str, str]) -> None:
    """The whole program. Raises ``CalledProcessError``."""
    file = work / "task.yaml"
    file.write_text(yaml.safe_dump(task, sort_keys=False))
    where: list[str | Path] = [] if isinstance(way.store, str) else ["-d", way.store]
    program = Path(sys.executable).with_name("cliptask")
    environment = {name: value for name, value in environment.items() if name != "ELEVENLABS_API_KEY"}
    subprocess.run([program, "render", file, *where], env=environment, check=True, capture_output=True)


if __name__ == "__main__":
    main()
