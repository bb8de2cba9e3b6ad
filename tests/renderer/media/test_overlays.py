from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import PIL.Image
import pytest

from cliptask.area import area
from cliptask.errors import InputError
from cliptask.layers import Layer, OverlayOrder, Passage, Style
from cliptask.orders import Profile
from cliptask.spec.position import LEAST_ROOM, PassageKind, Position, columns_of, room_of
from cliptask_renderer.lettering.typeset import NO_FONTS
from cliptask_renderer.media import overlays, passages
from support import frames as f

POSITIONS: tuple[Position, ...] = get_args(Position)
LARGE = Profile(width=540, height=960, fps=30, fit="cover")
WIDE = Profile(width=960, height=540, fps=30, fit="cover")
MARGIN = 26
SQUARE = np.full((100, 100, 4), (255, 0, 0, 255), np.uint8)


def _compose(profile: Profile = LARGE, image: Path | None = None, **rest: Any) -> overlays.Composed:  # noqa: ANN401  fields
    sources = {"logo": image} if image else {}
    order = f.overlay(**{"is_safe": False, **({"image": "logo"} if image else {}), **rest})
    return overlays.compose(order, profile, sources, NO_FONTS)


def _edges(layer: overlays.Composed, profile: Profile = LARGE) -> tuple[int, int, int, int]:
    """Pixels free on the left, above, on the right and below."""
    height, width = layer.rgba.shape[:2]
    return layer.x, layer.y, profile.width - layer.x - width, profile.height - layer.y - height


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("text", ["Hi", "-20 % until Sunday", "Ändern? Größe! gjpqy " * 6])
def test_a_title_stands_in_its_place_inside_the_margins(position: Position, text: str) -> None:
    """Buttons of a player would cover it, or it would stand where the logo is."""
    layer = _compose(text=text, position=position)

    left, above, right, below = _edges(layer)
    assert min(left, above, right, below) >= MARGIN - 2
    if position.startswith("top"):
        assert above in (MARGIN - 1, MARGIN)
    elif position.startswith("bottom"):
        assert below in (MARGIN, MARGIN + 1, MARGIN + 2)
    else:
        assert abs(above - below) <= 4
    if "ight" in position:
        assert right in (MARGIN, MARGIN + 1)
    elif "eft" in position:
        assert left in (MARGIN - 1, MARGIN)
    else:
        assert abs(left - right) <= 2


@pytest.mark.parametrize("position", POSITIONS)
def test_places_are_even(position: Position) -> None:
    """Colours, which are coded at half the size, would be shifted against the shapes."""
    layer = _compose(text="odd", position=position)

    assert layer.x % 2 == layer.y % 2 == 0


def test_a_title_is_white_with_a_dark_outline() -> None:
    """White on white would be read by nobody."""
    rgba = _compose(text="HIM").rgba

    opaque = rgba[rgba[..., 3] == 255][:, :3]
    assert (opaque.min(axis=1) > 200).mean() > 0.2
    assert (opaque.max(axis=1) < 50).mean() > 0.2
    edge = rgba[rgba[..., 3].any(axis=1)][0]
    assert edge[edge[:, 3] > 0][:, :3].max() < 100


@pytest.mark.parametrize("width", [0.2, 0.5, 0.9, 1.0])
def test_a_title_is_no_wider_than_it_may(width: float) -> None:
    """It would cover what the rest of the picture shows."""
    layer = _compose(text="Spring is here and so are we", width=width)

    assert layer.rgba.shape[1] <= 540 * min(width, 0.9) + 1


def test_what_does_not_fit_is_written_smaller() -> None:
    """A long word would leave the picture on both sides."""
    usual = _compose(text="Word").rgba.shape[0]

    layer = _compose(text="Donaudampfschifffahrtsgesellschaft", width=0.9)

    assert min(_edges(layer)) >= MARGIN - 2
    assert layer.rgba.shape[0] < usual * 1.3


def test_what_does_not_fit_at_all_is_refused() -> None:
    """Half a title would be shown, or one that nobody can read."""
    with pytest.raises(InputError, match=r'"word word .*\.\.\." does not fit on the picture: shorten it'):
        _compose(text="word " * 90, width=0.1)


def _saved(folder: Path, rgba: np.typing.NDArray[np.uint8]) -> Path:
    PIL.Image.fromarray(rgba).save(folder / "logo.png")
    return folder / "logo.png"


@pytest.mark.parametrize("position", POSITIONS)
def test_a_logo_has_its_width_and_its_margin(position: Position, tmp_path: Path) -> None:
    """It would be distorted, too large, or stuck to the edge."""
    logo = _saved(tmp_path, np.full((50, 100, 4), 255, np.uint8))

    layer = _compose(image=logo, position=position, width=0.2)

    assert layer.rgba.shape == (54, 108, 4)
    assert min(_edges(layer)) >= MARGIN - 1


