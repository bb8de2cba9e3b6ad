"""What came of a task's URLs and lines?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cliptask.errors import ClipTaskError
from cliptask.facts import SourceFacts, SpokenLine


@dataclass(frozen=True)
class ResolvedInputs:
    """Facts of each source by its URL, and of each line in order; an error stands for what cannot be had."""

    sources: Mapping[str, SourceFacts | ClipTaskError]
    lines: Sequence[SpokenLine | ClipTaskError]

    @property
    def recordings(self) -> tuple[SpokenLine, ...]:
        """The lines that can be had, those that are one recording once."""
        return tuple({line.key: line for line in self.lines if isinstance(line, SpokenLine)}.values())

    @property
    def characters(self) -> int:
        """Of all recordings."""
        return sum(line.characters for line in self.recordings)

    @property
    def characters_spoken(self) -> int:
        """Of those that are there."""
        return sum(line.characters for line in self.recordings if line.is_spoken)
