"""How are files read that may harm whoever reads them? In a few processes beside this one, which anything may happen to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cliptask.errors import SetupError, SourceError
from cliptask.facts import SourceFacts
from cliptask_renderer.probe.limits import ProbeLimits, refuse

_GRACE_S: Final = 10.0
"""More than the probe allows itself: it ends by itself unless a reader hangs."""
_START_S: Final = 60.0
_IDLE_S: Final = 5.0
"""A process that waits takes 60 MB, beside whatever is made of its files; to start another takes half a second."""
_FILES: Final = 200
"""That one process reads: what leaks does not pile up."""

_AGAIN: Final = "export it again, e.g. as MP4 (H.264 with AAC), WAV or PNG"
_ENVIRONMENT: Final = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "MALLOC_ARENA_MAX", "PATH", "TMPDIR")
"""What it is told of ours: keys and passwords are not among it."""


def _command() -> list[str]:
    """Python without anything of its environment's, but with the packages that we have."""
    program = (
        "import sys; sys.path[:] = sys.argv[1:]; from cliptask_renderer.probe.__main__ import main; main()"
    )
    return [sys.executable, "-I", "-B", "-c", program, *filter(None, sys.path)]


@dataclass(eq=False)
class _Reader:
    """A process that waits for a question, or answers one."""

    process: Process
    files: int = 0
    retire: asyncio.TimerHandle | None = None

    async def ask(self, request: dict[str, object]) -> dict[str, object] | None:
        """The answer; None where the process ended instead."""
        assert self.process.stdin  # noqa: S101  it has pipes
        with suppress(ConnectionError):
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            await self.process.stdin.drain()
        self.files += 1
        return await self.hear()

    async def hear(self) -> dict[str, object] | None:
        """What it says next; None where it has ended."""
        assert self.process.stdout  # noqa: S101  as above
        line = await self.process.stdout.readline()
        if not line.endswith(b"\n"):
            return None
        heard: dict[str, object] = json.loads(line)
        return heard

    async def end(self) -> int:
        """End it, if it has not ended by itself; returns how it ended."""
        if self.process.returncode is None:
            # Not by its own method, which looks whether it has ended first, so that nobody learns how.
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
        await self.process.communicate()
        return self.process.returncode or 0


class Probes:
    """Reads files for one event loop, so many at once. Processes are started when they are needed, and end when they are not."""

    def __init__(
        self,
        most: int,
        *,
        command: Sequence[str] | None = None,
        grace_s: float = _GRACE_S,
        idle_s: float = _IDLE_S,
    ) -> None:
        self._slots = asyncio.Semaphore(most)
        self._command = command or _command()
        self._grace_s, self._idle_s = grace_s, idle_s
        self._idle: list[_Reader] = []
        self._ending: set[asyncio.Task[int]] = set()

    async def aclose(self) -> None:
        """End all processes. Nobody must be asking."""
        while self._idle:
            await self._taken().end()
        await asyncio.gather(*self._ending)

    async def probe(self, path: Path, sha256: str, limits: ProbeLimits) -> SourceFacts:
        """What ``file.probe`` says of a file.

        Raises ``SourceError`` as that does, and for a file that has its reader crash, hang or take all memory;
        ``SetupError`` where no process can be started.
        """
        answer = await self._asked({"path": str(path), "sha256": sha256}, limits)
        return SourceFacts.model_validate(answer["facts"])

    async def voice(self, path: Path, target: Path, facts: SourceFacts, limits: ProbeLimits) -> None:
        """Have written to ``target`` what ``voice.write_voice`` writes. Raises as ``probe``."""
        wanted = {"target": str(target), "facts": facts.model_dump(mode="json")}
        await self._asked({"path": str(path), "voice": wanted}, limits)

    async def _asked(self, what: dict[str, object], limits: ProbeLimits) -> dict[str, object]:
        """What is answered to this. Raises ``SourceError`` with the words of a refusal."""
        request = {**what, "limits": asdict(limits)}
        async with self._slots:
            answer = None
            while answer is None:
                reader = self._taken() if self._idle else await self._start()
                answer = await self._answer(reader, request, limits)
        if "refused" in answer:
            raise SourceError(answer["refused"])
        return answer

    async def _answer(
        self, reader: _Reader, request: dict[str, object], limits: ProbeLimits
    ) -> dict[str, object] | None:
        """What a process answers; None where it ended for which another file may be to blame."""
        was_new = reader.files == 0
        try:
            async with asyncio.timeout(limits.seconds + self._grace_s):
                answer = await reader.ask(request)
        except TimeoutError as error:
            await reader.end()
            refuse("it takes too long to read", "export it again", error)
        except BaseException:
            await reader.end()
            raise
        if answer is not None:
            self._keep(reader)
        else:
            code = await reader.end()
            if was_new:
                refuse(*_end(code))
        return answer

    async def _start(self) -> _Reader:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            process_group=0,  # Ctrl-C reaches us alone, and we end it
        )
        reader = _Reader(process)
        try:
            async with asyncio.timeout(_START_S):
                ready = await reader.hear()
        except BaseException:
            await reader.end()
            raise
        if ready is None:
            message = f"the process that reads files does not start (exit {await reader.end()}): install cliptask again"
            raise SetupError(message)
        return reader

    def _keep(self, reader: _Reader) -> None:
        """For the next file."""
        if reader.files >= _FILES:
            self._end(reader)
            return
        self._idle.append(reader)
        loop = asyncio.get_running_loop()
        reader.retire = loop.call_later(self._idle_s, self._retire, reader)

    def _taken(self) -> _Reader:
        """The one that was used last, so that the others may rest."""
        reader = self._idle.pop()
        if reader.retire is not None:
            reader.retire.cancel()
        return reader

    def _retire(self, reader: _Reader) -> None:
        self._idle.remove(reader)
        self._end(reader)

    def _end(self, reader: _Reader) -> None:
        task = asyncio.get_running_loop().create_task(reader.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _end(code: int) -> tuple[str, str]:
    """What a file has done to its reader, and the remedy."""
    if code == -signal.SIGXCPU:
        return "it takes too long to read", "export it again"
    if code == -signal.SIGKILL:
        return "its reader was killed, as for lack of memory", "export it again, smaller"
    return f"it crashes its reader ({f'signal {-code}' if code < 0 else f'exit {code}'})", _AGAIN
