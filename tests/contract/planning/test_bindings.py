"""Whether a task's files fit the places that it gives them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import InvalidTask, SourceError
from cliptask.facts import SourceFacts
from cliptask.planning.bindings import RATES, ClipRange, bind, rate_for
from cliptask.planning.plan import plan
from cliptask.spec.picture import Picture
from support.campaigns import facts, sources, task, url


def error_of(clip: dict[str, Any], **facts: Any) -> str:  # noqa: ANN401  facts are of many types
    """What is said of a clip written like this whose file has these facts."""
    of = task(
        [1], videoBlocks=[{"name": "b0", "clips": [{"url": url("b0c0")} | clip]}], sound={"clipVolume": 1}
    )
    errors = bind(of.spec, sources(of, b0c0=facts)).errors
    return str(errors[0]) if errors else ""


STILL = {"kind": "still", "duration_s": 0, "fps": 0}
ANIMATION = {"kind": "animation", "duration_s": 1.5, "fps": 10}


@pytest.mark.parametrize(
    ("clip", "facts", "words"),
    [
        ({}, {"kind": "font"}, "is a font: name it under spec.fonts, or give a video or a picture"),
        ({}, {"kind": "audio"}, "is sound without pictures: name it under audioBlocks"),
        ({}, STILL, "is a still picture: say how long to show it, e.g. duration: 3s"),
        (
            {"trim": {"end": "1s"}},
            STILL,
            "clips[0].trim (https://cdn.example.com/b0c0.mp4): trim is for what moves, this is a still picture: give its duration instead",
        ),
        ({"duration": "3s"}, {}, "duration is for pictures, this is a video: use trim to shorten it"),
        (
            {"duration": "3s", "motion": "zoomIn"},
            ANIMATION,
            "motion is for still pictures, this one moves: leave it out",
        ),
        (
            {"trim": {"end": "2s"}},
            ANIMATION,
            "clips[0].trim.end (https://cdn.example.com/b0c0.mp4): is after the end of the file, which takes 1.5s",
        ),
        (
            {"trim": {"start": "3s"}},
            {},
            "clips[0].trim.start (https://cdn.example.com/b0c0.mp4): is after the end of the file, which takes 3s",
        ),
        (
            {"trim": {"end": "3.1s"}},
            {},
            "clips[0].trim.end (https://cdn.example.com/b0c0.mp4): is after the end of the file, which takes 3s",
        ),
        ({"trim": {"start": "1s", "end": "1.01s"}}, {}, "the trimmed part is shorter than one picture"),
        (
            {"volume": 0.5},
            {},
            "clips[0].volume (https://cdn.example.com/b0c0.mp4): nothing is heard in the file: leave the volume out",
        ),
        ({"volume": 0.5}, {"kind": "animation"}, "nothing is heard in the file"),
        ({"speed": 2}, ANIMATION, "clips[0].speed (https://cdn.example.com/b0c0.mp4): speed is for a video"),
        ({"speed": 2}, STILL, "is a still picture"),
        ({"speed": 2, "trim": {"end": "4s"}}, {}, "is after the end of the file, which takes 3s"),
    ],
)
def test_a_file_in_the_wrong_place_is_named_with_the_remedy(
    clip: dict[str, Any], facts: dict[str, Any], words: str
) -> None:
    """Only the files can tell; the message must say which one and what to write instead."""
    said = error_of(clip, **facts)

    assert said.startswith("spec.videoBlocks[0].clips[0]")
    assert "(https://cdn.example.com/b0c0.mp4)" in said
    assert words in said


def test_a_trim_to_the_rounded_end_is_accepted() -> None:
    """Durations of files are rarely round: half a frame is forgiven."""
    assert error_of({"trim": {"end": "3s"}}, duration_s=2.99) == ""


@pytest.mark.parametrize(
    ("trim", "words"),
    [
        ({"start": "3s"}, "tracks[0].trim.start (https://cdn.example.com/t0.mp4): is after the end of the file, which takes 3s"),
        ({"end": "3.2s"}, "tracks[0].trim.end (https://cdn.example.com/t0.mp4): is after the end of the file, which takes 3s"),
        ({"start": "2.95s"}, "leaves less than 100ms of the 3s that the file takes: use a longer part"),
        ({"start": "1s", "end": "3.03s"}, ""),
    ],
)  # fmt: skip
def test_a_part_of_a_track_lies_within_it(trim: dict[str, str], words: str) -> None:
    """In and out points that somebody mistyped would be silence, or a buzz of a few samples over and over."""
    of = task([1], audioBlocks=[{"name": "m", "tracks": [{"url": url("t0"), "trim": trim}]}])

    (bound,) = bind(of.spec, sources(of)).tracks

    assert (words in str(bound)) if words else isinstance(bound, SourceFacts)


@pytest.mark.parametrize(
    ("speed", "trim", "first", "frames"),
    [
        (2, {}, 0, 45),
        (0.5, {}, 0, 180),
        (4, {"start": "1s", "end": "3s"}, 8, 15),
        (1.5, {"end": "1s"}, 0, 20),
    ],
)
def test_a_clip_is_as_long_as_it_takes_at_its_speed(
    speed: float, trim: dict[str, str], first: int, frames: int
) -> None:
    """Blocks would not follow each other, or a clip stand still after its half."""
    clip = {"url": url("b0c0"), "speed": speed} | ({"trim": trim} if trim else {})
    of = task([1], videoBlocks=[{"name": "b0", "clips": [clip]}])

    bound = bind(of.spec, sources(of)).clip(0, 0)

    assert (bound.first_frame, bound.frames, bound.speed) == (first, frames, speed)


def test_a_track_must_have_sound_and_an_overlay_be_a_picture() -> None:
    """Files of the wrong kind in the other two places."""
    of = task([1], tracks=1, overlays=[{"image": {"url": url("logo")}}])
    found = sources(of)
    found[url("t0")] = found[url("b0c0")]
    found[url("logo")] = facts("logo", kind="audio", width=0, height=0, sound_stream=0)
    moving = [found | {url("logo"): each} for each in (facts("logo", **ANIMATION), found[url("b0c0")])]

    said = [str(error) for error in bind(of.spec, found).errors]

    assert said[0].startswith("spec.audioBlocks[0].tracks[0] (https://cdn.example.com/t0.mp4) has no sound")
    assert "spec.overlays[0].image (https://cdn.example.com/logo.mp4) is not a picture" in said[1]
    assert [len(bind(of.spec, each).errors) for each in moving] == [1, 1]


def test_the_picture_is_as_large_as_the_largest_clip_unless_the_task_says() -> None:
    """As in the service that this replaces; sides are made even, which 4:2:0 needs."""
    of = task([2])

    bindings = bind(of.spec, sources(of, b0c0={"width": 321}, b0c1={"height": 400, "fps": 50}))

    assert (bindings.sizes, bindings.fps) == (((322, 400),), 50)


def test_stills_decide_how_large_the_picture_is_where_nothing_moves_only() -> None:
    """A photograph of 48 megapixels among clips of a phone would make a video that nothing plays."""
    of = task([2])
    photo = STILL | {"width": 8000, "height": 6000}

    mixed = bind(of.spec, sources(of, b0c0=photo, b0c1={"width": 320, "height": 180}))
    alone = bind(of.spec, sources(of, b0c0=STILL | {"width": 640}, b0c1=STILL | {"height": 480}))

    assert mixed.sizes == ((320, 180),)
    assert alone.sizes == ((640, 480),)


@pytest.mark.parametrize(
    ("width", "height", "remedy"),
    [
        (8000, 6000, "1920 and 1440"),
        (6000, 8000, "1440 and 1920"),
        (3841, 2160, "1920 and 1080"),
        (40, 30, "1920 and 1440"),
        (16_000, 90, "1920 and 64"),
    ],
)
def test_a_size_that_no_task_could_ask_for_is_none_that_clips_can(
    width: int, height: int, remedy: str
) -> None:
    """What follows from the clips would escape the bounds of what a task may say; half of that is no way out."""
    of = task([1], videoBlocks=[{"name": "b0", "clips": [{"url": url("b0c0"), "duration": "3s"}]}])
    given = of.spec.model_copy(update={"picture": Picture(width=1080, height=1920)})
    found = sources(of, b0c0=STILL | {"width": width, "height": height})

    said = str(bind(of.spec, found).errors[0])

    assert f"{width + width % 2}x{height}" in said
    assert f"set spec.picture.width and height, e.g. {remedy}" in said
    assert bind(given, found).errors == ()


def test_skipping_bad_files_does_not_skip_the_bounds_of_the_picture() -> None:
    """A campaign that may leave clips out would be rendered at a size that is allowed nowhere."""
    of = task([2], failurePolicy={"onSourceError": "Skip"})
    wide = {"width": 5000}

    with pytest.raises(InvalidTask, match=r"spec\.picture"):
        plan(of, sources(of, b0c0=wide) | {url("b0c1"): SourceError("it is gone")}, [])


@pytest.mark.parametrize(
    ("fastest", "rate"),
    [
        (0, 30), (15.2, 24), (23.976, 24), (24.5, 25), (29.97, 30), (30.303, 30), (31, 48), (50, 50), (59.94, 60), (61, 60), (120, 60),
    ],
)  # fmt: skip
def test_the_rate_loses_no_picture_of_the_fastest_clip(fastest: float, rate: int) -> None:
    """Up to the 60 that ad platforms take."""
    assert rate_for(fastest) == rate


@given(st.floats(0.1, 240))
def test_a_rate_is_the_lowest_that_shows_what_there_is(fastest: float) -> None:
    """Pictures would be lost that a higher rate shows, or frames be made that show nothing new."""
    rate = rate_for(fastest)

    assert rate in RATES
    assert rate >= fastest * 0.98 or rate == 60
    assert all(lower < fastest * 0.98 for lower in RATES if lower < rate)


@given(st.lists(st.tuples(st.integers(1, 16_000), st.integers(1, 16_000)), min_size=1, max_size=4))
def test_a_derived_size_could_have_been_given(sizes: list[tuple[int, int]]) -> None:
    """Whatever clips there are, the picture is one that a task may ask for, or the task is refused."""
    of = task([len(sizes)])
    changes = {f"b0c{i}": {"width": width, "height": height} for i, (width, height) in enumerate(sizes)}

    bindings = bind(of.spec, sources(of, **changes))

    if not bindings.errors:
        ((width, height),) = bindings.sizes
        assert Picture(width=width, height=height)


def test_an_animated_picture_lasts_as_its_task_says_or_as_it_does_itself() -> None:
    """An animation would be shown for a moment only, or a part of it could not be chosen."""
    clips = [{"url": url("b0c0")} | more for more in ({}, {"duration": "4s"}, {"trim": {"start": "1s"}})]
    of = task([1], videoBlocks=[{"name": "b0", "clips": clips}])

    (ranges,) = bind(of.spec, sources(of, b0c0=ANIMATION)).clips

    cut = [(part.first_frame, part.frames) for part in ranges if isinstance(part, ClipRange)]
    assert cut == [(0, 36), (0, 96), (24, 12)]


def test_a_font_must_be_one() -> None:
    """A film would be read as letters."""
    of = task([1], fonts=[{"name": "brand", "url": "https://cdn.example.com/brand.mp4"}])

    error = bind(of.spec, sources(of, brand={"kind": "video"})).errors[0]

    assert str(error) == (
        "spec.fonts[0] (brand, https://cdn.example.com/brand.mp4) is not a font: give a TTF, OTF, TTC, WOFF or WOFF2 file"
    )
