"""What is a table of rows, as a source? It is read here: nothing that could be media, and nothing that a decoder sees."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cliptask.facts import SourceFacts
from cliptask.table_file import MOST_BYTES, rows_of
from cliptask_renderer.probe.limits import ProbeLimits


async def probe_table(file: Path, sha256: str, _limits: ProbeLimits) -> SourceFacts:
    """Its facts. Raises ``SourceError`` saying in which row and column something is wrong."""
    return await asyncio.to_thread(_probe, file, sha256)


def _probe(file: Path, sha256: str) -> SourceFacts:
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    rows_of(content)
    container = "json" if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{") else "csv"
    return SourceFacts(sha256=sha256, size_bytes=file.stat().st_size, kind="table", container=container)
