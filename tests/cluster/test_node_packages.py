from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cluster.node_packages import CannotInstall, install_packages

APT = """#!/bin/sh
mkdir {folder}/lock || exit 100
echo "$1" >> {folder}/said
[ "$1" = update ] || touch {folder}/program
sleep 0.2
rmdir {folder}/lock
"""
"""It refuses whoever comes while another one is at work."""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an apt-get of its own, for someone who may install."""
    program = tmp_path / "apt-get"
    program.write_text(APT.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def test_whoever_comes_second_waits_and_installs_nothing(apt: Path) -> None:
    """On a new machine workers begin side by side, and apt refuses all but one."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: install_packages({"package": str(apt / "program")}), range(3)))

    assert (apt / "said").read_text().split() == ["update", "install"]


def test_what_is_still_missing_is_named(apt: Path) -> None:
    """The next program to be started would be blamed."""
    with pytest.raises(CannotInstall, match="without the expected program: package"):
        install_packages({"package": str(apt / "another")})
