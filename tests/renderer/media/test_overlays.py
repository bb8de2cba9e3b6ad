from __future__ import annotations

import hashlib
from pathlib import Path
from typing import get_args

import numpy as np
import PIL.Image
import PIL.ImageFont
import pytest
from PIL import features

from cliptask.errors import InputError
from cliptask.orders import OverlayOrder, Profile
from cliptask.spec.position import Position
from cliptask_renderer.media import overlays
from support import frames as f

POSITIONS: tuple[Position, ...] = get_args(Position)
LARGE = Profile(width=540, height=960, fps=30, fit="cover")
MARGIN = 27


def _compose(profile: Profile = LARGE, image: Path | None = None, **rest: object) -> overlays.Layer:
    return overlays.compose(f.overlay(**rest), profile, image)


def _edges(layer: overlays.Layer, profile: Profile = LARGE) -> tuple[int, int, int, int]:
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
        assert abs(above - below) <= 2
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


def test_nothing_of_a_title_is_cut_off() -> None:
    """Accents above and descenders below would be missing: what is drawn ends before the edge of its canvas."""
    one = _compose(text="x", position="center").rgba.shape[0]

    tall = _compose(text="Ågjpqy|", position="center").rgba.shape[0]

    em = round(540 * overlays.TEXT_SIZE)
    assert tall > 1.05 * em > one


def test_lines_break_between_words() -> None:
    """MoviePy's own breaking cuts words in two from the third line on."""
    text = "Alpha beta gamma delta epsilon zeta eta theta iota kappa lambda omega"

    _, lines = overlays.laid_out(text, f.overlay(text=text, width=0.4), LARGE)

    assert len(lines) > 3
    assert " ".join(lines) == text


def test_line_breaks_are_kept() -> None:
    """A title in two lines would become one."""
    _, lines = overlays.laid_out("Today\n\nonly", f.overlay(text="x"), LARGE)

    assert lines == ["Today", "", "only"]


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


@pytest.mark.parametrize("text", ["Привет", "Καλημέρα", "€ £ ½ “quoted” …", "naïve café Straße Łódź"])
def test_many_alphabets_can_be_written(text: str) -> None:
    """Boxes would stand in place of letters."""
    assert _compose(text=text).rgba[..., 3].any()


@pytest.mark.parametrize(("text", "missing"), [("春 is here", "春"), ("Go 🚀", "🚀"), ("سلام", "س")])
def test_letters_that_the_font_lacks_are_named(text: str, missing: str) -> None:
    """A thousand videos would show boxes."""
    with pytest.raises(InputError, match=f"cannot write: .*{missing}.*give the title as an image"):
        _compose(text=text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("\u0e01 is here", r"\u0e01 \(U\+0E01 THAI CHARACTER KO KAI\)"),
        ("nothing\ue000", r"write: U\+E000; leave"),
        ("Ж\u0301", r"write: U\+0301 COMBINING ACUTE ACCENT; leave"),
    ],
)
def test_what_cannot_be_seen_is_named(text: str, named: str) -> None:
    """A message that shows an invisible character shows nothing; an accent that has no place stands beside its letter."""
    with pytest.raises(InputError, match=named):
        _compose(text=text)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Cafe\u0301 Zu\u0308rich и\u0306", "Café Zürich й"),
        *[(f"Donau{each}dampf{each}", "Donaudampf") for each in "\u00ad\u034f\u200b\u200c\u200d\u200e\u200f\u2060\ufe0f\ufeff"],
        ("e\u2011mail, e\u2010mail", "e-mail, e-mail"),
        ("thin\u2009space\u3000wide", "thin space wide"),
    ],
)  # fmt: skip
def test_what_looks_the_same_is_the_same_picture(typed: str, same: str) -> None:
    """Accents stood beside their letters, and boxes where nothing is to be seen."""
    first, second = _compose(text=typed).rgba, _compose(text=same).rgba

    assert first.shape == second.shape
    assert (first == second).all()


@pytest.mark.parametrize("width", [0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6])
@pytest.mark.parametrize(
    "kept", ["100\u00a0€", "20\u202f%", "e\u2011mail", "3,50\u00a0€!", "(now)", "-20", "№\u00a05"]
)
def test_no_line_breaks_where_it_must_not(kept: str, width: float) -> None:
    """A price would stand in one line, its currency in the next."""
    text = f"Only this week {kept} for everybody, {kept}"

    _, lines = overlays.laid_out(text, f.overlay(text=text, width=width), LARGE)

    assert sum(line.count(kept) for line in lines) == 2


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

    first, second = (overlays.compose(order, LARGE, None) for _ in range(2))

    assert (first.rgba == second.rgba).all()


@pytest.mark.parametrize("profile", [f.SMALL, Profile(width=64, height=64, fps=30, fit="cover"), Profile(width=3840, height=2160, fps=30, fit="cover")])  # fmt: skip
def test_titles_fit_every_picture(profile: Profile) -> None:
    """The smallest previews and the largest videos have the same titles."""
    layer = _compose(profile, text="-20 % until Sunday")

    assert min(_edges(layer, profile)) >= 0
    assert layer.rgba[..., 3].max() == 255


@pytest.mark.parametrize("has_raqm", [False, True])
def test_a_title_does_not_depend_on_libraries_of_the_system(
    has_raqm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop and a cluster would make other videos under the same key.

    Where newer libraries draw other pixels, ``recipe.VERSION`` has to be raised before these are changed.
    """
    if has_raqm and not features.check("raqm"):
        pytest.skip("this system has no raqm")
    monkeypatch.setattr(PIL.ImageFont.core, "HAVE_RAQM", has_raqm)

    rgba = _compose(text="AVATAR: Only today").rgba

    assert rgba.shape == (34, 279, 4)
    assert hashlib.sha256(rgba.tobytes()).hexdigest()[:16] == "0d869a930bf159e6"
