"""What would become of a campaign that is made, if another took its place? The answer of ``cliptask diff``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, NamedTuple

from cliptask.errors import ClipTaskError
from cliptask.facts import Transcript
from cliptask.index import campaign_index
from cliptask.index_history import history
from cliptask.planning.changes import Change, changes
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign, encoded_s
from cliptask.planning.reception import received
from cliptask.planning.reception import told as told_of_targets
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.change_words import (
    as_data,
    camel,
    escaped,
    folded,
    skipped_data,
    summed_up,
    told,
)
from cliptask_operator.campaign.inputs import ResolvedInputs
from cliptask_operator.campaign.price import Price

DIFFERS = 1
"""The exit code where something would be made or dropped, as of diff(1); 0 where nothing would."""


class Row(NamedTuple):
    """How many of something there were and would be, how many would be made, and how many no longer wanted."""

    what: str
    before: int
    after: int
    make: int
    drop: int


@dataclass(frozen=True)
class Side:
    """A task, and the campaign that it is."""

    title: str
    """What it was read from."""
    task: ClipTask
    output: str
    """Where its videos go, as it was written."""
    campaign: Campaign
    inputs: ResolvedInputs

    @property
    def place(self) -> tuple[str, str]:
        """The folder of its videos."""
        return self.campaign.task, self.output

    @property
    def dealt(self) -> History:
        """What its index would tell, had all of it been made."""
        there = {each.name: 0 for each in self.campaign.variants}
        return history(campaign_index(self.campaign, there, {}))


@dataclass(frozen=True)
class Comparison:
    """What becomes of the ``old`` campaign, had all of it been made, with the ``new`` one; None: there is no such task."""

    titles: tuple[str, str]
    old: Side | None
    new: Side | None
    price: Price | None = None

    @property
    def stays_in_its_folder(self) -> bool:
        """Whether videos of the one can be videos of the other."""
        return self.old is not None and self.new is not None and self.old.place == self.new.place

    @property
    def shares_a_cache(self) -> bool:
        """Whether parts of the one can be parts of the other."""
        return self.old is not None and self.new is not None and self.old.output == self.new.output

    @property
    def differs(self) -> bool:
        """Whether there is anything to be made, removed or mended."""
        lists = [_skipped(self.old), _skipped(self.new)]
        return any(row.make or row.drop for row in self.rows) or lists[0] != lists[1]

    @property
    def exit_code(self) -> int:
        """As of diff(1)."""
        return DIFFERS if self.differs else 0

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Everything that a campaign takes, counted."""
        old, new = _Parts.of(self.old), _Parts.of(self.new)
        shared = self.shares_a_cache
        return (
            _row("videos", old.videos, new.videos, shares=self.stays_in_its_folder),
            _row("pieces", old.pieces, new.pieces, shares=shared),
            _row("seams", old.seams, new.seams, shares=shared),
            _row("soundtracks", old.soundtracks, new.soundtracks, shares=shared),
            _row("lines", old.lines, new.lines, shares=shared),
            _paid_row("transcribed seconds", old.heard, new.heard, shares=shared),
            _paid_row("paid characters", old.paid, new.paid, shares=shared),
        )

    @property
    def encoded_s(self) -> float:
        """How much picture would be encoded."""
        if self.new is None:
            return 0.0
        there = (
            {each.key for each in self.old.campaign.encoded} if self.old and self.shares_a_cache else set()
        )
        campaign = self.new.campaign
        return encoded_s(each for each in campaign.encoded if each.key not in there)

    @property
    def money(self) -> str | None:
        """What the characters cost; None where nobody told a price."""
        return self.price.of(self.rows[-1].make) if self.price else None

    @cached_property
    def changes(self) -> Mapping[str, Change]:
        """What became of each variant of the new campaign, by its name."""
        if self.new is None:
            return {}
        if self.old is None or not self.stays_in_its_folder:
            return {each.name: Change("newCombination") for each in self.new.campaign.variants}
        return changes(self.new.campaign, {each.name for each in self.old.campaign.variants})

    @cached_property
    def dropped(self) -> Mapping[str, str]:
        """Names of the old campaign's videos that the new one does not want, each with the name of what comes in its place."""
        instead = {each.was: name for name, each in self.changes.items() if each.was}
        there = {name for name, each in self.changes.items() if each.kind == "stays"}
        variants = self.old.campaign.variants if self.old else ()
        return {each.name: instead.get(each.name, "") for each in variants if each.name not in there}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else is to be known, in sentences."""
        return (
            *summed_up(self.changes.values()),
            *self._about_targets,
            *self._about_place,
            *self._about_encodes,
            *self._about_lines,
            *self._about_sources,
            *self._about_dropped,
        )

    @property
    def errors(self) -> tuple[ClipTaskError, ...]:
        """Why some of the new campaign cannot be made."""
        return tuple(each.error for each in self.new.campaign.skipped) if self.new else ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for scripts, in camelCase."""
        old, new = self.old, self.new
        return {
            "old": {"file": self.titles[0], "task": old.campaign.task if old else None},
            "new": {"file": self.titles[1], "task": new.campaign.task if new else None},
            "differs": self.differs,
            **{
                camel(row.what): {
                    "before": row.before,
                    "after": row.after,
                    "toMake": row.make,
                    "toDrop": row.drop,
                }
                for row in self.rows
            },
            "encodedSeconds": round(self.encoded_s, 3),
            "cost": self.money,
            "remarks": list(self.remarks),
            "variants": [as_data(each, self.changes[each.name]) for each in new.campaign.variants]
            if new
            else [],
            "dropped": [{"name": name, "instead": instead or None} for name, instead in self.dropped.items()],
            "skipped": [skipped_data(each) for each in new.campaign.skipped] if new else [],
        }

    def as_markdown(self) -> str:
        """For a comment on a pull request."""
        new = [told(name, each) for name, each in self.changes.items() if each.kind != "stays"]
        stays = [f"`{name}`" for name, each in self.changes.items() if each.kind == "stays"]
        dropped = [f"`{name}`{f' for `{new}`' if new else ''}" for name, new in self.dropped.items()]
        errors = dict.fromkeys(map(str, self.errors))
        return "\n".join([
            f"### {self.heading}",
            "",
            *(
                [
                    "| | before | after | to make | to drop |",
                    "|---|---:|---:|---:|---:|",
                    *(f"| {row.what} | {' | '.join(f'{count:,}' for count in row[1:])} |" for row in self.rows),
                ]
                if self.differs
                else ["Nothing is made anew, and nothing is dropped."]
            ),
            "",
            *(f"- {escaped(remark)}" for remark in self.remarks),
            *(f"- **error:** {escaped(message)}" for message in errors),
            *folded("To make", new),
            *folded("To drop", dropped),
            *folded("Stays", stays),
        ]).rstrip()  # fmt: skip

    @property
    def heading(self) -> str:
        """Which campaign, and between what."""
        names = [each.campaign.task for each in (self.old, self.new) if each]
        return f"{' → '.join(dict.fromkeys(names))}: {self.titles[0]} → {self.titles[1]}"

    @property
    def _about_targets(self) -> tuple[str, ...]:
        """What the new campaign's targets would refuse or cover for the first time; of sizes nothing is known here."""
        said = [
            told_of_targets(each.campaign, received(each.campaign, {})) if each else ()
            for each in (self.old, self.new)
        ]
        return tuple(each for each in said[1] if each not in said[0])

    @property
    def _about_place(self) -> tuple[str, ...]:
        if not self.old or not self.new or self.stays_in_its_folder:
            return ()
        was, now = self.old, self.new
        if not self.shares_a_cache:
            elsewhere = f"spec.output.uri was {was.output}, is {now.output}"
            return (f"{elsewhere}: all is made there, unless the installation has one cache for all",)
        renamed = f"the task was {was.campaign.task}, is {now.campaign.task}"
        return (f"{renamed}: its videos are put together in a folder of that name",)

    @property
    def _about_encodes(self) -> tuple[str, ...]:
        return (f"encodes: {self.encoded_s:,.1f} s of picture",) if self.encoded_s else ()

    @property
    def _about_lines(self) -> tuple[str, ...]:
        if self.new is None:
            return ()
        to_pay, lines = self.rows[-1].make, self.new.inputs.recordings
        paid = (f"speech: {to_pay:,} characters, {self.money}",) if self.price and to_pay else ()
        unknown = sum(not line.is_spoken for line in lines)
        if not unknown:
            return paid
        burned = " and which pieces show their words" if self.new.task.spec.captions.mode == "burned" else ""
        are = f"{unknown:,} of {len(lines):,} line{'s' * (len(lines) != 1)} {'is' if unknown == 1 else 'are'}"
        return (*paid, f"{are} not spoken yet: how long they take{burned} is not known before")

    @property
    def _about_sources(self) -> tuple[str, ...]:
        """What the old campaign lacks: what needs it counts as never made."""
        if self.old is None:
            return ()
        messages = dict.fromkeys(str(each.error) for each in self.old.campaign.skipped)
        return tuple(f"{self.titles[0]} lacked {each}" for each in messages)

    @property
    def _about_dropped(self) -> tuple[str, ...]:
        if not self.dropped or not self.old:
            return ()
        count = len(self.dropped)
        said = f"{count:,} video{'s' * (count != 1)} of {self.old.campaign.task} no longer wanted"
        if self.new is None and self.old.task.spec.output.prune:
            return (f"{said}: removed with the task",)
        if self.new and self.stays_in_its_folder and self.new.task.spec.output.prune:
            return (f"{said}: removed once all is made",)
        return (f"{said}: they stay in the folder",)


