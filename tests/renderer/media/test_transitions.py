"""Every kind of transition, on real footage: where it begins and ends, which way it goes, and what it takes along."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from cliptask.orders import Profile, SegmentOrder, TransitionOrder
from cliptask.spec.transitions import OverlapKind
from cliptask_renderer.media import check
from support import frames as f
from support import joined, media
from support.real_footage import real_footage

KINDS: tuple[OverlapKind, ...] = get_args(OverlapKind)
FRAMES = 12
SIZE = Profile(width=96, height=160, fps=30, fit="cover")

Pictures = npt.NDArray[np.int_]


def transition(kind: str) -> TransitionOrder:
    """One of this kind; a fade goes through blue."""
    return TransitionOrder.model_validate({"kind": kind, "color": "#0000ff" if kind == "fade" else None})


def seam_of(kind: str, frames: int = FRAMES, profile: Profile = SIZE, **rest: Any) -> SegmentOrder:  # noqa: ANN401  as order_of
    """From the second picture of the street on, to the first of the cartoon."""
    cuts = f.video("a", 1, frames), f.video("b", 0, frames)
    return f.order_of(*cuts, profile=profile, transition=transition(kind), **rest)


def shown(order: SegmentOrder, folder: Path, **sources: Path) -> Pictures:
    """The luma of what is made of it, (n, h, w)."""
    made = f.make(order, folder, **sources)
    return f.decoded(made, "gray", order.profile).astype(int)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pictures of a street and of a cartoon, as small as they are shown: decoding the originals takes longer than all else."""
    folder, cut = tmp_path_factory.mktemp("clips"), {}
    for name, file, start in (("a", "bikes.mp4", "5"), ("b", "bigbuckbunny.mp4", "1")):
        options = (
            ("-ss", start, "-t", "1.5"),
            ("-vf", "scale=-2:240,crop=180:240", "-r", "30", "-an", "-crf", "12"),
        )
        cut[name] = media.ffmpeg(
            (*options[0], "-i", str(real_footage(file)), *options[1]), folder / f"{name}.mp4"
        )
    return cut


@pytest.fixture(scope="module")
def alone(clips: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Pictures, Pictures]:
    """The two clips by themselves, with the picture before the seam and the one after it."""
    folder = tmp_path_factory.mktemp("alone")
    first = f.order_of(f.video("a", 0, FRAMES + 1), profile=SIZE)
    second = f.order_of(f.video("b", 0, FRAMES + 1), profile=SIZE)
    return shown(first, folder, **clips), shown(second, folder, **clips)


@pytest.fixture(scope="module")
def seams(clips: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pictures]:
    """What each kind shows."""
    return {kind: shown(seam_of(kind), tmp_path_factory.mktemp(kind), **clips) for kind in KINDS}


def apart(one: Pictures, other: Pictures) -> float:
    """Mean difference in levels of luma."""
    return float(np.abs(one - other).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_a_transition_begins_and_ends_without_a_jump(
    kind: str, seams: dict[str, Pictures], alone: tuple[Pictures, Pictures]
) -> None:
    """The video would flash, or skip, where the seam joins the clips: each end is nearly the clip that it leads from or to."""
    first, second = alone
    between = apart(first[FRAMES // 2], second[FRAMES // 2])

    begin, end = apart(seams[kind][0], first[1]), apart(seams[kind][-1], second[FRAMES - 1])

    assert len(seams[kind]) == FRAMES
    assert max(begin, end) < 0.4 * between
    assert apart(seams[kind][0], first[0]) < apart(seams[kind][0], second[0]) / 2
    assert apart(seams[kind][-1], second[-1]) < apart(seams[kind][-1], first[-1]) / 2


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "crossfade"])
def test_a_transition_is_seen_in_its_middle(
    kind: str, seams: dict[str, Pictures], alone: tuple[Pictures, Pictures]
) -> None:
    """A kind would be a cut, or a crossfade by another name."""
    middle = FRAMES // 2 - 1
    others = (alone[0][middle + 1], alone[1][middle], seams["crossfade"][middle])

    assert min(apart(seams[kind][middle], other) for other in others) > 3


def test_no_two_kinds_are_the_same(seams: dict[str, Pictures]) -> None:
    """A word of the task would mean nothing."""
    pairs = [(one, other) for one in KINDS for other in KINDS if one < other]

    assert min(apart(seams[one], seams[other]) for one, other in pairs) > 2


WAYS = {"Left": (2, -1), "Right": (2, 1), "Up": (1, -1), "Down": (1, 1)}
"""Axis of (n, h, w), and the sense in which pixels move along it."""


@pytest.mark.parametrize("way", WAYS)
def test_a_wipe_uncovers_clips_that_rest(way: str, tmp_path: Path) -> None:
    """A word would mean another way, or clips be moved that were to stay."""
    axis, sense = WAYS[way]

    seam = _ramps(f"wipe{way}", tmp_path)

    for row in _along(seam, axis):
        # At each place the first clip's own level, or the second's: nothing has moved.
        places = np.arange(len(row))
        old, new = _level(places, len(row), 30, 60), _level(places, len(row), 150, 60)
        assert np.minimum(np.abs(row - old), np.abs(row - new)).mean() < 4
    _grows(seam, axis, sense)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["slide", "push"])
