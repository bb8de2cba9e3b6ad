"""How does a still picture become a clip? Its pixels, and frames of a slow camera movement over it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cliptask.orders import Cut, Profile
from cliptask_renderer.media.formats import PICTURES, is_turned

if TYPE_CHECKING:
    from PIL import Image

ZOOM = 1.15
"""How much closer the closest view is: a movement that is seen in 3 s and not felt."""


def canvas(profile: Profile) -> Profile:
    """The size at which a moving picture is prepared: at the closest view its pixels are the video's."""
    width, height = (2 * math.ceil(side * ZOOM / 2 - 1e-6) for side in (profile.width, profile.height))
    return Profile(width=width, height=height, fps=profile.fps, fit=profile.fit)


def opened(picture: Path, width: int, height: int) -> Image.Image:
    """A picture of somebody else's as RGB or RGBA, turned as its EXIF says, its colours in sRGB.

    Much larger ones than ``width`` x ``height`` are reduced by a whole number, so that memory stays bounded.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415  only where something is made

    with Image.open(picture, formats=PICTURES) as file:
        if is_turned(file):
            width, height = height, width
        file.draft("RGB", (width, height))
        factor = max(min(file.width // width, file.height // height), 1)
        whole: Image.Image = file
        # Pillow cuts a grey picture of 16 bits off at 255, where everything is white.
        if file.mode.startswith("I"):
            whole = file.convert("I").point(lambda value: value * (1 / 257)).convert("L")
        whole = whole.convert("RGBA" if whole.has_transparency_data else "RGB")
        if factor > 1:
            whole = whole.reduce(factor)
        whole.info = file.info
    ImageOps.exif_transpose(whole, in_place=True)
    return _srgb(whole)


def _srgb(picture: Image.Image) -> Image.Image:
    """Phones take photographs in Display P3, cameras in Adobe RGB: shown as sRGB they look pale."""
    from PIL import ImageCms  # noqa: PLC0415  as above

    profile = picture.info.get("icc_profile")
    if not profile:
        return picture
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        return picture  # a damaged profile, or one of a colour space that the picture has not: as if there were none
    return turned or picture


def pixels(picture: Path, profile: Profile) -> tuple[bytes, int, int]:
    """A picture as rgb24 with its width and height, transparency on black, reduced if it is much larger than needed."""
    from PIL import Image  # noqa: PLC0415  as above

    whole = opened(picture, 2 * profile.width, 2 * profile.height)
    if whole.mode == "RGBA":
        whole = Image.alpha_composite(Image.new("RGBA", whole.size, "black"), whole).convert("RGB")
    return whole.tobytes(), whole.width, whole.height


def moving_frames(prepared: Path, profile: Profile, cut: Cut) -> Iterator[bytes]:
    """Each frame of the cut as yuv420p, from ``prepared``: one yuv420p frame of ``canvas(profile)``'s size.

    Pillow resamples from a window with fractional edges, so the movement is smooth where a filter that moves by
    whole pixels trembles; plane by plane, which costs a third of doing it in RGB.
    """
    from PIL import Image  # noqa: PLC0415  only where something is made

    whole = canvas(profile)
    planes, offset, content = [], 0, prepared.read_bytes()
    for halved in (1, 2, 2):
        width, height = whole.width // halved, whole.height // halved
        planes.append(Image.frombytes("L", (width, height), content[offset : offset + width * height]))
        offset += width * height
    for number in range(cut.first_frame, cut.first_frame + cut.frames):
        left, top, right, bottom = window(cut.motion, number / max(cut.motion_frames - 1, 1))
        yield b"".join(
            plane.resize(
                (profile.width // halved, profile.height // halved),
                Image.Resampling.BICUBIC,
                box=(left * plane.width, top * plane.height, right * plane.width, bottom * plane.height),
            ).tobytes()
            for plane, halved in zip(planes, (1, 2, 2), strict=True)
        )


def window(motion: str | None, progress: float) -> tuple[float, float, float, float]:
    """The part of the canvas that is seen: left, top, right, bottom as shares of it. ``progress`` runs from 0 to 1."""
    near = 1 / ZOOM
    if motion in ("zoomIn", "zoomOut"):
        scale = 1 / (1 + (ZOOM - 1) * (progress if motion == "zoomIn" else 1 - progress))
        edge = (1 - scale) / 2
        return edge, edge, edge + scale, edge + scale
    left = (1 - near) * (progress if motion == "panRight" else 1 - progress)
    return left, (1 - near) / 2, left + near, (1 + near) / 2
