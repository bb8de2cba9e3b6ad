"""Which samples does a part hold, and where? A segment's or a soundtrack's index (moov), read once."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise
from typing import Literal, NamedTuple, NoReturn

from cliptask.errors import MediaError
from cliptask_renderer.mux.boxes import box, child, children

_KINDS: dict[bytes, Literal["video", "sound"]] = {b"vide": "video", b"soun": "sound"}
_ENTRY_HEADS = {b"avc1": 78, b"mp4a": 28}
"""Bytes of a sample description before the boxes within it."""
_FULL = 4
"""Bytes of version and flags."""
_MOST_SAMPLES = 1 << 23
"""Of a track: two days of sound. A damaged number would else take all of the machine's memory."""


class Run(NamedTuple):
    """So many samples in a row with the same value."""

    samples: int
    value: int


class Chunk(NamedTuple):
    """Samples that lie one after the other."""

    position: int
    """Of its first byte in the file."""
    samples: int


@dataclass(frozen=True, slots=True)
class Track:
    """The samples of a track in decoding order; times in ticks of its own clock."""

    kind: Literal["video", "sound"]
    timescale: int
    """Ticks in a second."""
    entry: bytes
    """How to decode them: one box such as ``avc1`` with its parameter sets; without the bit rate, which is a part's own."""
    sizes: tuple[int, ...]
    """Bytes of each."""
    durations: tuple[Run, ...]
    offsets: tuple[Run, ...]
    """From when a sample is decoded to when it is shown; empty where that is the same."""
    keyframes: tuple[int, ...] | None
    """Numbers of those that need no other, from 1; None: all."""
    chunks: tuple[Chunk, ...]
    begin: int
    """When on the track's clock the part begins: what is before is decoded and not played."""
    played: int
    """How long it is played from there, in ticks."""
    width: int = 0
    height: int = 0
    groups: bytes = b""
    """Boxes of groups of samples, as they are: how long sound must be decoded before it is right."""

    def begun_at(self, begin: int) -> Track:
        """The same samples, shown so much later on the track's clock that its part begins then."""
        if begin == self.begin:
            return self
        shown = self.offsets or (Run(len(self.sizes), 0),)
        later = tuple(Run(run.samples, run.value + begin - self.begin) for run in shown)
        return replace(self, begin=begin, offsets=later)

    @property
    def duration(self) -> int:
        """Of all samples."""
        return sum(run.samples * run.value for run in self.durations)

    @property
    def places(self) -> tuple[int, ...]:
        """Where each sample begins in the file."""
        places: list[int] = []
        sizes = iter(self.sizes)
        for position, samples in self.chunks:
            inside = accumulate((next(sizes) for _ in range(samples)), initial=position)
            places.extend(place for place, _ in zip(inside, range(samples), strict=False))
        return tuple(places)


@dataclass(frozen=True, slots=True)
class Part:
    """A file of one track, to be taken over whole."""

    size_bytes: int
    track: Track


def read_part(moov: bytes, size_bytes: int, what: str) -> Part:
    """A part by the content of its index. Raises ``MediaError`` for anything but one whole track in one file."""
    tracks = [content for kind, content in children(moov) if kind == b"trak"]
    if len(tracks) != 1:
        _refuse(what, f"has {len(tracks)} tracks where one belongs")
    (part, *_) = read_movie(moov, what) or _refuse(what, "has neither pictures nor sound")
    if any(place + size > size_bytes for place, size in zip(part.places, part.sizes, strict=True)):
        _refuse(what, f"ends after {size_bytes:,} bytes, before its samples do")
    return Part(size_bytes, part)


def read_movie(moov: bytes, what: str) -> tuple[Track, ...]:
    """The tracks of pictures and sound of an index. Raises ``MediaError`` for what is not such as we write them."""
    try:
        movie_timescale = _clock(_needed(moov, what, b"mvhd"))[0]
        tracks = (content for kind, content in children(moov) if kind == b"trak")
        read = (_track(content, movie_timescale, what) for content in tracks)
        return tuple(track for track in read if track is not None)
    except (struct.error, ValueError, IndexError) as error:
        message = f"{what} has a broken index: {error}"
        raise MediaError(message) from error


def runs(values: Iterable[int]) -> tuple[Run, ...]:
    """Values with how often each comes in a row."""
    return tuple(Run(sum(1 for _ in same), value) for value, same in groupby(values))


def joined(parts: Iterable[Sequence[Run]]) -> tuple[Run, ...]:
    """Runs one after the other, those that go on in the next part as one; within a part none does."""
    found: list[Run] = []
    for part in parts:
        if found and part and found[-1].value == part[0].value:
            found[-1] = Run(found[-1].samples + part[0].samples, part[0].value)
            found.extend(part[1:])
        else:
            found.extend(part)
    return tuple(found)


