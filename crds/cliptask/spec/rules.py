"""Which conditions hold between fields? A rule stands in CEL for the Kubernetes API, and beside it in Python for all else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

Path = tuple[str | int, ...]
"""Names of fields in camelCase and indices of lists, e.g. ``("spec", "videoBlocks", 0, "name")``."""

_MARK = "cliptask_rule"
_Method = TypeVar("_Method", bound=Callable[[Any], Iterable["Breach"]])


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


class RulesBroken(ValueError):
    """All breaches of one object's rules, as pairs of a path below the object and a sentence."""

    def __init__(self, breaches: tuple[tuple[Path, str], ...]) -> None:
        super().__init__("; ".join(sentence for _, sentence in breaches))
        self.breaches = breaches


def rule(message: str, *, cel: str | None, field: str = "") -> Callable[[_Method], _Method]:
    """Make a method that yields its object's breaches a rule of its class."""

    def mark(method: _Method) -> _Method:
        vars(method)[_MARK] = Rule(message, cel, field)
        return method

    return mark


def rules_of(model: type) -> tuple[Rule, ...]:
    """A model's own rules in the order of its text."""
    return tuple(marked for _, marked in _marked(model))


def check(subject: object) -> None:
    """Raise ``RulesBroken`` with every breach of the subject's rules."""
    breaches = tuple(
        (((marked.field,) if marked.field else ()) + at, f"{marked.message}; {detail}" if detail else marked.message)
        for method, marked in _marked(type(subject))
        for at, detail in method(subject)
    )  # fmt: skip
    if breaches:
        raise RulesBroken(breaches)


def when(broken: bool) -> Iterable[Breach]:
    """One breach of the rule's own field, or none."""
    return (Breach(),) if broken else ()


def _marked(model: type) -> Iterable[tuple[Callable[[Any], Iterable[Breach]], Rule]]:
    return [
        (value, vars(value)[_MARK])
        for value in vars(model).values()
        if _MARK in getattr(value, "__dict__", {})
    ]
