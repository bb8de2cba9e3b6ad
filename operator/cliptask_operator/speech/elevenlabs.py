"""How is ElevenLabs called? The one door to its API: limited, timed, retried, its answers checked."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import av
import httpx
import stamina
from elevenlabs.client import AsyncElevenLabs
from elevenlabs.core import ApiError, RequestOptions
from elevenlabs.core.parse_error import ParsingError
from elevenlabs.types import VoiceSettings
from pydantic import ValidationError

from cliptask.errors import ClipTaskError, SetupError, TransientError
from cliptask.facts import Word
from cliptask.languages import meant, primary
from cliptask_operator.speech.elevenlabs_errors import (
    LONGEST_WAIT_S,
    RetryableError,
    UnusableAnswer,
    of_sound,
    translated,
)
from cliptask_operator.speech.models import Model
from cliptask_operator.speech.recordings import Answer
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.transcripts import words_of
from cliptask_operator.speech.voices import Voice

_KEY_HEADER = "xi-api-key"
_ONE_ATTEMPT = RequestOptions(max_retries=0)
_TIMES = {
    "characters": "characters",
    "starts_s": "character_start_times_seconds",
    "ends_s": "character_end_times_seconds",
}
"""Fields of an ``Answer``, and what the API calls them."""


class ElevenLabsClient:
    """One account. At most ``settings.concurrency`` requests that are paid for at once, however many ask."""

    def __init__(
        self, settings: SpeechSettings, on_slot: Callable[[float], None] = lambda _waited_s: None
    ) -> None:
        """``on_slot`` is told how long each request waited for its slot, in seconds."""
        self._settings = settings
        self._on_slot = on_slot
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._retry = stamina.AsyncRetryingCaller(
            attempts=settings.attempts,
            timeout=None,
            wait_initial=settings.backoff_s,
            wait_max=LONGEST_WAIT_S,
            wait_jitter=settings.backoff_s,
        ).on(_backoff)
        self._stopping = False
        self._last_key = settings.api_key or ""
        # Redirects would carry the key along to another host.
        self._http = httpx.AsyncClient(
            timeout=settings.timeout_s, follow_redirects=False, event_hooks={"request": [self._sign]}
        )
        # The SDK's time-out would override the client's; without a key it would take one from the environment.
        self._api = AsyncElevenLabs(
            base_url=settings.base_url, api_key=settings.api_key or "", httpx_client=self._http, timeout=None
        )

    async def _sign(self, request: httpx.Request) -> None:
        """With the key as it is now, and not as it was when the process began."""
        self._last_key = self._settings.key()
        request.headers[_KEY_HEADER] = self._last_key

    def stop(self) -> None:
        """Begin no request any more; those under way go on."""
        self._stopping = True

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def voices(self) -> tuple[Voice, ...]:
        """All voices of the account. Raises ``SetupError`` or ``TransientError``."""
        voices: dict[str, Voice] = {}
        token: str | None = None
        while True:
            search = partial(
                self._api.voices.search, page_size=100, next_page_token=token, request_options=_ONE_ATTEMPT
            )
            page = await self._retry(self._free, search)
            listed = getattr(page, "voices", None)
            if not isinstance(listed, list):
                _refuse("it has no list of voices")
            voices |= {voice.id: voice for voice in map(_voice, listed) if voice}
            next_token = getattr(page, "next_page_token", None)
            if not getattr(page, "has_more", False) or not isinstance(next_token, str) or next_token == token:
                return tuple(voices.values())
            token = next_token

    async def models(self) -> tuple[Model, ...]:
        """All models that speak. Raises ``SetupError`` or ``TransientError``."""
        listed = await self._retry(self._free, partial(self._api.models.list, request_options=_ONE_ATTEMPT))
        if not isinstance(listed, list):
            _refuse("it is no list of models")
        return tuple(filter(None, map(_model, listed)))

    async def speak(self, text: str, voice_id: str, language: str) -> Answer:
        """Have a text spoken, and pay for it. Raises ``SpeechError``, ``SetupError`` or ``TransientError``.

        A success that cannot be used is not tried again: that might cost again.
        """
        settings = self._settings
        convert = partial(
            self._api.text_to_speech.convert_with_timestamps,
            voice_id,
            text=text,
            model_id=settings.model,
            language_code=language,
            output_format=settings.output_format,
            voice_settings=VoiceSettings(**settings.content()),
            request_options=_ONE_ATTEMPT,
        )
        return await asyncio.to_thread(_checked, await self._retry(self._in_turn, convert))

    async def transcribe(self, sound: bytes, duration_s: float, language: str) -> tuple[Word, ...]:
        """Have written down what is said in a sound of 16 kHz (see ``write_voice``), and pay for it.

        Raises ``SourceError``, ``SetupError`` or ``TransientError``. A success that cannot be used is not tried again.
        """
        convert = partial(
            self._api.speech_to_text.convert,
            model_id=self._settings.transcription_model,
            file=("sound.pcm", sound, "application/octet-stream"),
            file_format="pcm_s16le_16",
            language_code=language,
            timestamps_granularity="word",
            tag_audio_events=False,
            diarize=False,
            request_options=_ONE_ATTEMPT,
        )
        # It answers once it has heard all: to leave before that would be to pay twice.
        answer = await self._retry(self._in_turn, convert, of_sound, duration_s)
        parts, text = getattr(answer, "words", None), getattr(answer, "text", None)
        if not isinstance(parts, list) or not isinstance(text, str) or bool(parts) != bool(text.strip()):
            _refuse("it has no words with their times")
        try:
            return words_of(parts, duration_s)
        except (AttributeError, TypeError, ValueError):
            _refuse("its words have no times")

    async def _in_turn(
        self,
        ask: Callable[[], Awaitable[object]],
        translate: Callable[[ApiError], ClipTaskError] = translated,
        more_s: float = 0.0,
    ) -> object:
        queued = time.monotonic()
        async with self._slots:
            self._on_slot(time.monotonic() - queued)
            return await self._free(ask, translate, more_s)

    async def _free(
        self,
        ask: Callable[[], Awaitable[object]],
        translate: Callable[[ApiError], ClipTaskError] = translated,
        more_s: float = 0.0,
    ) -> object:
        """One attempt at what the account's limit does not count, which may take ``more_s`` longer than others."""
        limit_s = self._settings.timeout_s + more_s
        try:
            if self._stopping:
                message = "stopped before it was asked for: run again"
                raise TransientError(message)
            # It ends an answer that drips, too, as no time-out of a read would.
            async with asyncio.timeout(limit_s):
                return await ask()
        except ApiError as error:
            if error.status_code is not None and error.status_code < 300:  # noqa: PLR2004 - success
                _refuse("it is no JSON")
            raise self._without_key(translate(error)) from None
        except (httpx.TimeoutException, TimeoutError) as error:
            message = f"ElevenLabs did not answer within {limit_s:g} s: check the network, or run again later"
            raise RetryableError(message) from error
        except httpx.TransportError as error:
            message = f"ElevenLabs cannot be reached ({type(error).__name__}: {error}): check the network and the base URL, or run again later"
            raise RetryableError(message) from error
        except httpx.InvalidURL as error:
            message = f"the base URL of ElevenLabs is none ({error}): correct or unset it"
            raise SetupError(message) from error
        except (ParsingError, AttributeError, TypeError, ValueError):
            # The SDK validates nothing: JSON of another form, or bytes that are no text.
            _refuse("its form is not that of the API")

    def _without_key(self, error: ClipTaskError) -> ClipTaskError:
        """The error, whose message may quote what a server echoed."""
        key = self._last_key
        if key and key in str(error):
            error.args = (str(error).replace(key, "***"), *error.args[1:])
        return error


