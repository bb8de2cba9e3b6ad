from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

import cliptask
from cluster import images
from cluster.images import CHECKOUT, Role
from cluster.images_buildah import Image

ROLES: tuple[Role, ...] = get_args(Role)
FOLDERS = {"renderer": "renderer-image", "operator": "operator"}
MB = 10**6
LARGEST_MB = {"renderer": 675, "operator": 530}
"""Over the base, not compressed. A registry holds about a third of it. Fonts for twenty scripts and what reads them take 75 MB in both,
the clients of S3 and Azure 20 MB in both, Typst, which draws, 81 MB in the renderer's, and what signs videos 24 MB."""
PROGRAM_MB = 11
"""Five are the font of emoji."""

_PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)(?: ; ([^\\]*\S))?", re.MULTILINE)


def e2e(test: Callable[..., None]) -> Callable[..., None]:
    """Builds an image; the first build on a machine downloads a Debian and all libraries."""
    marked: Callable[..., None] = pytest.mark.e2e(pytest.mark.timeout(1800)(test))
    return marked


def pins(lock: Path) -> set[tuple[str, ...]]:
    """Each line of a lock that names a version: (name, version, on which platforms)."""
    return set(_PIN.findall(lock.read_text()))


def files(image: Image) -> Iterator[str]:
    """The paths in the layers that were built on the base, without a leading slash."""
    with tarfile.open(image.archive) as archive:
        for name, _ in image.layers[1:]:
            with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                yield from layer.getnames()


def output(role: Role, *command: str, extras: str = "") -> str:
    """What a command in the role's container prints."""
    ran = images.run(role, *command, extras=extras)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module", params=ROLES)
def role(request: pytest.FixtureRequest) -> Role:
    """Each role in turn."""
    chosen: Role = request.param
    return chosen


@pytest.fixture(scope="module")
def image(role: Role) -> Image:
    """The role's image, built from this checkout."""
    return images.build(role)


@pytest.mark.parametrize(
    "lock", ["renderer-image/requirements.txt", "operator/requirements.txt",
             "operator/requirements-espeak.txt", "requirements-build.txt"],
)  # fmt: skip
def test_an_image_installs_the_versions_that_are_tested(lock: str) -> None:
    """A lock of an image that was left behind would ship libraries that no test has seen."""
    everything = pins(CHECKOUT / "requirements.txt")

    parts = pins(CHECKOUT / lock)

    assert parts
    # What is for some systems alone in an image may be for all in the tests.
    assert {pin for pin in parts if (*pin[:2], "") not in everything} <= everything


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_an_image_built_by_hand_bears_the_program_s_version(folder: str) -> None:
    """A new version would be labelled as the one before."""
    containerfile = (CHECKOUT / folder / "Containerfile").read_text()

    assert f"ARG VERSION={cliptask.__version__}\n" in containerfile


@e2e
def test_it_says_what_it_is(image: Image, role: Role) -> None:
    """A registry would show a nameless image, and nobody could tell under which licence it comes."""
    labels = image.config["Labels"]

    assert labels["org.opencontainers.image.title"] == f"cliptask-{role}"
    assert labels["org.opencontainers.image.version"] == cliptask.__version__
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0 AND OFL-1.1"
    assert labels["org.opencontainers.image.description"]


@e2e
def test_it_runs_as_nobody_in_particular(image: Image, role: Role) -> None:
    """``runAsNonRoot`` needs a number: a name, or root, would be refused by a restricted namespace."""
    user = image.config["User"]

    assert user == "65532:65532"
    assert output(role, "id", "-u").strip() == "65532"


@e2e
def test_it_is_as_small_as_it_was(image: Image, role: Role) -> None:
    """Every node that runs a Job pulls it: a library too many costs each of them."""
    _, libraries, program, *work = (size / MB for _, size in image.layers)

    assert libraries + program < LARGEST_MB[role]
    assert program < PROGRAM_MB, "a new version of the program alone would ship the libraries again"
    assert sum(work) < 1


