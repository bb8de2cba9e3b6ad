"""What does a process of a pool do? One work order, as a Job's pod does."""

from __future__ import annotations

from pathlib import Path

from cliptask.orders import WorkOrder


def execute(order: WorkOrder, scratch: Path | None = None) -> None:
    """Make everything; raises why not. See ``build.execute``.

    The media libraries are imported by the process that uses them: whoever plans need not have them.
    """
    from cliptask_renderer import build  # noqa: PLC0415  see above

    for error in build.execute(order, lambda _line: None, scratch).values():
        raise error
