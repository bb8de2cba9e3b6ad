"""Who makes what on one machine? A process of a pool makes parts as a Job's pod does, a thread videos of parts that are there, many at a time."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn

from cliptask.errors import ClipTaskError, OutputError
from cliptask.orders import VariantOrder, WorkOrder
from cliptask_renderer.media.ffmpeg import die_with_parent
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.scratch import abandon_all

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""A new process begins with these blocked, until it knows what to do about them."""


def begin(parent: int, niceness: int) -> None:
    """In each process: leave a terminal's signals to the parent, tidy up when told to end, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    die_with_parent()
    os.nice(niceness)
    if os.getppid() != parent:  # it ended before this process could ask to be told
        os._exit(1)


def _end(_number: int, _frame: object) -> NoReturn:
    # Not by an exception: one that is raised at any moment may be swallowed.
    abandon_all()
    os._exit(1)


def wait() -> None:
    """Do nothing: where processes are forked, all of them are with the first thing to do."""


def get_ready() -> int:
    """Load what making takes, so that the first part does not wait for it; returns the process's id."""
    from cliptask_renderer import carry_out  # noqa: F401, PLC0415  as below
    from cliptask_renderer.media import check, segment, sound, storyboard  # noqa: F401, PLC0415  as below

    return os.getpid()


def execute(order: WorkOrder, scratch: Path | None = None) -> None:
    """Make everything; raises why not. See ``carry_out.execute``.

    The media libraries are imported by the process that uses them: whoever plans need not have them.
    """
    from cliptask_renderer import carry_out  # noqa: PLC0415  see above

    for error in carry_out.execute(order, lambda _line: None, scratch).values():
        raise error


def make_videos(
    cache: Store,
    output: Store,
    order: WorkOrder,
    variants: Mapping[str, VariantOrder],
    goes_on: Callable[[], bool] = lambda: True,
) -> tuple[ClipTaskError | None, ...]:
    """Make videos, by their names, for what else ``order`` says; returns for each, in their order, why it is not there.

    No part is made: that would take a core beside the pool's, and could not be ended. Between two of them it ends where it
    no longer ``goes_on``. Raises ``OutputError`` where one cannot be written: the next would meet it too.
    """
    from cliptask_renderer import build  # noqa: PLC0415  as above

    errors: list[ClipTaskError | None] = []
    with output.together() as together:
        for name, each in variants.items():
            if not goes_on():
                break
            try:
                build.join_variant(cache, together, order.task, name, each, order.secrets)
            except OutputError:
                raise
            except ClipTaskError as error:
                errors.append(error)
            else:
                errors.append(None)
    return tuple(errors)
