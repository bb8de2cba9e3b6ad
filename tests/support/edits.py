"""What may somebody change in a campaign? Random tasks and single edits of them, and which variants each changes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from cliptask.planning.choices import Chosen, Labels, chosen
from cliptask.planning.history import LINES, NOTHING, TRACKS, History, other
from cliptask.spec.task import ClipTaskSpec
from support.campaigns import facts

TEXTS = other("headline")
_MODES = {TRACKS: "music", LINES: "speech", TEXTS: "text"}

Pool = tuple[tuple[str, str], ...]
"""Parts as labels with contents."""


@dataclass(frozen=True)
class Shape:
    """A task as far as the deal goes."""

    pools: dict[str, Pool]
    """Of each block, and of TRACKS, LINES and TEXTS where there are any."""
    variants: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def spec(self) -> ClipTaskSpec:
        """The task's spec."""
        blocks = [
            {"name": name, "clips": _parts(pool)} for name, pool in self.pools.items() if name[0] != "/"
        ]
        texts = [{"text": content, "name": label} for label, content in self.pools.get(TEXTS, ())]
        tracks, lines = self.pools.get(TRACKS), self.pools.get(LINES, ())
        return ClipTaskSpec.model_validate(
            {
                "videoBlocks": blocks,
                "audioBlocks": [{"name": "pool", "tracks": _parts(tracks)}] if tracks else [],
                "speech": [{"voice": "v", "text": content, "name": label} for label, content in lines],
                "textBlocks": [{"name": "headline", "texts": texts}] if texts else [],
                "variants": self.variants,
                "output": {"uri": "file:///out"},
            }
        )

    def deal(self, history: History = NOTHING) -> Chosen:
        """What becomes a variant."""
        return chosen(self.spec, self.labels, history)

    @cached_property
    def labels(self) -> Labels:
        """What the parts are called."""
        return Labels(self.spec, {each: facts(each) for each in self.spec.urls})

    def rows(self, dealt: Chosen) -> list[dict[str, str]]:
        """Labels by column of each variant."""
        labels = self.labels
        blocks = [name for name in self.pools if name[0] != "/"]
        rows = []
        for choice in dealt.choices:
            clips, track, line, others, _ = labels.of(choice)
            row = dict(zip(blocks, clips, strict=True))
            row |= {other(key): label for key, label in others.items()}
            rows.append(row | ({TRACKS: track} if track else {}) | ({LINES: line} if line else {}))
        return rows

    def history(self, dealt: Chosen) -> History:
        """What the index would say."""
        return History(dealt.parts, self.rows(dealt))

    def videos(self, dealt: Chosen) -> Counter[tuple[tuple[str, str], ...]]:
        """What is seen and heard in each variant, whatever it is called."""
        content = {column: dict(pool) for column, pool in self.pools.items()}
        return Counter(
            tuple((column, content[column][label]) for column, label in sorted(row.items()))
            for row in self.rows(dealt)
        )


def _parts(pool: Pool) -> list[dict[str, str]]:
    return [{"name": label, "url": f"https://x/{content}.mp4"} for label, content in pool]


class Edit(NamedTuple):
    """One change."""

    kind: str
    column: str
    content: str
    """Of the part that came or went; empty where none did."""
    after: Shape


def shapes(count: int, seed: int) -> Iterator[Shape]:
    """Random shapes."""
    source = random.Random(seed)  # noqa: S311  not for secrets
    for _ in range(count):
        pools = {f"b{n}": _pool(source, f"b{n}") for n in range(source.randint(1, 3))}
        for column, chance in ((TRACKS, 0.7), (LINES, 0.7), (TEXTS, 0.4)):
            if source.random() < chance:
                pools[column] = _pool(source, _MODES[column])
        modes = {
            each: source.choice(["balanced", "balanced", "product", "random"]) for each in _MODES.values()
        }
        limit = {"limit": source.randint(1, 40)} if source.random() < 0.5 else {}
        yield Shape(pools, modes | limit)


def edits(shape: Shape, seed: int) -> Iterator[Edit]:
    """One addition, removal, move and rename of each kind of part, and a limit that is raised."""
    source = random.Random(seed)  # noqa: S311  as above
    columns = ["b0", *(column for column in _MODES if column in shape.pools)]
    for column in columns:
        pool = shape.pools[column]

        def edited(changed: Pool, column: str = column) -> Shape:
            return replace(shape, pools={**shape.pools, column: changed})

        place = source.randint(0, len(pool))
        yield Edit("add", column, "new", edited((*pool[:place], ("new", "new"), *pool[place:])))
        one = source.randrange(len(pool))
        if len(pool) > 1:
            yield Edit("remove", column, pool[one][1], edited((*pool[:one], *pool[one + 1 :])))
        moved = tuple(source.sample(pool, len(pool)))
        yield Edit("move", column, "", edited(moved))
        renamed = (*pool[:one], ("other", pool[one][1]), *pool[one + 1 :])
        yield Edit("rename", column, "", edited(renamed))
    if "limit" in shape.variants:
        more = shape.variants["limit"] + source.randint(1, 10)
        yield Edit("raise", "", "", replace(shape, variants={**shape.variants, "limit": more}))


def least(edit: Edit, before: Shape, dealt: Chosen, wanted: int) -> int:
    """How many of the variants that are dealt must change, so that what is new has its share of those ``wanted``."""
    column, there = edit.column, len(dealt.choices)
    if edit.kind == "remove":
        return sum(dict(video)[column] == edit.content for video in before.videos(dealt).elements())
    mode = _MODES.get(column, "")
    if edit.kind != "add" or (before.variants.get(mode) == "product" and "limit" not in before.variants):
        return 0
    share = wanted // len(edit.after.pools[column])
    # Other rows that are new can be those of the new part.
    return max(0, share - (wanted - there))


def is_drawn(shape: Shape, edit: Edit) -> bool:
    """Whether chance decides how many variants change, not evenness."""
    mode = _MODES.get(edit.column, "")
    return edit.kind == "add" and shape.variants.get(mode) == "random"


def _pool(source: random.Random, prefix: str) -> Pool:
    return tuple((f"{prefix}{n}", f"{prefix}-content{n}") for n in range(source.randint(1, 5)))
