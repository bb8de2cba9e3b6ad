"""What is wrong with a task that no file and no account has to be asked for? All of it is said before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from cliptask.errors import InputError, SourceError, TooManyCombinations
from cliptask.languages import primary
from cliptask.names import public_url
from cliptask.planning.choices import count_variants
from cliptask.spec.places import source_places, spelled
from cliptask.spec.quantities import amount
from cliptask.spec.speech import ROBOT, Utterance
from cliptask.spec.task import ClipTaskSpec
from cliptask.spec.values import BUCKET_SCHEMES, MAX_VARIANTS
from cliptask_operator.campaign.letters import check_letters
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.urls import check_scheme, refusal


class Refused(InputError):
    """The task is not worked on as it is: not accepted, for the class's reason."""


class BucketNotAllowed(Refused):
    """It names a bucket that its namespace may not use."""

    reason = "BucketNotAllowed"


class ResourcesNotAllowed(Refused):
    """It asks for more than a Job may have."""

    reason = "ResourcesNotAllowed"


class AddressNotAllowed(Refused):
    """It has news sent to where none may go."""

    reason = "AddressNotAllowed"


class SecretNotAllowed(Refused):
    """It has its videos signed by a Secret that tasks may not use."""

    reason = "SecretNotAllowed"


class TooManyVariants(Refused):
    """It has more combinations than one task may."""

    reason = "TooManyVariants"


class TooMuchSpeech(Refused):
    """It has more text than one task may."""

    reason = "TooMuchSpeech"


class TooMuchTranscription(Refused):
    """Its clips say more than one task may have written down."""

    reason = "TooMuchTranscription"


class OverBudget(Refused):
    """It needs more than its author wants to spend."""

    reason = "OverBudget"


@dataclass(frozen=True)
class Policy:
    """What an installation allows a task of one namespace. The defaults are those of somebody's own machine."""

    max_variants: int = MAX_VARIANTS
    max_speech_characters: int | None = None
    max_cpu: str | None = None
    max_memory: str | None = None
    namespace: str = ""
    buckets: tuple[str, ...] | None = None
    """Buckets, or prefixes in them, that its tasks may read and write; None: any."""

    fetch: FetchSettings | None = None
    """What may be fetched; None: that is found out by fetching."""
    signers: tuple[str, ...] | None = None
    """Secrets by which videos may be signed; None: any."""

    def may_use(self, uri: str) -> bool:
        """Whether tasks may read and write below a bucket's URI."""
        path = _steps(uri)
        return self.buckets is None or (
            ".." not in path and any(path[: len(_steps(each))] == _steps(each) for each in self.buckets)
        )


@dataclass(frozen=True)
class Demand:
    """How much a task asks for."""

    variants: int
    speech_characters: int
    """Of all recordings, each once."""


def preflight(spec: ClipTaskSpec, policy: Policy) -> Demand:
    """How much a task asks for. Raises ``Refused`` for what is not allowed here, ``InputError`` for what cannot be made.

    Of a task whose rows are still to be fetched, it is what one row asks for, whatever that may be.
    """
    _check_buckets(spec, policy)
    _check_resources(spec, policy)
    _check_signer(spec, policy)
    demand = Demand(_count_variants(spec, policy), _count_characters(spec, policy))
    within_budget("variants", demand.variants, spec.budget.variants, "videos", "set variants.limit")
    characters = _characters([line for line in spec.lines if line.voice != ROBOT])
    within_budget(
        "speechCharacters",
        characters,
        spec.budget.speech_characters,
        "characters to be spoken",
        "shorten its lines",
    )
    check_letters(spec)
    _check_receivers(spec, policy)
    _check_sources(spec, policy)
    return demand


