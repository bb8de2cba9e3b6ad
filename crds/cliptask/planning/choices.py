"""Which combinations does a task want, and what are their parts called?"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cliptask import names
from cliptask.errors import TooManyCombinations
from cliptask.facts import SourceFacts
from cliptask.planning.allowed import Allowed, allowed
from cliptask.planning.bindings import Bound
from cliptask.planning.deal import Draw, OpenRow, deal
from cliptask.planning.history import LINES, NOTHING, TRACKS, Column, History, Part, other, recognized
from cliptask.planning.tongues import kept_apart, languages_of
from cliptask.spec.ingredients import Clip, Track
from cliptask.spec.languages import Tongue
from cliptask.spec.overlays import Text
from cliptask.spec.rows import Row, outlined
from cliptask.spec.speech import Line
from cliptask.spec.task import ClipTaskSpec
from cliptask.spec.values import MAX_VARIANTS
from cliptask.spec.variants import Assignment

Ingredient = Clip | Track | Line | Text | Tongue | Row


class Choice(NamedTuple):
    """Which parts make a variant, by their places in the spec: a clip of each block, a track, a line, one of each of ``spec.others``."""

    clips: tuple[int, ...]
    track: int | None
    line: int | None
    others: tuple[int, ...] = ()


class Named(NamedTuple):
    """What the parts of a variant are called."""

    clips: tuple[str, ...]
    track: str | None
    line: str | None
    others: Mapping[str, str]
    """By what rules call them."""
    form: str | None = None
    """Of several, the one that it is made in."""

    @property
    def labels(self) -> list[str]:
        """All of them, in the order in which a video's name has them."""
        return [*self.clips, *filter(None, (self.track, self.line, *self.others.values(), self.form))]


class Chosen(NamedTuple):
    """The combinations that become variants, sorted by their places, and the parts of each column for the next deal."""

    choices: tuple[Choice, ...]
    parts: Mapping[str, Sequence[Part]]


class Labels:
    """What clips, tracks and lines are called in names.

    Two files of one name are told apart by their bytes: a signed URL is another one at each run. Only a file that cannot
    be had, and of which nothing is made, goes by its URL.
    """

    def __init__(self, spec: ClipTaskSpec, sources: Mapping[str, Bound[SourceFacts]]) -> None:
        def source(url: str) -> str:
            facts = sources.get(url)
            return facts.sha256 if isinstance(facts, SourceFacts) else names.public_url(url)

        def content(part: Clip | Track) -> str:
            own = part.model_dump_json(
                exclude={"name": True, "url": True, "captions": {"url"}}, exclude_defaults=True
            )
            # A signed URL is another one at each run, of captions, too.
            words = "".join(map(source, part.urls[1:])) if isinstance(part, Clip) else ""
            return f"{source(part.url)} {own}{words}"

        def titles(of: Ingredient) -> str:
            if spec.data is None or isinstance(of, Tongue | Row) or of.name:
                return of.title
            if isinstance(of, Line | Text):
                return names.title_of_text(outlined(of.said if isinstance(of, Line) else of.text))
            return names.title_of_url(outlined(of.url))

        def part(label: str, of: Ingredient) -> Part:
            # Files of one name are told apart in their titles as well.
            title = titles(of) if label == of.label else f"{titles(of)} ({label[-6:]})"
            if isinstance(of, Tongue | Row):
                own = _identified(of)[1]
                files = [source(url) for url in named.get(of.label, ()) if isinstance(of, Row)]
                return Part(label, _hash(" ".join([own, *files])), source=_hash(own), title=title)
            if isinstance(of, Line | Text):
                spoken = of.model_dump_json(exclude={"name"})
                return Part(
                    label,
                    _hash(spoken),
                    source=_hash(of.said if isinstance(of, Line) else of.text),
                    title=title,
                )
            return Part(label, _hash(content(of)), source=_hash(source(of.url)), title=title)

        common, rows = {*spec.own_urls}, zip(spec.others.get("row", ()), spec.by_row, strict=False)
        named = {row.label: [url for url in filled.own_urls if url not in common] for row, filled in rows}
        self.clips = [
            names.distinct([(clip.label, content(clip)) for clip in block.clips])
            for block in spec.video_blocks
        ]
        self.tracks = names.distinct([(track.label, content(track)) for track in spec.tracks])
        self.lines = names.distinct(
            [(line.label, line.model_dump_json(exclude_defaults=True)) for line in spec.speech]
        )
        self.others = {
            key: names.distinct([_identified(each) for each in pool]) for key, pool in spec.others.items()
        }
        columns: dict[str, tuple[list[str], Sequence[Ingredient]]] = {
            block.name: (labels, block.clips)
            for block, labels in zip(spec.video_blocks, self.clips, strict=True)
        }
        columns |= {TRACKS: (self.tracks, spec.tracks), LINES: (self.lines, spec.speech)}
        columns |= {other(key): (labels, spec.others[key]) for key, labels in self.others.items()}
        self.parts = {
            column: [part(label, of) for label, of in zip(labels, pool, strict=True)]
            for column, (labels, pool) in columns.items()
            if pool
        }
        """Of each column, in the order of the spec."""

    def of(self, choice: Choice) -> Named:
        """What a variant's parts are called."""
        clips = tuple(labels[index] for labels, index in zip(self.clips, choice.clips, strict=True))
        others = zip(self.others.items(), choice.others, strict=True)
        return Named(
            clips,
            None if choice.track is None else self.tracks[choice.track],
            None if choice.line is None else self.lines[choice.line],
            {key: labels[index] for (key, labels), index in others},
        )


