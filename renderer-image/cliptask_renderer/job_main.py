"""What does a Job do with its work order, and what does it say in the end?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from cliptask.errors import ClipTaskError, SetupError
from cliptask.orders import WorkOrder, WorkReport
from cliptask.text import abridged

ORDER = "CLIPTASK_ORDER"
REPORT = "CLIPTASK_REPORT"
"""Where the last words go, when that is not where Kubernetes reads them."""
TERMINATION_LOG = "/dev/termination-log"

_REPORT_BYTES = 4000
"""Kubernetes keeps 4,096."""
_WORDS = 1500
"""Letters of a message, where they fit."""
_FEWEST = 40
_PROBLEMS = 3
"""More say nothing else: the versions differ."""


def run(environment: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Do the order in the environment; returns the exit code of sysexits.h and leaves the reason in the report.

    Everything is idempotent: what the stores hold is not made again.
    """
    try:
        order = _order(environment)
        if order.signer:
            from cliptask_renderer.signing.certificate import check  # noqa: PLC0415  of which most Jobs have no need

            # Before anything is made: what signs comes last.
            check(order.secrets, order.signer, with_key=bool(order.variants))
        from cliptask_renderer.carry_out import execute  # noqa: PLC0415  a bad order is refused before decoders are loaded

        failed = execute(order, say)
    except ClipTaskError as error:
        say(f"error: {error}")
        _leave(environment, WorkReport(reason=error.reason, message=str(error)))
        return error.exit_code
    if not failed:
        _leave(environment, WorkReport())
        return 0
    first = next(iter(failed.values()))
    # Whom it does not name has the first one's reason: often all have, by a segment that they share.
    several = {name: words for name, error in failed.items() if (words := str(error)) != str(first)}
    _leave(environment, WorkReport(reason=first.reason, message=str(first), failed=several))
    return first.exit_code


def _order(environment: Mapping[str, str]) -> WorkOrder:
    if ORDER not in environment:
        message = f"{ORDER} is not set: a renderer is started by the operator, with its work order"
        raise SetupError(message)
    try:
        return WorkOrder.from_text(environment[ORDER])
    except ValueError as error:
        from cliptask.spec.complaints import complaint  # noqa: PLC0415  the task's models, of which a good order has no need
        from cliptask.spec.places import spelled  # noqa: PLC0415  as above

        problems = error.errors()[:_PROBLEMS] if isinstance(error, ValidationError) else []
        told = "; ".join(f"{spelled(each['loc'])}: {complaint(each)}" for each in problems)
        where = told or error
        message = f"{ORDER} is no work order of this version: use the same version of operator and renderer ({where})"
        raise SetupError(message) from error


def _leave(environment: Mapping[str, str], report: WorkReport) -> None:
    """Write the report where Kubernetes reads it; without a cluster there is no such place, and the log has it all."""
    file = Path(environment.get(REPORT, TERMINATION_LOG))
    if file.exists():
        file.write_text(termination_message(report), encoding="utf-8")


def termination_message(report: WorkReport) -> str:
    """The report as JSON of at most 4,000 bytes, empty where all is well: shorter words before fewer names."""
    text = ""
    for length in (_WORDS, _WORDS // 2, _WORDS // 5, _WORDS // 15):
        each = length // max(len(report.failed), 1)
        failed = {name: abridged(words, max(each, _FEWEST)) for name, words in report.failed.items()}
        content = report.model_copy(update={"message": abridged(report.message, length), "failed": failed})
        text = _json(content)
        if len(text.encode()) <= _REPORT_BYTES:
            return text
    while len(text.encode()) > _REPORT_BYTES and failed:
        failed.popitem()
        text = _json(content)
    return text


def _json(report: WorkReport) -> str:
    content = report.model_dump(exclude_defaults=True)
    # Letters as they are: \u0436 takes three times the bytes of its letter.
    return json.dumps(content, ensure_ascii=False) if content else ""
