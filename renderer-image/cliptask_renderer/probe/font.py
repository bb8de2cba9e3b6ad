"""What is a font, and can it be used? Asked where a hostile file can do no harm."""

from __future__ import annotations

from pathlib import Path

from cliptask.facts import SourceFacts
from cliptask_renderer.lettering.own import LARGEST_BYTES, plain
from cliptask_renderer.probe.limits import refuse


def probe_font(path: Path, container: str, facts: SourceFacts) -> SourceFacts:
    """The facts of a font, once it has been read as for a title. Raises ``SourceError`` for one that nothing can be set in."""
    if facts.size_bytes > LARGEST_BYTES:
        words = f"the font has {facts.size_bytes} bytes, {LARGEST_BYTES} are allowed"
        refuse(words, "leave scripts out of it that you do not use")
    plain(path.read_bytes(), "probed")
    return facts.model_copy(update={"kind": "font", "container": container})
