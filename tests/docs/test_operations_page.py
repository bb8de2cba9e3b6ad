"""The pages about running it against the program: what they do not name, nobody finds."""

from __future__ import annotations

import re
from pathlib import Path

from cliptask import errors
from cliptask_operator.campaign import preflight
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.controller.task_counts import TaskCounts
from cliptask_operator.kubernetes import obstacles
from cliptask_operator.settings.environment import Settings
from cliptask_operator.settings.gateway import GatewaySettings
from cliptask_operator.settings.operator import OperatorSettings

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operations.md").read_text()


def test_every_setting_of_the_operator_is_named() -> None:
    """A setting that is not on the page is one that nobody sets."""
    own = OperatorSettings.model_fields.keys() - Settings.model_fields.keys()

    assert {name for name in own if f"`CLIPTASK_{name.upper()}`" not in PAGE} == set()


def test_every_setting_of_the_gateway_is_named() -> None:
    """As above, on its own page."""
    page = (DOCS / "clipsapi.md").read_text()
    own = GatewaySettings.model_fields.keys() - Settings.model_fields.keys()

    assert {name for name in own if f"`CLIPTASK_{name.upper()}`" not in page} == set()


def test_every_reason_is_explained() -> None:
    """Somebody reads it in a status and looks for what to do."""
    said = {
        each.reason
        for module in (errors, preflight)
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, errors.ClipTaskError)
    }
    said |= {*obstacles.REASONS}
    never_in_a_status = {"NotFound"}

    assert {reason for reason in said - never_in_a_status if f"`{reason}`" not in PAGE} == set()


def test_metrics_are_those_of_the_page() -> None:
    """Dashboards are built from the page."""
    metrics = Metrics()
    metrics.count(TaskCounts, lambda: 0, lambda: 0)

    told = {name.removesuffix("_total") for name in re.findall(r"`((?:cliptask|process)_\w+)", PAGE)}

    assert told == {family.name for family in metrics.registry.collect()}
