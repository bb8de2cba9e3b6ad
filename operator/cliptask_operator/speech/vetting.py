"""What of the lines that are to be spoken cannot be? Found out by asking ElevenLabs and espeak-ng what is free to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cliptask.errors import ClipTaskError
from cliptask_operator.speech import espeak
from cliptask_operator.speech.models import Model, refuse_unspeakable
from cliptask_operator.speech.recordings import SpeechOrder
from cliptask_operator.speech.voice_list import VoiceList
from cliptask_operator.speech.voices import NotPermitted, VoiceBook
from cliptask_renderer.storage.base import Store

if TYPE_CHECKING:
    from cliptask_operator.speech.elevenlabs import ElevenLabsClient


@dataclass(frozen=True)
class Answers:
    """What they have said."""

    models: Sequence[Model] = ()
    """Empty where the key may not ask for them."""
    voices: VoiceBook = field(default_factory=VoiceBook)
    trouble: ClipTaskError | None = None
    """Why ElevenLabs has said nothing."""
    languages: Mapping[str, ClipTaskError | None] = field(default_factory=dict)
    """Of espeak-ng: why it does not speak them."""

    def refuse(self, order: SpeechOrder) -> None:
        """Raise why an order cannot be carried out, where that is known."""
        if order.provider == "espeak-ng":
            if (error := self.languages[order.language]) is not None:
                raise error
            return
        if self.trouble is not None:
            raise self.trouble
        self.voices.refuse_mistyped_id(order.voice)
        if self.models:
            refuse_unspeakable(order, self.models)


async def ask(
    orders: Sequence[SpeechOrder],
    account: Callable[[], ElevenLabsClient] | None,
    voices: VoiceList,
    store: Store,
    processes: asyncio.Semaphore,
) -> Answers:
    """What there is to ask about orders. Without an account, ElevenLabs is not asked."""

    async def no_voice(language: str) -> ClipTaskError | None:
        try:
            async with processes:
                await espeak.refuse_language(language)
        except ClipTaskError as error:
            return error
        return None

    tags = {order.language for order in orders if order.provider == "espeak-ng"}
    languages = dict(zip(tags, await asyncio.gather(*map(no_voice, tags)), strict=True))
    ids = {order.voice for order in orders if order.provider == "elevenlabs"}
    if not ids or account is None:
        return Answers(languages=languages)
    try:
        models = await _models(account())
        return Answers(models, await voices.with_ids(ids, store), languages=languages)
    except ClipTaskError as error:
        return Answers(trouble=error, languages=languages)


async def _models(account: ElevenLabsClient) -> tuple[Model, ...]:
    try:
        return await account.models()
    except NotPermitted:
        return ()
