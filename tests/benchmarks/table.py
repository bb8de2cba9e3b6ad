"""How does a person read the results? Markdown tables with what they mean beside them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.results import RECIPES, Measured, Recipe, Results, goals

NAMES: dict[Recipe, str] = {
    "moviepy": "(a) MoviePy per variant",
    "ffmpeg": "(b) ffmpeg per variant",
    "cliptask": "(c) ClipTask",
}


def markdown(results: Results) -> str:
    """The whole report."""
    parts = [
        *(["**A quick run on small pictures: its figures mean nothing.**", ""] if results.quick else []),
        f"Measured side by side on {results.machine}; {results.picture}. Median of {_rounds(results)} interleaved rounds.",
        "",
        _campaigns(results),
        "",
        _notes(results),
        "",
        _kinds(results),
        "",
        _limit(results),
    ]
    if not results.quick:
        parts += ["", _goals(results)]
    return "\n".join(parts) + "\n"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _campaigns(results: Results) -> str:
    header = [
        "",
        "variants",
        "made",
        "time",
        "time / (a)",
        "VMAF",
        "worst 1 %",
        "MB each",
        "size / (a)",
        "peak RSS",
    ]
    rows = [
        _row(results, results.of(recipe, campaign)) for campaign in results.campaigns for recipe in RECIPES
    ]
    return grid(header, rows)


def _row(results: Results, cell: Measured) -> Sequence[str]:
    made = sum(cell.made) / len(cell.made)
    return (
        NAMES[cell.recipe],
        f"{cell.variants}",
        f"{made:g}",
        f"{'' if made == cell.variants else '≈ '}{duration(cell.wall_s)}",
        fraction(results.time_ratio(cell.recipe, cell.campaign)),
        f"{cell.quality.mean:.2f}",
        f"{cell.quality.low:.1f}",
        f"{cell.size_bytes / 1e6:.2f}",
        f"{results.size_ratio(cell.recipe, cell.campaign):.2f}",
        f"{cell.peak_rss_bytes / 1e9:.2f} GB",
    )


def _notes(results: Results) -> str:
    side = {recipe: f"{width} at a time" for recipe, width in results.widths.items()}
    trials = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in results.trials_s.items())
    tried = f" The fastest width was taken: two videos took {trials}." if trials else ""
    return "\n".join(
        [
            f"- (a) is what the older service did: `concatenate_videoclips(method=\"compose\")`, music looped at 0.2, speech, `write_videofile(codec=\"libx264\", audio_codec=\"aac\")`; {side['moviepy']}, in workers that had MoviePy imported.",
            f"- (b) is one filter graph and x264's defaults (medium, CRF 23) for each variant; {side['ffmpeg']}.{tried}",
            "- ≈: each round made the number of videos under *made* and its time was scaled to all. Each sampled video shows other clips of every block, so that together they show all.",
            f"- (c) is `cliptask render` in an empty folder on {results.workers} workers, measured whole: start, fetch, speech, encodes, joins, checks, pictures, index and gallery. (a) and (b) got their files and their speech for nothing.",
            "- VMAF v0.6.1 is of each fifth picture of those sampled videos against their sources in a row, *worst 1 %* the mean of its worst pictures. Peak RSS sums the process tree ten times a second.",
        ]
    )  # fmt: skip


def _kinds(results: Results) -> str:
    rows = [
        (kind, *(f"{of[recipe].mean:.2f}" for recipe in RECIPES), *(f"{of[recipe].low:.1f}" for recipe in RECIPES))
        for kind, of in results.by_kind.items()
    ]  # fmt: skip
    columns = (f"{what} {name[:3]}" for what in ("VMAF", "worst 1 %") for name in NAMES.values())
    return grid(("footage", *columns), rows)


def _limit(results: Results) -> str:
    rows = [
        (
            f"round {number}, {how}", f"{wall:.1f} s", f"{limit.wall_s:.1f} s", f"{wall / limit.wall_s:.2f}",
            f"{limit.segments_s:.1f} s", f"{limit.soundtracks_s:.1f} s",
        )
        for how, limits in (("alone", results.limits), ("in a pool", results.pooled_limits))
        for number, (wall, limit) in enumerate(zip(results.limited_walls_s, limits, strict=True), 1)
    ]  # fmt: skip
    header = ("", results.campaigns[1], "its limit", "ratio", "of it encodes", "soundtracks")
    words = (
        "The limit is the bare work: the unique encodes and the unique soundtracks. "
        f"Alone: each timed by itself, one after the other. In a pool: as one queue on {results.workers} workers that are "
        "already running, which is the best that any program could do. The last three columns are sums of single times."
    )
    return f"{grid(header, rows)}\n\n{words}"


def _goals(results: Results) -> str:
    rows = [
        (
            goal.what, f"{goal.reached:.{goal.digits}f}", f"{'≥' if goal.at_least else '≤'} {goal.bound:.{goal.digits}f}",
            "met" if goal.met else "**not met**",
        )
        for goal in goals(results)
    ]  # fmt: skip
    return grid(("goal", "reached", "wanted", ""), rows)


def _rounds(results: Results) -> int:
    return len(results.measured[0].walls_s)


def duration(seconds: float) -> str:
    """``42.0 s``, ``17 min``, ``3.1 h``."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def fraction(ratio: float) -> str:
    """``0.31``, or ``1/42`` below a tenth."""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"1/{1 / ratio:.0f}"
