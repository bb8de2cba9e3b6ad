"""Where do the images of the tests come from? From the Containerfiles, on a base made of Debian packages, built once per content.

``build("renderer")`` and ``build("operator")`` return an archive in the cache, and build only what has changed since;
``python -m cluster.images`` in the folder ``tests`` builds both. They lie beside the programs of ``cluster.binaries``.
Needs root, and installs what it needs.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cluster.binaries import Toolbox
from cluster.images_buildah import Buildah, BuildFailed, Image
from cluster.node_packages import install_packages
from support.locked import locked

Role = Literal["renderer", "operator"]
CHECKOUT = Path(__file__).parents[2]

_SUITE = "trixie"
_PACKAGES = ("ca-certificates", "python3", "python3-venv")
_NEVER_READ = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
)
_KEPT_S = 3600
"""As long as tests that have asked for an image may still want to load it."""
_FOLDERS = {"renderer": "renderer-image", "operator": "operator"}
_PROGRAM = (
    "pyproject.toml", "README.md", "LICENSE", "crds/cliptask/**/*", "renderer-image/emoji_font.py",
    "renderer-image/cliptask_renderer/**/*", "operator/cliptask_operator/**/*",
)  # fmt: skip
_BASE = """\
FROM scratch
ADD system.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
CMD ["sleep", "infinity"]
"""


def base() -> Image:
    """What the tests' images stand on, instead of ``python:3.13-slim``: Debian's Python. Left alone, it sleeps.

    Made anew each month, so that it has Debian's corrections. Raises BuildFailed, CannotInstall.
    """
    install_packages()
    with locked(_cache() / ".lock"):
        return _base()


def build(role: Role) -> Image:
    """The image of a role from this checkout as it is now. Raises BuildFailed, CannotInstall."""
    install_packages()
    with locked(_cache() / ".lock"):
        ground = _base()
        content = _digest([*_recipe(role), *_files(".", *_PROGRAM)], ground.name)
        name = f"localhost/cliptask-{role}:{content}"
        archive = _archive(name)
        if not archive.is_file():
            _say(f"building {name} ...")
            started = time.monotonic()
            buildah = _storage(role, ground)
            buildah.build(name, _containerfile(role), CHECKOUT, {"BASE": ground.name})
            _forget(f"cliptask-{role}")
            buildah.save(name, archive)
            _say(f"built {name} in {time.monotonic() - started:.0f} s")
        archive.touch()
        return Image(name, archive)


def save_as(role: Role, released: Image) -> None:
    """Write the image of a role to another archive, under another name. Raises BuildFailed, CannotInstall."""
    image = build(role)
    with locked(_cache() / ".lock"):
        buildah = _storage(role, _base())
        if not buildah.has(image):
            buildah.load(image)
        buildah.save(image.name, released.archive, released.name)


def run(role: Role, *command: str, extras: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in a role's image as its user, without a node. Raises BuildFailed if it cannot start.

    With ``extras``, in one that was built with this argument; only its layers are kept.
    """
    image = build(role)
    with locked(_cache() / ".lock"):
        ground = _base()
        buildah = _storage(role, ground)
        if extras:
            name = f"{image.name}-{extras}"
            buildah.build(name, _containerfile(role), CHECKOUT, {"BASE": ground.name, "EXTRAS": extras})
            return buildah.run(name, command)
        if not buildah.has(image):
            buildah.load(image)
        return buildah.run(image.name, command)


def _base() -> Image:
    month = datetime.now(UTC).strftime("%Y-%m")
    name = f"localhost/cliptask-base:{_SUITE}-{month}-{_digest([], _BASE, *_PACKAGES, *_NEVER_READ)}"
    archive = _archive(name)
    if archive.is_file():
        return Image(name, archive)
    _say(f"making {name} of Debian packages ...")
    with tempfile.TemporaryDirectory(prefix=".building-", dir=_cache()) as place:
        work = Path(place)
        _bootstrap(work / "system")
        _run(["tar", "--create", "--directory", work / "system", "--file", work / "system.tar", "."])
        (work / "Containerfile").write_text(_BASE)
        buildah = Buildah(work / "storage")
        buildah.build(name, work / "Containerfile", work)
        _forget("cliptask-base")
        return buildah.save(name, archive)


def _bootstrap(folder: Path) -> None:
    """A minimal Debian whose ``python`` may be asked for by that name. In its own mount namespace: nothing stays mounted."""
    _run(
        [
            "unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", _SUITE, folder,
        ]
    )  # fmt: skip
    (folder / "usr/bin/python").symlink_to("python3")
    for unread in _NEVER_READ:
        shutil.rmtree(folder / unread)
        (folder / unread).mkdir()


def _storage(role: Role, ground: Image) -> Buildah:
    """It keeps the layers of the libraries for as long as the lock, the recipe and the base are the same."""
    folder = _cache() / f"storage-{role}-{_digest(_recipe(role), ground.name)}"
    for old in _cache().glob(f"storage-{role}-*"):
        if old != folder:
            shutil.rmtree(old)
    buildah = Buildah(folder)
    if not buildah.has(ground):
        buildah.load(ground)
    return buildah


def _recipe(role: Role) -> list[Path]:
    return [
        _containerfile(role),
        CHECKOUT / "requirements-build.txt",
        *_files(_FOLDERS[role], "requirements*.txt"),
    ]


def _containerfile(role: Role) -> Path:
    return CHECKOUT / _FOLDERS[role] / "Containerfile"


def _files(folder: str, *patterns: str) -> list[Path]:
    found = {path for pattern in patterns for path in (CHECKOUT / folder).glob(pattern)}
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def _digest(files: Iterable[Path], *words: str) -> str:
    digest = hashlib.sha256()
    for word in words:
        digest.update(word.encode() + b"\0")
    for file in files:
        digest.update(str(file.relative_to(CHECKOUT)).encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _cache() -> Path:
    folder = Toolbox().folder / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _archive(name: str) -> Path:
    return _cache() / f"{name.rpartition('/')[2].replace(':', '-')}.tar"


def _forget(kind: str) -> None:
    """Drop the archives of earlier contents, but those that somebody has asked for of late: the tests of another checkout may run."""
    for old in _cache().glob(f"{kind}-*.tar"):
        if time.time() - old.stat().st_mtime > _KEPT_S:
            old.unlink()


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"{command[0]} failed:\n{(done.stdout + done.stderr)[-2000:]}"
        raise BuildFailed(message)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    for role in ("renderer", "operator"):
        sys.stdout.write(f"{build(role).archive}\n")
