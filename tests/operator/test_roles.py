"""Who installs the wheel gets all that a laptop does; each image holds its role's libraries alone."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support import confined
from support.signing import Authority
from support.studio import Studio, objects

CHECKOUT = Path(__file__).parents[2]
ROOMS = {
    "operator/cliptask_operator/controller": "operator",
    "operator/cliptask_operator/gateway": "gateway",
    "renderer-image/cliptask_renderer/signing": "credentials",
}
"""What not everybody needs, and the extra that brings its libraries."""
SERVES = {"operator/cliptask_operator/settings/logs.py"}
"""What only these rooms import."""


def declared(extra: str = "") -> set[str]:
    """The distributions that the wheel asks for, with those of an extra."""
    wanted = map(Requirement, requires(confined.OURS) or [])
    return {
        canonicalize_name(each.name)
        for each in wanted
        if each.marker is None or (extra and each.marker.evaluate({"extra": extra}))
    }


def imports(file: Path) -> Iterator[str]:
    """The full names of what a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_what_a_room_imports_is_what_its_extra_declares() -> None:
    """A library that comes along with another one is gone with the other's next version; one that is in no list breaks the first start."""
    owners = packages_distributions()
    undeclared: dict[str, list[str]] = {}
    for folder in ("crds/cliptask", "renderer-image/cliptask_renderer", "operator/cliptask_operator"):
        for file in sorted((CHECKOUT / folder).rglob("*.py")):
            name = str(file.relative_to(CHECKOUT))
            extra = next((extra for room, extra in ROOMS.items() if name.startswith(room)), "")
            known = declared(extra) | (
                declared("operator") & declared("gateway") if name in SERVES else set()
            )
            for module in imports(file):
                top = module.partition(".")[0]
                is_another = top not in sys.stdlib_module_names and not re.match("cliptask|_typeshed", top)
                if is_another and not {canonicalize_name(each) for each in owners.get(top, [])} & known:
                    undeclared.setdefault(name, []).append(module)

    assert undeclared == {}


def test_the_wheel_s_own_libraries_make_a_campaign(tmp_path: Path) -> None:
    """``pip install`` would give a program that dies of what it cannot import, in the middle of the first campaign."""
    studio = Studio(tmp_path, confined.confine(confined.needed(confined.OURS), tmp_path))
    task = studio.write(
        [[0, 1], [2]], tracks=1, lines=1, overlays=[{"text": "Now"}, {"image": {"url": studio.picture()}}],
        sound={"overflow": "Trim"},
    )  # fmt: skip

    ran = [
        studio.run("--version"),
        studio.run("validate", task),
        studio.run("plan", task, "-d", tmp_path / "out"),
        studio.run("render", task, "-d", tmp_path / "out"),
        studio.run("voices"),
        studio.run("completion", "bash"),
    ]

    assert [each.stderr for each in ran if each.returncode] == []
    assert len(objects(tmp_path / "out", "camp/*.mp4")) == 2
    assert objects(tmp_path / "out", "camp/gallery.html")


@pytest.mark.parametrize(
    ("command", "extra"), [("operator", "operator"), ("gateway", "gateway")]
)  # fmt: skip
def test_what_serves_a_cluster_says_what_to_install(tmp_path: Path, command: str, extra: str) -> None:
    """A traceback would tell the name of a library, and not what brings it."""
    studio = Studio(tmp_path, confined.confine(confined.needed(confined.OURS), tmp_path))

    ran = studio.run(command)

    assert ran.returncode == 78
    assert f"pip install 'cliptask-video[{extra}]'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_signs_videos_says_what_to_install(tmp_path: Path) -> None:
    """As above, of a library that few need."""
    Authority().issue(tmp_path / "secrets" / "ads")
    own = confined.confine(confined.needed(confined.OURS), tmp_path)
    studio = Studio(tmp_path, own | {"CLIPTASK_SECRETS": str(tmp_path / "secrets")})
    task = studio.write([[0]], disclosure={"credentials": {"secretName": "ads"}})

    ran = studio.run("render", task, "-d", tmp_path / "out")

    assert ran.returncode == 78
    assert "pip install 'cliptask-video[credentials]'" in ran.stderr.replace("\n", " ")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    "missing",
    ["typer", "pydantic", "jinja2", "moviepy", "typst", "uharfbuzz", "imageio-ffmpeg", "av", "httpx"],
)
def test_a_library_that_is_gone_is_named_with_the_remedy(tmp_path: Path, missing: str) -> None:
    """Half an installation would end in a traceback, of a process of a pool at that."""
    rest = confined.needed(confined.OURS) - {missing}
    studio = Studio(tmp_path, confined.confine(rest, tmp_path))
    task = studio.write([[0]], overlays=[{"text": "Now", "in": {"kind": "pop"}}])

    ran = studio.run("render", task, "-d", tmp_path / "out")

    assert ran.returncode == 78
    assert f"the Python module {missing.replace('-', '_')} is not installed" in ran.stderr
    assert "pip install --force-reinstall cliptask-video" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_operator_plans_with_the_libraries_of_its_image(tmp_path: Path) -> None:
    """It would otherwise carry MoviePy and ffmpeg, 200 MB that it never runs."""
    locked = confined.pinned(CHECKOUT / "operator/requirements.txt")
    studio = Studio(tmp_path)
    task = studio.write(
        [[0, 1], [2]], tracks=1, lines=1, overlays=[{"text": "Now"}, {"image": {"url": studio.picture()}}]
    )
    confined_to_it = Studio(tmp_path, confined.confine(locked, tmp_path))

    ran = confined_to_it.run("plan", task, "--speech", "none")  # it has no robot
    served = confined.run(
        "import cliptask_operator.controller.main, cliptask_operator.gateway.server",
        confined_to_it.clean_environment(),
    )

    assert ran.returncode == 0, ran.stderr
    assert served.returncode == 0, served.stderr
    assert not locked & {"moviepy", "numpy", "imageio-ffmpeg", "espeakng-loader"}


def test_the_renderer_starts_with_the_libraries_of_its_image(tmp_path: Path) -> None:
    """A Job's container has no HTTP client and no speech client: what is not there cannot be abused."""
    locked = confined.pinned(CHECKOUT / "renderer-image/requirements.txt")
    environment = Studio(tmp_path, confined.confine(locked, tmp_path)).clean_environment()
    modules = [
        ".".join(file.relative_to(CHECKOUT / "renderer-image").with_suffix("").parts)
        for file in sorted((CHECKOUT / "renderer-image/cliptask_renderer").rglob("*.py"))
        if file.stem != "__main__"
    ]

    ran = confined.run(f"import {', '.join(modules)}", environment)

    assert ran.returncode == 0, ran.stderr
    assert not locked & {
        "httpx",
        "elevenlabs",
        "stamina",
        "typer",
        "jinja2",
        "pydantic-settings",
        "espeakng-loader",
    }
