from __future__ import annotations

from pathlib import Path

import pytest

from cliptask import names
from cliptask.planning.plan import Campaign, Variant, plan
from cliptask_operator.campaign.stores import Stores, holdings, pending, place_at
from support.campaigns import line, sources, task


def campaign() -> Campaign:
    """Two videos of three clips, with one soundtrack and captions for both."""
    wanted = task([2, 1], tracks=1, lines=1, captions={"mode": "soft"})
    return plan(wanted, sources(wanted), [line("line 0")])


def place(folder: Path) -> Stores:
    """Folders with nothing in them."""
    return place_at((folder / "out").as_uri())


def store(variant: Variant, where: Stores, lost: str = "") -> None:
    """Every file of a variant but that with one ending."""
    for ending in variant.order.endings:
        if ending != lost:
            where.output.put_bytes(f"t/{variant.name}{ending}", b"content")


def test_a_cache_is_below_the_output_unless_all_share_one(tmp_path: Path) -> None:
    """Renderer and operator would look in different places."""
    output, shared = (tmp_path / "out").as_uri(), (tmp_path / "cache").as_uri()

    assert place_at(output).cache.uri == place_at(f"{output}/").cache.uri == f"{output}/.cliptask"
    assert place_at(output, shared).cache.uri == shared
    assert place_at(output, shared).output.uri == output


def test_where_nothing_is_all_is_to_be_made(tmp_path: Path) -> None:
    """A first run would leave something out."""
    wanted = campaign()

    there = holdings(wanted, place(tmp_path))
    left = pending(wanted, there)

    assert (there.videos, there.parts) == (frozenset(), frozenset())
    assert (left.variants, left.segments, left.soundtracks) == (
        wanted.variants, wanted.segments, wanted.soundtracks,
    )  # fmt: skip


def test_what_is_there_is_found_by_its_name(tmp_path: Path) -> None:
    """It would be made again; or a part would be made that no missing video needs."""
    wanted, where = campaign(), place(tmp_path)
    first, second = wanted.variants
    (track,) = wanted.soundtracks
    store(first, where)
    where.cache.put_bytes(names.soundtrack_object(track.key), b"sound")
    where.cache.put_bytes(names.segment_object(wanted.segments[1].key), b"picture")

    there = holdings(wanted, where)
    left = pending(wanted, there)

    assert there.videos == {first.name}
    assert there.parts == {track.key, wanted.segments[1].key}
    assert left.variants == (second,)
    assert left.soundtracks == ()
    assert {each.key for each in left.segments} == {part.key for part in second.order.segments} - there.parts


@pytest.mark.parametrize("lost", [names.VIDEO, names.POSTER, names.CAPTIONS])
def test_a_video_is_there_with_all_of_its_files(lost: str, tmp_path: Path) -> None:
    """Captions that somebody deleted would never come again, and the campaign's page could not be written."""
    wanted, where = campaign(), place(tmp_path)
    first, second = wanted.variants
    store(first, where)
    store(second, where, lost)

    assert holdings(wanted, where).videos == {first.name}
