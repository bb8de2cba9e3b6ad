"""How is it told what becomes of each video? In one sentence, in Markdown for a comment, and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cliptask.errors import ClipTaskError
from cliptask.planning.changes import Change, Kind
from cliptask.planning.plan import Skipped, Variant

WORDS: Mapping[Kind, str] = {
    "dealtAnew": "dealt anew",
    "changed": "changed",
    "renamed": "renamed",
    "newCombination": "new",
    "missing": "missing",
}
_CAUSES = 3
"""So many are told in one sentence."""
_LONGEST_LIST = 15_000
"""Characters: a comment on GitHub may have 65,536, and holds a few lists."""


def summed_up(changes: Iterable[Change]) -> tuple[str, ...]:
    """``3 of 12 dealt anew: line 'tomorrow' was added; 2 new: clip 'x' was added to hook``; nothing where no edit is known."""
    parts: list[str] = []
    changes = tuple(changes)
    for kind, word in WORDS.items():
        some = [change for change in changes if change.kind == kind and change.because]
        causes = list(dict.fromkeys(cause for change in some for cause in change.because))
        more = [f"{len(causes) - _CAUSES:,} more"] if len(causes) > _CAUSES else []
        if some:
            of = "" if parts else f" of {len(changes):,}"
            parts.append(f"{len(some):,}{of} {word}: {', '.join([*causes[:_CAUSES], *more])}")
    return ("; ".join(parts),) if parts else ()


def told(name: str, change: Change) -> str:
    """A video that is not as it was, in Markdown."""
    was = f" (was `{change.was}`)" if change.was and change.was != name else ""
    because = f": {escaped(', '.join(change.because))}" if change.because else ""
    return f"`{name}` {WORDS[change.kind]}{was}{because}"


def folded(title: str, entries: Sequence[str]) -> list[str]:
    """A list in Markdown that a reader opens: its lines, none where it is empty, and no more than a comment has room for."""
    if not entries:
        return []
    lines, left = ["", f"<details><summary>{title}: {len(entries):,}</summary>", ""], _LONGEST_LIST
    for number, entry in enumerate(entries):
        left -= len(entry) + 3
        if left < 0:
            lines.append(f"- and {len(entries) - number:,} more: `-o json` tells all")
            break
        lines.append(f"- {entry}")
    return [*lines, "", "</details>"]


def escaped(text: str) -> str:
    """Others' words in Markdown: on one line, and neither HTML nor markup."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#&" else letter for letter in " ".join(text.split()))


def as_data(variant: Variant, change: Change) -> dict[str, Any]:
    """A variant with what became of it, in camelCase."""
    return {
        "name": variant.name,
        "adName": variant.ad_name,
        "isNew": change.kind != "stays",
        "change": change.kind,
        "was": change.was or None,
        "because": list(change.because),
        "clips": list(variant.clips),
        "track": variant.track,
        "line": variant.line,
        "others": dict(variant.others),
        "form": variant.form,
        "synthetic": list(variant.synthetic),
        "durationSeconds": round(variant.order.duration_s, 3),
    }


def skipped_data(skipped: Skipped) -> dict[str, Any]:
    """A combination that cannot be made, in camelCase."""
    error: ClipTaskError = skipped.error
    return {
        "clips": list(skipped.clips),
        "track": skipped.track,
        "line": skipped.line,
        "others": dict(skipped.others),
        "form": skipped.form,
        "reason": error.reason,
        "message": str(error),
    }


def camel(words: str) -> str:
    """``paidCharacters`` for paid characters."""
    first, *others = words.split()
    return first + "".join(map(str.capitalize, others))
