from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from cliptask.errors import OutputError
from cliptask.names import speech_object
from cliptask.spec.speech import Line
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.speaker import Speaker, Spoken
from cliptask_renderer.storage.base import Store, StoredObject
from support.elevenlabs_stub import RACHEL, ElevenLabsStub
from support.speaking import recording, speak, spoken


class DyingStore:
    """A store whose process dies before its nth change."""

    def __init__(self, store: Store, changes: int) -> None:
        self._store = store
        self._left = changes

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - passes everything on
        return getattr(self._store, name)

    def put_bytes(
        self, name: str, content: bytes, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """A change."""
        self._change()
        return self._store.put_bytes(name, content, metadata, replace=replace)

    def delete(self, name: str) -> None:
        """A change."""
        self._change()
        self._store.delete(name)

    def _change(self) -> None:
        if not self._left:
            message = "the disk is full"
            raise OutputError(message)
        self._left -= 1


@pytest.mark.parametrize("changes", [1, 2, 3])
async def test_an_interruption_never_pays_twice(
    changes: int, stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Between the answer, the audio and the words, a crash may leave anything but a loss."""
    line = Line(voice=RACHEL, text="Spring is here.")
    dying: Any = DyingStore(store, changes)
    (error,) = await speak([line], dying, settings)
    resolved: list[Spoken] = []

    async with Speaker(settings) as speaker:
        resolved += await speaker.resolve([line], store)
        (result,) = spoken(await speaker.speak_all([line], store))

    assert isinstance(error, OutputError)
    # Complete only once the words are there too.
    assert spoken(resolved)[0].duration_s == (result.duration_s if changes == 3 else None)
    assert [word.text for word in recording(store, result).words] == ["Spring", "is", "here."]
    assert stub.speech_calls == 1


async def test_audio_that_somebody_deleted_is_spoken_again(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Words that belong to another take would be out of step with what is heard."""
    line = Line(voice=RACHEL, text="Spring is here.")
    (first,) = spoken(await speak([line], store, settings))
    store.delete(speech_object(first.key, "mp3"))
    stub.alignment = False

    (second,) = spoken(await speak([line], store, settings))

    assert second.key == first.key
    assert stub.speech_calls == 2
    assert recording(store, second).words[0].end_s == pytest.approx(first.duration_s * 6 / 13, abs=0.01)  # type: ignore[operator]


async def test_a_damaged_recording_is_not_paid_for_silently(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Whether to pay again is for a person to decide."""
    line = Line(voice=RACHEL, text="Spring is here.")
    (first,) = spoken(await speak([line], store, settings))
    store.put_bytes(speech_object(first.key, "json"), b"{", replace=True)

    (error,) = await speak([line], store, settings)

    assert type(error) is OutputError
    assert "delete it" in str(error)
    assert stub.speech_calls == 1


async def test_two_speakers_at_once_keep_one_take(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Two runs over one store may both pay, but audio and words must be of one piece."""
    stub.concurrency = 4
    stub.company = 2
    line = Line(voice=RACHEL, text="Spring is here.")

    first, second = await asyncio.gather(speak([line], store, settings), speak([line], store, settings))

    assert spoken(first) == spoken(second)
    assert [found.name.rpartition(".")[2] for found in store.list("speech/")] == ["json", "mp3"]
