"""The pages that people begin with: their example, their links and the paths that they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cliptask import errors
from cliptask.planning.choices import count_variants
from cliptask.spec.loading import load
from cliptask_operator.campaign.comparison import DIFFERS
from cliptask_operator.cli.app import ENDED, USAGE, app
from cliptask_operator.settings.environment import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("charts/*/README.md")])
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
DESIGN = (ROOT / "docs" / "design.md").read_text()
CLI = (ROOT / "docs" / "cli.md").read_text()
README = (ROOT / "README.md").read_text()

_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
_PATH = re.compile(r"`([\w./-]*(?:/[\w.-]+|\.(?:py|md|yaml|json|j2|css|js)))`")


def paths(text: str) -> list[str]:
    """Those of the code spans that are files or folders. One without a folder lies beside the one before it."""
    found: list[str] = []
    for path in _PATH.findall(text):
        found.append(path if "/" in path else str(Path(found[-1]).with_name(path)))
    return found


def anchors(page: str) -> set[str]:
    """What a link to a part of the page may name, as GitHub does."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r"<a id=\"?([\w-]+)", page))


def test_the_example_of_the_first_screen_is_valid() -> None:
    """The first thing that a newcomer copies would be an error, or make another number of videos."""
    (example,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)

    task = load(example, "README.md").task

    assert f"{count_variants(task.spec)} videos, from seven encodes" in README
    assert sum(len(block.clips) for block in task.spec.video_blocks) == 7


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A reader would be sent to a page, or a part of one, that is no more."""
    for target, part in _LINK.findall(page.read_text()):
        file = page.parent / target if target else page

        assert file.exists(), target
        assert not part or part in anchors(file.read_text()), f"{target}#{part}"


@pytest.mark.parametrize(
    "row", re.findall(r"^\| (.*`.*) \|$", CONTRIBUTING, re.MULTILINE), ids=lambda row: row.split(" |")[0]
)
def test_every_path_of_contributings_tables_exists(row: str) -> None:
    """Whoever is to change something would look for a file that has another name."""
    assert [path for path in paths(row) if not (ROOT / path).exists()] == []


def test_every_path_of_the_design_exists() -> None:
    """The walk would lead through rooms that are no more."""
    starts = (ROOT, ROOT / "operator" / "cliptask_operator")
    named = [path for path in paths(DESIGN) if path.endswith(".py")]

    assert named
    assert [path for path in named if not any((start / path).exists() for start in starts)] == []


def test_every_command_setting_and_exit_code_is_named() -> None:
    """What is not on the page, nobody types, sets or understands."""
    commands = {
        (each.callback.__name__.replace("_", "-")) for each in app.registered_commands if each.callback
    }
    settings = {name.upper() for name in Settings.model_fields} - {
        "ELEVENLABS_API_KEY",
        "ELEVENLABS_API_KEY_FILE",
    }
    codes = {each.exit_code for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.ClipTaskError)}  # fmt: skip

    assert [name for name in commands if f"`cliptask {name}" not in CLI] == []
    assert [name for name in settings if f"`CLIPTASK_{name}`" not in CLI] == []
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", CLI, re.MULTILINE)} == codes | {
        DIFFERS,
        USAGE,
        *ENDED,
    }
