"""What does a file say of itself? How large and long it is, and whether it is locked: told by headers, nothing is decoded.

A broken upload leaves headers as they were, so that what they promise tells a whole file from a cut one. What streams are
written to without knowing their end states nothing, and is taken for what it holds.
"""

# ruff: noqa: PLR2004  offsets, lengths and flags of formats, each used once
from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from cliptask_renderer.media.formats import transport_step
from cliptask_renderer.probe.boxes import BOXES, mp4_word
from cliptask_renderer.probe.ebml import matroska_word
from cliptask_renderer.probe.word import Word

_STREAMED_FROM: Final = 0x7FFF_0000
"""What writes to a pipe states a size of about 2 or 4 GB, or none at all: more sound than is allowed in any case."""

_TAIL: Final = 1 << 17
"""Two of Ogg's longest pages."""

_SCRAMBLED: Final = 0.1
"""The part of a transport stream's packets that is scrambled where the stream is."""

_MPEG_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Of MPEG-1, 2 and 2.5, by the header's two bits."""

_W64_TAIL: Final = bytes.fromhex("f3acd3118cd100c04f8edb8a")
_ASF_PROPERTIES: Final = bytes.fromhex("a1dcab8c 47a9cf11 8ee400c0 0c205365")
_ASF_LOCKS: Final = tuple(
    bytes.fromhex(each)
    for each in (
        "fbb31122 23bdd211 b4b700a0 c955fc6e",
        "14e68a29 2226174c b935dae0 7ee9289c",
        "33850543 8169e649 9b74ad12 cb86d58c",
    )
)
"""ASF's objects for content that is encrypted, in its three ways."""


def word_of(path: Path, head: bytes) -> Word:
    """What a file says, whose first bytes are ``head``."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = _tags_end(file)
        file.seek(at)
        begin = file.read(12)
        try:
            for reads, magic in _READERS.items():
                if any(begin.startswith(each) for each in magic):
                    file.seek(at)
                    return reads(file, size)
            if begin[4:8] in BOXES:
                return mp4_word(file, size)
            if (step := transport_step(head)) is not None:
                return _transport(file, *step)
            file.seek(at)
            return _mp3(file)
        except (struct.error, IndexError):
            return Word()  # it ends within a header: whoever reads it further will say so


def _tags_end(file: BinaryIO) -> int:
    """Where what comes after ID3 tags begins."""
    at = 0
    while True:
        file.seek(at)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            return at
        size = 0
        for byte in head[6:]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if head[5] & 0x10 else 0)


def _chunks(file: BinaryIO, at: int, form: str, *, even: int = 2) -> Iterator[tuple[bytes, int, int]]:
    """The kind of each chunk, where its content begins, and its length; ``form`` is that of its header."""
    while True:
        file.seek(at)
        head = file.read(struct.calcsize(form))
        if len(head) < struct.calcsize(form):
            return
        kind, length = struct.unpack(form, head)
        at += len(head)
        yield kind, at, length
        at += length + -length % even


def _riff(file: BinaryIO, _size: int) -> Word:
    head = file.read(12)
    if head[8:12] == b"AVI ":
        return _avi(file)
    long_length = rate = 0
    for kind, at, length in _chunks(file, 12, "<4sI"):
        file.seek(at)
        if kind == b"ds64":
            _, long_length = struct.unpack("<QQ", file.read(16))
        elif kind == b"fmt ":
            _, rate = struct.unpack("<8sI", file.read(12))
        elif kind == b"data":
            stated = long_length if head[:4] != b"RIFF" else length
            if not 0 < stated < _STREAMED_FROM:
                break
            return Word(at + stated, stated / rate if rate else 0.0)
    return Word()


def _avi(file: BinaryIO) -> Word:
    """Of OpenDML there are several, one after another; the first tells how long it is alone."""
    file.seek(24)
    kind, _, step_us, pictures = struct.unpack("<4sII12xI", file.read(28))
    end, duration_s = 0, step_us * pictures / 1e6 if kind == b"avih" else 0.0
    for kind, at, length in _chunks(file, 0, "<4sI"):
        if kind != b"RIFF" or not 0 < length < 0xFFFF_0000:
            break
        duration_s = 0.0 if end else duration_s
        end = at + length
    return Word(end, duration_s if end else 0.0)


def _wave64(file: BinaryIO, size: int) -> Word:
    rate, at = 0, 40
    while at + 24 <= size:
        file.seek(at)
        kind, length = struct.unpack("<16sQ", file.read(24))
        if kind[4:] == _W64_TAIL and kind[:4] == b"fmt ":
            _, rate = struct.unpack("<8sI", file.read(12))
        if kind[4:] == _W64_TAIL and kind[:4] == b"data":
            is_stated = 24 < length < 1 << 40
            return Word(at + length, (length - 24) / rate if rate else 0.0) if is_stated else Word()
        at += max(length + -length % 8, 24)
    return Word()


def _aiff(file: BinaryIO, _size: int) -> Word:
    for kind, at, length in _chunks(file, 12, ">4sI"):
        if kind == b"SSND":
            return Word(at + length) if 0 < length < _STREAMED_FROM else Word()
    return Word()


def _caf(file: BinaryIO, size: int) -> Word:
    for kind, at, length in _chunks(file, 8, ">4sQ", even=1):
        if kind == b"data":
            return Word(at + length) if 0 < length < 1 << 40 else Word()
        if at + length > size:
            break
    return Word()


def _flac(file: BinaryIO, _size: int) -> Word:
    _, packed = struct.unpack(">18sQ", file.read(26))
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    return Word(duration_s=samples / rate, is_exact=True) if rate else Word()


def _mp3(file: BinaryIO) -> Word:
    """Xing's, Info's or VBRI's count of frames, in the first frame."""
    frame = file.read(4096)
    begin = frame.find(b"\xff")
    head = frame[begin : begin + 4]
    if begin < 0 or len(head) < 4 or head[1] & 0xE6 != 0xE2 or head[2] >> 2 & 3 == 3:
        return Word()
    version, is_mono = head[1] >> 3 & 3, head[3] >> 6 == 3
    if version not in _MPEG_RATES:
        return Word()
    rate = _MPEG_RATES[version][head[2] >> 2 & 3]
    samples = 1152 if version == 3 else 576
    side = ((17 if is_mono else 32) if version == 3 else (9 if is_mono else 17)) + begin + 4
    frames = 0
    if frame[side : side + 4] in (b"Xing", b"Info"):
        flags, count = struct.unpack_from(">II", frame, side + 4)
        frames = count if flags & 1 else 0
    elif frame[begin + 36 : begin + 40] == b"VBRI":
        (frames,) = struct.unpack_from(">I", frame, begin + 36 + 14)
    return Word(duration_s=frames * samples / rate, is_exact=True)


