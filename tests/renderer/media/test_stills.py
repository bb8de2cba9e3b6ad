from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.TiffImagePlugin
import pytest

from cliptask_renderer.media import stills
from support import frames as f
from support import media


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_photograph_stands_upright(orientation: int, suffix: str, tmp_path: Path) -> None:
    """A phone's photograph would lie on its side, or be mirrored: EXIF says how it was held."""
    upright = PIL.Image.fromarray(f.quadrants(80, 120)[0])
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    lying = upright if orientation == 1 else upright.transpose(PIL.Image.Transpose(undo[orientation]))
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    lying.save(tmp_path / f"a.{suffix}", exif=exif, quality=95)

    seen = stills.opened(tmp_path / f"a.{suffix}", 200, 200)

    assert seen.size == (80, 120)
    corners = [np.asarray(seen.getpixel(place)) for place in ((20, 30), (60, 30), (20, 90), (60, 90))]
    assert all(
        np.abs(corner - colour).max() < 8
        for corner, colour in zip(corners, (f.RED, f.GREEN, f.BLUE, f.WHITE), strict=True)
    )


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_huge_picture_is_reduced_no_further_than_needed(
    orientation: int, suffix: str, tmp_path: Path
) -> None:
    """A photograph of 50 megapixels would take the memory of ten others, or a smaller one lose its sharpness."""
    picture = media.picture(tmp_path / f"a.{suffix}", 1000, 1500, orientation=orientation)

    seen = stills.opened(picture, 200, 200)

    assert 200 <= min(seen.size) < 400
    assert (seen.width < seen.height) == (orientation == 1)


def test_a_grey_picture_of_sixteen_bits_keeps_its_shades(tmp_path: Path) -> None:
    """Scans and renderings would be white: Pillow cuts values off at 255."""
    shades = np.linspace(0, 65535, 100).astype(np.uint16)
    PIL.Image.fromarray(np.repeat(shades[None], 20, axis=0)).save(tmp_path / "a.png")

    seen = np.asarray(stills.opened(tmp_path / "a.png", 500, 500))[5, :, 0]

    assert np.abs(seen - shades / 257).max() <= 1


def test_colours_are_what_the_picture_s_profile_says(tmp_path: Path) -> None:
    """A photograph in Display P3 would look pale. Here red and green have changed places, which nobody can overlook."""
    srgb = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    PIL.Image.new("RGBA", (20, 20), (200, 120, 40, 77)).save(tmp_path / "a.png", icc_profile=swapped)

    seen = stills.opened(tmp_path / "a.png", 50, 50).getpixel((9, 9))

    assert seen == pytest.approx((120, 200, 40, 77), abs=2)


@pytest.mark.parametrize("kind", ["the common one", "of another kind", "broken"])
def test_a_profile_that_says_nothing_new_changes_nothing(kind: str, tmp_path: Path) -> None:
    """A picture with a useless profile would fail, or lose its colours."""
    profiles = {
        "the common one": PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes(),
        "of another kind": PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("LAB")).tobytes(),
        "broken": b"nonsense",
    }
    PIL.Image.new("RGB", (20, 20), (200, 120, 40)).save(tmp_path / "a.png", icc_profile=profiles[kind])

    seen = stills.opened(tmp_path / "a.png", 50, 50).getpixel((9, 9))

    assert seen == pytest.approx((200, 120, 40), abs=1)


def test_transparency_becomes_black(tmp_path: Path) -> None:
    """What is invisible in a picture would appear in whatever colour it happens to have."""
    PIL.Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(tmp_path / "a.png")

    content, width, height = stills.pixels(tmp_path / "a.png", f.SMALL)

    assert (width, height, content) == (20, 20, bytes(20 * 20 * 3))


def test_what_no_probe_has_seen_is_not_opened(tmp_path: Path) -> None:
    """Pillow's other readers start programs (EPS), or have seen less of the world."""
    PIL.Image.new("RGB", (20, 20)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")

    with pytest.raises(PIL.UnidentifiedImageError):
        stills.opened(tmp_path / "a.png", 50, 50)


def test_the_largest_picture_is_no_bomb_to_pillow(tmp_path: Path) -> None:
    """Pillow warns of pictures that the probe allows: warnings in a Job's log look like failures."""
    picture = PIL.Image.new("1", (7000, 7000))
    picture.save(tmp_path / "a.png")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen = stills.opened(tmp_path / "a.png", 2000, 2000)

    assert seen.size == (2334, 2334)
