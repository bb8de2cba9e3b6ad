from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest

from cliptask.errors import MediaError
from cliptask.orders import SegmentOrder
from cliptask_renderer.media import join
from support import frames as f
from support import media

VTT = "WEBVTT\n\n00:00.000 --> 00:00.500\nSpring is here\n\n00:00.500 --> 00:01.000\nWelcome\n"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A body, a seam and a body of two numbered clips, whose transition is flat because their pictures rest in it."""
    folder = tmp_path_factory.mktemp("parts")
    # While they overlap both show number 20, so that the seam can be read as well.
    first = np.concatenate([f.numbered(20), np.repeat(f.numbered(1, first=20), 6, axis=0)])
    second = np.concatenate([np.repeat(f.numbered(1, first=20), 6, axis=0), f.numbered(14, first=26)])
    a, b = f.encode(folder / "a.mp4", first), f.encode(folder / "b.mp4", second)
    orders = [
        f.order_of(f.video("a", 0, 20)),
        f.order_of(f.video("a", 20, 6), f.video("b", 0, 6)),
        f.order_of(f.video("b", 6, 14)),
    ]
    return [f.make(order, folder, a=a, b=b) for order in orders]


@pytest.fixture(scope="module")
def soundtrack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As long as the parts: 40 frames at 30 a second."""
    return media.track(tmp_path_factory.mktemp("sound") / "a.m4a", 40 / 30)


def _joined(
    folder: Path,
    parts: list[Path],
    soundtrack: Path | None = None,
    vtt: str | None = None,
    name: str = "v.mp4",
    language: str | None = None,
) -> Path:
    work = folder / f"work{len(list(folder.glob('work*')))}"
    work.mkdir()
    captions = None
    if vtt is not None:
        captions = work / "captions.vtt"
        captions.write_text(vtt)
    # Those of the fixture have 20, 6 and 14 frames; others are asked.
    segments = [(part, len(f.decoded(part))) if part.exists() else (part, 20) for part in parts]
    join.join(segments, 30, soundtrack, captions, work / name, work, language)
    return work / name


def test_a_video_shows_exactly_its_segments_pictures(tmp_path: Path, parts: list[Path]) -> None:
    """A join that loses, repeats or changes a single pixel would be an encode of its own."""
    joined = _joined(tmp_path, parts)

    assert (f.decoded(joined) == np.concatenate([f.decoded(part) for part in parts])).all()


def test_no_picture_is_lost_or_repeated_at_a_transition(tmp_path: Path, parts: list[Path]) -> None:
    """The video would jump or stutter where a body meets its seam."""
    shown = f.numbers(f.decoded(_joined(tmp_path, parts), "gray"))

    assert shown == [*range(20), *[20] * 6, *range(26, 40)]


def test_a_crossfade_has_no_jump_at_either_end(tmp_path: Path) -> None:
    """Brightness steps by the same at every frame of a fade from dark to bright, from body over seam to body."""
    shades = {"a": 20, "b": 220}
    for name, shade in shades.items():
        f.encode(tmp_path / f"{name}.mp4", f.plain((shade, shade, shade), count=30), "-crf", "1")
    orders: list[SegmentOrder] = [
        f.order_of(f.video("a", 0, 20)),
        f.order_of(f.video("a", 20, 10), f.video("b", 0, 10)),
        f.order_of(f.video("b", 10, 20)),
    ]

    made = [f.make(order, tmp_path, a=tmp_path / "a.mp4", b=tmp_path / "b.mp4") for order in orders]
    brightness = f.decoded(_joined(tmp_path, made), "gray").mean(axis=(1, 2))

    steps = np.diff(brightness)
    assert np.abs(steps[:20]).max() < 1
    assert steps[20:30] == pytest.approx([17.2] * 10, abs=1.5)
    assert np.abs(steps[30:]).max() < 1


def test_times_run_in_equal_steps_from_zero(tmp_path: Path, parts: list[Path]) -> None:
    """Players stutter, and browsers refuse, where timestamps jump between segments."""
    with av.open(str(_joined(tmp_path, parts))) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]

    assert sorted(packet.pts or 0 for packet in packets) == list(range(0, 40 * 3000, 3000))
    assert {int(step) for step in np.diff([packet.dts or 0 for packet in packets])} == {3000}


def test_many_short_segments_do_not_drift(tmp_path: Path, parts: list[Path]) -> None:
    """A third of a microsecond lost with each of 20, 6 and 14 frames would be whole ticks after a minute."""
    with av.open(str(_joined(tmp_path, parts * 12))) as container:
        shown = sorted(packet.pts or 0 for packet in container.demux(video=0) if packet.size)

    assert shown == list(range(0, 480 * 3000, 3000))


def test_segments_of_one_frame_join(tmp_path: Path) -> None:
    """A seam may be as short as that, and so may what two seams leave of a clip."""
    source = f.encode(tmp_path / "a.mp4", f.numbered(4))
    single = [f.make(f.order_of(f.video(first=number, frames=1)), tmp_path, a=source) for number in range(4)]

    assert f.numbers(f.decoded(_joined(tmp_path, single), "gray")) == [0, 1, 2, 3]


