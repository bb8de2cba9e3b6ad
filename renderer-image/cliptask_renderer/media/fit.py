"""How does any picture become one of the video's size, shape and colours? Chains of ffmpeg's filters."""

from __future__ import annotations

from dataclasses import dataclass
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

_BRIGHTNESS, _SATURATION = 0.7, 0.75
"""Of a blurred copy, beside the picture before it, which stands out so."""

_NEARLY = 0.99
"""Of the frame: what would leave a narrower strip fills it. Encoders round sides to sixteens."""

_FADE = 0.025
"""Of the frame's shorter side: over so much a picture fades into its blurred copy."""

_WEIGH = "premultiply=inplace=1"
"""Colours weighed by their opacity: scaled as they are, what is hidden would shine through at every edge."""


SCALER_MATRICES = frozenset({"gbr", "bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc"})
"""What the scaler knows; it knows nothing of primaries."""

TRANSFERS = {
    "sdr": "bt709", "srgb": "iec61966-2-1", "gamma22": "bt470m", "gamma28": "bt470bg", "linear": "linear",
    "pq": "smpte2084", "hlg": "arib-std-b67",
}  # fmt: skip


@dataclass(frozen=True)
class Behind:
    """One picture that stands, blurred, behind what moves."""

    link: str
    """In the graph, with what tells its colours."""
    frames: int
    """How long it stands."""


def fit(
    profile: Profile,
    number: int,
    *,
    has_alpha: bool = False,
    focus: tuple[float, float] = (0.5, 0.5),
    behind: Behind | None = None,
) -> str:
    """From any size and shape to the profile's, in yuv420p, BT.709, square pixels.

    What is transparent shows the background, or the blurred copy where there is one. ``number`` tells the names of links
    in one graph apart. What is cut off is as far from the ``focus``, shares of width and height, as can be. The blurred copy
    is of what lies ``behind``, where that is another picture.
    """
    width, height = profile.width, profile.height
    straight = f"scale=out_range=pc:{SCALER},format=gbrap," if has_alpha else ""
    opaque = _opaque(profile.background, number) if has_alpha else ""
    match profile.fit:
        case "stretch":
            return f"{straight}{opaque}scale={width}:{height}:{COLOURS},{FORM}"
        case "cover":
            return f"{straight}{opaque}{_cover(width, height, focus, COLOURS)},{FORM}"
        case "contain":
            at, colour = "2*floor((ow-iw)/4):2*floor((oh-ih)/4)", profile.background.replace("#", "0x")
            inside = f"{_inside(profile, focus, COLOURS)},{FORM}"
            return f"{straight}{opaque}{inside},pad={width}:{height}:{at}:{colour}"
        case "blur":
            inside = f"{_inside(profile, focus, COLOURS)},{FORM}"
            if has_alpha:
                inside = (
                    f"{_WEIGH},{_inside(profile, focus, SCALER)},unpremultiply=inplace=1,"
                    f"scale={COLOURS},setsar=1,format=yuva420p"
                )
            names = ("back", "front", "blurred", "sharp")
            back, front, blurred, sharp = (f"[{name}{number}]" for name in names)
            copy = f"{opaque}{_blurred(width, height, focus)}"
            soft = f"{inside}{_soft(profile, number, has_alpha=has_alpha)}"
            both = f"{blurred}{sharp}overlay=2*floor((W-w)/4):2*floor((H-h)/4):format=yuv420:{STRAIGHT}"
            if behind:
                held = f"loop=loop=-1:size=1,trim=end_frame={behind.frames}"
                return f"{straight}{soft}{sharp};{behind.link}{straight}{copy},{held}{blurred};{both}"
            return f"{straight}split{back}{front};{back}{copy}{blurred};{front}{soft}{sharp};{both}"


def _opaque(background: str, number: int) -> str:
    """What is transparent, over a colour; over black it is weighed, which is less work."""
    if background == "#000000":
        return f"{_WEIGH},format=gbrp,"
    red, green, blue = (int(background[at : at + 2], 16) for at in (1, 3, 5))
    own, below, plain = (f"[{name}{number}]" for name in ("own", "below", "plain"))
    return (
        f"split{own}{below};{below}lutrgb=r={red}:g={green}:b={blue}:a=255,format=gbrp{plain};"
        f"{plain}{own}overlay=format=gbrp:{STRAIGHT},format=gbrp,"
    )


