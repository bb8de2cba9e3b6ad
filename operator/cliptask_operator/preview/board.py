"""Which combinations can be played, and what is each made of? All of a task's, also those that it does not ask for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from cliptask import names
from cliptask.errors import ClipTaskError, InputError
from cliptask.facts import SourceFacts, SpokenLine
from cliptask.orders import CaptionsOrder, VariantOrder
from cliptask.planning.bindings import Bindings, Bound, bind
from cliptask.planning.choices import Choice, Labels, chosen
from cliptask.planning.history import NOTHING, History
from cliptask.planning.lines import said
from cliptask.planning.plan import captions_order, input_places, variant_order
from cliptask.planning.timeline import Timeline
from cliptask.spec.task import ClipTask
from cliptask.spec.values import MAX_VARIANTS

DRAFT_SIDE = 360
"""Pixels along the shorter edge of a draft: 5 s of a clip take 0.4 CPU s, where 1080x1920 takes 2 to 3."""


@dataclass(frozen=True)
class Heard:
    """A line as it is played."""

    line: SpokenLine | None
    by: Literal["voice", "robot", "nobody"]
    """voice: the recording that ``render`` takes. robot: a draft of it."""
    why: str = ""
    """Why it is no recording."""
    is_settled: bool = True
    """Whether it would be the same another time."""


@dataclass(frozen=True)
class Combination:
    """One video as it would be."""

    choice: Choice
    name: str
    full: VariantOrder
    draft: VariantOrder | None
    """The same in small, to be seen sooner; None where the video itself is as small."""
    captions: CaptionsOrder | None = None
    starts_s: tuple[float, ...] = ()
    """When each block's clip begins to show."""

    @property
    def orders(self) -> tuple[VariantOrder, ...]:
        """What may be played, the best first."""
        return tuple(filter(None, (self.full, self.draft)))


class Board:
    """A task with what its files and lines turned out to be. Equal arguments answer equally."""

    def __init__(
        self,
        task: ClipTask,
        sources: Mapping[str, Bound[SourceFacts]],
        lines: Sequence[Heard],
        history: History = NOTHING,
        most: int = MAX_VARIANTS,
    ) -> None:
        """``sources`` by URL, ``lines`` as ``spec.lines``, ``history`` as for ``plan``. Raises what makes all of it impossible."""
        self.task, self.spec, self.lines = task, task.spec, lines
        self.bindings = bind(task.spec, sources)
        if self.bindings.size_error:
            raise self.bindings.size_error
        self.labels = Labels(task.spec, sources)
        self._history = history if task.spec.variants.history == "keep" else NOTHING
        self._most = most
        self._spoken = [heard.line for heard in lines]
        self._full = Timeline(task.spec, self.bindings)
        small = in_small(self.bindings)
        self._draft = Timeline(task.spec, small, is_draft=True) if small else None
        self.places = input_places(task.spec, sources, self._spoken)

    @cached_property
    def chosen(self) -> tuple[Choice, ...]:
        """The combinations that the task wants made."""
        return chosen(self.spec, self.labels, self._history, self._most).choices

    def choice(self, clips: Sequence[str], track: str | None, line: str | None) -> Choice:
        """A combination by its labels. Raises ``InputError`` for one that there is not."""
        pools = [*self.labels.clips, self.labels.tracks, self.labels.lines]
        wanted = [*clips, track, line]
        places = [
            None if label is None and not pool else pool.index(label) if label in pool else -1
            for pool, label in zip(pools, wanted, strict=False)
        ]
        if len(wanted) != len(pools) or -1 in places:
            what = ", ".join(filter(None, wanted)) or "nothing"
            message = f"there is no combination of {what} any more: choose again"
            raise InputError(message)
        *of_blocks, of_tracks, of_lines = places
        return Choice(tuple(place for place in of_blocks if place is not None), of_tracks, of_lines)

    def combination(self, choice: Choice) -> Combination:
        """What a choice is made of. Raises why it cannot be made."""
        words = said(self._full, choice, self._spoken)
        full = variant_order(self._full, choice, words)
        draft = variant_order(self._draft, choice, words) if self._draft else None
        clips, track, line = self.labels.of(choice)
        name = names.variant_name([*clips, *filter(None, (track, line))], full.key)
        captions = captions_order(self.spec, words)
        starts_s = tuple(span.start / full.profile.fps for span in self._full.spans(choice.clips))
        return Combination(choice, name, full, draft, captions, starts_s)

    def combinations(self) -> Iterator[Combination]:
        """Those that the task wants made and that can be."""
        for choice in self.chosen:
            try:
                yield self.combination(choice)
            except ClipTaskError:
                continue  # whoever looks at it hears why

    @property
    def unseen(self) -> ClipTaskError | None:
        """What is wrong with a title that nobody would see, once all ``combinations`` were looked at and could be made."""
        try:
            self._full.refuse_unseen()
        except ClipTaskError as error:
            return error
        return None


def in_small(bindings: Bindings) -> Bindings | None:
    """The same for drafts; None where the picture is as small already."""
    short = min(bindings.width, bindings.height)
    if short <= DRAFT_SIDE:
        return None
    width, height = (2 * round(side * DRAFT_SIDE / short / 2) for side in (bindings.width, bindings.height))
    return replace(bindings, width=width, height=height)
