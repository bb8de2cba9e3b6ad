"""Alerts, their runbook and the dashboard against one another and the program: all that needs no Prometheus."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.controller.task_counts import TaskCounts
from cluster.breakages import BREAKAGES
from cluster.images import CHECKOUT
from cluster.prometheus import ALERTS, DASHBOARD, hastened, names_in

PAGE = (CHECKOUT / "docs" / "alerts.md").read_text()
RULES: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
BOARD: dict[str, Any] = json.loads(DASHBOARD.read_text())
ASKING = [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def test_every_alert_has_an_entry_and_every_entry_an_alert() -> None:
    """Somebody who is woken would find nothing, or look for what is no more."""
    names = [rule["alert"] for rule in RULES]

    assert re.findall(r"^## (\w+)$", PAGE, re.MULTILINE) == names
    assert [rule["annotations"]["runbook"] for rule in RULES] == [
        f"docs/alerts.md#{name.lower()}" for name in names
    ]


def test_every_entry_says_how_bad_it_is_and_what_to_do() -> None:
    """At night nobody can guess."""
    for rule, entry in zip(RULES, re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:], strict=True):
        assert f"\n**{rule['labels']['severity']}.** " in entry
        assert re.findall(r"^- ([\w ]+):", entry, re.MULTILINE) == ["Users notice", "Check", "Do"], entry


def test_every_alert_is_set_off_by_a_test() -> None:
    """It might not go off when it has to."""
    assert BREAKAGES.keys() == {rule["alert"] for rule in RULES}


def test_a_minute_is_a_second_in_tests_and_nothing_else_is_changed() -> None:
    """Tests would set off other alerts than those that are installed."""
    rule = 'expr: rate(a{code=~"5.."}[5m]) > 30 and b[1h:1m]\nfor: 10m\nseverity: 3m'

    assert hastened(rule, 1) == 'expr: rate(a{code=~"5.."}[5s]) > 30 and b[60s:1s]\nfor: 10s\nseverity: 3m'


def test_alerts_and_panels_ask_for_what_there_is() -> None:
    """A misspelt name looks like peace."""
    metrics = Metrics()
    metrics.count(TaskCounts, lambda: 0, lambda: 0)
    metrics.requested("GET", 200, 0.1)
    there = {sample.name for family in metrics.registry.collect() for sample in family.samples}

    asked = [rule["expr"] for rule in RULES]
    asked += [target["expr"] for panel in ASKING for target in panel["targets"]]

    assert set().union(*map(names_in, asked)) <= there


def test_panels_stand_side_by_side() -> None:
    """Grafana would push one over another, or leave a hole."""
    places = [panel["gridPos"] for panel in BOARD["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(set(cells)) == len(cells) == 24 * (max(y for _, y in cells) + 1)
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(places)


def test_every_panel_is_explained_and_asks_the_chosen_prometheus() -> None:
    """It would show nothing where the data source has another name."""
    assert [variable["name"] for variable in BOARD["templating"]["list"]] == ["datasource", "namespace"]
    for panel in ASKING:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["title"]
        assert panel["description"]
        assert all('{namespace=~"$namespace"' in target["expr"] for target in panel["targets"])
