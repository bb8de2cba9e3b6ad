from __future__ import annotations

import hashlib
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from cliptask.errors import SourceError
from cliptask.facts import SourceFacts
from cliptask.orders import Profile
from cliptask_renderer.media import stills
from cliptask_renderer.probe.file import probe
from cliptask_renderer.probe.limits import ProbeLimits
from support import chunks, heic, media
from support import frames as f
from support.chunks import Laid, chunk
from support.heic import HeicLook

SHA = hashlib.sha256(b"").hexdigest()
PIXELS = f.quadrants(40, 30)[0]


def told(content: bytes, folder: Path, limits: ProbeLimits | None = None) -> SourceFacts:
    """What the probe says of a file of this content."""
    path = folder / "source"
    path.write_bytes(content)
    return probe(path, SHA, limits)


def refusal(content: bytes, folder: Path, limits: ProbeLimits | None = None) -> str:
    """The message with which the probe refuses it."""
    with pytest.raises(SourceError) as caught:
        told(content, folder, limits)
    return str(caught.value)


def noise(width: int = 320, height: int = 240) -> PIL.Image.Image:
    """A picture each of whose parts takes its bytes."""
    pixels = np.random.default_rng(1).integers(0, 255, (height // 4, width // 4, 3), np.uint8)
    return PIL.Image.fromarray(pixels).resize((width, height))


def saved(folder: Path, suffix: str, picture: PIL.Image.Image | None = None, **options: Any) -> bytes:  # noqa: ANN401  of many types
    """The bytes of a picture."""
    path = folder / f"saved.{suffix}"
    (picture or noise()).save(path, **options)
    return path.read_bytes()


def broken(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG with another checksum."""
    return chunk(kind, content)[:-4] + b"\0\1\2\3"


XMP = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<rdf:li>entry</rdf:li>" * 100_000)
BOMB = b"Comment\0\0" + zlib.compress(bytes(50_000_000))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (chunk(b"iTXt", XMP), b""),
        (b"", chunk(b"iTXt", XMP)),
        (chunk(b"zTXt", BOMB) * 30, b""),
        (chunk(b"teXt", b"") * 50_000, b""),
        (broken(b"tEXt", b"a\0b"), b""),
        (broken(b"iCCP", b"x\0\0junk"), b""),
        (broken(b"tRNS", bytes(6)), b""),
        (chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(40_000_000))), b""),
        (chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff"), b""),
        (chunk(b"eXIf", b"junk"), b""),
        (b"", chunk(b"tIME", b"")),
    ],
    ids=["long XMP", "XMP after", "text bombs", "many chunks", "broken text", "broken profile", "broken transparency",
         "profile bomb", "EXIF that leads nowhere", "EXIF that is none", "broken time"],
)  # fmt: skip
def test_what_does_not_matter_to_the_picture_does_not_matter(
    before: bytes, after: bytes, tmp_path: Path
) -> None:
    """A picture that every viewer shows would be refused as damaged, or a bomb in its texts go off."""
    facts = told(chunks.rgb_png(PIXELS, before, after), tmp_path)

    assert (facts.kind, facts.width, facts.height) == ("still", 40, 30)
    assert np.array_equal(np.asarray(stills.opened(tmp_path / "source", 100, 100).convert("RGB")), PIXELS)


def test_more_chunks_than_any_picture_has_are_refused(tmp_path: Path) -> None:
    """A file of nothing but chunks would be walked through for minutes."""
    content = chunks.rgb_png(PIXELS, chunk(b"teXt", b"") * 500_001)

    assert "chunks" in refusal(content, tmp_path)


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"restart_marker_blocks": 4}],
    ids=["plain", "progressive", "restarts"],
)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_may_lack_its_end_mark_but_none_of_its_picture(
    options: dict[str, Any], mode: str, tmp_path: Path
) -> None:
    """A photograph that every viewer shows would be refused, or half of one be shown with a grey rest."""
    content = saved(tmp_path, "jpg", noise().convert(mode), quality=80, **options)

    whole = told(content[:-2], tmp_path)
    shown = np.asarray(stills.opened(tmp_path / "source", 400, 400))

    assert (whole.width, whole.height) == (320, 240)
    assert np.array_equal(shown, np.asarray(stills.opened(tmp_path / "saved.jpg", 400, 400)))
    for part in (0.3, 0.6, 0.99):
        assert "cut short" in refusal(content[: int(len(content) * part)], tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "avif"])
@pytest.mark.parametrize("moves", [False, True])
def test_what_follows_a_picture_does_not_matter_and_what_is_missing_does(
    suffix: str,
    moves: bool,
    tmp_path: Path,
) -> None:
    """Phones append videos, mail programs line ends; a broken upload would be found out in a Job."""
    more: dict[str, Any] = (
        {"save_all": True, "append_images": [noise().rotate(180)], "duration": 100}
        if moves and suffix != "jpg"
        else {}
    )
    content = saved(tmp_path, suffix, **more)

    assert told(content + b"\r\njunk" * 1000, tmp_path).width == 320
    for part in (0.4, 0.95):
        assert "cut short" in refusal(content[: int(len(content) * part)], tmp_path)


@pytest.mark.parametrize("missing", [8, 12])
def test_a_png_may_lack_its_end(missing: int, tmp_path: Path) -> None:
    """The picture is there, and every viewer shows it."""
    assert told(chunks.rgb_png(PIXELS)[:-missing], tmp_path).kind == "still"


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "avif"])
def test_a_picture_that_moves_has_a_length_and_a_rate(suffix: str, tmp_path: Path) -> None:
    """It would be shown as its first picture, or the video have a rate that has nothing to do with it."""
    path = media.animation(tmp_path / f"a.{suffix}", 5)

    facts = probe(path, SHA)

    assert (facts.kind, facts.container, facts.width, facts.height) == ("animation", suffix, 64, 48)
    assert (facts.duration_s, facts.fps, facts.has_audio, facts.look) == (0.5, 10.0, False, None)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_one_picture_does_not_move_whatever_its_format_could(suffix: str, tmp_path: Path) -> None:
    """A logo would be refused for a format that could move."""
    content = saved(tmp_path, suffix, save_all=True, duration=100)

    assert told(content, tmp_path).kind == "still"


def test_a_png_of_one_moving_picture_and_a_hidden_one_stands_still(tmp_path: Path) -> None:
    """A round of one picture has no rate."""
    pixels = np.full((8, 8, 4), 255, np.uint8)

    assert told(chunks.apng([Laid(pixels)], hidden=pixels), tmp_path).kind == "still"


def test_an_animation_that_is_cut_between_two_pictures_is_refused(tmp_path: Path) -> None:
    """Its end would be missing, and nobody know."""
    pixels = np.full((8, 8, 4), 255, np.uint8)
    content = chunks.apng([Laid(pixels)] * 3)

    assert "cut short" in refusal(content[: content.rindex(b"fcTL") - 4], tmp_path)


def test_a_png_that_does_not_say_that_it_moves_stands_still(tmp_path: Path) -> None:
    """Editors that save an animation as one picture leave pieces of it behind."""
    pixels = np.full((8, 8, 4), 255, np.uint8)
    content = chunks.apng([Laid(pixels)] * 3)

    assert told(content.replace(b"acTL", b"acTl"), tmp_path).kind == "still"


@pytest.mark.parametrize(
    ("filler", "what"),
    [
        (bytes(3_000_001), "blocks"),
        (b"!\xfe" + b"\1a" * 3_000_001, "blocks"),
        (b"," + bytes(4) + b"\1\0\1\0\0\7\1\x81\0", ""),
    ],
    ids=["nothing", "comments", "pictures"],
)
def test_a_gif_of_endless_pieces_is_refused_soon(filler: bytes, what: str, tmp_path: Path) -> None:
    """A file of a gigabyte would be walked through for hours, or its pieces fill the memory."""
    head = chunks.gif((8, 8), bytes(9), [Laid(_still(8))])[:-1]

    assert (what or "more than 20000 pictures") in refusal(head + filler * (1 if what else 20_001), tmp_path)


@pytest.mark.parametrize(("delay", "seconds"), [(0, 0.2), (1, 0.2), (2, 0.04), (30_000, 600)])
def test_a_round_is_as_long_as_browsers_show_it(delay: int, seconds: float, tmp_path: Path) -> None:
    """A clip would end before its animation does, or after."""
    parts = [Laid(np.full((8, 8), colour, np.uint8), delay=delay) for colour in (1, 2)]

    assert told(chunks.gif((8, 8), bytes(9), parts), tmp_path).duration_s == pytest.approx(seconds)


def _still(size: int) -> npt.NDArray[np.uint8]:
    return np.zeros((size, size), np.uint8)


@pytest.mark.parametrize(
    ("content", "limits", "what"),
    [
        (chunks.gif((8, 8), bytes(9), [Laid(_still(8))] * 11), ProbeLimits(frames=10), "11 pictures"),
        (chunks.gif((5000, 5000), bytes(9), [Laid(_still(2))] * 2), None, "5000x5000"),
        (chunks.gif((4000, 4000), bytes(9), [Laid(_still(2))] * 300), None, "300 pictures of 4000x4000"),
        (chunks.gif((8, 8), bytes(9), [Laid(_still(8), delay=30_001)] * 2), None, "longer than 600 s"),
        (chunks.gif((8, 8), bytes(9), [Laid(_still(8))] * 2), ProbeLimits(seconds=0), "to read"),
        (
            chunks.gif((8, 8), bytes(9), [Laid(_still(8)), Laid(_still(9))]),
            None,
            "a part of it has 9x9 pixels",
        ),
        (
            chunks.apng([Laid(np.zeros((side, 8, 4), np.uint8)) for side in (8, 9)]),
            None,
            "a part of it has 8x9 pixels",
        ),
        (
            chunks.gif((8, 8), bytes(9), [Laid(_still(8))] * 2),
            ProbeLimits(picture_bytes=99),
            "99 are allowed",
        ),
        (chunks.gif((20_000, 8), bytes(9), [Laid(_still(8))]), None, "20000x8"),
    ],
)
def test_an_animation_beyond_a_limit_is_refused(
    content: bytes, limits: ProbeLimits | None, what: str, tmp_path: Path
) -> None:
    """A few kilobytes would become hours of decoding, or the memory of a node."""
    assert what in refusal(content, tmp_path, limits)


def test_a_small_picture_on_a_large_screen_is_as_large_as_the_screen(tmp_path: Path) -> None:
    """A sticker would be cropped, and what surrounds it be of any colour."""
    part = Laid(np.full((2, 2), 1, np.uint8), 3, 1)
    facts = told(chunks.gif((8, 4), bytes([7, 7, 7, 255, 0, 0]), [part]), tmp_path)

    content, width, height = stills.pixels(
        tmp_path / "source", Profile(width=8, height=4, fps=25, fit="contain")
    )
    seen = np.frombuffer(content, np.uint8).reshape(height, width, 3)

    assert (facts.kind, facts.width, facts.height) == ("still", 8, 4)
    assert (seen[0, 0].tolist(), seen[1, 3].tolist()) == ([0, 0, 0], [255, 0, 0])


QUADRANTS = PIL.Image.fromarray(f.quadrants(128, 64)[0])
ROTATED = PIL.Image.Exif()
ROTATED[0x0112] = 6


def _burst(count: int) -> HeicLook:
    return HeicLook(others=tuple(QUADRANTS.rotate(180) for _ in range(count)))


@pytest.mark.parametrize(
    ("look", "upright"),
    [
        (HeicLook(), QUADRANTS),
        (HeicLook(pixels="yuv420p"), QUADRANTS),
        (HeicLook(pixels="yuv444p10le"), QUADRANTS),
        (HeicLook(tile=64), QUADRANTS),
        (HeicLook(tile=64, turn=3), QUADRANTS.transpose(PIL.Image.Transpose.ROTATE_270)),
        (HeicLook(turn=1), QUADRANTS.transpose(PIL.Image.Transpose.ROTATE_90)),
        (HeicLook(turn=3, exif=ROTATED.tobytes()), QUADRANTS.transpose(PIL.Image.Transpose.ROTATE_270)),
        (HeicLook(exif=ROTATED.tobytes()), QUADRANTS),
        (HeicLook(exif=b"Exif\0\0junk"), QUADRANTS),
        (HeicLook(mirror=0), QUADRANTS.transpose(PIL.Image.Transpose.FLIP_TOP_BOTTOM)),
        (HeicLook(mirror=1), QUADRANTS.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT)),
        (HeicLook(brand=b"mif1"), QUADRANTS),
        (_burst(1), QUADRANTS),
    ],
    ids=["plain", "4:2:0", "10 bits", "tiles", "tiles, turned", "turned", "turned, as EXIF says too", "EXIF alone", "broken EXIF",
         "upside down", "mirrored", "another brand", "several pictures"],
)  # fmt: skip
def test_a_phone_s_photograph_is_taken_and_stands_upright(
    look: HeicLook, upright: PIL.Image.Image, tmp_path: Path
) -> None:
    """What phones take would have to be converted by hand, or lie on its side: the file turns it, EXIF only tells of it."""
    facts = probe(heic.write(tmp_path / "a.heic", QUADRANTS, look), SHA)

    seen = np.asarray(stills.opened(tmp_path / "a.heic", 200, 200)).astype(int)

    assert (facts.kind, facts.container, facts.width, facts.height) == ("still", "heic", *upright.size)
    places = (slice(16, None, 32), slice(16, None, 32))
    assert np.abs(seen[places] - np.asarray(upright).astype(int)[places]).max() <= 8


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_transparency_comes_with_the_picture(suffix: str, tmp_path: Path) -> None:
    """A logo from a phone would stand on a black box."""
    picture = QUADRANTS.copy()
    picture.putalpha(PIL.Image.linear_gradient("L").resize(picture.size))
    path = tmp_path / f"a.{suffix}"
    if suffix == "heic":
        heic.write(path, picture)
    else:
        picture.save(path, quality=95)

    seen = np.asarray(stills.opened(path, 200, 200)).astype(int)

    assert np.abs(seen[8::16, 8::16, 3] - np.asarray(picture)[8::16, 8::16, 3]).max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_stands_upright(orientation: int, tmp_path: Path) -> None:
    """A photograph would lie on its side, or be turned twice."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    lying = QUADRANTS if orientation == 1 else QUADRANTS.transpose(PIL.Image.Transpose(undo[orientation]))
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    lying.save(tmp_path / "a.avif", exif=exif, quality=95)

    facts = probe(tmp_path / "a.avif", SHA)
    seen = np.asarray(stills.opened(tmp_path / "a.avif", 200, 200)).astype(int)

    assert (facts.kind, facts.width, facts.height) == ("still", 128, 64)
    assert np.abs(seen[16::32, 16::32] - np.asarray(QUADRANTS).astype(int)[16::32, 16::32]).max() <= 8


@pytest.mark.parametrize("part", [0.4, 0.8, 0.999])
def test_a_heic_that_is_cut_short_is_refused(part: float, tmp_path: Path) -> None:
    """Half a photograph would be found out in a Job."""
    content = heic.write(tmp_path / "a.heic", noise(), HeicLook(tile=160)).read_bytes()

    assert told(content + b"junk" * 9, tmp_path).width == 320
    assert "cut short" in refusal(content[: int(len(content) * part)], tmp_path)


def _boxed(brand: bytes, *others: bytes) -> bytes:
    every = brand + bytes(4) + b"".join(others)
    return struct.pack(">I", len(every) + 8) + b"ftyp" + every + bytes(100)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\xff\x0a" + bytes(100), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100), "JPEG 2000"),
        (b"\xff\x4f\xff\x51" + bytes(100), "JPEG 2000"),
        (b"8BPS\0\1" + bytes(100), "Photoshop"),
        (_boxed(b"hevc", b"mif1", b"heic"), "HEIC that moves"),
        (_boxed(b"msf1", b"hevc"), "HEIC that moves"),
        (_boxed(b"heic", b"mif1"), "HEIC"),
        (_boxed(b"avif", b"mif1"), "AVIF"),
    ],
)
def test_a_picture_of_another_kind_is_refused_by_its_name(content: bytes, name: str, tmp_path: Path) -> None:
    """That it is "no media" says nothing to somebody who sees the picture in a viewer."""
    assert name in refusal(content, tmp_path)


@pytest.mark.parametrize(
    ("suffix", "name"), [("tif", "TIFF"), ("bmp", "BMP"), ("ico", "ICO"), ("dds", "DDS")]
)
def test_a_picture_that_pillow_could_read_is_refused_by_its_name(
    suffix: str, name: str, tmp_path: Path
) -> None:
    """As above: these readers have seen less of the world."""
    said = refusal(saved(tmp_path, suffix, noise(64, 64)), tmp_path)

    assert name in said
    assert "JPEG, PNG or WebP" in said


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "avif", "heic"])
@pytest.mark.parametrize("seed", range(6))
def test_a_spoiled_picture_is_read_or_refused(suffix: str, seed: int, tmp_path: Path) -> None:
    """A broken file would end the campaign with words that nobody can act on."""
    if suffix == "heic":
        content = bytearray(heic.write(tmp_path / "a.heic", noise(64, 64)).read_bytes())
    else:
        content = bytearray(saved(tmp_path, suffix, noise(64, 64)))
    random = np.random.default_rng(seed)
    for place in random.integers(16, len(content), 20):
        content[place] = random.integers(256)

    # Whether it is taken depends on what was hit.
    with suppress(SourceError):
        assert told(bytes(content), tmp_path).kind in {"still", "animation"}
