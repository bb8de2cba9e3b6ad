from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from pydantic import BaseModel, Field

from cliptask.spec import problems
from cliptask.spec.colour import COLOUR_PATTERN, TRANSLUCENT_PATTERN
from cliptask.spec.part import every_part
from cliptask.spec.picture import SHAPE_PATTERN
from cliptask.spec.quantities import (
    AMOUNT_PATTERN,
    COORDINATE_PATTERN,
    DURATION_PATTERN,
    PERCENTAGE_PATTERN,
    TOGETHER_PATTERN,
)
from cliptask.spec.rules import rules_of
from cliptask.spec.schema import HEADER, crd, structural
from cliptask.spec.status import ClipTaskStatus, Condition, ConditionType, Failure
from cliptask.spec.task import ClipTask
from cliptask.spec.yaml_source import dump, parse
from support.bad_tasks import BAD_TASKS, GOOD, BadTask
from support.tasks import tasks

INT_OR_STRING = "x-kubernetes-int-or-string"
LIST_TYPE, LIST_KEYS = "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
COMMITTED = Path(__file__).parents[3] / "crds" / "cliptasks.cliptask.dev.yaml"
ROOT = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
MOST_ITERATIONS = 200_000
"""Of nested macros over all objects: 20 blocks x 100 clips x 100 clips, measured to be in Kubernetes' cost budget;
four times as many are not."""


def walk(node: dict[str, Any], path: str = "", times: int = 1) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Every schema in a schema with its path and how often it may occur in one task."""
    yield path, node, times
    for name, field in node.get("properties", {}).items():
        yield from walk(field, f"{path}.{name}".removeprefix("."), times)
    if "items" in node:
        yield from walk(node["items"], f"{path}[]", times * node["maxItems"])
    if "additionalProperties" in node:
        yield from walk(node["additionalProperties"], f"{path}[]", times * node.get("maxProperties", 1))


NODES = list(walk(ROOT))
RULES = [
    (path, node, rule, times)
    for path, node, times in NODES
    for rule in node.get("x-kubernetes-validations", ())
]


def test_committed_file_is_what_the_models_say() -> None:
    """The cluster would get another resource than the code reads."""
    assert COMMITTED.read_text() == HEADER + dump(crd())


def test_module_prints_the_file() -> None:
    """The command in the file's header would not make the file."""
    printed = subprocess.run(
        [sys.executable, "-m", "cliptask.spec.schema"], capture_output=True, check=True, text=True
    )

    assert printed.stdout == COMMITTED.read_text()


def test_resource_has_its_names() -> None:
    """``kubectl get clip`` would not find the resource."""
    spec = yaml.safe_load(COMMITTED.read_text())["spec"]

    assert spec["names"] == {
        "kind": "ClipTask", "listKind": "ClipTaskList", "plural": "cliptasks", "singular": "cliptask", "shortNames": ["clip"], "categories": ["all"],
    }  # fmt: skip
    assert (spec["group"], spec["scope"]) == ("cliptask.dev", "Namespaced")
    (version,) = spec["versions"]
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert version["subresources"] == {"status": {}}


def test_columns_show_fields_that_are_there() -> None:
    """``kubectl get clip`` would show empty columns, or hide how far a campaign is."""
    columns = crd()["spec"]["versions"][0]["additionalPrinterColumns"]

    shown = [column["name"] for column in columns if "priority" not in column]
    assert shown == ["Phase", "Variants", "Ready", "Failed", "Age"]
    assert [column["name"] for column in columns if column.get("priority")] == ["Output", "Message"]
    types = {path: node.get("type") for path, node, _ in NODES} | {"metadata.creationTimestamp": "date"}
    assert all(types[column["jsonPath"].removeprefix(".")] == column["type"] for column in columns)


