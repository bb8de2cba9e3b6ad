"""What does the process do that speaks a line? espeak-ng's library is loaded, asked once, and gone with the process.

``python -m cliptask_operator.speech.espeak_process`` reads ``{"text", "language"}`` from standard input and answers on standard output
with ``{"audio_base64", "duration_s", "events": [[character, second]]}``, without a text ``{}``, or ``{"error", "message"}``. It is begun
for each line, so it imports little.
"""

from __future__ import annotations

import base64
import ctypes
import io
import json
import sys
import wave
from typing import Any, Final

from cliptask.errors import ClipTaskError, SetupError, SpeechError

MISSING: Final = (
    "espeak-ng, which is to speak here, is not installed: pip install espeakng-loader, or build the operator's image "
    "with --build-arg EXTRAS=espeak"
)
_LANGUAGES = {"zh": "cmn", "no": "nb"}
"""ISO 639 codes whose voice has the code of a member."""
# Of speak_lib.h.
_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_CHARACTERS = 1
_UTF8 = 1
_WORD_EVENT = 1
_SAMPLE_BYTES = 2


class _Event(ctypes.Structure):
    """``espeak_EVENT`` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_void_p),
    )


class _Voice(ctypes.Structure):
    """The start of ``espeak_VOICE`` of speak_lib.h."""

    _fields_ = (("name", ctypes.c_char_p), ("languages", ctypes.c_void_p))


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def _synthesize(text: str | None, language: str) -> dict[str, Any]:
    library, rate = _library()
    samples, events = bytearray(), list[tuple[int, float]]()

    def collect(audio: Any, count: int, event: Any) -> int:  # noqa: ANN401 - ctypes has no types to name
        if audio:
            samples.extend(ctypes.string_at(audio, count * _SAMPLE_BYTES))
        index = 0
        while event[index].type:
            if event[index].type == _WORD_EVENT:
                events.append((event[index].text_position - 1, event[index].audio_position / 1000))
            index += 1
        return 0

    callback = _Callback(collect)
    library.espeak_SetSynthCallback(callback)
    if all(library.espeak_SetVoiceByName(voice.encode()) for voice in _voices(language)):
        message = (
            f"espeak-ng has no voice for the language {language!r}; it has: {', '.join(_languages(library))}"
        )
        raise SpeechError(message)
    if text is None:
        return {}
    # A control character, one for one so that positions stay: NUL would end the text for a library written in C.
    content = "".join(c if c.isprintable() else " " for c in text).encode("utf-8", "replace") + b"\0"
    library.espeak_Synth(content, len(content), 0, _CHARACTERS, 0, _UTF8, None, None)
    if not samples:
        message = "espeak-ng finds nothing to say in the text: write words"
        raise SpeechError(message)
    return {
        "audio_base64": base64.b64encode(_wav(bytes(samples), rate)).decode(),
        "duration_s": len(samples) // _SAMPLE_BYTES / rate,
        "events": events,
    }


def _voices(language: str) -> list[str]:
    """Names of voices for a BCP 47 tag, the nearest first: of ``pt-BR`` pt-br, then pt."""
    subtags = language.lower().split("-")
    voices = ["-".join(subtags[:length]) for length in range(len(subtags), 0, -1)]
    return [_LANGUAGES.get(voice, voice) for voice in voices]


def _library() -> tuple[ctypes.CDLL, int]:
    """espeak-ng, ready to speak, and its sample rate."""
    try:
        import espeakng_loader  # noqa: PLC0415  the operator's image has none unless asked for

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path()
    except ImportError as error:
        raise SetupError(MISSING) from error
    except (OSError, RuntimeError) as error:
        message = f"espeak-ng cannot be loaded: {error}; install it again: pip install --force-reinstall espeakng-loader"
        raise SetupError(message) from error
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DO_NOT_EXIT)
    if rate <= 0:
        message = f"espeak-ng cannot read its data in {data}; install it again: pip install --force-reinstall espeakng-loader"
        raise SetupError(message)
    return library, rate


def _languages(library: ctypes.CDLL) -> list[str]:
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    voices = library.espeak_ListVoices(None)
    languages, index = set(_LANGUAGES), 0
    while voices[index]:
        # A byte of priority stands before the name of the language.
        language = ctypes.string_at(voices[index].contents.languages + 1).decode().partition("-")[0]
        languages |= {language} if len(language) <= len("cmn") else set()
        index += 1
    return sorted(languages)


def _wav(samples: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, _SAMPLE_BYTES, rate, 0, "NONE", "not compressed"))
        writer.writeframes(samples)
    return file.getvalue()


def _main() -> None:
    request = json.load(sys.stdin)
    try:
        answer = _synthesize(request["text"], request["language"])
    except ClipTaskError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    _main()
