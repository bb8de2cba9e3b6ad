from __future__ import annotations

import io
from pathlib import Path

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask_renderer.storage.crc32c import Checksum, as_text, concatenated, from_text, of_file

SIZES = st.integers(0, 1 << 45) | st.sampled_from([0, 1, 255, 256, (1 << 32) - 1, 1 << 32, (1 << 32) + 1])
PARTS = st.lists(st.tuples(st.integers(0, (1 << 32) - 1), SIZES), max_size=6)


def test_it_is_that_of_castagnoli() -> None:
    """Everything would agree with itself, and with no bucket. The vectors are RFC 3720's."""
    assert google_crc32c.value(b"123456789") == 0xE3069283
    assert concatenated([(0x8A9136AA, 32), (0x62A8AB43, 32)]) == google_crc32c.value(bytes(32) + b"\xff" * 32)
    assert google_crc32c.implementation == "c"  # else every sum would take a thousand times as long


def test_it_is_written_as_google_writes_it() -> None:
    """A bucket would refuse what is right. The example is that of its documentation."""
    assert as_text(google_crc32c.value(b"data")) == "rth90Q=="


@given(st.lists(st.binary(max_size=5000), max_size=8))
def test_of_a_concatenation_it_follows_from_those_of_its_parts(parts: list[bytes]) -> None:
    """Every joined video would be taken for damaged."""
    assert concatenated((google_crc32c.value(part), len(part)) for part in parts) == google_crc32c.value(
        b"".join(parts)
    )


@given(st.integers(0, (1 << 32) - 1), st.integers(0, 3_000_000))
def test_of_zeros_that_follow_it_is_that_of_google(crc32c: int, size_bytes: int) -> None:
    """A part of some size would be shifted wrongly, where one of another size is not."""
    zeros = bytes(size_bytes)

    assert concatenated([(crc32c, 9), (google_crc32c.value(zeros), size_bytes)]) == google_crc32c.extend(
        crc32c, zeros
    )


@given(PARTS, st.integers(0, 6))
def test_parts_may_be_joined_in_any_grouping(parts: list[tuple[int, int]], cut: int) -> None:
    """What is beyond four gigabytes, which no test reads, would have another sum by another way."""
    first, rest = parts[:cut], parts[cut:]
    sizes = [sum(size_bytes for _, size_bytes in each) for each in (first, rest)]

    grouped = concatenated(zip(map(concatenated, (first, rest)), sizes, strict=True))

    assert grouped == concatenated(parts)


def test_beyond_four_gigabytes_it_is_that_of_doubled_halves() -> None:
    """The upper digits of a size would be left out. 8 GiB of zeros are reckoned from 1 MiB that was read."""
    crc32c, size_bytes = google_crc32c.value(bytes(1 << 20)), 1 << 20
    while size_bytes < 1 << 33:
        crc32c, size_bytes = concatenated([(crc32c, size_bytes)] * 2), 2 * size_bytes

    pieces = concatenated([(google_crc32c.value(bytes(1 << 20)), 1 << 20)] * (1 << 13))

    assert crc32c == pieces
    assert concatenated([(7, 1), (crc32c, size_bytes)]) != concatenated([(7, 1), (crc32c, 0)])


@pytest.mark.parametrize("size_bytes", [0, 1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 1_000_000])
def test_of_a_file_it_is_that_of_its_content(tmp_path: Path, size_bytes: int) -> None:
    """The last piece of a file would be left out, or counted twice."""
    content = bytes(n * n % 251 for n in range(size_bytes))
    (tmp_path / "file").write_bytes(content)

    assert of_file(tmp_path / "file") == google_crc32c.value(content)


@given(st.lists(st.binary()))
def test_what_passes_is_summed_up(pieces: list[bytes]) -> None:
    """A download would be taken for damaged, or lose a piece."""
    passed = io.BytesIO()
    checksum = Checksum(passed.write)

    for piece in pieces:
        checksum.write(piece)

    assert passed.getvalue() == b"".join(pieces)
    assert str(checksum) == as_text(google_crc32c.value(b"".join(pieces)))


@given(st.integers(0, 2**32 - 1))
def test_a_checksum_reads_back_as_it_was_written(value: int) -> None:
    """Every part would be made again, or none be trusted."""
    assert from_text(as_text(value)) == value


@pytest.mark.parametrize("text", ["", "AAAA", "AAAAAAAA", "?", "AAAAA-=="])
def test_what_is_no_checksum_is_refused(text: str) -> None:
    """A damaged record would be taken for a part's own."""
    with pytest.raises(ValueError, match=r"checksum|base64|padding|data"):
        from_text(text)
