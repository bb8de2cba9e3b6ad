"""Who speaks and listens for money? One account for a whole process, whose limit all of its requests share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cliptask.errors import ClipTaskError, SetupError
from cliptask_operator.speech.settings import SpeechSettings

if TYPE_CHECKING:
    from cliptask_operator.speech.elevenlabs import ElevenLabsClient

GRACE_S = 10
"""How long closing waits for requests that are paid for already."""


class Account:
    """There may be none; its key may come and go at any time."""

    def __init__(
        self, settings: SpeechSettings, on_slot: Callable[[float], None] = lambda _waited_s: None
    ) -> None:
        """``on_slot`` is told how long each request waited for its slot, in seconds."""
        self.settings = settings
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
