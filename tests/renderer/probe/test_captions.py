"""What is said of caption files when they are fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from cliptask.errors import SourceError
from cliptask_renderer.probe.file import probe

SRT = b"1\n00:00:01,000 --> 00:00:02,500\nHello you\n"


@pytest.mark.parametrize(
    ("content", "container"),
    [(SRT, "srt"), (b"\xef\xbb\xbf" + SRT, "srt"), (b"\xef\xbb\xbfWEBVTT\n\n" + SRT.replace(b",", b"."), "webvtt")],
)  # fmt: skip
def test_a_caption_file_is_told_by_its_content(content: bytes, container: str, tmp_path: Path) -> None:
    """One that a host calls text/plain, or that has another ending, would be refused."""
    (tmp_path / "hook.txt").write_bytes(content)

    facts = probe(tmp_path / "hook.txt", "a" * 64)

    assert (facts.kind, facts.container) == ("captions", container)
    assert (facts.first_word_s, facts.duration_s) == (1.0, 2.5)
    assert (facts.width, facts.fps, facts.has_audio) == (0, 0, False)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SRT.decode().encode("utf-16"), "not UTF-8; save the captions as UTF-8"),
        (b"WEBVTT\n\n", "it has no captions"),
        (SRT + b"\n" * (1 << 20), "larger than the 1 MiB"),
    ],
)
def test_one_that_cannot_be_read_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    """Videos would be made without the words, and nobody would know why."""
    (tmp_path / "hook.srt").write_bytes(content)

    with pytest.raises(SourceError, match=words):
        probe(tmp_path / "hook.srt", "a" * 64)
