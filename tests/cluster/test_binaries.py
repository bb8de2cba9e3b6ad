from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cluster.binaries import BuildFailed, Source, Tool, Toolbox

_MODULE, _VERSION = "example.com/hello", "v1.0.0"
_HELLO = Tool("hello", Source(_MODULE, _VERSION, linker_flags="-X main.word=hello"), f"{_MODULE}/cmd/greet")
_MAIN = 'package main\n\nvar word = "?"\n\nfunc main() { println(word) }\n'


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An empty cache, and a proxy in a folder that has one module of one line."""
    versions = tmp_path / "proxy" / _MODULE / "@v"
    versions.mkdir(parents=True)
    go_mod = f"module {_MODULE}\n\ngo 1.21\n"
    (versions / f"{_VERSION}.info").write_text(json.dumps({"Version": _VERSION}))
    (versions / f"{_VERSION}.mod").write_text(go_mod)
    with zipfile.ZipFile(versions / f"{_VERSION}.zip", "w") as archive:
        archive.writestr(f"{_MODULE}@{_VERSION}/go.mod", go_mod)
        archive.writestr(f"{_MODULE}@{_VERSION}/cmd/greet/main.go", _MAIN)
    return {
        **os.environ, "CLIPTASK_TOOLS": str(tmp_path / "tools"), "GOPROXY": (tmp_path / "proxy").as_uri(), "GOSUMDB": "off",
        "GOMODCACHE": str(tmp_path / "modules"), "GOFLAGS": "-modcacherw", "KUBEBUILDER_ASSETS": "",
    }  # fmt: skip


def toolbox(environment: dict[str, str], tool: Tool = _HELLO) -> Toolbox:
    """What knows one tool."""
    return Toolbox(environment, {tool.name: tool})


def test_a_second_call_builds_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    """Every run of the tests would take minutes longer."""
    first = toolbox(environment).binary("hello")
    built = first.stat().st_mtime_ns

    second = toolbox(environment | {"GOPROXY": "off", "PATH": ""}).binary("hello")

    assert second == first
    assert second.stat().st_mtime_ns == built
    assert second.parent.name.startswith(f"hello-{_VERSION}-{sys.platform}-")
    assert subprocess.run([second], capture_output=True, text=True, check=True).stderr == "hello\n"
    assert [path.name for path in (tmp_path / "tools").iterdir() if path.name.startswith(".building")] == []


def test_two_builders_at_once_build_once(
    environment: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Two test runs would build the same for minutes, or read half a file."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: toolbox(environment).binary("hello"), range(2))

    assert first == second
    assert capfd.readouterr().err.count("building hello") == 1


def test_another_version_does_not_replace_the_first(environment: dict[str, str]) -> None:
    """A checkout with another pin would build each time that somebody changes branches."""
    first = toolbox(environment).binary("hello")
    versions = Path(environment["GOPROXY"].removeprefix("file://")) / _MODULE / "@v"
    (versions / "v1.1.0.info").write_text(json.dumps({"Version": "v1.1.0"}))
    (versions / "v1.1.0.mod").write_text(f"module {_MODULE}\n\ngo 1.21\n")
    with zipfile.ZipFile(versions / "v1.1.0.zip", "w") as archive:
        archive.writestr(f"{_MODULE}@v1.1.0/go.mod", f"module {_MODULE}\n\ngo 1.21\n")
        archive.writestr(f"{_MODULE}@v1.1.0/cmd/greet/main.go", _MAIN)

    second = toolbox(environment, Tool("hello", Source(_MODULE, "v1.1.0"), _HELLO.package)).binary("hello")

    assert second != first
    assert first.is_file()


def test_a_build_that_fails_leaves_nothing_and_says_why(environment: dict[str, str], tmp_path: Path) -> None:
    """A broken program would be taken for a good one ever after."""
    wrong = Tool("hello", _HELLO.source, f"{_MODULE}/cmd/absent")

    with pytest.raises(BuildFailed, match="cmd/absent"):
        toolbox(environment, wrong).binary("hello")

    assert [path.name for path in (tmp_path / "tools").iterdir() if path.is_dir()] == []


def test_the_files_of_a_module_are_at_hand(environment: dict[str, str]) -> None:
    """Manifests would have to be copied into this repository, and be those of another version one day."""
    files = toolbox(environment).module(_HELLO.source)

    assert (files / "cmd" / "greet" / "main.go").read_text() == _MAIN


def test_assets_that_are_given_are_used_as_they_are(environment: dict[str, str], tmp_path: Path) -> None:
    """Who has envtest's programs would wait for a build of the same."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "etcd").touch()

    given = Toolbox(environment | {"KUBEBUILDER_ASSETS": str(assets), "GOPROXY": "off"}).binary("etcd")

    assert given == assets / "etcd"


def test_the_cache_lies_where_caches_lie(tmp_path: Path) -> None:
    """Programs of hundreds of megabytes would be built again in each checkout."""
    home = {"HOME": str(tmp_path)}

    assert Toolbox(home).folder == tmp_path / ".cache/cliptask/tools"
    assert Toolbox(home | {"XDG_CACHE_HOME": "/var/x"}).folder == Path("/var/x/cliptask/tools")
    assert Toolbox(home | {"CLIPTASK_TOOLS": "/srv/tools"}).folder == Path("/srv/tools")
