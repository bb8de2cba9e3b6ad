"""Who has to act on an error of ElevenLabs? Its errors as ours."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import httpx
from elevenlabs.core import ApiError

from cliptask.errors import ClipTaskError, SetupError, SourceError, SpeechError, TransientError
from cliptask_operator.speech.voices import NotPermitted, VoiceGone

LONGEST_WAIT_S: Final = 30.0


class RetryableError(TransientError):
    """Another attempt may succeed, after the ``retry_after_s`` that the server asks for; True where it does not say."""

    def __init__(self, message: str, retry_after_s: float | bool = True) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnusableAnswer(TransientError):
    """A success of which nothing can be made; it may have been charged."""


_PAY = "buy credits or wait for the next month, or use the voice espeak-ng"
_KEY = "set ELEVENLABS_API_KEY, or in the chart the Secret elevenlabs.existingSecret, to a key of the account"
_SHORTEN = "shorten the text, or divide it into several lines"
_LANGUAGE = "write a language that the model speaks, or set another model"
_VOICES = "`cliptask voices` lists those of the account"
_REMEDIES: dict[type[ClipTaskError], dict[str, str]] = {
    SetupError: {
        "quota_exceeded": _PAY,
        "insufficient_credits": _PAY,
        "payment_required": "check the account's plan and payment",
        "invalid_api_key": _KEY,
        "needs_authorization": _KEY,
        "model_not_found": "set another model",
        "output_format_not_allowed": "set another output format; mp3_44100_128 is on every plan",
    },
    NotPermitted: {
        "missing_permissions": "give the key the permissions for what it is used for: text to speech, speech to text, reading voices and models",
    },
    SpeechError: {
        "max_character_limit_exceeded": _SHORTEN,
        "text_too_long": _SHORTEN,
        "unsupported_language": _LANGUAGE,
        "language_not_supported": _LANGUAGE,
        "invalid_language_code": "write an ISO 639 code of two letters, e.g. en",
    },
    VoiceGone: {"voice_not_found": _VOICES, "voice_does_not_exist": _VOICES, "invalid_voice_id": _VOICES},
}
"""Who must act and how, by the codes that say that trying again changes nothing."""
_FILE = "give a caption file as the clip's captions: {url: ...}"
_PAY_TO_HEAR = f"buy credits or wait for the next month, or {_FILE}"
_MODEL = "set CLIPTASK_ELEVENLABS_TRANSCRIPTION_MODEL, in the chart elevenlabs.transcriptionModel, to a model of speech to text"
_HEARD = f"write a language that the model knows, set another model, or {_FILE}"
_REMEDIES_OF_SOUND: dict[type[ClipTaskError], dict[str, str]] = {
    SetupError: _REMEDIES[SetupError]
    | {"quota_exceeded": _PAY_TO_HEAR, "insufficient_credits": _PAY_TO_HEAR}
    | dict.fromkeys(("model_not_found", "invalid_model_id", "unsupported_model"), _MODEL),
    NotPermitted: _REMEDIES[NotPermitted],
    SourceError: dict.fromkeys(
        ("unsupported_language", "language_not_supported", "invalid_language_code"), _HEARD
    )
    | dict.fromkeys(("audio_too_long", "file_too_large"), f"use a shorter file, or {_FILE}"),
}
"""The same of what is said in a clip."""
_TRANSIENT = {
    "concurrent_limit_exceeded",
    "too_many_concurrent_requests",
    "system_busy",
    "rate_limit_exceeded",
}
_BAD_REQUEST, _NOT_FOUND, _CONTENT = 400, 404, 422
_PERSONS = {401, 402, 403}
_LATER = {408, 409, 425, 429}
_SERVER = 500


def translated(error: ApiError, *, is_sound: bool = False) -> ClipTaskError:
    """The error with a message for a person: ``RetryableError``, ``VoiceGone``, ``SpeechError``, ``NotPermitted`` or ``SetupError``.

    ``is_sound``: it is about a clip's sound, and ``SourceError`` stands for ``SpeechError``.

    ``detail`` has a ``code`` (older: ``status``), or is a list of what is wrong with the request (422), or a text.
    """
    status = error.status_code or 0
    detail = error.body.get("detail", error.body) if isinstance(error.body, dict) else error.body
    fields = detail if isinstance(detail, dict) else {}
    codes = [str(fields[name]) for name in ("code", "status", "type") if fields.get(name)]
    problem = f"ElevenLabs answered {status}{f' {codes[0]}' if codes else ''}{_detail(detail)}"
    for code in codes:
        for kind, remedies in (_REMEDIES_OF_SOUND if is_sound else _REMEDIES).items():
            if code in remedies:
                return kind(f"{problem}; {remedies[code]}")
    if not _TRANSIENT.isdisjoint(codes) or status in _LATER or status >= _SERVER:
        return RetryableError(f"{problem}; lower the concurrency or run again later", _retry_after(error))
    if status in _PERSONS:
        return SetupError(f"{problem}; check the key, its permissions and the account's plan")
    if status in {_BAD_REQUEST, _CONTENT} or (status == _NOT_FOUND and codes):
        if is_sound:
            return SourceError(f"{problem}; export the clip again, or {_FILE}")
        return SpeechError(f"{problem}; change the line, or the settings of speech")
    return SetupError(f"{problem}; check the base URL of ElevenLabs")


of_sound = partial(translated, is_sound=True)
"""Of a request to write down what is said in one."""


def _detail(detail: Any) -> str:  # noqa: ANN401 - whatever a server sends
    match detail:
        case {"message": str(message)}:
            text = message
        case list():
            text = "; ".join(
                str(item.get("msg", item)) if isinstance(item, dict) else str(item) for item in detail
            )
        case str():
            text = detail
        case _:
            text = ""
    text = " ".join(text.split())[:300].rstrip(".")
    return f": {text}" if text else ""


def _retry_after(error: ApiError) -> float | bool:
    """Seconds that the server asks to wait, or True; a date, the header's other form, counts as nothing."""
    try:
        return min(max(0.0, float(httpx.Headers(error.headers)["retry-after"])), LONGEST_WAIT_S)
    except (KeyError, ValueError):
        return True
