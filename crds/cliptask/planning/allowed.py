"""Which combinations of parts do ``variants.only`` and ``variants.rules`` allow, and how many are there?

Each entry of ``only`` is a box: some levels of some columns. Each rule forbids some boxes: what it excludes; or what it
is about, with one column outside of what it requires. A set of boxes is a number with a bit for each, and a level has
the boxes that may hold it. The boxes that hold a row are those of all its levels together, so that rows with the same
boxes are one state, and no product of all columns is walked through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_

from cliptask.errors import InvalidTask
from cliptask.spec.variants import VariantChoice

Box = Mapping[int, frozenset[int]]
"""Levels by column; a column that is not named may have any."""

_MOST_STATES = 20_000
"""Rules that tell more kinds of rows apart are refused: to look for a row that all of them allow could take for ever."""


class Allowed:
    """What may be combined."""

    def __init__(self, sizes: Sequence[int], only: Sequence[Box] = (), forbidden: Sequence[Box] = ()) -> None:
        only = only or [{}]
        self.is_free = not forbidden and not any(only)
        boxes = [*only, *forbidden]
        self.whole = (1 << len(boxes)) - 1
        self._only = (1 << len(only)) - 1
        self.boxes = [
            [
                sum(1 << n for n, box in enumerate(boxes) if column not in box or level in box[column])
                for level in range(size)
            ]
            for column, size in enumerate(sizes)
        ]
        self._kinds = [tuple(dict.fromkeys(boxes)) for boxes in self.boxes]
        self._known: dict[tuple[int, tuple[int, ...]], bool] = {}

    def held(self, row: Sequence[int | None]) -> int:
        """The boxes that may hold a row, of which some levels are open."""
        return reduce(
            and_,
            (self.boxes[column][level] for column, level in enumerate(row) if level is not None),
            self.whole,
        )

    def can_be(self, held: int, open_columns: tuple[int, ...]) -> bool:
        """Whether a row that is held by these boxes can be completed in the open columns."""
        if self.is_free:
            return True
        if not held & self._only:
            return False
        if not open_columns:
            return held <= self._only
        key = (held, open_columns)
        if key not in self._known:
            column, *rest = open_columns
            self._known[key] = any(self.can_be(held & kind, tuple(rest)) for kind in self._kinds[column])
        return self._known[key]

    def count(self, columns: int) -> int:
        """How many rows there are of the first so many columns, not counting what the others add.

        Raises ``InvalidTask`` where that cannot be told in a reasonable time.
        """
        states = Counter({self.whole: 1})
        for boxes in self.boxes[:columns]:
            following: Counter[int] = Counter()
            for level, times in Counter(boxes).items():
                for held, rows in states.items():
                    if held & level & self._only:
                        following[held & level] += rows * times
            states = following
            if len(states) > _MOST_STATES:
                message = (
                    "spec.variants.rules: they tie too much together to be checked: write fewer, or use only"
                )
                raise InvalidTask(message)
        rest = tuple(range(columns, len(self.boxes)))
        return sum(rows for held, rows in states.items() if self.can_be(held, rest))

    def levels(self) -> set[tuple[int, int]]:
        """The columns and levels that some row has."""
        all_of = range(len(self.boxes))
        return {
            (column, level)
            for column in all_of
            for level, boxes in enumerate(self.boxes[column])
            if self.can_be(self.whole & boxes, tuple(each for each in all_of if each != column))
        }


def allowed(
    choice: VariantChoice,
    keys: Mapping[str, int],
    labels: Sequence[Sequence[str]],
    apart: Sequence[Box] = (),
    pairs: Sequence[Box] = (),
) -> Allowed:
    """What a task allows. ``keys`` are what it calls the columns, ``labels`` are of each column's levels.

    ``apart`` is what never goes together, whatever the rules say; of ``pairs``, where there are any, each variant is one.
    Raises ``InvalidTask`` for a label that there is not, and naming the rule, for one that cannot be kept or that
    leaves a part without any variant.
    """
    sizes = [len(each) for each in labels]

    def box(where: str, named: Mapping[str, Sequence[str]]) -> dict[int, frozenset[int]]:
        return {
            keys[key]: frozenset(_level(f"{where}.{key}", label, labels[keys[key]]) for label in some)
            for key, some in named.items()
        }

    only: list[Box] = [
        *pairs,
        *(
            box(f"spec.variants.only[{n}]", {key: [label] for key, label in each.items()})
            for n, each in enumerate(choice.only)
        ),
    ]
    rules: list[list[Box]] = []
    for n, rule in enumerate(choice.rules):
        where = f"spec.variants.rules[{n}]"
        about, required = box(f"{where}.when", rule.when or {}), box(f"{where}.require", rule.require or {})
        outside = [
            {**about, column: about.get(column, frozenset(range(sizes[column]))) - levels}
            for column, levels in required.items()
        ]
        rules.append([box(f"{where}.exclude", rule.exclude), *outside] if rule.exclude else [*outside])
    found = Allowed(sizes, only, [*apart, *(each for rule in rules for each in rule)])
    if rules or apart:
        found.count(len(sizes))  # bounds all that is looked for below
        _check(sizes, only, apart, rules, keys, labels)
    return found


def _level(where: str, label: str, labels: Sequence[str]) -> int:
    if label not in labels:
        message = f"{where}: nothing is called {label}; there are: {', '.join(labels)}"
        raise InvalidTask(message)
    return labels.index(label)


def _check(
    sizes: Sequence[int],
    only: Sequence[Box],
    apart: Sequence[Box],
    rules: Sequence[Sequence[Box]],
    keys: Mapping[str, int],
    labels: Sequence[Sequence[str]],
) -> None:
    """Raise ``InvalidTask`` for the first rule that, with those before it, takes the last variant from something."""
    called = {column: key for key, column in keys.items()}
    wanted = Allowed(sizes, only, apart).levels()
    for entry, each in enumerate(only):
        if not Allowed(sizes, [each], apart).levels():
            message = f"spec.variants.only[{entry}]: has parts of different languages: choose those of one"
            raise InvalidTask(message)
    for n in range(len(rules)):
        forbidden = [*apart, *(each for rule in rules[: n + 1] for each in rule)]
        where = f"spec.variants.rules[{n}]"
        left = Allowed(sizes, only, forbidden).levels()
        if not left:
            message = (
                f"{where}: allows no variant at all, together with what stands before it: change one of them"
            )
            raise InvalidTask(message)
        if lost := sorted(wanted - left):
            column, level = lost[0]
            message = (
                f"{where}: leaves {labels[column][level]} of {called[column]} without any variant, together with what stands "
                "before it: change one of them, or take the part out of the task"
            )
            raise InvalidTask(message)
        for entry, each in enumerate(only):
            if not Allowed(sizes, [each], forbidden).levels():
                message = (
                    f"{where}: allows none of the variants of spec.variants.only[{entry}]: change one of them"
                )
                raise InvalidTask(message)