def test_a_tall_logo_keeps_its_margins(tmp_path: Path) -> None:
    """A tall one of the wanted width would leave the picture above and below."""
    layer = _compose(image=_saved(tmp_path, np.full((900, 90, 4), 255, np.uint8)), width=0.5)

    assert min(_edges(layer)[1], _edges(layer)[3]) >= MARGIN - 2
    assert layer.rgba.shape[0] / layer.rgba.shape[1] == pytest.approx(10, rel=0.02)


def test_a_logo_has_no_fringe_of_what_is_invisible(tmp_path: Path) -> None:
    """The colour of transparent pixels, often white, would shine through along the edges when it is made smaller."""
    logo = np.full((400, 400, 4), (255, 255, 255, 0), np.uint8)
    logo[101:299, 101:299] = (255, 0, 0, 255)

    rgba = _compose(image=_saved(tmp_path, logo), width=0.2).rgba

    seen = rgba[rgba[..., 3] > 8]
    assert (seen[:, 3] < 250).any()
    assert seen[:, 1:3].max() < 24


def test_a_logo_stands_upright(tmp_path: Path) -> None:
    """A photograph as a logo would lie on its side."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.new("RGB", (100, 50), "red").save(tmp_path / "logo.jpg", exif=exif)

    layer = _compose(image=tmp_path / "logo.jpg", width=0.2)

    assert layer.rgba.shape[:2] == (216, 108)


def test_the_same_overlay_is_the_same_to_the_last_pixel() -> None:
    """A segment with a title would have other bytes each time."""
    order = OverlayOrder(text="Hi", position="top", width=0.9, start_frame=0, end_frame=9)

    first, second = (overlays.compose(order, LARGE, {}, NO_FONTS) for _ in range(2))

    assert (first.rgba == second.rgba).all()


@pytest.mark.parametrize("profile", [f.SMALL, Profile(width=64, height=64, fps=30, fit="cover"), Profile(width=3840, height=2160, fps=30, fit="cover")])  # fmt: skip
def test_titles_fit_every_picture(profile: Profile) -> None:
    """The smallest previews and the largest videos have the same titles."""
    layer = _compose(profile, text="-20 % until Sunday")

    assert min(_edges(layer, profile)) >= 0
    assert layer.rgba[..., 3].max() == 255


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("size", [(540, 960), (1080, 1920), (364, 648)])
def test_upright_videos_keep_clear_of_the_platforms_buttons(
    size: tuple[int, int], position: Position
) -> None:
    """An offer would lie under a button, as measured on 1080x1920."""
    width, height = size
    profile = Profile(width=width, height=height, fps=30, fit="cover")

    layer = _compose(profile, text="Only today", position=position, is_safe=True)

    left, above, right, below = _edges(layer, profile)
    assert left >= width * 120 / 1080 - 2
    assert right >= width * 192 / 1080 - 2
    assert above >= height * 288 / 1920 - 2
    assert below >= height * 672 / 1920 - 2


@pytest.mark.parametrize("position", POSITIONS)
def test_other_shapes_have_a_plain_margin(position: Position) -> None:
    """A wide video would lose a third of its picture to buttons that it has not."""
    assert (
        _compose(WIDE, text="Only today", position=position, is_safe=True).x
        == _compose(WIDE, text="Only today", position=position).x
    )


@pytest.mark.parametrize("position", POSITIONS)
def test_layers_in_one_place_stand_beside_each_other(position: Position) -> None:
    """Two titles would be printed over each other, and neither could be read."""
    first = Layer(text="First line", position=position, is_safe=False, width=1.0)
    alone = _compose(text="First line", position=position)

    second = _compose(text="Second", position=position, beside=(first,))
    third = _compose(text="Third", position=position, beside=(first, first))

    spans = sorted((each.y, each.y + each.rgba.shape[0]) for each in (alone, second, third))
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert (second.y < alone.y) == position.startswith("bottom")


def test_a_stack_that_leaves_no_room_is_refused() -> None:
    """The last title would stand outside of the picture."""
    tall = Layer(text="a\n" * 8 + "a", position="top", is_safe=False, width=1.0)

    with pytest.raises(InputError, match="has no room beside what stands in its place"):
        _compose(text="One more\nof two lines", position="top", beside=(tall, tall))


@pytest.mark.parametrize("is_safe", [True, False])
@pytest.mark.parametrize("profile", [LARGE, WIDE, f.SMALL])
def test_every_area_lies_in_the_picture(profile: Profile, is_safe: bool) -> None:
    """A layer would be cut at the picture's edge."""
    room = area(profile, is_safe=is_safe)

    assert 0 <= room.left < room.middle < room.right <= profile.width
    assert 0 <= room.top < room.bottom <= profile.height


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("rotation", [0.0, 45.0, 90.0, -120.0])
@pytest.mark.parametrize("profile", [LARGE, WIDE, f.SMALL])
def test_what_is_turned_stays_in_the_picture(profile: Profile, rotation: float, position: Position) -> None:
    """A long title across a wide video would be higher than that, and the video fail."""
    of = f.overlay(
        text="Only today and only here",
        position=position,
        rotation=rotation,
        enter=Passage(kind="pop", frames=3),
        end_frame=6,
    )

    layer = overlays.compose(of, profile, {}, NO_FONTS)
    film = [rgba for _, rgba in passages.pictures(of, layer, profile, 10)]

    height, width = layer.rgba.shape[:2]
    assert 0 <= layer.x <= profile.width - width
    assert 0 <= layer.y <= profile.height - height
    assert all(each.shape == film[0].shape for each in film)


