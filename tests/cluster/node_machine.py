"""How does a node live on this machine without touching it? In a machine within: its own processes, mounts and network.

Everything in it dies with its first process, which the kernel kills when the tests' thread ends, whatever ends that; mounts,
bridge, routes and packet filters are the namespaces' own and go with them. Only cgroups are shared: one of a name of its own,
which is removed at the end.

::

    this machine                      within
    clip7  198.18.7.1  ------------  eth0  198.18.7.2,  cni0 198.19.7.1  ----  pods 198.19.7.0/24
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Self

import psutil

from cluster.processes import DidNotStart, Program

INSIDE = Path("/run/node")
"""Where the machine's folder lies within: short, since the path of a socket may have 107 bytes."""

_NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts")
# The first process: the kernel reaps for it what others leave behind.
_FIRST = """
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""
# The benchmarking networks of RFC 2544: nobody routes them, so that they hide nothing that anybody uses.
_LINK, _PODS = "198.18", "198.19"
_MACHINES = range(256)
_CABLE, _CGROUP = "clip", "cliptask-node-"
_GONE_S = 30
_POLL_S = 0.02


class Machine:
    """A machine within this one. Needs root; ``folder`` is its disk and is emptied at the end, but for the logs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._first: Program | None = None
        self._pid = 0
        self._number = -1
        self._parts: list[Program] = []

    @property
    def bridge_address(self) -> str:
        """The address of this machine which the machine within and its pods reach: servers of tests listen on it."""
        return f"{_LINK}.{self._number}.1"

    @property
    def address(self) -> str:
        """The machine's own address."""
        return f"{_LINK}.{self._number}.2"

    @property
    def pods(self) -> str:
        """The network of its pods, which reach this machine and nothing else."""
        return f"{_PODS}.{self._number}.0/24"

    @property
    def cgroup(self) -> str:
        """The name of its cgroup, below each hierarchy's root."""
        return f"{_CGROUP}{self._number}"

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command within and wait for it."""
        return subprocess.run([*self._enter, *command], capture_output=True, text=True, check=False)

    def start(self, name: str, *command: str | Path) -> Program:
        """Start a program within; its log is ``<name>.log``."""
        program = Program(name, [*self._enter, *command], self._folder / f"{name}.log")
        self._parts.append(program)
        return program

    def write(self, name: str, content: str) -> Path:
        """Put a file on its disk, and return the path by which it is known within."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return INSIDE / name

    def end(self) -> None:
        """End every process within, then remove what is left of it. Harmless twice."""
        if self._first is not None:
            # The kernel ends all the others, and the namespace's end waits for them.
            _kill(self._pid)
            for program in (self._first, *self._parts):
                program.end()
            self._first = None
        if self._number >= 0:
            _remove_cgroups(self.cgroup)
            # With the namespace it would go by itself, but a moment later.
            _quiet("ip", "link", "delete", self._interface)
        for left in self._folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left)

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._boot()
            self._connect()
            _sweep()
            _make_cgroups(self.cgroup)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def _interface(self) -> str:
        return f"{_CABLE}{self._number}"

    @property
    def _enter(self) -> list[str]:
        return ["nsenter", f"--target={self._pid}", *_NAMESPACES, "--"]

    def _boot(self) -> None:
        log = self._folder / "machine.log"
        log.unlink(missing_ok=True)
        command = [
            "unshare",
            *_NAMESPACES,
            "--fork",
            "--kill-child",
            "--mount-proc",
            sys.executable,
            "-I",
            "-c",
            _FIRST,
        ]
        self._first = Program("machine", command, log)
        self._first.wait_until(lambda: "ready" in log.read_text())
        self._pid = psutil.Process(self._first.pid).children()[0].pid
        # Its own /run keeps the sockets and states of this machine's services out of sight.
        self._must("mount", "-t", "tmpfs", "run", "/run")
        self._must("mkdir", INSIDE)
        self._must("mount", "--bind", self._folder, INSIDE)
        # A kubelet removes logs of pods that it does not know: of those of the machine beside it, if they shared them.
        self._must("mkdir", INSIDE / "log")
        self._must("mount", "--bind", INSIDE / "log", "/var/log")

    def _connect(self) -> None:
        """Lay the cable; the name of its outer end, which only one can have, decides who has which addresses."""
        for number in _MACHINES:
            self._number = number
            if _quiet(
                "ip",
                "link",
                "add",
                self._interface,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                str(self._pid),
            ):
                break
        else:
            self._number = -1
            message = "there is no free network for another machine: all of clip0 to clip255 exist"
            raise DidNotStart(message)
        _must("ip", "address", "add", f"{self.bridge_address}/30", "dev", self._interface)
        _must("ip", "link", "set", self._interface, "up")
        self._must("ip", "link", "set", "lo", "up")
        self._must("ip", "address", "add", f"{self.address}/30", "dev", "eth0")
        self._must("ip", "link", "set", "eth0", "up")
        self._must("ip", "route", "add", "default", "via", self.bridge_address)
        _must("ip", "route", "add", self.pods, "via", self.address)

    def _must(self, *command: str | Path) -> None:
        _must(*self._enter, *command)


def _must(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"{' '.join(map(str, command))} failed: {done.stderr.strip()}"
        raise DidNotStart(message)


def _quiet(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _kill(pid: int) -> None:
    try:
        psutil.Process(pid).kill()
    except psutil.NoSuchProcess:
        return


def _hierarchies() -> Iterable[Path]:
    """Where cgroups are made: each hierarchy of version 1, and that of version 2 if it has controllers."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup" or (
            kind == "cgroup2" and (Path(place) / "cgroup.controllers").read_text().strip()
        ):
            yield Path(place)


def _make_cgroups(name: str) -> None:
    _remove_cgroups(name)  # of one that was killed and had the same number
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir()
        for file in ("cpuset.cpus", "cpuset.mems"):
            # Version 1 starts with none, and lets no process in before there are some.
            if (hierarchy / file).exists():
                (hierarchy / name / file).write_text((hierarchy / file).read_text())


def _sweep() -> None:
    """Remove the cgroups of machines whose tests were killed. A machine's cable is there before its cgroups, and after."""
    for hierarchy in _hierarchies():
        for old in hierarchy.glob(f"{_CGROUP}*"):
            if not Path("/sys/class/net", _CABLE + old.name.removeprefix(_CGROUP)).exists():
                _removed(old)


def _remove_cgroups(name: str) -> None:
    for hierarchy in _hierarchies():
        root = hierarchy / name
        _wait(partial(_removed, root), f"{root} is still in use")


def _removed(root: Path) -> bool:
    """Try to remove a tree of cgroups: the kernel lets go of each a moment after its last process."""
    for folder, _, _ in os.walk(root, topdown=False):
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True


def _wait(done: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _GONE_S
    while not done():
        if time.monotonic() > deadline:
            raise DidNotStart(otherwise)
        time.sleep(_POLL_S)
