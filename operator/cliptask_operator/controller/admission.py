"""Does this installation take the task? Buckets, resources, numbers: what only the administrator's settings can tell. Pure."""

from __future__ import annotations

from cliptask.errors import InputError
from cliptask.names import public_url
from cliptask.planning.plan import count_variants
from cliptask.spec.task import ClipTaskSpec
from cliptask_operator.controller.status_snapshot import Counts, StatusSnapshot
from cliptask_operator.settings.operator import OperatorSettings


class Refused(InputError):
    """The task is not worked on as it is: not accepted, for the class's reason."""


class BucketNotAllowed(Refused):
    """It names a bucket that its namespace may not use."""

    reason = "BucketNotAllowed"


class ResourcesNotAllowed(Refused):
    """It asks for more than a Job may have."""

    reason = "ResourcesNotAllowed"


class TooManyVariants(Refused):
    """It has more combinations than one task may."""

    reason = "TooManyVariants"


class TooMuchSpeech(Refused):
    """It has more text than one task may."""

    reason = "TooMuchSpeech"


class OutputInUse(Refused):
    """The folder of its videos is another task's."""

    reason = "OutputInUse"


def admit(spec: ClipTaskSpec, namespace: str, settings: OperatorSettings) -> StatusSnapshot:
    """Where the campaign is once it is taken. Raises ``Refused``."""
    for uri in (spec.output.uri, *(url for url in spec.urls if url.startswith("gs://"))):
        if not settings.may_use(namespace, uri):
            allowed = settings.allowed(namespace)
            remedy = (
                f"use {', '.join(allowed)}" if allowed else "ask the administrator to allow a bucket for it"
            )
            message = f"tasks in namespace {namespace} may not use {public_url(uri)}: {remedy}"
            raise BucketNotAllowed(message)
    if excess := settings.excess(spec):
        raise ResourcesNotAllowed(excess)
    try:
        variants = count_variants(spec, settings.max_variants)
    except InputError as error:
        raise TooManyVariants(str(error)) from error
    # Each of these is a recording of its own, and paid for.
    recordings = {(line.voice, line.language, line.text.strip()) for line in spec.speech}
    characters = sum(len(text) for _, _, text in recordings)
    if characters > settings.max_speech_characters:
        message = (
            f"spec.speech: {characters:,} characters are more than the {settings.max_speech_characters:,} "
            "that this installation speaks for one task: shorten it"
        )
        raise TooMuchSpeech(message)
    counts = Counts(variants=variants, speech_characters=characters)
    return StatusSnapshot(
        "Fetching", "Fetching", "fetching sources and speech", sources="False", counts=counts
    )
