"""Whether a task's files fit the places that it gives them."""

from __future__ import annotations

from typing import Any

import pytest

from cliptask.planning.bindings import bind, rate_for
from support.campaigns import sources, task, url


def error_of(clip: dict[str, Any], **facts: Any) -> str:  # noqa: ANN401  facts are of many types
    """What is said of a clip written like this whose file has these facts."""
    of = task([1], videoBlocks=[{"name": "b0", "clips": [{"url": url("b0c0")} | clip]}])
    errors = bind(of.spec, sources(of, b0c0=facts)).errors
    return str(errors[0]) if errors else ""


STILL = {"kind": "still", "duration_s": 0, "fps": 0}


@pytest.mark.parametrize(
    ("clip", "facts", "words"),
    [
        ({}, {"kind": "audio"}, "is sound without pictures: name it under audioBlocks"),
        ({}, STILL, "is a still picture: say how long to show it, e.g. duration: 3s"),
        ({"trim": {"end": "1s"}}, STILL, "trim is for videos; give its duration instead"),
        ({"duration": "3s"}, {}, "is a video: use trim to shorten it"),
        ({"trim": {"start": "3s"}}, {}, "trim.start is after the end of the file, which takes 3s"),
        ({"trim": {"end": "3.1s"}}, {}, "trim.end is after the end of the file, which takes 3s"),
        ({"trim": {"start": "1s", "end": "1.01s"}}, {}, "the trimmed part is shorter than one picture"),
    ],
)
def test_a_file_in_the_wrong_place_is_named_with_the_remedy(
    clip: dict[str, Any], facts: dict[str, Any], words: str
) -> None:
    """Only the files can tell; the message must say which one and what to write instead."""
    said = error_of(clip, **facts)

    assert "videoBlocks[0].clips[0] (https://cdn.example.com/b0c0.mp4)" in said
    assert words in said


def test_a_trim_to_the_rounded_end_is_accepted() -> None:
    """Durations of files are rarely round: half a frame is forgiven."""
    assert error_of({"trim": {"end": "3s"}}, duration_s=2.99) == ""


def test_a_track_must_have_sound_and_an_overlay_be_a_picture() -> None:
    """Files of the wrong kind in the other two places."""
    of = task([1], tracks=1, overlays=[{"image": {"url": url("logo")}}])
    found = sources(of)
    found[url("t0")] = found[url("b0c0")]
    found[url("logo")] = found[url("b0c0")]

    said = [str(error) for error in bind(of.spec, found).errors]

    assert "t0.mp4 has no sound" in said[0]
    assert "overlays[0] (https://cdn.example.com/logo.mp4) is not a picture" in said[1]


def test_the_picture_is_as_large_as_the_largest_clip_unless_the_task_says() -> None:
    """As in the service that this replaces; sides are made even, which 4:2:0 needs."""
    of = task([2])

    bindings = bind(of.spec, sources(of, b0c0={"width": 321}, b0c1={"height": 400, "fps": 50}))

    assert (bindings.width, bindings.height, bindings.fps) == (322, 400, 50)


@pytest.mark.parametrize(
    ("fastest", "rate"), [(0, 30), (23.976, 24), (24.5, 25), (29.97, 30), (30.5, 48), (59.94, 60), (120, 60)]
)
def test_the_rate_loses_no_picture_of_the_fastest_clip(fastest: float, rate: int) -> None:
    """Up to the 60 that ad platforms take."""
    assert rate_for(fastest) == rate
