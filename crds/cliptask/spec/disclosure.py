"""What is told of what AI made? Which of it is synthetic stands with each ingredient; files tell it by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cliptask.spec.credentials import Credentials
from cliptask.spec.overlays import DisclosureLabel
from cliptask.spec.part import Part
from cliptask.spec.rules import Breach, rule


class Disclosure(Part):
    """What those who watch are told of what AI made. A video's metadata tells by themselves whether it holds any of it."""

    label: DisclosureLabel | None = None
    """A text over the videos that hold any of it. Default: none."""
    credentials: Credentials | None = None
    """Content credentials (C2PA) in every video. Default: none."""


def label_of(spec: Any) -> DisclosureLabel | None:  # noqa: ANN401  the spec, whose module imports this one
    """Of a spec: its label, if it has one."""
    return spec.disclosure.label if spec.disclosure else None


_TRANSLATIONS = "self.disclosure.label.translations"


@rule(
    "a translation is of none of spec.languages",
    cel=f"!has(self.languages) || size(self.languages) == 0 || !has(self.disclosure) || !has(self.disclosure.label) || !has({_TRANSLATIONS}) || {_TRANSLATIONS}.all(t, t.language in self.languages)",
    field="disclosure",
)
def label_in_known_languages(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: where it has languages, its label is translated into these."""
    label = label_of(spec)
    for index, each in enumerate(label.translations if label and spec.languages else ()):
        if each.language not in spec.languages:
            yield Breach(
                ("label", "translations", index, "language"),
                f"there are: {', '.join(spec.languages)}: add {each.language}, or take it out",
            )


@rule(
    "the label names a block that does not exist",
    cel="!has(self.disclosure) || !has(self.disclosure.label) || !has(self.disclosure.label.block) || self.videoBlocks.exists(b, b.name == self.disclosure.label.block)",
    field="disclosure",
)
def label_over_known_block(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: its label lies over a block that there is."""
    label, blocks = label_of(spec), [block.name for block in spec.video_blocks]
    if label and label.block is not None and label.block not in blocks:
        yield Breach(("label", "block"), f"there are: {', '.join(blocks)}")
