"""How is a thing of a work order made? Its inputs come from the store, the thing is made, checked and stored.

Everything here may run twice, at once or after a crash: what exists is not made again, and what is stored is whole.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from cliptask import names
from cliptask.errors import MediaError, PartLost
from cliptask.orders import NamedVariant, PartOrder, SegmentOrder, SoundtrackOrder, VariantOrder
from cliptask_renderer.memory import peak_bytes, peak_bytes_of_programs
from cliptask_renderer.mux.movie import Movie, movie
from cliptask_renderer.mux.proof import prove
from cliptask_renderer.parts import (
    StoredPart,
    part_in,
    put_together,
    refuse_damaged,
    sha256_of,
    store_part,
    stored_part,
)
from cliptask_renderer.recordings import needed, words_of
from cliptask_renderer.storage.base import NamedObjects
from cliptask_renderer.storage.disk_errors import disk_errors
from cliptask_renderer.storage.scratch import scratch_root

if TYPE_CHECKING:
    from cliptask.captions import Cue
    from cliptask.facts import Word

_NOWHERE: Mapping[str, str] = MappingProxyType({})

_KNOWN: dict[tuple[str, str], StoredPart] = {}
"""Parts that this process has seen, by cache and name: ten thousand videos share a few hundred, and ask for each once."""
_MOST_KNOWN = 1024


def make_segment(
    cache: NamedObjects, order: SegmentOrder, places: Mapping[str, str] = _NOWHERE
) -> StoredPart:
    """Make a segment unless the cache has it, and first the one that it takes pictures of; ``places`` are what errors call its sources.

    Raises ``MediaError`` when it cannot be made as ordered.
    """
    name = names.segment_object(order.key)
    if (there := stored_part(cache, name)) is not None:
        return there
    from cliptask_renderer.media import captioned  # noqa: PLC0415  numpy, of which a Job that joins has no need

    read = order.captions.words if order.captions else ()
    words = {name: _words(_Words(cache.uri, name, cache)) for name in read}
    said = captioned.groups_said(order, words)
    plain = None if said == order.groups else make_segment(cache, order.plain, places)
    began, before = time.monotonic(), peak_bytes()
    with _work(cache) as work, ExitStack() as stack:
        making = _Making(order, cache, places, stack, work)
        file = making.encoded(words, said) if plain is None else making.mixed(words, said, plain)
        if not order.is_seam:
            _store_picture(cache, order, file, work)
        pixels = order.frames * order.profile.width * order.profile.height
        # What is copied takes no time: it tells nothing of what encoding takes.
        took = {"took": _since(began)} if plain is None else {}
        noted = {"frames": str(order.frames), "pixels": str(pixels), **took, **_memory(before)}
        return store_part(cache, name, file, noted)


def make_together(
    cache: NamedObjects, group: Sequence[SegmentOrder], places: Mapping[str, str] = _NOWHERE
) -> None:
    """Make the segments of a group (``decoding.decoded_together``) that the cache lacks in one run, if it lacks several.

    Raises as ``make_segment``, not telling which of them is to blame.
    """
    lacking = [each for each in group if stored_part(cache, names.segment_object(each.key)) is None]
    if len(lacking) < 2:  # noqa: PLR2004  one is made alone
        return
    from cliptask_renderer.media import check, graph, segment  # noqa: PLC0415  as above

    began, before = time.monotonic(), peak_bytes()
    with _work(cache) as work, ExitStack() as stack:
        needs = dict.fromkeys(sha256 for each in lacking for sha256 in each.sources)
        sources = {sha256: _source(stack, cache, sha256, places) for sha256 in needs}
        made = segment.make_together(lacking, sources, work, places)
        took_s, memory = time.monotonic() - began, _memory(before)
        areas = [each.profile.width * each.profile.height for each in lacking]
        for order, encoded, area in zip(lacking, made, areas, strict=True):
            check.check_segment(
                encoded.file, encoded.packets, order, graph.named(order, places), order.frames
            )
            _store_picture(cache, order, encoded.file, work)
            # Each has its share of what they took together.
            share = area / sum(areas)
            noted = {
                "frames": str(order.frames),
                "pixels": str(order.frames * area),
                "took": f"{took_s * share:.3f}",
                **{name: str(round(int(value) * share)) for name, value in memory.items()},
            }
            store_part(cache, names.segment_object(order.key), encoded.file, noted)


@dataclass(frozen=True)
class _Making:
    """A segment in the making."""

    order: SegmentOrder
    cache: NamedObjects
    places: Mapping[str, str]
    stack: ExitStack
    work: Path

    def encoded(self, words: Mapping[str, Sequence[Word]], groups: Sequence[range]) -> Path:
        """These groups of its pictures in a row, checked."""
        from cliptask_renderer.media import check, graph, segment  # noqa: PLC0415  as above

        order, places = self.order, self.places
        sources = {sha256: _source(self.stack, self.cache, sha256, places) for sha256 in order.sources}
        made = segment.make_segment(order, sources, self.work, places, words, groups)
        frames = sum(map(len, groups))
        check.check_segment(made.file, made.packets, order, graph.named(order, places), frames)
        return made.file

    def mixed(self, words: Mapping[str, Sequence[Word]], said: Sequence[range], plain: StoredPart) -> Path:
        """The groups that are ``said``, encoded, and the others of the ``plain`` segment. Raises ``PartLost`` where that was damaged."""
        from cliptask_renderer.media import captioned, graph  # noqa: PLC0415  as above

        refuse_damaged(self.cache, [plain])
        made, what = self.work / "mixed.mp4", graph.named(self.order, self.places)
        new = None
        if said:
            encoded = self.encoded(words, said)
            new = (encoded, part_in(encoded, what))
        old = (_local(self.stack, self.cache, plain.name), plain.part)
        captioned.mix(self.order, said, new, old, made, what)
        return made


def make_picture(cache: NamedObjects, order: SegmentOrder) -> None:
    """Make what stands for a segment, which the cache has, unless that is there too.

    Raises ``PartLost`` where the segment was damaged since it was made, and removes that, so that it is made again.
    """
    if cache.stat(names.picture_object(order.key)) is not None:
        return
    segment = names.segment_object(order.key)
    with _work(cache) as work, ExitStack() as stack:
        file = _local(stack, cache, segment)
        try:
            _store_picture(cache, order, file, work)
        except MediaError as error:
            if (part := stored_part(cache, segment)) is not None:
                refuse_damaged(cache, [part], error)
            raise


def _store_picture(cache: NamedObjects, order: SegmentOrder, segment: Path, work: Path) -> None:
    """It comes before its segment: where that is, its picture is, unless somebody has deleted it since."""
    from cliptask_renderer.media.storyboard import picture  # noqa: PLC0415  as above

    picture(segment, work / "picture.jpg")
    cache.put(names.picture_object(order.key), work / "picture.jpg")


def make_soundtrack(
    cache: NamedObjects, order: SoundtrackOrder, places: Mapping[str, str] = _NOWHERE
) -> StoredPart:
    """Make a soundtrack unless the cache has it; ``places`` are what errors call what it is mixed from.

    Raises ``MediaError`` when it cannot be made as ordered.
    """
    name = names.soundtrack_object(order.key)
    if (there := stored_part(cache, name)) is not None:
        return there
    from cliptask_renderer.media import check, sound  # noqa: PLC0415  as above

    began, before = time.monotonic(), peak_bytes()
    with _work(cache) as work, ExitStack() as stack:
        sources = {sha256: _source(stack, cache, sha256, places) for sha256 in order.sources}
        recordings = {
            each.line_key: _local(stack, cache, names.speech_object(each.line_key, each.extension))
            for each in order.speech
        }
        output = work / "soundtrack.m4a"
        sound.mix(order, sources, recordings, output, work, places)
        check.check_soundtrack(output, order)
        noted = {"samples": str(order.samples), "took": _since(began), **_memory(before)}
        return store_part(cache, name, output, noted)


def make_variant(
    cache: NamedObjects,
    output: NamedObjects,
    folder: str,
    name: str,
    order: VariantOrder,
    places: Mapping[str, str] = _NOWHERE,
    secrets: str = "",
) -> None:
    """Make ``<folder>/<name>.mp4``, and whatever part of it the cache lacks; ``secrets`` are as of a ``WorkOrder``.

    Raises ``MediaError`` when it fails the gate, and ``PartLost`` for a part that was damaged since it was made.
    """
    video = NamedVariant(name=f"{folder}/{name}", order=order)
    made = partial(_made, cache, places)
    try:
        _join(cache, output, video, made, secrets)
    except KeyError:
        # A part has been removed since this process saw it: it looks again.
        _join(cache, output, video, made, secrets)


def join_variant(
    cache: NamedObjects, output: NamedObjects, folder: str, name: str, order: VariantOrder, secrets: str = ""
) -> None:
    """As ``make_variant``, of parts that the cache has: none is made. Raises ``PartLost`` for one that it lacks, too."""

    def refuse(part: PartOrder) -> NoReturn:
        raise _lost(cache, _name(part))

    try:
        _join(cache, output, NamedVariant(name=f"{folder}/{name}", order=order), refuse, secrets)
    except KeyError as error:
        raise _lost(cache, error.args[0]) from error


def _lost(cache: NamedObjects, name: str) -> PartLost:
    return PartLost(
        f"{cache.uri}/{name} is gone, or what was known of it: run the task again, which makes it anew"
    )


def _join(
    cache: NamedObjects,
    output: NamedObjects,
    video: NamedVariant,
    made: Callable[[PartOrder], StoredPart],
    secrets: str,
) -> None:
    """``made``: what the cache lacks. Raises ``KeyError`` where a part is gone that this process has seen."""
    order, name = video.order, f"{video.name}{names.VIDEO}"
    orders = order.parts
    there = [seen(cache, each) for each in orders]
    # Nothing is made for a video that is there. Where all is made already, the store looks: it keeps the one that it has.
    if None in there and output.stat(name) is not None:
        return
    parts = [found or made(each) for found, each in zip(there, orders, strict=True)]
    segments, soundtracks = parts[: len(order.segments)], parts[len(order.segments) :]
    began, before = time.monotonic(), peak_bytes() if _is_alone() else 0
    make = partial(
        movie,
        [each.part for each in segments],
        soundtracks[0].part if soundtracks else None,
        _cues(cache, order),
        order.language,
        order.source_type,
    )
    try:
        joined = _signed(cache, make, [*soundtracks, *segments], video, secrets)
        prove(
            joined, order.frames, order.profile.fps, f"video {PurePath(video.name).name}", order.source_type
        )
        noted = {
            "key": order.key, "frames": str(order.frames), "duration": f"{order.duration_s:.3f}", "took": _since(began),
            **_memory(before),
        }  # fmt: skip
        put_together(output, name, joined.head, cache, [*soundtracks, *segments], noted)
    except (KeyError, MediaError) as error:
        for each in parts:
            _KNOWN.pop((cache.uri, each.name), None)
        if isinstance(error, MediaError):
            refuse_damaged(cache, parts, error)
        raise


def _signed(
    cache: NamedObjects,
    make: Callable[..., Movie],
    parts: Sequence[StoredPart],
    video: NamedVariant,
    secrets: str,
) -> Movie:
    """The video with the credentials that it is to have, if any. Raises ``SetupError`` where its Secret has nothing to sign with."""
    if (credentials := video.order.credentials) is None:
        return make()
    from cliptask_renderer.signing.binding import Block  # noqa: PLC0415  of which a video without them has no need
    from cliptask_renderer.signing.certificate import known_certificate  # noqa: PLC0415  as above
    from cliptask_renderer.signing.video import signed  # noqa: PLC0415  as above

    blocks = [Block(each.part.size_bytes, sha256_of(cache, each)) for each in parts]
    return signed(make, blocks, video, known_certificate(secrets, credentials.signer))


def seen(cache: NamedObjects, order: PartOrder) -> StoredPart | None:
    """A part that is there, or was when this process last looked."""
    name = _name(order)
    if (known := _KNOWN.get((cache.uri, name))) is not None:
        return known
    there = stored_part(cache, name)
    return there and _remembered(cache, there)


def _made(cache: NamedObjects, places: Mapping[str, str], order: PartOrder) -> StoredPart:
    if isinstance(order, SegmentOrder):
        return _remembered(cache, make_segment(cache, order, places))
    return _remembered(cache, make_soundtrack(cache, order, places))


def _name(order: PartOrder) -> str:
    name = names.segment_object if isinstance(order, SegmentOrder) else names.soundtrack_object
    return name(order.key)


def _remembered(cache: NamedObjects, part: StoredPart) -> StoredPart:
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    return _KNOWN.setdefault((cache.uri, part.name), part)


def _cues(cache: NamedObjects, order: VariantOrder) -> tuple[Cue, ...]:
    """What is said when, where the video is to show it."""
    if order.captions is None:
        return ()
    from cliptask_renderer.recordings import cues_of  # noqa: PLC0415  as there

    return cues_of(order.captions, lambda name: _words(_Words(cache.uri, name, cache)))


@dataclass(frozen=True)
class _Words:
    """Of a recording or a clip's captions: the same for whichever store object of a place leads there."""

    uri: str
    name: str
    cache: NamedObjects = field(compare=False)


