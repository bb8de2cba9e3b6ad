"""What would a run make and cost? The answer of ``cliptask plan``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from cliptask.errors import ClipTaskError
from cliptask.orders import SegmentOrder
from cliptask.planning.changes import Change, changes
from cliptask.planning.plan import Campaign, encoded_s, whole_seconds
from cliptask.planning.reception import Reception
from cliptask.planning.reception import told as told_of_targets
from cliptask_operator.campaign.change_words import (
    as_data,
    camel,
    escaped,
    folded,
    skipped_data,
    summed_up,
    told,
)
from cliptask_operator.campaign.effort import Effort
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
    effort: Effort
    earlier: tuple[str, ...] = ()
    """Names of videos of earlier edits that are still there."""
    output_bytes: int = 0
    """Of all videos: of those that are there, and about what the others will have."""
    prunes: bool = False
    """Whether the task says that these are to go."""
    targets: tuple[Reception, ...] = ()
    """How each of its targets would take its videos."""

    @property
    def errors(self) -> tuple[ClipTaskError, ...]:
        """What is known already to go wrong."""
        refusals = filter(None, (self.inputs.refusal, self.effort.refusal))
        return (*refusals, *(each.error for each in self.campaign.skipped))

    @property
    def exit_code(self) -> int:
        """What a run ends with, as far as can be known before it."""
        return self.errors[0].exit_code if self.errors else 0

    @property
    def removed(self) -> tuple[str, ...]:
        """The videos of earlier edits that go once all is made."""
        return self.earlier if self.prunes and not self.errors else ()

    @cached_property
    def changes(self) -> Mapping[str, Change]:
        """What became of each variant, by its name."""
        lacking = {variant.name for variant in self.missing.variants}
        return changes(self.campaign, {each.name for each in self.campaign.variants} - lacking)

    @property
    def heading(self) -> str:
        """``spring: 1080x1920 at 30 fps``; of several forms ``spring: reels 1080x1920, feed 1080x1350 at 30 fps``."""
        profiles = self.campaign.profiles
        sizes = (" ".join(filter(None, (name, f"{of.width}x{of.height}"))) for name, of in profiles.items())
        fps = next(iter(profiles.values())).fps
        return f"{self.campaign.task}: {', '.join(sizes)} at {fps} fps"

    @property
    def rows(self) -> tuple[Row, ...]:
        """Everything that a campaign takes, counted."""
        campaign, missing, lines = self.campaign, self.missing, self.inputs.recordings
        paid = [line for line in lines if line.provider == "elevenlabs"]
        seams, missing_seams = _seams(campaign.encoded), _seams(missing.segments)
        return (
            Row("videos", len(campaign.variants), len(missing.variants)),
            Row("pieces", len(campaign.encoded) - seams, len(missing.segments) - missing_seams),
            Row("seams", seams, missing_seams),
            Row("soundtracks", len(campaign.soundtracks), len(missing.soundtracks)),
            Row("lines", len(lines), sum(not line.is_spoken for line in lines)),
            Row("encoded seconds", campaign.encode_seconds, whole_seconds([encoded_s(missing.segments)])),
            Row("output bytes", self.output_bytes, self.effort.needs.output_bytes),
            Row(
                "paid characters",
                sum(line.characters for line in paid),
                sum(line.characters for line in paid if not line.is_spoken),
            ),
            Row(
                "transcribed seconds",
                self.inputs.seconds,
                self.inputs.seconds - self.inputs.seconds_written,
            ),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for scripts, in camelCase."""
        campaign, needs = self.campaign, self.effort.needs
        forms = [
            {"width": each.width, "height": each.height, "fps": each.fps}
            for each in campaign.profiles.values()
        ]
        return {
            "task": campaign.task,
            "picture": {**forms[0], "remark": campaign.remark} if len(forms) == 1 else None,
            "pictures": [
                {"name": name, **form} for name, form in zip(campaign.profiles, forms, strict=True) if name
            ],
            "remarks": [*campaign.remarks, *campaign.about_targets],
            "targets": [each.as_data() for each in self.targets],
            "exitCode": self.exit_code,
            **{camel(row.what): {"total": row.total, "toMake": row.to_make} for row in self.rows},
            "needed": {
                "outputBytes": needs.output_bytes,
                "cacheBytes": needs.cache_bytes,
                "scratchBytes": needs.scratch_bytes,
                "seconds": None if needs.seconds is None else round(needs.seconds, 1),
            },
            "disks": [
                {"folder": disk.folder, "neededBytes": disk.needed_bytes, "freeBytes": disk.free_bytes}
                for disk in self.effort.disks
            ],
            "earlier": {
                "total": len(self.earlier),
                "toRemove": len(self.removed),
                "names": list(self.earlier),
            },
            "variants": [as_data(each, self.changes[each.name]) for each in campaign.variants],
            "skipped": [skipped_data(each) for each in campaign.skipped],
        }

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else is to be known, in sentences."""
        about_picture = filter(None, [self.campaign.remark, *self.campaign.remarks])
        about_targets = told_of_targets(self.campaign, self.targets)
        about_changes = (*summed_up(self.changes.values()), *self._about_earlier)
        return (
            *about_picture,
            *about_targets,
            *about_changes,
            *map(str, self.effort.disks),
            *self._about_time,
        )

    @property
    def _about_earlier(self) -> tuple[str, ...]:
        count = len(self.earlier)
        there = count + len(self.campaign.variants) - len(self.missing.variants)
        if self.removed:
            return (f"{of_earlier_edits(count, there)}: removed once all is made",)
        return (earlier_remark(count, there, prunes=self.prunes),) if count else ()

    @property
    def _about_time(self) -> tuple[str, ...]:
        seconds = self.effort.needs.seconds
        if not self.missing.variants:
            return ()
        if seconds is None:
            return ("takes: not known before something like it was made",)
        return (f"takes about {_duration(max(seconds, 1))}, by what earlier runs took",)

    def as_markdown(self) -> str:
        """For a comment on a pull request."""
        new = [told(name, each) for name, each in self.changes.items() if each.kind != "stays"]
        stays = [f"`{name}`" for name, each in self.changes.items() if each.kind == "stays"]
        earlier = [f"`{name}`" for name in self.earlier]
        lines = [
            f"### {self.heading}",
            "",
            "| | in all | there | to make |",
            "|---|---:|---:|---:|",
            *(
                f"| {what} | {total:,} | {total - to_make:,} | {to_make:,} |"
                for what, total, to_make in self.rows
            ),
            "",
            *(f"- {escaped(remark)}" for remark in self.remarks),
            *(f"- **error:** {escaped(message)}" for message in dict.fromkeys(map(str, self.errors))),
            f"- `cliptask render` would end with {self.exit_code}",
        ]
        lines += folded("New", new) + folded("Stays", stays) + folded("Of earlier edits", earlier)
        return "\n".join(lines)


def of_earlier_edits(count: int, there: int) -> str:
    """How many of the videos that are there the task no longer wants."""
    are = "is of an earlier edit" if count == 1 else "are of earlier edits"
    return f"{count:,} of {there:,} video{'s' * (there != 1)} in the folder {are}"


def earlier_remark(count: int, there: int, *, prunes: bool) -> str:
    """With how they go."""
    remedy = "they stay until all is made" if prunes else "spec.output.prune: true removes them"
    return f"{of_earlier_edits(count, there)}: {remedy}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _seams(segments: tuple[SegmentOrder, ...]) -> int:
    return sum(segment.is_seam for segment in segments)
