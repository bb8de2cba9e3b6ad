"""What has a ClipTask to tell, to whom, and what does its status say of that? Pure: from the object that the API has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from cliptask.spec.notify import Receiver
from cliptask.spec.status import MOST_NOTIFIED, ClipTaskStatus, Condition, shortened, timestamp
from cliptask.spec.task import GROUP, PLURAL, VERSION
from cliptask_operator.kubernetes.task_state import FINAL_PHASES, Attempt, attempt_of, is_observed, status_of
from cliptask_operator.notify.event import Event, News, id_of

_RECEIVERS = TypeAdapter(tuple[Receiver, ...])

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """What is known of a task's events: a part of its status."""

    attempt: Attempt
    ids: tuple[str, ...] = ()
    """Of the attempt's events that were told, or could not be."""
    condition: Condition | None = None
    """Of the newest event, of whichever attempt; None where nobody is to be told."""

    def about(
        self, attempt: Attempt, status: Literal["True", "False", "Unknown"], reason: str, message: str
    ) -> Told:
        """The same with a condition, since now where its status is another."""
        since = timestamp(datetime.now(UTC))
        if self.condition is not None and self.condition.status == status:
            since = self.condition.last_transition_time
        condition = Condition(
            type="Notified",
            status=status,
            reason=reason,
            message=shortened(message),
            last_transition_time=since,
            observed_generation=attempt.generation,
        )
        return replace(self, condition=condition)

    def settling(self, attempt: Attempt, event_id: str) -> Told:
        """The same with an event that needs nothing more."""
        kept = (*self.ids, event_id)[-MOST_NOTIFIED:] if attempt == self.attempt else self.ids
        return replace(self, ids=kept)

    def within(self, status: ClipTaskStatus) -> ClipTaskStatus:
        """A status that says this too."""
        others = [each for each in status.conditions if each.type != "Notified"]
        own = [self.condition] if self.condition else []
        return status.model_copy(update={"conditions": (*others, *own), "notified": self.ids or None})


def told_by(body: Body) -> Told:
    """What the status says was told for what the task asks for now."""
    status = status_of(body)
    condition = next((each for each in status.conditions if each.type == "Notified"), None)
    return Told(attempt_of(body), (status.notified or ()) if is_observed(body) else (), condition)


def event_of(body: Body) -> Event | None:
    """What there is to tell of where a task is; None where its status is of an earlier attempt, or says nothing yet."""
    status, metadata, attempt = status_of(body), body["metadata"], attempt_of(body)
    if not is_observed(body) or status.phase == "Pending":
        return None
    reason = next((each.reason for each in status.conditions if each.type == "Complete"), status.phase)
    # What holds up a phase may change within it; an end of another kind is another end.
    end = reason if status.phase in FINAL_PHASES else ""
    source = f"/apis/{GROUP}/{VERSION}/namespaces/{metadata['namespace']}/{PLURAL}/{metadata['name']}"
    news = News(
        task=metadata["name"],
        namespace=metadata["namespace"],
        generation=attempt.generation,
        phase=status.phase,
        reason=reason,
        message=status.message,
        variants=status.variants,
        succeeded=status.succeeded,
        failed=status.failed,
        failures=status.failures,
        bytes=status.bytes,
        index=status.index,
    )
    when = datetime.fromisoformat(status.completion_time) if status.completion_time else datetime.now(UTC)
    return Event(id_of(metadata["uid"], attempt.name, status.phase, end), source, when, news)


def receivers_of(body: Body) -> Sequence[Receiver]:
    """Who is to be told of a task's changes; nobody where the task says so in no way that can be read."""
    try:
        return _RECEIVERS.validate_python((body.get("spec") or {}).get("notify") or ())
    except ValidationError:
        return ()
