"""How does a preview run? Its server, its processes and its watch begin together, and end together and without a trace."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from cliptask.errors import SetupError
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.stores import open_stores
from cliptask_operator.local.interruption import interruptible
from cliptask_operator.preview.app import preview_app
from cliptask_operator.preview.reading import Reader, processes
from cliptask_operator.preview.session import Session
from cliptask_operator.settings.environment import Settings

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Listening:
    """Where the page is."""

    address: str = LOOPBACK
    port: int = 0
    """0: any that is free."""

    @property
    def is_open(self) -> bool:
        """Whether other machines reach it."""
        return not ipaddress.ip_address(self.address).is_loopback

    def bind(self) -> socket.socket:
        """A socket that listens there. Raises ``SetupError`` where that cannot be."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        # Named, or asyncio leaves it to wait 40 ms for the rest of each answer (Nagle's algorithm).
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self.address, self.port))
            bound.listen()  # whoever is told of it may come before the server does
        except OSError as error:
            bound.close()
            message = f"cannot listen on {self.address}, port {self.port}: {error.strerror}: name another with --listen or --port"
            raise SetupError(message) from error
        return bound


def run(
    file: Path,
    place: Callable[[ClipTask], str],
    settings: Settings,
    listening: Listening,
    say: Callable[[str], None],
) -> None:
    """Preview a task's file until a signal ends it, which ``Interrupted`` tells.

    ``place``: the URI of a task's output; ``say`` is told where the page is. Raises what makes a beginning impossible: a
    file that is no task, an output that is no folder, a port that is taken.
    """  # fmt: skip

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            reader = await stack.enter_async_context(Reader(file, place, settings))
            # Drafts go with the preview; if it is killed, the next one removes them.
            stores = open_stores(reader.output(reader.script().task), scratch=settings.scratch)
            drafts = stack.enter_context(stores.cache.scratch())
            bound = stack.enter_context(listening.bind())
            session = Session(reader, drafts / "drafts", settings.scratch, processes(settings))
            await stack.enter_async_context(session.workshop)
            token = secrets.token_urlsafe(24) if listening.is_open else ""
            prefix = f"/{token}" if token else ""
            await _serve(session, bound, prefix, say)

    with interruptible() as interruption:
        interruption.run(serve())


async def _serve(session: Session, bound: socket.socket, prefix: str, say: Callable[[str], None]) -> None:
    server = _Server(
        uvicorn.Config(
            preview_app(session, prefix),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve([bound]))
    watching = asyncio.create_task(session.watch())
    say(f"http://{_reached_at(bound)}{prefix}/")
    try:
        waited = [serving, watching, session.workshop.broken]
        done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        session.close()
        watching.cancel()
        server.should_exit = True
        await asyncio.wait([serving, watching])


def _reached_at(bound: socket.socket) -> str:
    """Address and port, as a URL has them; of a socket that listens on all addresses the one that others most likely see."""
    host, port = bound.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        elsewhere = (
            "2001:db8::1" if bound.family == socket.AF_INET6 else "192.0.2.1"
        )  # of documentation; nothing is sent
        with socket.socket(bound.family, socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.connect((elsewhere, 9))
            host = probe.getsockname()[0]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Server(uvicorn.Server):
    """Ends when it is told to, whoever is being served."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are heard by whoever serves."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up first: a video that is paused is never sent to its end."""
        for connection in [*self.server_state.connections]:
            connection.transport.abort()
        await super().shutdown(sockets)