def test_a_picture_without_room_is_refused(tmp_path: Path) -> None:
    """It would be there, and nobody would see it."""
    logo = _saved(tmp_path, np.full((50, 100, 4), 255, np.uint8))

    with pytest.raises(
        InputError, match="has no room beside what stands in its place: give it another position"
    ):
        _compose(image=logo, position="bottom", clear=0.97)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("rest", [{"text": "Half price"}, {"rotation": 30, "width": 0.2}])
def test_a_layer_has_its_anchor_where_it_is_placed(
    position: Position, rest: dict[str, Any], tmp_path: Path
) -> None:
    """A sticker would sit beside the face that it belongs to."""
    image = None if "text" in rest else _saved(tmp_path, SQUARE)

    layer = _compose(image=image, position=position, at=(0.4, 0.6), **rest)

    height, width = layer.rgba.shape[:2]
    across, down = columns_of(position)
    assert abs(layer.x + across * width - 0.4 * LARGE.width) <= 2
    assert abs(layer.y + down * height - 0.6 * LARGE.height) <= 2
    assert (layer.x % 2, layer.y % 2) == (0, 0)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("at", [(0.1, 0.1), (0.5, 0.9), (0.97, 0.5)])
def test_a_placed_text_stays_within_the_picture(position: Position, at: tuple[float, float]) -> None:
    """Half a word would be cut off at the edge."""
    if min(map(room_of, at, columns_of(position))) < LEAST_ROOM * 2:
        return

    layer = _compose(text="Now", position=position, at=at, style=Style(size=0.05))

    assert min(_edges(layer)) >= -1


@pytest.mark.parametrize(("at", "free"), [((0.0, 0.5), 0), ((1.0, 0.5), 0), ((0.5, 0.0), 1), ((0.5, 1.0), 1)])
@pytest.mark.parametrize("moves", [None, "pop", "slideLeft", "slideDown"])
def test_a_placed_picture_hangs_over_the_edge_also_while_it_moves(
    at: tuple[float, float], free: int, moves: PassageKind | None, tmp_path: Path
) -> None:
    """It would be pushed inside, or its film would end the run."""
    enter = {"enter": Passage(kind=moves, frames=6)} if moves else {}
    over = f.overlay(image="logo", width=0.5, at=at, end_frame=30, **enter)
    clip = f.encode(tmp_path / "a.mp4", f.plain(f.BLACK, count=30))

    made = f.make(
        f.order_of(f.video(frames=30, overlays=(over,))), tmp_path, a=clip, logo=_saved(tmp_path, SQUARE)
    )

    last = f.decoded(made, "rgb24")[-1]
    seen = last.max(axis=2) > 60
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    # The logo is a square of half the picture's width: of one side a half is seen.
    sides = [columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
    whole = f.SMALL.width * 0.5
    assert abs(sides[free] - whole / 2) <= 2
    assert abs(sides[1 - free] - whole) <= 2


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("free", [(0.0, 0.14, 1.0, 0.8), (0.1, 0.2, 0.6, 0.5), (0.0, 0.0, 1.0, 1.0)])
def test_a_title_stands_in_what_targets_leave_free(
    position: Position, free: tuple[float, float, float, float]
) -> None:
    """A platform's buttons would cover it, or it would keep clear of those of others."""
    upright = Profile(width=540, height=960, fps=30, fit="cover")

    layer = _compose(upright, text="Until Sunday", position=position, is_safe=True, free=free)

    height, width = layer.rgba.shape[:2]
    left, top = max(540 * free[0], MARGIN), max(960 * free[1], MARGIN)
    right, bottom = min(540 * free[2], 540 - MARGIN), min(960 * free[3], 960 - MARGIN)
    assert left - 2 <= layer.x
    assert layer.x + width <= right + 2
    assert top - 2 <= layer.y
    assert layer.y + height <= bottom + 2
    if position.startswith("top"):
        assert layer.y - top <= 2
    if position.startswith("bottom"):
        assert bottom - layer.y - height <= 4
