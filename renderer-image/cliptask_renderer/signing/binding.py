"""What ties a claim to the bytes of its video? A hash of its header, and one of each whole file after it, known since that was made.

C2PA's ``c2pa.hash.bmff.v3`` hashes what stands before the media box by box, and the media in blocks of any sizes. With the
captions and each part as blocks of their own nobody has to read a video in order to sign it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cliptask_renderer.mux.boxes import children

CLAIM_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""Kind of the ``uuid`` box that holds the claim."""
ALGORITHM = "sha256"
DIGEST_BYTES = 32
_HEAD, _WIDE_HEAD = 8, 16
_NOT_HASHED = frozenset({b"ftyp", b"mfra"})
"""As the standard has it, beside the claim itself."""


@dataclass(frozen=True)
class Block:
    """A run of bytes of the media, and its SHA-256."""

    size_bytes: int
    sha256: bytes

    @classmethod
    def of(cls, content: bytes) -> Block:
        """Of bytes that are at hand."""
        return cls(len(content), hashlib.sha256(content).digest())


def header_hash(head: bytes) -> bytes:
    """Of a header whose media begin 16 bytes behind their box' begin: of each box its place and its bytes."""
    whole = hashlib.sha256()
    for kind, at, end in _boxes(head):
        is_claim = kind == b"uuid" and head[at + _HEAD :].startswith(CLAIM_BOX)
        if kind not in _NOT_HASHED and not is_claim:
            whole.update(at.to_bytes(8) + head[at:end])
    return whole.digest()


def media_of(head: bytes) -> bytes:
    """The media that lie in the header itself: captions."""
    return head[max(end for *_, end in _boxes(head)) :]


def _boxes(head: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of each box; of the media box, which is the last one, as far as its media."""
    at = 0
    for kind, content in children(head):
        end = at + (_WIDE_HEAD if kind == b"mdat" else _HEAD + len(content))
        yield kind, at, end
        at = end


def binding(header: bytes, blocks: Sequence[Block]) -> dict[str, Any]:
    """The assertion: the header's hash, and the media's blocks in their order; bytes are lists of numbers, as JSON has them."""
    return {
        "label": "c2pa.hash.bmff.v3",
        "data": {
            "name": "video",
            "alg": ALGORITHM,
            "hash": [*header],
            "exclusions": [
                _excluded("/uuid", data=[{"offset": _HEAD, "value": [*CLAIM_BOX]}]),
                _excluded("/ftyp"),
                _excluded("/mfra"),
                # Its blocks have hashes of their own.
                _excluded("/mdat", subset=[{"offset": _WIDE_HEAD, "length": 0}]),
            ],
            "merkle": [
                {
                    "uniqueId": 0,
                    "localId": 0,
                    "count": len(blocks),
                    "alg": ALGORITHM,
                    "hashes": [[*each.sha256] for each in blocks],
                    "variableBlockSizes": [each.size_bytes for each in blocks],
                }
            ],
        },
    }


def _excluded(path: str, **what: object) -> dict[str, Any]:
    return {"xpath": path, **dict.fromkeys(("length", "data", "subset", "version", "flags", "exact")), **what}
