"""What may each field of a ClipTask say? ``python -m docs.reference``, in the folder ``tests``, prints the page for people, ``docs/resource.md``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from cliptask.planning.targets import ratio_of
from cliptask.spec import values
from cliptask.spec.colour import COLOUR_PATTERN, TRANSLUCENT_PATTERN
from cliptask.spec.complaints import plain
from cliptask.spec.naming import NAME_PATTERN, UTM_PATTERN
from cliptask.spec.notify import OBJECT_PATTERN, RECEIVER_PATTERN
from cliptask.spec.output import OUTPUT_PATTERN
from cliptask.spec.picture import SHAPE_PATTERN
from cliptask.spec.platforms import PLATFORMS, Platform, Source
from cliptask.spec.quantities import (
    AMOUNT_PATTERN,
    COORDINATE_PATTERN,
    DURATION_PATTERN,
    PERCENTAGE_PATTERN,
    TOGETHER_PATTERN,
)
from cliptask.spec.schema import Schema, crd, structural
from cliptask.spec.status import ClipTaskStatus
from cliptask.spec.task import ClipTask

EXAMPLE = """\
apiVersion: cliptask.dev/v1alpha1
kind: ClipTask
metadata:
  name: spring-sale
spec:
  videoBlocks:
  - name: hook
    clips:
    - {url: "https://cdn.example.com/meadow.mp4"}
    - {url: "https://cdn.example.com/street.mp4", trim: {start: 1.5s, end: 6s}}
  - name: product
    clips:
    - {url: "https://cdn.example.com/bikes.mp4"}
    - {url: "https://cdn.example.com/photo.jpg", duration: 3s, motion: zoomIn}
  audioBlocks:
  - name: upbeat
    tracks:
    - {url: "https://cdn.example.com/sunny.mp3"}
  speech:
  - {voice: Rachel, text: "Spring is here. Go outside!"}
  overlays:
  - {text: "-20 % until Sunday", block: product, from: 500ms}
  - {image: {url: "https://cdn.example.com/logo.png"}, position: topRight, width: 18%}
  captions: {mode: soft}
  output: {uri: "gs://campaigns"}
  execution:
    parallelism: 20
    resources:
      requests: {cpu: 500m, memory: 1Gi}
      limits: {cpu: 2, memory: 2Gi}
"""

_HEAD = f"""\
<!-- Generated from the models in crds/cliptask. Do not edit; write it anew with make generate -->
# The ClipTask resource

A campaign of short videos: every combination of clips, music and speech becomes one. Only `videoBlocks` and `output` are required.

```yaml
{EXAMPLE}```