def test_sound_and_captions_are_copied_beside_the_pictures(
    tmp_path: Path, parts: list[Path], soundtrack: Path
) -> None:
    """A video would be silent, or without the captions that platforms offer."""
    joined = _joined(tmp_path, parts, soundtrack, VTT)

    with av.open(str(joined)) as container, av.open(str(soundtrack)) as alone:
        assert [(stream.type, stream.codec_context.name) for stream in container.streams] == [
            ("video", "h264"),
            ("audio", "aac"),
            ("subtitle", "mov_text"),
        ]
        assert [bytes(p) for p in container.demux(audio=0)] == [bytes(p) for p in alone.demux(audio=0)]
        container.seek(0)
        texts = b"".join(bytes(packet) for packet in container.demux(subtitles=0))
    assert b"Spring is here" in texts
    assert b"Welcome" in texts


@pytest.mark.parametrize(
    ("language", "said"), [("ukr", "ukr"), ("por", "por"), ("cmn", "cmn"), (None, "und")]
)
def test_sound_and_captions_say_their_language(
    tmp_path: Path, parts: list[Path], soundtrack: Path, language: str | None, said: str
) -> None:
    """A player would offer "unknown", and choose by no viewer's language."""
    joined = _joined(tmp_path, parts, soundtrack, VTT, language=language)

    with av.open(str(joined)) as container:
        told = {stream.type: stream.metadata.get("language") for stream in container.streams}
    assert (told["audio"], told["subtitle"], told["video"]) == (said, said, "und")


def test_captions_without_a_cue_do_no_harm(tmp_path: Path, parts: list[Path], soundtrack: Path) -> None:
    """A line of which no word has a time would fail the whole video."""
    joined = _joined(tmp_path, parts, soundtrack, "WEBVTT\n")

    assert len(f.decoded(joined, "gray")) == 40


def test_a_video_begins_with_its_index(tmp_path: Path, parts: list[Path], soundtrack: Path) -> None:
    """A browser would have to load all of a video before it shows the first picture."""
    content = _joined(tmp_path, parts, soundtrack, VTT).read_bytes()

    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_the_same_parts_give_the_same_bytes(tmp_path: Path, parts: list[Path], soundtrack: Path) -> None:
    """A video made again after a crash would be another one."""
    first, second = (
        _joined(tmp_path, parts, soundtrack, VTT, name).read_bytes() for name in ("v.mp4", "w.mp4")
    )

    assert first == second


@pytest.mark.parametrize("name", ["a b'c", "ünïcödé €", "100%d", "-i", "file:x", "a\nfile b", "#x?y"])
def test_any_name_is_but_a_name(name: str, tmp_path: Path, parts: list[Path], soundtrack: Path) -> None:
    """Names would be taken for options, patterns or lines of the list."""
    folder = tmp_path / name
    folder.mkdir()
    odd = [folder / f"{name}{number}.mp4" for number in range(len(parts))]
    for path, part in zip([*odd, folder / f"{name}.m4a"], [*parts, soundtrack], strict=True):
        path.write_bytes(part.read_bytes())

    joined = _joined(folder, odd, folder / f"{name}.m4a", VTT, f"{name}.mp4")

    assert len(f.decoded(joined, "gray")) == 40


def test_one_segment_may_come_twice(tmp_path: Path, parts: list[Path]) -> None:
    """A clip that stands in two blocks would be shown once."""
    joined = _joined(tmp_path, [parts[0], parts[2], parts[0]])

    assert f.numbers(f.decoded(joined, "gray")) == [*range(20), *range(26, 40), *range(20)]


def test_segments_are_left_as_they_are(tmp_path: Path, parts: list[Path]) -> None:
    """Objects of the store would be written to, or vanish with the work folder."""
    before = [part.read_bytes() for part in parts]

    _joined(tmp_path, parts)

    assert [part.read_bytes() for part in parts] == before


def test_a_missing_segment_is_an_error(tmp_path: Path, parts: list[Path]) -> None:
    """A video would come out without one of its blocks."""
    with pytest.raises(MediaError, match="join of v: ffmpeg failed"):
        _joined(tmp_path, [parts[0], tmp_path / "gone.mp4"])


def test_the_poster_is_the_first_picture_in_its_colours(tmp_path: Path) -> None:
    """The gallery would show another picture, or one in the wrong colours: a JPEG is always coded by BT.601."""
    shown = np.concatenate([f.quadrants(96, 160), f.plain(f.BLACK, count=9)])
    source = f.encode(tmp_path / "a.mp4", shown)

    join.poster(f.make(f.order_of(f.video()), tmp_path, a=source), tmp_path / "a.jpg")

    with PIL.Image.open(tmp_path / "a.jpg") as poster:
        assert (poster.format, poster.size) == ("JPEG", (96, 160))
        corners = [poster.getpixel(place) for place in ((20, 30), (70, 30), (20, 120), (70, 120))]
    for corner, colour in zip(corners, (f.RED, f.GREEN, f.BLUE, f.WHITE), strict=True):
        assert corner == pytest.approx(colour, abs=8)


def test_a_large_video_s_poster_is_small(tmp_path: Path) -> None:
    """A gallery of a thousand variants would take minutes to load."""
    source = f.encode(tmp_path / "a.mp4", f.plain(f.RED, 1080, 200))

    join.poster(source, tmp_path / "a.jpg")

    with PIL.Image.open(tmp_path / "a.jpg") as poster:
        assert poster.size == (540, 100)
