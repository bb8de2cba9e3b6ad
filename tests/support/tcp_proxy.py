"""What is between two programs, and can fall silent? A TCP proxy on loopback.

::

    with TcpProxy(port_of_the_server) as proxy:
        connect(proxy.port)
        proxy.silence()  # connections that there are stay open and say nothing any more; new ones work
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Self

_PIECE = 1 << 16


class TcpProxy:
    """Passes on what comes, in a thread of its own."""

    def __init__(self, target: int, address: str = "127.0.0.1") -> None:
        self._address, self._target = address, target
        self._silenced: set[asyncio.Task[None]] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name="tcp-proxy", daemon=True
        )
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Event
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def silence(self) -> int:
        """Pass on nothing more of the connections that there are, without closing them; returns how many."""
        return asyncio.run_coroutine_threadsafe(self._silence(), self._loop).result(10)

    async def _silence(self) -> int:
        fallen = self._passing - self._silenced
        self._silenced |= fallen
        return len(fallen)

    async def _run(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, self._address, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            there, back = await asyncio.open_connection(self._address, self._target)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass_on(task, reader, back))
                    both.create_task(self._pass_on(task, there, writer))
            finally:
                back.close()
        except (OSError, asyncio.CancelledError, ExceptionGroup):
            pass  # one side is gone, or the test is over
        finally:
            self._passing.discard(task)
            writer.close()

    async def _pass_on(
        self, connection: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while piece := await reader.read(_PIECE):
            if connection not in self._silenced:
                writer.write(piece)
                await writer.drain()
        if connection not in self._silenced:
            with suppress(OSError):
                writer.write_eof()
