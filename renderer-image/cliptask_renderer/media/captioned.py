"""How is a segment with words made of the plain one? Groups of pictures over which no word stands are copied, the others encoded.

A group needs no other to be decoded, so that the copied ones show what the plain segment shows, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cliptask.facts import Word
from cliptask.orders import SegmentOrder, meet
from cliptask_renderer.mux.mixed import Run, write_mixed
from cliptask_renderer.mux.tables import Part


def groups_said(order: SegmentOrder, words: Mapping[str, Sequence[Word]]) -> tuple[range, ...]:
    """The groups of a segment that are encoded: all, unless it may copy those over which no word stands."""
    if order.captions is None or not order.captions.copies:
        return order.groups
    from cliptask_renderer.media import subtitles  # noqa: PLC0415  Unicode's tables, where anything is said

    seen = subtitles.spans(order.captions, words, order.profile.fps, order.frames)
    return tuple(group for group in order.groups if any(meet(group, span) for span in seen))


def mix(
    order: SegmentOrder,
    said: Sequence[range],
    encoded: tuple[Path, Part] | None,
    plain: tuple[Path, Part],
    file: Path,
    what: str,
) -> None:
    """Write the segment of the groups that were ``encoded``, those ``said``, in a row, and of the ``plain`` one's others."""
    runs: list[Run] = []
    done = 0
    for group in order.groups:
        if encoded is not None and group in said:
            runs.append(Run(*encoded, range(done, done + len(group))))
            done += len(group)
        else:
            runs.append(Run(*plain, group))
    write_mixed(runs, file, order.profile.fps, what)
