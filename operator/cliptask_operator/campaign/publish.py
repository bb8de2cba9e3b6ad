"""How does a person find the videos? The campaign's index as JSON, as a table, and as a page, beside them.

And how do videos go that nobody wants any more? Only those that were made here, and what they alone shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor

from cliptask.errors import ClipTaskError
from cliptask.index import CampaignIndex, campaign_index
from cliptask.index_files import index_csv, index_json
from cliptask.index_history import history_in
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign
from cliptask_operator.campaign.gallery import gallery_html
from cliptask_operator.campaign.inventory import Folder, earlier_videos, folder_of, videos_of
from cliptask_operator.campaign.shared import bring_pictures, caption_texts
from cliptask_operator.campaign.stores import Stores
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.disk_errors import disk_errors

INDEX, TABLE, GALLERY = "index.json", "index.csv", "gallery.html"
OWNER = "owner.json"
"""Whose the folder is, where a cluster claims it."""

_PARALLEL = 16
"""Requests at a time: a bucket takes some 50 ms for each, a large campaign has thousands."""


def publish(
    campaign: Campaign, failed: Mapping[str, ClipTaskError], stores: Stores, *, prunes: bool = False
) -> CampaignIndex:
    """Write ``index.json``, ``index.csv`` and ``gallery.html`` for the videos that are there now, after what these share.

    Where there is none, those of an earlier edit stay beside its videos. ``prunes``: these videos are to go. Raises
    ``InputError`` where a recording is gone whose words are to be captions.
    """
    output, folder = stores.output, folder_of(campaign.task, stores.output)
    videos = videos_of(campaign, folder.files)
    earlier = earlier_videos((each.name for each in campaign.variants), folder.files)
    if not videos and earlier and any(each.name == f"{campaign.task}/{INDEX}" for each in folder.files):
        return campaign_index(campaign, videos, failed, folder.shared)
    there = [each for each in campaign.variants if each.name in videos]
    captions = caption_texts(campaign.task, there, folder.shared, stores)
    pictures = bring_pictures(campaign.task, there, folder.shared, stores)
    index = campaign_index(campaign, videos, failed, captions.keys() | pictures)
    left = 0 if prunes and not index.skipped else len(earlier)
    # The index last: until it is there, the one of before says what was dealt, and what of the shared is needed.
    _write(f"{campaign.task}/{TABLE}", index_csv(index), output, "utf-8-sig")
    _write(f"{campaign.task}/{GALLERY}", gallery_html(index, captions, left), output)
    _write(f"{campaign.task}/{INDEX}", index_json(index), output)
    return index


def _write(name: str, content: Iterable[str], output: Store, encoding: str = "utf-8") -> None:
    """Store a text that may be long, of which never more than a piece is in memory."""
    with output.scratch() as scratch:
        file = scratch / "text"
        with (
            disk_errors(f"{file} cannot be written", folder=scratch),
            file.open("w", encoding=encoding, newline="") as text,
        ):
            text.writelines(content)
        output.put(name, file, replace=True)


def published(task: str, output: Store) -> History:
    """What the index of a task's folder says was dealt: nothing where there is none, or one that this version does not read."""
    try:
        content = output.read(f"{task}/{INDEX}")
    except KeyError:
        return NOTHING
    try:
        return history_in(content, task)
    except (KeyError, ValueError, RecursionError):
        return History(
            remark=f"{output.uri}/{task}/{INDEX} is damaged or of another version: all is dealt anew, as in an empty folder"
        )


def prune(index: CampaignIndex, output: Store) -> int:
    """Remove the videos, captions and pictures that the index just published does not name; returns how many videos.

    Nothing goes while a video is missing: until the campaign is complete, an older one may be all that there is.
    """
    if index.skipped:
        return 0
    there = folder_of(index.task, output)
    return _remove(index.task, (each.name for each in index.variants), there, index.shared, output)


def remove_all(task: str, output: Store) -> int:
    """Remove all that was made of a task, its index and the claim on its folder; returns how many videos.

    The claim goes last, so that a removal that was interrupted can be taken up by whoever holds it.
    """
    there = folder_of(task, output)
    removed = _remove(task, (), there, frozenset(), output)
    names = {each.name for each in there.files}
    for page in (GALLERY, TABLE, INDEX, OWNER):
        if f"{task}/{page}" in names:
            output.delete(f"{task}/{page}")
    return removed


def _remove(task: str, wanted: Iterable[str], there: Folder, needed: AbstractSet[str], output: Store) -> int:
    videos = [each.name for each in earlier_videos(wanted, there.files)]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(output.delete, videos))
        list(pool.map(output.delete, [f"{task}/{name}" for name in sorted(there.shared - needed)]))
    return len(videos)
