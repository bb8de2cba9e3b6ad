"""How is a thread not left to itself? Whoever is cancelled while it works goes on once it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def whole_thread(do: Callable[..., T], *arguments: object) -> T:
    """``asyncio.to_thread``, for what must not go on beside what comes after a cancellation, as writing and removing."""
    thread = asyncio.ensure_future(asyncio.to_thread(do, *arguments))
    cancelled: asyncio.CancelledError | None = None
    while not thread.done():
        try:
            await asyncio.wait([thread])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not thread.cancelled():
            thread.exception()  # asked for, lest asyncio complains: nobody waits for it any more
        raise cancelled
    return thread.result()