@pytest.mark.parametrize(
    ("path", "node"), [(path, node) for path, node, _ in NODES], ids=[path for path, *_ in NODES]
)
def test_schema_is_structural_and_bounded(path: str, node: dict[str, Any]) -> None:
    """The API server would refuse the CRD, or estimate its rules above the budget."""
    # What may be a number or a text says so instead of a type, never beside one.
    kind = "string" if node.get(INT_OR_STRING) is True and "type" not in node else node["type"]
    assert kind in {"object", "array", "string", "integer", "number", "boolean"}
    assert node.keys() <= {
        "type", "description", "default", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf",
        "minItems", "maxItems", "items", "minProperties", "maxProperties", "additionalProperties", "properties", "required", "format", "x-kubernetes-validations",
        INT_OR_STRING, LIST_TYPE, LIST_KEYS,
    }  # fmt: skip
    if kind == "array":
        assert node["maxItems"]
    if kind == "string":
        assert "enum" in node or node["maxLength"]
    assert isinstance(node.get("default", ""), str | int | float)
    if kind == "object" and path != "metadata":
        assert node.get("properties") or node["maxProperties"]
    assert node.get("format", "date-time") == "date-time"
    if LIST_TYPE in node:
        assert node[LIST_TYPE] == "map"
        assert set(node[LIST_KEYS]) <= set(node["items"]["required"])


@pytest.mark.parametrize(
    ("path", "node"), [(path, node) for path, node, _ in NODES], ids=[path for path, *_ in NODES]
)
def test_everything_is_described(path: str, node: dict[str, Any]) -> None:
    """``kubectl explain`` would be silent about a field."""
    if path == "metadata":
        assert node == {"type": "object"}  # the API server lets a schema say nothing else of it
    elif not path.endswith("[]") or node.get("type") == "object":
        assert node["description"]


def test_scalars_keep_their_defaults() -> None:
    """``kubectl get -o yaml`` would hide what a task comes to."""
    defaults = {path: node["default"] for path, node, _ in NODES if "default" in node}

    assert defaults["spec.sound.musicVolume"] == 0.4
    assert defaults["spec.overlays[].from"] == "0ms"
    assert defaults["spec.videoBlocks[].clips[].trim.start"] == "0ms"
    assert defaults["spec.variants.music"] == "balanced"


@pytest.mark.parametrize(
    ("path", "node", "rule", "times"), RULES, ids=[rule["message"] for *_, rule, _ in RULES]
)
def test_rule_stays_in_the_cost_budget(
    path: str, node: dict[str, Any], rule: dict[str, str], times: int
) -> None:
    """The API server would refuse the CRD for a rule over lists of lists."""
    lists = re.findall(r"self\.(\w+)\.(?:all|exists|exists_one)\(", rule["rule"])

    assert times * math.prod(node["properties"][name]["maxItems"] for name in lists) <= MOST_ITERATIONS, path


@pytest.mark.parametrize(("node", "rule"), [(node, rule) for _, node, rule, _ in RULES])
def test_rule_speaks_of_fields_that_are_there(node: dict[str, Any], rule: dict[str, str]) -> None:
    """A renamed field would leave a rule that the API server refuses."""
    # What CEL reserves is written as __in__.
    fields = [name.strip("_") for name in re.findall(r"self\.(\w+)", rule["rule"])]
    named = {*fields, rule.get("fieldPath", "").removeprefix(".")} - {""}

    assert named - {"contains", "matches", "startsWith"} <= node.get("properties", {}).keys()


@cache
def rule_breakers() -> dict[str, str]:
    """What the models say of the bad tasks that the schema lets pass without its rules, by id."""
    return {bad.id: said for bad in BAD_TASKS if bad.path.startswith("spec.") and (said := rule_says(bad))}


def rule_says(bad: BadTask) -> str | None:
    """What the models say of a task; None if the schema refuses it, with unknown fields and empty values."""
    data = parse(bad.text).data
    if any(CHECKED.iter_errors(data)):
        return None
    with pytest.raises(problems.Problems) as caught:
        problems.examine(ClipTask, data)
    return str(caught.value)


def closed(node: dict[str, Any]) -> dict[str, Any]:
    """The schema with unknown fields refused and amounts typed, as the API server does without being told."""
    made = dict(node)
    if made.get(INT_OR_STRING):
        made["type"] = ["integer", "string"]
    if "properties" in made:
        made["properties"] = {name: closed(field) for name, field in made["properties"].items()}
        made["additionalProperties"] = made.get("additionalProperties", False)
    if "items" in made:
        made["items"] = closed(made["items"])
    return made


CHECKED = jsonschema.Draft7Validator(closed(structural(ClipTask)))


