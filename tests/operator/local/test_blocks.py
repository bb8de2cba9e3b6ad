"""Which clips are taken for interchangeable, and in which order do their blocks come?"""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.facts import SourceFacts
from cliptask_operator.local.blocks import MOST_BLOCKS, MOST_PARTS, blocks_of, distinct
from cliptask_operator.local.contents import Found


def clip(path: str, content: str = "") -> Found:
    """A video; files of one content are the same file."""
    sha256 = hashlib.sha256((content or path).encode()).hexdigest()
    return Found(path, SourceFacts(sha256=sha256, size_bytes=1, kind="video", container="mov"))


def blocks(*paths: str) -> dict[str, list[str]]:
    """Names of the blocks in order, with the files in each."""
    found, _ = blocks_of([clip(path) for path in paths])
    return {block.name: [each.path for each in block.clips] for block in found}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["01-hook/b.mp4", "01-hook/a.mp4", "02-product/c.mp4"], {"hook": ["01-hook/a.mp4", "01-hook/b.mp4"], "product": ["02-product/c.mp4"]}),
        (["2. Offer/a.mp4", "10 hook/b.mp4", "1_Größe/c.mp4"], {"grosse": ["1_Größe/c.mp4"], "offer": ["2. Offer/a.mp4"], "hook": ["10 hook/b.mp4"]}),
        (["offer/a.mp4", "hook/1.mp4", "product/a.mp4"], {"hook": ["hook/1.mp4"], "product": ["product/a.mp4"], "offer": ["offer/a.mp4"]}),
        (["media/hook/x/a.mp4", "media/hook/b.mp4", "media/end/c.mp4"], {"hook": ["media/hook/b.mp4", "media/hook/x/a.mp4"], "end": ["media/end/c.mp4"]}),
        (["hook-a.mp4", "hook_b.mov", "product-1.mp4"], {"hook": ["hook-a.mp4", "hook_b.mov"], "product": ["product-1.mp4"]}),
        (["Hook 1.mp4", "hook2.mp4", "CTA.mp4"], {"hook": ["hook2.mp4", "Hook 1.mp4"], "cta": ["CTA.mp4"]}),
        (["01-end.mp4", "02-hook.mp4", "03-x.mp4"], {"end": ["01-end.mp4"], "hook": ["02-hook.mp4"], "x": ["03-x.mp4"]}),
        (["intro.mp4", "outro.mp4", "middle.mp4"], {"intro": ["intro.mp4"], "middle": ["middle.mp4"], "outro": ["outro.mp4"]}),
        (["крючок-1.mp4", "крючок-2.mp4", "товар-1.mp4", "товар-2.mp4"], {"kryuchok": ["крючок-1.mp4", "крючок-2.mp4"], "tovar": ["товар-1.mp4", "товар-2.mp4"]}),
        (["beach.mp4", "city.mp4", "forest.mp4"], {"clip": ["beach.mp4", "city.mp4", "forest.mp4"]}),
        (["IMG_2.MOV", "IMG_10.MOV", "VID_1.mp4", "VID_2.mp4"], {"clip": ["IMG_2.MOV", "IMG_10.MOV", "VID_1.mp4", "VID_2.mp4"]}),
        (["20240101_1.mp4", "20240102_2.mp4", "🎉.mp4"], {"clip": ["20240101_1.mp4", "20240102_2.mp4", "🎉.mp4"]}),
        (["hooks/a.mp4", "hooks/b.mp4"], {"hooks": ["hooks/a.mp4", "hooks/b.mp4"]}),
        (["sun-a.mp4", "sun-b.mp4", "sea.mp4", "hill.mp4", "lake.mp4"], {"clip": ["hill.mp4", "lake.mp4", "sea.mp4", "sun-a.mp4", "sun-b.mp4"]}),
        (["only.mp4"], {"clip": ["only.mp4"]}),
        (["a/x.mp4", "A/y.mp4", "01/z.mp4"], {"01": ["01/z.mp4"], "a": ["a/x.mp4"], "a-2": ["A/y.mp4"]}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_files_become_the_blocks_that_are_meant(paths: list[str], expected: dict[str, list[str]]) -> None:
    """Every video would show the wrong parts, or in the wrong order."""
    found = blocks(*paths)

    assert found == expected
    assert list(found) == list(expected)


def test_what_lies_beside_the_folders_is_told() -> None:
    """It would be missing, and nobody would know."""
    _, unused = blocks_of([clip("hook/a.mp4"), clip("offer/b.mp4"), clip("loose.mp4")])

    assert [(each.path, each.reason) for each in unused] == [
        ("loose.mp4", "it lies beside the folders of the blocks; move it into one")
    ]


def test_a_content_is_in_a_block_once() -> None:
    """A copy would make every video twice, under two names."""
    chosen, unused = distinct([clip("a.mp4", "x"), clip("b.mp4", "y"), clip("a copy.mp4", "x")])

    assert [each.path for each in chosen] == ["a.mp4", "b.mp4"]
    assert [(each.path, each.reason) for each in unused] == [("a copy.mp4", "it is the same file as a.mp4")]


def test_what_a_task_has_no_room_for_is_told() -> None:
    """The task would be refused."""
    many = [clip(f"{block:02}-b/{number}.mp4") for block in range(MOST_BLOCKS + 2) for number in range(2)]
    full = [clip(f"hook/{number}.mp4") for number in range(MOST_PARTS + 3)]

    (found, unused), (one, more) = blocks_of(many), blocks_of(full)

    assert (len(found), len(unused)) == (MOST_BLOCKS, 4)
    assert (len(one[0].clips), len(more)) == (MOST_PARTS, 3)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12).map(lambda path: path.strip("/") or "x"), min_size=1, max_size=30, unique=True))  # fmt: skip
def test_every_clip_is_in_a_block_or_told(paths: list[str]) -> None:
    """A name that nobody thought of would end in a traceback, or lose a file."""
    found, unused = blocks_of([clip(path) for path in paths])

    placed = [each.path for block in found for each in block.clips] + [each.path for each in unused]
    assert sorted(placed) == sorted(paths)
    assert len({block.name for block in found}) == len(found) >= 1
