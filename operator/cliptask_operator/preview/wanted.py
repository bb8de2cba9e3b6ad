"""Which parts are made first? Those of the combination that somebody looks at; a draft of each before the part itself. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from cliptask_operator.preview.board import Combination
from cliptask_operator.preview.making import Part, parts_of

SOUNDTRACKS_SOON = 30
"""Mixed before anybody asks for them: some seconds of work. A large campaign may have thousands."""


@dataclass(frozen=True)
class Stock:
    """All parts of some combinations, each once, in the order in which videos need them."""

    segments: tuple[tuple[Part, Part | None], ...] = ()
    """With the draft of each, where there is one."""
    soundtracks: tuple[Part, ...] = ()

    @classmethod
    def of(cls, combinations: Iterable[Combination]) -> Stock:
        """What these are made of."""
        segments: dict[str, tuple[Part, Part | None]] = {}
        soundtracks: dict[str, Part] = {}
        for each in combinations:
            for part in parts_of(each.full, is_draft=False)[: 1 if each.full.soundtrack else 0]:
                soundtracks.setdefault(part.key, part)
            drafts = each.draft.segments if each.draft else [None] * len(each.full.segments)
            for order, small in zip(each.full.segments, drafts, strict=True):
                draft = Part(small, is_draft=True) if small else None
                segments.setdefault(order.key, (Part(order), draft))
        return cls(tuple(segments.values()), tuple(soundtracks.values()))

    @property
    def drafts(self) -> tuple[Part, ...]:
        """Of all segments."""
        return tuple(draft for _, draft in self.segments if draft)

    @property
    def parts(self) -> Iterator[Part]:
        """Everything."""
        for segment, draft in self.segments:
            yield segment
            if draft:
                yield draft
        yield from self.soundtracks


@dataclass(frozen=True)
class Wanted:
    """What is to be made, the first first."""

    now: tuple[Part, ...] = field(default=())
    """What somebody waits for."""
    soon: tuple[Part, ...] = field(default=())
    """What they may ask for next."""
    later: tuple[Part, ...] = field(default=())
    """By processes that yield to those."""


def wanted(current: Stock, campaign: Stock, lacks: Callable[[Part], bool]) -> Wanted:
    """Drafts and sound soon, the segments themselves later; then drafts of what is there, which the next edit may need."""
    is_whole = not any(lacks(segment) for segment, _ in current.segments)
    now = [*current.soundtracks, *(() if is_whole else current.drafts)]
    soon = [
        *(draft for segment, draft in campaign.segments if draft and lacks(segment)),
        *campaign.soundtracks[:SOUNDTRACKS_SOON],
    ]
    segments = [segment for segment, _ in (*current.segments, *campaign.segments)]
    later = [*segments, *campaign.soundtracks, *current.drafts, *campaign.drafts]
    return Wanted(*(_each_once(parts, lacks) for parts in (now, soon, later)))


def _each_once(parts: Iterable[Part], lacks: Callable[[Part], bool]) -> tuple[Part, ...]:
    return tuple({part.key: part for part in parts if lacks(part)}.values())
