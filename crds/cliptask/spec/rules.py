"""Which conditions hold between fields? A rule stands in CEL for the Kubernetes API, and beside it in Python for all else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
"""Names of fields in camelCase and indices of lists, e.g. ``("spec", "videoBlocks", 0, "name")``."""


class Breach(NamedTuple):
    """One place where a rule is broken: a path below the rule's field, and what a fixed message cannot know."""

    at: Path = ()
    detail: str = ""


@dataclass(frozen=True)
class Rule:
    """A condition between the fields of one object."""

    message: str
    """What must be so, after the path of the field: ``must be after start``."""
    cel: str | None
    """The condition over ``self``; None where CEL's cost budget has no room for it, so that it shows as a condition."""
    field: str = ""
    """The field to blame, empty for the whole object; ``fieldPath`` in the CRD."""
    breaches: Callable[[Any], Iterable[Breach]] = lambda _: ()
    """The same condition in Python: the breaches of an object."""


class RulesBroken(ValueError):
    """All breaches of one object's rules, as pairs of a path below the object and a sentence."""

    def __init__(self, breaches: tuple[tuple[Path, str], ...]) -> None:
        super().__init__("; ".join(sentence for _, sentence in breaches))
        self.breaches = breaches


def rule(
    message: str, *, cel: str | None, field: str = ""
) -> Callable[[Callable[[Any], Iterable[Breach]]], Rule]:
    """Make a method that yields its object's breaches a rule of its class."""
    return partial(Rule, message, cel, field)


@cache
def rules_of(model: type) -> tuple[Rule, ...]:
    """A model's rules in the order of its text, those that it inherits first."""
    return tuple(
        value for each in reversed(model.__mro__) for value in vars(each).values() if isinstance(value, Rule)
    )


def check(subject: Any) -> None:  # noqa: ANN401  an object of any class with rules
    """Raise ``RulesBroken`` with every breach of the subject's rules."""
    breaches = tuple(
        (((rule.field,) if rule.field else ()) + at, f"{rule.message}; {detail}" if detail else rule.message)
        for rule in rules_of(subject.__class__)
        for at, detail in rule.breaches(subject)
    )  # fmt: skip
    if breaches:
        raise RulesBroken(breaches)


def when(broken: bool) -> Iterable[Breach]:
    """One breach of the rule's own field, or none."""
    return (Breach(),) if broken else ()
