"""How boxes are walked, in memory and in a file: one place for what is joined, and for what others bring."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from cliptask_renderer.mux.boxes import box, children, places

KINDS = st.binary(min_size=4, max_size=4)


def wide(kind: bytes, content: bytes) -> bytes:
    """A box whose size has 64 bits."""
    return (1).to_bytes(4) + kind + (len(content) + 16).to_bytes(8) + content


def found(file: bytes) -> list[tuple[bytes, bytes]]:
    """What a walk through a file finds."""
    return [(kind, file[place.start : place.stop]) for kind, place in places(io.BytesIO(file))]


@given(st.lists(st.tuples(KINDS, st.binary(max_size=40), st.booleans()), max_size=6), st.booleans())
def test_boxes_are_found_whatever_their_sizes_are_written_as(
    boxes: list[tuple[bytes, bytes, bool]], lasts_to_the_end: bool
) -> None:
    """What comes after a large box, or in one whose end is the file's, would be missing."""
    parts = [wide(kind, content) if is_wide else box(kind, content) for kind, content, is_wide in boxes]
    if parts and lasts_to_the_end and not boxes[-1][2]:
        parts[-1] = bytes(4) + parts[-1][4:]
    file, wanted = b"".join(parts), [(kind, content) for kind, content, _ in boxes]

    assert list(children(file)) == wanted
    assert found(file) == wanted


@given(
    st.binary(max_size=64)
    | st.builds(
        lambda size, rest: (1).to_bytes(4) + b"mdat" + size + rest,
        st.binary(min_size=8, max_size=8),
        st.binary(),
    )
)
def test_a_walk_through_anything_ends(file: bytes) -> None:
    """A damaged file would stop the program, or keep it for ever."""
    assert [kind for kind, _ in children(file)] == [kind for kind, _ in found(file)]
    assert all(place.start > 0 for _, place in places(io.BytesIO(file)))
