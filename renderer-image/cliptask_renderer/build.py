"""How is a work order done? Its inputs come from the store, the thing is made, checked and stored.

Everything here may run twice, at once or after a crash: what exists is not made again, and what is stored is whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

from cliptask import names
from cliptask.captions import cues, webvtt
from cliptask.errors import ClipTaskError, InputError, MediaError
from cliptask.facts import Recording
from cliptask.orders import SegmentOrder, SoundtrackOrder, VariantOrder, WorkOrder
from cliptask_renderer.media import check, join, segment, sound
from cliptask_renderer.media.check import StreamFacts
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.disk_errors import disk_errors
from cliptask_renderer.storage.open import open_store
from cliptask_renderer.storage.scratch import scratch_root

_NOWHERE: Mapping[str, str] = MappingProxyType({})
_ONE_OF_SEVERAL = (InputError, MediaError)
"""What is wrong with one video and says nothing of the next."""


def execute(
    order: WorkOrder, log: Callable[[str], None], scratch: Path | None = None
) -> dict[str, ClipTaskError]:
    """Make everything; returns why not, for each variant that is itself to blame. Raises what concerns all of them.

    The one entry of a Job's pod and of a process of a pool. ``log`` is told of each thing that is there; ``scratch`` is
    as for ``open_store``.
    """
    cache, output = open_store(order.cache, scratch), open_store(order.output, scratch)
    for segment_order in order.segments:
        make_segment(cache, segment_order, order.places)
        log(f"segment {segment_order.key}: {segment_order.frames} frames")
    for soundtrack in order.soundtracks:
        make_soundtrack(cache, soundtrack, order.places)
        log(f"soundtrack {soundtrack.key}: {soundtrack.samples} samples")
    failed: dict[str, ClipTaskError] = {}
    for variant in order.variants:
        try:
            make_variant(cache, output, order.task, variant.name, variant.order, order.places)
        except _ONE_OF_SEVERAL as error:
            log(f"error: {variant.name}: {error}")
            failed[variant.name] = error
        else:
            log(f"video {variant.name}: {variant.order.duration_s:.1f} s")
    return failed


def make_segment(cache: Store, order: SegmentOrder, places: Mapping[str, str] = _NOWHERE) -> StreamFacts:
    """Make a segment unless the cache has it; ``places`` are what errors call its sources.

    Raises ``MediaError`` when it cannot be made as ordered.
    """
    name = names.segment_object(order.key)
    if (there := _facts(cache, name)) is not None:
        return there
    began, pixels = time.monotonic(), order.frames * order.profile.width * order.profile.height
    with _work(cache) as work, ExitStack() as stack:
        sources = {sha256: _source(stack, cache, sha256, places) for sha256 in order.sources}
        output = work / "segment.mp4"
        segment.make_segment(order, sources, output, work, places)
        facts = check.check_segment(output, order, segment.named(order, places))
        cache.put(
            name,
            output,
            facts.metadata() | {"frames": str(order.frames), "pixels": str(pixels), "took": _since(began)},
        )
    return facts


def make_soundtrack(
    cache: Store, order: SoundtrackOrder, places: Mapping[str, str] = _NOWHERE
) -> StreamFacts:
    """Make a soundtrack unless the cache has it; ``places`` are what errors call what it is mixed from.

    Raises ``MediaError`` when it cannot be made as ordered.
    """
    name = names.soundtrack_object(order.key)
    if (there := _facts(cache, name)) is not None:
        return there
    began = time.monotonic()
    with _work(cache) as work, ExitStack() as stack:
        sources = {sha256: _source(stack, cache, sha256, places) for sha256 in order.sources}
        speech = None
        if order.speech is not None:
            recording = names.speech_object(order.speech.line_key, order.speech.extension)
            speech = _local(stack, cache, recording)
        output = work / "soundtrack.m4a"
        sound.mix(order, sources, speech, output, work, places)
        facts = check.check_soundtrack(output, order)
        cache.put(name, output, facts.metadata() | {"samples": str(order.samples), "took": _since(began)})
    return facts


def make_variant(
    cache: Store,
    output: Store,
    folder: str,
    name: str,
    order: VariantOrder,
    places: Mapping[str, str] = _NOWHERE,
) -> None:
    """Make ``<folder>/<name>.mp4`` with its poster and captions, and whatever part of it the cache lacks.

    The video is stored last: where it is, everything beside it is, unless somebody has deleted that since. Raises
    ``MediaError`` when it fails the gate.
    """
    base = f"{folder}/{name}"
    if all(output.stat(f"{base}{ending}") is not None for ending in order.endings):
        return
    facts = [make_segment(cache, part, places) for part in order.segments]
    soundtrack = make_soundtrack(cache, order.soundtrack, places) if order.soundtrack else None
    began = time.monotonic()
    with _work(output) as work, ExitStack() as stack:
        files = [_local(stack, cache, names.segment_object(part.key)) for part in order.segments]
        track = None
        if order.soundtrack is not None:
            track = _local(stack, cache, names.soundtrack_object(order.soundtrack.key))
        captions = None
        if order.speech is not None and names.CAPTIONS in order.endings:
            words = names.speech_object(order.speech.line_key, "json")
            with _needed(cache, words):
                recording = Recording.model_validate_json(cache.read(words))
            captions = work / "captions.vtt"
            captions.write_text(webvtt(cues(recording.words, order.duration_s)), encoding="utf-8")
        made = work / "variant.mp4"
        soft = captions if order.captions == "soft" else None
        segments = [(file, part.frames) for file, part in zip(files, order.segments, strict=True)]
        join.join(segments, order.profile.fps, track, soft, made, work, order.language)
        check.check_variant(made, order, facts, soundtrack, f"video {name}")
        if captions is not None:
            output.put(f"{base}{names.CAPTIONS}", captions)
        poster = names.poster_object(order.segments[0].key)
        if cache.stat(poster) is None:  # made once for all variants that begin with the same segment
            with _work(cache) as aside:
                join.poster(files[0], aside / "poster.jpg")
                cache.put(poster, aside / "poster.jpg")
        output.put(f"{base}{names.POSTER}", _local(stack, cache, poster))
        output.put(
            f"{base}{names.VIDEO}",
            made,
            {
                "key": order.key,
                "frames": str(order.frames),
                "duration": f"{order.duration_s:.3f}",
                "took": _since(began),
            },
        )


@contextmanager
def _work(store: Store) -> Iterator[Path]:
    """A scratch folder. Raises ``OutputError`` where what is made has no room in it."""
    with store.scratch() as work, disk_errors(f"{work} cannot be written", folder=scratch_root(work)):
        yield work


def _since(began_s: float) -> str:
    """For the metadata, by which the next run knows how long such a thing takes."""
    return f"{time.monotonic() - began_s:.3f}"


def _facts(cache: Store, name: str) -> StreamFacts | None:
    """What is known of a part that exists; None where it must be made."""
    there = cache.stat(name)
    if there is None:
        return None
    try:
        return StreamFacts.from_metadata(there.metadata)
    except (KeyError, ValueError):
        cache.delete(name)  # its record is lost: it is made again rather than trusted
        return None


def _source(stack: ExitStack, cache: Store, sha256: str, places: Mapping[str, str]) -> Path:
    """A file with a source's content, as ``_local``."""
    with _needed(cache, names.source_object(sha256), places.get(sha256)):
        return stack.enter_context(cache.local(names.source_object(sha256)))


def _local(stack: ExitStack, cache: Store, name: str) -> Path:
    """A file with an object's content, to be read as long as the stack lasts."""
    with _needed(cache, name):
        return stack.enter_context(cache.local(name))


@contextmanager
def _needed(cache: Store, name: str, place: str | None = None) -> Iterator[None]:
    try:
        yield
    except KeyError:
        what = f"{place}, kept in {cache.uri}," if place else f"{cache.uri}/{name}"
        message = f"{what} is gone: run the task again, which fetches or makes it anew"
        raise InputError(message) from None
