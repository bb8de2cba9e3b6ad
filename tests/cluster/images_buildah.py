"""How is an image built without a registry and without Docker? By buildah, in a storage of its own, into an archive."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CERTIFICATES = Path("/etc/ssl/certs")
_WHERE_PACKAGES_COME_FROM = (
    "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "client-cert", "proxy",
    "timeout", "default-timeout", "retries",
)  # fmt: skip


class BuildFailed(RuntimeError):
    """buildah, or what it ran, failed; the message ends with its last words."""


@dataclass(frozen=True)
class Image:
    """An image in an archive that ``ctr images import`` and ``docker load`` read."""

    name: str
    """With its tag, which changes with its content."""
    archive: Path

    @property
    def config(self) -> Mapping[str, Any]:
        """What the image says of itself: ``User``, ``Labels``, ``Entrypoint``, ``Env`` ..."""
        with tarfile.open(self.archive) as archive:
            manifest = json.load(_member(archive, "manifest.json"))
            config: Mapping[str, Any] = json.load(_member(archive, manifest[0]["Config"]))["config"]
        return config

    @property
    def layers(self) -> tuple[tuple[str, int], ...]:
        """Its layers from the base up, each with its size in bytes, not compressed."""
        with tarfile.open(self.archive) as archive:
            manifest = json.load(_member(archive, "manifest.json"))
            return tuple((name, archive.getmember(name).size) for name in manifest[0]["Layers"])


class Buildah:
    """buildah with its storage in ``folder``: the machine's own images are neither seen nor touched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def build(
        self, name: str, containerfile: Path, context: Path, arguments: Mapping[str, str] | None = None
    ) -> None:
        """Build an image. Layers that are there already are not built again. Raises BuildFailed."""
        with _pip_configuration(self._folder) as volumes:
            self._buildah(
                "bud", "--isolation=chroot", "--network=host", "--layers", "--pull-never", "--format=docker",
                f"--ignorefile={os.devnull}",
                *(f"--volume={volume}" for volume in volumes),
                *(f"--build-arg={key}={value}" for key, value in (arguments or {}).items()),
                f"--file={containerfile}", f"--tag={name}", str(context),
            )  # fmt: skip

    def has(self, image: Image) -> bool:
        """Is it in the storage?"""
        return self._command("inspect", "--type=image", image.name).returncode == 0

    def load(self, image: Image) -> None:
        """Take an image from its archive into the storage. Raises BuildFailed."""
        self._buildah("pull", "--quiet", f"docker-archive:{image.archive}")

    def save(self, name: str, archive: Path, new_name: str | None = None) -> Image:
        """Write an image to an archive, which appears complete, perhaps under another name. Raises BuildFailed."""
        saved = Image(new_name or name, archive)
        partial = archive.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        self._buildah("push", "--quiet", name, f"docker-archive:{partial}:{saved.name}")
        partial.rename(archive)
        return saved

    def run(self, name: str, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in an image of the storage, as its user; the container is removed. Raises BuildFailed."""
        container = self._buildah("from", "--quiet", "--pull-never", name).strip()
        try:
            return self._command("run", "--isolation=chroot", container, "--", *command)
        finally:
            self._buildah("rm", container)

    def _buildah(self, *arguments: str) -> str:
        done = self._command(*arguments)
        if done.returncode != 0:
            message = f"buildah {arguments[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}"
            raise BuildFailed(message)
        return done.stdout

    def _command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # The storage mounts itself; in a namespace of its own no mount stays behind, whatever happens.
        command = [
            "unshare", "--mount", "buildah", f"--root={self._folder / 'root'}", f"--runroot={self._folder / 'run'}",
            "--storage-driver=overlay", *arguments,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=False)


@contextmanager
def _pip_configuration(folder: Path) -> Iterator[list[str]]:
    """Volumes that let pip in a build take packages from where this machine's pip takes them; in no layer of an image."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    settings: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        option = key.rpartition(".")[2]
        if option in _WHERE_PACKAGES_COME_FROM:
            # The environment's settings are listed first and win.
            settings.setdefault(option, str(ast.literal_eval(value)))
    file = folder / "pip.conf"
    file.touch(mode=0o600)
    lines = [f"{key} = {' '.join(value.split())}" for key, value in settings.items()]
    file.write_text("\n".join(["[global]", *lines, ""]))
    paths = [Path(word) for value in settings.values() for word in value.split() if word.startswith("/")]
    mounted = dict.fromkeys(
        [_CERTIFICATES, *(path for path in paths if not path.is_relative_to(_CERTIFICATES))]
    )
    try:
        yield [f"{file}:/etc/pip.conf:ro", *(f"{path}:{path}:ro" for path in mounted if path.exists())]
    finally:
        file.unlink()


def _member(archive: tarfile.TarFile, name: str) -> Any:  # noqa: ANN401  a file that json reads
    file = archive.extractfile(name)
    assert file is not None
    return file
