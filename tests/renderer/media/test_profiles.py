from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageCms
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.facts import Look
from cliptask_renderer.media import colours, stills
from cliptask_renderer.media.exif import notes
from support import chunks, heic
from support import frames as f

Colour = tuple[int, ...]
SRGB = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB"))
PATCHES = np.array(
    [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[200, 120, 40], [128, 128, 128], [255, 255, 255]]], np.uint8
)
P3_TO_SRGB = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])


def seen(path: Path) -> npt.NDArray[np.int64]:
    """The colours of what is shown, in the size that was stored."""
    return np.asarray(stills.opened(path, 4000, 4000)).astype(int)


def written(folder: Path, content: bytes) -> Path:
    """A file of this content."""
    path = folder / "picture"
    path.write_bytes(content)
    return path


def light(stored: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """SRGB's curve, from 0..255 to 0..1."""
    value = stored.astype(float) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def shown(linear: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The way back, cut off where a screen ends."""
    value = np.clip(linear, 0, 1)
    return 255 * np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)


def of_p3() -> npt.NDArray[np.float64]:
    """The patches, where they are Display P3."""
    return shown(light(PATCHES) @ P3_TO_SRGB.T)


def by_profile(picture: PIL.Image.Image, profile: bytes) -> npt.NDArray[np.int64]:
    """What Pillow's colour management makes of a picture, alpha left out."""
    own = PIL.ImageCms.ImageCmsProfile(io.BytesIO(profile))
    turned = PIL.ImageCms.profileToProfile(picture, own, SRGB, outputMode="RGB")
    assert turned is not None
    return np.asarray(turned).astype(int)


@pytest.mark.parametrize("size", [60, 2000])
def test_inks_are_what_their_profile_says(size: int, tmp_path: Path) -> None:
    """What a print shop sends would be shown in garish colours: its profile speaks of ink, not of red, green and blue."""
    inks = np.array(
        [[255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255], [0] * 4, [90, 30, 200, 60]], np.uint8
    )
    pixels = np.repeat(np.repeat(inks[None], size // 6, axis=1), 40, axis=0)
    pixels = pixels.reshape(40, -1, 4)
    picture = PIL.Image.frombytes("CMYK", (pixels.shape[1], 40), pixels.tobytes())
    picture.save(tmp_path / "a.jpg", quality=100, subsampling=0, icc_profile=chunks.ink_profile())

    got = np.asarray(stills.opened(tmp_path / "a.jpg", 50, 20)).astype(int)

    step = got.shape[1] // 6
    wanted = by_profile(picture, chunks.ink_profile())[20, size // 12 :: size // 6]
    assert np.abs(got[got.shape[0] // 2, step // 2 :: step][:6] - wanted).max() <= 4


def test_inks_without_a_profile_are_mixed_as_browsers_do(tmp_path: Path) -> None:
    """A picture for print would be a negative, or be refused."""
    picture = PIL.Image.new("CMYK", (30, 30), (255, 0, 0, 51))
    picture.save(tmp_path / "a.jpg", quality=100)

    assert seen(tmp_path / "a.jpg")[9, 9] == pytest.approx((0, 204, 204), abs=3)


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_greys_are_what_their_profile_says(mode: str, tmp_path: Path) -> None:
    """A scan would be too dark or too light."""
    content = io.BytesIO()
    picture = PIL.Image.new("L", (9, 9), 64).convert("I;16" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = PIL.Image.fromarray(np.full((9, 9), 64 * 257, np.uint16))
    picture.save(content, "PNG", icc_profile=chunks.grey_profile(1.0))

    wanted = by_profile(PIL.Image.new("L", (9, 9), 64), chunks.grey_profile(1.0))[4, 4]
    assert wanted[0] > 130
    assert np.abs(seen(written(tmp_path, content.getvalue()))[4, 4, :3] - wanted).max() <= 2


def test_a_grey_photograph_may_have_a_profile_of_colours(tmp_path: Path) -> None:
    """Cameras and editors give every JPEG the profile of their screen, black and white ones too."""
    picture = PIL.Image.new("L", (16, 16), 100)
    picture.save(tmp_path / "a.jpg", icc_profile=SRGB.tobytes(), quality=100)

    assert seen(tmp_path / "a.jpg")[8, 8] == pytest.approx((100, 100, 100), abs=2)


@pytest.mark.parametrize("mode", ["P", "1", "LA", "RGBA"])
def test_pictures_of_every_mode_keep_their_transparency(mode: str, tmp_path: Path) -> None:
    """A logo of few colours would lose its transparency, or its profile be taken for that of another mode."""
    picture = PIL.Image.new("RGBA", (20, 20), (255, 255, 255, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 10, 20))
    stored = picture.quantize(4) if mode == "P" else picture.convert(mode)
    stored.save(tmp_path / "a.png", icc_profile=SRGB.tobytes())

    got = seen(tmp_path / "a.png")

    assert got[9, 15, :3] == pytest.approx((255, 255, 255), abs=1)
    if mode != "1":
        assert (got[9, 5, 3], got[9, 15, 3]) == (0, 255)


def test_a_webp_without_loss_has_the_colours_of_its_profile(tmp_path: Path) -> None:
    """A logo would have other colours as WebP than as PNG."""
    PIL.Image.fromarray(PATCHES).save(tmp_path / "a.webp", lossless=True, icc_profile=SWAPPED)

    assert np.abs(seen(tmp_path / "a.webp") - by_profile(PIL.Image.fromarray(PATCHES), SWAPPED)).max() <= 2


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_grey_that_stands_for_transparency_is_counted_in_the_file_s_bits(
    depth: int, tmp_path: Path
) -> None:
    """A logo of few greys would lose its transparency, or a scan all that is light."""
    most = (1 << depth) - 1
    row = (
        struct.pack(">4H", most, most - 1, 0, 0)
        if depth == 16
        else bytes([most] * 4)
        if depth == 8
        else b"\xff\0"
    )
    width = 4 if depth >= 8 else 16 // depth
    content = chunks.png((width, 1), depth, 0, [row], chunks.chunk(b"tRNS", struct.pack(">H", most)))

    got = seen(written(tmp_path, content))

    assert got[0, 0, 3] == 0
    assert tuple(got[0, -1]) == ((0, 0, 0, 255) if depth != 8 else (255, 255, 255, 0))
    if depth == 16:
        assert got[0, 1, 3] == 255


def test_the_colour_that_stands_for_transparency_may_have_sixteen_bits(tmp_path: Path) -> None:
    """A rendering's background would stay."""
    row = struct.pack(">6H", 0, 65535, 0, 65535, 0, 0)
    content = chunks.png((2, 1), 16, 2, [row], chunks.chunk(b"tRNS", struct.pack(">3H", 0, 65535, 0)))

    assert [tuple(pixel) for pixel in seen(written(tmp_path, content))[0]] == [
        (0, 255, 0, 0),
        (255, 0, 0, 255),
    ]


WHITE = (31270, 32900)
P3_CHROMATICITIES = struct.pack(">8I", *WHITE, 68000, 32000, 26500, 69000, 15000, 6000)
SRGB_GAMMA = chunks.chunk(b"gAMA", struct.pack(">I", 45455))
SWAPPED = SRGB.tobytes().replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
P3_CODES = chunks.chunk(b"cICP", bytes([12, 13, 0, 1]))


def _profile(content: bytes) -> bytes:
    return chunks.chunk(b"iCCP", b"x\0\0" + zlib.compress(content))


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (b"", PATCHES),
        (SRGB_GAMMA, PATCHES),
        (P3_CODES, of_p3()),
        (SRGB_GAMMA + chunks.chunk(b"cHRM", P3_CHROMATICITIES), of_p3()),
        (chunks.chunk(b"gAMA", struct.pack(">I", 100000)), shown(PATCHES / 255)),
        (chunks.chunk(b"gAMA", struct.pack(">I", 100000)) + chunks.chunk(b"sRGB", b"\0"), PATCHES),
        (P3_CODES + _profile(SWAPPED), of_p3()),
        (chunks.chunk(b"gAMA", struct.pack(">I", 100000)) + _profile(SWAPPED), by_profile(PIL.Image.fromarray(PATCHES), SWAPPED)),
        (chunks.chunk(b"gAMA", bytes(4)) + chunks.chunk(b"cHRM", bytes(32)), PATCHES),
        (chunks.chunk(b"cICP", b"\2\2\0\1"), PATCHES),
        (_profile(SWAPPED + bytes(3_000_000)), by_profile(PIL.Image.fromarray(PATCHES), SWAPPED)),
        (_profile(SRGB.tobytes())[:-1] + b"?", PATCHES),
    ],
    ids=["none", "usual gamma", "codes of P3", "chromaticities of P3", "light", "light, but sRGB", "codes before a profile",
         "a profile before a gamma", "nonsense", "unspecified codes", "a profile of 3 MB", "a broken profile"],
)  # fmt: skip
def test_a_png_s_colours_are_what_its_chunks_say(
    before: bytes, wanted: npt.NDArray[np.generic], tmp_path: Path
) -> None:
    """A screenshot of a phone or a rendering would look pale or dark."""
    got = seen(written(tmp_path, chunks.rgb_png(PATCHES, before)))

    assert np.abs(got - wanted.astype(float)).max() <= 4


def test_an_avif_s_colours_are_what_its_numbers_say(tmp_path: Path) -> None:
    """A photograph in Display P3 without a profile would look pale."""
    large = PIL.Image.fromarray(np.repeat(np.repeat(PATCHES, 32, axis=0), 32, axis=1))
    large.save(tmp_path / "a.avif", quality=100, subsampling="4:4:4")
    content = (tmp_path / "a.avif").read_bytes()
    assert content.count(b"nclx\0\1") == 1

    got = seen(written(tmp_path, content.replace(b"nclx\0\1", b"nclx\0\x0c")))[16::32, 16::32]

    assert np.abs(got - of_p3()).max() <= 5


@pytest.mark.parametrize("way", ["numbers", "profile"])
def test_a_heic_s_colours_are_those_of_a_phone(way: str, tmp_path: Path) -> None:
    """Every photograph of a phone would look pale."""
    large = PIL.Image.fromarray(np.repeat(np.repeat(PATCHES, 32, axis=0), 32, axis=1))
    look = heic.HeicLook(codes=heic.P3) if way == "numbers" else heic.HeicLook(icc=SWAPPED)
    wanted = of_p3() if way == "numbers" else by_profile(PIL.Image.fromarray(PATCHES), SWAPPED)

    got = seen(heic.write(tmp_path / "a.heic", large, look))[16::32, 16::32]

    assert np.abs(got - wanted).max() <= 5


@pytest.mark.parametrize(("code", "transfer"), [(16, "pq"), (18, "hlg")])
def test_light_beyond_a_screen_s_white_comes_below_it(
    code: int, transfer: Literal["pq", "hlg"], tmp_path: Path
) -> None:
    """An HDR photograph would be grey mist, burn out, or have other levels than the video that was taken beside it."""
    stored = np.repeat(np.array([[[0], [75], [130], [148], [170], [192], [255]]], np.uint8), 3, axis=2)
    content = chunks.rgb_png(stored, chunks.chunk(b"cICP", bytes([9, code, 0, 1])))

    got = seen(written(tmp_path, content))[0, :, 1]
    as_video = colours.to_bt709(stored[0] / 255, Look(transfer=transfer, primaries="bt2020"))

    assert got[0] == 0
    assert (np.diff(got[:6]) > 0).all()
    assert np.abs(got - 255 * as_video[:, 1]).max() <= 4


@pytest.mark.parametrize("suffix", ["webp", "png"])
def test_an_animation_has_the_colours_of_its_profile(suffix: str, tmp_path: Path) -> None:
    """A logo that moves would have other colours than the one that stands still."""
    images = [PIL.Image.new("RGB", (96, 160), colour) for colour in ((200, 120, 40), (40, 120, 200))]
    images[0].save(
        tmp_path / f"a.{suffix}", save_all=True, append_images=images[1:], duration=100, lossless=True, icc_profile=SWAPPED
    )  # fmt: skip

    made = f.make(f.order_of(f.animation(frames=6)), tmp_path, a=tmp_path / f"a.{suffix}")

    got = f.decoded(made, "rgb24")[:, 80, 48].astype(int)
    wanted = by_profile(PIL.Image.new("RGB", (1, 1), (200, 120, 40)), SWAPPED)[0, 0]
    assert np.abs(got[0] - wanted).max() <= 4


# What cameras note


def of_adobe_rgb() -> npt.NDArray[np.float64]:
    """The patches, where they are Adobe RGB, by the numbers of its specification."""
    to_xyz = np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]])
    to_srgb = np.array(
        [[3.24045, -1.53714, -0.49853], [-0.96927, 1.87601, 0.04156], [0.05564, -0.20403, 1.05723]]
    )
    return shown((PATCHES / 255) ** (563 / 256) @ (to_srgb @ to_xyz).T)


def noted(space: int, index: bytes, order: Literal["<", ">"] = "<") -> bytes:
    """EXIF with a colour space and an index of interoperability, as cameras write them."""

    def directory(at: int, *entries: tuple[int, int, int, bytes]) -> bytes:
        """Of tags, types, counts and values."""
        rows = b"".join(struct.pack(f"{order}HHI", *row[:3]) + row[3] for row in entries)
        assert at % 2 == 0
        return struct.pack(f"{order}H", len(entries)) + rows + bytes(4)

    def long(value: int) -> bytes:
        return struct.pack(f"{order}I", value)

    main, own = 8, 26
    head = (b"II*\0" if order == "<" else b"MM\0*") + long(main)
    body = directory(main, (0x8769, 4, 1, long(own)))
    body += directory(own, (0xA001, 3, 1, struct.pack(f"{order}HH", space, 0)), (0xA005, 4, 1, long(56)))
    return b"Exif\0\0" + head + body + directory(56, (0x0001, 2, 4, index))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_camera_s_adobe_rgb_needs_no_profile(suffix: str, order: Literal["<", ">"], tmp_path: Path) -> None:
    """A photograph would be dull, skin most of all: most cameras note Adobe RGB and bring no profile."""
    picture = PIL.Image.fromarray(PATCHES.repeat(32, axis=0).repeat(32, axis=1))
    exif = noted(0xFFFF, b"R03\0", order)
    picture.save(tmp_path / f"a.{suffix}", exif=exif, quality=100, subsampling=0, lossless=True)

    got = seen(tmp_path / f"a.{suffix}")[16::32, 16::32]

    assert np.abs(got - of_adobe_rgb()).max() <= 4
    assert np.abs(of_adobe_rgb() - PATCHES).max() > 20


@pytest.mark.parametrize(
    ("space", "index"), [(1, b"R98\0"), (0xFFFF, b"R98\0"), (1, b"R03\0"), (0xFFFF, bytes(4))]
)
def test_what_is_noted_otherwise_is_srgb(space: int, index: bytes, tmp_path: Path) -> None:
    """Editors write that nothing is known of the colours; they would become garish."""
    PIL.Image.fromarray(PATCHES).save(tmp_path / "a.png", exif=noted(space, index))

    assert np.array_equal(seen(tmp_path / "a.png"), PATCHES)


def test_a_profile_goes_before_what_is_noted(tmp_path: Path) -> None:
    """Who has converted a photograph for the web has not always corrected its notes."""
    PIL.Image.fromarray(PATCHES).save(
        tmp_path / "a.png", exif=noted(0xFFFF, b"R03\0"), icc_profile=SRGB.tobytes()
    )

    assert np.abs(seen(tmp_path / "a.png") - PATCHES).max() <= 1


@given(
    st.binary(max_size=120),
    st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]),
    st.integers(0, 90),
)
def test_broken_notes_say_nothing_and_end_nothing(noise: bytes, head: bytes, cut: int) -> None:
    """Any of a million cameras' programs would end a campaign."""
    assert notes(head + noise).orientation in range(1, 9)
    assert notes(noted(0xFFFF, b"R03\0")[:cut]).orientation == 1
