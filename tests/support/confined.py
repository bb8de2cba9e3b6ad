"""What runs where only some distributions are installed? A process that can import nothing of any other."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = "cliptask-video"
_CONFINE = """\
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def needed(name: str, extras: Iterable[str] = ()) -> set[str]:
    """A distribution with all that it asks for, as pip would install it here."""
    found: set[str] = set()
    todo = [(canonicalize_name(name), frozenset(extras))]
    while todo:
        which, wanted = todo.pop()
        found.add(which)
        for each in map(Requirement, requires(which) or []):
            applies = each.marker is None or any(
                each.marker.evaluate({"extra": extra}) for extra in ("", *wanted)
            )
            if applies and (canonicalize_name(each.name) not in found or each.extras):
                todo.append((canonicalize_name(each.name), frozenset(each.extras)))
    return found


def confine(allowed: Iterable[str], folder: Path) -> dict[str, str]:
    """The environment of a process, and of all that it starts, in which nothing but these distributions can be imported."""
    absent = sorted(
        module for module, owners in _modules().items() if not owners & {*allowed, OURS} and not module.startswith("cliptask")
    )  # fmt: skip
    (folder / "sitecustomize.py").write_text(f"MODULES = set({absent!r})\n{_CONFINE}")
    return {"PYTHONPATH": str(folder)}


@cache
def _modules() -> dict[str, set[str]]:
    """Whatever can be imported here, with the distributions that bring it."""
    found: dict[str, set[str]] = {}
    for each in distributions():
        for file in each.files or ():
            top = file.parts[0]
            if file.suffix in {".py", ".so"} and not top.endswith(
                (".dist-info", ".data", "..", "__pycache__")
            ):
                found.setdefault(top.partition(".")[0], set()).add(canonicalize_name(each.name))
    return found


def pinned(lock: Path) -> set[str]:
    """The distributions that a lock names."""
    return {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", lock.read_text(), re.MULTILINE)}


def run(code: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Python code in such a process."""
    return subprocess.run(
        [sys.executable, "-c", code], env=dict(environment), capture_output=True, text=True, timeout=240, check=False
    )  # fmt: skip
