"""Is a content compressed, by what its host says of its coding?"""

from __future__ import annotations

import re

_COMPRESSIONS = frozenset({
    "br", "bzip2", "compress", "dcb", "dcz", "deflate", "exi", "gzip", "lz4", "lzma", "pack200-gzip", "snappy", "x-bzip2",
    "x-compress", "x-gzip", "xz", "zstd",
})  # fmt: skip
"""IANA's content codings, and what else is in use."""


def compressions(stated: str) -> str:
    """Those that a ``Content-Encoding`` names; empty where there is none.

    Hosts keep whatever a file was uploaded with, such as ``aws-chunked``, ``base64``, ``utf-8``, ``binary`` or nothing:
    what names no compression changes no byte.
    """
    return ", ".join(
        coding for coding in re.findall(r"[^\s,;\"]+", stated.lower()) if coding in _COMPRESSIONS
    )
