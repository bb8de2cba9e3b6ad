from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cliptask.spec.loading import load
from cliptask.spec.problems import PATTERNS
from cliptask.spec.schema import Schema, crd
from docs.reference import EXAMPLE, reference

TESTS = Path(__file__).parents[1]
COMMITTED = TESTS.parent / "docs" / "resource.md"
PAGE = reference()
FIELDS = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]


def objects(path: str, node: Schema) -> dict[str, Schema]:
    """Every object of a schema by its path."""
    found = {path: node} if "properties" in node else {}
    for name, field in node.get("properties", {}).items():
        found |= objects(f"{path}.{name}", field)
    return found | (objects(f"{path}[]", node["items"]) if "items" in node else {})


SECTIONS = objects("spec", FIELDS["spec"]) | objects("status", FIELDS["status"])


def section(path: str) -> str:
    """A section of the page without those below it."""
    (found,) = re.findall(rf"^#+ {re.escape(path)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_committed_page_is_what_the_models_say() -> None:
    """People would read of other fields than there are; ``make generate`` writes it anew."""
    assert COMMITTED.read_text() == PAGE


def test_module_prints_the_page() -> None:
    """The command in the page's first line would not make the page."""
    printed = subprocess.run(
        [sys.executable, "-m", "docs.reference"], cwd=TESTS, capture_output=True, check=True, text=True
    )

    assert printed.stdout == PAGE


def test_example_is_a_task() -> None:
    """Whoever begins with the page's example would begin with an error."""
    assert f"```yaml\n{EXAMPLE}```" in PAGE
    assert load(EXAMPLE, "example").task.metadata.name == "spring-sale"


@pytest.mark.parametrize("path", SECTIONS)
def test_every_field_is_told(path: str) -> None:
    """A field, or what it is refused for, would be left to the reader's imagination."""
    node = SECTIONS[path]

    rows = [line for line in section(path).split("\n") if line.startswith("| `")]

    assert [row.split("`")[1] for row in rows] == list(node["properties"])
    for row, (name, field) in zip(rows, node["properties"].items(), strict=True):
        assert all(str(choice) in row for choice in field.get("enum", ())), row
        assert ("**required**" in row) == (name in node.get("required", ()) and path.startswith("spec")), row
    for rule in node.get("x-kubernetes-validations", ()):
        assert rule["message"] in section(path)


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("spec.sound", "| `ducking` | true or false | `true` | Lower the music while somebody speaks: the line's voice, and the clips' own sound where that is in the mix. |"),
        ("spec.variants", "| `seed` | whole number, 0 to 2,147,483,647 | `0` | Seed of random. |"),
        ("spec.videoBlocks[].clips[].trim", "| `end` | [duration](#duration) | the end of the file | Where the part ends. |"),
        ("spec.videoBlocks[].clips[]", "| `trim` | [object](#specvideoblocksclipstrim) | all of it | The part of a video, or of an animated picture, to use. |"),
        ("spec.overlays[]", "| [text](#text), at most 500 characters |"),
        ("spec.sound", "| `loudness` | number, -36 to -8 | -14; without `balance` the mix as it falls |"),
        ("spec.execution.resources.limits", "| `cpu` | [amount](#amount) |"),
        ("status", "| `conditions` | list of at most 8: [object](#statusconditions) |"),
        ("status.conditions[]", "| `lastTransitionTime` | [time](#time) | When its status last changed. |"),
    ],
)  # fmt: skip
def test_a_row_tells_type_default_and_purpose(path: str, row: str) -> None:
    """Somebody would give a number out of bounds, or spell out what is the default anyway."""
    assert row in section(path)


def test_every_form_of_text_is_explained() -> None:
    """A duration or a name would pass for any text."""
    kinds = len(re.findall(r"<a id=\w+>", PAGE))

    assert kinds == len(PATTERNS) + len(
        ["duration", "percentage", "coordinate", "amount", "packing", "time", "colour", "tint", "shape"]
    )


def test_every_link_leads_somewhere() -> None:
    """A reader would be stranded at the top of the page."""
    headings = [
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    ]
    anchors = [*headings, *re.findall(r"<a id=(\w+)>", PAGE)]

    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= set(anchors)
