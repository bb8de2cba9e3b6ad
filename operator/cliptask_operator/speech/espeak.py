"""How does espeak-ng speak a line? In a process of its own, one a line: a second one in the same process sounds different.

That espeak-ng is GPL-3 and written in C are the other reasons for the process; ``espeak_process`` is what runs in it.
"""

from __future__ import annotations

import asyncio
import base64
import importlib.metadata
import json
import sys
from dataclasses import dataclass
from typing import Any, Final

from cliptask.errors import MediaError, SetupError, SpeechError
from cliptask.spec.speech import ROBOT
from cliptask_operator.speech import espeak_process
from cliptask_operator.speech.espeak_process import MISSING

VOICE: Final = ROBOT
"""The voice's name in a task."""
TIMEOUT_S: Final = 60
"""A thousand times what the longest line takes."""


@dataclass(frozen=True, slots=True)
class EspeakAnswer:
    """A WAV file (mono, 16 bits, 22,050 Hz) and when espeak-ng says that it begins a word."""

    audio: bytes
    duration_s: float
    events: tuple[tuple[int, float], ...]
    """(index of a character in the text, second); several for a number, none for some words."""


def version() -> str:
    """What speaks, since another version sounds different. Raises ``SetupError`` where it is missing."""
    try:
        return f"espeakng-loader {importlib.metadata.version('espeakng-loader')}"
    except importlib.metadata.PackageNotFoundError as error:
        raise SetupError(MISSING) from error


def is_installed() -> bool:
    """Whether there is anything to speak with."""
    try:
        return bool(version())
    except SetupError:
        return False


async def speak(text: str, language: str) -> EspeakAnswer:
    """Speak a text; the same text and language give the same bytes.

    Raises ``SpeechError`` for a language without a voice and a text without sound, ``SetupError`` where
    espeak-ng is missing and ``MediaError`` where espeak-ng dies.
    """
    said = await _asked({"text": text, "language": language})
    events = tuple((character, second) for character, second in said["events"])
    return EspeakAnswer(base64.b64decode(said["audio_base64"]), said["duration_s"], events)


async def refuse_language(language: str) -> None:
    """Raise ``SpeechError`` for a language without a voice; else as ``speak``."""
    await _asked({"text": None, "language": language})


async def _asked(question: dict[str, str | None]) -> dict[str, Any]:
    # -P keeps a file of the current folder from posing as a module.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", espeak_process.__name__,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    request = json.dumps(question).encode()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answer, errors = await process.communicate(request)
    except TimeoutError as error:
        message = f"espeak-ng did not finish within {TIMEOUT_S} s: shorten the text"
        raise SpeechError(message) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        last = errors.decode(errors="replace").strip().splitlines()[-1:]
        message = f"espeak-ng died with status {process.returncode}{''.join(f' ({line})' for line in last)}: report the text, or change it"
        raise MediaError(message)
    said: dict[str, Any] = json.loads(answer)
    if "error" in said:
        raise {"SpeechError": SpeechError, "SetupError": SetupError}[said["error"]](said["message"])
    return said
