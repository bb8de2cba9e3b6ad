"""What would a run make and cost? The answer of ``cliptask plan``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from cliptask.orders import SegmentOrder
from cliptask.planning.plan import Campaign
from cliptask_operator.campaign.inputs import ResolvedInputs
from cliptask_operator.campaign.inventory import Missing


class Row(NamedTuple):
    """How many of something there are in all, and how many are still to be made."""

    what: str
    total: int
    to_make: int


@dataclass(frozen=True)
class Forecast:
    """A campaign before it is made."""

    campaign: Campaign
    inputs: ResolvedInputs
    missing: Missing

    @property
    def rows(self) -> tuple[Row, ...]:
        """Everything that a campaign takes, counted."""
        campaign, missing, lines = self.campaign, self.missing, self.inputs.recordings
        paid = [line for line in lines if line.provider == "elevenlabs"]
        seams, missing_seams = _seams(campaign.segments), _seams(missing.segments)
        return (
            Row("videos", len(campaign.variants), len(missing.variants)),
            Row("clips", len(campaign.segments) - seams, len(missing.segments) - missing_seams),
            Row("seams", seams, missing_seams),
            Row("soundtracks", len(campaign.soundtracks), len(missing.soundtracks)),
            Row("lines", len(lines), sum(not line.is_spoken for line in lines)),
            Row(
                "paid characters",
                sum(line.characters for line in paid),
                sum(line.characters for line in paid if not line.is_spoken),
            ),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for scripts, in camelCase."""
        campaign, profile = self.campaign, self.campaign.profile
        new = {variant.name for variant in self.missing.variants}
        return {
            "task": campaign.task,
            "picture": {"width": profile.width, "height": profile.height, "fps": profile.fps},
            **{row.what.replace(" c", "C"): {"total": row.total, "toMake": row.to_make} for row in self.rows},
            "variants": [
                {
                    "name": variant.name,
                    "isNew": variant.name in new,
                    "clips": list(variant.clips),
                    "track": variant.track,
                    "line": variant.line,
                    "durationSeconds": round(variant.order.duration_s, 3),
                }
                for variant in campaign.variants
            ],
            "skipped": [
                {
                    "clips": list(skipped.clips),
                    "track": skipped.track,
                    "line": skipped.line,
                    "reason": skipped.error.reason,
                    "message": str(skipped.error),
                }
                for skipped in campaign.skipped
            ],
        }


def _seams(segments: tuple[SegmentOrder, ...]) -> int:
    return sum(segment.is_seam for segment in segments)
