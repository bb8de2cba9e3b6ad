"""In which order is everything measured? Recipes by turns, so that a machine that drifts is the same for all."""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from benchmarks import footage, recipes, vmaf
from benchmarks.campaigns import FULL, QUICK, Campaign, Material, Video
from benchmarks.limit import Limit, limit
from benchmarks.recipes import Run
from benchmarks.results import RECIPES, Measured, Recipe, Results

Make = Callable[[Sequence[Video], Path, int], Run]
SAMPLED: dict[Recipe, Make] = {"moviepy": recipes.moviepy, "ffmpeg": recipes.ffmpeg}


@dataclasses.dataclass(frozen=True)
class Taken:
    """One recipe's run in one round."""

    recipe: Recipe
    campaign: Campaign
    sample: tuple[Video, ...]
    run: Run

    @property
    def wall_s(self) -> float:
        """For all variants of the campaign."""
        return self.run.wall_s * self.campaign.variants / self.run.made


EVERY = 5
"""VMAF of each fifth picture: prime to the distance of P-frames, and a divisor of a clip's pictures."""


def bench(
    out: Path, rounds: int, say: Callable[[str], None], *, quick: bool, width: int | None = None
) -> Results:
    """Measure everything in ``out``; some GB while it runs, what was rendered is removed in the end.

    ``width`` is how many videos (a) and (b) make side by side; None tries what is fastest.
    """
    say("clips, music and speech")
    material = material_of(out, quick=quick)
    size = material.size
    campaigns = QUICK if quick else FULL
    workers = os.cpu_count() or 1
    work = out / "work"
    shutil.rmtree(work, ignore_errors=True)
    candidates = sorted({1, workers}) if width is None else [width]
    widths, trials_s = _widths(campaigns[1].sample(0, material), work, candidates, say)
    taken: list[Taken] = []
    limits: list[Limit] = []
    pooled: list[Limit] = []
    for campaign in campaigns:
        for number in range(rounds):
            sample = campaign.sample(number, material)
            for recipe in RECIPES:
                folder = work / f"{campaign.name}-{number}-{recipe}"
                if recipe == "cliptask":
                    run = recipes.product(campaign, material, folder, sample, workers)
                else:
                    run = SAMPLED[recipe](sample, folder, widths[recipe])
                taken.append(Taken(recipe, campaign, sample, run))
                say(f"{campaign.name}, round {number + 1}, {recipe}: {run.made} videos in {run.wall_s:.1f} s")
            if campaign == campaigns[1]:
                for side, found in ((1, limits), (workers, pooled)):
                    found.append(limit(work / f"{campaign.name}-{number}-cliptask", side))
                    say(
                        f"{campaign.name}, round {number + 1}, its limit {side} at a time: {found[-1].wall_s:.1f} s"
                    )
    say("VMAF")
    scores = [
        [vmaf.quality(made, video.files, footage.FPS, every=EVERY) for made, video in zip(each.run.videos, each.sample, strict=True)]
        for each in taken
    ]  # fmt: skip
    results = Results(
        quick=quick,
        machine=machine(),
        picture=f"{size.width}x{size.height} at {footage.FPS} fps, clips of {size.seconds:g} s",
        workers=workers,
        widths=widths,
        trials_s=trials_s,
        measured=tuple(
            _measured(recipe, campaign, taken, scores) for campaign in campaigns for recipe in RECIPES
        ),
        by_kind=_by_kind(taken, scores, size),
        limits=tuple(limits),
        pooled_limits=tuple(pooled),
        limited_walls_s=tuple(
            each.run.wall_s for each in taken if each.recipe == "cliptask" and each.campaign == campaigns[1]
        ),
    )
    shutil.rmtree(work)
    return results


def material_of(out: Path, *, quick: bool) -> Material:
    """What campaigns are rendered from, made below ``out`` where it is missing."""
    size = footage.Size(270, 480, 60) if quick else footage.Size()
    return Material(
        size,
        footage.sources(out / "footage", size),
        footage.tracks(out / "footage"),
        footage.recordings(out / "footage"),
    )


def machine() -> str:
    """Processor, cores and memory."""
    names = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores ({names[0] if names else platform.machine()}), {memory:.0f} GB, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


def _widths(
    videos: Sequence[Video], work: Path, candidates: Sequence[int], say: Callable[[str], None]
) -> tuple[dict[Recipe, int], dict[str, float]]:
    """For each recipe that makes single videos: how many side by side? What is fastest of the candidates is taken."""
    if len(candidates) == 1:
        return dict.fromkeys(SAMPLED, candidates[0]), {}
    widths: dict[Recipe, int] = {}
    trials_s: dict[str, float] = {}
    for recipe, make in SAMPLED.items():
        walls = {width: make(videos, work / "trial", width).wall_s for width in candidates}
        widths[recipe] = min(walls, key=lambda width: walls[width])
        trials_s |= {f"{recipe} {width} at a time": wall for width, wall in walls.items()}
    say(", ".join(f"{name} {wall:.1f} s" for name, wall in trials_s.items()))
    return widths, trials_s


def _measured(
    recipe: Recipe, campaign: Campaign, taken: Sequence[Taken], scores: Sequence[Sequence[vmaf.Quality]]
) -> Measured:
    chosen = [
        (each, of)
        for each, of in zip(taken, scores, strict=True)
        if (each.recipe, each.campaign) == (recipe, campaign)
    ]
    return Measured(
        recipe=recipe,
        campaign=campaign.name,
        variants=campaign.variants,
        walls_s=tuple(each.wall_s for each, _ in chosen),
        made=tuple(each.run.made for each, _ in chosen),
        peak_rss_bytes=max(each.run.peak_rss_bytes for each, _ in chosen),
        sizes_bytes=tuple(video.stat().st_size for each, _ in chosen for video in each.run.videos),
        quality=vmaf.Quality(tuple(score for _, of in chosen for video in of for score in video.scores)),
    )


def _by_kind(
    taken: Sequence[Taken], scores: Sequence[Sequence[vmaf.Quality]], size: footage.Size
) -> dict[footage.Kind, dict[Recipe, vmaf.Quality]]:
    found: dict[footage.Kind, dict[Recipe, list[float]]] = {}
    for each, of in zip(taken, scores, strict=True):
        for video, quality in zip(each.sample, of, strict=True):
            for place, clip in enumerate(video.clips):
                scored = size.frames // EVERY
                of_clip = quality.scores[place * scored : (place + 1) * scored]
                found.setdefault(clip.kind, {}).setdefault(each.recipe, []).extend(of_clip)
    return {
        kind: {recipe: vmaf.Quality(tuple(scores)) for recipe, scores in of.items()}
        for kind, of in found.items()
    }
