"""What does whoever writes down speech answer? The sounds that are in what was sent, where they are, each taken for a word."""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

import numpy as np

RATE = 16_000
"""Of the samples, of 16 bits, that are sent."""
_WINDOW = 80
"""Samples: 5 ms, to which times are exact."""
_BREATH = 10
"""Windows of silence that part no word."""
_LOUD = 1000


def seconds_of(sound: bytes) -> float:
    """How long it is."""
    return len(sound) / 2 / RATE


def form(content_type: str, content: bytes) -> tuple[dict[str, str], bytes]:
    """The fields of a form, and the file that came with it."""
    fields: dict[str, str] = {}
    file = b""
    whole = message_from_bytes(f"content-type: {content_type}\r\n\r\n".encode() + content, policy=HTTP)
    for part in whole.iter_parts():
        name, payload = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        if part.get_filename() is None:
            fields[str(name)] = payload.decode()
        else:
            file = payload
    return fields, file


def heard(fields: dict[str, str], sound: bytes, vocabulary: Sequence[str]) -> dict[str, Any]:
    """An answer of speech to text. An empty word of the vocabulary is a sound that is none."""
    parts: list[dict[str, Any]] = []
    for number, (begin_s, end_s) in enumerate(sounds(sound)):
        word = vocabulary[number % len(vocabulary)]
        if parts:
            parts.append({"text": " ", "start": parts[-1]["end"], "end": begin_s, "type": "spacing"})
        kind = "word" if word else "audio_event"
        parts.append({"text": word or "(music)", "start": begin_s, "end": end_s, "type": kind})
    return {
        "language_code": fields.get("language_code") or "eng",
        "language_probability": 0.98,
        "text": "".join(part["text"] for part in parts),
        "words": [{**part, "logprob": -0.1, "speaker_id": None, "characters": None} for part in parts],
        "transcription_id": "t1",
        "audio_duration_secs": seconds_of(sound),
    }


def sounds(sound: bytes) -> list[tuple[float, float]]:
    """From where each is heard to where it ends, in seconds."""
    samples = np.frombuffer(sound, "<i2").astype(float)
    loud = np.abs(samples[: len(samples) // _WINDOW * _WINDOW]).reshape(-1, _WINDOW).max(axis=1) > _LOUD
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(int), [0])))).reshape(-1, 2)
    spans: list[tuple[int, int]] = []
    for begin, end in edges.tolist():
        if spans and begin - spans[-1][1] < _BREATH:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
    return [(begin * _WINDOW / RATE, end * _WINDOW / RATE) for begin, end in spans]
