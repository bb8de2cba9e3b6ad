"""Whether pages that are followed step by step work: their files are written, their commands run, and say what the pages show."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.markdown import ROOT, Block, blocks
from support import media
from support.repository import SETTINGS, Repository

TUTORIAL = ROOT / "docs" / "tutorial.md"
REVIEW = ROOT / "docs" / "how-to" / "review.md"
FIRST = "make demo"
"""Makes the footage; that it does the rest, too, is what ``examples/demo.py`` is tested for."""


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of the demo."""
    spec = importlib.util.spec_from_file_location("demo", ROOT / "examples" / "demo.py")
    assert spec
    assert spec.loader
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    folder = tmp_path_factory.mktemp("demo")
    demo.make_sources(folder)
    return folder


def follow(page: list[Block], folder: Path) -> list[str]:
    """Do what the blocks say, in order; returns the commands. What is shown of an answer must be in it, line by line."""
    kept = {
        name: each for name, each in os.environ.items() if not name.startswith(("CLIPTASK_", "ELEVENLABS_"))
    }
    environment = kept | SETTINGS | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    said, commands = "", []
    for block in page:
        if block.title:
            file = folder / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
        elif block.language == "text":
            lines = {" ".join(line.split()) for line in said.splitlines()}
            for line in filter(None, block.text.splitlines()):
                shown = " ".join(line.split())
                assert any(each.startswith(shown) for each in lines), f"{shown!r} is not in {said}"
        elif block.language == "sh" and block.text.strip() != FIRST:
            ran = subprocess.run(
                ["bash", "-ec", block.text],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode in {0, 1}, ran.stdout + ran.stderr
            assert ran.returncode == 0 or " diff " in block.text, ran.stdout + ran.stderr
            said = ran.stdout
            commands.append(block.text)
    return commands


def test_the_tutorial_ends_with_videos(footage: Path, tmp_path: Path) -> None:
    """A newcomer would be stuck at a step, or see something else than is shown."""
    shutil.copytree(footage, tmp_path / "build" / "demo" / "media")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)

    commands = follow(blocks(TUTORIAL), tmp_path)

    out = tmp_path / "build" / "tutorial" / "out" / "first"
    assert len(list(out.glob("*.mp4"))) == 6
    assert (out / "gallery.html").exists()
    assert len(commands) == 8


def test_the_tutorial_begins_with_what_makes_its_footage() -> None:
    """Its first step would be none."""
    first, second = [each.text for each in blocks(TUTORIAL) if each.language == "sh"][:2]
    named = set(re.findall(r"build/demo/media/([\w.]+)", second))

    assert first.strip() == FIRST
    assert "$(BIN)/python examples/demo.py" in (ROOT / "Makefile").read_text().partition("\ndemo:")[2][:120]
    demo = (ROOT / "examples" / "demo.py").read_text()
    assert named
    assert all(f'"{name}"' in demo for name in named)


def stand_in(path: Path, hue: int) -> Path:
    """Media of the kind that the name says; a clip of each hue is another one."""
    kinds = {".mp3": lambda: media.track(path), ".jpg": lambda: media.picture(path)}
    look = media.ClipLook(width=96, height=160, fps=30, duration_s=4, hue=hue)
    return kinds.get(path.suffix, lambda: media.clip(path, look))()


def test_the_page_about_reviews_shows_what_is_told(tmp_path: Path) -> None:
    """Somebody would look for lines that are not there."""
    repository = Repository.begin(tmp_path)
    campaigns = tmp_path / "campaigns"
    campaigns.mkdir()
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    for hue, name in enumerate(re.findall(r"https://cdn.example.com/([\w.]+)", example)):
        stand_in(campaigns / name, hue * 29)
    text = example.replace("https://cdn.example.com/", "").replace("gs://campaigns", "../out")
    (campaigns / "spring-sale.yaml").write_text(text)
    repository.commit()
    stand_in(campaigns / "dawn.mp4", 300)
    more = '    - {url: "dawn.mp4", trim: {start: 500ms, end: 3s}}\n'
    (campaigns / "spring-sale.yaml").write_text(
        text.replace("  - name: product\n", f"{more}  - name: product\n")
    )

    follow(blocks(REVIEW), tmp_path)
