"""In which languages is a campaign made? A variant has one of them: its line, its texts and what its clips say are of that one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cliptask.spec.ingredients import Clip
from cliptask.spec.rules import Breach, Path, rule

_EACH = "!has(self.languages) || self.languages.all(a, self.languages.exists_one(b, a == b))"


@dataclass(frozen=True)
class Tongue:
    """A language as something that variants choose between."""

    tag: str

    @property
    def label(self) -> str:
        """What it is called in names."""
        return self.tag.lower()

    @property
    def title(self) -> str:
        """What people call it."""
        return self.tag


def of_clip(clip: Clip) -> tuple[str, ...]:
    """The languages that are said in a clip, as far as the task tells."""
    said = (clip.speech, clip.captions)
    return tuple(dict.fromkeys(each.language for each in said if each is not None))


@rule("has a language twice", cel=_EACH, field="languages")
def distinct_languages(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  the spec, whose module imports this one
    """Of a spec: no two of its languages are the same."""
    given = spec.languages
    return [Breach((index,), f"{tag}: keep one") for index, tag in enumerate(given) if tag in given[:index]]


# No CEL: lists with lists are above its cost budget.
@rule("is none of spec.languages", cel=None)
def known_languages(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: what is of a language is of one of its languages."""
    for path, tag in _of_a_language(spec):
        if "{{" in tag:
            yield Breach(path, "a row has its language: leave spec.languages out, or write the language here")
        elif tag not in spec.languages:
            there = f"there are: {', '.join(spec.languages)}" if spec.languages else "there are none"
            yield Breach(path, f"{there}: add {tag}, or write another")


@rule("a language cannot be made", cel=None, field="languages")
def whole_languages(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: each of its languages has a line, a text and a clip wherever a variant must have one."""
    pools: dict[str, Sequence[Sequence[str]]] = {
        "a line of spec.speech": [[each.language] for each in spec.speech]
    }
    for block in spec.video_blocks:
        pools[f"a clip of {block.name}"] = [of_clip(clip) for clip in block.clips]
    for block in spec.text_blocks:
        pools[f"a text of {block.name}"] = [_given(each.language) for each in block.texts]
    for index, tag in enumerate(spec.languages):
        for what, pool in pools.items():
            if pool and not any(set(tags) <= {tag} for tags in pool):
                yield Breach((index,), f"{tag} has not {what}: write one, or leave the language out")


@rule(
    "is said in every video, and the task has several languages",
    cel="!has(self.languages) || size(self.languages) < 2 || self.videoBlocks.all(b, !has(b.speech))",
    field="videoBlocks",
)
def lines_of_blocks(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: what is said in all its videos can only be of one language."""
    for row, block in enumerate(spec.video_blocks):
        if len(spec.languages) > 1 and block.speech is not None:
            yield Breach(
                (row, "speech"),
                "give a line of each language under spec.speech, and say at which block it begins",
            )


def _of_a_language(spec: Any) -> Iterator[tuple[Path, str]]:  # noqa: ANN401  as above
    """What names a language, with its path below the spec: texts always, the others where the task has languages."""
    for row, block in enumerate(spec.text_blocks):
        for index, text in enumerate(block.texts):
            if text.language is not None:
                yield ("textBlocks", row, "texts", index, "language"), text.language
    if not spec.languages:
        return
    for index, line in enumerate(spec.speech):
        yield ("speech", index, "language"), line.language
    for row, block in enumerate(spec.video_blocks):
        lines: Mapping[Path, Any] = {("videoBlocks", row, "speech"): block.speech}
        for index, clip in enumerate(block.clips):
            at: Path = ("videoBlocks", row, "clips", index)
            lines = {**lines, (*at, "speech"): clip.speech, (*at, "captions"): clip.captions}
        yield from (((*path, "language"), each.language) for path, each in lines.items() if each is not None)


def _given(tag: str | None) -> tuple[str, ...]:
    return () if tag is None else (tag,)
