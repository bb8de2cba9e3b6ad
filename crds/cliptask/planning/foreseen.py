"""What would the targets refuse or cover, as far as a task's words tell without its files? The answer of ``cliptask validate``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import pairwise

from cliptask.area import unusual
from cliptask.orders import Profile
from cliptask.planning.extent import Covered, covered, sentences
from cliptask.planning.laid import layer_of
from cliptask.planning.targets import Refusal, Video, of_forms, refusals, shape_for
from cliptask.spec.disclosure import label_of
from cliptask.spec.ingredients import Clip
from cliptask.spec.overlays import Overlay
from cliptask.spec.picture import Picture
from cliptask.spec.places import form_place
from cliptask.spec.task import ClipTaskSpec
from cliptask.spec.transitions import transition_between

_USUAL_FPS = 30


def foreseen(spec: ClipTaskSpec) -> tuple[str, ...]:
    """In sentences. Nothing is said of forms as large as the clips, of clips whose length is not written, and of pictures that lie over the video."""
    sizes = {
        name: size
        for name, form in zip(spec.form_names, spec.forms, strict=True)
        if (size := _size_of(form)) is not None
    }
    if not spec.targets or not sizes:
        return ()
    is_whole = len(sizes) == len(spec.forms)
    of_shapes = of_forms(spec.targets, sizes, partial(form_place, spec)) if is_whole else ()
    return (*_refused(spec), *of_shapes, *sentences(_covered(spec)))


def _refused(spec: ClipTaskSpec) -> Iterator[str]:
    shortest, longest = lengths(spec) or (None, None)
    for target in spec.targets:
        for name, form in zip(spec.form_names, spec.forms, strict=True):
            size = _size_of(form)
            if size is None or not shape_for(target, *size):
                continue
            of_ends = [refusals(target, Video(*size, form.fps or 0, each)) for each in (shortest, longest)]
            found: dict[str, Refusal] = {each.kind: each for why in of_ends for each in why}
            for each in found.values():
                which = "videos" if all(each in why for why in of_ends) else "some videos"
                where = f" in {name}" if name else ""
                yield f"{target} would refuse {which}{where}: {each}: {each.remedy}"


def lengths(spec: ClipTaskSpec) -> tuple[float, float] | None:
    """In seconds, those of the shortest and of the longest combination of clips; None where a clip or a voice decides it."""
    if spec.sound.overflow in {"Freeze", "Loop"} and spec.lines_at:
        return None
    blocks = [[_length(clip) for clip in block.clips] for block in spec.video_blocks]
    pairs = pairwise(block.name for block in spec.video_blocks)
    overlaps = (transition_between(spec.transitions, *pair) for pair in pairs)
    overlap = sum((each.duration for each in overlaps if each and each.duration), timedelta()).total_seconds()
    known = [[each for each in block if each is not None] for block in blocks]
    if any(len(some) < len(block) for some, block in zip(known, blocks, strict=True)):
        return None
    return sum(map(min, known)) - overlap, sum(map(max, known)) - overlap


def _length(clip: Clip) -> float | None:
    if clip.duration is not None:
        return clip.duration.total_seconds()
    if clip.trim is None or clip.trim.end is None:
        return None
    return (clip.trim.end - clip.trim.start).total_seconds() / (clip.speed or 1)


def _covered(spec: ClipTaskSpec) -> Iterator[Covered]:
    for filled in spec.by_row:
        for form, picture in enumerate(filled.forms):
            if (size := _size_of(picture)) is None:
                continue
            fps = picture.fps or _USUAL_FPS
            profile = Profile(width=size[0], height=size[1], fps=fps, fit=picture.fit)
            free = unusual(filled.targets, *size)
            for place, overlay in _written(filled):
                layer = layer_of(overlay, None, str, size, fps, free)
                found = covered(place, layer, profile, None, filled.targets, filled.form_names[form])
                if found:
                    yield found


def _written(spec: ClipTaskSpec) -> Iterator[tuple[str, Overlay]]:
    """All that lies over the picture but pictures, whose shape nobody knows yet."""
    for index, overlay in enumerate(spec.overlays):
        if overlay.image is None:
            yield f"spec.overlays[{index}]", overlay
    for index, block in enumerate(spec.text_blocks):
        yield from ((f"spec.textBlocks[{index}]", block.overlay(text)) for text in block.texts)
    if label := label_of(spec):
        texts = (label.text, *(each.text for each in label.translations))
        yield from (("spec.disclosure.label", label.overlay(text)) for text in texts)


def _size_of(form: Picture) -> tuple[int, int] | None:
    return (form.width, form.height) if form.width and form.height else None
