"""Which bytes does a request ask for? One range of them, or the whole (RFC 9110, section 14). Pure."""

from __future__ import annotations

import re

_ONE = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE | re.ASCII)
_MOST_DIGITS = 18
"""More than any file has; and Python refuses to read numbers of thousands of digits."""


class Unsatisfiable(ValueError):
    """It asks for bytes that are none of the content: 416."""


def requested(field: str | None, size_bytes: int, etag: str, if_range: str | None = None) -> range | None:
    """The bytes that a ``Range`` asks for; None: all, also where it asks for several ranges, or is none that is known.

    ``if_range`` is the header of that name: unless it names the content by its strong ``etag``, all of it is asked for.
    Raises ``Unsatisfiable``.
    """
    if field is None or (if_range is not None and if_range.strip() != etag):
        return None
    found = _ONE.fullmatch(field.strip().replace(" ", ""))
    if found is None or found[1] == found[2] == "" or max(map(len, found.groups())) > _MOST_DIGITS:
        return None
    if not found[1]:
        begin, end = max(size_bytes - int(found[2]), 0), size_bytes
    else:
        begin = int(found[1])
        end = min(int(found[2]) + 1, size_bytes) if found[2] else size_bytes
        if found[2] and int(found[2]) < begin:
            return None
    if begin >= end:
        raise Unsatisfiable
    return range(begin, end)
