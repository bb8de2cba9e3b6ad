"""What happens between two clips?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from cliptask.spec.part import Part
from cliptask.spec.quantities import Duration
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.values import SHORTEST


class Transition(Part):
    """What happens between two clips; without one, a hard cut."""

    kind: Literal["crossfade"] = "crossfade"
    """crossfade: one clip fades into the next."""
    duration: Duration
    """How long the two clips overlap, 100ms to 2s. Each overlap shortens the video by as much."""

    @rule(
        "must be from 100ms to 2s",
        cel="duration(self.duration) >= duration('100ms') && duration(self.duration) <= duration('2s')",
        field="duration",
    )
    def _bounded(self) -> Iterable[Breach]:
        return when(not SHORTEST <= self.duration <= timedelta(seconds=2))
