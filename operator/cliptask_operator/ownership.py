"""Whose is an output folder? The first task that claims it keeps it."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError

from cliptask_operator.admission import OutputInUse
from cliptask_operator.jobs import TaskRef
from cliptask_operator.publish import OWNER
from cliptask_renderer.store import Store


class Owner(BaseModel):
    """A task by its names, so that one that is created again is the same."""

    namespace: str
    name: str


def claim(output: Store, task: TaskRef) -> None:
    """Make the task's folder its own. Raises ``OutputInUse`` where it is another's."""
    name, own = f"{task.name}/{OWNER}", _owner(task)
    output.put_bytes(name, own.model_dump_json().encode())
    found = _found(output, task)
    if found != own:
        whose = f"task {found.name} in namespace {found.namespace}" if found else "nobody that can be read"
        message = (
            f"{output.uri}/{task.name} belongs to {whose}: choose another spec.output.uri, or delete {name} there "
            "if that task is no more"
        )
        raise OutputInUse(message)


def is_held(output: Store, task: TaskRef) -> bool:
    """Whether the task's folder is its own."""
    return _found(output, task) == _owner(task)


def _owner(task: TaskRef) -> Owner:
    return Owner(namespace=task.namespace, name=task.name)


def _found(output: Store, task: TaskRef) -> Owner | None:
    try:
        return Owner.model_validate_json(output.read(f"{task.name}/{OWNER}"))
    except (KeyError, ValidationError):
        return None
