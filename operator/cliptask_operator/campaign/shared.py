"""What do a campaign's videos share? Captions and pictures, each content once beside them, by its content key.

What is there already is not written again, and whatever the index leads to is written before the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from cliptask.captions import webvtt
from cliptask.names import captions_file, picture_file, picture_object
from cliptask.orders import CaptionsOrder
from cliptask.planning.plan import Variant
from cliptask_operator.campaign.stores import Stores
from cliptask_renderer.recordings import cues_of, words_of

_PARALLEL = 16
"""Requests at a time."""


def caption_texts(
    task: str, variants: Sequence[Variant], there: AbstractSet[str], stores: Stores
) -> Mapping[str, str]:
    """Write the caption files of variants that are not ``there``; returns the texts of all, by the files' names.

    A page that is opened from a folder may not read the files beside it: its captions go into it. Raises ``InputError``
    where a recording is gone.
    """
    orders = {captions_file(order.key): order for each in variants if (order := each.captions)}

    def text(name: str) -> str:
        if name not in there:
            return _write_captions(f"{task}/{name}", orders[name], stores)
        # As browsers read WebVTT: people edit captions, and not all of them save UTF-8.
        return stores.output.read(f"{task}/{name}").decode(errors="replace")

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return dict(zip(orders, pool.map(text, orders), strict=True))


def _write_captions(name: str, order: CaptionsOrder, stores: Stores) -> str:
    text = webvtt(cues_of(order, partial(words_of, stores.cache)))
    stores.output.put_bytes(name, text.encode())
    return text


def bring_pictures(
    task: str, variants: Sequence[Variant], there: AbstractSet[str], stores: Stores
) -> AbstractSet[str]:
    """Copy what stands for the clips of variants from the cache, unless it is ``there``; returns the names of all that are.

    One that the cache has lost is left out: the gallery does without it.
    """
    keys = dict.fromkeys(key for each in variants for key in each.pictures)

    def is_there(key: str) -> bool:
        if picture_file(key) in there:
            return True
        try:
            with stores.cache.local(picture_object(key)) as file:
                stores.output.put(f"{task}/{picture_file(key)}", file)
        except KeyError:
            return False
        return True

    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = pool.map(is_there, keys)
        return frozenset(picture_file(key) for key, is_found in zip(keys, found, strict=True) if is_found)
