from __future__ import annotations

import pytest
from pydantic import ValidationError

from cliptask.spec.ingredients import Clip
from cliptask.spec.loading import load_data
from cliptask.spec.part import Part, every_part
from cliptask.spec.rules import RulesBroken
from cliptask.spec.task import ClipTask, ClipTaskSpec
from support.bad_tasks import GOOD, mutated


def test_two_fields_are_all_that_is_required() -> None:
    """The shortest task, or its defaults, would change under the feet of its author."""
    spec = {
        "videoBlocks": [{"name": "a", "clips": [{"url": "https://x/a.mp4"}]}],
        "output": {"uri": "file:///x"},
    }

    task = load_data({**GOOD, "spec": spec}, "x")

    assert not any([task.spec.audio_blocks, task.spec.speech, task.spec.overlays])
    assert (task.spec.sound.music_volume, task.spec.sound.clip_volume, task.spec.sound.ducking) == (
        0.4,
        0,
        True,
    )
    assert task.spec.sound.lufs == -14
    assert task.spec.transitions == ()
    assert [(form.width, form.fit) for form in task.spec.forms] == [(None, "contain")]
    assert (task.spec.variants.music, task.spec.variants.speech, task.spec.variants.limit) == (
        "balanced",
        "balanced",
        None,
    )
    assert task.spec.captions.mode == "none"
    assert task.spec.failure_policy.on_source_error == "Fail"


def test_task_of_the_design_loads_with_its_order() -> None:
    """Blocks or clips would swap places in the video."""
    task = load_data(mutated({
        "spec.videoBlocks[0].clips[0].trim": {"start": "1.5s", "end": "6s"},
        "spec.videoBlocks[1].clips[0]": {"url": "https://x/photo.jpg", "duration": "3s", "motion": "zoomIn"},
        "spec.variants": {"music": "product", "speech": "random", "limit": 100, "seed": 7},
        "spec.picture": {"width": 1080, "height": 1920, "fps": 30, "fit": "blur"},
        "spec.transitions": [{"kind": "slideLeft", "duration": "400ms", "between": ["hook", "product"]}, {"duration": "500ms"}],
        "spec.overlays": [
            {"text": "-20 % until Sunday", "position": "bottom", "from": "1s", "to": "4s", "block": "product"},
            {"image": {"url": "https://x/logo.png"}, "position": "topRight", "width": "20%"},
        ],
        "spec.captions": {"mode": "soft"},
        "spec.sound": {"musicVolume": 0.2, "clipVolume": 0, "ducking": True, "loudness": -14, "overflow": "Fail"},
    }), "x")  # fmt: skip

    assert [block.name for block in task.spec.video_blocks] == ["hook", "product"]
    assert [clip.url[-5:] for clip in task.spec.video_blocks[0].clips] == ["a.mp4", "b.mov"]
    assert [track.url for track in task.spec.tracks] == ["https://cdn.example.com/upbeat.mp3"]


def test_task_is_frozen() -> None:
    """A value that others hold could change behind them."""
    task = load_data(GOOD, "x")

    with pytest.raises(ValidationError, match="frozen"):
        task.spec.sound.music_volume = 1  # type: ignore[misc]


def test_all_broken_rules_of_an_object_are_told_at_once() -> None:
    """A person would mend one relation between fields and be shown the next."""
    with pytest.raises(ValidationError) as caught:
        Clip.model_validate({"url": "https://x/a", "trim": {}, "duration": "1ms"})

    broken = caught.value.errors()[0]["ctx"]["error"]
    assert isinstance(broken, RulesBroken)
    assert [at for at, _ in broken.breaches] == [(), ("duration",)]


@pytest.mark.parametrize("part", [ClipTask, ClipTaskSpec, *every_part()], ids=lambda part: part.__name__)
def test_every_field_is_written_in_camel_case(part: type[Part]) -> None:
    """A field would be named otherwise than everything in Kubernetes."""
    for name, field in part.model_fields.items():
        assert field.alias
        assert field.alias.isalnum(), name
        assert field.alias[0].islower(), name