`metadata.name` is the campaign's name, at most 40 lower-case letters, digits and hyphens: its videos lie in a folder of that
name. The annotation `cliptask.dev/retry` with a new value tries again what failed. `kubectl explain clip.spec.sound` tells
the same as this page, and `cliptask validate FILE` checks a file without a cluster.
"""

_VALUES = (
    ("duration", DURATION_PATTERN, "`500ms`, `1.5s`, `2m`", "A number with at most three decimals and a unit, without a space."),
    ("percentage", PERCENTAGE_PATTERN, "`20%`, `12.5%`", "From 0% to 100%, with at most two decimals."),
    ("coordinate", COORDINATE_PATTERN, "`50%`, `120px`, `-12.5%`", "A share of the picture's side with at most two decimals, or whole pixels of it; from its left or upper edge."),
    ("amount", AMOUNT_PATTERN, '`500m`, `2`, `"1.5"`, `2Gi`', "CPUs or bytes as in Kubernetes: m is a thousandth, k, M, G, T and Ki, Mi, Gi, Ti are powers of 1,000 and 1,024. A point and no unit needs quotes."),
    ("packing", TOGETHER_PATTERN, "`1`, `20`, `auto`", "A whole number from 1 to 10,000, or auto for what pays."),
    ("name", values.NAME_PATTERN, "`spring-sale`", "1 to 40 lower-case letters, digits and hyphens, with no hyphen at an end."),
    ("label", values.LABEL_PATTERN, "`hook-a`", "A name, or what a part without one is called in the videos' names, at most 47 characters."),
    ("URL", values.URL_PATTERN, "`https://cdn.example.com/a.mp4`, `gs://media/a.mp4`", "Spaces as %20. Its query, which may hold a token, is shown nowhere. In local mode also a path, `media/hook a.mp4`, in which nothing is escaped."),
    ("folder", OUTPUT_PATTERN, "`gs://campaigns/spring`, `file:///srv/campaigns`", "A URI without spaces, ? and #, and without . and .. as folders. In local mode also a path, `../out`, in which nothing is escaped."),
    ("address", RECEIVER_PATTERN, "`https://hooks.example.com/cliptask`", "A URL without a user. Of it nothing but the host is shown anywhere."),
    ("secret", OBJECT_PATTERN, "`webhooks`", "The name of a Secret of the task's namespace."),
    ("template", NAME_PATTERN, "`{task}_{hook}_{row.city}`", "Letters from a to z, digits, `_.=+-`, and fields in braces."),
    ("parameters", UTM_PATTERN, "`utm_source=meta&utm_content={name}`", "Parameters of a link, with fields in braces, whose values are escaped."),
    ("language", values.LANGUAGE_PATTERN, "`en`, `pt-BR`, `zh-Hans`", "A BCP 47 tag: the shortest ISO 639 code, then script and region where they matter."),
    ("colour", COLOUR_PATTERN, '`"#ff8800"`', "Red, green and blue, two hexadecimal digits each, in quotes, since # begins a comment."),
    ("shape", SHAPE_PATTERN, '`"4:5"`', "Width to height, in quotes."),
    ("tint", TRANSLUCENT_PATTERN, '`"#ff8800"`, `"#00000080"`', "A colour, or one with two digits more for its opacity."),
    ("affix", values.AFFIX_PATTERN, '`"€"`, `" %"`', "A text in one line, which may be empty."),
    ("text", values.TEXT_PATTERN, '`"Spring is here."`', "Of any language, with at least one visible character. How accents are typed does not matter, and what is invisible is not drawn."),
    ("time", "date-time", "`2030-01-31T12:00:00Z`", "In UTC, to the second."),
)  # fmt: skip
"""What each pattern or format is called, how it looks, and what is right."""


def reference() -> str:
    """The page as Markdown."""
    version = crd()["spec"]["versions"][0]
    # The CRD itself says some patterns in sentences.
    fields = {"spec": structural(ClipTask)["properties"]["spec"], "status": structural(ClipTaskStatus)}
    spec, status = (list(_objects(name, field)) for name, field in fields.items())
    columns = [
        (column["name"].upper(), _code(column["jsonPath"].removeprefix(".")), column["description"])
        for column in version["additionalPrinterColumns"]
    ]
    return "\n".join([
        _HEAD,
        _link("How values are written", 0),
        _link("What platforms take", 0),
        *(_link(path, depth) for path, _, depth in [*spec, *status]),
        "\n## How values are written\n",
        _table(("Type", "Looks like", "What"), [(f"<a id={name.lower()}></a>{name}", *rest) for name, _, *rest in _VALUES]),
        *(_section(*place) for place in spec),
        platforms(),
        "## Columns\n\nWhat `kubectl get clip` shows, and with `-o wide` the last two as well.\n",
        _table(("Column", "Field", "What"), columns),
        *(_section(*place) for place in status),
    ]).rstrip() + "\n"  # fmt: skip


_WHAT_PLATFORMS_TAKE = """\
## What platforms take

