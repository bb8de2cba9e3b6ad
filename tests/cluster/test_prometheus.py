"""Alerts and dashboard with Debian's promtool and Prometheus, which needs root once to be installed.

The alerts that run are the chart's file, rewritten mechanically so that a minute of its windows and of its ``for`` takes
one second, or six where a breakage needs them: ``cluster.prometheus.hastened``. Thresholds are as they are.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import outcomes
from cluster.bed import Bed
from cluster.breakages import BREAKAGES, Scene
from cluster.control_plane import ControlPlane
from cluster.node_packages import install_packages
from cluster.prometheus import ALERTS, DASHBOARD, PACKAGES, Prometheus, alerts, names_in
from support.gcs import FaultyProxy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

UNIT_TESTS = Path(__file__).parent / "alerts_test.yaml"
# Requests that nobody answers end after 15 s, a process that is starved answers no scrape within one, an operator takes
# some to start, and a retry to come to the same end.
SLOW_CLOCK = dict.fromkeys(
    ("ClipTaskKubernetesApiFails", "ClipTaskOperatorSlow", "ClipTaskOperatorRestarts", "ClipTaskBug"), 6
)
SETTINGS = {
    "CLIPTASK_RETRY_SECONDS": "1",
    "CLIPTASK_STORE_DEADLINE_S": "4",
    "CLIPTASK_ELEVENLABS_CONCURRENCY": "1",
}
_FIRE_S = 480
"""An operator that starts five times takes a minute each where much else runs."""


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """Prometheus and its tools."""
    install_packages(PACKAGES)


def promtool(*arguments: str | Path) -> str:
    """Run it; what it says where it is not content, else nothing."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_rules_are_what_prometheus_takes() -> None:
    """The Prometheus operator would leave out the whole file, and nobody be woken."""
    assert promtool("check", "rules", ALERTS) == ""


def test_each_alert_goes_off_when_it_should_and_not_before() -> None:
    """Alerts would be missed, or cry wolf until somebody mutes them."""
    cases = [
        (case["alertname"], bool(case["exp_alerts"]))
        for group in yaml.safe_load(UNIT_TESTS.read_text())["tests"]
        for case in group["alert_rule_test"]
    ]

    assert promtool("test", "rules", UNIT_TESTS) == ""
    assert set(cases) == {(name, fires) for name in alerts() for fires in (True, False)}


@pytest.fixture
def scene(
    request: pytest.FixtureRequest, fake_nodes: ControlPlane, namespace: str, tmp_path: Path
) -> Iterator[Scene]:
    """A running operator, of which Prometheus knows and thinks nothing bad."""
    with FaultyProxy() as store:
        settings = SETTINGS | {"STORAGE_EMULATOR_HOST": store.url}
        with Bed(fake_nodes, namespace, tmp_path, settings) as bed:
            store.target = bed.gcs.port
            bed.start()
            minute_s = getattr(request, "param", 1)
            with Prometheus(tmp_path / "prometheus", bed.metrics_port, minute_s) as prometheus:
                made = Scene(bed, fake_nodes, store, prometheus)
                # The first scrape comes after 5 s, which on this clock is as long as it takes to miss the operator.
                made.wait_for(lambda: prometheus.query("cliptask_tasks"), "scraped")
                made.wait_for(lambda: not prometheus.firing(), "all is well")
                yield made


@pytest.mark.parametrize(
    ("alert", "scene"), [(name, SLOW_CLOCK.get(name, 1)) for name in alerts()], indirect=["scene"]
)
def test_each_alert_goes_off_where_something_is_really_broken(alert: str, scene: Scene) -> None:
    """An alert on a number that the operator does not have, or has by then no more, would never go off."""
    with closing(BREAKAGES[alert](scene)) as breaking:
        deadline = time.monotonic() + _FIRE_S
        while alert not in scene.prometheus.firing():
            assert time.monotonic() < deadline, f"{alert}\n{scene.bed.log()[-3000:]}"
            next(breaking)
            time.sleep(0.2)
    scene.bed.stop(kill=True)  # else it waits for lines that are being spoken


def panels() -> Iterator[dict[str, Any]]:
    """Those of the dashboard that ask something."""
    return (each for each in json.loads(DASHBOARD.read_text())["panels"] if each["type"] != "row")


def filled_in(expression: str) -> str:
    """A query as Grafana sends it."""
    variables = {"$__rate_interval": "2m", "$__range": "5m", "$namespace": ".*"}
    for name, value in variables.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def test_on_an_ordinary_day_every_panel_shows_something_and_nobody_is_woken(scene: Scene) -> None:
    """A panel that asks for what the operator does not count stays empty, and looks as if nothing happened."""
    bed, prometheus = scene.bed, scene.prometheus
    ends = iter([outcomes.oom()] * 2)  # it is tried once more with more
    bed.renderers.judge = lambda _order, _pod: next(ends, None)
    bad = bed.task("bad", [[0]])
    bad["spec"]["videoBlocks"][0]["clips"] = [{"url": f"{bed.web.url}/missing.mp4"}]
    bed.apply(bed.task("broken", [[0]], execution={"backoffLimit": 0}), bad)
    bed.wait("broken", "Failed")
    bed.wait("bad", "Failed")
    bed.apply(bed.task("camp", [[0, 1], [2, 3]], lines=2))
    bed.wait("camp")
    bed.kubectl("annotate", "clip", "camp", "cliptask.dev/retry=1")
    bed.wait_for(lambda: bed.status("camp")["observedRetry"] == "1", "looked at again")
    bed.wait("camp")
    scene.wait_for(lambda: prometheus.query('cliptask_tasks_ended_total{phase="Complete"} >= 2'), "scraped")

    queries = [
        (panel["title"], filled_in(each["expr"]), each.get("legendFormat"))
        for panel in panels()
        for each in panel["targets"]
    ]
    empty = [(title, query) for title, query, _ in queries if not prometheus.query(query)]

    assert empty == []
    assert prometheus.firing() == set()
    told = set(re.findall(r"^(\w+)", bed.metrics(), re.MULTILINE))
    for expression in (*(query for _, query, _ in queries), *alerts().values()):
        prometheus.query(expression)
        assert names_in(expression) <= told
