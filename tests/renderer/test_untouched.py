"""What of a video is another for what lies over it, and what is the plain one's, picture by picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
import pytest

from cliptask import names, recipe
from cliptask.errors import MediaError
from cliptask.orders import SegmentOrder, VariantOrder
from cliptask_renderer import build
from cliptask_renderer.parts import stored_part
from cliptask_renderer.storage.folder import FolderStore
from support import joined, looks

_DRAWN = 10
"""So many campaigns are drawn in every run of the tests; ``make matrix`` tries twenty others."""
_STAYS_S = 1.1
"""How long words may stand after they were said: until the next ones come, or a little longer than the last ones."""


def groups(order: VariantOrder) -> Iterator[range]:
    """A video's groups of pictures."""
    size, start = recipe.GOP_S * order.profile.fps, 0
    for segment in order.segments:
        for at in range(start, start + segment.frames, size):
            yield range(at, min(at + size, start + segment.frames))
        start += segment.frames


def said(of: looks.Looks, order: VariantOrder) -> list[tuple[float, float]]:
    """When words may stand, in frames, by the times of the words themselves."""
    assert order.burned is not None
    fps = order.profile.fps
    return [
        (each.frame + word.start_s * fps - 1, each.frame + (word.end_s + _STAYS_S) * fps)
        for each in order.burned.spoken
        for word in of.words[each.words]
    ]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the campaigns are made of."""
    return looks.footage(tmp_path_factory.mktemp("footage"))


def pictures(cache: FolderStore, order: VariantOrder, joint: Path) -> list[str]:
    """The MD5 of each picture of a video as a player decodes it, of segments that are made here."""
    files = []
    for each in order.segments:
        with cache.local(build.make_segment(cache, each).name) as file:
            files.append(file)
    lines = joined.framemd5(joined.join(joint, files), "v")
    return [each.rpartition(",")[2] for each in lines if not each.startswith("#")]


def without_words(of: looks.Looks) -> list[dict[str, Any]]:
    """The blocks of a campaign in whose clips nobody speaks."""
    return [
        {
            **block,
            "clips": [
                {name: value for name, value in clip.items() if name != "captions"} for clip in block["clips"]
            ],
        }
        for block in of.spec["videoBlocks"]
    ]


def said_in_part(of: looks.Looks) -> SegmentOrder:
    """A segment that has words in one of its groups."""
    (variant,) = of.planned("transitions", "overlays", videoBlocks=without_words(of)).variants
    return next(each for each in variant.order.segments if each.base)


@pytest.mark.parametrize(
    "number", [*range(_DRAWN), *(pytest.param(n, marks=pytest.mark.matrix) for n in range(_DRAWN, 30))]
)
def test_pictures_over_which_nothing_lies_are_the_plain_ones(
    number: int, footage: Path, tmp_path: Path
) -> None:
    """Words, titles and logos would cost quality where nobody sees them, and every edit of a word the whole clip."""
    of = looks.drawn(number, footage, tmp_path)
    silent = without_words(of)
    (variant,) = of.planned().variants
    (wordless,) = of.planned("speech", videoBlocks=silent).variants
    (plain,) = of.planned(
        "speech", "overlays", "audioBlocks", "captions", "sound", videoBlocks=silent
    ).variants

    cache, other = of.store("cache"), of.store("other")
    build.make_variant(cache, FolderStore(tmp_path / "out"), "t", variant.name, variant.order)
    shown, without, nothing = (
        pictures(store, each.order, tmp_path / "joint.mp4")
        for store, each in ((cache, variant), (other, wordless), (other, plain))
    )

    spans = said(of, variant.order)
    free = [
        each for each in groups(variant.order) if not any(a < each.stop and b > each.start for a, b in spans)
    ]
    assert free
    assert all(shown[each.start : each.stop] == without[each.start : each.stop] for each in free)
    assert shown != without
    starts = accumulate((each.frames for each in plain.order.segments), initial=0)
    bare = [each for each in wordless.order.segments if not each.all_overlays]
    for segment, start in zip(plain.order.segments, starts, strict=False):
        here = slice(start, start + segment.frames)
        assert segment.key not in {each.key for each in bare} or without[here] == nothing[here]
    assert {each.key for each in bare} <= {each.key for each in plain.order.segments}


def test_a_word_has_only_its_group_encoded(footage: Path, tmp_path: Path) -> None:
    """Each line would cost the whole clip, whose other pictures would be encoded again and again."""
    of = looks.drawn(0, footage, tmp_path)
    cache, order = of.store("cache"), said_in_part(of)
    base = order.plain

    made = build.make_segment(cache, order)

    plain = stored_part(cache, names.segment_object(base.key))
    assert plain is not None
    with cache.local(made.name) as new, cache.local(plain.name) as old:
        (one, other) = (packets(file) for file in (new, old))
    assert len(one) == len(other) == order.frames
    copied = sum(a == b for a, b in zip(one, other, strict=True))
    assert order.frames - order.frames_said <= copied < order.frames


def test_a_plain_segment_that_was_damaged_is_not_copied(footage: Path, tmp_path: Path) -> None:
    """The damage would be in every video with those words, proven and stored."""
    of = looks.drawn(0, footage, tmp_path)
    cache, order = of.store("cache"), said_in_part(of)
    plain = build.make_segment(cache, order.plain)
    with cache.local(plain.name) as file:
        content = bytearray(file.read_bytes())
        content[-9] ^= 1
        file.chmod(0o644)
        file.write_bytes(content)

    with pytest.raises(MediaError, match="was damaged since it was made"):
        build.make_segment(cache, order)

    assert len(build.make_segment(cache, order).part.track.sizes) == order.frames


def packets(file: Path) -> list[bytes]:
    """A segment's, in the order in which they lie there."""
    with av.open(str(file)) as container:
        return [bytes(each) for each in container.demux(video=0) if each.size]
