"""What does a process of a pool do? One order, with the stores opened by their URIs, which alone cross to it.

The media libraries are imported by the process that uses them: whoever plans need not have them.
"""

from __future__ import annotations

from cliptask.orders import SegmentOrder, SoundtrackOrder, VariantOrder
from cliptask_renderer.storage.open import open_store


def make_segment(cache_uri: str, order: SegmentOrder) -> None:
    """See ``build.make_segment``."""
    from cliptask_renderer import build  # noqa: PLC0415  see above

    build.make_segment(open_store(cache_uri), order)


def make_soundtrack(cache_uri: str, order: SoundtrackOrder) -> None:
    """See ``build.make_soundtrack``."""
    from cliptask_renderer import build  # noqa: PLC0415  see above

    build.make_soundtrack(open_store(cache_uri), order)


def make_variant(cache_uri: str, output_uri: str, folder: str, name: str, order: VariantOrder) -> None:
    """See ``build.make_variant``."""
    from cliptask_renderer import build  # noqa: PLC0415  see above

    build.make_variant(open_store(cache_uri), open_store(output_uri), folder, name, order)
