"""How does any picture become one of the video's size, shape and colours? Chains of ffmpeg's filters."""

from __future__ import annotations

from pathlib import Path

from cliptask.facts import Look
from cliptask.orders import Profile
from cliptask_renderer.media import colours

SCALER = "flags=bicubic+accurate_rnd+bitexact"
"""The same pixels on every processor."""

COLOURS = f"out_color_matrix=bt709:out_range=tv:{SCALER}"
TAGS = "setsar=1,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709:field_mode=prog:chroma_location=left"
"""Last in every chain: output options alone leave untagged sources unknown, and HDR changes the parameter sets."""

FORM = "setsar=1,format=yuv420p"

STRAIGHT = "alpha=straight"
"""Of every overlay: left to itself it asks for weighed colours, and filters before it undo what was weighed for another reason."""

SCALER_MATRICES = frozenset({"gbr", "bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc"})
"""What the scaler knows; it knows nothing of primaries."""

TRANSFERS = {
    "sdr": "bt709", "srgb": "iec61966-2-1", "gamma22": "bt470m", "gamma28": "bt470bg", "linear": "linear",
    "pq": "smpte2084", "hlg": "arib-std-b67",
}  # fmt: skip


def fit(
    profile: Profile, number: int, *, has_alpha: bool = False, focus: tuple[float, float] = (0.5, 0.5)
) -> str:
    """From any size and shape to the profile's, in yuv420p, BT.709, square pixels.

    What is transparent is black, or the blurred copy where there is one. ``number`` tells the names of links in one graph apart.
    What is cut off is as far from the ``focus``, shares of width and height, as can be.
    """
    width, height = profile.width, profile.height
    # Colours weighed by their opacity: scaled as they are, what is hidden would shine through at every edge.
    opaque, weighed = (
        ("format=gbrp,", f"scale=out_range=pc:{SCALER},format=gbrap,premultiply=inplace=1,")
        if has_alpha
        else ("", "")
    )
    match profile.fit:
        case "stretch":
            return f"{weighed}{opaque}scale={width}:{height}:{COLOURS},{FORM}"
        case "cover":
            return f"{weighed}{opaque}{_cover(width, height, focus)}"
        case "contain":
            within = _contain(width, height)
            return (
                f"{weighed}{opaque}{within},pad={width}:{height}:2*floor((ow-iw)/4):2*floor((oh-ih)/4):black"
            )
        case "blur":
            names = ("back", "front", "blurred", "sharp")
            back, front, blurred, sharp = (f"[{name}{number}]" for name in names)
            # Blurred at an eighth of the size: the eye sees no difference, and it costs next to nothing.
            small = _cover(max(width // 16 * 2, 2), max(height // 16 * 2, 2), focus)
            within = _contain(width, height)
            if has_alpha:
                size = _within(width, height)
                within = (
                    f"scale={size}:{SCALER},unpremultiply=inplace=1,scale={COLOURS},setsar=1,format=yuva420p"
                )
            return (
                f"{weighed}split{back}{front};"
                f"{back}{opaque}{small},gblur=sigma=4,scale={width}:{height}:{SCALER},setsar=1{blurred};"
                f"{front}{within}{sharp};"
                f"{blurred}{sharp}overlay=2*floor((W-w)/4):2*floor((H-h)/4):format=yuv420:{STRAIGHT}"
            )


def reduced(profile: Profile) -> str:
    """Scale down to what the fit will show, colours untouched; what is smaller already stays as it is."""
    width, height = profile.width, profile.height
    larger = "max" if profile.fit == "cover" else "min"
    if profile.fit == "stretch":
        return f"scale=w='min(iw,{width})':h='min(ih,{height})':{SCALER}"
    return f"scale=w='min(iw,{larger}({width},2*ceil({height}*dar/2)))':h='min(ih,{larger}({height},2*ceil({width}/dar/2)))':{SCALER}"


def crops(profile: Profile) -> bool:
    """Whether something of a clip of another shape is cut off."""
    return profile.fit == "cover"


def shown_size(profile: Profile, width: int, height: int) -> tuple[int, int]:
    """Width and height that a picture of this size has in the video's: even, as ``fit`` makes it."""
    if profile.fit in {"cover", "stretch"}:
        return profile.width, profile.height
    across, down = profile.height * width / height, profile.width * height / width
    return (
        max(2, min(profile.width, 2 * round(across / 2))),
        max(2, min(profile.height, 2 * round(down / 2))),
    )


def _cover(width: int, height: int, focus: tuple[float, float]) -> str:
    """Scale any shape to fill the size and cut off the rest.

    Most of what will be cut off goes before, which saves two thirds of the work where a wide clip fills a tall
    picture: by multiples of four, so that the middle stays the middle at any subsampling of colours.
    """
    loose = (
        f"crop=w='iw-4*floor(max(iw-ih*{width}/{height}/sar-8,0)/4)':"
        f"h='ih-4*floor(max(ih-iw*sar*{height}/{width}-8,0)/4)':{_at(focus)}"
    )
    size = f"w='max({width},2*ceil(({height}*dar-0.01)/2))':h='max({height},2*ceil(({width}/dar-0.01)/2))'"
    return f"{loose},scale={size}:{COLOURS},crop={width}:{height}:{_at(focus)},{FORM}"


def _at(focus: tuple[float, float]) -> str:
    """Where a crop's part lies: around the focus, as far as the edges allow."""
    x, y = focus
    return f"x='clip({x:.6f}*iw-ow/2,0,iw-ow)':y='clip({y:.6f}*ih-oh/2,0,ih-oh)'"


def _contain(width: int, height: int) -> str:
    """Scale any shape to lie within the size."""
    return f"scale={_within(width, height)}:{COLOURS},{FORM}"


def _within(width: int, height: int) -> str:
    return f"w='max(2,min({width},2*round({height}*dar/2)))':h='max(2,min({height},2*round({width}/dar/2)))'"


def tags(look: Look) -> str:
    """The colours that were decided on, whatever the frames say."""
    return (
        f"setparams=range={'pc' if look.full_range else 'tv'}:color_primaries={look.primaries}:"
        f"color_trc={TRANSFERS[look.transfer]}:colorspace={look.matrix}"
    )


def to_bt709(look: Look, profile: Profile, table: Path) -> str:
    """What the scaler cannot do: other primaries, high dynamic range, rare matrices. On no more pixels than will be seen.

    Empty where it can do all, else with a comma before it. ``table`` is written where one is needed, and found by its
    name: ffmpeg runs in its folder.
    """
    is_known, scaled = look.matrix in SCALER_MATRICES, f",{reduced(profile)}"
    to_rgb = f"{scaled if is_known else ',zscale=m=gbr:r=pc'},format=gbr{'a' if look.has_alpha else ''}p10le"
    is_screens = look.transfer in colours.SCREENS
    if is_screens and look.primaries == "bt709":
        return "" if is_known else to_rgb
    if is_screens and is_known and look.matrix != "gbr" and not look.has_alpha:
        # It knows no JPEG formats, and rounds. Levels stay what they are: all of these curves are shown alike.
        own = f"colorspace=space=bt709:primaries=bt709:range=tv:trc={TRANSFERS[look.transfer]}"
        return f"{scaled}:out_range=tv,format=yuv444p10le,{own}"
    colours.write_table(look, table)
    return f"{to_rgb},lut3d=file={table.name}"