@lru_cache(maxsize=64)
def _words(words: _Words) -> tuple[Word, ...]:
    return words_of(words.cache, words.name)


@contextmanager
def _work(store: NamedObjects) -> Iterator[Path]:
    """A scratch folder. Raises ``OutputError`` where what is made has no room in it."""
    with store.scratch() as work, disk_errors(f"{work} cannot be written", folder=scratch_root(work)):
        yield work


def _since(began_s: float) -> str:
    """For the metadata, by which the next run knows how long such a thing takes."""
    return f"{time.monotonic() - began_s:.3f}"


def _memory(before_bytes: int) -> dict[str, str]:
    """For the metadata, by which the next Job of such a thing gets its memory.

    Empty where something else took as much before in this process, or takes some beside it: what this took is not known
    then. A video is joined without another program, and takes no more than its process has had where that has run none.
    """
    if not _is_alone():
        return {}
    peak, has_joined_only = peak_bytes(), not peak_bytes_of_programs()
    return {"memory": str(peak)} if peak > before_bytes or has_joined_only else {}


def _is_alone() -> bool:
    """Whether this process does nothing else: a thread of it is one of several."""
    return threading.current_thread() is threading.main_thread()


def _source(stack: ExitStack, cache: NamedObjects, sha256: str, places: Mapping[str, str]) -> Path:
    """A file with a source's content, as ``_local``."""
    with needed(cache, names.source_object(sha256), places.get(sha256)):
        return stack.enter_context(cache.local(names.source_object(sha256)))


def _local(stack: ExitStack, cache: NamedObjects, name: str) -> Path:
    """A file with an object's content, to be read as long as the stack lasts."""
    with needed(cache, name):
        return stack.enter_context(cache.local(name))
