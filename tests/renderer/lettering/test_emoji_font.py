"""How the font of emoji gets into what is built: out of a package, by its checksum."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import emoji_font

CHECKOUT = Path(emoji_font.__file__).parents[1]
FONTS = "cliptask_renderer/lettering/fonts"


def built(target: str, checkout: Path, into: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What hatchling says while it builds."""
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into],
        cwd=checkout, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What somebody has who installs from source."""
    folder = tmp_path_factory.mktemp("source")
    assert built("sdist", CHECKOUT, folder).returncode == 0
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(each for each in folder.iterdir() if each.is_dir())


def test_a_wheel_that_is_built_from_source_has_the_font_and_its_licence(source: Path, tmp_path: Path) -> None:
    """Whoever installs it would be told that the font is missing; the font may not be given away without its licence."""
    assert not [*source.rglob("*.ttf")]

    done = built("wheel", source, tmp_path)

    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        font = wheel.read(f"{FONTS}/NotoColorEmoji.ttf")
        licence = wheel.read(f"{FONTS}/OFL.txt").decode()
        metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("METADATA"))).decode()
    assert hashlib.sha256(font).hexdigest() == emoji_font.SHA256
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "License-Expression: Apache-2.0 AND OFL-1.1" in metadata


def test_another_font_is_not_taken(source: Path, tmp_path: Path) -> None:
    """Emoji would look otherwise in what was built elsewhere, under the same keys."""
    other = tmp_path / "dynamic_font" / "assets" / "fonts"
    other.mkdir(parents=True)
    (tmp_path / "dynamic_font" / "__init__.py").touch()
    (other / "NotoColorEmoji-Regular.ttf").write_bytes(b"another")

    done = built("wheel", source, tmp_path / "built", PYTHONPATH=str(tmp_path))

    assert done.returncode != 0
    assert "install what requirements-build.txt names, and build again" in done.stderr
