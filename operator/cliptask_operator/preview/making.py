"""What does a process of the preview do? One segment or soundtrack, as for ``render``, or a segment's draft beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cliptask import names
from cliptask.facts import Look
from cliptask.orders import Cut, PartOrder, SegmentOrder, SoundtrackOrder, VariantOrder
from cliptask_operator.campaign.stores import Stores
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.open import open_store


@dataclass(frozen=True)
class Part:
    """Something to be made."""

    order: PartOrder
    is_draft: bool = False

    @property
    def key(self) -> str:
        """Its content key: a draft has another profile, and never that of a part of a video."""
        return self.order.key

    @property
    def name(self) -> str:
        """What it is called in its store."""
        if isinstance(self.order, SegmentOrder):
            return names.segment_object(self.key)
        return names.soundtrack_object(self.key)


@dataclass(frozen=True)
class Shelf:
    """Where parts lie: the campaign's own cache, and a folder of drafts that goes with the preview."""

    stores: Stores
    drafts: Path
    scratch: Path | None = None
    """As for ``open_store``."""
    places: Mapping[str, str] = field(default_factory=dict)
    """What errors call sources and lines."""

    def file(self, part: Part) -> Path:
        """Where a part lies once it is made. Raises ``KeyError`` before."""
        with self.store(part).local(part.name) as file:
            return file

    def store(self, part: Part) -> Store:
        """Where it belongs."""
        return FolderStore(self.drafts) if part.is_draft else self.stores.cache

    def has(self, part: Part) -> bool:
        """Whether it is made."""
        try:
            self.file(part)
        except KeyError:
            return False
        return True

    def making(self, part: Part) -> partial[None]:
        """What another process is to do."""
        order = part.order
        needed = {*order.sources}
        if isinstance(order, SoundtrackOrder):
            needed |= {each.line_key for each in order.speech}
        places = {key: place for key, place in self.places.items() if key in needed}
        drafts = self.drafts if part.is_draft else None
        return partial(make, order, self.stores.cache.uri, drafts, self.scratch, places)


class DraftStore(FolderStore):
    """Drafts in a folder. What they are made from lies in the cache, or is another draft."""

    def __init__(self, folder: Path, cache: Store, below: SegmentOrder | None = None) -> None:
        """``below``: the draft that is a source of others, if any."""
        super().__init__(folder)
        self._cache = cache
        self._drafts = {names.source_object(below.key): names.segment_object(below.key)} if below else {}

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """See ``Store``."""
        own = self._drafts.get(name, name)
        with super().local(own) if self.stat(own) else self._cache.local(name) as file:
            yield file


def parts_of(order: VariantOrder, *, is_draft: bool) -> tuple[Part, ...]:
    """The soundtrack, if there is one, and the segments: as they follow each other in the video."""
    sound = [Part(order.soundtrack)] if order.soundtrack else []
    return (*sound, *(Part(each, is_draft) for each in order.segments))


def make(
    order: PartOrder,
    cache_uri: str,
    drafts: Path | None,
    scratch: Path | None,
    places: Mapping[str, str],
) -> None:
    """Make a part where it is not there; ``drafts``: as a draft, in this folder. Raises why it cannot be made."""
    from cliptask_renderer import build  # noqa: PLC0415  media libraries only in processes that use them

    cache = open_store(cache_uri, scratch)
    if isinstance(order, SoundtrackOrder):
        build.make_soundtrack(cache, order, places)
    elif drafts is None:
        build.make_segment(cache, order, places)
    else:
        _make_draft(order, cache, drafts, places)


def _make_draft(order: SegmentOrder, cache: Store, drafts: Path, places: Mapping[str, str]) -> None:
    """Lay what lies over a clip over a draft without it, which is there already where only that was edited.

    To decode a clip of 1080x1920 takes two thirds of a draft's time.
    """
    from cliptask_renderer import build  # noqa: PLC0415  as above

    name, below = names.segment_object(order.key), _bare(order)
    store = DraftStore(drafts, cache, below)
    if below is None or store.stat(name) is not None:
        build.make_segment(store, order, places)
        return
    build.make_segment(store, below, places)
    over = _laid_over(order, below)
    made = build.make_segment(store, over, places).name
    known = store.stat(made)
    with store.local(made) as file:
        store.put(name, file, known.metadata if known else {})
    for each in (made, names.picture_object(over.key)):
        store.delete(each)


def _bare(order: SegmentOrder) -> SegmentOrder | None:
    """A draft with nothing over its pictures; None where nothing is, or where they are quickly had of their source."""
    cut = order.cuts[0]
    if order.is_seam or cut.is_held or cut.kind != "video" or not (cut.overlays or order.captions):
        return None
    return SegmentOrder(profile=order.profile, cuts=(cut.model_copy(update={"overlays": ()}),))


def _laid_over(order: SegmentOrder, below: SegmentOrder) -> SegmentOrder:
    """The same draft, of pictures that are in its form already."""
    profile, own = order.profile.model_copy(update={"fit": "stretch"}), order.cuts[0]
    cut = Cut(
        source=below.key, kind="video", look=Look(), first_frame=0, frames=own.frames, overlays=own.overlays
    )
    return SegmentOrder(profile=profile, cuts=(cut,), captions=order.captions)
