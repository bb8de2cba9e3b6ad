"""What is told of an object beside its content? What it is for browsers, its metadata, and the checksum that it was stored with.

Google Cloud Storage keeps metadata as they are. Others keep them as headers: of ASCII, their names in lower case, and S3
no more than 2 KiB of them. There all of an object's are one text of JSON, packed where it is long.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from cliptask.errors import OutputError
from cliptask_renderer.storage import crc32c

NO_CACHE = "no-cache"
"""For what is written again: the default for public objects lets browsers show yesterday's index for an hour."""
ANY_TYPE = "application/octet-stream"
_TYPES = {
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
_METADATA, _CRC32C = "cliptask", "crc32c"
MOST_BYTES = 2048
"""Of all headers of metadata together, names and values: S3's limit, the lowest."""
_FRAME_BYTES = len(_METADATA) + len(_CRC32C) + 8


@dataclass(frozen=True)
class Label:
    """All of it."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    crc32c: int | None = None
    """Of the content; None where other hands stored it."""
    content_type: str = ANY_TYPE
    cache_control: str = ""


def content_type(path: str) -> str:
    """What a browser takes an object for."""
    return _TYPES.get(PurePosixPath(path).suffix, ANY_TYPE)


def label_of(path: str, metadata: Mapping[str, str], checksum: int, *, replace: bool) -> Label:
    """What is told of an object that is to be made."""
    return Label(metadata, checksum, content_type(path), NO_CACHE if replace else "")


def packed(path: str, label: Label) -> dict[str, str]:
    """Headers of metadata. Raises ``OutputError`` where they would be more than any storage keeps."""
    headers = {} if label.crc32c is None else {_CRC32C: crc32c.as_text(label.crc32c)}
    if not label.metadata:
        return headers
    text = json.dumps(dict(label.metadata), separators=(",", ":"))
    if _FRAME_BYTES + len(text) > MOST_BYTES or "  " in text:  # signatures take two spaces for one
        plain = json.dumps(dict(label.metadata), separators=(",", ":"), ensure_ascii=False)
        text = base64.b64encode(zlib.compress(plain.encode("utf-8", "surrogatepass"), 9)).decode()
    if _FRAME_BYTES + len(text) > MOST_BYTES:
        message = f"the metadata of {path} take {len(text)} bytes when packed, this storage keeps {MOST_BYTES}: put the rest into an object"
        raise OutputError(message)
    return headers | {_METADATA: text}


def unpacked(headers: Mapping[str, str]) -> Label:
    """The reverse; what other hands wrote, or damaged, counts for nothing."""
    try:
        checksum = crc32c.from_text(headers[_CRC32C])
    except (KeyError, ValueError):
        checksum = None
    return Label(_metadata(headers.get(_METADATA, "")), checksum)


def _metadata(text: str) -> dict[str, str]:
    try:
        plain = text if text.startswith("{") else zlib.decompress(base64.b64decode(text, validate=True))
        found = json.loads(plain)
    except (ValueError, binascii.Error, zlib.error):
        return {}
    own = found if isinstance(found, dict) else {}
    return {key: value for key, value in own.items() if isinstance(value, str)}
