"""Which texts do variants choose between? Rules of a task for its text blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from cliptask.spec.rules import Breach, rule

OTHERS: Final = ("music", "speech", "language", "row", "picture")
"""What rules, the index and the gallery call ingredients that stand in no block."""


@rule(
    "a text block has the name of something else",
    cel="!has(self.textBlocks) || self.textBlocks.all(t, "
    f"!(t.name in {list(OTHERS)}) && !self.videoBlocks.exists(b, b.name == t.name))",
    field="textBlocks",
)
def names_of_their_own(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  the spec, whose module imports this one
    """Of a spec: rules and filters can tell its text blocks from all else."""
    taken = [*OTHERS, *(block.name for block in spec.video_blocks)]
    for index, block in enumerate(spec.text_blocks):
        if block.name in taken:
            yield Breach((index, "name"), f"{block.name}: call it otherwise")


@rule(
    "a text block names a block that does not exist",
    cel="!has(self.textBlocks) || self.textBlocks.all(t, !has(t.block) || self.videoBlocks.exists(b, b.name == t.block))",
    field="textBlocks",
)
def over_known_blocks(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: its texts lie over blocks that there are."""
    blocks = [block.name for block in spec.video_blocks]
    for index, each in enumerate(spec.text_blocks):
        if each.block is not None and each.block not in blocks:
            yield Breach((index, "block"), f"there are: {', '.join(blocks)}")