def _ogg(file: BinaryIO, size: int) -> Word:
    """Cut within a page. One without an end of its streams is a recording that was stopped, and taken for what it holds."""
    file.seek(max(size - _TAIL, 0))
    tail = file.read(_TAIL)
    at = tail.find(b"OggS\0")
    while at >= 0 and (head := tail[at : at + 27]):
        if not b"OggS".startswith(head[:4]):
            return Word()  # something else follows
        table = tail[at + 27 : at + 27 + head[26]] if len(head) == 27 else b""
        if len(head) < 27 or len(table) < head[26] or at + 27 + len(table) + sum(table) > len(tail):
            return Word(missing="the end of its last page")
        at += 27 + len(table) + sum(table)
    return Word()


def _asf(file: BinaryIO, _size: int) -> Word:
    head = file.read(1 << 16)
    if any(lock in head for lock in _ASF_LOCKS):
        return Word(lock="a DRM-protected WMV or WMA")
    at = head.find(_ASF_PROPERTIES)
    if at < 0:
        return Word()
    stated, ticks, preroll_ms, flags = struct.unpack_from("<40xQ16xQ8xQI", head, at)
    return Word() if flags & 1 else Word(stated, max(ticks / 1e7 - preroll_ms / 1e3, 0.0))


def _transport(file: BinaryIO, at: int, length: int) -> Word:
    file.seek(at)
    controls = file.read(4 << 20)[3::length]
    scrambled = sum(control >> 6 != 0 for control in controls)
    return Word(lock="a scrambled MPEG-TS") if scrambled > _SCRAMBLED * len(controls) else Word()


_READERS: Final[Mapping[Callable[[BinaryIO, int], Word], tuple[bytes, ...]]] = {
    _riff: (b"RIFF", b"RF64", b"BW64"),
    _wave64: (b"riff",),
    _aiff: (b"FORM",),
    _caf: (b"caff",),
    _flac: (b"fLaC",),
    _ogg: (b"OggS",),
    _asf: (b"0&\xb2u",),
    matroska_word: (b"\x1aE\xdf\xa3",),
}
