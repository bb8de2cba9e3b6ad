"""Where is a campaign made, and what does that place still lack?"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cliptask import names
from cliptask.orders import SegmentOrder, SoundtrackOrder
from cliptask.planning.plan import Campaign, Variant
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.open import open_store

CACHE = ".cliptask"
"""Folder of the cache below the output, unless the installation has another."""


@dataclass(frozen=True)
class Stores:
    """The store of the videos, and the one of everything that they share."""

    output: Store
    cache: Store


@dataclass(frozen=True)
class Holdings:
    """What is there of a campaign."""

    videos: frozenset[str]
    """Names."""
    parts: frozenset[str]
    """Keys of segments and soundtracks."""


@dataclass(frozen=True)
class Pending:
    """What is still to be made for a campaign."""

    segments: tuple[SegmentOrder, ...]
    soundtracks: tuple[SoundtrackOrder, ...]
    variants: tuple[Variant, ...]


def place_at(output_uri: str, cache_uri: str | None = None) -> Stores:
    """The stores of an output URI. Raises ``SetupError`` for a URI that is none."""
    return Stores(open_store(output_uri), open_store(cache_uri or f"{output_uri.rstrip('/')}/{CACHE}"))


def parts_of(cache: Store) -> frozenset[str]:
    """Names of all segments and soundtracks in a cache."""
    return frozenset(each.name for folder in ("segments/", "soundtracks/") for each in cache.list(folder))


def videos_of(campaign: Campaign, output: Store) -> Mapping[str, int]:
    """Names of those of a campaign's variants that are there, with poster and captions, and the bytes of their videos."""
    folder = f"{campaign.task}/"
    there = {each.name.removeprefix(folder): each.size_bytes for each in output.list(folder)}
    return {
        each.name: there[f"{each.name}{names.VIDEO}"]
        for each in campaign.variants
        if all(f"{each.name}{ending}" in there for ending in each.order.endings)
    }


def keys_of(campaign: Campaign, parts: AbstractSet[str]) -> frozenset[str]:
    """Keys of those of a campaign's segments and soundtracks that are among the names of parts."""
    segments = (each.key for each in campaign.segments if names.segment_object(each.key) in parts)
    soundtracks = (each.key for each in campaign.soundtracks if names.soundtrack_object(each.key) in parts)
    return frozenset([*segments, *soundtracks])


def holdings(campaign: Campaign, place: Stores) -> Holdings:
    """What of a campaign is there, found by listing the stores."""
    return Holdings(frozenset(videos_of(campaign, place.output)), keys_of(campaign, parts_of(place.cache)))


def pending(campaign: Campaign, there: Holdings) -> Pending:
    """What is still to be made. A part that only finished videos need is not."""
    variants = tuple(each for each in campaign.variants if each.name not in there.videos)
    missing = Campaign(campaign.task, campaign.blocks, campaign.profile, variants, ())
    return Pending(
        tuple(order for order in missing.segments if order.key not in there.parts),
        tuple(order for order in missing.soundtracks if order.key not in there.parts),
        variants,
    )
