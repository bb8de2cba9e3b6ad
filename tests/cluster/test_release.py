"""The release that ``make release-check`` has built, by those who install it: nothing of the checkout but what is in it."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cluster import release
from cluster.helm import helm
from cluster.images import CHECKOUT, Role
from cluster.installation import NAME, Installation
from cluster.node import real_cluster
from cluster.site import Site
from support import media

pytestmark = [pytest.mark.release, pytest.mark.timeout(900)]

PACKAGES = {"cliptask", "cliptask_operator", "cliptask_renderer"}


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    """These tests are about files that somebody has built."""
    if not release.SUMS.is_file():
        pytest.fail("there is no release in build/release: run make release-check")


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints, without anything of this environment. Raises AssertionError with its own words."""
    done = subprocess.run(
        command, cwd=cwd, env={"PATH": "/usr/bin:/bin", "HOME": str(cwd)}, capture_output=True, text=True, check=False, timeout=600
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of somebody who has the release and no checkout: the wheel in an environment of its own."""
    folder = tmp_path_factory.mktemp("home")
    pins = re.findall(r"^[a-z0-9._-]+==[^\\\n]+", (CHECKOUT / "requirements.txt").read_text(), re.MULTILINE)
    (folder / "constraints.txt").write_text("\n".join(pins))
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip: list[str | Path] = [
        folder / "venv/bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    # This environment, for where the machine's packages come from.
    subprocess.run([*pip, f"{release.WHEEL}[local]", "--constraint", folder / "constraints.txt"], check=True)
    return folder


def test_the_checksums_are_those_of_the_files() -> None:
    """Whoever checks what they have downloaded would throw away what is right."""
    lines = (line.split("  ") for line in release.SUMS.read_text().splitlines())
    told = {name: digest for digest, name in lines}

    found = {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest()
        for each in release.RELEASE.iterdir()
        if each != release.SUMS
    }
    assert told == found
    assert len(told) == 4


def test_the_wheel_has_the_program_and_nothing_else() -> None:
    """Tests in a wheel would land in everybody's site-packages."""
    with zipfile.ZipFile(release.WHEEL) as wheel:
        tops = {name.partition("/")[0] for name in wheel.namelist()}

    assert tops == PACKAGES | {f"cliptask-{release.VERSION}.dist-info"}


def test_everything_is_of_the_newest_version_of_the_changelog() -> None:
    """Something that was built before the version was raised would be released under the wrong one."""
    changelog = (CHECKOUT / "CHANGELOG.md").read_text()
    newest = re.findall(r"^## (\d+\.\d+\.\d+)", changelog, re.MULTILINE)[0]
    chart = yaml.safe_load(helm("show", "chart", release.PACKAGED_CHART))
    labels = [release.image(role).config["Labels"] for role in ("operator", "renderer")]

    assert {release.VERSION, chart["version"], chart["appVersion"]} == {newest}
    assert {each["org.opencontainers.image.version"] for each in labels} == {newest}


@pytest.mark.parametrize("role", ["operator", "renderer"])
def test_an_image_has_the_wheels_program(role: Role) -> None:
    """What runs in the cluster would be another program than the one on the laptop, under one version."""
    with zipfile.ZipFile(release.WHEEL) as wheel:
        program = {name: wheel.read(name) for name in wheel.namelist() if name.partition("/")[0] in PACKAGES}

    image, found = release.image(role), {}
    with tarfile.open(image.archive) as archive:
        for name, _ in image.layers:
            with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                for member in layer:
                    _, _, path = member.name.partition("/site-packages/")
                    if path in program and (file := layer.extractfile(member)) is not None:
                        found[path] = file.read()

    assert found == program


def test_the_wheel_makes_videos(home: Path) -> None:
    """Something that only a checkout has would be missing from what people install."""
    cliptask = home / "venv/bin/cliptask"
    for name, hue in (("a", 0), ("b", 120), ("c", 240)):
        media.clip(home / f"{name}.mp4", media.ClipLook(width=96, height=160, duration_s=0.5, hue=hue))
    task = {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": {"name": "camp"},
        "spec": {
            "videoBlocks": [
                {"name": "hook", "clips": [{"url": (home / f"{name}.mp4").as_uri()} for name in "ab"]},
                {"name": "end", "clips": [{"url": (home / "c.mp4").as_uri()}]},
            ],
            "speech": [{"voice": "espeak-ng", "text": "Buy!"}],
            "sound": {"overflow": "Trim"},
            "overlays": [{"text": "Today", "position": "bottom"}],
            "output": {"uri": "file:///nowhere"},
        },
    }
    (home / "cliptask.yaml").write_text(yaml.safe_dump(task))

    version = run(cliptask, "--version", cwd=home)
    said = run(cliptask, "render", "cliptask.yaml", "-o", "out", cwd=home)
    where = run(home / "venv/bin/python", "-c", "import cliptask; print(cliptask.__file__)", cwd=home)

    assert version.strip() == release.VERSION
    assert said.startswith("camp: 2 of 2 videos, 2 of them new")
    assert (home / "out/camp/gallery.html").is_file()
    assert Path(where.strip()).is_relative_to(home / "venv")
    assert "clip [OPTIONS]" in run(home / "venv/bin/kubectl-clip", "--help", cwd=home)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The packaged chart, on a real node that has the two images and no other of ours."""
    folder = tmp_path_factory.mktemp("node")
    with real_cluster(folder / "cluster", release.image("renderer"), release.image("operator")) as node:
        namespace = f"test-{uuid.uuid4().hex[:8]}"
        node.plane.kubectl("create", "namespace", namespace)
        node.plane.kubectl(
            "wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=60s"
        )
        site = Site(node.plane, node.bridge_address)
        with Installation(site, namespace, folder / "sources", release.PACKAGED_CHART) as installed:
            yield installed


def test_chart_and_images_make_videos(installation: Installation) -> None:
    """The images would bear other names than the chart asks for, or lack what it starts."""
    said = installation.helm("test", NAME, "--logs", "--timeout=200s")
    pods = installation.kubectl(
        "get", "pods", "--output=jsonpath={.items[*].spec.containers[*].image}"
    ).split()

    assert "2 videos in " in said
    assert set(pods) == {f"cliptask-operator:{release.VERSION}"}
