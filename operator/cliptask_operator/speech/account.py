"""Who speaks and listens for money? One account for a whole process, whose limit all of its requests share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cliptask.errors import ClipTaskError, SetupError
from cliptask_operator.speech.elevenlabs_errors import UnusableAnswer
from cliptask_operator.speech.settings import SpeechSettings

if TYPE_CHECKING:
    from cliptask_operator.speech.elevenlabs import ElevenLabsClient

GRACE_S = 10
"""How long closing waits for requests that are paid for already."""


MOST_UNUSABLE, PAUSE_S = 3, 3600.0
"""So many answers to one request, of which nothing can be made, are risked at once; then one in so many seconds."""
T = TypeVar("T")


class _Unusable(NamedTuple):
    """Answers in a row of which nothing could be made."""

    times: int
    last_s: float
    """When the last one came, by the clock."""
    why: str


class Account:
    """There may be none; its key may come and go at any time."""

    def __init__(
        self,
        settings: SpeechSettings,
        on_slot: Callable[[float], None] = lambda _waited_s: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``on_slot`` is told how long each request waited for its slot, in seconds."""
        self.settings = settings
        self._clock = clock
        self._unusable: dict[str, _Unusable] = {}
        """By the keys of what was asked for."""
        self._on_slot = on_slot
        self._client: ElevenLabsClient | None = None

    def client(self) -> ElevenLabsClient:
        """Raises ``SetupError`` where there is no account."""
        self.settings.key()
        if self._client is None:
            # 0.3 s and 25 MB that only those pay who speak.
            from cliptask_operator.speech.elevenlabs import ElevenLabsClient  # noqa: PLC0415

            self._client = ElevenLabsClient(self.settings, self._on_slot)
        return self._client

    async def pay(self, key: str, ask: Callable[[ElevenLabsClient], Awaitable[T]]) -> T:
        """Ask for what ``key`` is the name of, and be charged for it.

        Raises ``SetupError`` instead where the last answers could not be used: each may have been charged, and the next may
        be, too.
        """
        client, before = self.client(), self._unusable.get(key)
        if before and before.times >= MOST_UNUSABLE and self._clock() - before.last_s < PAUSE_S:
            message = (
                f"ElevenLabs has sent {before.times} answers that cannot be used, and may have charged each; the last one: {before.why}; "
                "it is asked once an hour from now on: change what is asked for, or its model, or write to ElevenLabs"
            )
            raise SetupError(message)
        try:
            answer = await ask(client)
        except UnusableAnswer as error:
            self._unusable[key] = _Unusable(
                before.times + 1 if before else 1, self._clock(), str(error).partition(":")[0]
            )
            raise
        self._unusable.pop(key, None)
        return answer

    @property
    def lack(self) -> ClipTaskError | None:
        """Why there is none."""
        try:
            self.settings.key()
        except SetupError as error:
            return error
        return None

    def stop(self) -> None:
        """Begin no request any more; those under way go on."""
        if self._client is not None:
            self._client.stop()

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()


def as_public(error: ClipTaskError, about: str) -> ClipTaskError:
    """The error as one of the contract's classes, with what it is about named first."""
    public = next(kind for kind in type(error).__mro__ if kind.__module__ == ClipTaskError.__module__)
    explained: ClipTaskError = public(f"{about}: {error}")
    explained.__cause__ = error
    return explained
