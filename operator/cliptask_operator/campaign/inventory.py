"""What of a campaign is there, and what is missing? Found by listing the stores, which are the truth."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cliptask import names
from cliptask.orders import SegmentOrder, SoundtrackOrder
from cliptask.planning.plan import Campaign, Variant
from cliptask_renderer.storage.base import Store


@dataclass(frozen=True)
class Inventory:
    """What of a campaign is there."""

    videos: frozenset[str] = frozenset()
    """Names."""
    parts: frozenset[str] = frozenset()
    """Keys of segments and soundtracks."""


@dataclass(frozen=True)
class Missing:
    """What is still to be made for a campaign."""

    segments: tuple[SegmentOrder, ...]
    soundtracks: tuple[SoundtrackOrder, ...]
    variants: tuple[Variant, ...]


def parts_of(cache: Store) -> frozenset[str]:
    """Names of all segments and soundtracks in a cache."""
    folders = ("segments/", "soundtracks/")
    return frozenset(stored.name for folder in folders for stored in cache.list(folder))


def videos_of(campaign: Campaign, output: Store) -> Mapping[str, int]:
    """Names of those of a campaign's variants that are there, with poster and captions, and the bytes of their videos."""
    folder = f"{campaign.task}/"
    sizes = {stored.name.removeprefix(folder): stored.size_bytes for stored in output.list(folder)}
    return {
        variant.name: sizes[f"{variant.name}{names.VIDEO}"]
        for variant in campaign.variants
        if all(f"{variant.name}{ending}" in sizes for ending in variant.order.endings)
    }


def keys_of(campaign: Campaign, parts: AbstractSet[str]) -> frozenset[str]:
    """Keys of those of a campaign's segments and soundtracks that are among the names of parts."""
    segments = (part.key for part in campaign.segments if names.segment_object(part.key) in parts)
    soundtracks = (part.key for part in campaign.soundtracks if names.soundtrack_object(part.key) in parts)
    return frozenset([*segments, *soundtracks])


def missing(campaign: Campaign, there: Inventory) -> Missing:
    """What is still to be made. A part that only finished videos need is not."""
    variants = tuple(variant for variant in campaign.variants if variant.name not in there.videos)
    wanted = Campaign(campaign.task, campaign.blocks, campaign.profile, variants, ())
    return Missing(
        tuple(order for order in wanted.segments if order.key not in there.parts),
        tuple(order for order in wanted.soundtracks if order.key not in there.parts),
        variants,
    )
