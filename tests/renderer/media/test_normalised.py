"""Moving pictures as they were meant: fields, transparency, primaries, high dynamic range."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest

from cliptask.facts import Look
from cliptask.orders import Profile
from cliptask_renderer.media import colours
from support import frames as f
from support import media
from support.scenes import Coding, scene

X264 = ("-preset", "ultrafast", "-crf", "8")
BAR = "[0][1]overlay=x='mod(n*12,280)':y=0,tinterlace=mode=interleave_{0}"


def _bar(path: Path, order: str, *options: str, size: str = "320x480") -> Path:
    """A black bar that moves by 24 pixels a picture, in fields."""
    height = size.partition("x")[2]
    inputs = [
        "-f",
        "lavfi",
        "-i",
        f"color=white:s={size}:r=50:d=2",
        "-f",
        "lavfi",
        "-i",
        f"color=black:s=40x{height}:r=50:d=2",
    ]
    woven = BAR.format("top" if order == "tff" else "bottom")
    return media.ffmpeg(
        [*inputs, "-filter_complex", f"{woven},setfield={order},format=yuv420p", "-r", "25", *options], path
    )


def combs(frames: f.Frames) -> float:
    """By how much a row differs from those above and below it, on average over the columns where it does most."""
    grey = frames.astype(float)
    differing = np.abs(grey[:, 1:-1] - (grey[:, :-2] + grey[:, 2:]) / 2)[:, 8:-8].mean(axis=1)
    return float(differing.max(axis=1).mean())


def bars(frames: f.Frames) -> list[float]:
    """Where the bar's middle is in each picture."""
    dark = 255.0 - frames[:, frames.shape[1] // 2]
    return [float(row @ np.arange(row.size) / max(row.sum(), 1)) for row in np.where(dark > 128, dark, 0)]


FLAGS = {
    "tff": ("-flags", "+ildct+ilme", "-x264-params", "tff=1"),
    "bff": ("-flags", "+ildct+ilme", "-x264-params", "bff=1"),
}


@pytest.mark.parametrize("height", [480, 240])
@pytest.mark.parametrize("is_flagged", [True, False])
@pytest.mark.parametrize("order", ["tff", "bff"])
def test_fields_become_whole_pictures(order: str, height: int, tmp_path: Path, *, is_flagged: bool) -> None:
    """Combs at full height, ghosts at half."""
    clip = _bar(tmp_path / "a.mp4", order, *X264, *(FLAGS[order] if is_flagged else ()))
    profile = Profile(width=320, height=height, fps=25, fit="stretch")

    shown = f.decoded(
        f.make(f.order_of(f.video(frames=40), profile=profile), tmp_path, a=clip), "gray", profile
    )

    assert combs(shown) < 1.5
    steps = np.diff(bars(shown)[2:12])
    assert np.abs(steps - 24).max() < 4


@pytest.mark.parametrize("order", ["tff", "bff"])
def test_the_motion_of_fields_is_kept_at_their_rate(order: str, tmp_path: Path) -> None:
    """Fifty moments a second would become twenty-five, or go forth and back where the order of fields is wrong."""
    clip = _bar(tmp_path / "a.mp4", order, *X264, *FLAGS[order])
    profile = Profile(width=320, height=480, fps=50, fit="stretch")

    shown = f.decoded(
        f.make(f.order_of(f.video(frames=80), profile=profile), tmp_path, a=clip), "gray", profile
    )

    assert np.abs(np.diff(bars(shown)[4:20]) - 12).max() < 4


def test_a_cut_of_fields_is_a_part_of_the_whole(tmp_path: Path) -> None:
    """Seeking would begin with the other field, or without its neighbours."""
    clip = _bar(tmp_path / "a.mp4", "tff", *X264, *FLAGS["tff"], "-g", "10")
    clip = media.ffmpeg(["-stream_loop", "2", "-i", str(clip), "-c", "copy"], tmp_path / "long.mp4")
    profile = Profile(width=320, height=480, fps=25, fit="stretch")

    whole = f.decoded(
        f.make(f.order_of(f.video(frames=140), profile=profile), tmp_path, a=clip), "gray", profile
    )
    cut = f.decoded(
        f.make(f.order_of(f.video(first=110, frames=20), profile=profile), tmp_path, a=clip), "gray", profile
    )

    assert np.abs(np.array(bars(cut)) - np.array(bars(whole)[110:130])).max() < 1
    assert combs(cut) < 1.5


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_fields_become_whole_pictures(degrees: int, tmp_path: Path) -> None:
    """A camcorder on its side: the scene, upright and without combs."""
    options = (*X264, *FLAGS["tff"])
    coding = Coding(".mp4", "libx264", size=(96, 480), options=options, scan="tff", rotation=degrees)
    clip = coding.write(tmp_path / "a.mp4")
    profile = Profile(width=coding.shown[0], height=coding.shown[1], fps=25, fit="contain")

    shown = f.decoded(
        f.make(f.order_of(f.video(frames=10), profile=profile), tmp_path, a=clip), "rgb24", profile
    )

    wanted = scene(*coding.shown, 5 / 25) * 255
    assert 10 * np.log10(255**2 / np.mean((shown[5] - wanted) ** 2)) > 33


DISC = (
    "color=lime:s=96x96:r=25:d=0.4,format=rgba,geq=r='if(lt(hypot(X-48,Y-48),30),255,0)':"
    "g='if(lt(hypot(X-48,Y-48),30),0,255)':b=0:a='if(lt(hypot(X-48,Y-48),30),255,0)'"
)
TRANSPARENT = {
    "qtrle.mov": ("-c:v", "qtrle", "-pix_fmt", "argb"),
    "png.mov": ("-c:v", "png", "-pix_fmt", "rgba"),
    "prores.mov": ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"),
    "ffv1.mkv": ("-c:v", "ffv1", "-pix_fmt", "yuva420p"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-b:v", "2M"),
    "vp8.webm": ("-c:v", "libvpx", "-pix_fmt", "yuva420p", "-b:v", "2M", "-auto-alt-ref", "0"),
}


@pytest.mark.parametrize("fit", ["contain", "cover", "blur", "stretch"])
@pytest.mark.parametrize("name", TRANSPARENT)
def test_what_is_transparent_is_black_or_the_blurred_copy(name: str, fit: str, tmp_path: Path) -> None:
    """A red disc on nothing, green hidden beneath: cut-outs of products would lie on what nobody was to see."""
    clip = media.ffmpeg(["-f", "lavfi", "-i", DISC, *TRANSPARENT[name]], tmp_path / name)
    profile = f.SMALL.model_copy(update={"fit": fit})

    picture = f.decoded(
        f.make(f.order_of(f.video(frames=5), profile=profile), tmp_path, a=clip), "rgb24", profile
    )[3]

    middle, beside = picture[80, 48].astype(int), picture[picture.shape[0] // 2 - 44, 4].astype(int)
    assert np.abs(middle - f.RED).max() <= 12
    assert beside[1] <= 16  # lossy
    assert beside.max() <= (255 if fit == "blur" else 8)
    assert picture[..., 1].max() < 110  # at the edges of lossy codecs
    if fit == "blur":
        assert picture[8, 48, 0] > 20  # the copy, above the clip


def test_half_transparent_pixels_are_half_as_bright(tmp_path: Path) -> None:
    """Soft edges and shadows would be hard, or shine."""
    source = "color=white:s=96x160:r=25:d=0.4,format=rgba,geq=r=255:g=255:b=255:a=128"
    clip = media.ffmpeg(["-f", "lavfi", "-i", source, "-c:v", "png", "-pix_fmt", "rgba"], tmp_path / "a.mov")

    picture = f.decoded(f.make(f.order_of(f.video(frames=2)), tmp_path, a=clip), "rgb24")[0]

    assert np.abs(picture.astype(int) - 128).max() <= 3


@pytest.mark.parametrize("fit", ["contain", "blur"])
@pytest.mark.parametrize("codec", ["png", "prores_ks"])
def test_half_transparent_pixels_stay_so_beneath_a_title(codec: str, fit: str, tmp_path: Path) -> None:
    """An overlay asked for other alpha, and what was weighed came undone: soft shadows became blocks."""
    pixels = "rgba" if codec == "png" else "yuva444p10le"
    source = "color=red:s=96x96:r=25:d=0.4,format=rgba,geq=r=255:g=0:b=0:a=128"
    clip = media.ffmpeg(["-f", "lavfi", "-i", source, "-c:v", codec, "-pix_fmt", pixels], tmp_path / "a.mov")
    profile = f.SMALL.model_copy(update={"fit": fit})
    over = f.overlay(text="Sale", position="top", end_frame=5)

    order = f.order_of(f.video(frames=5, overlays=(over,)), profile=profile)
    picture = f.decoded(f.make(order, tmp_path, a=clip), "rgb24", profile)[2]

    middle = picture[100, 48].astype(int)
    assert abs(middle[0] - (128 if fit == "contain" else 175)) <= 6
    assert middle[1:].max() <= 6


def test_fields_that_are_transparent_are_black_there(tmp_path: Path) -> None:
    """A cut-out from an editor of fields would lie in a grey box."""
    disc = DISC.replace("s=96x96", "s=96x480").replace("Y-48", "(Y-240)")
    options = ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le", "-flags", "+ildct"]
    clip = media.ffmpeg(["-f", "lavfi", "-i", f"{disc},setfield=tff", *options], tmp_path / "a.mov")
    cut = f.video(frames=5).model_copy(
        update={"look": Look(scan="flagged", has_alpha=True, matrix="smpte170m")}
    )

    picture = f.decoded(f.make(f.order_of(cut), tmp_path, a=clip), "rgb24")[2]

    assert picture[20, 48].max() <= 3


@pytest.mark.parametrize(("trc", "transfer"), [(13, "srgb"), (4, "gamma22"), (1, "sdr")])
def test_wide_gamut_turns_on_its_own_curve(
    trc: int, transfer: Literal["srgb", "gamma22", "sdr"], tmp_path: Path
) -> None:
    """Recordings of a Mac's screen say Display P3 with sRGB's curve: reds would be pale."""
    coded = {
        "srgb": (0.9176, 0.2003, 0.1387),
        "gamma22": (0.9150, 0.2126, 0.1578),
        "sdr": (0.9077, 0.1390, 0.0769),
    }[transfer]
    look = Look(transfer=transfer, primaries="smpte432")

    assert np.abs(colours.to_bt709(np.array([coded]), look) - (1, 0, 0)).max() < 0.02
    assert np.abs(colours.to_bt709(np.full((1, 3), 0.4), look) - 0.4).max() < 0.001
    frames = np.tile(np.rint(np.array(coded) * 255).astype(np.uint8), (4, 160, 96, 1))
    tags = ("-qp", "0", "-bsf:v", f"h264_metadata=colour_primaries=12:transfer_characteristics={trc}")
    path = f.encode(tmp_path / "a.mp4", frames, *tags)
    picture = f.decoded(f.make(f.order_of(f.video(frames=2)), tmp_path, a=path), "rgb24")[1]
    assert np.abs(picture[80, 48].astype(int) - f.RED).max() <= 6


def _patches(folder: Path, name: str, coding: Coding) -> f.Frames:
    clip = coding.write(folder / name)
    profile = Profile(width=96, height=128, fps=25, fit="contain")
    return f.decoded(f.make(f.order_of(f.video(frames=1), profile=profile), folder, a=clip), "rgb24", profile)


@pytest.mark.parametrize("light", ["pq", "hlg"])
def test_reference_white_is_white(light: str) -> None:
    """Paper at 203 nits (BT.2408) would be grey, as it is where 100 nits are white or all highlights are kept."""
    signal = {"pq": 0.5807, "hlg": 0.75}[light]
    look = Look(transfer=light, primaries="bt2020", matrix="bt2020nc")

    white = colours.to_bt709(np.full((1, 3), signal), look) * 255

    assert white.min() >= 249


@pytest.mark.parametrize("light", ["pq", "hlg"])
def test_a_grey_card_has_its_level(light: Literal["pq", "hlg"]) -> None:
    """BT.2408 has it at 26 nits, 38 % of either signal: without HLG's system gamma it would be far too bright."""
    look = Look(transfer=light, primaries="bt2020", matrix="bt2020nc")

    card = colours.to_bt709(np.full((1, 3), 0.38), look) * 255

    assert np.abs(card - 255 * (26 / 203) ** (1 / 2.4)).max() < 2


@pytest.mark.parametrize("light", ["pq", "hlg"])
def test_highlights_differ_and_never_wrap(light: str) -> None:
    """A sky brighter than paper would be a flat patch, or turn dark."""
    look = Look(transfer=light, primaries="bt2020", matrix="bt2020nc")

    levels = colours.to_bt709(np.repeat(np.linspace(0, 1, 200)[:, None], 3, axis=1), look)[:, 0]

    assert np.diff(levels).min() >= 0
    assert levels[-1] == pytest.approx(1)


LOOKS = {
    "HLG": Look(transfer="hlg", primaries="bt2020", matrix="bt2020nc"),
    "PQ": Look(transfer="pq", primaries="bt2020", matrix="bt2020nc"),
    "RGB of Display P3": Look(primaries="smpte432", matrix="gbr"),
    "linear": Look(transfer="linear"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_the_table_gives_what_the_formulas_do(name: str, tmp_path: Path) -> None:
    """Between its nodes ffmpeg interpolates: too few of them, or in the wrong places, and shadows change their hue."""
    look, chance = LOOKS[name], np.random.default_rng(1)
    grey = chance.random((96 * 160, 1)) * (0.6 if name == "PQ" else 0.8)
    tint = 0.02 if name == "PQ" else 0.06
    skin = np.clip(grey + chance.uniform(-tint, tint, (96 * 160, 3)), 0, 1)
    source = np.rint(skin * 65535).astype("<u2").reshape(160, 96, 3)
    colours.write_table(look, tmp_path / "table.csp")
    raw = tmp_path / "a.rgb"
    raw.write_bytes(source.tobytes())

    form = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", "96x160", "-i", str(raw)]
    chain = f"format=gbrp16le,lut3d=file={tmp_path / 'table.csp'},format=rgb48le"
    media.ffmpeg([*form, "-vf", chain, "-f", "rawvideo", "-frames:v", "1"], tmp_path / "b.rgb")

    made = np.frombuffer((tmp_path / "b.rgb").read_bytes(), "<u2").reshape(-1, 3) / 65535
    error = np.abs(made - colours.to_bt709(source.reshape(-1, 3) / 65535, look)) * 255
    assert np.percentile(error, 99) < 2.5
    assert error.mean() < 0.3


@pytest.mark.parametrize("matrix", ["ycgco"])
def test_a_rare_matrix_is_understood(matrix: str, tmp_path: Path) -> None:
    """Screen recorders code RGB so, which the scaler takes for nothing that it knows: all would be green."""
    tags = f"setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace={matrix}"
    raw = tmp_path / "a.rgb"
    raw.write_bytes(f.quadrants(96, 160, 3).tobytes())
    form = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "96x160", "-r", "30", "-i", str(raw)]
    coded = f"zscale=m={matrix}:r=tv:min=gbr,format=yuv444p,{tags}"
    clip = media.ffmpeg([*form, "-vf", coded, *X264, "-c:v", "libx264"], tmp_path / "a.mp4")

    picture = f.decoded(f.make(f.order_of(f.video(frames=2)), tmp_path, a=clip), "rgb24")[1]

    corners = [picture[20, 12], picture[20, -12], picture[-20, 12], picture[-20, -12]]
    for corner, colour in zip(corners, (f.RED, f.GREEN, f.BLUE, f.WHITE), strict=True):
        assert np.abs(corner.astype(int) - colour).max() <= 8


def test_wide_gamut_without_tags_of_its_own_is_left_as_it_is(tmp_path: Path) -> None:
    """What says nothing is BT.709, as players take it."""
    plain = Coding(".mp4", "libx264", options=X264, matrix="smpte170m", is_tagged=False)
    told = replace(plain, matrix="bt709", is_tagged=True)

    for name, coding in (("a.mp4", plain), ("b.mp4", told)):
        error = np.mean((_patches(tmp_path, name, coding) - scene(96, 128, 0) * 255) ** 2)
        assert 10 * np.log10(255**2 / error) > 35


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_a_cut_out_lies_over_the_blurred_copy_too(name: str, tmp_path: Path) -> None:
    """A product's picture would have a black box around it, where one that moves has none."""
    pictures = []
    for number in range(1 if name == "a.png" else 2):
        picture = PIL.Image.new("RGBA", (96, 96), (0, 255, 0, 0))
        PIL.ImageDraw.Draw(picture).rectangle((20, 20, 75, 75 - number), fill=(255, 0, 0, 255))
        pictures.append(picture)
    pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:], duration=100, disposal=2)
    profile = f.SMALL.model_copy(update={"fit": "blur"})
    cut = f.still(frames=3) if name == "a.png" else f.still(frames=3).model_copy(update={"kind": "animation"})

    shown = f.decoded(f.make(f.order_of(cut, profile=profile), tmp_path, a=tmp_path / name), "rgb24", profile)

    assert np.abs(shown[1][80, 48].astype(int) - f.RED).max() <= 4
    assert shown[1][36, 48, 0] > 60  # of the copy, within the transparent edge of the picture
    assert shown[1][..., 1].max() < 40
