"""How does a shell complete what is being typed? By a script that asks this program; kubectl asks it likewise."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, NoReturn

import typer
from typer.completion import get_completion_inspect_parameters, shell_complete

PROGRAM = "cliptask"
_PLUGIN = "kubectl clip"
ASKED = "_CLIPTASK_COMPLETE"
"""The variable by which a script asks; typer answers it instead of running a command."""
_LONGEST_S = 2.0
"""That somebody waits for the cluster after a tab."""
_NO_FILES = ":4"
"""The last line of an answer to kubectl: nothing but what stands above it (ShellCompDirectiveNoFileComp of spf13/cobra)."""


class Shell(StrEnum):
    """Whose script it is."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def completion(
    context: typer.Context,
    shell: Annotated[
        Shell, typer.Argument(metavar="SHELL", help="The shell that reads it: bash, zsh or fish.")
    ],
) -> None:
    """Print the script that has a shell complete commands, options, files and the names of the cluster's campaigns.

    In ~/.bashrc: source <(cliptask completion bash); in ~/.zshrc, after compinit: source <(cliptask completion zsh); in
    ~/.config/fish/config.fish: cliptask completion fish | source. kubectl's own completion goes on behind kubectl clip.
    """
    know_shells()
    shell_complete(context.find_root().command, {}, PROGRAM, ASKED, f"source_{shell}")


def know_shells() -> None:
    """Have typer know its shells: it does so where it is asked for options of its own."""
    get_completion_inspect_parameters()


def answer_kubectl(plugin: typer.Typer, words: Sequence[str]) -> None:
    """Print what could stand for the last word behind ``kubectl clip``, a line each, as kubectl reads it from its plugins.

    That is how typer answers fish, with a line at the end.
    """
    *before, last = words or [""]
    typed = shlex.join(["clip", *before]) + f" {shlex.quote(last) if last else ''}"
    os.environ |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "_TYPER_COMPLETE_ARGS": typed}
    know_shells()
    shell_complete(typer.main.get_command(plugin), {}, _PLUGIN, ASKED, "complete_fish")
    typer.echo(_NO_FILES)


def task_names(context: typer.Context) -> list[str]:
    """ClipTasks of the namespace and the context that were typed; none where the cluster does not say within 2 s.

    For a process that only completes: it says nothing else, and ends when the time is over.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    from cliptask_operator.kubernetes.client import KubernetesClient  # noqa: PLC0415  only where it is used, and no wait for a cluster

    async def asked() -> list[str]:
        async with KubernetesClient(context=context.params.get("context")) as cluster:
            found = await cluster.tasks(context.params.get("namespace") or cluster.namespace)
        return [body["metadata"]["name"] for body in found]

    signal.signal(signal.SIGALRM, lambda *_: _give_up(context))
    signal.setitimer(signal.ITIMER_REAL, _LONGEST_S)
    try:
        return asyncio.run(asked())
    except Exception:  # noqa: BLE001  whatever it is, a prompt is no place to say it
        return []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)  # at its end Python listens no more, and would be killed


def _give_up(context: typer.Context) -> NoReturn:
    """End as with no names. Not by an exception: one that is raised at any moment may be swallowed."""
    if context.find_root().info_name == _PLUGIN:
        os.write(1, f"{_NO_FILES}\n".encode())
    os._exit(0)


def nothing() -> list[str]:
    """Leaves it to the shell, which knows files better."""
    return []
