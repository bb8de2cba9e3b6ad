"""How is a picture of somebody else's read? By the one reader of its format, past what does not matter of it."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, cast

from PIL import Image, UnidentifiedImageError
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from cliptask_renderer.media import boxes, gif, jpeg, png
from cliptask_renderer.media.composition import Part, composed
from cliptask_renderer.media.exif import notes
from cliptask_renderer.media.pieces import joined
from cliptask_renderer.media.profiles import Colours, adobe_rgb, flat, profile_of_codes, profile_of_png

HEAD_BYTES = 512
"""From the start of a file: enough to tell what it is."""

DAMAGE: Final = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
"""Pillow's readers raise nearly anything on a broken file."""

# Of broken notes in a file, which nobody who makes a video asked for.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_STARTS: Final[Mapping[type[ImageFile], tuple[bytes, ...]]] = {
    PngImageFile: (png.SIGNATURE,),
    JpegImageFile: (b"\xff\xd8\xff",),
    GifImageFile: (b"GIF87a", b"GIF89a"),
}
_HEIF_BRANDS = frozenset(
    {"heic", "heix", "heim", "heis", "mif1", "msf1", "avif", "avis", "hevc", "hevx", "miaf", "MiHE"}
)
_QUARTER_TURNS = frozenset({5, 6, 7, 8})
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What stands a picture upright, by EXIF's orientation."""

_HASTE_US, _CALM_US = 10_000, 100_000
"""A picture that is to be shown no longer than the one is shown for the other, as browsers do."""


@dataclass(frozen=True)
class Picture:
    """A picture file while it is open."""

    format: str
    stored: tuple[int, int]
    """Width and height before it is stood upright."""
    frames: int
    """More than one where it moves."""
    orientation: int
    """EXIF's, 1 to 8."""
    colours: Colours
    still: Callable[[int, int], Image.Image]
    """Its pixels as ``colours.flat`` gives them, where it can be had reduced no further than to this width and height."""
    _round: Callable[[], Iterator[tuple[Image.Image, int]]]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as shown."""
        return self.shown(*self.stored)

    def shown(self, width: int, height: int) -> tuple[int, int]:
        """A width and a height of one side, in the order of the other: stored and shown."""
        return (height, width) if self.orientation in _QUARTER_TURNS else (width, height)

    def upright(self, picture: Image.Image) -> Image.Image:
        """What was stored, as it is shown."""
        turn = _UPRIGHT.get(self.orientation)
        return picture if turn is None else picture.transpose(turn)

    def pictures(self) -> Iterator[tuple[Image.Image, int]]:
        """One round of what moves: each picture as stored, good until the next, and its time in microseconds."""
        for picture, us in self._round():
            yield picture, us if us > _HASTE_US else _CALM_US


def reader_for(head: bytes) -> type[ImageFile] | None:
    """The one reader for a picture; None for what is none. Pillow's ``open`` would guess, and take a phone's JPEG for an album."""
    main, every = boxes.brands(head)
    if main in _HEIF_BRANDS:
        return _avif_reader() if every & {"avif", "avis"} else _heic_reader()
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WebPImageFile
    return next((reader for reader, starts in _STARTS.items() if head.startswith(starts)), None)


def _avif_reader() -> type[ImageFile]:
    from PIL.AvifImagePlugin import AvifImageFile  # noqa: PLC0415  decoders only where something is there for them

    return AvifImageFile


def _heic_reader() -> type[ImageFile]:
    from pi_heif import HeifImageFile  # noqa: PLC0415  as above

    return cast("type[ImageFile]", HeifImageFile)


@contextmanager
def opened(path: Path) -> Iterator[Picture]:
    """Open a picture. Raises ``UnidentifiedImageError`` for what is none, and of ``DAMAGE`` what Pillow says of a broken one."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        reader = reader_for(head)
        if reader is None:
            message = "it is no picture of a known format"
            raise UnidentifiedImageError(message)
        size = file.seek(0, 2)
        riff = int.from_bytes(head[4:8], "little") + 8 if reader is WebPImageFile else 0
        if riff > size or boxes.ends_early(file):
            message = "it ends within a picture"
            raise EOFError(message)
        file.seek(0)
        if reader is PngImageFile:
            yield _png(file)
        elif reader is GifImageFile:
            yield _gif(file)
        elif reader is JpegImageFile:
            yield _picture(JpegImageFile(joined(file, [range(size), jpeg.END])))
        else:
            profile = None if reader is WebPImageFile else _profile_of_boxes(file)
            file.seek(0)
            yield _picture(reader(file), profile)


def _picture(image: ImageFile, profile: bytes | None = None, depth: int = 8) -> Picture:
    # A HEIC of several pictures shows one of them: only what has a rhythm moves.
    noted = notes(image.info.get("exif") or b"")
    own = image.info.get("icc_profile") or profile
    moves = image.format in {"WEBP", "AVIF"} and getattr(image, "is_animated", False)
    return Picture(
        format=image.format or "?",
        stored=image.size,
        frames=getattr(image, "n_frames", 1) if moves else 1,
        orientation=noted.orientation,
        colours=Colours(own or (adobe_rgb() if noted.is_adobe_rgb else None)),
        still=partial(_still, image, depth),
        _round=partial(_round, image),
    )


def _png(file: BinaryIO) -> Picture:
    parts = png.read(file)
    noted = parts.noted
    if b"cICP" in noted:
        profile = profile_of_codes(*noted[b"cICP"][:2])
    else:
        profile = parts.profile()
        if profile is None and b"sRGB" not in noted:
            profile = profile_of_png(noted.get(b"gAMA"), noted.get(b"cHRM"))
    image = PngImageFile(joined(file, parts.still))

    def decoded(part: Part) -> Image.Image:
        return flat(PngImageFile(joined(file, parts.alone(part))), parts.depth)

    picture = _picture(image, profile, parts.depth)
    if len(parts.moving) < 2:  # noqa: PLR2004  it takes two to move
        return picture
    return replace(
        picture, frames=len(parts.moving), _round=partial(composed, *picture.stored, parts.moving, decoded)
    )


def _gif(file: BinaryIO) -> Picture:
    parts = gif.read(file)

    def decoded(part: Part) -> Image.Image:
        return flat(GifImageFile(joined(file, part.data)))

    whole = partial(composed, parts.width, parts.height, parts.frames, decoded)

    def still(_width: int, _height: int) -> Image.Image:
        return next(whole())[0]

    size = (parts.width, parts.height)
    return Picture("GIF", size, len(parts.frames), 1, Colours(None), still, whole)


def _still(image: ImageFile, depth: int, width: int, height: int) -> Image.Image:
    image.draft("RGB", (width, height))
    image.load()
    return flat(image, depth)


def _round(image: ImageFile) -> Iterator[tuple[Image.Image, int]]:
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()
        yield flat(image), round(image.info.get("duration", 0) * 1000)


def _profile_of_boxes(file: BinaryIO) -> bytes | None:
    codes = boxes.colour_codes(file)
    return codes and profile_of_codes(*codes)
