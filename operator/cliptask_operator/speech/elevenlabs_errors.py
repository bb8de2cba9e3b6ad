"""Who has to act on an error of ElevenLabs? Its errors as ours."""

from __future__ import annotations

from typing import Any, Final

from elevenlabs.core import ApiError

from cliptask.errors import ClipTaskError, SetupError, SpeechError, TransientError
from cliptask_operator.speech.voices import VoiceGone

LONGEST_WAIT_S: Final = 30.0


class RetryableError(TransientError):
    """Another attempt may succeed, after the ``retry_after_s`` that the server asks for."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


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


def translated(error: ApiError) -> ClipTaskError:
    """The error with a message for a person: ``RetryableError``, ``VoiceGone``, ``SpeechError`` or ``SetupError``.

    ``detail`` has a ``code`` (older: ``status``), or is a list of what is wrong with the request (422), or a text.
    """
    status = error.status_code or 0
    detail = error.body.get("detail", error.body) if isinstance(error.body, dict) else error.body
    codes = (
        [str(detail[name]) for name in ("code", "status", "type") if detail.get(name)]
        if isinstance(detail, dict)
        else []
    )
    problem = f"ElevenLabs answered {status}{f' {codes[0]}' if codes else ''}{_detail(detail)}"
    for code in codes:
        if (final := _final(code)) is not None:
            kind, remedy = final
            return kind(f"{problem}; {remedy}")
    if not _TRANSIENT.isdisjoint(codes) or status in _LATER or status >= _SERVER:
        return RetryableError(f"{problem}; lower the concurrency or run again later", _retry_after(error))
    if status in _PERSONS:
        return SetupError(f"{problem}; check the key, its permissions and the account's plan")
    if status in {_BAD_REQUEST, _CONTENT} or (status == _NOT_FOUND and codes):
        return SpeechError(f"{problem}; change the line, or the settings of speech")
    return SetupError(f"{problem}; check the base URL of ElevenLabs")


def _final(code: str) -> tuple[type[ClipTaskError], str] | None:  # noqa: C901, PLR0911 - a table
    """Who must act and how, where a code says that trying again changes nothing."""
    match code:
        case "quota_exceeded" | "insufficient_credits":
            return SetupError, "buy credits or wait for the next month, or use the voice espeak-ng"
        case "payment_required":
            return SetupError, "check the account's plan and payment"
        case "invalid_api_key" | "needs_authorization":
            remedy = "set ELEVENLABS_API_KEY to a key of the account, or, in local mode, unset it to speak with espeak-ng"
            return SetupError, remedy
        case "missing_permissions":
            return SetupError, "give the key the permissions for text to speech and for reading voices"
        case "model_not_found":
            return SetupError, "set another model"
        case "output_format_not_allowed":
            return SetupError, "set another output format; mp3_44100_128 is on every plan"
        case "max_character_limit_exceeded" | "text_too_long":
            return SpeechError, "shorten the text, or divide it into several lines"
        case "unsupported_language" | "language_not_supported":
            return SpeechError, "write a language that the model speaks, or set another model"
        case "invalid_language_code":
            return SpeechError, "write an ISO 639 code of two letters, e.g. en"
        case "voice_not_found" | "voice_does_not_exist" | "invalid_voice_id":
            return VoiceGone, "`cliptask voices` lists those of the account"
    return None


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


def _retry_after(error: ApiError) -> float | None:
    """Seconds that the server asks to wait; a date, the header's other form, counts as nothing."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    try:
        return min(max(0.0, float(headers["retry-after"])), LONGEST_WAIT_S)
    except (KeyError, ValueError):
        return None
