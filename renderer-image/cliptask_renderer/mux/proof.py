"""Does a header say exactly what its parts hold? Read back by the reader of parts, which knows nothing of how it was written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NoReturn

from cliptask import recipe
from cliptask.errors import MediaError
from cliptask.orders import SourceType
from cliptask_renderer.mux.boxes import children
from cliptask_renderer.mux.movie import Movie
from cliptask_renderer.mux.tables import Chunk, Part, Run, Track, joined, read_movie
from cliptask_renderer.mux.xmp import source_type_in


def prove(made: Movie, frames: int, fps: int, what: str, source_type: SourceType | None = None) -> None:
    """Refuse a video that does not show ``frames`` pictures in equal steps, each the one that its segment has there.

    Every sample must lie within the part that it belongs to, at the place and with the size, the time and the keyframe
    that the part's own index has, under the same parameter sets; the sound likewise, and as long as the pictures. The metadata must
    say this ``source_type``, or nothing. What a part holds was proven when it was made. Raises ``MediaError`` with the evidence.
    """
    told = source_type_in(made.head, what)
    if told != source_type:
        _refuse(what, f"says {told} of its source where {source_type} was ordered")
    boxes = dict(children(made.head))
    tracks = {track.kind: track for track in read_movie(boxes.get(b"moov", b""), what)}
    begins = list(accumulate((part.size_bytes for part in made.parts), initial=len(made.head)))
    sounds = [pair for pair in zip(made.parts, begins, strict=False) if pair[0].track.kind == "sound"]
    pictures = [pair for pair in zip(made.parts, begins, strict=False) if pair[0].track.kind == "video"]
    if set(tracks) != {part.track.kind for part in made.parts}:
        _refuse(what, f"has tracks of {sorted(tracks)} where its parts are others")
    _prove_track(tracks["video"], pictures, what)
    _prove_pictures(tracks["video"], frames, fps, what)
    if sounds:
        _prove_track(tracks["sound"], sounds, what)
        _prove_sound(tracks["sound"], frames, fps, what)


def _prove_track(whole: Track, parts: Sequence[tuple[Part, int]], what: str) -> None:
    """The samples of a track are those of its parts in a row."""
    begin = max(part.track.begin for part, _ in parts)
    tracks = [part.track.begun_at(begin) if whole.kind == "video" else part.track for part, _ in parts]
    for name in ("entry", "timescale", "begin", "groups"):
        if any(getattr(track, name) != getattr(whole, name) for track in tracks):
            _refuse(what, f"has another {name} of its {whole.kind} than its parts")
    chunks = [
        Chunk(chunk.position + begin, chunk.samples) for part, begin in parts for chunk in part.track.chunks
    ]
    if list(whole.chunks) != chunks or list(whole.sizes) != [
        size for track in tracks for size in track.sizes
    ]:
        _refuse(what, f"has its {whole.kind} elsewhere than its parts have it")
    if whole.durations != joined(track.durations for track in tracks):
        _refuse(what, f"has other times of its {whole.kind} than its parts")
    if _shown(whole) != joined(_shown(track) for track in tracks) or _keys(whole) != [
        key + before
        for track, before in zip(
            tracks, accumulate((len(each.sizes) for each in tracks), initial=0), strict=False
        )
        for key in _keys(track)
    ]:
        _refuse(what, f"shows its {whole.kind} in another order than its parts")


def _prove_pictures(video: Track, frames: int, fps: int, what: str) -> None:
    """Decoded and shown in equal steps, the first picture at zero."""
    step = recipe.TIMESCALE // fps
    if video.durations != (Run(frames, step),):
        _refuse(what, f"has {len(video.sizes)} frames where {frames} at {fps} a second were ordered")
    delays = (run.value for run in video.offsets for _ in range(run.samples))
    shown = sorted(number * step + delay - video.begin for number, delay in enumerate(delays))
    if video.offsets and shown != list(range(0, frames * step, step)):
        _refuse(what, "shows its pictures in unequal steps")
    if video.played != frames * step:
        _refuse(what, f"plays {video.played} ticks of {frames * step}")


def _prove_sound(sound: Track, frames: int, fps: int, what: str) -> None:
    """As long as the pictures, within a frame of AAC."""
    samples = frames * sound.timescale // fps
    if abs(sound.played - samples) >= recipe.AAC_FRAME:
        rate = sound.timescale
        _refuse(what, f"has sound of {sound.played / rate:.3f} s over pictures of {samples / rate:.3f} s")


def _shown(track: Track) -> tuple[Run, ...]:
    return track.offsets or (Run(len(track.sizes), 0),)


def _keys(track: Track) -> list[int]:
    return list(track.keyframes if track.keyframes is not None else range(1, len(track.sizes) + 1))


def _refuse(what: str, evidence: str) -> NoReturn:
    message = f"{what} {evidence}"
    raise MediaError(message)