def count_variants(spec: ClipTaskSpec, most: int = MAX_VARIANTS) -> int:
    """How many variants there are, every combination in each form, as far as that can be told without the files.

    Raises ``TooManyCombinations`` when there are more than ``most``, ``InvalidTask`` for rules that cannot be kept.
    """
    frame, others = _columns(spec)
    labels = [list(dict.fromkeys(_guessed(spec, name))) for name in (*frame, *others)]
    return _count(spec, _allowed(spec, labels, labels), most) * len(spec.forms)


def chosen(
    spec: ClipTaskSpec, labels: Labels | None = None, history: History = NOTHING, most: int = MAX_VARIANTS
) -> Chosen:
    """The combinations that become variants in each form; the same spec and history give the same ones in the same order.

    ``labels`` are those of the files, else of their URLs. Raises as ``count_variants`` does.
    """
    parts = (labels or Labels(spec, {})).parts
    frame, others = _columns(spec)
    names_in_order = [*frame, *others]
    columns, dealt = recognized(history, {name: parts[name] for name in names_in_order})
    in_spec = [[part.label for part in parts[name]] for name in names_in_order]
    rules = _allowed(spec, [[part.label for part in column.parts] for column in columns], in_spec)
    rows = deal(
        rules,
        len(frame),
        _count(spec, rules, most),
        dealt,
        [column.new for column in columns],
        [_draw(spec.variants.seed, name, columns) if others[name] == "random" else None for name in others],
    )
    places = [_places([part.label for part in parts[column.name]], column) for column in columns]
    found = [tuple(place[level] for place, level in zip(places, row, strict=True)) for row in rows]
    found.sort(key=lambda row: (max(row[: len(frame)]), row))
    at = {name: index for index, name in enumerate(names_in_order)}
    blocks = len(spec.video_blocks)
    return Chosen(
        tuple(
            Choice(
                row[:blocks],
                row[at[TRACKS]] if TRACKS in at else None,
                row[at[LINES]] if LINES in at else None,
                tuple(row[at[other(key)]] for key in spec.others),
            )
            for row in found
        ),
        {column.name: column.parts for column in columns},
    )


def _columns(spec: ClipTaskSpec) -> tuple[list[str], dict[str, Assignment]]:
    """The columns of which all levels are combined, then the others with the way in which they fall."""
    frame: list[str] = [block.name for block in spec.video_blocks]
    others: dict[str, Assignment] = {}
    pools: list[tuple[str, Sequence[Ingredient], Assignment]] = [
        (TRACKS, spec.tracks, spec.variants.music),
        (LINES, spec.speech, spec.variants.speech),
        *((other(key), pool, _mode(spec, key)) for key, pool in spec.others.items()),
    ]
    for column, pool, mode in pools:
        if pool and mode == "product":
            frame.append(column)
        elif pool:
            others[column] = mode
    return frame, others


