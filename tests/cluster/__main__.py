"""How does one get a cluster to try things on? ``python -m cluster up``, in the folder ``tests``; ``down`` ends it again.

It outlives the terminal. Its state, logs and kubeconfig lie in build/cluster, or in ``--folder``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import psutil

from cluster.control_plane import ControlPlane
from cluster.kwok import Kwok
from cluster.processes import Program, same_process

FOLDER = Path(__file__).resolve().parents[2] / "build" / "cluster"
_STATE = "state.json"
_GRACE_S = 10


def up(folder: Path, nodes: int, *, completes: bool) -> None:
    """Start a cluster unless it runs, and print how to use it."""
    if not _whole(folder):
        down(folder)
        _claim(folder)
        plane = ControlPlane(folder, tied=False)
        kwok = Kwok(plane, nodes, completes=completes)
        try:
            plane.start()
            programs = [*plane.programs.values(), kwok.start(tied=False)]
            (folder / _STATE).write_text(json.dumps([_record(program) for program in programs], indent=1))
        except BaseException:
            kwok.stop()
            plane.stop()
            raise
    sys.stdout.write(f"export KUBECONFIG={folder / 'admin.kubeconfig'}\n")


def down(folder: Path) -> None:
    """End exactly what ``up`` started, and remove the folder."""
    alive = _alive(folder)
    for process in alive:
        process.kill()
    _, stubborn = psutil.wait_procs(alive, timeout=_GRACE_S)
    if stubborn:
        message = f"These do not end: {[process.pid for process in stubborn]}"
        raise SystemExit(message)
    if (folder / _STATE).exists():
        shutil.rmtree(folder)


def _claim(folder: Path) -> None:
    """Make the folder, and mark it as one that may be removed."""
    if folder.exists() and any(folder.iterdir()):
        message = f"{folder} holds something else: name an empty folder."
        raise SystemExit(message)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _STATE).write_text("[]")


def _record(program: Program) -> dict[str, Any]:
    process = psutil.Process(program.pid)
    return {"name": program.name, "pid": program.pid, "started": process.create_time()}


def _recorded(folder: Path) -> list[dict[str, Any]]:
    try:
        records: list[dict[str, Any]] = json.loads((folder / _STATE).read_text())
    except FileNotFoundError:
        return []
    return records


def _alive(folder: Path) -> list[psutil.Process]:
    """Of what ``up`` started, what still runs: pids are used again, so each must have started at its recorded moment."""
    found = [same_process(record["pid"], record["started"]) for record in _recorded(folder)]
    return [process for process in found if process is not None]


def _whole(folder: Path) -> bool:
    alive = _alive(folder)
    return bool(alive) and len(alive) == len(_recorded(folder))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m cluster", description="A Kubernetes to try things on.")
    parser.add_argument("what", choices=["up", "down"])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where its state lies (%(default)s)")
    parser.add_argument("--nodes", type=int, default=4, help="how many fake nodes it has (%(default)s)")
    parser.add_argument(
        "--complete",
        action="store_true",
        help="let pods of ClipTask's Jobs succeed, though they make nothing",
    )
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    if arguments.what == "up":
        up(folder, arguments.nodes, completes=arguments.complete)
    else:
        down(folder)


if __name__ == "__main__":
    main()