@e2e
def test_it_holds_its_role_s_libraries_and_no_others(role: Role) -> None:
    """What is not there needs no update and cannot be abused: no MoviePy in the operator, no kopf in a Job, no pip in both."""
    code = (
        "import importlib.metadata as m, json; print(json.dumps([d.name.lower() for d in m.distributions()]))"
    )

    found = {name.replace("_", "-") for name in json.loads(output(role, "python", "-c", code))}

    locked = {name for name, *_ in pins(CHECKOUT / FOLDERS[role] / "requirements.txt")}
    assert found - {"cliptask-video"} <= locked
    assert found >= {"cliptask-video", "pydantic", "av", "google-cloud-storage", "manimgx-fonts", "uharfbuzz"}
    others = {
        "renderer": {"kopf", "kubernetes", "httpx", "elevenlabs"},
        "operator": {"moviepy", "numpy", "imageio-ffmpeg"},
    }
    assert not found & (others[role] | {"pip", "pytest", "hatchling", "espeakng-loader"})


@e2e
def test_it_keeps_no_trace_of_where_it_was_built(image: Image) -> None:
    """An address or a password of the builder's package index would be published with the image."""
    outside = [path for path in files(image) if not re.match(r"(opt(/cliptask.*)?|work)$", path)]

    assert outside == []
    assert not [line for line in image.config["Env"] if line.startswith(("PIP_", "HTTP", "http", "SSL"))]


@e2e
def test_everything_is_compiled_beforehand(role: Role) -> None:
    """Starting would take twice as long, in every Job."""
    code = (
        "import pathlib, sys, sysconfig, importlib.util as u\n"
        "for place in (pathlib.Path(sysconfig.get_path('purelib')),):\n"
        "    for path in [*place.glob('cliptask*/*.py'), *place.glob('pydantic/*.py'), *place.glob('av/*.py')]:\n"
        "        pathlib.Path(u.cache_from_source(path)).exists() or print(path)\n"
    )

    assert output(role, "python", "-c", code) == ""


@e2e
def test_a_file_that_a_task_brought_is_never_imported(role: Role) -> None:
    """A source named ``json.py`` in the working folder would become code of the Job."""
    code = "open('/work/colorsys.py', 'w').write('raise SystemExit(66)')"

    ran = images.run(role, "sh", "-c", f'cd /work && python -c "{code}" && python -c "import colorsys"')

    assert ran.returncode == 0, ran.stderr


@e2e
def test_the_operator_starts() -> None:
    """An image without what its first import needs would crash in the cluster and nowhere else."""
    operator = images.build("operator")

    ran = output("operator", *operator.config["Entrypoint"], "--help")

    assert "operator" in ran
    assert operator.config["Cmd"] == ["operator"]


@e2e
def test_the_operator_speaks_by_itself_where_it_was_asked_to() -> None:
    """Tasks that name the voice espeak-ng would need an image of one's own making."""
    code = (
        "import asyncio; from cliptask_operator.speech.espeak import speak\n"
        "print(asyncio.run(speak('Spring is here.', 'en')).duration_s)"
    )

    assert 0.5 < float(output("operator", "python", "-c", code, extras="espeak")) < 3


@e2e
def test_the_renderer_asks_for_its_work_order() -> None:
    """An image without what its first import needs would crash in the cluster and nowhere else."""
    renderer = images.build("renderer")

    ran = images.run("renderer", *renderer.config["Entrypoint"])

    assert "Traceback" not in ran.stderr + ran.stdout
    assert ran.returncode != 0


@e2e
def test_nothing_is_built_twice(role: Role, image: Image) -> None:
    """Each run of the tests would take a minute longer for each image."""
    before = image.archive.stat().st_ino

    again = images.build(role)

    assert again == image
    assert again.archive.stat().st_ino == before