def _mode(spec: ClipTaskSpec, key: str) -> Assignment:
    """How one of ``spec.others`` falls to variants."""
    if key == "row" and spec.data:
        return "balanced" if spec.data.combine == "balanced" else "product"
    return "product" if key == "language" else spec.variants.text


def _allowed(
    spec: ClipTaskSpec, labels: Sequence[Sequence[str]], in_spec: Sequence[Sequence[str]]
) -> Allowed:
    """What may be combined; ``labels`` are of each level of each column, ``in_spec`` the same in the order of the spec."""
    frame, others = _columns(spec)
    columns = {name: index for index, name in enumerate((*frame, *others))}
    keys = {key: columns[_column_of(spec, key)] for key in spec.pools}
    apart = []
    if spec.languages:
        spoken = [
            dict(zip(of, languages_of(spec, name), strict=True))
            for name, of in zip(columns, in_spec, strict=True)
        ]
        levels = [[known[label] for label in of] for known, of in zip(spoken, labels, strict=True)]
        apart = kept_apart(columns[other("language")], levels)
    pairs = []
    if spec.data and spec.data.rows and spec.data.combine == "zip":
        zipped = {name: of for name, of in zip(columns, in_spec, strict=True) if name != other("language")}
        for number in range(len(spec.data.rows)):
            wanted = {columns[name]: of[number] for name, of in zipped.items() if len(of) > 1}
            pairs.append(
                {column: frozenset([labels[column].index(label)]) for column, label in wanted.items()}
            )
    return allowed(spec.variants, keys, labels, apart, pairs)


def _column_of(spec: ClipTaskSpec, key: str) -> str:
    blocks = {block.name for block in spec.video_blocks}
    return key if key in blocks else {"music": TRACKS, "speech": LINES}.get(key, other(key))


def _identified(of: Text | Tongue | Row) -> tuple[str, str]:
    """A label and what it stands for."""
    if isinstance(of, Row):
        return of.label, json.dumps(dict(of.cells), sort_keys=True)
    return of.label, of.tag if isinstance(of, Tongue) else of.model_dump_json(exclude_defaults=True)


def _count(spec: ClipTaskSpec, rules: Allowed, most: int) -> int:
    frame, _ = _columns(spec)
    possible, limit = rules.count(len(frame)), spec.variants.limit
    count = possible if limit is None else min(possible, limit)
    forms = len(spec.forms)
    if count * forms > most:
        what = f"{count:,} combinations" + (f" in {forms} pictures" if forms > 1 else "")
        message = (
            f"spec: {what} are more than the {most:,}{' videos' if forms > 1 else ''} allowed: "
            "set spec.variants.limit (it chooses a balanced subset), or use fewer clips"
        )
        raise TooManyCombinations(message)
    return count


def _guessed(spec: ClipTaskSpec, column: str) -> Iterator[str]:
    """Labels by names, URLs and texts alone. Whose the digits are that tell two of one name apart, only the files know."""
    key = next(key for key in spec.pools if _column_of(spec, key) == column)
    labels = [part.label for part in spec.pools[key]]
    named = sorted({label for _, of, label in spec.variants.mentions if of == key} - {*labels})
    for index, label in enumerate(labels):
        digits = [each for each in named if re.fullmatch(f"{label}-[0-9a-f]{{6}}", each)]
        place = labels[:index].count(label)
        if labels.count(label) == 1:
            yield label
        else:
            yield digits[place] if place < len(digits) else f"{label} {place}"


def _draw(seed: int, column: str, columns: Sequence[Column]) -> Draw:
    level_ids = next([part.id for part in each.parts] for each in columns if each.name == column)

    def draw(frame: OpenRow, level: int) -> bytes:
        ids = [each.parts[place or 0].id for each, place in zip(columns, frame, strict=False)]
        text = " ".join([str(seed), column, *ids, level_ids[level]])
        return hashlib.blake2b(text.encode(), digest_size=8).digest()

    return draw


def _places(labels: Sequence[str], column: Column) -> list[int]:
    return [labels.index(part.label) for part in column.parts]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
