"""Which modules does a program import? Asked of the interpreter, of a whole run of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence


def imported(arguments: Sequence[str], environment: Mapping[str, str], told: str = "") -> set[str]:
    """Run ``python -m`` with these arguments to a good end; returns the names of all modules that were imported.

    ``told`` is its standard input.
    """
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", *arguments],
        env=environment, input=told, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return {
        line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")
    }


def among(modules: set[str], packages: Sequence[str]) -> set[str]:
    """Those of the packages that were imported, whole or in part."""
    return {
        each
        for each in packages
        if any(module == each or module.startswith(f"{each}.") for module in modules)
    }