def _track(trak: bytes, movie_timescale: int, what: str) -> Track | None:
    media, table = _needed(trak, what, b"mdia"), _needed(trak, what, b"mdia", b"minf", b"stbl")
    kind = _KINDS.get(_needed(media, what, b"hdlr")[8:12])
    if kind is None:
        return None
    timescale, duration = _clock(_needed(media, what, b"mdhd"))
    sizes = _sizes(_needed(table, what, b"stsz"), what)
    durations = _runs(_needed(table, what, b"stts"), "I")
    offsets = child(table, b"ctts")
    keyframes = child(table, b"stss")
    header = _needed(trak, what, b"tkhd")
    begin, played = _edit(child(trak, b"edts", b"elst"), what)
    track = Track(
        kind,
        timescale,
        _entry(_needed(table, what, b"stsd"), what),
        sizes,
        durations,
        _runs(offsets, "i" if offsets[0] else "I") if offsets else (),
        _numbers(keyframes, "I") if keyframes is not None else None,
        _chunks(table, what),
        begin,
        duration if played is None else played * timescale // movie_timescale,
        int.from_bytes(header[-8:-4]) >> 16,
        int.from_bytes(header[-4:]) >> 16,
        b"".join(box(each, content) for each, content in children(table) if each in {b"sgpd", b"sbgp"}),
    )
    counts = {
        len(sizes),
        *(sum(run.samples for run in each) for each in (durations, offsets and track.offsets) if each),
    }
    if len(counts | {sum(chunk.samples for chunk in track.chunks)}) != 1:
        _refuse(what, "has tables that do not agree about its number of samples")
    return track


def _clock(header: bytes) -> tuple[int, int]:
    """Ticks in a second and their number, of mvhd or mdhd."""
    wide = header[0]
    timescale, ticks = (
        struct.unpack_from(">IQ", header, 20) if wide else struct.unpack_from(">II", header, 12)
    )
    if not timescale:
        message = "a clock stands still"
        raise ValueError(message)
    return timescale, ticks


def _edit(elst: bytes | None, what: str) -> tuple[int, int | None]:
    """Where playing begins, in the track's ticks, and how long it lasts, in the movie's; None: to the end."""
    if elst is None:
        return 0, None
    if int.from_bytes(elst[4:8]) != 1:
        _refuse(what, "has an edit list of several parts")
    length, begin = struct.unpack_from(">Qq" if elst[0] else ">Ii", elst, 8)
    return begin, length


def _entry(stsd: bytes, what: str) -> bytes:
    entries = list(children(stsd[8:]))
    kind, content = entries[0] if len(entries) == 1 else (b"", b"")
    if kind not in _ENTRY_HEADS:
        _refuse(
            what,
            f"has samples of {[each.decode('latin-1') for each, _ in entries]}, which are not joined here",
        )
    head = _ENTRY_HEADS[kind]
    inner = (box(each, inside) for each, inside in children(content[head:]) if each != b"btrt")
    return box(kind, content[:head], *inner)


def _sizes(stsz: bytes, what: str) -> tuple[int, ...]:
    every, count = struct.unpack_from(">II", stsz, _FULL)
    if count > _MOST_SAMPLES:
        _refuse(what, f"announces {count:,} samples, at most {_MOST_SAMPLES:,} are read")
    sizes = (every,) * count if every else _numbers(stsz[_FULL:], "I")
    if not sizes:
        _refuse(what, "has no samples")
    return sizes


def _numbers(table: bytes, kind: str) -> tuple[int, ...]:
    """The numbers of a table that begins with four bytes and their count."""
    return tuple(number for (number,) in _rows(table, kind))


def _rows(table: bytes, kinds: str) -> list[tuple[int, ...]]:
    """The rows of a table that begins with four bytes and their count. Raises ``ValueError`` where there are others."""
    (count,) = struct.unpack_from(">I", table, _FULL)
    rows = list(struct.iter_unpack(f">{kinds}", table[8:]))
    if len(rows) != count:
        message = f"{count:,} entries are announced, {len(rows):,} are there"
        raise ValueError(message)
    return rows


def _runs(table: bytes, kind: str) -> tuple[Run, ...]:
    """Pairs of a count and a value; ``kind`` is that of the values, ``i`` where they may be negative."""
    return joined((Run(*pair),) for pair in _rows(table, f"I{kind}"))


def _chunks(table: bytes, what: str) -> tuple[Chunk, ...]:
    wide = child(table, b"co64")
    positions = _numbers(wide, "Q") if wide else _numbers(_needed(table, what, b"stco"), "I")
    groups = _rows(_needed(table, what, b"stsc"), "3I")
    if any(description != 1 for *_, description in groups):
        _refuse(what, "has samples that are described elsewhere")
    firsts = [*groups, (len(positions) + 1, 0, 0)]
    if any(after[0] <= before[0] for before, after in pairwise(firsts)):
        _refuse(what, "has groups of chunks that do not follow each other")
    samples = [each for (first, each, _), (after, *_) in pairwise(firsts) for _ in range(after - first)]
    return tuple(Chunk(*pair) for pair in zip(positions, samples, strict=True))


def _needed(content: bytes, what: str, *path: bytes) -> bytes:
    found = child(content, *path)
    if found is None:
        _refuse(what, f"has an index without {path[-1].decode()}")
    return found


def _refuse(what: str, evidence: str) -> NoReturn:
    message = f"{what} {evidence}"
    raise MediaError(message)
