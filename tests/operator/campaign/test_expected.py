"""What a work order is expected to take."""

from __future__ import annotations

import pytest

from cliptask.orders import NamedVariant, Profile, SegmentOrder, SoundtrackOrder, VariantOrder, WorkOrder
from cliptask_operator.campaign.expected import expected
from cliptask_operator.campaign.past import NO_PAST, VIDEO_S, Part, Past
from cliptask_operator.kubernetes.manifests import UNKNOWN
from cliptask_renderer.storage.base import StoredObject
from support import frames as f

FULL, HALF, TINY = (1080, 1920), (540, 960), (96, 160)
MB = 1_000_000


def segment(size: tuple[int, int], first: int = 0, frames: int = 10) -> SegmentOrder:
    """Frames of that size."""
    width, height = size
    profile = Profile(width=width, height=height, fps=30, fit="cover")
    return f.order_of(f.video("a", first, frames), profile=profile)


def soundtrack() -> SoundtrackOrder:
    """A second of music."""
    return SoundtrackOrder(fps=30, frames=30, track="t")


def order(*segments: SegmentOrder, **parts: object) -> WorkOrder:
    """Of these parts."""
    return WorkOrder.model_validate({"cache": "c", "output": "o", "task": "t", "segments": segments, **parts})


def video(*segments: SegmentOrder, mix: SoundtrackOrder | None = None) -> NamedVariant:
    """Joined of these."""
    return NamedVariant(name="v", order=VariantOrder(segments=segments, soundtrack=mix))


def made(size: tuple[int, int], memory_bytes: int, frames: int = 50) -> Part:
    """A segment that took so much."""
    pixels = size[0] * size[1] * frames
    noted = {"pixels": str(pixels), "frames": str(frames), "took": "2", "memory": str(memory_bytes)}
    return Part.of(StoredObject("segments/x.mp4", 1000, noted))


def past(*parts: Part, videos: tuple[Part, ...] = ()) -> Past:
    """What these say."""
    return Past.of(parts, videos, {})


def test_where_nothing_was_made_nothing_is_expected() -> None:
    """A guess would stand in the place of what the installation says."""
    assert expected(order(segment(FULL)), NO_PAST, frozenset()) == UNKNOWN


def test_it_is_known_what_encodes() -> None:
    """A join would be given an encode's place; or what encodes a join's, and be slow beside others."""
    shown = segment(FULL)
    joins = order(variants=[video(shown, mix=soundtrack())])

    assert expected(joins, NO_PAST, frozenset()).encodes
    assert not expected(joins, NO_PAST, frozenset({shown.key})).encodes
    assert not expected(order(soundtracks=[soundtrack()]), NO_PAST, frozenset()).encodes


def test_memory_goes_by_the_size_of_a_picture_and_not_by_how_many_there_are() -> None:
    """A long clip would be refused by every node."""
    known = past(made(FULL, 600 * MB), made(FULL, 700 * MB, frames=5))

    assert expected(order(segment(FULL, frames=9000)), known, frozenset()).memory_bytes == 700 * MB


@pytest.mark.parametrize(
    ("known", "wanted", "memory_bytes"),
    [
        (FULL, HALF, 700 * MB),  # no less: a part of it is the same whatever the size
        (HALF, FULL, 2800 * MB),
        (TINY, FULL, None),
        (FULL, TINY, None),
    ],
)
def test_pictures_of_like_size_tell_of_one_another(
    known: tuple[int, int], wanted: tuple[int, int], memory_bytes: int | None
) -> None:
    """What a thumbnail takes is Python's, and would be taken for that of its pixels."""
    assert (
        expected(order(segment(wanted)), past(made(known, 700 * MB)), frozenset()).memory_bytes
        == memory_bytes
    )


def test_the_heaviest_part_decides() -> None:
    """A Job of a video that encodes its own clips would get the memory of a join."""
    mix = Part.of(StoredObject("soundtracks/x.m4a", 9, {"took": "1", "memory": str(200 * MB)}))
    known = past(made(FULL, 700 * MB), mix, videos=(Part(9, 0, 0.5, 0, 90 * MB),))
    clip, music = segment(FULL), soundtrack()
    job = order(variants=(video(clip, mix=music),))

    assert expected(job, known, frozenset()).memory_bytes == 700 * MB
    assert expected(job, known, {clip.key}).memory_bytes == 200 * MB
    assert expected(job, known, {clip.key, music.key}).memory_bytes == 90 * MB


def test_time_goes_by_all_that_is_made() -> None:
    """A Job of many videos would run past its deadline."""
    known = Past(s_per_pixel=1e-6, s_per_soundtrack=7.0, s_per_video=0.5)
    clip, other, music = segment(FULL), segment(FULL, first=50), soundtrack()
    job = order(variants=(video(clip, other, mix=music), video(other, clip, mix=music)))

    assert expected(job, known, frozenset()).seconds == pytest.approx(
        2 * 10 * 1080 * 1920 * 1e-6 + 7 + 2 * 0.5
    )
    assert expected(job, known, {clip.key, other.key, music.key}).seconds == pytest.approx(1.0)


def test_many_videos_have_the_time_that_many_take_also_the_first_time() -> None:
    """A first campaign in large Jobs would run past their deadline, and with it all that is made there."""
    clip = segment(FULL)
    job = order(variants=tuple(video(clip) for _ in range(4000)))

    assert expected(job, NO_PAST, {clip.key}).seconds == 4000 * VIDEO_S


def test_what_somebody_else_noted_is_left_alone() -> None:
    """One damaged record would end every campaign of its cache."""
    odd = StoredObject("segments/x.mp4", 7, {"pixels": "100", "frames": "10", "memory": "much"})

    assert Part.of(odd) == Part(7)


def test_forms_that_are_encoded_side_by_side_take_memory_together() -> None:
    """A Job would run out of memory that makes several forms at once."""
    known = past(made(FULL, 600 * MB))
    two = order(segment(FULL), segment((1080, 1350)))

    alone = expected(order(segment(FULL)), known, frozenset()).memory_bytes
    assert alone == 600 * MB
    assert expected(two, known, frozenset()).memory_bytes == 600 * MB * (1920 + 1350) // 1920
    assert expected(two, known, frozenset({two.segments[1].key})).memory_bytes == alone
