"""Several forms of one cut, made in one run of ffmpeg: each is what it is alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from cliptask import names
from cliptask.decoding import MOST, decoded_together
from cliptask.errors import InputError
from cliptask.layers import Passage
from cliptask.orders import Profile, SegmentOrder, WorkOrder
from cliptask_renderer import build, carry_out
from cliptask_renderer.media import segment
from cliptask_renderer.storage.folder import FolderStore
from support import frames as f
from support import media

TALL = Profile(width=96, height=160, fps=30, fit="cover")
FEED = Profile(width=128, height=160, fps=30, fit="blur")
WIDE = Profile(width=160, height=90, fps=30, fit="contain", background="#204060")
CROPPED = Profile(width=120, height=120, fps=30, fit="contain", crop=(4, 5))
FORMS = (TALL, FEED, WIDE, CROPPED)


def cut_in(profile: Profile, **cut: Any) -> SegmentOrder:  # noqa: ANN401  fields of many types
    """The cut in a form, in which its focus is another."""
    return f.order_of(f.video(**{"focus": (profile.width / 400, 0.25), **cut}), profile=profile)


def titled(**rest: Any) -> Any:  # noqa: ANN401  as above
    """What lies over it."""
    return f.overlay(text="Now", **rest)


@pytest.mark.parametrize(
    "cut",
    [
        {},
        {"first": 100, "frames": 25},
        {"speed": 1.5, "frames": 40},
        {"first": 118, "frames": 20, "is_held": True},
        {"overlays": (titled(), titled(position="top", end_frame=8, enter=Passage(kind="pop", frames=6)))},
    ],
    ids=["plain", "later", "faster", "held", "titled"],
)
@pytest.mark.parametrize("rotation", [0, 90])
def test_each_has_the_bytes_that_it_has_alone(tmp_path: Path, cut: dict[str, Any], rotation: int) -> None:
    """An added form would show other videos than the same task had made at once, or the key would name two contents."""
    clip = media.clip(tmp_path / "a.mp4", media.ClipLook(width=200, height=120, fps=30, duration_s=4.0))
    if rotation:
        clip = f.remux(clip, tmp_path / "turned.mp4", before=["-display_rotation", str(rotation)])
    orders = [f.looked_at(cut_in(profile, **cut), {"a": clip}) for profile in FORMS]
    (tmp_path / "together").mkdir()

    made = segment.make_together(orders, {"a": clip}, tmp_path / "together")

    for number, order in enumerate(orders):
        (alone := tmp_path / str(number)).mkdir()
        wanted = segment.make_segment(order, {"a": clip}, alone)
        assert made[number].file.read_bytes() == wanted.file.read_bytes(), order.profile
        assert made[number].packets.read_text() == wanted.packets.read_text()
    assert len({each.file.read_bytes() for each in made}) == len(FORMS)


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_high_dynamic_range_is_brought_down_in_each(tmp_path: Path, transfer: media.Transfer) -> None:
    """As above, where colours take most of the work."""
    clip = media.clip(tmp_path / "a.mp4", media.ClipLook(width=160, height=120, fps=30, transfer=transfer))
    orders = [f.looked_at(cut_in(profile), {"a": clip}) for profile in FORMS]
    (tmp_path / "together").mkdir()

    made = segment.make_together(orders, {"a": clip}, tmp_path / "together")

    for number, order in enumerate(orders):
        (alone := tmp_path / str(number)).mkdir()
        assert (
            made[number].file.read_bytes()
            == segment.make_segment(order, {"a": clip}, alone).file.read_bytes()
        )


def test_only_forms_of_the_same_pictures_are_decoded_together() -> None:
    """One would be made of another's pictures, or one process would do what several can."""
    tall, feed = cut_in(TALL), cut_in(FEED)
    others = [
        cut_in(WIDE, first=1), cut_in(WIDE, frames=9), cut_in(WIDE, source="b"), cut_in(WIDE, speed=2.0),
        cut_in(WIDE, is_held=True), f.order_of(f.still(), profile=WIDE),
        f.order_of(f.video(), f.video("b"), profile=WIDE),
    ]  # fmt: skip
    titled_ones = [cut_in(profile, overlays=(titled(),)) for profile in (TALL, FEED)]

    groups = decoded_together([tall, *others, feed, tall, *titled_ones])

    assert groups == ((tall, feed), *((each,) for each in others), (*titled_ones,))
    many = [cut_in(TALL.model_copy(update={"width": 100 + 2 * n})) for n in range(MOST + 1)]
    assert [len(group) for group in decoded_together(many)] == [MOST, 1]


class Watched:
    """A cache with a clip, in which the runs of the encoder are counted by what they leave behind."""

    def __init__(self, folder: Path, content: bytes | None = None) -> None:
        clip = media.clip(folder / "a.mp4", media.ClipLook(fps=30))
        self.sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
        if content is not None:
            clip.write_bytes(content)
        self.cache = FolderStore(folder / "cache")
        self.cache.put(names.source_object(self.sha256), clip)
        self.orders = tuple(
            f.order_of(f.video(self.sha256, look=f.looked_at(f.order_of(f.video("a")), {"a": clip}).cuts[0].look), profile=profile)
            for profile in FORMS
        )  # fmt: skip

    def work(self) -> WorkOrder:
        """What a Job would be told."""
        return WorkOrder(cache=self.cache.uri, output=self.cache.uri, task="t", segments=self.orders)


def test_a_job_makes_what_is_missing_of_a_group_and_leaves_the_rest(tmp_path: Path) -> None:
    """A form that is added would have all others encoded again."""
    of = Watched(tmp_path)
    build.make_segment(of.cache, of.orders[0])
    before = of.cache.stat(names.segment_object(of.orders[0].key))
    assert before is not None

    carry_out.execute(of.work(), lambda _: None)

    there = {each.name: each for each in of.cache.list("segments/")}
    assert set(there) == {
        name(each.key) for each in of.orders for name in (names.segment_object, names.picture_object)
    }
    assert there[before.name] == before
    for order in of.orders:
        noted = there[names.segment_object(order.key)].metadata
        assert noted["frames"] == "10"
        assert int(noted["pixels"]) == 10 * order.profile.width * order.profile.height
        assert float(noted["took"]) > 0


def test_where_one_run_for_all_fails_each_tells_why(tmp_path: Path) -> None:
    """A form that can be made would fail with another, or nobody would learn which file is bad."""
    of = Watched(tmp_path)
    gone = of.orders[1].model_copy(
        update={"cuts": (of.orders[1].cuts[0].model_copy(update={"overlays": (f.overlay(image="0" * 64),)}),)}
    )
    order = of.work().model_copy(update={"segments": (gone, of.orders[0])})

    failed = carry_out.execute(order, lambda _: None)

    assert {key: type(error) for key, error in failed.items()} == {gone.key: InputError}
    assert of.cache.stat(names.segment_object(of.orders[0].key)) is not None
