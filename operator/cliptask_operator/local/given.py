"""What has somebody given to be compared? A task, or none, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from cliptask.spec.loading import Script


@dataclass(frozen=True)
class Given:
    """A task as somebody gave it."""

    title: str
    """What it was read from."""
    script: Script | None = None
    """None: there is no task."""
    output: str = ""
    """Where its videos go, as it was written: two copies of a relative path mean one folder."""
