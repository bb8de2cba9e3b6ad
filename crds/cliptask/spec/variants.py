"""Which combinations become videos? The choice, and rules for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from cliptask.spec.part import Part
from cliptask.spec.rules import Breach, Path, rule, when
from cliptask.spec.values import MAX_ONLY, MAX_VARIANTS, Label

Assignment = Literal["balanced", "random", "product"]


Parts = Annotated[
    dict[str, Annotated[tuple[Label, ...], Field(min_length=1, max_length=100)]],
    Field(min_length=1, max_length=35),
]
"""Labels by the name of their block; ``music`` stands for the tracks, ``speech`` for the lines, ``language`` for the languages."""


Combination = Annotated[
    dict[str, Label], Field(min_length=1, max_length=22, description="One label of each block that is named.")
]
"""One label of each block that is named, likewise."""


class VariantRule(Part):
    """What may not, or may only, be combined. Labels stand below the name of their block, those of tracks below music, of lines below speech, of languages below language."""

    exclude: Parts | None = None
    """Parts that do not go together, e.g. `{hook: [a], offer: [b, c]}`: no variant has one of each."""
    when: Parts | None = None
    """The variants that require is about, e.g. `{hook: [a]}`."""
    require: Parts | None = None
    """What these variants must have, e.g. `{offer: [b, c]}`: one of each."""

    @rule(
        "give either exclude, or when and require",
        cel="has(self.exclude) != has(self.require) && has(self.when) == has(self.require)",
    )
    def _one(self) -> Iterable[Breach]:
        has_require = self.require is not None
        return when((self.exclude is not None) == has_require or (self.when is not None) != has_require)


class VariantChoice(Part):
    """Which combinations become variants."""

    music: Assignment = "balanced"
    """How tracks fall to variants. balanced: evenly; random: drawn by the seed; product: every combination with every track."""
    speech: Assignment = "balanced"
    """How lines fall to variants; as for music."""
    text: Assignment = "balanced"
    """How the texts of each text block fall to variants; as for music."""
    limit: Annotated[int, Field(ge=1, le=MAX_VARIANTS)] | None = None
    """At most this many variants, chosen as a designed experiment: every clip of a block equally often, pairs as evenly as can be. Raising it keeps those already chosen. Default: all combinations."""
    only: tuple[Combination, ...] = Field(default=(), max_length=MAX_ONLY)
    """Combinations by labels, e.g. `{hook: a, offer: b}`: a variant has all parts of at least one of them. Default: any."""
    rules: tuple[VariantRule, ...] = Field(default=(), max_length=100)
    """What may not, or may only, be combined; every variant keeps all of them."""
    history: Literal["keep", "ignore"] = "keep"
    """What happens to what was dealt before. keep: variants stay what they are as far as the task still wants them, and only what is new takes its share; ignore: dealt anew, as in an empty folder."""
    seed: int = Field(default=0, ge=0, le=2_147_483_647)
    """Seed of random."""

    @property
    def mentions(self) -> Iterator[tuple[Path, str, str]]:
        """Each label that combinations and rules name: where, of which pool, and the label."""
        for n, combination in enumerate(self.only):
            yield from ((("only", n, key), key, label) for key, label in combination.items())
        for n, each in enumerate(self.rules):
            for field in ("exclude", "when", "require"):
                for key, labels in (getattr(each, field) or {}).items():
                    yield from ((("rules", n, field, key, m), key, label) for m, label in enumerate(labels))
