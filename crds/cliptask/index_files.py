"""How is an index written? As JSON and as a table, piece by piece: of ten thousand videos each has some 10 MB."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator

from pydantic_core import to_json

from cliptask.index import CampaignIndex
from cliptask.spec.texts import OTHERS


def index_json(index: CampaignIndex) -> Iterator[str]:
    """``index.json``, as pydantic writes it whole."""
    before = "{"
    for name, field in CampaignIndex.model_fields.items():
        yield f'{before}\n  "{field.alias}": '
        before = ","
        value = getattr(index, name)
        if isinstance(value, tuple) and value:
            yield from _items(value)
        else:
            yield _indented(value, 2)
    yield "\n}\n"


def _items(values: tuple[object, ...]) -> Iterator[str]:
    for number, value in enumerate(values):
        yield f"{',' if number else '['}\n    {_indented(value, 4)}"
    yield "\n  ]"


def _indented(value: object, spaces: int) -> str:
    return to_json(value, by_alias=True, indent=2).decode().replace("\n", "\n" + " " * spaces)


def index_csv(index: CampaignIndex) -> Iterator[str]:
    """``index.csv``: a heading and a row for each variant, one after the other; write it as ``utf-8-sig``, or Excel garbles umlauts.

    Blocks keep their names, which are lower-case; all other columns begin with a capital, so that none collide.
    """
    table = csv.writer(_Echo())
    own = [
        (title, field)
        for title, field in (("Name", "ad_name"), ("Utm", "utm"), ("Targets", "suits"))
        if any(getattr(each, field) for each in index.variants)
    ]
    yield table.writerow(
        ["Variant", *(title for title, _ in own), *index.blocks, "Track", "Line", "Form", *map(heading, index.others), "Text", "Synthetic", "File", "Captions", "Pictures", "Seconds", "Frames", "Bytes", "Key"]
    )  # fmt: skip
    for variant in index.variants:
        texts = [
            variant.name, *(getattr(variant, field) for _, field in own), *(clip.clip for clip in variant.clips),
            variant.track, variant.line, variant.form, *variant.others.values(), variant.text, " ".join(variant.synthetic),
            variant.file, variant.captions,
            " ".join(filter(None, (clip.picture for clip in variant.clips))),
        ]  # fmt: skip
        numbers = [variant.duration_seconds, variant.frames, variant.size_bytes]
        yield table.writerow([*(_cell(text or "") for text in texts), *numbers, variant.key])


class _Echo:
    """What a writer of tables writes to that hands its rows back."""

    def write(self, row: str) -> str:
        return row


def heading(other: str) -> str:
    """Of a column of the table: text blocks keep their names, as blocks do."""
    return other.capitalize() if other in OTHERS else other


def _cell(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run as a formula.

    The characters are OWASP's (https://owasp.org/www-community/attacks/CSV_Injection), full-width ones included.
    """
    first = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return f"'{text}" if first in {"=", "+", "-", "@"} or text[:1] in {"\t", "\r", "\n"} else text
