"""What does a process of the preview do? One segment or soundtrack, as for ``render``, or a segment's draft beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cliptask import names
from cliptask.orders import PartOrder, SegmentOrder, SoundtrackOrder, VariantOrder
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
    """Drafts in a folder. What they are made from lies in the cache."""

    def __init__(self, folder: Path, cache: Store) -> None:
        super().__init__(folder)
        self._cache = cache

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """See ``Store``."""
        with super().local(name) if self.stat(name) else self._cache.local(name) as file:
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
    store = cache if drafts is None else DraftStore(drafts, cache)
    if isinstance(order, SegmentOrder):
        build.make_segment(store, order, places)
    else:
        build.make_soundtrack(store, order, places)
