"""Which small campaigns do tests from end to end make? Clips of a second, each number in another colour."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from cluster.api import Document
from cluster.installation import Installation
from support import media

WIDTH, HEIGHT, FPS = 192, 320, 30
CLIP_S = Fraction(1)


def task(installation: Installation, name: str, blocks: list[list[str]], **spec: Any) -> Document:  # noqa: ANN401  a spec's parts
    """A task with these URLs in each block; ``spec`` adds fields."""
    return {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": {"name": name},
        "spec": {
            "videoBlocks": [
                {"name": f"b{place}", "clips": [{"url": url} for url in urls]}
                for place, urls in enumerate(blocks)
            ],
            "picture": {"width": WIDTH, "height": HEIGHT, "fps": FPS},
            "output": {"uri": f"gs://{installation.bucket}/out"},
            **spec,
        },
    }


def clip(installation: Installation, number: int) -> str:
    """URL of a clip; each number has another colour."""
    assert installation.web.folder is not None
    file = installation.web.folder / f"clip{number}.mp4"
    if not file.exists():
        look = media.ClipLook(
            width=WIDTH, height=HEIGHT, fps=FPS, duration_s=float(CLIP_S), hue=number * 37 % 360
        )
        media.clip(file, look)
    return f"{installation.web.url}/{file.name}"


def until(so: Callable[[], object], installation: Installation, timeout_s: float = 120) -> None:
    """Wait; a failure tells what everybody involved has to say."""
    deadline = time.monotonic() + timeout_s
    while not so():
        assert time.monotonic() < deadline, installation.story()
        time.sleep(0.1)
