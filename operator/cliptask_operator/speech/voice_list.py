"""Which voices does the account have now? The list is free to ask for, kept in the store, and renewed where it lacks one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cliptask.errors import ClipTaskError
from cliptask_operator.speech.voices import OBJECT, NotPermitted, Voice, VoiceBook, VoiceGone
from cliptask_renderer.storage.base import Store

if TYPE_CHECKING:
    from cliptask_operator.speech.elevenlabs import ElevenLabsClient


class VoiceList:
    """For a whole process: one request at a time, whose answer serves all that wait."""

    def __init__(self, account: Callable[[], ElevenLabsClient]) -> None:
        """``account`` raises ``SetupError`` where there is none."""
        self._account = account
        self._lock = asyncio.Lock()

    async def with_names(
        self, names: Collection[str], store: Store
    ) -> tuple[VoiceBook, ClipTaskError | None]:
        """A list of voices with these names, or the newest there is and why there is no newer one."""
        async with self._lock:
            book = await asyncio.to_thread(_load, store)
            if book is not None and all(_knows(book, name) for name in names):
                return book, None
            try:
                return await self.refresh(store), None
            except ClipTaskError as error:
                return book or VoiceBook(), error

    async def with_ids(self, ids: Collection[str], store: Store) -> VoiceBook:
        """A list in which these ids are, if the account has them; empty where the key may not read it.

        Raises ``SetupError`` or ``TransientError`` where ElevenLabs does not answer.
        """
        async with self._lock:
            book = await asyncio.to_thread(_load, store)
            if book is not None and book.ids.issuperset(ids):
                return book
            try:
                return await self.refresh(store)
            except NotPermitted:
                return book or VoiceBook()

    async def refresh(self, store: Store) -> VoiceBook:
        """The list, asked for anew and stored. Raises ``SetupError`` or ``TransientError``."""
        book = VoiceBook(voices=await self._account().voices())
        content = book.model_dump_json(indent=1).encode()
        await asyncio.to_thread(store.put_bytes, OBJECT, content, replace=True)
        return book

    async def successor(self, name: str, gone_id: str, gone: VoiceGone, store: Store) -> Voice:
        """The voice of a name whose id is gone: it may have been deleted and made again. Raises ``SpeechError``."""
        async with self._lock:
            book = await asyncio.to_thread(_load, store)
            # Another line may have refreshed the list already.
            if book is None or ((stored := book.find(name)) is not None and stored.id == gone_id):
                book = await self.refresh(store)
        voice = book.find(name)
        if voice is None:
            raise book.unknown(name) from gone
        return voice


def _knows(book: VoiceBook, name: str) -> bool:
    try:
        return book.find(name) is not None
    except ClipTaskError:
        return True  # Several of the name: a newer list has them as well.


def _load(store: Store) -> VoiceBook | None:
    try:
        return VoiceBook.model_validate_json(store.read(OBJECT))
    except (KeyError, ValidationError):
        return None
