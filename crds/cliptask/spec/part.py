"""What do all objects of the resource have in common? They are frozen, camelCase, and keep their rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel, to_snake

from cliptask.spec.quantities import amount, parse_duration
from cliptask.spec.rules import Breach, Rule, check, rule, when


class Part(BaseModel):
    """Common to every object of the resource: frozen, camelCase, nothing unknown.

    The string after a field is what the CRD and the reference say of it: ``schema`` reads it.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        ignored_types=(Rule,),
    )

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> Self:
        check(self)
        return self


def every_part(part: type[Part] = Part) -> Iterator[type[Part]]:
    """All objects of the resource, those that extend another one included."""
    for each in part.__subclasses__():
        yield each
        yield from every_part(each)


def distinct_names(message: str, field: str, *, given: bool = True, named: bool = True) -> Rule:
    """A rule: no two elements of a list have the same name. What is not always ``given`` or ``named`` may be left out."""
    some = f"self.{field}"
    cel = f"{some}.all(a, {some}.exists_one(b, a.name == b.name))"
    if not named:
        cel = f"{some}.all(a, !has(a.name) || {some}.exists_one(b, has(b.name) && a.name == b.name))"

    @rule(message, cel=cel if given else f"!has({some}) || {cel}", field=field)
    def distinct(part: Part) -> Iterable[Breach]:
        given = [element.name for element in getattr(part, to_snake(field))]
        return [Breach((i, "name")) for i, name in enumerate(given) if name and name in given[:i]]

    return distinct


def lasting(least: str, most: str) -> Rule:
    """A rule: a ``duration``, where one is given, lies between two others, as a task writes them."""
    shortest, longest = parse_duration(least), parse_duration(most)
    own = "duration(self.duration)"

    @rule(
        f"must be from {least} to {most}",
        cel=f"!has(self.duration) || {own} >= duration('{least}') && {own} <= duration('{most}')",
        field="duration",
    )
    def bounded(part: Any) -> Iterable[Breach]:  # noqa: ANN401  a part with a duration
        return when(part.duration is not None and not shortest <= part.duration <= longest)

    return bounded


def amount_from(least: str, most: str, field: str, more: str) -> Rule:
    """A rule: an amount, if it is given, lies between two others."""
    mine = f"quantity(string(self.{field})).compareTo(quantity"
    cel = f"!has(self.{field}) || {mine}('{least}')) >= 0 && {mine}('{most}')) <= 0"

    @rule(f"must be from {least} to {most}{more}", cel=cel, field=field)
    def possible(part: Part) -> Iterable[Breach]:
        given = getattr(part, field)
        return when(given is not None and not amount(least) <= amount(given) <= amount(most))

    return possible
