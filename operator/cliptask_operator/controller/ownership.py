"""Whose is an output folder? The first task that claims it keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from cliptask_operator.campaign.preflight import Refused
from cliptask_operator.campaign.publish import OWNER
from cliptask_operator.kubernetes.task_state import TaskRef
from cliptask_renderer.storage.base import Store


class OutputInUse(Refused):
    """The folder of its videos is another task's."""

    reason = "OutputInUse"


def claim(output: Store, task: TaskRef) -> None:
    """Make the task's folder its own. Raises ``OutputInUse`` where it is another's."""
    name, own = f"{task.name}/{OWNER}", _owner(task)
    # Create-only: where there is an owner, it is what comes back. The content is for people.
    found = output.put_bytes(name, json.dumps(own).encode(), own).metadata
    if found != own:
        whose = (
            "task {name} in namespace {namespace}".format_map(found)
            if _is_owner(found)
            else "nobody that can be read"
        )
        message = (
            f"{output.uri}/{task.name} belongs to {whose}: choose another spec.output.uri, or delete {name} there "
            "if that task is no more"
        )
        raise OutputInUse(message)


def is_held(output: Store, task: TaskRef) -> bool:
    """Whether the task's folder is its own."""
    found = output.stat(f"{task.name}/{OWNER}")
    return found is not None and found.metadata == _owner(task)


def _owner(task: TaskRef) -> dict[str, str]:
    """A task by its names, so that one that is created again is the same."""
    return {"namespace": task.namespace, "name": task.name}


def _is_owner(metadata: Mapping[str, str]) -> bool:
    return {"namespace", "name"} <= metadata.keys()
