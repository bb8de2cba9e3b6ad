"""How does a person find the videos? The campaign's index as JSON, as a table, and as a page, beside them.

And how do videos go that nobody wants any more? Only those that were made here, each with what lies beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from cliptask.errors import ClipTaskError
from cliptask.index import CampaignIndex, campaign_index, history, index_csv, index_json
from cliptask.names import CAPTIONS, POSTER, VIDEO
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign
from cliptask_operator.campaign.gallery import gallery_html
from cliptask_operator.campaign.inventory import earlier_videos, files_of, videos_of
from cliptask_renderer.storage.base import Store, StoredObject

INDEX, TABLE, GALLERY = "index.json", "index.csv", "gallery.html"
OWNER = "owner.json"
"""Whose the folder is, where a cluster claims it."""

_PARALLEL = 16
"""Requests at a time: a bucket takes some 50 ms for each, a large campaign has thousands."""


def publish(
    campaign: Campaign, failed: Mapping[str, ClipTaskError], output: Store, *, prunes: bool = False
) -> CampaignIndex:
    """Write ``index.json``, ``index.csv`` and ``gallery.html`` for the videos that are there now.

    Where there is none, those of an earlier edit stay beside its videos. ``prunes``: these videos are to go.
    """
    folder, files = f"{campaign.task}/", files_of(campaign.task, output)
    index = campaign_index(campaign, videos_of(campaign, files), failed)
    earlier = earlier_videos((each.name for each in campaign.variants), files)
    if not index.variants and earlier and any(each.name == f"{folder}{INDEX}" for each in files):
        return index
    left = 0 if prunes and not index.skipped else len(earlier)
    # A page that is opened from a folder may not read the files beside it: its captions go into it.
    spoken = [each for each in index.variants if each.captions]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        texts = pool.map(lambda each: output.read(f"{folder}{each.captions}"), spoken)
        # As browsers read WebVTT: people edit captions, and not all of them save UTF-8.
        captions = {
            each.name: text.decode(errors="replace") for each, text in zip(spoken, texts, strict=True)
        }
    # The index last: until it is there, the one of before says what was dealt.
    pages = {
        TABLE: index_csv(index).encode("utf-8-sig"),
        GALLERY: gallery_html(index, captions, left).encode(),
        INDEX: index_json(index).encode(),
    }
    for name, content in pages.items():
        output.put_bytes(f"{folder}{name}", content, replace=True)
    return index


def published(task: str, output: Store) -> History:
    """What the index of a task's folder says was dealt: nothing where there is none, or one that this version does not read."""
    try:
        index = CampaignIndex.model_validate_json(output.read(f"{task}/{INDEX}"))
    except (KeyError, ValueError):
        return NOTHING
    return history(index) if index.task == task else NOTHING


def prune(index: CampaignIndex, output: Store) -> int:
    """Remove the videos that the index just published does not name; returns how many.

    Nothing goes while a video is missing: until the campaign is complete, an older one may be all that there is.
    """
    if index.skipped:
        return 0
    there = files_of(index.task, output)
    return _remove(earlier_videos((each.name for each in index.variants), there), there, output)


def remove_all(task: str, output: Store) -> int:
    """Remove all that was made of a task, its index and the claim on its folder; returns how many videos.

    The claim goes last, so that a removal that was interrupted can be taken up by whoever holds it.
    """
    there = files_of(task, output)
    removed = _remove(earlier_videos((), there), there, output)
    names = {each.name for each in there}
    for page in (GALLERY, TABLE, INDEX, OWNER):
        if f"{task}/{page}" in names:
            output.delete(f"{task}/{page}")
    return removed


def _remove(videos: Sequence[StoredObject], there: Iterable[StoredObject], output: Store) -> int:
    # A video goes before what lies beside it: where a video is, all of it is, whenever this is interrupted.
    beside = {each.name.removesuffix(VIDEO) + ending for each in videos for ending in (POSTER, CAPTIONS)}
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(output.delete, [each.name for each in videos]))
        list(pool.map(output.delete, [each.name for each in there if each.name in beside]))
    return len(videos)