def test_schema_with_its_rules_refuses_what_the_loader_refuses() -> None:
    """``kubectl apply`` would accept what the operator then refuses, though a schema can say it."""
    messages = [rule["message"] for *_, rule, _ in RULES]

    only_python = {
        name for name, said in rule_breakers().items() if not any(message in said for message in messages)
    }

    assert only_python == {
        "url=https://[::1/a.mp4",  # no pattern can tell
        "port 99999",  # nor this
        "receiver at no port",  # nor this
        "template that is no JSON",  # CEL reads none
        "template with a column",  # as above
        "musicVolume=nan",  # JSON has none
        "width written as 1080.0",  # JSON has no other whole numbers
        "an asterisk alone",  # CEL does not count
        "a stress that does not end",  # as above
        "asterisks as in Markdown",  # as above
        "a stress in a stress",  # as above
        "invisible text",  # a pattern would need all ranges of what is invisible
        "invisible title",  # as above
        "only directions",  # CEL replaces by no pattern
        "language=deu",  # a table of all languages
        "only names no label",  # labels come from URLs
        "rule names no block",  # as above
        "text of no language",  # lists in lists in lists are above CEL's cost budget
        "line of another language",  # as above
        "language without a line",  # as above
        "language without a text",  # as above
        "a language by its country",  # a table of all languages
        "name of nothing",  # what there is comes from labels and rows
        "name by its key",  # as above
        "parameters of nothing",  # as above
    }  # fmt: skip


def test_every_rule_is_broken_by_a_bad_task() -> None:
    """A rule's two halves would drift apart unseen."""
    told = " ".join(rule_breakers().values())

    for part in every_part():
        for rule in rules_of(part):
            assert rule.message in told, rule


def test_only_costly_rules_are_left_to_python() -> None:
    """A task would be accepted at apply time that could have been refused there."""
    left = [rule.message for part in every_part() for rule in rules_of(part) if rule.cel is None]

    assert left == [
        "two tracks have the same name",
        "is none of spec.languages",
        "a language cannot be made",
        "names what no video has",
        "is not the label of one part",
    ]


def test_every_pattern_has_words() -> None:
    """A person would be shown a traceback instead of what a text may hold."""
    said_by_their_types = {
        COORDINATE_PATTERN,
        DURATION_PATTERN,
        PERCENTAGE_PATTERN,
        AMOUNT_PATTERN,
        TOGETHER_PATTERN,
    }
    said_by_their_types |= {COLOUR_PATTERN, TRANSLUCENT_PATTERN, SHAPE_PATTERN}

    patterns = {node["pattern"] for _, node, _ in walk(structural(ClipTask)) if "pattern" in node}
    assert patterns == said_by_their_types | set(problems.PATTERNS)


def test_urls_and_buckets_are_refused_in_sentences() -> None:
    """Whoever applies a slip of the pen would be shown an expression of two lines."""
    in_sentences = [
        node for path, node, _ in NODES if path.endswith((".url", ".uri")) and "captions" not in path
    ]

    assert len(in_sentences) == 7
    for node in in_sentences:
        assert "pattern" not in node
        assert all(rule["message"] for rule in node["x-kubernetes-validations"])


@settings(max_examples=40)
@given(tasks())
def test_schema_accepts_what_the_models_accept(task: ClipTask) -> None:
    """The API server would refuse a good task."""
    assert not list(CHECKED.iter_errors(task.model_dump(mode="json", by_alias=True, exclude_none=True)))


def test_schema_accepts_the_fullest_status() -> None:
    """The API server would refuse the operator's report when there is most to tell."""
    now = "2030-01-02T03:04:05Z"
    status = ClipTaskStatus(
        conditions=tuple(
            Condition(
                type=each, status="Unknown", reason="r" * 64, message="m" * 1024, last_transition_time=now
            )
            for each in get_args(ConditionType)
        ),
        message="m" * 1024,
        failures=(Failure(variant="v" * 253, reason="r" * 64, message="m" * 1024),) * 20,
        index="i" * 2048,
        bytes=2**50,
        start_time=now,
        completion_time=now,
    )
    written = status.model_dump(mode="json", by_alias=True, exclude_none=True)

    checked = jsonschema.Draft7Validator(closed(structural(ClipTaskStatus)))

    assert not list(checked.iter_errors(written))
    assert ClipTaskStatus.model_validate(written) == status


def test_what_a_crd_cannot_say_is_refused() -> None:
    """A new field would lose a bound on the way to the CRD."""

    class Odd(BaseModel):
        number: int = Field(gt=0)

    with pytest.raises(ValueError, match="exclusiveMinimum"):
        structural(Odd)


def test_good_task_is_good() -> None:
    """The table of bad tasks would test nothing."""
    assert problems.examine(ClipTask, GOOD)
