"""What did a run measure? Its figures as values, and the ratios that follow from them."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.footage import Kind
from benchmarks.limit import Limit
from benchmarks.vmaf import Quality

Recipe = Literal["moviepy", "ffmpeg", "cliptask"]
RECIPES: tuple[Recipe, ...] = ("moviepy", "ffmpeg", "cliptask")


@dataclass(frozen=True)
class Measured:
    """One recipe for one campaign, over all rounds."""

    recipe: Recipe
    campaign: str
    variants: int
    walls_s: tuple[float, ...]
    """Each round's seconds for all variants; of (a) and (b) scaled from the sample."""
    made: tuple[int, ...]
    """Videos that each round really made."""
    peak_rss_bytes: int
    sizes_bytes: tuple[int, ...]
    """Of the sampled videos."""
    quality: Quality
    """Over every picture of the sampled videos."""

    @property
    def wall_s(self) -> float:
        """The median round."""
        return statistics.median(self.walls_s)

    @property
    def size_bytes(self) -> float:
        """The mean sampled video."""
        return statistics.fmean(self.sizes_bytes)


@dataclass(frozen=True)
class Results:
    """Everything that a run measured."""

    quick: bool
    machine: str
    picture: str
    workers: int
    widths: dict[Recipe, int]
    """Videos side by side of (a) and (b): what was faster of one and all cores."""
    trials_s: dict[str, float]
    """What decided that: seconds for two videos."""
    measured: tuple[Measured, ...]
    by_kind: dict[Kind, dict[Recipe, Quality]]
    """Over the sampled videos of all campaigns."""
    limits: tuple[Limit, ...]
    """Each piece of work timed alone, one after the other."""
    pooled_limits: tuple[Limit, ...]
    """The same work on all workers at once."""
    limited_walls_s: tuple[float, ...]
    """The product's campaign of the same rounds."""

    def of(self, recipe: Recipe, campaign: str) -> Measured:
        """One cell of the table."""
        return next(each for each in self.measured if (each.recipe, each.campaign) == (recipe, campaign))

    @property
    def campaigns(self) -> tuple[str, ...]:
        """In the order in which they were measured."""
        return tuple(dict.fromkeys(each.campaign for each in self.measured))

    def time_ratio(self, recipe: Recipe, campaign: str) -> float:
        """Median over the rounds of the recipe's time over (a)'s of the same round, so that a drifting machine cancels."""
        pairs = zip(self.of(recipe, campaign).walls_s, self.of("moviepy", campaign).walls_s, strict=True)
        return statistics.median(wall / base for wall, base in pairs)

    def size_ratio(self, recipe: Recipe, campaign: str) -> float:
        """Of the sampled videos, together."""
        return self.of(recipe, campaign).size_bytes / self.of("moviepy", campaign).size_bytes

    @property
    def limit_ratio(self) -> float:
        """Median over the rounds of the campaign's time over its limit's."""
        pairs = zip(self.limited_walls_s, self.limits, strict=True)
        return statistics.median(wall / limit.wall_s for wall, limit in pairs)


@dataclass(frozen=True)
class Goal:
    """A figure, and what it was to be."""

    what: str
    reached: float
    bound: float
    at_least: bool = False
    digits: int = 3

    @property
    def met(self) -> bool:
        """Whether it is on the right side of its bound."""
        return self.reached >= self.bound if self.at_least else self.reached <= self.bound


TIME_GOALS = (0.35, 1 / 30, 1 / 120)
SIZE_GOAL = 1.3
LIMIT_GOAL = 1.2
RSS_GOAL_BYTES = 1.5e9


def goals(results: Results) -> Sequence[Goal]:
    """What the product promises, beside what it reached."""
    found = [
        Goal(f"time of {results.of('cliptask', name).variants} variants / (a)", results.time_ratio("cliptask", name), bound, digits=4)
        for name, bound in zip(results.campaigns, TIME_GOALS, strict=True)
    ]  # fmt: skip
    for name in results.campaigns:
        ours, theirs = results.of("cliptask", name), results.of("moviepy", name)
        found.append(
            Goal(f"VMAF, {ours.variants} variants", ours.quality.mean, theirs.quality.mean, at_least=True)
        )
        found.append(
            Goal(f"size / (a), {ours.variants} variants", results.size_ratio("cliptask", name), SIZE_GOAL)
        )
    found.append(Goal(f"campaign of {results.campaigns[1]} / its limit", results.limit_ratio, LIMIT_GOAL))
    peak = max(results.of("cliptask", name).peak_rss_bytes for name in results.campaigns)
    found.append(
        Goal(f"peak memory of a render on {results.workers} workers, GB", peak / 1e9, RSS_GOAL_BYTES / 1e9)
    )
    return found


def as_json(results: Results) -> str:
    """Every figure of the report; of VMAF the mean and the mean of the worst hundredth."""
    values = _plain(results) | {"goals": [_plain(goal) | {"met": goal.met} for goal in goals(results)]}
    return json.dumps(values, indent=2) + "\n"


def _plain(value: object) -> Any:  # noqa: ANN401  what JSON takes
    if isinstance(value, Quality):
        return {"mean": round(value.mean, 3), "worst_hundredth": round(value.low, 3)}
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
