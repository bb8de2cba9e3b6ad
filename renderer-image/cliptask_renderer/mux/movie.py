"""What stands before the parts of a video, so that together they are one? Its header, by arithmetic over their tables.

::

    ftyp  moov  [XMP]  [claim]  mdat [captions]  soundtrack's file  first segment's file  second segment's file ...
    '-------------- the header ---------------'  '----------- whole files, as they lie in the cache -----------'

Nothing is decoded, and no byte of a part is read: their own indexes are dead bytes within the mdat. The sound comes
first, so that a player that reads from the beginning has all of it early; behind the pictures a browser fetched both
ends by turns. What beginning with it costs on a slow line is in docs/performance.md.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, groupby
from typing import TYPE_CHECKING, NoReturn

from cliptask import recipe
from cliptask.errors import MediaError
from cliptask.orders import SourceType
from cliptask_renderer.mux import captions
from cliptask_renderer.mux.boxes import box, full_box, words
from cliptask_renderer.mux.tables import Chunk, Part, Run, Track, joined, runs
from cliptask_renderer.mux.xmp import xmp_box

if TYPE_CHECKING:
    from cliptask.captions import Cue  # Unicode's tables

_BRANDS = box(b"ftyp", b"isom", (512).to_bytes(4), b"isomiso2avc1mp41")
_MATRIX = words([0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000])
"""Neither moved nor turned."""
_NARROW = 1 << 32
"""Positions below it have 32 bits, which every player reads."""
_WIDER = 4
"""Bytes that a position takes more otherwise."""
_HEAD, _WIDE_HEAD = 8, 16
"""Bytes of a box's kind and size."""
_UNDETERMINED = "und"


