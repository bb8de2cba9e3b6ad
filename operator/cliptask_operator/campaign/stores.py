"""Where is a campaign made? The store of its videos, and the one of everything that campaigns share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.open import open_store

CACHE = ".cliptask"
"""Folder of the cache below the output, unless the installation has another."""


@dataclass(frozen=True)
class Stores:
    """The videos, and what they are made of."""

    output: Store
    cache: Store


def open_stores(output_uri: str, cache_uri: str | None = None, scratch: Path | None = None) -> Stores:
    """The stores of an output URI. ``scratch`` is as for ``open_store``. Raises ``SetupError`` for a URI that is none."""
    cache = cache_uri or f"{output_uri.rstrip('/')}/{CACHE}"
    return Stores(open_store(output_uri, scratch), open_store(cache, scratch))
