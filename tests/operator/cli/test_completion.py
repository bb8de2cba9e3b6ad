"""What a tab does, in real shells: commands, options, choices, files and the cluster's campaigns; and never a word of trouble."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer

from cliptask_operator.cli import app
from support.terminal import Terminal, plain, running

PROGRAMS = Path(sys.executable).parent
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source <(cliptask completion bash)"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u; source <(cliptask completion zsh)"),
    "fish": (["fish", "--no-config", "-i"], "cliptask completion fish | source"),
}
"""How each is started without anybody's settings, and what its page in the documentation says to write into them."""


def environment(folder: Path) -> dict[str, str]:
    """Of somebody who has the program, and no cluster."""
    return {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "HOME": str(folder),
        "KUBECONFIG": str(folder / "none"),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "PS1": "",
    }


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Each that is installed."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


@contextmanager
def typing(shell: str, folder: Path) -> Iterator[Terminal]:
    """A shell that has read its script, in a folder with two files."""
    (folder / "spring.yaml").touch()
    (folder / "autumn.yaml").touch()
    command, settings = SHELLS[shell]
    with running(command, environment(folder), folder) as (terminal, _):
        terminal.type(f"{settings}; echo rea''dy\r")
        terminal.read(until="ready\n")
        yield terminal


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("cliptask vali", "cliptask validate "),
        ("cliptask status --onc", "cliptask status --once "),
        ("cliptask plan -o mark", "cliptask plan -o markdown "),
        ("cliptask completion zs", "cliptask completion zsh "),
        ("cliptask render spr", "cliptask render spring.yaml "),
        ("cliptask render spring.yaml --scratch aut", "cliptask render spring.yaml --scratch autumn.yaml "),
    ],
)
def test_a_tab_completes_what_is_typed(shell: str, tmp_path: Path, typed: str, becomes: str) -> None:
    """Somebody would have to know every command, option and choice by heart."""
    with typing(shell, tmp_path) as terminal:
        terminal.type(f"{typed}\t")
        terminal.read(until=becomes)


def test_without_a_cluster_a_tab_after_status_says_nothing(shell: str, tmp_path: Path) -> None:
    """An error between the letters that somebody is typing could not be told from them."""
    with typing(shell, tmp_path) as terminal:
        terminal.type("cliptask status no-such\t")
        terminal.type("\x01: \x05; echo 'do''ne'\r")
        seen = plain(terminal.read(until="done\n"))

    assert "rror" not in seen
    assert "onfig" not in seen


Complete = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def complete(tmp_path: Path) -> Complete:
    """What kubectl is told where somebody presses a tab behind these words."""

    def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAMS / "kubectl_complete-clip", *words], env=environment(tmp_path) | settings,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("",), ["status", "logs"]),
        (("sta",), ["status"]),
        (("status", "-o", ""), ["table", "json", "yaml"]),
        (("status", "it's", "--onc"), ["--once"]),
        (("logs", "a b", "--fa"), ["--failed"]),
    ],
)
def test_kubectl_completes_the_plugin(complete: Complete, words: tuple[str, ...], values: list[str]) -> None:
    """``kubectl clip`` would be the one command of kubectl that a tab does nothing for."""
    ran = complete(*words)

    *lines, last = ran.stdout.splitlines()
    assert ([line.partition("\t")[0] for line in lines], last) == (values, ":4")


def test_where_no_cluster_answers_kubectl_is_told_nothing(complete: Complete) -> None:
    """A tab would show a stack of retries."""
    ran = complete("status", "")

    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, ":4", "")


def test_of_a_cluster_that_never_answers_too(complete: Complete, tmp_path: Path) -> None:
    """Somebody would wait at a prompt, and kubectl without a last line offers the folder's files."""
    with socket.create_server(("127.0.0.1", 0)) as server:  # which accepts, and says nothing
        cluster = {"server": f"http://127.0.0.1:{server.getsockname()[1]}"}
        settings = {
            "apiVersion": "v1", "kind": "Config", "current-context": "silent",
            "clusters": [{"name": "silent", "cluster": cluster}],
            "contexts": [{"name": "silent", "context": {"cluster": "silent", "user": "nobody"}}],
            "users": [{"name": "nobody", "user": {}}],
        }  # fmt: skip
        (tmp_path / "config").write_text(json.dumps(settings))

        ran = complete("status", "", KUBECONFIG=str(tmp_path / "config"))

        server.settimeout(0)
        server.accept()[0].close()  # it was asked
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, ":4", "")


def test_no_option_completes_to_itself() -> None:
    """A shell takes a lone proposal and types on behind it: the file that somebody began to name would never be found."""
    command = typer.main.get_command(app.app)
    context = command.make_context("cliptask", [], resilient_parsing=True)
    wrong = []
    for name in command.list_commands(context):  # type: ignore[attr-defined]
        each = command.get_command(context, name)  # type: ignore[attr-defined]
        within = each.make_context(name, [], parent=context, resilient_parsing=True)
        others = [parameter for parameter in each.params if parameter.name != "name"]  # that asks the cluster
        wrong += [
            (name, parameter.name)
            for parameter in others
            if "abc" in {item.value for item in parameter.shell_complete(within, "abc")}
        ]

    assert wrong == []
