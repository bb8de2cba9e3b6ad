"""How would the targets take a campaign's videos, before they are made? By what those that are there take, and about by what the others will."""

from __future__ import annotations

from cliptask.planning.plan import Campaign
from cliptask.planning.reception import Reception, received
from cliptask_operator.campaign.effort import video_bytes
from cliptask_operator.campaign.inventory import Inventory


def forecast_of_targets(campaign: Campaign, there: Inventory) -> tuple[Reception, ...]:
    """Of each target of the task, in order."""
    if not campaign.targets:
        return ()
    made = there.sizes_bytes
    sizes = {
        each.name: made[each.name] if each.name in made else video_bytes(each.order, there.past)
        for each in campaign.variants
    }
    return received(campaign, sizes, made)
