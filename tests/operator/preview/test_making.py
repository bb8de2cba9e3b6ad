"""How the parts of a preview are made."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cliptask import names
from cliptask.errors import ClipTaskError
from cliptask.orders import SegmentOrder
from cliptask_operator.preview.making import DraftStore, make
from cliptask_operator.preview.reading import Reader
from cliptask_operator.settings.environment import Settings
from cliptask_renderer import build
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.folder import FolderStore
from support.frames import Frames, decoded
from support.studio import Studio


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


SALE = {"text": "Sale", "block": "b0"}
KINDS: dict[str, dict[str, Any]] = {
    "a title": {"overlays": [SALE]},
    "a title over bars": {"picture": {"fit": "contain", "background": "#336699"}, "overlays": [SALE]},
    "a title over a blurred copy": {"picture": {"fit": "blur"}, "overlays": [SALE]},
    "a title for a while": {"overlays": [{"text": "Sale", "from": "300ms", "to": "800ms"}]},
    "a title that comes": {"overlays": [{**SALE, "in": {"kind": "fade"}}]},
    "a picture": {"overlays": [{"image": {"url": ""}, "block": "b0", "opacity": "50%"}]},
    "captions": {"captions": {"mode": "burned"}},
    "captions and a title": {"captions": {"mode": "burned"}, "overlays": [SALE]},
    "a part of the clip, faster": {
        "clip": {"trim": {"start": "200ms", "end": "1s"}, "speed": 1.25},
        "overlays": [SALE],
    },
}
"""What may lie over a clip. ``picture`` is added to what is common, ``clip`` to the clip; an image is the studio's."""


async def drafted(studio: Studio, out: Path, **spec: Any) -> tuple[SegmentOrder, Store]:  # noqa: ANN401  a spec's parts
    """The draft of the first clip, and the cache, which has what it is made from."""
    clip, picture = spec.pop("clip", {}), {"width": 720, "height": 1280, **spec.pop("picture", {})}
    task = studio.write([[0]], lines=1, picture=picture, sound={"overflow": "Trim"}, **spec)
    data = yaml.safe_load(task.read_text())
    data["spec"]["videoBlocks"][0]["clips"][0] |= clip
    for each in data["spec"].get("overlays", []):
        if "image" in each:
            each["image"]["url"] = studio.picture()
    task.write_text(yaml.safe_dump(data))
    async with Reader(task, lambda _task: out.as_uri(), Settings()) as reader:
        read = await reader.read()
        draft = read.board.combination(read.board.chosen[0]).draft
    assert draft is not None
    return draft.segments[0], read.stores.cache


def shown(folder: Path, order: SegmentOrder) -> Frames:
    """What a draft shows, grey."""
    with FolderStore(folder).local(names.segment_object(order.key)) as file:
        return decoded(file, "gray", order.profile)


def apart(one: Frames, other: Frames) -> float:
    """By how much two films differ where they do so most, in levels, each frame and each square of 20 pixels by itself."""
    assert one.shape == other.shape
    frames, height, width = one.shape
    difference = np.abs(one.astype(np.int16) - other)
    squares = difference[:, : height // 20 * 20, : width // 20 * 20].reshape(
        frames, height // 20, 20, width // 20, 20
    )
    return float(squares.mean(axis=(2, 4)).max())


@pytest.mark.parametrize("kind", KINDS)
async def test_a_draft_shows_what_one_of_the_clip_itself_shows(
    studio: Studio, tmp_path: Path, kind: str
) -> None:
    """Who places a title by its draft would find it elsewhere in the video, or in other colours."""
    order, cache = await drafted(studio, tmp_path / "out", **copy.deepcopy(KINDS[kind]))
    drafts, direct = tmp_path / "drafts", tmp_path / "direct"

    make(order, cache.uri, drafts, None, {})
    build.make_segment(DraftStore(direct, cache), order)

    assert apart(shown(drafts, order), shown(direct, order)) < 12
    # It is not for what lies over it that they are alike.
    plain, _ = await drafted(
        studio, tmp_path / "out", picture=KINDS[kind].get("picture", {}), clip=KINDS[kind].get("clip", {})
    )
    make(plain, cache.uri, drafts, None, {})
    assert apart(shown(drafts, order), shown(drafts, plain)) > 30


@pytest.mark.parametrize("kind", KINDS)
async def test_an_edit_of_what_lies_over_a_clip_does_not_decode_it_again(
    studio: Studio, tmp_path: Path, kind: str
) -> None:
    """Somebody who tries titles would wait for the clip each time."""
    spec, drafts = copy.deepcopy(KINDS[kind]), tmp_path / "drafts"
    order, cache = await drafted(studio, tmp_path / "out", **copy.deepcopy(spec))
    make(order, cache.uri, drafts, None, {})
    spec["overlays"] = [*spec.get("overlays", []), {"text": "Today", "position": "top"}]
    edited, _ = await drafted(studio, tmp_path / "out", **spec)

    cache.delete(names.source_object(order.cuts[0].source))
    make(edited, cache.uri, drafts, None, {})

    assert apart(shown(drafts, order), shown(drafts, edited)) > 30
    # Its pictures, and with either.
    assert len(list((drafts / "segments").glob("*.mp4"))) == 3


async def test_a_draft_that_is_there_is_left_alone(studio: Studio, tmp_path: Path) -> None:
    """Two tabs that ask for it would have it made twice."""
    order, cache = await drafted(studio, tmp_path / "out", overlays=[SALE])
    drafts = tmp_path / "drafts"
    make(order, cache.uri, drafts, None, {})
    # Whatever it could be made from again is gone: its sources, and the draft that it lies over.
    for sha256 in order.sources:
        cache.delete(names.source_object(sha256))
    for each in [*FolderStore(drafts).list()]:
        if each.name != names.segment_object(order.key):
            FolderStore(drafts).delete(each.name)
    before = [*FolderStore(drafts).list()]

    make(order, cache.uri, drafts, None, {})

    assert [*FolderStore(drafts).list()] == before


async def test_a_title_that_cannot_be_written_is_told_with_its_words(studio: Studio, tmp_path: Path) -> None:
    """The page would say that a clip is broken."""
    order, cache = await drafted(
        studio, tmp_path / "out", overlays=[{**SALE, "text": "Sale " * 90, "style": {"size": "40%"}}]
    )

    with pytest.raises(ClipTaskError) as told:
        make(order, cache.uri, tmp_path / "drafts", None, {})
    assert "Sale" in str(told.value)
