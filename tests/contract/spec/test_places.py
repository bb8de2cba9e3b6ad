from __future__ import annotations

from cliptask.spec.places import clip_place, image_place, line_place, source_places
from support.campaigns import task

SIGNED = "https://u:p@x/logo.png?token=1"


def test_places_are_called_by_path_name_and_what_stands_there() -> None:
    """An author would not know which of ten clips a message means, or its reader would learn a token."""
    of = task([1, 2], overlays=[{"text": "Hi"}, {"image": {"url": SIGNED}}]).spec
    named = of.video_blocks[1].clips[1].model_copy(update={"name": "wake-up"})
    blocks = (
        of.video_blocks[0],
        of.video_blocks[1].model_copy(update={"clips": (of.video_blocks[1].clips[0], named)}),
    )
    spec = of.model_copy(update={"video_blocks": blocks})

    clip, image = clip_place(spec, 1, 1), image_place(spec, 1)

    assert str(clip) == f"spec.videoBlocks[1].clips[1] (wake-up, {named.url})"
    assert clip.at("trim", "end") == f"spec.videoBlocks[1].clips[1].trim.end (wake-up, {named.url})"
    assert clip.blaming("gone", "url") == "spec.videoBlocks[1].clips[1].url (wake-up): gone"
    assert str(image) == "spec.overlays[1].image (https://x/logo.png)"
    assert image_place(spec, 0) is None


def test_every_url_of_a_task_has_its_place() -> None:
    """A file would be bad and nobody could say where it is named."""
    spec = task([2, 3], tracks=2, lines=1, overlays=[{"image": {"url": SIGNED}}]).spec

    places = list(source_places(spec))

    assert tuple(dict.fromkeys(place.url for place in places)) == spec.urls
    assert len({place.path for place in places}) == len(places) == 8
    assert str(line_place(spec, 0)).startswith('spec.speech[0] ("')
