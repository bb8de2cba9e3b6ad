"""How do the targets of a campaign take its videos? Which each would refuse, as data and in sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cliptask.planning.plan import Campaign, Variant
from cliptask.planning.targets import Kind, Refusal, Video, refusals, shape_for
from cliptask.spec.platforms import Target

_NAMED = 3
"""So many videos are named in one sentence."""


@dataclass(frozen=True)
class Reception:
    """How one target takes a campaign."""

    target: Target
    forms: tuple[str | None, ...]
    """Names of those whose shape it takes."""
    videos: int
    """How many are of these forms."""
    refused: Mapping[str, tuple[Refusal, ...]]
    """Of these the ones that it would refuse, by their names."""

    def takes(self, variant: Variant) -> bool:
        """Whether it shows a video as it is."""
        return variant.form in self.forms and variant.name not in self.refused

    def sentences(self, *, is_made: bool = False) -> tuple[str, ...]:
        """``tiktok would refuse 3 of 12 videos ...``, one for each kind of reason. ``is_made``: the videos are there."""
        kinds: dict[tuple[Kind, str, str], list[tuple[str, Refusal]]] = {}
        for name, why in self.refused.items():
            for each in why:
                kinds.setdefault((each.kind, each.takes, each.remedy), []).append((name, each))
        would = "refuses" if is_made else "would refuse"
        return tuple(
            f"{self.target} {would} {len(some):,} of {self.videos:,} video{'s' * (self.videos != 1)} ({_called(some)}): {_measured(some)}: {remedy}"
            for (_, _, remedy), some in kinds.items()
        )

    def as_data(self) -> dict[str, Any]:
        """Plain data for scripts, in camelCase."""
        return {
            "target": self.target,
            "forms": [form for form in self.forms if form],
            "videos": self.videos,
            "refused": [
                {"name": name, "because": [str(each) for each in why]} for name, why in self.refused.items()
            ],
        }


def _called(some: Sequence[tuple[str, Refusal]]) -> str:
    """Which these are: the first three by name."""
    more = f" and {len(some) - _NAMED:,} more" if len(some) > _NAMED else ""
    return f"{', '.join(name for name, _ in some[:_NAMED])}{more}"


def _measured(some: Sequence[tuple[str, Refusal]]) -> str:
    """From how much to how much they have: ``lasts 3.2 s to 4.5 s; it takes 5 s to 10 min``."""
    ordered = sorted((each for _, each in some), key=lambda each: each.amount)
    least, most = ordered[0], ordered[-1]
    said = f"{least.said} to {most.said}" if least.said != most.said else least.said
    return str(least._replace(said=said))


def received(
    campaign: Campaign, sizes_bytes: Mapping[str, int], made: Collection[str] | None = None
) -> tuple[Reception, ...]:
    """How each target takes the videos of a campaign, of which some have so many bytes, by their names.

    ``made``: names of those whose size is no estimate; None: of all.
    """
    known = sizes_bytes.keys() if made is None else made
    return tuple(_received(campaign, target, sizes_bytes, known) for target in campaign.targets)


def _received(
    campaign: Campaign, target: Target, sizes_bytes: Mapping[str, int], known: Collection[str]
) -> Reception:
    forms = tuple(
        form for form, each in campaign.profiles.items() if shape_for(target, each.width, each.height)
    )
    refused, count = {}, 0
    for variant in campaign.variants:
        if variant.form not in forms:
            continue
        count += 1
        video = Video.of(
            campaign.profiles[variant.form],
            variant.order.duration_s,
            sizes_bytes.get(variant.name),
            is_estimate=variant.name not in known,
        )
        if why := refusals(target, video):
            refused[variant.name] = why
    return Reception(target, forms, count, refused)


def told(campaign: Campaign, receptions: Sequence[Reception], *, is_made: bool = False) -> tuple[str, ...]:
    """All that is to be said of a campaign's targets, in sentences; none where they take it as it is. ``is_made``: the videos are there."""
    refused = (each for reception in receptions for each in reception.sentences(is_made=is_made))
    return (*refused, *campaign.about_targets)
