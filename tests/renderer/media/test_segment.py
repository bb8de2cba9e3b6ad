from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from cliptask.errors import MediaError, SourceError
from cliptask.orders import Cut, Profile, SegmentOrder
from cliptask_renderer.media import check, segment
from support import frames as f
from support import joined, media
from support.disks import disks

Maker = Callable[[Path], tuple[Path, Cut]]


@pytest.fixture(scope="module")
def parameter_sets(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """How the plainest segment is to be decoded: its parameter sets and what is beside them, which every other one must share."""
    folder = tmp_path_factory.mktemp("plain")
    source = f.encode(folder / "a.mp4", f.numbered(12))
    order = f.order_of(f.video(frames=3))
    return _checked(f.make(order, folder, a=source), order)


def _checked(segment: Path, order: SegmentOrder) -> bytes:
    """How a segment that passes the gate is to be decoded."""
    check.check_segment(segment, segment.with_name("packets.txt"), order)
    track = joined.part(segment).track
    assert len(track.sizes) == order.frames
    return track.entry


def _clip(
    name: str = "a.mp4", fps: str = "30", size: tuple[int, int] = (96, 160), count: int = 20
) -> Callable[..., Maker]:
    def with_options(*options: str, cut: Cut | None = None) -> Maker:
        def make(folder: Path) -> tuple[Path, Cut]:
            return f.encode(folder / name, f.numbered(count, *size), *options, fps=fps), cut or f.video()

        return make

    return with_options


def _remuxed(name: str, before: tuple[str, ...], after: tuple[str, ...] = ()) -> Maker:
    def make(folder: Path) -> tuple[Path, Cut]:
        plain = f.encode(folder / "plain.mp4", f.numbered(20))
        return f.remux(plain, folder / name, before, after), f.video()

    return make


def _still(
    name: str, motion: str | None = None, size: tuple[int, int] = (120, 80), mode: str = "RGB"
) -> Maker:
    def make(folder: Path) -> tuple[Path, Cut]:
        PIL.Image.new(mode, size, "orange" if mode != "L" else 99).save(folder / name)
        return folder / name, f.still(motion=motion)

    return make


def _hdr(trc: str, codec: str) -> Maker:
    tags = ("-color_trc", trc, "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
    return _clip()("-c:v", codec, "-pix_fmt", "yuv420p10le", *tags)


KINDS: dict[str, Maker] = {
    "444": _clip()("-pix_fmt", "yuv444p"),
    "422 of 10 bit": _clip()("-pix_fmt", "yuv422p10le"),
    "RGB": _clip("a.mkv")("-c:v", "ffv1", "-pix_fmt", "bgr0"),
    "full range": _clip()("-pix_fmt", "yuvj420p", "-color_range", "pc"),
    "interlaced": _clip()("-flags", "+ildct+ilme", "-x264-params", "tff=1"),
    "HEVC": _clip()("-c:v", "libx265", "-x265-params", "log-level=none"),
    "MPEG-4": _clip()("-c:v", "mpeg4"),
    "WebM": _clip("a.webm")(),
    "23.976 fps": _clip(fps="24000/1001")(),
    "29.97 fps": _clip(fps="30000/1001")(),
    "60 fps": _clip(fps="60")(),
    "5 fps": _clip(fps="5")(),
    "unsteady": _clip()("-vf", "settb=1/90000,setpts='round((N+0.4*mod(N,3))/30/TB)'", "-fps_mode", "passthrough", "-enc_time_base", "1/90000"),
    "odd size": _clip("a.mkv", size=(97, 161))("-pix_fmt", "yuv444p"),
    "a strip": _clip("a.mkv", size=(600, 2))("-c:v", "ffv1"),
    "smaller than a block": _clip("a.mkv", size=(8, 6))("-c:v", "ffv1"),
    "wide pixels": _clip()("-vf", "setsar=2"),
    "rotated": _remuxed("a.mp4", ("-display_rotation:v", "90")),
    "starts late": _remuxed("a.mkv", (), ("-output_ts_offset", "1.5")),
    "PQ in HEVC": _hdr("smpte2084", "libx265"),
    "HLG in H.264": _hdr("arib-std-b67", "libx264"),
    "without colours, small": _clip()("-colorspace", "2", "-color_trc", "2", "-color_primaries", "2"),
    "without colours, large": _clip()("-colorspace", "2", "-color_trc", "2", "-color_primaries", "2"),
    "JPEG": _still("a.jpg"),
    "PNG with alpha": _still("a.png", mode="RGBA"),
    "grey PNG": _still("a.png", mode="L"),
    "CMYK JPEG": _still("a.jpg", mode="CMYK"),
    "palette GIF": _still("a.gif", mode="P"),
    "WebP": _still("a.webp"),
    "huge JPEG": _still("a.jpg", size=(3001, 2000)),
    "tall strip": _still("a.png", size=(1, 900)),
    **{f"JPEG, {motion}": _still("a.jpg", motion) for motion in ("zoomIn", "zoomOut", "panLeft", "panRight")},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_becomes_the_one_form(kind: str, tmp_path: Path, parameter_sets: bytes) -> None:
    """Segments of another form would not join: hardware players break where parameter sets change."""
    source, cut = KINDS[kind](tmp_path)
    order = f.order_of(cut)

    assert _checked(f.make(order, tmp_path, a=source), order) == parameter_sets


@pytest.mark.parametrize("fit", ["contain", "cover", "blur", "stretch"])
@pytest.mark.parametrize("shape", [(160, 96), (60, 200), (600, 2)])
def test_every_fit_takes_every_shape(
    fit: str, shape: tuple[int, int], tmp_path: Path, parameter_sets: bytes
) -> None:
    """A strip, a tall or a wide clip would fail, or fall out of the one form, in one of the fits."""
    source = f.encode(tmp_path / "a.mkv", f.plain(f.GREEN, *shape, count=2), "-c:v", "ffv1")
    order = f.order_of(f.video(frames=2), profile=f.SMALL.model_copy(update={"fit": fit}))

    assert _checked(f.make(order, tmp_path, a=source), order) == parameter_sets


def _columns(width: int, height: int) -> f.Frames:
    """A red quarter, a green half, a blue quarter."""
    frame = np.empty((1, height, width, 3), np.uint8)
    frame[:] = f.GREEN
    frame[:, :, : width // 4], frame[:, :, -width // 4 :] = f.RED, f.BLUE
    return frame


def _near(colour: npt.NDArray[Any], wanted: tuple[int, int, int], tolerance: int = 4) -> bool:
    return bool(np.abs(colour.astype(int) - wanted).max() <= tolerance)


def _fitted(
    fit: str, folder: Path, source: f.Frames, *options: str, size: tuple[int, int] = (96, 160)
) -> f.Frames:
    clip = f.encode(folder / "a.mkv", source, "-c:v", "ffv1", "-pix_fmt", "yuv444p", *options)
    profile = Profile.model_validate({"width": size[0], "height": size[1], "fps": 30, "fit": fit})
    made = f.make(f.order_of(f.video(frames=1), profile=profile), folder, a=clip)
    picture: f.Frames = f.decoded(made, "rgb24", profile)[0]
    return picture


def test_contain_shows_everything_between_black_bars(tmp_path: Path) -> None:
    """Parts of a clip would be lost, or the bars be grey or of uneven width."""
    picture = _fitted("contain", tmp_path, _columns(160, 96))

    assert _near(picture[:42], f.BLACK)
    assert _near(picture[118:], f.BLACK)
    assert _near(picture[80, 4], f.RED)
    assert _near(picture[64:96, 34:62], f.GREEN)
    assert _near(picture[80, -4], f.BLUE)


def test_contain_puts_bars_beside_a_tall_clip(tmp_path: Path) -> None:
    """A tall clip in a wide video would be cropped or distorted."""
    picture = _fitted("contain", tmp_path, f.plain(f.RED, 96, 160), size=(160, 96))

    assert _near(picture[:, :42], f.BLACK)
    assert _near(picture[:, -42:], f.BLACK)
    assert _near(picture[4:-4, 56:104], f.RED)


def test_cover_fills_the_picture_from_the_clip_s_middle(tmp_path: Path) -> None:
    """There would be bars, or the clip's edge where its middle belongs."""
    picture = _fitted("cover", tmp_path, _columns(160, 96))

    assert _near(picture, f.GREEN)


@pytest.mark.parametrize("width", [150, 151, 153, 154, 640])
def test_cover_keeps_the_middle_in_the_middle(width: int, tmp_path: Path) -> None:
    """What is cropped before scaling would move the picture to one side, or out of shape."""
    source = f.plain(f.GREEN, width, 96)
    source[:, :, : width // 2] = f.RED
    source[:, :48] //= 2

    picture = _fitted("cover", tmp_path, source)

    edge_at = np.abs(picture[120, :, 0].astype(int) - 128).argmin()
    assert abs(edge_at - 47.5) <= 2
    assert abs(np.abs(picture[:, 80, 1].astype(int) - 190).argmin() - 79.5) <= 2


@pytest.mark.parametrize("size", [(96, 160), (160, 96), (160, 160)])
def test_cover_keeps_shapes(size: tuple[int, int], tmp_path: Path) -> None:
    """A face would be wider or narrower than it is."""
    source = f.plain(f.WHITE, 150, 96)
    source[:, 33:63, 60:90] = 0

    picture = _fitted("cover", tmp_path, source, size=size)

    dark = (255 - picture[..., 1].astype(int)) / 255
    scale = max(size[0] / 150, size[1] / 96)
    assert dark[len(dark) // 2].sum() == pytest.approx(30 * scale, abs=1.5)
    assert dark[:, size[0] // 2].sum() == pytest.approx(30 * scale, abs=1.5)


def test_stretch_distorts_the_clip_into_the_picture(tmp_path: Path) -> None:
    """Stretching would crop or leave bars."""
    picture = _fitted("stretch", tmp_path, _columns(160, 96))

    assert all(_near(picture[row, 6], f.RED) for row in (2, 80, 157))
    assert all(_near(picture[row, 36:60], f.GREEN) for row in (2, 80, 157))
    assert all(_near(picture[row, -6], f.BLUE) for row in (2, 80, 157))


def test_blur_shows_everything_over_its_own_blurred_self(tmp_path: Path) -> None:
    """The bars would be black, or the clip itself blurred or cropped."""
    picture = _fitted("blur", tmp_path, _columns(160, 96))

    assert _near(picture[80, 4], f.RED)
    assert _near(picture[80, -4], f.BLUE)
    assert picture[8, 48, 1] > 150
    assert picture[-8, 48, 1] > 150


def test_pixels_that_are_not_square_are_shown_in_their_shape(tmp_path: Path) -> None:
    """Anamorphic clips would look squeezed."""
    picture = _fitted("contain", tmp_path, f.plain(f.RED, 48, 160), "-vf", "setsar=10/3")

    assert _near(picture[:28], f.BLACK)
    assert _near(picture[-28:], f.BLACK)
    assert _near(picture[36:-36, 2:-2], f.RED)


TURNED = {90: (f.GREEN, f.WHITE, f.RED, f.BLUE), 180: (f.WHITE, f.BLUE, f.GREEN, f.RED), 270: (f.BLUE, f.RED, f.WHITE, f.GREEN)}  # fmt: skip


@pytest.mark.parametrize("degrees", TURNED)
def test_phones_clips_are_turned_as_they_say(degrees: int, tmp_path: Path) -> None:
    """A clip held upright would lie on its side: its display matrix (counter-clockwise) would be ignored, or done twice."""
    size = (96, 160) if degrees == 180 else (160, 96)
    lying = f.encode(tmp_path / "lying.mp4", f.quadrants(*size))
    turned = f.remux(lying, tmp_path / "a.mp4", ("-display_rotation:v", str(degrees)))

    picture = f.decoded(f.make(f.order_of(f.video(frames=1)), tmp_path, a=turned), "rgb24")[0]

    corners = (picture[20, 12], picture[20, -12], picture[-20, 12], picture[-20, -12])
    assert all(_near(corner, colour, 8) for corner, colour in zip(corners, TURNED[degrees], strict=True))


CODED = {
    "BT.709": ("bt709", ()),
    "BT.601, as it says": ("smpte170m", ("-colorspace", "smpte170m")),
    "BT.601, taken for it": ("smpte170m", ("-colorspace", "2")),
    "full range": ("bt709", ("-pix_fmt", "yuvj420p", "-color_range", "pc")),
    "full range of BT.601": ("smpte170m", ("-pix_fmt", "yuvj420p", "-color_range", "pc", "-colorspace", "bt470bg")),
    "4:4:4": ("bt709", ("-pix_fmt", "yuv444p")),
    "10 bit": ("bt709", ("-pix_fmt", "yuv420p10le")),
}  # fmt: skip


@pytest.mark.parametrize(
    ("coding", "fit"), [*((coding, "cover") for coding in CODED), ("full range of BT.601", "blur")]
)
def test_colours_survive_every_coding(coding: str, fit: str, tmp_path: Path) -> None:
    """Reds turn orange where the matrices of BT.601 and BT.709 are confused, blacks grey where ranges are."""
    matrix, options = CODED[coding]
    clip = f.encode(tmp_path / "a.mp4", f.quadrants(96, 160, 2), *options, matrix=matrix)
    order = f.order_of(f.video(frames=2), profile=f.SMALL.model_copy(update={"fit": fit}))

    picture = f.decoded(f.make(order, tmp_path, a=clip), "rgb24")[1]

    _assert_quadrants(picture)


def _assert_quadrants(picture: npt.NDArray[np.uint8], tolerance: int = 3) -> None:
    rows, columns = (len(picture) // 8, -len(picture) // 8), (picture.shape[1] // 5, -picture.shape[1] // 5)
    shown = [picture[row, column] for row in rows for column in columns]
    assert all(
        _near(pixel, colour, tolerance)
        for pixel, colour in zip(shown, (f.RED, f.GREEN, f.BLUE, f.WHITE), strict=True)
    ), shown


@pytest.mark.parametrize("motion", [None, "zoomIn"])
def test_a_still_picture_keeps_its_colours(motion: str | None, tmp_path: Path) -> None:
    """A brand's colours would be others in the video."""
    PIL.Image.fromarray(f.quadrants(60, 100)[0]).save(tmp_path / "a.png")

    made = f.make(f.order_of(f.still(frames=2, motion=motion)), tmp_path, a=tmp_path / "a.png")

    _assert_quadrants(f.decoded(made, "rgb24")[1])


@pytest.mark.parametrize("trc", ["smpte2084", "arib-std-b67"])
def test_high_dynamic_range_is_brought_to_the_common_one(trc: str, tmp_path: Path) -> None:
    """HDR clips would look pale and grey, as they do without tone mapping; red must stay red, and grey grey."""
    source = f.quadrants(96, 160)
    source[:, 80:, 48:] = 120
    tags = (
        "-color_trc",
        trc,
        "-color_primaries",
        "bt2020",
        "-colorspace",
        "bt2020nc",
        "-pix_fmt",
        "yuv420p10le",
    )
    clip = f.encode(tmp_path / "a.mp4", source, *tags, matrix="bt2020nc")

    picture = f.decoded(f.make(f.order_of(f.video(frames=1)), tmp_path, a=clip), "rgb24")[0]

    red, grey = picture[20, 20].astype(int), picture[-20, -20].astype(int)
    assert red[0] > 200
    assert red[1:].max() < 40
    assert 60 < grey.mean() < 240
    assert np.ptp(grey) <= 4


@pytest.mark.parametrize("trc", ["smpte2084", "arib-std-b67"])
def test_high_dynamic_range_needs_no_other_tag_than_its_own(trc: str, tmp_path: Path) -> None:
    """Files that name the transfer and neither primaries nor matrix would fail."""
    bare = ("-color_trc", trc, "-pix_fmt", "yuv420p10le", "-colorspace", "2", "-color_primaries", "2")
    full = (
        "-color_trc",
        trc,
        "-pix_fmt",
        "yuv420p10le",
        "-colorspace",
        "bt2020nc",
        "-color_primaries",
        "bt2020",
    )
    clips = [
        f.encode(tmp_path / f"{len(tags)}{tags[-1]}.mp4", f.quadrants(96, 160), *tags, matrix="bt2020nc")
        for tags in (bare, full)
    ]
    order = f.order_of(f.video(frames=1))

    first, second = (f.decoded(f.make(order, tmp_path, a=clip)) for clip in clips)

    assert (first == second).all()


# --- Which frame is which ----------------------------------------------------------------------------------------

LONG_GOPS = ("-g", "250", "-bf", "3", "-preset", "veryfast")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-g", "50")
OPEN_GOPS = ("-preset", "veryfast", "-g", "12", "-x264-params", "open-gop=1:bframes=3")
UNSTEADY = ("-vf", "settb=1/90000,setpts='round((N+0.4*mod(N,3))/25/TB)'", "-fps_mode", "passthrough", "-enc_time_base", "1/90000")  # fmt: skip


def _long(folder: Path, name: str, *options: str, count: int = 110, fps: str = "25") -> Path:
    return f.encode(folder / name, f.numbered(count), *options, fps=fps)


def _late(folder: Path, name: str = "a.mp4") -> Path:
    """The pictures begin 0.4 s after the sound."""
    pictures, sound = _long(folder, "pictures.mp4", *LONG_GOPS), media.track(folder / "sound.m4a", 5)
    late = (
        "-i",
        str(sound),
        "-itsoffset",
        "0.4",
        "-i",
        str(pictures),
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c",
        "copy",
    )
    return media.ffmpeg(late, folder / name)


def _edited(folder: Path) -> Path:
    """An edit list hides what is before 0.64 s, which is still in the file."""
    whole = _long(folder, "whole.mp4", "-g", "10", "-bf", "2", "-preset", "veryfast", count=126)
    return f.remux(whole, folder / "a.mp4", ("-ss", "0.64"))


CUT_FROM: dict[str, Callable[[Path], Path]] = {
    "MP4": lambda folder: _long(folder, "a.mp4", *LONG_GOPS),
    "open GOPs": lambda folder: _long(folder, "a.mp4", *OPEN_GOPS),
    "WebM": lambda folder: _long(folder, "a.webm", "-g", "64"),
    "no index": lambda folder: _long(folder, "a.mkv", *LONG_GOPS, "-live", "1"),
    "fragments": lambda folder: _long(folder, "a.mp4", *LONG_GOPS, "-movflags", "frag_keyframe+empty_moov"),
    "starts late": _late,
    "MPEG-TS": lambda folder: _late(folder, "a.ts"),
    "AVCHD": lambda folder: f.remux(_late(folder, "b.ts"), folder / "a.m2ts", (), ("-mpegts_m2ts_mode", "1")),
    "MPEG-PS": lambda folder: _long(folder, "a.mpg", *MPEG2),
    "AVI": lambda folder: _long(folder, "a.avi", *LONG_GOPS),
    "AVI of MPEG-4": lambda folder: _long(folder, "a.avi", "-c:v", "mpeg4", "-bf", "2", "-q:v", "2"),
    "FLV": lambda folder: _long(folder, "a.flv", *LONG_GOPS),
    "WMV": lambda folder: _long(folder, "a.wmv", "-c:v", "wmv2", "-q:v", "2"),
    "edit list": _edited,
    "59.94 fps": lambda folder: _long(folder, "a.mp4", *LONG_GOPS, count=254, fps="60000/1001"),
    "unsteady": lambda folder: _long(folder, "a.mp4", *LONG_GOPS, *UNSTEADY),
}


@dataclass(frozen=True)
class Numbered:
    """A source whose frames say their numbers."""

    file: Path
    shown: list[int]
    """By its whole conversion to 10 frames a second."""
    per_frame: float
    """Numbers between two of these."""


TEN_FPS = f.SMALL.model_copy(update={"fps": 10})


@pytest.fixture(scope="module", params=CUT_FROM)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Numbered:
    """Each kind of file in which a decoder seeks in its own way."""
    folder = tmp_path_factory.mktemp("numbered")
    file = CUT_FROM[request.param](folder)
    whole = f.order_of(f.video(frames=42), profile=TEN_FPS)
    shown = f.numbers(f.decoded(f.make(whole, folder, a=file), "gray"))
    return Numbered(file, shown, 6 if request.param == "59.94 fps" else 2.5)


@pytest.mark.parametrize(("first", "last"), [(3, 9), (29, 33), (30, 36), (41, 42)])
def test_a_cut_has_exactly_its_frames(first: int, last: int, source: Numbered, tmp_path: Path) -> None:
    """A trimmed clip, or one's body and its seam, would begin a frame early or late wherever the decoder can seek."""
    cut = f.video(first=first, frames=last - first)

    made = f.make(f.order_of(cut, profile=TEN_FPS), tmp_path, a=source.file)

    assert f.numbers(f.decoded(made, "gray")) == source.shown[first:last]


def test_a_whole_conversion_shows_the_right_picture_at_every_time(source: Numbered) -> None:
    """Pictures would be shown out of order, twice, or far from their time."""
    due = source.shown[0] + np.arange(42) * source.per_frame

    assert source.shown[0] in (0, 1, 16)
    assert np.abs(np.array(source.shown) - due).max() <= 1.5
    assert np.diff(source.shown).min() >= 1


@pytest.mark.parametrize("name", ["a.webm", "a.mp4"])
def test_twice_the_rate_shows_every_second_picture(name: str, tmp_path: Path) -> None:
    """Timestamps in milliseconds would make motion judder: 0, 2, 5, 6 in place of 0, 2, 4, 6."""
    source = f.encode(tmp_path / name, f.numbered(40), fps="60")

    shown = f.numbers(f.decoded(f.make(f.order_of(f.video(frames=20)), tmp_path, a=source), "gray"))

    assert shown == list(range(0, 40, 2))


@pytest.mark.parametrize("first", [0, 40, 130])
@pytest.mark.parametrize("speed", [0.25, 0.5, 1.5, 2.0, 4.0])
def test_a_clip_is_played_at_its_speed(tmp_path: Path, speed: float, first: int) -> None:
    """Motion would judder, or a cut in mid-clip begin elsewhere than the one before it has ended."""
    source = f.encode(tmp_path / "a.mp4", f.numbered(250), *LONG_GOPS)
    first = min(first, round(250 / speed) - 20)

    made = f.make(f.order_of(f.video(first=first, frames=20, speed=speed)), tmp_path, a=source)

    shown = f.numbers(f.decoded(made, "gray"))
    due = (first + np.arange(20)) * speed
    assert np.abs(shown - due).max() <= max(1.0, speed / 2)
    assert set(np.diff(shown)) <= {int(np.floor(speed)), int(np.ceil(speed))}


@pytest.mark.parametrize("first", [0, 99])
def test_a_picture_can_be_held(tmp_path: Path, first: int) -> None:
    """A clip whose speech is longer would move on, or go black."""
    source = f.encode(tmp_path / "a.mp4", f.numbered(100), *LONG_GOPS)

    made = f.make(f.order_of(f.video(first=first, frames=12, is_held=True)), tmp_path, a=source)

    assert f.numbers(f.decoded(made, "gray")) == [first] * 12


@pytest.mark.parametrize("kind", ["animation", "still"])
def test_a_picture_of_any_kind_can_be_held(tmp_path: Path, kind: str) -> None:
    """A campaign whose last block is a photo that zooms would fail once its line is too long."""
    if kind == "still":
        source = media.picture(tmp_path / "a.png")
        cut = f.still(frames=5, motion="zoomIn", first_frame=29, motion_frames=30, is_held=True)
    else:
        source = media.ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=96x160:r=10:d=1"], tmp_path / "a.gif")
        cut = f.animation(first=20, frames=5, is_held=True)

    shown = f.decoded(f.make(f.order_of(cut), tmp_path, a=source))

    assert len(shown) == 5
    assert np.abs(shown.astype(int) - shown[0]).max() <= 6


def test_a_picture_that_rests_for_long_is_found_by_seeking(tmp_path: Path) -> None:
    """A screen recording holds one picture for seconds: seeking behind it would show the next one too early."""
    resting = (
        "-vf",
        "setpts='round(if(lt(N,10),N,N+80)/10/TB)'",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1/1000",
        "-g",
        "5",
    )
    source = f.encode(tmp_path / "a.mp4", f.numbered(20), *resting, fps="10")
    order = f.order_of(f.video(first=60, frames=40), profile=f.SMALL.model_copy(update={"fps": 10}))

    shown = f.numbers(f.decoded(f.make(order, tmp_path, a=source), "gray"))

    assert shown == [9] * 30 + list(range(10, 20))


def test_the_last_picture_stands_in_for_one_that_rounding_asks_for(tmp_path: Path) -> None:
    """A clip whose length rounds up would fail for want of one frame."""
    source = f.encode(tmp_path / "a.mp4", f.numbered(10))

    shown = f.numbers(f.decoded(f.make(f.order_of(f.video(first=5, frames=6)), tmp_path, a=source), "gray"))

    assert shown == [5, 6, 7, 8, 9, 9]


# --- Seams -------------------------------------------------------------------------------------------------------


def _grey_ramp(folder: Path, name: str, start: int, step: int) -> Path:
    """A clip whose frame k is evenly grey, at ``start + step * k`` of 255 in full range."""
    shades = np.clip(start + step * np.arange(20), 0, 255).astype(np.uint8)
    return f.encode(folder / name, np.broadcast_to(shades[:, None, None], (20, 160, 96)).copy(), "-crf", "1")


def test_a_seam_fades_from_one_clip_to_the_next(tmp_path: Path) -> None:
    """Frame k of n is (k + 1)/(n + 1) of the second clip, both moving on: else the video jumps, or rests, at its ends."""
    first, second = _grey_ramp(tmp_path, "first.mp4", 20, 3), _grey_ramp(tmp_path, "second.mp4", 220, -2)
    single = [f.order_of(f.video(name, at, 10)) for name, at in (("a", 8), ("b", 2))]
    before, after = (
        f.decoded(f.make(order, tmp_path, a=first, b=second), "gray").mean(axis=(1, 2)) for order in single
    )

    seam = f.make(f.order_of(f.video("a", 8, 10), f.video("b", 2, 10)), tmp_path, a=first, b=second)

    share = np.arange(1, 11) / 11
    shown = f.decoded(seam, "gray").mean(axis=(1, 2))
    # A step is 13 levels; encoding a flat picture costs up to two.
    assert shown == pytest.approx((1 - share) * before + share * after, abs=2.5)


def test_what_lies_over_both_clips_rests_through_their_seam(tmp_path: Path) -> None:
    """A logo over the whole video would flicker, fade or be carried off at each transition."""
    first, second = _grey_ramp(tmp_path, "first.mp4", 20, 0), _grey_ramp(tmp_path, "second.mp4", 220, 0)
    PIL.Image.new("RGB", (10, 10), "red").save(tmp_path / "logo.png")
    logo = f.overlay(image="logo", width=0.5)
    order = f.order_of(f.video("a"), f.video("b"), over=[logo])

    seam = f.make(order, tmp_path, a=first, b=second, logo=tmp_path / "logo.png")

    assert _near(f.decoded(seam, "rgb24")[:, 64:96, 32:64], f.RED)


@pytest.mark.parametrize("motion", [None, "zoomIn"])
def test_a_seam_joins_stills_as_well(motion: str | None, tmp_path: Path, parameter_sets: bytes) -> None:
    """Two moving pictures have one standard input between them: one of the two would be lost."""
    for name, colour in (("a", "white"), ("b", "black")):
        PIL.Image.new("RGB", (60, 100), colour).save(tmp_path / f"{name}.png")
    cuts = [f.still(name, motion=motion) for name in "ab"]
    order = f.order_of(*cuts)

    made = f.make(order, tmp_path, a=tmp_path / "a.png", b=tmp_path / "b.png")

    assert _checked(made, order) == parameter_sets
    assert f.decoded(made, "gray").mean(axis=(1, 2)) == pytest.approx([198, 162, 126, 89, 53], abs=2)


# --- Overlays ----------------------------------------------------------------------------------------------------


def test_an_overlay_is_on_exactly_its_frames(tmp_path: Path) -> None:
    """A title would come or go a frame early or late, and blink where clips are cut."""
    PIL.Image.new("RGB", (10, 10), "red").save(tmp_path / "logo.png")
    source = f.encode(tmp_path / "a.mp4", f.plain((90, 90, 90), count=12))
    logo = f.overlay(image="logo", width=0.5, start_frame=3, end_frame=7)

    made = f.make(
        f.order_of(f.video(frames=12, overlays=[logo])), tmp_path, a=source, logo=tmp_path / "logo.png"
    )

    is_red = f.decoded(made, "rgb24")[:, 80, 48, 0] > 200
    assert list(np.flatnonzero(is_red)) == [3, 4, 5, 6]


def test_a_logo_keeps_its_colours(tmp_path: Path) -> None:
    """A brand's colours would be others: pixels with transparency are converted apart from the picture's."""
    PIL.Image.fromarray(f.quadrants(40, 40)[0]).convert("RGBA").save(tmp_path / "logo.png")
    source = f.encode(tmp_path / "a.mp4", f.plain((18, 130, 200)))
    order = f.order_of(f.video(frames=1, overlays=[f.overlay(image="logo", width=0.5)]))

    picture = f.decoded(f.make(order, tmp_path, a=source, logo=tmp_path / "logo.png"), "rgb24")[0]

    _assert_quadrants(picture[56:104, 24:72], 6)
    assert _near(picture[:40].mean(axis=(0, 1)), (18, 130, 200), 3)


def test_transparency_shows_what_is_behind(tmp_path: Path) -> None:
    """A logo would stand in a box, or its half-transparent parts be all or nothing."""
    logo = np.zeros((40, 40, 4), np.uint8)
    logo[:, 20:] = (255, 255, 255, 128)
    PIL.Image.fromarray(logo).save(tmp_path / "logo.png")
    source = f.encode(tmp_path / "a.mp4", f.plain(f.BLUE))
    order = f.order_of(f.video(frames=1, overlays=[f.overlay(image="logo", width=0.5)]))

    picture = f.decoded(f.make(order, tmp_path, a=source, logo=tmp_path / "logo.png"), "rgb24")[0]

    assert _near(picture[70:90, 28:44], f.BLUE, 5)
    assert _near(picture[70:90, 52:68], (128, 128, 255), 5)


def test_later_overlays_lie_over_earlier_ones(tmp_path: Path) -> None:
    """The price would be hidden behind the badge that it stands on."""
    for name in ("red", "blue"):
        PIL.Image.new("RGB", (40, 40), name).save(tmp_path / f"{name}.png")
    source = f.encode(tmp_path / "a.mp4", f.plain(f.GREEN))
    over = [f.overlay(image="red", width=0.8), f.overlay(image="blue", width=0.2)]
    order = f.order_of(f.video(frames=1, overlays=over))

    picture = f.decoded(
        f.make(order, tmp_path, a=source, red=tmp_path / "red.png", blue=tmp_path / "blue.png"), "rgb24"
    )[0]

    assert _near(picture[80, 48], f.BLUE)
    assert _near(picture[80, 20], f.RED)


# --- The same bytes, and clear words ------------------------------------------------------------------------------

TWICE = {
    "a clip": f.order_of(f.video(frames=8)),
    "a blurred clip": f.order_of(f.video(frames=8), profile=f.SMALL.model_copy(update={"fit": "blur"})),
    "a still picture": f.order_of(f.still("p")),
    "a moving picture": f.order_of(f.still("p", motion="zoomIn")),
    "a seam of both": f.order_of(f.video(frames=5), f.still("p", motion="panLeft")),
    "a title": f.order_of(f.video(frames=8, overlays=[f.overlay(text="Hi"), f.overlay(image="p")])),
}


@pytest.mark.parametrize("what", TWICE)
def test_the_same_order_gives_the_same_bytes(what: str, tmp_path: Path) -> None:
    """Keys stand for content: two machines that make the same segment would disagree about a video's parts."""
    source = media.clip(tmp_path / "a.mp4", media.ClipLook(fps=30, duration_s=0.4))
    picture = media.picture(tmp_path / "p.jpg")

    first, second = (f.make(TWICE[what], tmp_path, a=source, p=picture).read_bytes() for _ in range(2))

    assert first == second


def test_pictures_that_change_their_size_midway_are_refused(tmp_path: Path) -> None:
    """Ffmpeg counts frames anew after such a change: the video would show other frames than planned."""
    one = f.encode(tmp_path / "one.webm", f.numbered(10))
    other = f.encode(tmp_path / "other.webm", f.numbered(10, 64, 64))
    (tmp_path / "list.txt").write_text(f"ffconcat version 1.0\nfile {one.name}\nfile {other.name}\n")
    f.remux(tmp_path / "list.txt", tmp_path / "a.webm", ("-f", "concat"))

    with pytest.raises(SourceError, match=r"the clip a: a picture changes its size"):
        f.make(f.order_of(f.video(frames=20)), tmp_path, a=tmp_path / "a.webm")


def test_a_damaged_source_is_named(tmp_path: Path) -> None:
    """The author of a task would read of a bug or a broken disk where one of the clips is damaged."""
    damaged = media.clip(tmp_path / "a.mp4", media.ClipLook(fps=30, audio=False, faststart=True))
    media.cut_short(damaged, tmp_path / "b.mp4", 0.6)
    good = f.encode(tmp_path / "c.mp4", f.numbered(40))
    order = f.order_of(f.video("good", frames=30), f.video("bad", frames=30))

    with pytest.raises(SourceError, match=r"the clip bad cannot be decoded: export it again"):
        f.make(order, tmp_path, good=good, bad=tmp_path / "b.mp4")


def test_what_is_no_source_s_fault_is_not_blamed_on_one(tmp_path: Path) -> None:
    """A full disk would be reported as a damaged clip."""
    source = f.encode(tmp_path / "a.mp4", f.numbered(3))
    order = f.order_of(f.video(frames=2))
    (tmp_path / "segment.mp4").mkdir()

    with pytest.raises(MediaError, match="Is a directory"):
        segment.make_segment(order, {"a": source}, tmp_path)


@pytest.mark.parametrize("name", ["a.mp4", "a.ts"])
def test_a_full_disk_is_no_fault_of_a_source(name: str, tmp_path: Path) -> None:
    """The author of a task would export a good file again; what was made to be sent is read by two outputs at once."""
    source = media.clip(tmp_path / name, media.ClipLook(fps=30, duration_s=2, audio=False))
    with disks() as mounted:
        work = mounted.mount(tmp_path / "small", "size=16k").folder

        with pytest.raises(OSError, match="No space left on device"):
            segment.make_segment(f.order_of(f.video(frames=60)), {"a": source}, work)


def test_a_segment_has_nothing_but_pictures(tmp_path: Path) -> None:
    """Sound, chapters or the time of day in a segment would not join, or make other bytes each time."""
    source = media.clip(tmp_path / "a.mp4", media.ClipLook(fps=30, duration_s=0.4))

    made = f.make(f.order_of(f.video(frames=5)), tmp_path, a=source)

    with av.open(str(made)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert not {"creation_time", "encoder"} & set(container.metadata)