def test_a_slide_moves_the_next_clip_and_a_push_both(kind: str, way: str, tmp_path: Path) -> None:
    """The two words would mean the same, or the other way."""
    axis, sense = WAYS[way]

    seam = _ramps(f"{kind}{way}", tmp_path)

    for row in _along(seam, axis)[3:9]:
        length = len(row)
        new = int((row > 128).sum())
        # Where each pixel of the second clip comes from: its far end stands at the seam's edge.
        moved = -sense * (length - new)
        places = np.arange(length)
        second = _level(places - moved, length, 150, 60)
        first = _level(places - (sense * new if kind == "push" else 0), length, 30, 60)
        expected = np.where(places >= length - new if sense < 0 else places < new, second, first)
        assert np.abs(row - expected).mean() < 5
    _grows(seam, axis, sense)


def test_movement_is_slow_at_both_ends(tmp_path: Path) -> None:
    """Linear slides look cheap: they start and stop with a jerk."""
    seam = _ramps("pushLeft", tmp_path)

    steps = np.diff([int((row > 128).sum()) for row in _along(seam, 2)])
    assert steps[5] > 2 * max(steps[0], steps[-1])
    assert steps.min() >= 0


def test_a_whip_is_blurred_along_its_way_alone(seams: dict[str, Pictures]) -> None:
    """It would be no more than a fast push, or out of focus."""
    middle = FRAMES // 2 - 1

    def detail(kind: str, axis: int) -> float:
        return float(np.abs(np.diff(seams[kind][middle], axis=axis)).mean())

    assert detail("whipLeft", 1) < 0.5 * detail("pushLeft", 1)
    assert detail("whipLeft", 0) > 1.2 * detail("whipLeft", 1)
    assert detail("whipUp", 0) < 0.5 * detail("pushUp", 0)
    assert detail("whipUp", 1) > 1.2 * detail("whipUp", 0)


@pytest.mark.parametrize("color", ["#000000", "#ffffff", "#00ff00", "#c81e5a"])
def test_a_fade_goes_through_its_color(color: str, clips: dict[str, Path], tmp_path: Path) -> None:
    """A brand's color would be another one, or never be reached."""
    fade = TransitionOrder(kind="fade", color=color)
    order = f.order_of(f.video("a", 0, 11), f.video("b", 0, 11), profile=SIZE, transition=fade)

    made = f.make(order, tmp_path, **clips)

    middle = f.decoded(made, "rgb24", SIZE)[5].astype(int)
    # The encoder spends little on one picture between others.
    assert np.abs(middle - [int(color[at : at + 2], 16) for at in (1, 3, 5)]).max() <= 24


def test_a_title_over_the_video_rests_to_the_pixel(tmp_path: Path) -> None:
    """It would slide away with the clip, and appear again."""
    PIL.Image.new("RGB", (10, 10), "red").save(tmp_path / "logo.png")
    logo = f.overlay(image="logo", width=0.5, end_frame=FRAMES)
    plain = [f.encode(tmp_path / f"{name}.mp4", f.plain((90, 90, 90), count=FRAMES)) for name in "ab"]

    cuts = f.video("a", frames=FRAMES), f.video("b", frames=FRAMES)
    order = f.order_of(*cuts, transition=transition("slideLeft"), over=[logo])
    made = f.make(order, tmp_path, a=plain[0], b=plain[1], logo=tmp_path / "logo.png")

    pictures = f.decoded(made, "rgb24", SIZE).astype(int)
    is_red = (pictures[..., 0] > 150) & (pictures[..., 1] < 60)
    assert is_red[0].sum() >= 48 * 46
    assert (is_red == is_red[0]).all()


