"""How did a campaign end of which nothing is left to make? Pure."""

from __future__ import annotations

from collections.abc import Sized
from typing import NamedTuple

from cliptask.planning.plan import Campaign
from cliptask.spec.status import Phase


class Ending(NamedTuple):
    """An end in one word for people, in one for programs, and in a sentence."""

    phase: Phase
    reason: str
    message: str


def ending(campaign: Campaign, failed: Sized, *, skips: bool) -> Ending:
    """The end of a campaign of whose variants these ``failed``. ``skips``: ``onSourceError: Skip``."""
    wanted = len(campaign.variants) + len(campaign.skipped)
    lost = len(failed) + len(campaign.skipped)
    if not lost:
        return Ending("Complete", "Complete", f"{wanted} of {wanted} videos are there")
    message = f"{wanted - lost} of {wanted} videos are there, {lost} could not be made"
    if skips and not failed and campaign.variants:
        return Ending("Complete", "CompleteWithSkips", message)
    return Ending("Failed", "VariantsFailed", message)
