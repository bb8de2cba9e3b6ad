"""How overlays come and go, frame by frame."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from cliptask.layers import OverlayOrder, Passage
from cliptask.orders import Profile
from cliptask.spec.position import PassageKind
from cliptask_renderer.lettering.typeset import NO_FONTS
from cliptask_renderer.media import overlays, passages
from support import frames as f

PROFILE = Profile(width=360, height=640, fps=30, fit="cover")
KINDS: tuple[PassageKind, ...] = get_args(PassageKind)
MOVES = [kind for kind in KINDS if kind != "typewriter"]


def order(enter: PassageKind | None = None, leave: PassageKind | None = None, **rest: Any) -> OverlayOrder:  # noqa: ANN401  fields
    """A title over frames 10 to 49, whose passages take 9 frames."""
    passage = {
        "enter": enter and Passage(kind=enter, frames=9),
        "leave": leave and Passage(kind=leave, frames=9),
    }
    return f.overlay(**{"text": "Only today here", "start_frame": 10, "end_frame": 50, **passage, **rest})


def shown(
    folder: Path, of: OverlayOrder, frames: int = 60, sources: dict[str, Path] | None = None
) -> list[NDArray[np.uint8]]:
    """What lies over the picture at each frame."""
    layer = overlays.compose(of, PROFILE, sources or {}, NO_FONTS)
    moving = overlays.animated(of, PROFILE, (sources or {})["logo"], layer.most) if of.is_animated else None
    film = passages.film(of, layer, PROFILE, frames, folder / "film.nut", moving)
    found: list[NDArray[np.uint8]] = []
    with av.open(str(film.file)) as container:
        for picture in container.decode(video=0):
            assert picture.pts is not None
            assert picture.time_base is not None
            frame = round(picture.pts * picture.time_base * 30)
            found += [found[-1]] * (frame - len(found)) if found else []
            rgba = picture.to_ndarray(format="rgba").astype(np.uint8)
            whole = np.zeros((PROFILE.height, PROFILE.width, 4), np.uint8)
            whole[film.y : film.y + rgba.shape[0], film.x : film.x + rgba.shape[1]] = rgba
            found.append(whole)
    return found + [found[-1]] * (frames - len(found))


def strength(rgba: NDArray[np.uint8]) -> int:
    """How much is seen."""
    return int(rgba[..., 3].sum())


def middle(rgba: NDArray[np.uint8]) -> tuple[float, float]:
    """Where what is seen lies: across and down."""
    rows, columns = np.nonzero(rgba[..., 3] > 16)
    return float(columns.mean()), float(rows.mean())


@pytest.mark.parametrize("kind", KINDS)
def test_it_comes_in_its_time_and_rests_as_a_still_one_does(kind: PassageKind, tmp_path: Path) -> None:
    """It would tremble, or stand elsewhere than without an entrance."""
    of = order(kind)

    found = shown(tmp_path, of)

    still = overlays.compose(of, PROFILE, {}, NO_FONTS)
    expected = np.zeros_like(found[0])
    expected[still.y : still.y + still.rgba.shape[0], still.x : still.x + still.rgba.shape[1]] = still.rgba
    assert not any(each.any() for each in found[:10])
    assert not any(each.any() for each in found[50:])
    assert all(np.array_equal(each, expected) for each in found[19:50])
    assert not any(np.array_equal(each, expected) for each in found[10:14])
    strengths = [strength(each) for each in found[10:16]]
    assert strengths == sorted(strengths)


@pytest.mark.parametrize("kind", MOVES)
def test_it_goes_in_its_time(kind: PassageKind, tmp_path: Path) -> None:
    """It would vanish before its end, or stay."""
    found = shown(tmp_path, order(None, kind))

    assert all(np.array_equal(found[10], each) for each in found[10:41])
    strengths = [strength(each) for each in found[45:50]]
    assert strengths == sorted(strengths, reverse=True)
    assert 0 < strengths[-1] < strength(found[10])


@pytest.mark.parametrize(("kind", "across", "down"), [("slideUp", 0, -1), ("slideDown", 0, 1), ("slideLeft", -1, 0), ("slideRight", 1, 0)])  # fmt: skip
def test_it_slides_where_its_name_says(kind: PassageKind, across: int, down: int, tmp_path: Path) -> None:
    """It would come from the wrong side, or go back where it came from."""
    found = shown(tmp_path, order(kind, kind))

    places = [middle(found[frame]) for frame in (11, 14, 30, 44, 48)]
    for one, other in pairwise(places):
        assert np.sign(round(other[0] - one[0])) == across or not across
        assert np.sign(round(other[1] - one[1])) == down or not down


def test_it_pops_over_its_size(tmp_path: Path) -> None:
    """It would only grow."""
    found = shown(tmp_path, order("pop"))

    heights = [np.flatnonzero(each[..., 3].any(axis=1)).size for each in found[10:20]]
    assert heights[0] < heights[-1] < max(heights)


def test_a_text_is_typed_word_by_word_in_its_place(tmp_path: Path) -> None:
    """Words would move while others come."""
    found = shown(tmp_path, order("typewriter"))

    assert len({each.tobytes() for each in found[10:19]}) == 3
    assert all(((found[20] == each) | (each[..., 3:] == 0)).all() for each in found[10:19])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [12, 20, 45])
def test_cuts_continue_what_the_one_before_began(kind: PassageKind, at: int, tmp_path: Path) -> None:
    """A long clip is made in pieces: a title would come twice, or jump."""
    leave: PassageKind = "fade" if kind == "typewriter" else kind
    whole = shown(tmp_path, order(kind, leave))

    head = order(kind, leave if at > 41 else None, end_frame=at, after=50 - at if at > 41 else 0)
    tail = order(
        kind if at < 19 else None, leave, start_frame=0, end_frame=50 - at, before=at - 10 if at < 19 else 0
    )
    found = [*shown(tmp_path, head, at), *shown(tmp_path, tail, 60 - at)]

    assert all(np.array_equal(one, other) for one, other in zip(found, whole, strict=True))


@pytest.mark.parametrize("kind", MOVES)
def test_a_picture_has_no_fringe_while_it_moves(kind: PassageKind, tmp_path: Path) -> None:
    """What is invisible in a logo, often white or black, would shine through along its edges."""
    logo = np.zeros((200, 300, 4), np.uint8)
    logo[60:140, 60:240] = (255, 0, 0, 255)
    PIL.Image.fromarray(logo).save(tmp_path / "logo.png")

    found = shown(
        tmp_path, order(kind, text=None, image="logo", width=0.5), sources={"logo": tmp_path / "logo.png"}
    )

    for each in found[10:20]:
        seen = each[each[..., 3] > 24]
        assert seen[:, 0].min() > 200
        assert seen[:, 1:3].max() < 40


def test_it_is_turned_clockwise_and_translucent() -> None:
    """A sticker would lean the other way, or hide what is behind it."""
    orders = (order(), order(rotation=30.0), order(opacity=0.5))

    plain, turned, faint = (overlays.compose(each, PROFILE, {}, NO_FONTS).rgba for each in orders)

    assert turned.shape[0] > plain.shape[0] * 1.5
    left, right = (
        np.flatnonzero(turned[:, part, 3].any(axis=1)).mean() for part in (slice(0, 40), slice(-40, None))
    )
    assert left < right
    assert faint[..., 3].max() == pytest.approx(128, abs=2)


COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


@pytest.fixture(params=["gif", "png"])
def sticker(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Path]:
    """Three colours by turns, each for 100 ms, with transparency around."""
    pictures = []
    for colour in COLOURS:
        rgba = np.zeros((60, 60, 4), np.uint8)
        rgba[10:50, 10:50] = (*colour, 255)
        pictures.append(PIL.Image.fromarray(rgba))
    file = tmp_path / f"s.{request.param}"
    pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=100, loop=0, disposal=1)
    return {"logo": file}


def colour(rgba: NDArray[np.uint8]) -> tuple[int, ...]:
    """What is seen most."""
    seen = rgba[rgba[..., 3] > 200][:, :3]
    return tuple(int(each > 128) * 255 for each in seen.mean(axis=0))


def test_an_animated_picture_begins_when_it_appears_and_begins_anew(
    tmp_path: Path, sticker: dict[str, Path]
) -> None:
    """It would be in the middle of its way, or stand after one round."""
    of = order(text=None, image="logo", is_animated=True, width=0.3)

    found = shown(tmp_path, of, sources=sticker)

    assert [colour(found[frame]) for frame in (10, 12, 13, 15, 16, 18, 19, 28)] == [
        COLOURS[n] for n in (0, 0, 1, 1, 2, 2, 0, 0)
    ]
    assert not found[9].any()
    assert not found[50].any()


@pytest.mark.parametrize("more", [{}, {"rotation": 20.0}, {"opacity": 0.9}])
@pytest.mark.parametrize("kind", [None, "fade", "pop", "slideLeft"])
def test_a_cut_continues_an_animated_picture(
    kind: PassageKind | None, more: dict[str, Any], tmp_path: Path, sticker: dict[str, Path]
) -> None:
    """It would begin anew with each piece of a long clip."""
    of = order(kind, text=None, image="logo", is_animated=True, width=0.3, **more)
    whole = shown(tmp_path, of, sources=sticker)

    tail = of.model_copy(update={"start_frame": 0, "end_frame": 35, "age": 5, "before": 5 if kind else 0})
    found = shown(tmp_path, tail, 45, sources=sticker)

    assert all(np.array_equal(one, other) for one, other in zip(found, whole[15:], strict=True))
