"""A campaign on this machine: tiny sources in a folder, the task's YAML, and the program run on it as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import yaml

from support import media

PROGRAM = Path(sys.executable).with_name("cliptask")


@dataclass(frozen=True)
class Studio:
    """Sources in ``folder``, made when first asked for."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    """On top of a clean one: no key, no settings."""

    def clip(self, number: int) -> str:
        """URL of a clip of 1.2 s at 96x160; each number has another colour."""
        path = self.folder / f"clip{number}.mp4"
        if not path.exists():
            look = media.ClipLook(
                width=96, height=160, fps=30, duration_s=1.2, hue=number * 37, audio=number % 2 == 0
            )
            media.clip(path, look)
        return path.as_uri()

    def track(self, number: int) -> str:
        """URL of a tone of 1 s."""
        path = self.folder / f"track{number}.mp3"
        return (path if path.exists() else media.track(path, frequency=220 + 110 * number)).as_uri()

    def picture(self, name: str = "logo.png") -> str:
        """URL of a still picture."""
        path = self.folder / name
        return (path if path.exists() else media.picture(path)).as_uri()

    def write(
        self,
        blocks: list[list[int]],
        *,
        tracks: int = 0,
        lines: int = 0,
        voice: str = "espeak-ng",
        **spec: Any,  # noqa: ANN401  a spec's parts
    ) -> Path:
        """Write ``cliptask.yaml`` with these clips in each block; ``spec`` replaces or adds fields."""
        body: dict[str, Any] = {
            "videoBlocks": [
                {"name": f"b{place}", "clips": [{"url": self.clip(number)} for number in numbers]}
                for place, numbers in enumerate(blocks)
            ],
            "output": {"uri": (self.folder / "elsewhere").as_uri()},
        }
        if tracks:
            body["audioBlocks"] = [
                {"name": "pool", "tracks": [{"url": self.track(n)} for n in range(tracks)]}
            ]
        if lines:
            body["speech"] = [
                {"voice": voice, "text": f"Line {n}.", "name": f"line{n}"} for n in range(lines)
            ]
        task = {
            "apiVersion": "cliptask.dev/v1alpha1",
            "kind": "ClipTask",
            "metadata": {"name": "camp"},
            "spec": body | spec,
        }
        path = self.folder / "cliptask.yaml"
        path.write_text(yaml.safe_dump(task, sort_keys=False))
        return path

    def run(self, *arguments: str | Path, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
        """The program's run, whatever its exit code."""
        return subprocess.run(
            [PROGRAM, *map(str, arguments)],
            env=self.clean_environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def render(self, task: Path, out: Path) -> str:
        """Render and return what was printed; a failure is an assertion with the program's words."""
        ran = self.run("render", task, "-d", out)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def clean_environment(self) -> dict[str, str]:
        """The machine's environment without anything that this program reads."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CLIPTASK_", "ELEVENLABS_"))
        }
        return kept | self.environment


def objects(folder: Path, pattern: str) -> dict[str, bytes]:
    """Files below a folder by their relative names, with their content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def moments(folder: Path, pattern: str) -> dict[str, tuple[int, int]]:
    """When each file was written, and its inode: equal only for what nobody wrote again."""
    found = sorted(folder.glob(pattern))
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_ino) for path in found}


def framemd5(video: Path) -> list[str]:
    """MD5 of every decoded picture."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(video),
        "-map",
        "0:v",
        "-f",
        "framemd5",
        "-",
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.rsplit(",", 1)[1].strip() for line in printed.splitlines() if not line.startswith("#")]
