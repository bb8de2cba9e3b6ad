"""What is a release made of? The wheel, both images, the packaged chart and their checksums, in ``build/release``.

``python -m cluster.release`` in the folder ``tests`` builds them from this checkout; test_release.py installs from them alone.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from typing import get_args

import cliptask
from cluster import images
from cluster.helm import CHART, helm
from cluster.images import CHECKOUT, Role
from cluster.images_buildah import Image

RELEASE = CHECKOUT / "build" / "release"
VERSION = cliptask.__version__
WHEEL = RELEASE / f"cliptask_video-{VERSION}-py3-none-any.whl"
PACKAGED_CHART = RELEASE / f"cliptask-{VERSION}.tgz"
SUMS = RELEASE / "SHA256SUMS"


def image(role: Role) -> Image:
    """By the name that the chart asks for unless it is told another."""
    return Image(f"docker.io/library/cliptask-{role}:{VERSION}", RELEASE / f"cliptask-{role}-{VERSION}.tar")


def build() -> None:
    """Make everything anew. Raises BuildFailed, HelmFailed, CalledProcessError."""
    shutil.rmtree(RELEASE, ignore_errors=True)
    RELEASE.mkdir(parents=True)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-build-isolation",
    ]
    subprocess.run([*pip, "--wheel-dir", RELEASE, CHECKOUT], check=True)
    for role in get_args(Role):
        images.save_as(role, image(role))
    helm("package", CHART, "--destination", RELEASE)
    made = sorted(RELEASE.iterdir())
    SUMS.write_text(
        "".join(f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in made)
    )
    for each in made:
        sys.stdout.write(f"{each.stat().st_size / 1e6:8.1f} MB  {each.relative_to(CHECKOUT)}\n")


if __name__ == "__main__":
    build()
