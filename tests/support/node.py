"""Where are the packages of npm that tests run, and the Node that runs them?

npm installs ``support/npm``'s lock, by its hashes, when a test first asks for one, once on a machine, into the cache of
``cluster.binaries``. The Node is Playwright's own, which needs none on the machine.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import playwright

from cluster.binaries import Toolbox
from support.locked import locked

NODE = Path(playwright.__file__).with_name("driver") / "node"
_LOCKED = Path(__file__).with_name("npm")


def package(name: str) -> Path:
    """Its folder. Raises ``CalledProcessError`` where npm cannot install it, ``FileNotFoundError`` without npm."""
    lock = _LOCKED / "package-lock.json"
    folder = Toolbox().folder / f"npm-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    with locked(folder.with_name(f".{folder.name}.lock")):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(prefix=".installing-", dir=folder.parent) as place:
                whole = Path(shutil.copytree(_LOCKED, Path(place, "whole")))
                quietly = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
                subprocess.run(["npm", "ci", *quietly], cwd=whole, check=True, stdout=subprocess.DEVNULL)
                whole.rename(folder)
    return folder / "node_modules" / name
