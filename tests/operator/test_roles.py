"""Each role runs with its own extra alone: an image holds nothing that its role does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.studio import Studio

MISSING = "import sys; sys.modules.update(dict.fromkeys({names!r}))\n"


def without(names: list[str], code: str, *arguments: str, studio: Studio) -> subprocess.CompletedProcess[str]:
    """Run Python code in which these distributions' modules cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", MISSING.format(names=names) + code, *arguments],
        env=studio.clean_environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_operator_plans_without_what_makes_media(tmp_path: Path) -> None:
    """Its image would otherwise carry MoviePy and ffmpeg, 200 MB that it never runs."""
    studio = Studio(tmp_path)
    task = studio.write(
        [[0, 1], [2]], tracks=1, lines=1, overlays=[{"text": "Now"}, {"image": {"url": studio.picture()}}]
    )
    code = "from cliptask_operator.cli.app import main; main()"

    ran = without(["moviepy", "imageio_ffmpeg", "numpy"], code, "plan", str(task), studio=studio)

    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    "module",
    [
        "build",
        "media.segment",
        "media.sound",
        "media.join",
        "media.check",
        "media.overlays",
        "media.stills",
        "storage.base",
    ],
)
def test_the_renderer_needs_nothing_of_the_operators(tmp_path: Path, module: str) -> None:
    """A Job's container has no HTTP client and no speech client: what is not there cannot be abused."""
    names = [
        "httpx",
        "elevenlabs",
        "stamina",
        "typer",
        "rich",
        "jinja2",
        "pydantic_settings",
        "espeakng_loader",
    ]

    ran = without(names, f"import cliptask_renderer.{module}", studio=Studio(tmp_path))

    assert ran.returncode == 0, ran.stderr