@dataclass(frozen=True, slots=True)
class Movie:
    """A video that need not exist as one file: ``head``, then the parts."""

    head: bytes
    parts: tuple[Part, ...]
    """In the order in which they follow: the soundtrack, if there is one, and the segments."""

    @property
    def size_bytes(self) -> int:
        """Of the whole."""
        return len(self.head) + sum(part.size_bytes for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Row:
    """A track of the video; positions count from the end of the header."""

    track: Track
    handler: tuple[bytes, bytes]
    media: bytes
    """The header of its kind of media."""
    language: str = _UNDETERMINED
    group: int = 0
    volume: int = 0


def movie(
    segments: Sequence[Part],
    soundtrack: Part | None = None,
    cues: Sequence[Cue] = (),
    language: str | None = None,
    source_type: SourceType | None = None,
    claim: bytes | None = None,
) -> Movie:
    """Segments in a row, a soundtrack and, if there are any, soft captions as one video.

    ``language`` is that of sound and captions, three letters as ISO 639-2/T has them; ``source_type`` is what the metadata
    say, if anything; ``claim`` is a signed box, or an empty one that waits for it. The same arguments give the same bytes. Raises
    ``MediaError`` for segments that cannot follow each other.
    """
    spoken = language or _UNDETERMINED
    parts = (*filter(None, [soundtrack]), *segments)
    played = sum(segment.track.played for segment in segments)
    texts = captions.text_samples(cues, played * captions.TIMESCALE // segments[0].track.timescale)
    begins = list(
        accumulate((part.size_bytes for part in parts), initial=sum(len(text.content) for text in texts))
    )
    pictures = begins[len(parts) - len(segments) :]
    rows = [
        _Row(_in_a_row(segments, pictures), (b"vide", b"VideoHandler"), full_box(b"vmhd", bytes(8), flags=1))
    ]
    if soundtrack is not None:
        sound = replace(soundtrack.track, chunks=_moved(soundtrack.track.chunks, begins[0]))
        rows.append(_Row(sound, (b"soun", b"SoundHandler"), full_box(b"smhd", bytes(4)), spoken, 1, 0x100))
    if texts:
        rows.append(_Row(_text(texts), (b"sbtl", b"SubtitleHandler"), full_box(b"nmhd"), spoken, 3))
    try:
        extra = (xmp_box(source_type) if source_type else b"") + (claim or b"")
        content = b"".join(text.content for text in texts)
        return Movie(_head(rows, extra, content, begins[-1], is_claimed=claim is not None), parts)
    except (struct.error, OverflowError) as error:
        message = f"the parts of a video hold numbers that no header has room for: {error}"
        raise MediaError(message) from error


def _in_a_row(segments: Sequence[Part], begins: Sequence[int]) -> Track:
    """The segments' samples one after the other; their files begin at ``begins``."""
    # Of fewer than three pictures the encoder reorders none: they are shown as soon as they are decoded.
    latest = max(segment.track.begin for segment in segments)
    tracks = [segment.track.begun_at(latest) for segment in segments]
    first = tracks[0]
    for number, track in enumerate(tracks, 1):
        if track.entry != first.entry:
            _refuse(number, "has other parameter sets than the first")
        if (track.kind, track.timescale) != ("video", first.timescale):
            _refuse(number, "has another clock than the first")
        if track.keyframes is not None and track.keyframes[:1] != (1,):
            _refuse(number, "does not begin with a keyframe")
    before = accumulate((len(track.sizes) for track in tracks), initial=0)
    keyframes = [
        number + frames
        for track, frames in zip(tracks, before, strict=False)
        for number in track.keyframes or range(1, len(track.sizes) + 1)
    ]
    moved = (_moved(track.chunks, begin) for track, begin in zip(tracks, begins, strict=False))
    return replace(
        first,
        sizes=tuple(size for track in tracks for size in track.sizes),
        durations=joined(track.durations for track in tracks),
        offsets=joined(track.offsets or (Run(len(track.sizes), 0),) for track in tracks),
        keyframes=tuple(keyframes),
        chunks=tuple(chunk for chunks in moved for chunk in chunks),
        played=sum(track.played for track in tracks),
    )


def _moved(chunks: Sequence[Chunk], by: int) -> tuple[Chunk, ...]:
    return tuple(Chunk(chunk.position + by, chunk.samples) for chunk in chunks)


def _text(texts: Sequence[captions.TextSample]) -> Track:
    """Captions, which lie at the end of the header."""
    played = sum(text.duration for text in texts)
    return Track(
        kind="video",
        timescale=captions.TIMESCALE,
        entry=captions.ENTRY,
        sizes=tuple(len(text.content) for text in texts),
        durations=runs(text.duration for text in texts),
        offsets=(),
        keyframes=None,
        chunks=(Chunk(0, len(texts)),),
        begin=0,
        played=played,
    )


def _head(
    rows: Sequence[_Row], extra: bytes, content: bytes, follows_bytes: int, *, is_claimed: bool
) -> bytes:
    """Everything before the parts, of which ``follows_bytes`` follow, ``content`` among them; ``extra`` are whole boxes after the index.

    Its size hangs on the number of positions and not on their values, so that it is put together once to be measured. A claim
    is over the media from their box' 16th byte on: where there is one, they begin there.
    """
    tables = [_tables(row.track) for row in rows]
    index_bytes = len(_index(rows, tables, 0, wide=True))
    is_wide = len(_BRANDS) + index_bytes + len(extra) + _WIDE_HEAD + follows_bytes >= _NARROW
    if not is_wide:
        index_bytes -= sum(len(row.track.chunks) for row in rows) * _WIDER
    if is_wide or is_claimed:
        data = (1).to_bytes(4) + b"mdat" + (follows_bytes + _WIDE_HEAD).to_bytes(8)
    else:
        data = (follows_bytes + _HEAD).to_bytes(4) + b"mdat"
    begin = len(_BRANDS) + index_bytes + len(extra) + len(data)
    return _BRANDS + _index(rows, tables, begin, wide=is_wide) + extra + data + content


def _index(rows: Sequence[_Row], tables: Sequence[bytes], begin: int, *, wide: bool) -> bytes:
    """The moov of tracks with their ``_tables``, whose positions count from ``begin``."""
    lengths = [_in_movie(row.track) for row in rows]
    header = full_box(
        b"mvhd", bytes(8), words([recipe.TIMESCALE, max(lengths), 0x1_0000]), b"\1\0" + bytes(10), _MATRIX, bytes(24), words([len(rows) + 1])
    )  # fmt: skip
    tracks = (
        box(
            b"trak",
            _track_header(row, number, length),
            _edits(row.track, length),
            _media(row, box(b"stbl", table, _places(row.track, begin, wide=wide), row.track.groups)),
        )
        for number, (row, table, length) in enumerate(zip(rows, tables, lengths, strict=True), 1)
    )
    return box(b"moov", header, *tracks)


def _in_movie(track: Track) -> int:
    """How long a track is played, in ticks of the video."""
    return track.played * recipe.TIMESCALE // track.timescale


def _track_header(row: _Row, number: int, length: int) -> bytes:
    size = words([row.track.width << 16, row.track.height << 16])
    layer = bytes(2) + row.group.to_bytes(2) + row.volume.to_bytes(2) + bytes(2)
    return full_box(b"tkhd", bytes(8), words([number, 0, length]), bytes(8), layer, _MATRIX, size, flags=3)


def _edits(track: Track, length: int) -> bytes:
    return box(b"edts", full_box(b"elst", words([1, length, track.begin, 0x1_0000])))


def _media(row: _Row, samples: bytes) -> bytes:
    letters = sum(
        (ord(letter) - 0x60) << shift for letter, shift in zip(row.language, (10, 5, 0), strict=True)
    )
    clock = words([row.track.timescale, row.track.duration])
    kind, name = row.handler
    return box(
        b"mdia",
        full_box(b"mdhd", bytes(8), clock, letters.to_bytes(2), bytes(2)),
        full_box(b"hdlr", bytes(4), kind, bytes(12), name, b"\0"),
        box(b"minf", row.media, _HERE, samples),
    )


_HERE = box(b"dinf", full_box(b"dref", words([1]), full_box(b"url ", flags=1)))
"""Samples lie in this file."""


def _tables(track: Track) -> bytes:
    """All that is told of the samples but where they lie."""
    tables = [full_box(b"stsd", words([1]), track.entry), full_box(b"stts", _counted(track.durations))]
    if track.keyframes is not None:
        tables.append(full_box(b"stss", words([len(track.keyframes), *track.keyframes])))
    if any(run.value for run in track.offsets):
        signed = any(run.value < 0 for run in track.offsets)
        offsets = [Run(run.samples, run.value % _NARROW) for run in track.offsets]
        tables.append(full_box(b"ctts", _counted(offsets), version=signed))
    firsts = [
        (first, samples)
        for samples, same in groupby(enumerate(track.chunks, 1), lambda each: each[1].samples)
        for first, _ in [next(same)]
    ]
    tables += [
        full_box(
            b"stsc",
            words([len(firsts), *chain.from_iterable((first, samples, 1) for first, samples in firsts)]),
        ),
        full_box(b"stsz", words([0, len(track.sizes), *track.sizes])),
    ]
    return b"".join(tables)


def _places(track: Track, begin: int, *, wide: bool) -> bytes:
    """Where the chunks lie."""
    places = [begin + chunk.position for chunk in track.chunks]
    if wide:
        return full_box(b"co64", words([len(places)]), b"".join(place.to_bytes(8) for place in places))
    return full_box(b"stco", words([len(places), *places]))


def _counted(pairs: Sequence[Run]) -> bytes:
    return words([len(pairs), *chain.from_iterable(pairs)])


def _refuse(number: int, evidence: str) -> NoReturn:
    message = f"segment number {number} {evidence}: they cannot be joined"
    raise MediaError(message)
