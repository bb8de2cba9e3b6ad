"""Who has to act on what ElevenLabs answers? Its errors as ours."""

from __future__ import annotations

from typing import Any, Final

from elevenlabs.core import ApiError

from cliptask.errors import ClipTaskError, SetupError, SpeechError, TransientError
from cliptask_operator.speech.voices import VoiceGone

LONGEST_WAIT_S: Final = 30.0


class TryAgain(TransientError):
    """An attempt failed, the next one may succeed."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


_TRANSIENT = {
    "concurrent_limit_exceeded",
    "too_many_concurrent_requests",
    "system_busy",
    "rate_limit_exceeded",
}
_SETUP = {
    "quota_exceeded": "buy credits or wait for the next month, or use the voice espeak-ng",
    "insufficient_credits": "buy credits or wait for the next month, or use the voice espeak-ng",
    "payment_required": "check the account's plan and payment",
    "invalid_api_key": "set ELEVENLABS_API_KEY to a key of the account, or, in local mode, unset it to speak with espeak-ng",
    "needs_authorization": "set ELEVENLABS_API_KEY to a key of the account, or, in local mode, unset it to speak with espeak-ng",
    "missing_permissions": "give the key the permissions for text to speech and for reading voices",
    "model_not_found": "set another model",
    "output_format_not_allowed": "set another output format; mp3_44100_128 is on every plan",
}
_LINE = {
    "max_character_limit_exceeded": "shorten the text, or divide it into several lines",
    "text_too_long": "shorten the text, or divide it into several lines",
    "unsupported_language": "write a language that the model speaks, or set another model",
    "language_not_supported": "write a language that the model speaks, or set another model",
    "invalid_language_code": "write an ISO 639 code of two letters, e.g. en",
}
_VOICE = {"voice_not_found", "voice_does_not_exist", "invalid_voice_id"}
_BAD_REQUEST, _NOT_FOUND, _CONTENT = 400, 404, 422
_PERSONS = {401, 402, 403}
_LATER = {408, 409, 425, 429}
_SERVER = 500


def explained(error: ApiError) -> ClipTaskError:
    """The error with a message for a person: ``TryAgain``, ``VoiceGone``, ``SpeechError`` or ``SetupError``.

    ``detail`` has a ``code`` (older: ``status``), or is a list of what is wrong with the request (422), or a text.
    """
    status = error.status_code or 0
    detail = error.body.get("detail", error.body) if isinstance(error.body, dict) else error.body
    codes = (
        [str(detail[name]) for name in ("code", "status", "type") if detail.get(name)]
        if isinstance(detail, dict)
        else []
    )
    said = f"ElevenLabs answered {status}{f' {codes[0]}' if codes else ''}{_said(detail)}"
    for code in codes:
        known = _by_code(code, said)
        if known is not None:
            return known
    if not _TRANSIENT.isdisjoint(codes) or status in _LATER or status >= _SERVER:
        return TryAgain(f"{said}; lower the concurrency or run again later", _retry_after(error))
    if status in _PERSONS:
        return SetupError(f"{said}; check the key, its permissions and the account's plan")
    if status in {_BAD_REQUEST, _CONTENT} or (status == _NOT_FOUND and codes):
        return SpeechError(f"{said}; change the line, or the settings of speech")
    return SetupError(f"{said}; check the base URL of ElevenLabs")


def _by_code(code: str, said: str) -> ClipTaskError | None:
    if code in _VOICE:
        return VoiceGone(f"{said}; `cliptask voices` lists those of the account")
    if code in _SETUP:
        return SetupError(f"{said}; {_SETUP[code]}")
    if code in _LINE:
        return SpeechError(f"{said}; {_LINE[code]}")
    return None


def _said(detail: Any) -> str:  # noqa: ANN401 - whatever a server sends
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


def _retry_after(error: ApiError) -> float | None:
    """Seconds that the server asks to wait; a date, the header's other form, counts as nothing."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    try:
        return min(max(0.0, float(headers["retry-after"])), LONGEST_WAIT_S)
    except (KeyError, ValueError):
        return None