What `targets` are judged by: each number as it was published, where, and when it was read. Platforms change these without notice, and third
parties disagree; the platform's own page counts before theirs. Some were read in stored copies of the pages. Of what is not here nobody publishes a number. Edges are pixels of
1080x1920 that the platform covers; other sizes of that shape in proportion.
"""


def platforms() -> str:
    """All published numbers, each in a row with its source and the day."""
    rows = [
        (_code(target), what, value, f"[{urlsplit(source.url).hostname}]({source.url})", source.read)
        for target, platform in PLATFORMS.items()
        for what, value, source in _numbers(platform)
    ]
    titles = [(_code(target), platform.title) for target, platform in PLATFORMS.items()]
    return f"{_WHAT_PLATFORMS_TAKE}\n{_table(('Target', 'Where it shows'), titles)}\n{_table(('Target', 'What', 'Number', 'Source', 'Read'), rows)}"


def _numbers(platform: Platform) -> Iterator[tuple[str, str, Source]]:
    for shape in platform.shapes:
        ratio = " to ".join(dict.fromkeys(map(ratio_of, (shape.narrowest, shape.widest))))
        yield "width to height", ratio, shape.source
        for of, bound in (("at least", shape.least), ("at most", shape.most)):
            if bound:
                width, height = bound
                size = f"{width.value:g} wide" if height.value == 1 else f"{width.value:g}x{height.value:g}"
                yield f"pixels of {ratio}", f"{of} {size}", width.source
    measures = (
        ("seconds", platform.seconds, 1),
        ("megabytes", platform.size_bytes, 1e6),
        ("kbit/s", platform.bits_per_second, 1e3),
        ("frames per second", platform.fps, 1),
    )
    for what, (least, most), unit in measures:
        for of, number in (("at least", least), ("at most", most)):
            if number:
                yield what, f"{of} {number.value / unit:g}", number.source
    if platform.zone:
        for edge in ("left", "top", "right", "bottom"):
            if number := getattr(platform.zone, edge):
                yield f"covers at the {edge}", f"{number.value:g} px", number.source


def _objects(path: str, node: Schema, depth: int = 0) -> Iterator[tuple[str, Schema, int]]:
    """An object's path, schema and depth, and those of each object within it."""
    yield path, node, depth
    for name, field in node["properties"].items():
        within, suffix = (field["items"], "[]") if "items" in field else (field, "")
        if "properties" in within:
            described = {"description": field["description"]} | within
            yield from _objects(f"{path}.{name}{suffix}", described, depth + 1)


def _link(path: str, depth: int) -> str:
    return f"{'  ' * depth}- [{path.rpartition('.')[2]}](#{_anchor(path)})"


def _section(path: str, node: Schema, depth: int) -> str:
    """An object's heading, its fields, and what it is refused for."""
    required = node.get("required", ())
    rows = [_row(path, name, field, name in required) for name, field in node["properties"].items()]
    heads: tuple[str, ...] = ("Field", "Type", "Default", "What")
    if path.startswith("status"):  # nobody writes it
        heads, rows = (*heads[:2], heads[3]), [(*row[:2], row[3]) for row in rows]
    what = node["description"].partition(" Default: ")[0]
    section = f"{'#' * (depth + 2)} {path}\n\n{what}\n\n{_table(heads, rows)}"
    refusals = ((rule.get("fieldPath"), rule["message"]) for rule in node.get("x-kubernetes-validations", ()))
    rules = [f"- {f'`{field[1:]}`: ' if field else ''}{message}" for field, message in refusals]
    return "\n".join([section, "A refusal may say:\n", *rules, ""]) if rules else section


def _row(path: str, name: str, field: Schema, required: bool) -> tuple[str, ...]:
    # Where a schema has no word for a default, the description ends with it.
    what, _, ending = field["description"].partition("Default: ")
    default = "**required**" if required else ending.rstrip(".")
    if field.get("default", "") != "":
        default = _code(plain(field["default"]))
    return _code(name), _type(f"{path}.{name}", field), default, what.strip()


def _type(path: str, field: Schema) -> str:
    if "enum" in field:
        choices = [_code(str(choice)) for choice in field["enum"]]
        return f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0]
    if "properties" in field:
        return f"[object](#{_anchor(path)})"
    longest = f", at most {field.get('maxLength', 0):,} characters"
    for name, form, *_ in _VALUES:
        if form in {field.get("pattern"), field.get("format")}:
            return f"[{name}](#{name.lower()})" + longest * (name == "text")
    if field["type"] == "array":
        least = f"{field['minItems']} to" if field.get("minItems") else "at most"
        return f"list of {least} {field['maxItems']}: {_type(path + '[]', field['items'])}"
    if "additionalProperties" in field:
        return f"for each of at most {field['maxProperties']} blocks: {_type(path, field['additionalProperties'])}"
    kinds = {
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "string": f"text{longest}",
    }
    bounds = f", {plain(field['minimum'])} to {plain(field['maximum'])}" if "minimum" in field else ""
    return kinds[field["type"]] + bounds


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def _code(text: str) -> str:
    return f"`{text}`"


def _anchor(heading: str) -> str:
    """How GitHub names a heading in links: lower-case, without punctuation."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    sys.stdout.write(reference())