def _blurred(width: int, height: int, focus: tuple[float, float]) -> str:
    """A copy that fills the size and stays behind: out of focus, darker and paler.

    Blurred at an eighth of the size: the eye sees no difference, and it costs next to nothing.
    """
    small = _cover(max(width // 16 * 2, 2), max(height // 16 * 2, 2), focus, COLOURS)
    u, v = (f"{plane}='128+(val-128)*{_SATURATION}'" for plane in "uv")
    paler = f"lutyuv=y='16+(val-16)*{_BRIGHTNESS}':{u}:{v}"
    return f"{small},{FORM},gblur=sigma=4,{paler},scale={width}:{height}:{SCALER},setsar=1"


def _soft(profile: Profile, number: int, *, has_alpha: bool) -> str:
    """Let a picture fade out towards those of its edges that do not lie on the frame's.

    The mask is one frame, reckoned along one line where the picture is as wide or as high as the frame is, and drawn out.
    """
    width, height = profile.width, profile.height
    fade = round(min(width, height) * _FADE)
    across, down = (
        f"if(gt({side},1),clip((min({at},{side}-1-{at})+0.5)/max(min({fade},({whole}-{side})/2),0.5),0,1),1)"
        for at, side, whole in (("X", "W", width), ("Y", "H", height))
    )
    mask = (
        f"trim=end_frame=1,format=gray,scale=w='if(lt(iw,{width}),iw,1)':h='if(lt(ih,{height}),ih,1)',"
        f"geq=lum='st(0,min({across},{down}));255*ld(0)*ld(0)*(3-2*ld(0))',"
        f"scale=w='if(eq(iw,1),{width},iw)':h='if(eq(ih,1),{height},ih)':flags=neighbor"
    )
    kept, edge, shape = (f"[{each}{number}]" for each in ("kept", "edge", "shape"))
    if not has_alpha:
        return f",split{kept}{edge};{edge}{mask}{shape};{kept}{shape}alphamerge"
    # What is transparent in it stays so.
    whole, alpha, both = (f"[{each}{number}]" for each in ("whole", "alpha", "both"))
    return (
        f",split=3{kept}{edge}{whole};{edge}{mask}{shape};{whole}alphaextract{alpha};"
        f"{alpha}{shape}blend=all_mode=multiply{both};{kept}{both}alphamerge"
    )


def over(*, has_alpha: bool, width: int, height: int) -> str:
    """From any colours to those of a screen, of a size, with transparency: what is laid over a picture."""
    size = f"scale={width}:{height}:out_range=pc:{SCALER},format=gbrap"
    if not has_alpha:
        return size
    straight = f"scale=out_range=pc:{SCALER},format=gbrap"
    return f"{straight},{_WEIGH},{size},unpremultiply=inplace=1"


def reduced(profile: Profile) -> str:
    """Scale down to what the fit will show, colours untouched; what is smaller already stays as it is."""
    width, height = profile.width, profile.height
    larger = "max" if profile.fit == "cover" else "min"
    if profile.fit == "stretch":
        return f"scale=w='min(iw,{width})':h='min(ih,{height})':{SCALER}"
    return f"scale=w='min(iw,{larger}({width},2*ceil({height}*dar/2)))':h='min(ih,{larger}({height},2*ceil({width}/dar/2)))':{SCALER}"


def crops(profile: Profile) -> bool:
    """Whether something of a clip of another shape is cut off."""
    return profile.fit == "cover" or profile.crop is not None


def shown_size(profile: Profile, width: int, height: int) -> tuple[int, int]:
    """Width and height that a picture of this size has in the video's: even, as ``fit`` makes it."""
    if profile.fit in {"cover", "stretch"}:
        return profile.width, profile.height
    width, height = profile.crop or (width, height)
    across, down = profile.height * width / height, profile.width * height / width
    return (
        profile.width if across > profile.width * _NEARLY else max(2, 2 * round(across / 2)),
        profile.height if down > profile.height * _NEARLY else max(2, 2 * round(down / 2)),
    )


def _cover(width: int, height: int, focus: tuple[float, float], scaled: str) -> str:
    """Scale any shape, in a way, to fill the size and cut off the rest.

    Most of what will be cut off goes before, which saves two thirds of the work where a wide clip fills a tall
    picture: by multiples of four, so that the middle stays the middle at any subsampling of colours.
    """
    loose = (
        f"crop=w='iw-4*floor(max(iw-ih*{width}/{height}/sar-8,0)/4)':"
        f"h='ih-4*floor(max(ih-iw*sar*{height}/{width}-8,0)/4)':{_at(focus)}"
    )
    size = f"w='max({width},2*ceil(({height}*dar-0.01)/2))':h='max({height},2*ceil(({width}/dar-0.01)/2))'"
    return f"{loose},scale={size}:{scaled},crop={width}:{height}:{_at(focus)}"


def _at(focus: tuple[float, float]) -> str:
    """Where a crop's part lies: around the focus, as far as the edges allow."""
    x, y = focus
    return f"x='clip({x:.6f}*iw-ow/2,0,iw-ow)':y='clip({y:.6f}*ih-oh/2,0,ih-oh)'"


def _inside(profile: Profile, focus: tuple[float, float], scaled: str) -> str:
    """Scale any shape, in a way, to lie within the frame: as it is, or cropped to the task's."""
    if profile.crop:
        return _cover(*shown_size(profile, *profile.crop), focus, scaled)
    across, down = f"{profile.height}*dar", f"{profile.width}/dar"
    wide, high = (
        f"if(gt({side},{whole * _NEARLY:g}),{whole},max(2,2*round({side}/2)))"
        for side, whole in ((across, profile.width), (down, profile.height))
    )
    return f"scale=w='{wide}':h='{high}':{scaled}"


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
