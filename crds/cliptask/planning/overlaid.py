"""What should the author know of what lies over the picture? Of what is not heard, and of what platforms would cover."""

from __future__ import annotations

from collections.abc import Iterator

from cliptask.errors import ClipTaskError
from cliptask.facts import SourceFacts
from cliptask.planning import extent
from cliptask.planning.timeline import Timeline
from cliptask.spec.places import image_place


def remarks(timeline: Timeline) -> Iterator[str]:
    """In sentences; of what is covered only where the task names no targets, which have sentences of their own."""
    for index, overlay in enumerate(timeline.overlays):
        image = timeline.image(index)
        if isinstance(image, SourceFacts) and image.kind == "video" and image.has_audio:
            yield f"{image_place(timeline.spec, index)}: its sound is not heard"
        if overlay.place and not timeline.spec.targets and not isinstance(image, ClipTaskError):
            place = f"{timeline.laid_at(index)}.place"
            said = extent.remark(place, timeline.layer(index, overlay), timeline.profile, image)
            yield from filter(None, (said,))


def covered(timeline: Timeline) -> Iterator[extent.Covered]:
    """What the targets' platforms would cover of it."""
    for index, overlay in enumerate(timeline.overlays):
        image = timeline.image(index)
        if (overlay.place is None and overlay.safe) or isinstance(image, ClipTaskError):
            continue
        layer, place = timeline.layer(index, overlay), timeline.laid_at(index)
        found = extent.covered(place, layer, timeline.profile, image, timeline.spec.targets, timeline.form)
        yield from filter(None, (found,))