def test_a_title_of_a_block_moves_with_its_clip(tmp_path: Path) -> None:
    """It would hang in the air over the next block."""
    PIL.Image.new("RGB", (10, 10), "red").save(tmp_path / "logo.png")
    plain = [f.encode(tmp_path / f"{name}.mp4", f.plain((90, 90, 90), count=FRAMES)) for name in "ab"]
    logo = f.overlay(image="logo", width=0.2, end_frame=FRAMES)
    cuts = f.video("a", frames=FRAMES, overlays=[logo]), f.video("b", frames=FRAMES)

    order = f.order_of(*cuts, transition=transition("pushLeft"))
    made = f.make(order, tmp_path, a=plain[0], b=plain[1], logo=tmp_path / "logo.png")

    is_red = f.decoded(made, "rgb24", SIZE)[..., 0] > 150
    lefts = [int(np.flatnonzero(each.any(axis=0))[0]) for each in is_red[:6]]
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[0] - lefts[5] > 20
    assert not is_red[-1].any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seam_gives_the_same_bytes(kind: str, clips: dict[str, Path], tmp_path: Path) -> None:
    """Keys stand for content: two machines would disagree about a video's parts."""
    first, second = (f.make(seam_of(kind, 6), tmp_path, **clips).read_bytes() for _ in range(2))

    assert first == second


@pytest.fixture(scope="module")
def parameter_sets(clips: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[Profile, bytes]:
    """By profile, how its plain segments are to be decoded."""
    made: dict[Profile, bytes] = {}
    for profile, _ in MATRIX:
        folder = tmp_path_factory.mktemp("plain")
        plain = f.make(f.order_of(f.video(frames=2), profile=profile), folder, **clips)
        made[profile] = joined.part(plain).track.entry
    return made


MATRIX = [
    (Profile(width=width, height=height, fps=fps, fit="cover"), frames)
    for width, height, fps, frames in [
        (364, 648, 24, 2), (64, 64, 25, 3), (648, 364, 30, 15), (66, 130, 48, 5), (64, 64, 50, 2), (64, 66, 60, 60),
    ]
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("profile", "frames"), MATRIX, ids=[f"{each.width}x{each.height} at {each.fps}" for each, _ in MATRIX]
)
def test_every_kind_takes_every_form(
    kind: str,
    profile: Profile,
    frames: int,
    clips: dict[str, Path],
    tmp_path: Path,
    parameter_sets: dict[Profile, bytes],
) -> None:
    """A seam would lack frames, or not join its clips, at one rate or in one size."""
    order = seam_of(kind, frames, profile)

    made = f.make(order, tmp_path, **clips)

    check.check_segment(made, made.with_name("packets.txt"), order)
    assert len(f.decoded(made, "gray", profile)) == frames
    assert joined.part(made).track.entry == parameter_sets[profile]


def _level(places: Pictures, length: int, base: int, rise: int) -> Pictures:
    return np.round(base + rise * places / length).astype(int)


def _ramps(kind: str, folder: Path) -> Pictures:
    """A seam of two pictures that rest: levels 30 to 90 along the way, then 150 to 210, in full range."""
    axis, _ = WAYS[next(way for way in WAYS if kind.endswith(way))]
    sources = {}
    for name, base in (("a", 30), ("b", 150)):
        length = SIZE.height if axis == 1 else SIZE.width
        line = _level(np.arange(length), length, base, 60).astype(np.uint8)
        still = np.broadcast_to(line[:, None] if axis == 1 else line[None, :], (SIZE.height, SIZE.width))
        sources[name] = f.encode(folder / f"{name}.mp4", np.repeat(still[None], FRAMES, axis=0), "-crf", "1")
    cuts = f.video("a", 0, FRAMES), f.video("b", 0, FRAMES)
    limited = shown(f.order_of(*cuts, profile=SIZE, transition=transition(kind)), folder, **sources)
    return np.round((limited - 16) * 255 / 219).astype(int)


def _along(seam: Pictures, axis: int) -> list[Pictures]:
    """The middle line of each frame, along an axis."""
    return [each[:, SIZE.width // 2] if axis == 1 else each[SIZE.height // 2] for each in seam]


def _grows(seam: Pictures, axis: int, sense: int) -> None:
    """The second clip covers more and more, from the side that it comes from."""
    covered = [row > 120 for row in _along(seam, axis)]
    assert [int(each.sum()) for each in covered] == sorted(int(each.sum()) for each in covered)
    middle = covered[FRAMES // 2]
    assert middle[-1 if sense < 0 else 0]
    assert not middle[0 if sense < 0 else -1]
