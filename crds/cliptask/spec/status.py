"""What does the cluster say of a ClipTask? Its status as a model, and how conditions change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, Field
from pydantic.alias_generators import to_camel

from cliptask.text import abridged

ConditionType = Literal["Accepted", "SourcesReady", "Complete", "Failed", "TargetsMet", "Notified"]
Phase = Literal["Pending", "Fetching", "Rendering", "Complete", "Failed", "Suspended"]
PHASES: Final[tuple[str, ...]] = get_args(Phase)
Timestamp = Annotated[str, Field(max_length=32, json_schema_extra={"format": "date-time"})]

MOST_FAILURES = 20
MOST_NOTIFIED = 16
MESSAGE_LENGTH = 1024
"""Of a message in the status; longer ones are cut."""


class Reported(BaseModel, frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True):
    """Common to every object of the status: frozen and camelCase."""


class Condition(Reported):
    """One thing that is so, is not so, or is not known yet."""

    type: ConditionType = Field(description="What it is about.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it is so.")
    reason: str = Field(max_length=64, description="Why, in one word for programs.")
    message: str = Field(max_length=MESSAGE_LENGTH, description="Why, and what to do about it.")
    last_transition_time: Timestamp = Field(description="When its status last changed.")
    observed_generation: int = Field(default=0, description="The generation of the spec that it speaks of.")


class Failure(Reported):
    """A video that could not be made."""

    variant: str = Field(max_length=253, description="The video's name; the combination, where it got none.")
    reason: str = Field(max_length=64, description="Why, in one word for programs.")
    message: str = Field(max_length=MESSAGE_LENGTH, description="The last words of what failed.")


class Spent(Reported):
    """What was made or paid for a task itself since there is one. What was there, or was another task's to pay, counts nothing."""

    variants: int = Field(default=0, description="Videos made.")
    speech_characters: int = Field(default=0, description="Characters that ElevenLabs spoke.")
    transcribed_seconds: int = Field(default=0, description="Seconds of clips' files that were transcribed.")
    encode_seconds: int = Field(default=0, description="Seconds of picture that its Jobs encoded.")
    bytes: int = Field(default=0, description="Size of the videos made.")


class FormCount(Reported):
    """How far one of several forms is."""

    name: str = Field(max_length=63, description="Of the form.")
    variants: int = Field(default=0, description="Videos that are wanted in it.")
    succeeded: int = Field(default=0, description="Of these, those that are in the bucket.")


class ClipTaskStatus(Reported):
    """What came of the campaign so far. A report: nothing is decided by it but whether there is still work."""

    observed_generation: int = Field(default=0, description="The generation of the spec that this speaks of.")
    observed_retry: str = Field(
        default="",
        max_length=256,
        description="The value of the annotation cliptask.dev/retry that was acted on.",
    )
    phase: Phase = Field(default="Pending", description="For people; programs read the conditions.")
    message: str = Field(default="", max_length=MESSAGE_LENGTH, description="What happens, or what to do.")
    conditions: tuple[Condition, ...] = Field(
        default=(),
        max_length=8,
        description="Accepted, SourcesReady, Complete, Failed; TargetsMet, where the task names targets; Notified, where somebody is to be told.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    variants: int = Field(default=0, description="Videos that the task wants.")
    succeeded: int = Field(default=0, description="Videos that are in the bucket.")
    failed: int = Field(default=0, description="Videos that could not be made.")
    active: int = Field(default=0, description="Jobs that run or wait, for a node or in a queue.")
    segments: int = Field(default=0, description="Unique pieces of clips, and transitions, to encode.")
    segments_ready: int = Field(default=0, description="Of these, those in the cache.")
    speech_characters: int = Field(default=0, description="Characters of all lines, each line once.")
    speech_characters_paid: int = Field(default=0, description="Of these, those that are spoken.")
    transcribed_seconds: int = Field(
        default=0, description="Seconds of all files of clips that are to be transcribed, each file once."
    )
    transcribed_seconds_paid: int = Field(default=0, description="Of these, those that are transcribed.")
    bytes: int = Field(default=0, description="Size of all videos, known when the campaign is complete.")
    spent: Spent = Field(
        default=Spent(), description="What its operator saw being made or paid for it, over all edits."
    )
    forms: tuple[FormCount, ...] | None = Field(
        default=None, max_length=8, description="Of several forms, how far each is, in the order of the spec."
    )
    failures: tuple[Failure, ...] = Field(
        default=(),
        max_length=MOST_FAILURES,
        description="The first of the failed videos; index.json names all.",
    )
    index: str = Field(default="", max_length=2048, description="Where the campaign's index.json is.")
    notified: tuple[Annotated[str, Field(max_length=64)], ...] | None = Field(
        default=None,
        max_length=MOST_NOTIFIED,
        description="Ids of the events whose receivers were told, or could not be, in this attempt.",
    )
    start_time: Timestamp | None = Field(default=None, description="When work on this generation began.")
    completion_time: Timestamp | None = Field(default=None, description="When it ended.")


def timestamp(now: datetime) -> str:
    """As Kubernetes writes it, to the second."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shortened(text: str, length: int = MESSAGE_LENGTH) -> str:
    """What fits into a field, in whole words; the beginning says what happened, so the end goes."""
    return abridged(text, length)


def changed(before: Sequence[Condition], after: Sequence[Condition]) -> tuple[Condition, ...]:
    """The conditions ``after``, each with the time at which it came to its status."""
    since = {(one.type, one.status): {"last_transition_time": one.last_transition_time} for one in before}
    return tuple(one.model_copy(update=since.get((one.type, one.status))) for one in after)