def _check_buckets(spec: ClipTaskSpec, policy: Policy) -> None:
    if policy.buckets is None:
        return
    named = [(spelled(("spec", "output", "uri")), spec.output.uri)]
    named += [
        (spelled((*place.path, "url")), place.url)
        for place in source_places(spec)
        if place.url.startswith(BUCKET_SCHEMES)
    ]
    if spec.table_url and spec.table_url.startswith(BUCKET_SCHEMES):
        named.append(("spec.data.url", spec.table_url))
    for path, uri in named:
        if not policy.may_use(uri):
            remedy = (
                f"use {', '.join(policy.buckets)}"
                if policy.buckets
                else "ask the administrator to allow a bucket for it"
            )
            message = f"{path}: tasks in namespace {policy.namespace} may not use {public_url(uri)}: {remedy}"
            raise BucketNotAllowed(message)


def _check_resources(spec: ClipTaskSpec, policy: Policy) -> None:
    resources = spec.execution.resources
    for kind, most in (("cpu", policy.max_cpu), ("memory", policy.max_memory)):
        for which, amounts in (("requests", resources.requests), ("limits", resources.limits)):
            wanted = getattr(amounts, kind)
            if most is not None and wanted is not None and amount(wanted) > amount(most):
                message = (
                    f"spec.execution.resources.{which}.{kind}: {wanted} is more than the {most} that this installation "
                    "gives: ask for less"
                )
                raise ResourcesNotAllowed(message)


def _check_signer(spec: ClipTaskSpec, policy: Policy) -> None:
    if policy.signers is None or spec.signer is None or spec.signer in policy.signers:
        return
    allowed = f"use {' or '.join(policy.signers)}, or " if policy.signers else ""
    message = (
        f"spec.disclosure.credentials.secretName: this installation has no videos signed by the Secret {spec.signer}: "
        f"{allowed}ask the administrator to add it to the chart's credentials.secretNames"
    )
    raise SecretNotAllowed(message)


def _check_sources(spec: ClipTaskSpec, policy: Policy) -> None:
    """Where a bad source is to be skipped, the plan says what is made without it."""
    if policy.fetch is None or spec.failure_policy.on_source_error == "Skip":
        return
    refused = [
        place.blaming(str(error), "url")
        for place in source_places(spec)
        if not (spec.table_url and "{{" in place.url) and (error := refusal(place.url, policy.fetch))
    ]
    if spec.table_url and (error := refusal(spec.table_url, policy.fetch)):
        refused.append(f"spec.data.url: {error}")
    if refused:
        raise SourceError("\n".join(refused))


def _check_receivers(spec: ClipTaskSpec, policy: Policy) -> None:
    for index, url in enumerate(each.url for each in spec.notify):
        if policy.fetch is None or url is None:
            continue
        try:
            check_scheme(urlsplit(url).scheme, policy.fetch)
        except SourceError as error:
            message = f"{spelled(('spec', 'notify', index, 'url'))}: {error}"
            raise AddressNotAllowed(message) from error


def _count_variants(spec: ClipTaskSpec, policy: Policy) -> int:
    try:
        return count_variants(spec, policy.max_variants)
    except TooManyCombinations as error:
        raise TooManyVariants(str(error)) from error


def _count_characters(spec: ClipTaskSpec, policy: Policy) -> int:
    characters = _characters(spec.lines)
    if policy.max_speech_characters is not None and characters > policy.max_speech_characters:
        message = (
            f"spec: its lines have {characters:,} characters, more than the {policy.max_speech_characters:,} "
            "that this installation speaks for one task: shorten it"
        )
        raise TooMuchSpeech(message)
    return characters


def _characters(lines: Sequence[Utterance]) -> int:
    # Each of these is a recording of its own, and paid for.
    recordings = {(line.voice, primary(line.language), line.said.strip()) for line in lines}
    return sum(len(text) for _, _, text in recordings)


def within_budget(field: str, needed: int, most: int | None, what: str, remedy: str) -> None:
    """Raise ``OverBudget`` for more than a field of the task's budget gives."""
    if most is not None and needed > most:
        message = f"spec.budget.{field}: the task needs {needed:,} {what}, its budget gives {most:,}: {remedy}, or raise it"
        raise OverBudget(message)


def _steps(uri: str) -> list[str]:
    return unquote(uri).rstrip("/").split("/")
