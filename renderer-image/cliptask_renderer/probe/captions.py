"""What is in a caption file? All of it is read: one that is kept has words."""

from __future__ import annotations

from pathlib import Path

from cliptask.caption_file import MOST_BYTES, words_of
from cliptask.facts import SourceFacts


def probe_captions(path: Path, facts: SourceFacts) -> SourceFacts:
    """The facts of a SubRip or WebVTT file. Raises ``SourceError`` for one that says nothing, or not when."""
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    words = words_of(content)
    is_vtt = content.removeprefix(b"\xef\xbb\xbf").lstrip().upper().startswith(b"WEBVTT")
    container = "webvtt" if is_vtt else "srt"
    found = {
        "kind": "captions",
        "container": container,
        "duration_s": words[-1].end_s,
        "first_word_s": words[0].start_s,
    }
    return facts.model_copy(update=found)
