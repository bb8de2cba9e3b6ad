"""Which timeline does a choice have? One for each form, row, text and label that may stand over the picture; what they share is made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from cliptask.errors import ClipTaskError
from cliptask.planning.bindings import Bindings
from cliptask.planning.choices import Choice
from cliptask.planning.timeline import Made, Timeline
from cliptask.spec.task import ClipTaskSpec

T = TypeVar("T")


class Timelines:
    """The timelines of a campaign, each made when it is first asked for."""

    def __init__(self, spec: ClipTaskSpec, rows: Sequence[Bindings], *, is_draft: bool = False) -> None:
        """``rows`` as ``spec.by_row``."""
        self._spec, self._rows, self._is_draft = spec, rows, is_draft
        self._known: dict[tuple[str | None, tuple[int, ...]], Timeline] = {}
        self._made = [Made() for _ in spec.forms]

    def first(self, form: int = 0) -> Timeline:
        """One of a form, for what all of it have in common."""
        return self._of(None, (form, 0, *(0 for _ in self._spec.text_blocks)))

    def of(self, choice: Choice, form: int = 0, label: str | None = None) -> Timeline:
        """The frames of a choice, in the form at this place of ``spec.forms``, with the text that discloses AI."""
        texts = choice.others[: len(self._spec.text_blocks)]
        return self._of(label, (form, row_of(self._spec, choice), *texts))

    def refuse_unseen(self) -> None:
        """Raise ``InvalidTask`` for what lies over no frame of any segment made so far."""
        for timeline in self._known.values():
            timeline.refuse_unseen()

    @property
    def known(self) -> tuple[Timeline, ...]:
        """Those that were asked for so far, by their forms."""
        return tuple(self._known[each] for each in self._ordered)

    @property
    def samples(self) -> tuple[Timeline, ...]:
        """Of these the first of each form, and of each label in it."""
        found: dict[tuple[int, str | None], Timeline] = {}
        for label, which in self._ordered:
            found.setdefault((which[0], label), self._known[label, which])
        return tuple(found.values())

    @property
    def _ordered(self) -> list[tuple[str | None, tuple[int, ...]]]:
        return sorted(self._known, key=lambda each: (each[1], each[0] or ""))

    def _of(self, label: str | None, which: tuple[int, ...]) -> Timeline:
        if (label, which) not in self._known:
            form, row, *texts = which
            self._known[label, which] = Timeline(
                self._spec.by_row[row],
                self._rows[row],
                form,
                texts,
                label,
                self._made[form],
                is_draft=self._is_draft,
            )
        return self._known[label, which]


def row_of(spec: ClipTaskSpec, choice: Choice) -> int:
    """The number of a choice's row among ``spec.by_row``."""
    return choice.others[[*spec.others].index("row")] if "row" in spec.others else 0


def lines_of(spec: ClipTaskSpec, choice: Choice, lines: Sequence[T]) -> Sequence[T]:
    """Of what there is for ``spec.lines``, that of the choice's row."""
    count, row = len(spec.lines_at), row_of(spec, choice)
    return lines[row * count : (row + 1) * count]


def common_errors(rows: Sequence[Bindings], lines: Sequence[Sequence[object]]) -> list[ClipTaskError]:
    """What makes every row unusable; what is wrong with some of them concerns these alone. ``lines`` are of each row."""
    found = [
        {
            str(each): each
            for each in (*row.errors, *(line for line in of_row if isinstance(line, ClipTaskError)))
        }
        for row, of_row in zip(rows, lines, strict=True)
    ]
    return [error for words, error in found[0].items() if all(words in each for each in found)]
