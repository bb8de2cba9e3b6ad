"""How a video that is no file is read."""

from __future__ import annotations

import asyncio
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cliptask.errors import MediaError
from cliptask_operator.preview.films import PIECE_BYTES, Film

SIZES = (0, 1, 7, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES)


def film(folder: Path) -> tuple[Film, bytes]:
    """A header and files of several sizes, none with a byte at its own place; and all of it in one."""
    head = bytes(range(100))
    files = []
    for number, size in enumerate(SIZES):
        file = folder / str(number)
        file.write_bytes(bytes((number + place) % 251 for place in range(size)))
        files.append((file, size))
    whole = head + b"".join(file.read_bytes() for file, _ in files)
    return Film("k", head, tuple(files), None), whole


def read(of: Film, wanted: range) -> list[bytes]:
    """In pieces."""

    async def pieces() -> list[bytes]:
        return [piece async for piece in of.open(wanted).pieces()]

    return asyncio.run(pieces())


_edges = list(accumulate((100, *SIZES), initial=0))
_places = st.integers(0, _edges[-1]) | st.sampled_from(_edges)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.tuples(_places, _places).map(sorted))
def test_any_range_is_that_slice_of_the_whole(tmp_path: Path, ends: list[int]) -> None:
    """A byte too many, too few or from elsewhere breaks the video."""
    of, whole = film(tmp_path)

    pieces = read(of, range(*ends))

    assert b"".join(pieces) == whole[slice(*ends)]
    assert max(map(len, pieces), default=0) <= PIECE_BYTES
    assert of.size_bytes == len(whole)


def test_a_part_that_has_gone_is_told_before_anything_is_read(tmp_path: Path) -> None:
    """Half a video would be sent; and one whose bytes are another's."""
    of, _ = film(tmp_path)
    (tmp_path / "5").write_bytes(b"other")

    with pytest.raises(MediaError, match="5 is gone, or another one"):
        of.open(range(of.size_bytes))
    (tmp_path / "5").unlink()
    with pytest.raises(MediaError, match="5 is gone"):
        of.open(range(of.size_bytes))

    assert b"".join(read(of, range(50))) == bytes(range(50))
