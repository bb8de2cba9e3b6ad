"""Which programs of the system do images and the real node need? Debian packages, installed when one is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from support.locked import locked

PACKAGES: Mapping[str, str] = {
    "buildah": "buildah",
    "containerd": "containerd",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "conntrack": "conntrack",
    "debootstrap": "debootstrap",
    "iproute2": "ip",
    "ipset": "ipset",
    "iptables": "iptables",
    "nftables": "nft",
    "runc": "runc",
    "util-linux": "nsenter",
}
"""Package -> a program of it."""


class CannotInstall(RuntimeError):
    """Something is missing and cannot be installed; the message names it."""


def install_packages(packages: Mapping[str, str] = PACKAGES) -> None:
    """Install what is missing; does nothing, and needs neither root nor apt, where everything is there. Raises CannotInstall."""
    missing = _missing(packages)
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        message = (
            f"These are missing, and only root on Debian can install them from here: {', '.join(missing)}"
        )
        raise CannotInstall(message)
    # apt itself refuses whoever comes second.
    with locked(Path(tempfile.gettempdir(), "cliptask-apt.lock")):
        if missing := _missing(packages):
            _apt("update", "-qq")
            _apt("install", "-qq", "--yes", "--no-install-recommends", *missing)
    if still := _missing(packages):
        message = f"Installed, but without the expected program: {', '.join(still)}"
        raise CannotInstall(message)


def _missing(packages: Mapping[str, str]) -> list[str]:
    return [package for package, program in packages.items() if not _there(program)]


def _there(program: str) -> bool:
    # A user's PATH may lack the administrator's programs.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return (
        Path(program).is_file() if program.startswith("/") else shutil.which(program, path=path) is not None
    )


def _apt(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        message = f"apt-get {' '.join(arguments)} failed:\n{(done.stderr or done.stdout)[-2000:]}"
        raise CannotInstall(message)
