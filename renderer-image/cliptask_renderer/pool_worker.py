"""What does a process of a pool do? Parts as a Job's pod makes them, and videos of parts that are there, many at a time."""

from __future__ import annotations

from pathlib import Path

from cliptask.errors import ClipTaskError, OutputError
from cliptask.orders import WorkOrder
from cliptask_renderer.storage.open import open_store


def execute(order: WorkOrder, scratch: Path | None = None) -> None:
    """Make everything; raises why not. See ``build.execute``.

    The media libraries are imported by the process that uses them: whoever plans need not have them.
    """
    from cliptask_renderer import build  # noqa: PLC0415  see above

    for error in build.execute(order, lambda _line: None, scratch).values():
        raise error


def make_videos(order: WorkOrder, scratch: Path | None = None) -> tuple[ClipTaskError | None, ...]:
    """Make the order's videos; returns for each, in their order, why it is not there.

    Raises ``OutputError`` where one cannot be written: the next would meet it too.
    """
    from cliptask_renderer import build  # noqa: PLC0415  as above

    cache, errors = open_store(order.cache, scratch), list[ClipTaskError | None]()
    with open_store(order.output, scratch).together() as output:
        for each in order.variants:
            try:
                build.make_variant(
                    cache, output, order.task, each.name, each.order, order.places, order.secrets
                )
            except OutputError:
                raise
            except ClipTaskError as error:
                errors.append(error)
            else:
                errors.append(None)
    return tuple(errors)
