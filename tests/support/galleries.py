"""What does a gallery lie in? A folder with the videos of a planned campaign, as it would be made, and its page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cliptask.index import CampaignIndex, campaign_index
from cliptask.names import picture_file
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign, Variant, plan
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.gallery import gallery_html
from support.campaigns import line, sources
from support.media import picture


def planned(task: ClipTask, history: History = NOTHING) -> Campaign:
    """The task's campaign, whose clips take 3 s each and whose lines one."""
    return plan(task, sources(task), [line(each.text) for each in task.spec.speech], history=history)


@dataclass(frozen=True)
class Gallery:
    """A campaign that was made."""

    task: ClipTask
    campaign: Campaign
    index: CampaignIndex
    page: Path

    @property
    def names(self) -> list[str]:
        """Of its videos, in their order."""
        return [variant.name for variant in self.index.variants]

    @property
    def url(self) -> str:
        """Where the page is opened from the disk."""
        return self.page.as_uri()


def gallery(folder: Path, task: ClipTask, film: Callable[[Variant], Path | None]) -> Gallery:
    """A folder in which each variant is the film that is said of it; where that is None, it lies in the index alone."""
    campaign = planned(task)
    pictures = {picture_file(key) for variant in campaign.variants for key in variant.pictures}
    index = campaign_index(campaign, {variant.name: 1_500_000 for variant in campaign.variants}, {}, pictures)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for name in pictures:
        picture(folder / name)
    for variant, indexed in zip(campaign.variants, index.variants, strict=True):
        if (made := film(variant)) is not None:
            shutil.copyfile(made, folder / indexed.file)
    page = folder / "gallery.html"
    page.write_text("".join(gallery_html(index)))
    return Gallery(task, campaign, index, page)