def _backoff(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds."""
    return isinstance(error, RetryableError) and error.retry_after_s


def _refuse(why: str) -> NoReturn:
    message = f"ElevenLabs sent an answer that cannot be used ({why}): run again, it may have been charged"
    raise UnusableAnswer(message)


def _voice(voice: Any) -> Voice | None:  # noqa: ANN401 - the SDK validates no answer
    try:
        return Voice(
            id=voice.voice_id,
            name=voice.name,
            category=voice.category,
            description=voice.description,
            labels={name: str(value) for name, value in (voice.labels or {}).items() if value},
        )
    except (AttributeError, ValidationError):
        return None


def _model(model: Any) -> Model | None:  # noqa: ANN401 - as above
    try:
        if model.can_do_text_to_speech is False:
            return None
        codes = [str(each.language_id) for each in model.languages or ()]
        return Model(
            id=model.model_id,
            longest_text=model.maximum_text_length_per_request,
            languages=frozenset(primary(meant(code) or code) for code in codes),
        )
    except (AttributeError, ValidationError):
        return None


def _checked(answer: object) -> Answer:
    """The answer if it can be used. Its times are dropped where they do not fit their characters."""
    encoded = getattr(answer, "audio_base_64", None)
    if not isinstance(encoded, str) or not encoded:
        _refuse("it has no audio")
    try:
        audio = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        _refuse("its audio is not base64")
    duration_s = _duration_s(audio)
    for alignment in (getattr(answer, "alignment", None), getattr(answer, "normalized_alignment", None)):
        times = {name: getattr(alignment, theirs, None) or () for name, theirs in _TIMES.items()}
        if times["characters"] and len({len(values) for values in times.values()}) == 1:
            with suppress(ValidationError):
                return Answer(audio_base64=encoded, duration_s=duration_s, **times)
    return Answer(audio_base64=encoded, duration_s=duration_s)


def _duration_s(audio: bytes) -> float:
    """Length by decoding: an MP3's header, if it has one, only estimates it."""
    try:
        with av.open(io.BytesIO(audio), "r") as container:
            stream = container.streams.audio[0]
            samples = sum(
                frame.samples for frame in container.decode(stream) if isinstance(frame, av.AudioFrame)
            )
            if samples:
                return samples / stream.rate
    except (av.FFmpegError, IndexError):
        _refuse("its audio cannot be decoded")
    _refuse("its audio is silent")
