"""What lies in a folder of media? Files that a campaign can use, told by their content, and those that it cannot."""

from __future__ import annotations

from dataclasses import dataclass

from cliptask.facts import SourceFacts


@dataclass(frozen=True)
class Found:
    """A file that a campaign can use."""

    path: str
    """Relative to the folder, with slashes."""
    facts: SourceFacts
    is_cut_out: bool = False
    """Whether it is a small picture of which some is transparent, as a logo."""


@dataclass(frozen=True)
class Unused:
    """A file that a campaign does not use, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Contents:
    """What lies in a folder, by paths."""

    files: tuple[Found, ...] = ()
    unused: tuple[Unused, ...] = ()
