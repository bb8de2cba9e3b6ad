"""How fast could a campaign be at best? Its unique encodes and unique soundtracks, and nothing else."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks.watch import Watch
from cliptask import names
from cliptask.orders import SegmentOrder, SoundtrackOrder
from cliptask.planning.plan import Campaign
from cliptask.spec.loading import load
from cliptask_operator.campaign.stores import CACHE, open_stores
from cliptask_operator.local import render
from cliptask_operator.local.progress import report_on
from cliptask_operator.settings.environment import Settings
from cliptask_renderer.media import segment, sound


@dataclass(frozen=True)
class Limit:
    """What the work alone takes."""

    wall_s: float
    """All of it as one queue on the workers: no planning, fetching, speaking, checking, pictures, storing, index."""
    segments_s: float
    """Sum of what each took, as is the next; they overlap on the workers."""
    soundtracks_s: float


def limit(rendered: Path, workers: int) -> Limit:
    """Do the bare work of a finished campaign again. ``rendered`` is the folder of ``recipes.product``.

    The workers run and have imported everything before the clock starts. Sources and speech are
    those that the campaign left in its cache.
    """
    out = rendered / "out"
    campaign = _campaign(rendered / "task.yaml", out)
    with tempfile.TemporaryDirectory(dir=rendered) as scratch:
        cache, work = out / CACHE, Path(scratch)
        kinds: list[Sequence[Callable[[], float]]] = [
            [partial(_segment, cache, work, order) for order in campaign.segments],
            [partial(_soundtrack, cache, work, order) for order in campaign.soundtracks],
        ]
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            list(pool.map(time.sleep, [0.5] * workers))
            # Watched as the campaign was: the watch takes its share of the cores, too.
            with Watch() as watch:
                waiting = [[pool.submit(do) for do in kind] for kind in kinds]
                sums = [sum(each.result() for each in kind) for kind in waiting]
            return Limit(watch.wall_s, *sums)


def _campaign(task_file: Path, out: Path) -> Campaign:
    task, settings = load(task_file.read_text(), task_file.name).task, Settings()
    with report_on(Console(quiet=True)) as progress:
        return render.plan(task, open_stores(out.as_uri()), settings, progress, speak=True).campaign


def _timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def _sources(cache: Path, order: SegmentOrder | SoundtrackOrder) -> dict[str, Path]:
    return {sha256: cache / names.source_object(sha256) for sha256 in order.sources}


def _segment(cache: Path, work: Path, order: SegmentOrder) -> float:
    folder = work / order.key
    folder.mkdir()
    return _timed(partial(segment.make_segment, order, _sources(cache, order), folder))


def _soundtrack(cache: Path, work: Path, order: SoundtrackOrder) -> float:
    recordings = {
        each.line_key: cache / names.speech_object(each.line_key, each.extension) for each in order.speech
    }
    return _timed(
        partial(sound.mix, order, _sources(cache, order), recordings, work / f"{order.key}.m4a", work)
    )
