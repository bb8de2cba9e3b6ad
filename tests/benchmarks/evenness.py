"""Is the designed experiment worth its code, and what does an edit change? Two tables, as Markdown.

The first compares three orders of the same shapes: the designed experiment, the array in its own order, and rows made
one by one of levels that have fallen and met least. The second deals random tasks and edits each: what changes with
the history of the campaign, without it, and what evenness needs.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cliptask.planning.experiment import experiment
from cliptask.planning.orthogonal_array import Row, design
from support.edits import edits, is_drawn, least, shapes

SHAPES: tuple[Row, ...] = (
    (3, 3), (2, 2, 3), (3, 3, 3), (4, 4, 4), (5, 4, 4), (6, 6, 6), (7, 3, 3), (6, 10, 4), (12, 5, 4), (10, 9, 8), (3,) * 5, (20,) * 4,
)  # fmt: skip
MOST_ROWS = 400


def greedy(sizes: Row, count: int) -> list[Row]:
    """Rows one by one, each of the levels that have fallen least and met least; fewer where it comes to a row that is taken."""
    fallen = [[0] * size for size in sizes]
    met: Counter[tuple[int, int, int, int]] = Counter()
    rows: dict[Row, None] = {}
    for _ in range(count):
        row: list[int] = []
        for column, size in enumerate(sizes):
            fewest = min(fallen[column])
            row.append(
                min(
                    (level for level in range(size) if fallen[column][level] == fewest),
                    key=lambda level: sum(4 ** met[each, row[each], column, level] for each in range(column)),
                )
            )
        if tuple(row) in rows:
            break
        rows[tuple(row)] = None
        for column, level in enumerate(row):
            fallen[column][level] += 1
            met.update((each, row[each], column, level) for each in range(column))
    return list(rows)


def spread(rows: Sequence[Row], sizes: Row) -> int:
    """The greatest difference between the counts of two pairs of levels, over all prefixes."""
    worst = 0
    for i, j in combinations(range(len(sizes)), 2):
        counts = [0] * (sizes[i] * sizes[j])
        for row in rows:
            counts[row[i] * sizes[j] + row[j]] += 1
            worst = max(worst, max(counts) - min(counts))
    return worst


def compare() -> None:
    """The first table."""
    print(
        "| sizes | rows | designed | its time | array | one by one | rows until one is taken |\n|---|---|---|---|---|---|---|"
    )
    for sizes in SHAPES:
        count = min(math.prod(sizes) - 1, MOST_ROWS)
        began = time.process_time()
        designed = list(islice(experiment(sizes), count))
        took_s = time.process_time() - began
        plan = design(sizes)
        array = [plan.array_row(each) for each in range(min(count, plan.runs))]
        simple = greedy(sizes, count)
        cells = [
            "x".join(map(str, sizes)), count, spread(designed, sizes), f"{took_s:.2f} s", spread(array, sizes), spread(simple, sizes),
            "-" if len(simple) == count else len(simple),
        ]  # fmt: skip
        print(f"| {' | '.join(map(str, cells))} |")


def edit() -> None:
    """The second table."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for number, before in enumerate(shapes(500, seed=7)):
        dealt = before.deal()
        videos, history = before.videos(dealt), before.history(dealt)
        for each in edits(before, number):
            if is_drawn(before, each):
                continue
            kept, anew = each.after.deal(history), each.after.deal()
            column = each.column.removeprefix("/") if each.column[:1] == "/" else "clips"
            sums.setdefault((each.kind, column), Counter()).update(
                dealt=len(dealt.choices),
                least=least(each, before, dealt, len(kept.choices)),
                kept=sum((videos - each.after.videos(kept)).values()),
                anew=sum((videos - each.after.videos(anew)).values()),
            )
    print(
        "\n| edit | of | videos | evenness needs | change | change without history |\n|---|---|---|---|---|---|"
    )
    for (kind, column), found in sorted(sums.items()):
        print(
            f"| {kind} | {column} | {found['dealt']:,} | {found['least']:,} | {found['kept']:,} | {found['anew']:,} |"
        )


if __name__ == "__main__":
    compare()
    edit()