class _Parts(NamedTuple):
    """The names of all that a campaign is made of."""

    videos: frozenset[str] = frozenset()
    pieces: frozenset[str] = frozenset()
    seams: frozenset[str] = frozenset()
    soundtracks: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    paid: Mapping[str, int] = {}
    """Characters of each recording that is paid for."""
    heard: Mapping[str, int] = {}
    """Seconds of each transcript."""

    @classmethod
    def of(cls, side: Side | None) -> _Parts:
        if side is None:
            return cls()
        campaign, recordings = side.campaign, side.inputs.recordings
        return cls(
            frozenset(each.name for each in campaign.variants),
            frozenset(each.key for each in campaign.segments if not each.is_seam),
            frozenset(each.key for each in campaign.segments if each.is_seam),
            frozenset(each.key for each in campaign.soundtracks),
            frozenset(each.key for each in recordings),
            {each.key: each.characters for each in recordings if each.provider == "elevenlabs"},
            {
                each.key: ceil(each.seconds)
                for each in side.inputs.transcripts.values()
                if isinstance(each, Transcript)
            },
        )


def _row(what: str, old: frozenset[str], new: frozenset[str], *, shares: bool) -> Row:
    kept = old & new if shares else frozenset()
    return Row(what, len(old), len(new), len(new - kept), len(old - kept))


def _paid_row(what: str, old: Mapping[str, int], new: Mapping[str, int], *, shares: bool) -> Row:
    make = [new[key] for key in new if not shares or key not in old]
    drop = [old[key] for key in old if not shares or key not in new]
    return Row(what, sum(old.values()), sum(new.values()), sum(make), sum(drop))


def _skipped(side: Side | None) -> list[tuple[object, ...]]:
    return [(each.clips, each.track, each.line, each.form) for each in side.campaign.skipped] if side else []


def before(old: Side | None, name: str, output: str) -> History:
    """What a task of that name and output goes on from, had all of ``old`` been made."""
    return old.dealt if old is not None and old.place == (name, output) else NOTHING
