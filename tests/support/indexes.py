"""Indexes of campaigns of every kind that are there, in part or not at all."""

from __future__ import annotations

from typing import Any

from cliptask.errors import MediaError
from cliptask.index import CampaignIndex, campaign_index
from cliptask.names import picture_file
from cliptask.planning.plan import plan
from support.campaigns import line, sources, task

FORMS = [{"name": "reels", "width": 270, "height": 480}, {"name": "feed", "width": 270, "height": 338}]
TEXTS = [
    {"name": "text", "texts": [{"text": "Zwölf\u2028Prozent \x85 “now” </script>"}, {"text": "Come & see"}]}
]
NAMED_AS_FIELDS = [
    {"name": name, "texts": [{"text": "Half price"}]}
    for name in ("clips", "name", "form", "others", "variants", "parts")
]
SPECS: list[dict[str, Any]] = [
    {},
    {"lines": 2, "captions": {"mode": "sidecar"}},
    {"tracks": 2, "naming": {"name": "{task}_{b0}-{b1}", "utm": "utm_content={name}"}},
    {"pictures": FORMS},
    {"textBlocks": TEXTS},
    {
        "textBlocks": NAMED_AS_FIELDS,
        "pictures": [{**each, "name": name} for each, name in zip(FORMS, ("clips", "name"), strict=True)],
    },
    {"targets": ["tiktok"], "picture": {"width": 1080, "height": 1920}},
]


def indexed(blocks: list[int], there: int | None = None, **spec: Any) -> CampaignIndex:  # noqa: ANN401  a spec's parts
    """The index of a campaign of which so many variants are there, by default all, and the next has failed."""
    tracks, lines = spec.pop("tracks", 0), spec.pop("lines", 0)
    wanted = task(blocks, tracks, lines, **spec)
    campaign = plan(wanted, sources(wanted), [line(f"line {number}") for number in range(lines)])
    sizes = {each.name: 1000 for each in campaign.variants[:there]}
    failed = {each.name: MediaError("broken") for each in campaign.variants[len(sizes) :][:1]}
    pictures = {picture_file(key) for each in campaign.variants for key in each.pictures}
    return campaign_index(campaign, sizes, failed, pictures)
