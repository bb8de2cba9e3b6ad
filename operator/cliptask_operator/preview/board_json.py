"""What does the page know of a task? Its parts by label, with what is wrong with each, and which combinations it wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cliptask.area import free_of
from cliptask.errors import ClipTaskError
from cliptask.index_files import heading
from cliptask.planning.bindings import ClipRange
from cliptask.planning.history import TRACKS, other
from cliptask.planning.targets import shape_for
from cliptask.spec.platforms import USUAL, Target
from cliptask.spec.rows import outlined
from cliptask.spec.values import MAX_ONLY
from cliptask_operator.preview.board import Heard
from cliptask_operator.preview.reading import Read


def described(read: Read, *, can_speak: bool) -> dict[str, Any]:
    """A task as JSON; ``can_speak``: there is an account that may be asked to."""
    board, spec, labels = read.board, read.board.spec, read.board.labels
    bindings = board.bindings
    titles = {(column, part.label): part.title for column, parts in labels.parts.items() for part in parts}

    def problem(bound: object) -> str | None:
        return read.script.located(str(bound)) if isinstance(bound, ClipTaskError) else None

    return {
        "task": board.task.metadata.name,
        "fps": bindings.fps,
        "forms": [
            {"name": name, "width": width, "height": height, "zones": _zones(spec.targets, width, height)}
            for name, (width, height) in zip(board.forms, bindings.sizes, strict=True)
        ],
        "remark": read.remark,
        "about": [read.script.located(each) for each in board.about_targets],
        "canSpeak": can_speak,
        "mostChosen": MAX_ONLY,
        "blocks": [
            {
                "name": block.name,
                "clips": [
                    {
                        "label": label,
                        "title": titles[block.name, label],
                        "seconds": bound.frames / bindings.fps if isinstance(bound, ClipRange) else None,
                        "problem": problem(bound),
                    }
                    for label, bound in zip(row, bounds, strict=True)
                ],
            }
            for block, row, bounds in zip(spec.video_blocks, labels.clips, bindings.clips, strict=True)
        ],
        "tracks": [
            {"label": label, "title": titles[TRACKS, label], "problem": problem(bound)}
            for label, bound in zip(labels.tracks, bindings.tracks, strict=True)
        ],
        "lines": [
            {"label": label, "title": outlined(line.said) if spec.data else line.said, "voice": line.voice, "characters": len(line.said.strip()), **_heard(heard)}
            for label, line, heard in zip(labels.lines, spec.speech, board.lines, strict=False)
        ],
        "others": [
            {
                "key": key,
                "heading": heading(key),
                "parts": [
                    {"label": label, "title": titles[other(key), label], "problem": None}
                    for label in of_key
                ],
            }
            for key, of_key in labels.others.items()
        ],
        "wanted": [[*choice.clips, choice.track, choice.line, *choice.others] for choice in board.chosen],
    }  # fmt: skip


def _zones(targets: Sequence[Target], width: int, height: int) -> list[dict[str, Any]]:
    """What each target leaves free of a form, of the usual ones where none is named, as shares of its sides."""
    return [
        {"target": target, "free": free}
        for target in targets or USUAL
        if shape_for(target, width, height) and (free := free_of([target], width, height))
    ]


def _heard(heard: Heard) -> dict[str, str | None]:
    return {"by": heard.by, "why": heard.why, "problem": None}
