"""How does a ClipTask of the cluster look in a terminal? Pure: from the object that the API has to what is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cliptask.errors import InvalidTask
from cliptask.spec.loading import load_data
from cliptask.spec.status import MOST_FAILURES, ClipTaskStatus, shortened
from cliptask_operator.kubernetes.task_state import is_observed, status_of

_BAR = 40
_WORDS = 240
"""Of a failure's message; `cliptask logs NAME --failed` has all of it."""
_table = partial(Table, box=None, pad_edge=False, padding=(0, 2, 0, 0))
_STYLES = {"Complete": "green", "Failed": "red", "Suspended": "yellow"}


def view(body: Mapping[str, Any], now: datetime) -> RenderableType:
    """The campaign in one screen: what it is, how far it is, what has failed and why."""
    said = status_of(body)
    parts: list[RenderableType] = [_title(body, said, now), *_blocks(body)]
    if said.variants:
        parts += ["", _bars(said)]
    if said.failures:
        parts += ["", _failures(said)]
    if doubts := [each for each in said.conditions if each.type == "TargetsMet" and each.status == "False"]:
        parts += ["", Text(f"targets: {doubts[0].message}", "yellow", overflow="fold")]
    if said.index:
        parts += ["", Text(f"gallery: {said.index.rpartition('/')[0]}/gallery.html", overflow="fold")]
    return Group(*parts)


def _title(body: Mapping[str, Any], said: ClipTaskStatus, now: datetime) -> Text:
    metadata = body["metadata"]
    title = Text(f"{metadata['namespace']}/{metadata['name']}  ", style="bold")
    if not is_observed(body):
        return title.append("waiting for the operator, which has not seen the newest edit", "yellow")
    title.append(said.phase, _STYLES.get(said.phase, "cyan"))
    if said.start_time:
        end = datetime.fromisoformat(said.completion_time) if said.completion_time else now
        title.append(f"  {_time(end - datetime.fromisoformat(said.start_time))}")
    return title.append(f"\n{said.message}", "not bold")


def _blocks(body: Mapping[str, Any]) -> Iterable[RenderableType]:
    try:
        spec = load_data({**body}, "").spec
    except InvalidTask:
        return  # the message says what is wrong with it
    table = _table(show_header=False)
    for block in spec.video_blocks:
        _row(table, block.name, "clip", [clip.label for clip in block.clips])
    _row(table, "music", "track", [track.label for track in spec.tracks])
    _row(table, "speech", "line", [line.label for line in spec.speech])
    yield ""
    yield table


def _row(table: Table, name: str, kind: str, labels: Sequence[str]) -> None:
    if labels:
        table.add_row(name, f"{len(labels):,} {kind}{'s' * (len(labels) != 1)}", Text(", ".join(labels)))


def _bars(said: ClipTaskStatus) -> Table:
    table = _table(show_header=False)
    made = f"made, {said.active:,} Job{'s' * (said.active != 1)} at work" if said.active else "made"
    rows = (
        ("characters", said.speech_characters_paid, said.speech_characters, "spoken"),
        ("seconds", said.transcribed_seconds_paid, said.transcribed_seconds, "transcribed"),
        ("segments", said.segments_ready, said.segments, "encoded"),
        ("videos", said.succeeded, said.variants, made),
    )
    forms = ((f"  {each.name}", each.succeeded, each.variants, "made") for each in said.forms or ())
    for name, done, total, verb in (*rows, *forms):
        if total:
            bar = ProgressBar(
                total=total, completed=done, width=_BAR, complete_style="cyan", finished_style="green"
            )
            table.add_row(name, bar, f"{done:,} of {total:,} {verb}")
    return table


def _failures(said: ClipTaskStatus) -> RenderableType:
    table = _table(header_style="bold")
    for heading in ("FAILED", "REASON", "MESSAGE"):
        table.add_column(heading, overflow="fold")
    for each in said.failures:
        table.add_row(Text(each.variant, "red"), each.reason, Text(shortened(each.message, _WORDS)))
    if said.failed <= MOST_FAILURES:
        return table
    return Group(table, f"and {said.failed - MOST_FAILURES:,} more: index.json names all")


def _time(took: timedelta) -> str:
    seconds = max(int(took.total_seconds()), 0)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{seconds % 60:02}s"
