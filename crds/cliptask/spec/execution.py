"""How does the cluster make a campaign, and what if something fails?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from cliptask.spec.part import Part, amount_from
from cliptask.spec.quantities import Amount, Together, amount
from cliptask.spec.rules import Breach, Rule, rule


class Amounts(Part):
    """Of CPU and memory."""

    cpu: Amount | None = None
    """CPUs, 1m to 1000, e.g. 500m or 2."""
    memory: Amount | None = None
    """Bytes, 16Mi to 16Ti, e.g. 2Gi."""

    # Nobody means 2Gi of CPUs, 512m of memory (half a byte) or 2 of it; such a Job would wait for ever.
    _possible_cpu = amount_from("1m", "1000", "cpu", " CPUs, e.g. 500m or 2")
    _possible_memory = amount_from("16Mi", "16Ti", "memory", ", e.g. 512Mi or 2Gi")


def _within_limit(field: str) -> Rule:
    """A rule: where both are given, the request is no more than the limit."""
    requested, limit = f"self.requests.{field}", f"self.limits.{field}"
    cel = (
        f"!has(self.requests) || !has({requested}) || !has(self.limits) || !has({limit}) || "
        f"quantity(string({requested})).compareTo(quantity(string({limit}))) <= 0"
    )

    @rule(f"{field} must not exceed that of limits", cel=cel, field="requests")
    def within_limit(resources: Resources) -> Iterable[Breach]:
        asked, most = getattr(resources.requests, field), getattr(resources.limits, field)
        if asked is not None and most is not None and amount(asked) > amount(most):
            yield Breach((field,), f"{asked} is more than {most}")

    return within_limit


class Resources(Part):
    """What each Job's container asks for and may use. Unset, what such Jobs took decides of memory, else the installation."""

    requests: Amounts = Amounts()
    """What the scheduler sets aside."""
    limits: Amounts = Amounts()
    """What it may use at most; a render that needs more memory is ended."""

    _cpu_within_limit = _within_limit("cpu")
    _memory_within_limit = _within_limit("memory")


class Execution(Part):
    """How the cluster makes the campaign. Local mode has no Jobs and takes no notice."""

    parallelism: int = Field(default=50, ge=1, le=2000)
    """The most Jobs at a time."""
    variants_per_job: Together = 1
    """Variants that one Job makes one after the other: more than 1 for tiny videos. auto: Jobs make segments and soundtracks, as many each as pay for a pod's start, and whichever stores the last part of a video joins it; the status says how many there are."""
    suspend: bool = False
    """Make nothing and end what runs; the status shows what would be made."""
    resources: Resources = Resources()
    """CPU and memory of each Job. Default: memory by what such Jobs took, else the installation's."""
    backoff_limit: int = Field(default=2, ge=0, le=10)
    """How often a Job's failure is tried again, unless its input is to blame."""
    active_deadline_seconds: int = Field(default=900, ge=10, le=86_400)
    """The longest that a Job may take, its attempts together. One that is expected to take longer, by what such Jobs took, has three times that."""
    ttl_seconds_after_finished: int = Field(default=600, ge=0, le=604_800)
    """How long a finished Job and its logs stay."""


class FailurePolicy(Part):
    """What to do when something cannot be had."""

    on_source_error: Literal["Fail", "Skip"] = "Fail"
    """Fail: make nothing; Skip: make the variants that do without the bad source, and name the others."""
