from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from cliptask import names
from cliptask.planning.plan import Campaign, Variant, plan
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.inputs import ResolvedInputs
from cliptask_operator.campaign.inventory import Inventory, folder_of, missing
from cliptask_operator.campaign.pipeline import Pipeline
from cliptask_operator.campaign.stores import Stores, open_stores
from support.campaigns import line, sources, task


class NoInputs:
    """Nothing is asked of it."""

    async def with_rows(self, *_: object) -> ClipTask:
        """Never."""
        raise AssertionError

    async def resolve(self, *_: object, **__: object) -> ResolvedInputs:
        """Never."""
        raise AssertionError


def campaign() -> Campaign:
    """Two videos of three clips, with one soundtrack and captions for both."""
    wanted = task([2, 1], tracks=1, lines=1, captions={"mode": "soft"})
    return plan(wanted, sources(wanted), [line("line 0")])


def place(folder: Path) -> Stores:
    """Folders with nothing in them."""
    return open_stores((folder / "out").as_uri())


def inventory(of: Campaign, where: Stores) -> Inventory:
    """What is there of a campaign; its inputs are nobody's concern here."""
    return asyncio.run(Pipeline(NoInputs()).inventory(of, where))


def store(variant: Variant, where: Stores) -> None:
    """A video."""
    where.output.put_bytes(f"t/{variant.name}{names.VIDEO}", b"content")


def test_a_cache_is_below_the_output_unless_all_share_one(tmp_path: Path) -> None:
    """Renderer and operator would look in different places."""
    output, shared = (tmp_path / "out").as_uri(), (tmp_path / "cache").as_uri()

    assert open_stores(output).cache.uri == open_stores(f"{output}/").cache.uri == f"{output}/.cliptask"
    assert open_stores(output, shared).cache.uri == shared
    assert open_stores(output, shared).output.uri == output


def test_where_nothing_is_all_is_to_be_made(tmp_path: Path) -> None:
    """A first run would leave something out."""
    wanted = campaign()

    there = inventory(wanted, place(tmp_path))
    left = missing(wanted, there)

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
    where.cache.put_bytes(names.picture_object(wanted.segments[1].key), b"picture")
    where.cache.put_bytes(names.segment_object(wanted.segments[1].key), b"pictures")

    there = inventory(wanted, where)
    left = missing(wanted, there)

    assert there.videos == {first.name}
    assert there.parts == {track.key, wanted.segments[1].key}
    assert left.variants == (second,)
    assert left.soundtracks == ()
    assert {each.key for each in left.segments} == {part.key for part in second.order.segments} - there.parts


@pytest.mark.parametrize("lost", [names.segment_object, names.picture_object])
def test_a_segment_is_there_with_its_picture(lost: Callable[[str], str], tmp_path: Path) -> None:
    """A picture that somebody deleted would never come again, for no later video either."""
    wanted, where = campaign(), place(tmp_path)
    (segment, *_) = wanted.segments
    for name in {names.segment_object, names.picture_object} - {lost}:
        where.cache.put_bytes(name(segment.key), b"content")

    assert segment.key not in inventory(wanted, where).parts


def test_a_transition_is_there_without_a_picture(tmp_path: Path) -> None:
    """It would be made again at every run."""
    of = task([1, 1], transitions=[{"duration": "500ms"}])
    wanted, where = plan(of, sources(of), []), place(tmp_path)
    (seam,) = (each for each in wanted.segments if each.is_seam)
    where.cache.put_bytes(names.segment_object(seam.key), b"content")

    assert inventory(wanted, where).parts == {seam.key}


def test_what_videos_share_is_told_from_what_others_keep_there(tmp_path: Path) -> None:
    """Somebody's own file would be pruned, or captions be written again at every run."""
    key, output = "0a1b2c3d" * 8, place(tmp_path).output
    ours = {f"captions/{key}.vtt", f"pictures/{key}.jpg"}
    theirs = {
        "captions/final.vtt",
        f"captions/{key}.srt",
        f"pictures/kept/{key}.jpg",
        f"kept/captions/{key}.vtt",
        f"{key}.jpg",
    }
    for name in ours | theirs:
        output.put_bytes(f"t/{name}", b"content")

    found = folder_of("t", output)

    assert found.shared == ours
    assert [each.name for each in found.files] == [f"t/{key}.jpg"]
