"""Who delivers events in a test in virtual time? Nobody: what was sent is kept, and receivers answer as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from cliptask.spec.notify import Receiver
from cliptask_operator.notify.courier import OnRetry, Secrets
from cliptask_operator.notify.event import Event


@dataclass(frozen=True)
class Sent:
    """One attempt at telling a receiver."""

    url: str
    event: Event


class FakeCourier:
    """Delivers at once, unless ``answer`` raises: ``TimeoutError`` for another attempt a minute later, ``NotDelivered``."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        """Each attempt."""
        self.delivered: list[Sent] = []
        self.answer: Callable[[Sent], None] = lambda _: None

    async def deliver(self, event: Event, receiver: Receiver, secrets: Secrets, on_retry: OnRetry) -> None:
        """See ``Courier``."""
        while True:
            await asyncio.sleep(0)
            said = await secrets(receiver.secret_ref.name) if receiver.secret_ref else {}
            sent = Sent(receiver.url or said["url"], event)
            self.sent.append(sent)
            try:
                self.answer(sent)
            except TimeoutError as error:
                on_retry(str(error))
                await asyncio.sleep(60)
            else:
                self.delivered.append(sent)
                return
