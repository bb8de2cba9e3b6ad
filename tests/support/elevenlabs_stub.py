"""What does ElevenLabs' API answer? A server on loopback that speaks it, with real speech (espeak-ng) and real limits.

In a test: ``with ElevenLabsStub() as stub: ... stub.url ... stub.speech_calls``. By itself:
``python tests/support/elevenlabs_stub.py 8181``, and ``ELEVENLABS_BASE_URL=http://127.0.0.1:8181``, key ``stub-key``.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import select
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import imageio_ffmpeg

from cliptask.text import heard_at
from cliptask.word_timing import words_from_events
from cliptask_operator.speech import espeak

sys.path.insert(0, str(Path(__file__).parents[1]))  # where ``support`` is, which nobody installs

from support.hearing import form, heard, seconds_of

KEY = "stub-key"
RACHEL, ADAM, SARAH = "21m00Tcm4TlvDq8ikWAM", "pNInz6obpgDQGcFmaJgB", "EXAVITQu4vr4xnSDxMaL"
VOICES = {RACHEL: "Rachel", ADAM: "Adam", SARAH: "Sarah - Mature, Reassuring, Confident"}
LANGUAGES = {"en", "de", "fr", "es", "it", "pt", "pl", "ja", "zh", "hi", "nl", "tr"}
MODELS = {"eleven_multilingual_v2", "eleven_turbo_v2_5"}
SCRIBES = {"scribe_v1", "scribe_v2"}
FORMATS = {"mp3_22050_32": "32k", "mp3_44100_64": "64k", "mp3_44100_128": "128k"}
NONSENSE = {
    "null audio": b'{"audio_base64": null, "alignment": null}',
    "no base64": b'{"audio_base64": "!!!", "alignment": null}',
    "empty audio": b'{"audio_base64": "", "alignment": null}',
    "no audio": b'{"audio_base64": "PGh0bWw+PC9odG1sPg==", "alignment": null}',
    "a list": b"[]",
    "null": b"null",
    "html": b"<html>welcome</html>",
    "bytes": b"\xff\xfe\x00",
    "nothing": b"",
}
"""Answers with status 200 that are none."""


class ElevenLabsStub:
    """One account. All settings may be changed while it runs."""

    def __init__(self, port: int = 0, address: str = "127.0.0.1") -> None:
        self._address = address
        self.key = KEY
        self.voices = dict(VOICES)
        self.shared_voices: set[str] = set()
        """Ids that anybody may have spoken, and that are in no list."""
        self.may_read = True
        """Whether the key may ask for voices and models."""
        self.voices_per_page = 100
        self.concurrency = 2
        self.quota = 100_000
        """Characters left to speak."""
        self.longest_text = 10_000
        self.delay_s = 0.0
        self.company = 1
        """Speech waits, once, until so many requests are there: proves that they are sent at the same time."""
        self.older = False
        """Errors in the older form: ``detail.status`` instead of ``detail.code``."""
        self.echo = False
        """Whether a refused key is repeated in the message, as a gateway in between may do."""
        self.retry_after: str | None = None
        self.alignment = True
        """Whether answers tell the times of characters."""
        self.vocabulary: tuple[str, ...] = ("Hello", "there", "spring", "is", "here")
        """What it takes the sounds of a file for, one after another; an empty one is a sound that is no word."""
        self.seconds_left = 100_000.0
        """Of sound that may still be transcribed."""
        self.transcriptions, self.seconds = 0, 0.0
        """Requests to transcribe, and seconds charged."""
        self.last_sound: dict[str, str] = {}
        self.speech_calls = self.voice_calls = self.characters = self.most_at_once = self.refused = 0
        """Requests for speech and for voices, characters charged, requests at the same time, refusals by limit."""
        self.last_request: dict[str, Any] = {}
        self._faults: deque[int | str] = deque()
        self._at_once = 0
        self._state = threading.Condition()
        self._is_open = True
        self._is_paused = False
        self._stopped = threading.Event()
        self._server = _Server((address, port), partial(_Handler, self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self._address}:{self._server.server_port}"

    def next(self, *faults: int | str) -> None:
        """What the next requests meet, in order: a status, ``drop``, or a key of ``NONSENSE``."""
        self._faults.extend(faults)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def pause(self) -> None:
        """Finish nothing that is being spoken until ``resume``."""
        with self._state:
            self._is_paused = True

    def resume(self) -> None:
        """Finish what was paused."""
        with self._state:
            self._is_paused = False
            self._state.notify_all()

    def wait_for_speech(self) -> None:
        """Return once speech was asked for, or a transcript; blocks."""
        with self._state:
            self._state.wait_for(lambda: self.speech_calls or self._at_once, timeout=60)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Nobody is let in meanwhile: requests for speech wait at the door, not counted and not charged."""
        with self._state:
            self._is_open = False
        try:
            yield
        finally:
            with self._state:
                self._is_open = True
                self._state.notify_all()

    def let_in(self) -> bool:
        """Wait at the door; whether it has opened."""
        with self._state:
            return self._state.wait_for(lambda: self._is_open, timeout=60)

    def speech(self, voice_id: str, form: str, body: dict[str, Any]) -> tuple[int, object]:
        """Status and JSON for a request for speech; counts it while it lasts."""
        with self._state:
            self.speech_calls += 1
            self.last_request = {"voice_id": voice_id, "output_format": form, **body}
        return self._in_turn(lambda: self._refusal(voice_id, form, body) or self._spoken(body))

    def _refusal(self, voice_id: str, form: str, body: dict[str, Any]) -> tuple[int, object] | None:
        text, language, model = body["text"], body.get("language_code"), body.get("model_id")
        rules = (
            (voice_id in {*self.voices, *self.shared_voices}, 404, "voice_not_found", f"A voice with the voice_id {voice_id} was not found."),
            (form in FORMATS, 403, "output_format_not_allowed", f"Your plan does not allow {form}."),
            (model in MODELS, 400, "model_not_found", f"A model with ID {model} does not exist."),
            (language in {None, *LANGUAGES}, 400, "unsupported_language", f"The model does not support {language}."),
            (
                len(text) <= self.longest_text, 400, "max_character_limit_exceeded",
                f"Your text has {len(text)} characters, {self.longest_text} are allowed.",
            ),
        )  # fmt: skip
        for is_kept, status, code, message in rules:
            if not is_kept:
                return self.error(status, code, message)
        with self._state:
            if len(text) > self.quota:
                message = f"You have {self.quota} credits remaining, while {len(text)} are required."
                return self.error(401, "quota_exceeded", message)
            self.quota -= len(text)
            self.characters += len(text)
        return None

    def _spoken(self, body: dict[str, Any]) -> tuple[int, object]:
        audio, alignment = _speech(body["text"], body.get("language_code") or "en")
        answer = {
            "audio_base64": base64.b64encode(audio).decode(),
            "alignment": alignment if self.alignment else None,
            "normalized_alignment": alignment if self.alignment else None,
        }
        return 200, answer

    def transcribe(self, fields: dict[str, str], sound: bytes) -> tuple[int, object]:
        """Status and JSON for a request to write down what is said; counts it while it lasts, as one for speech."""
        with self._state:
            self.transcriptions += 1
            self.last_sound = fields
        return self._in_turn(
            lambda: self._unheard(fields, sound) or (200, heard(fields, sound, self.vocabulary))
        )

    def _unheard(self, fields: dict[str, str], sound: bytes) -> tuple[int, object] | None:
        language, model, seconds = fields.get("language_code"), fields.get("model_id"), seconds_of(sound)
        rules = (
            (fields.get("file_format") == "pcm_s16le_16", 400, "invalid_audio", "This stub reads raw samples alone."),
            (model in SCRIBES, 400, "invalid_model_id", f"{model} is not a valid model_id."),
            (language in {None, *LANGUAGES}, 400, "unsupported_language", f"The model does not support {language}."),
            (seconds >= 0.1, 400, "audio_too_short", "The audio must be at least 100 ms long."),
        )  # fmt: skip
        for is_kept, status, code, message in rules:
            if not is_kept:
                return self.error(status, code, message)
        with self._state:
            if seconds > self.seconds_left:
                return self.error(401, "quota_exceeded", "You have too few credits remaining.")
            self.seconds_left -= seconds
            self.seconds += seconds
        return None

    def _in_turn(self, work: Callable[[], tuple[int, object]]) -> tuple[int, object]:
        """What takes one of the account's slots, or is refused for want of one."""
        with self._state:
            if self._at_once >= self.concurrency:
                self.refused += 1
                return self.error(
                    429,
                    "concurrent_limit_exceeded",
                    f"You have exceeded {self.concurrency} concurrent requests.",
                )
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self._state.notify_all()
            self._state.wait_for(lambda: self.most_at_once >= self.company, timeout=20)
            self._state.wait_for(lambda: not self._is_paused, timeout=60)
        try:
            self._stopped.wait(self.delay_s)
            return work()
        finally:
            with self._state:
                self._at_once -= 1

    def error(self, status: int, code: str, message: str) -> tuple[int, object]:
        """An error as the API words it."""
        newer = {"type": "error", "code": code, "message": message, "request_id": "r1", "param": None}
        return status, {"detail": {"status": code, "message": message} if self.older else newer}

    def models(self) -> list[dict[str, Any]]:
        """What can be spoken with."""
        languages = [{"language_id": code, "name": code} for code in sorted(LANGUAGES)]
        return [
            {
                "model_id": model, "name": model, "can_do_text_to_speech": True, "languages": languages,
                "maximum_text_length_per_request": self.longest_text, "concurrency_group": "standard",
            }
            for model in sorted(MODELS)
        ]  # fmt: skip

    def listed(self, size: int | None, token: str | None) -> dict[str, Any]:
        """One page of voices, or all."""
        self.voice_calls += 1
        start = int(token or 0)
        size = len(self.voices) if size is None else min(size, self.voices_per_page)
        items = [
            {
                "voice_id": voice_id, "name": name, "category": "premade", "labels": {"language": "en"},
                "high_quality_base_model_ids": None,
            }
            for voice_id, name in self.voices.items()
        ]  # fmt: skip
        more = start + size < len(items)
        return {
            "voices": items[start : start + size],
            "has_more": more,
            "total_count": len(items),
            "next_page_token": str(start + size) if more else None,
        }

    def fault(self, path: str) -> int | str | None:
        """What the present request meets, which then counts as one."""
        with self._state:
            fault = self._faults.popleft() if self._faults else None
            if fault is not None:
                self.speech_calls += path.startswith("/v1/text-to-speech/")
                self.transcriptions += path == "/v1/speech-to-text"
                self.voice_calls += path.endswith("/voices")
            return fault

    def limits(self) -> dict[str, str]:
        """Headers of every answer."""
        limits = {
            "current-concurrent-requests": str(self._at_once),
            "maximum-concurrent-requests": str(self.concurrency),
        }
        return limits if self.retry_after is None else {**limits, "retry-after": self.retry_after}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    """Translates between HTTP and the stub."""

    protocol_version = "HTTP/1.1"

    def __init__(self, stub: ElevenLabsStub, *args: Any) -> None:  # noqa: ANN401 - of the server
        self._stub = stub
        super().__init__(*args)

    def do_GET(self) -> None:
        """List voices or models."""
        self._answer()

    def do_POST(self) -> None:
        """Speak, or listen."""
        self._answer()

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("xi-api-key") != self._stub.key:
            given = f" {self.headers.get('xi-api-key')}" if self._stub.echo else ""
            self._send(*self._stub.error(401, "invalid_api_key", f"Invalid API key{given}"))
            return
        if self.command == "GET" and not self._stub.may_read:
            self._send(*self._stub.error(401, "missing_permissions", "The API key is missing a permission."))
            return
        fault = self._stub.fault(urlsplit(self.path).path)
        if fault is None:
            self._send(*self._work(content))
        elif fault == "drop":
            self.close_connection = True
        elif fault == "redirect":
            self._raw(302, b"", {"location": "http://127.0.0.1:9/"})
        elif isinstance(fault, str):
            self._raw(200, NONSENSE[fault], {})
        else:
            self._send(*self._stub.error(fault, HTTPStatus(fault).name.lower(), "Told to fail."))

    def _work(self, content: bytes) -> tuple[int, object]:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match [self.command, *url.path.strip("/").split("/")]:
            case ["GET", "v1", "voices"]:
                return 200, {"voices": self._stub.listed(None, None)["voices"]}
            case ["GET", "v2", "voices"]:
                return 200, self._stub.listed(int(query.get("page_size", 10)), query.get("next_page_token"))
            case ["GET", "v1", "models"]:
                return 200, self._stub.models()
            case ["POST", "v1", *paid]:
                return self._paid(paid, query, content)
        return 404, {"detail": "Not Found"}

    def _paid(self, path: list[str], query: dict[str, str], content: bytes) -> tuple[int, object]:
        if path[0] not in {"text-to-speech", "speech-to-text"}:
            return 404, {"detail": "Not Found"}
        if not self._stub.let_in() or self._is_gone():
            return 503, {"detail": "nobody waits for it any more"}
        match path:
            case ["speech-to-text"]:
                return self._stub.transcribe(*form(self.headers["content-type"], content))
            case ["text-to-speech", voice_id, "with-timestamps"]:
                format_ = query.get("output_format", "mp3_44100_128")
                return self._stub.speech(voice_id, format_, json.loads(content))
        return 404, {"detail": "Not Found"}

    def _is_gone(self) -> bool:
        """Whether the client has hung up, or was killed, while it waited."""
        try:
            readable, _, _ = select.select([self.connection], [], [], 0)
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _send(self, status: int, answer: object) -> None:
        self._raw(status, json.dumps(answer).encode(), {"content-type": "application/json"})

    def _raw(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {
                **self._stub.limits(),
                **headers,
                "content-length": str(len(content)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            # Whoever asked has gone.
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@lru_cache(maxsize=256)
def _speech(text: str, language: str) -> tuple[bytes, dict[str, list[Any]]]:
    """An MP3 file and the times of the text's characters."""
    said, places = heard_at(text)
    answer = asyncio.run(espeak.speak(said, language))
    encoded = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "pipe:0", "-ar", "44100", "-b:a", "128k", "-f", "mp3", "pipe:1"],
        input=answer.audio,
        capture_output=True,
        check=True,
    )  # fmt: skip
    # As of the real one, its times are those of all characters that were sent, directions for the voice among them.
    starts, ends, at = [0.0] * len(text), [0.0] * len(text), 0
    for word in words_from_events(said, answer.events, answer.duration_s):
        begin = said.index(word.text, at)
        step = (word.end_s - word.start_s) / len(word.text)
        first, last = places[begin], places[begin + len(word.text) - 1]
        starts[places[at] : first] = ends[places[at] : first] = [word.start_s] * (first - places[at])
        for offset in range(len(word.text)):
            place = places[begin + offset]
            starts[place] = round(word.start_s + step * offset, 3)
            ends[place] = round(word.start_s + step * (offset + 1), 3)
        at = begin + len(word.text)
        starts[last + 1 :] = ends[last + 1 :] = [answer.duration_s] * (len(text) - last - 1)
    return encoded.stdout, {
        "characters": list(text),
        "character_start_times_seconds": starts,
        "character_end_times_seconds": ends,
    }


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int, nargs="?", default=0)
    with ElevenLabsStub(parser.parse_args().port) as stub:
        print(stub.url, flush=True)  # noqa: T201 - whoever starts it has to know
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
