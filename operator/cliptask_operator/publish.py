"""How does a person find the videos? The campaign's index as JSON, as a table, and as a page, beside them."""

from __future__ import annotations

from collections.abc import Mapping

from cliptask.errors import ClipTaskError
from cliptask.index import CampaignIndex, campaign_index, index_csv, index_json
from cliptask.plan import Campaign
from cliptask_operator.gallery import gallery_html
from cliptask_renderer.store import Store

VIDEO = ".mp4"


def publish(campaign: Campaign, failed: Mapping[str, ClipTaskError], output: Store) -> CampaignIndex:
    """Write ``index.json``, ``index.csv`` and ``gallery.html`` for the videos that are there now."""
    folder = f"{campaign.task}/"
    sizes = {
        each.name.removeprefix(folder).removesuffix(VIDEO): each.size_bytes
        for each in output.list(folder)
        if each.name.endswith(VIDEO)
    }
    index = campaign_index(campaign, sizes, failed)
    # A page that is opened from a folder may not read the files beside it: its captions go into it.
    captions = {
        each.name: output.read(f"{folder}{each.captions}").decode()
        for each in index.variants
        if each.captions
    }
    pages = {
        "index.json": index_json(index).encode(),
        "index.csv": index_csv(index).encode("utf-8-sig"),
        "gallery.html": gallery_html(index, captions).encode(),
    }
    for name, content in pages.items():
        output.put_bytes(f"{folder}{name}", content, replace=True)
    return index
