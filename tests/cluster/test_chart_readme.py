from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from cluster.chart_readme import ReadmeFailed, readme
from cluster.helm import CHART, helm

README = CHART / "README.md"


def test_committed_readme_is_what_the_values_say() -> None:
    """People would set values by an older chart's page; ``make generate`` writes it anew."""
    assert README.read_text() == readme()


def test_a_value_of_which_nothing_is_said_is_refused(tmp_path: Path) -> None:
    """Whoever installs reads what is said of the values, and nothing else."""
    chart = Path(shutil.copytree(CHART, tmp_path / "cliptask"))
    with (chart / "values.yaml").open("a") as values:
        values.write("  silent: true\n")

    with pytest.raises(ReadmeFailed, match=r"values\.yaml says nothing of rbac\.silent"):
        readme(chart)


def test_its_example_installs() -> None:
    """Whoever begins with the README's values would begin with an error."""
    (example,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)

    made = helm("template", "cliptask", CHART, values=yaml.safe_load(example))

    assert "image: registry.example.com/cliptask-operator:" in made
