"""Which combinations can be played, and what is each made of? All of a task's, also those that it does not ask for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, TypeGuard

from cliptask.errors import ClipTaskError, InputError
from cliptask.facts import SourceFacts, SpokenLine
from cliptask.orders import CaptionsOrder, VariantOrder
from cliptask.planning.bindings import NO_TRANSCRIPTS, Bindings, Bound, Transcripts, bind_rows
from cliptask.planning.choices import Choice, Labels, chosen
from cliptask.planning.disclosure import disclosure
from cliptask.planning.history import NOTHING, History
from cliptask.planning.lines import said
from cliptask.planning.naming import video_name
from cliptask.planning.plan import about_targets, captions_order, input_places, variant_order
from cliptask.planning.soundtrack import soundtrack
from cliptask.planning.timelines import Timelines, lines_of, row_of
from cliptask.spec.speech import Utterance
from cliptask.spec.task import ClipTask
from cliptask.spec.values import MAX_VARIANTS

DRAFT_SIDE = 360
"""Pixels along the shorter edge of a draft: to encode 5 s takes 0.4 CPU s, where 1080x1920 takes 2 to 3."""


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


class Sought(NamedTuple):
    """A combination by its labels."""

    clips: Sequence[str] = ()
    track: str | None = None
    line: str | None = None
    others: Sequence[str] = ()
    """One of each of ``spec.others``."""


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
        transcripts: Transcripts = NO_TRANSCRIPTS,
    ) -> None:
        """``sources`` by URL, ``lines`` as ``spec.lines``, ``history`` and ``transcripts`` as for ``plan``. Raises what makes all of it impossible."""
        self.task, self.spec, self.lines = task, task.spec, lines
        rows = bind_rows(task.spec, sources, transcripts)
        self.bindings = rows[0]
        self.errors = tuple(error for each in rows for error in each.errors)
        if self.bindings.size_error:
            raise self.bindings.size_error
        self.labels = Labels(task.spec, sources)
        self._history = history if task.spec.variants.history == "keep" else NOTHING
        self._most = most
        self._spoken = [heard.line for heard in lines]
        small = [in_small(each) for each in rows]
        self._full, self._draft = Timelines(task.spec, rows), Timelines(task.spec, small, is_draft=True)
        self._has_draft = [one != other for one, other in zip(small[0].sizes, rows[0].sizes, strict=True)]
        self.forms = tuple(task.spec.form_names)
        """What the forms are called; None where there is one alone."""
        for number in range(len(self.forms)):
            self._full.first(number)
        self.places = input_places(task.spec, sources, self._spoken, transcripts)

    @cached_property
    def chosen(self) -> tuple[Choice, ...]:
        """The combinations that the task wants made."""
        return chosen(self.spec, self.labels, self._history, self._most).choices

    def choice(self, sought: Sought) -> Choice:
        """A combination by its labels. Raises ``InputError`` for one that there is not."""
        pools = [*self.labels.clips, self.labels.tracks, self.labels.lines, *self.labels.others.values()]
        wanted = [*sought.clips, sought.track, sought.line, *sought.others]
        places = [
            None if label is None and not pool else pool.index(label) if label in pool else -1
            for pool, label in zip(pools, wanted, strict=False)
        ]
        if len(wanted) != len(pools) or -1 in places:
            what = ", ".join(filter(None, wanted)) or "nothing"
            message = f"there is no combination of {what} any more: choose again"
            raise InputError(message)
        blocks = len(self.labels.clips)
        of_blocks, of_others = (
            tuple(filter(_is_there, each)) for each in (places[:blocks], places[blocks + 2 :])
        )
        track, line = places[blocks : blocks + 2]
        return Choice(of_blocks, track, line, of_others)

    def combination(self, choice: Choice, form: str | None = None) -> Combination:
        """What a choice is made of, in the form of this name, else in the first. Raises why it cannot be made."""
        number = self.forms.index(form) if form in self.forms else 0
        timeline = self._full.of(choice, number)
        words = said(timeline, choice, lines_of(self.spec, choice, self._spoken))
        heard = soundtrack(timeline, choice, words)
        told = disclosure(timeline.spec, choice, words, heard)

        def order(timelines: Timelines) -> VariantOrder:
            of_form = timelines.of(choice, number, told.label)
            return variant_order(of_form, choice, words, heard, told.source_type)

        full = order(self._full)
        draft = order(self._draft) if self._has_draft[number] else None
        named = self.labels.of(choice)._replace(form=self.forms[number])
        name = video_name(self.task, named, full.key)
        captions = captions_order(timeline, words)
        starts_s = tuple(span.start / full.profile.fps for span in timeline.spans(choice.clips))
        return Combination(choice, name, full, draft, captions, starts_s)

    def line(self, number: int, choice: Choice | None) -> Utterance:
        """One of ``spec.speech`` as the row of a choice has it. Raises ``InputError`` for one that there is not."""
        lines = self.spec.by_row[row_of(self.spec, choice) if choice else 0].speech
        if not 0 <= number < len(lines):
            message = "there is no such line any more"
            raise InputError(message)
        return lines[number]

    def combinations(self) -> Iterator[Combination]:
        """Those that the task wants made and that can be, each in every form."""
        for choice in self.chosen:
            for form in self.forms:
                try:
                    yield self.combination(choice, form)
                except ClipTaskError:
                    continue  # whoever looks at it hears why

    @property
    def about_targets(self) -> tuple[str, ...]:
        """Which targets no form suits, and what platforms would cover of overlays and texts."""
        # What lies over the picture depends on rows and texts alone.
        apart = {choice.others: choice for choice in self.chosen} if self.spec.targets else {}
        for choice in apart.values():
            for number in range(len(self.forms)):
                with suppress(ClipTaskError):  # whoever looks at it hears why
                    self._full.of(choice, number)
        return about_targets(self.spec, self.bindings, self._full)

    @property
    def unseen(self) -> ClipTaskError | None:
        """What is wrong with a title that nobody would see, once all ``combinations`` were looked at and could be made."""
        try:
            self._full.refuse_unseen()
        except ClipTaskError as error:
            return error
        return None


def _is_there(place: int | None) -> TypeGuard[int]:
    return place is not None


def in_small(bindings: Bindings) -> Bindings:
    """The same for drafts; forms that are as small already stay as they are."""
    return replace(bindings, sizes=tuple(_in_small(*size) for size in bindings.sizes))


def _in_small(width: int, height: int) -> tuple[int, int]:
    short = max(min(width, height), DRAFT_SIDE)
    return 2 * round(width * DRAFT_SIDE / short / 2), 2 * round(height * DRAFT_SIDE / short / 2)
