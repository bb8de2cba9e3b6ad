"""What would a run make and cost? The answer of ``cliptask plan``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cliptask.planning.plan import Campaign
from cliptask_operator.campaign.inputs import ResolvedInputs
from cliptask_operator.campaign.inventory import Missing


@dataclass(frozen=True)
class Row:
    """How many of something there are in all, and how many are still to be made."""

    what: str
    total: int
    to_make: int

    @property
    def there(self) -> int:
        """How many exist already."""
        return self.total - self.to_make


@dataclass(frozen=True)
class Forecast:
    """A campaign before it is made."""

    campaign: Campaign
    rows: tuple[Row, ...]
    new: frozenset[str]
    """Names of the videos that would be made."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for scripts, in camelCase."""
        campaign, profile = self.campaign, self.campaign.profile
        return {
            "task": campaign.task,
            "picture": {"width": profile.width, "height": profile.height, "fps": profile.fps},
            **{row.what.replace(" c", "C"): {"total": row.total, "toMake": row.to_make} for row in self.rows},
            "variants": [
                {
                    "name": variant.name,
                    "isNew": variant.name in self.new,
                    "clips": list(variant.clips),
                    "track": variant.track,
                    "line": variant.line,
                    "durationSeconds": round(variant.order.duration_s, 3),
                }
                for variant in campaign.variants
            ],
            "skipped": [
                {
                    "clips": list(each.clips),
                    "track": each.track,
                    "line": each.line,
                    "reason": each.error.reason,
                    "message": str(each.error),
                }
                for each in campaign.skipped
            ],
        }


def forecast(campaign: Campaign, inputs: ResolvedInputs, missing: Missing) -> Forecast:
    """Count what a campaign takes; ``missing`` is what the store lacks."""
    lines = inputs.recordings
    paid = [line for line in lines if line.provider == "elevenlabs"]
    seams, missing_seams = (
        sum(each.is_seam for each in some) for some in (campaign.segments, missing.segments)
    )
    rows = (
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
    return Forecast(campaign, rows, frozenset(variant.name for variant in missing.variants))
