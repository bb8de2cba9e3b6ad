"""How does the command line print? Results on standard output, errors and progress on standard error."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from cliptask.errors import ClipTaskError

SHOWN_ERRORS = 20

errors = Console(stderr=True)


class Format(StrEnum):
    """How to print a result."""

    table = "table"
    json = "json"
    yaml = "yaml"


class ReportFormat(StrEnum):
    """How to print a report that people also show one another."""

    table = "table"
    json = "json"
    yaml = "yaml"
    markdown = "markdown"


OutputFormat = Annotated[Format, typer.Option("--output", "-o", help="How to print the result.")]


def print_errors(found: Sequence[ClipTaskError], located: Callable[[str], str] = str) -> None:
    """Each message once with how often it came, on standard error; ``located`` says where its cause stands."""
    counts = Counter(located(str(error)) for error in found)
    for message, count in list(counts.items())[:SHOWN_ERRORS]:
        print_plain(errors, f"error: {message}" + (f" ({count} videos)" if count > 1 else ""))
    if len(counts) > SHOWN_ERRORS:
        errors.print(f"and {len(counts) - SHOWN_ERRORS} more, all of them in index.json")


def print_plain(console: Console, text: str, style: str | None = None) -> None:
    """Others' words, as they are: neither marked up nor broken into lines."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table without lines, its numbers to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def print_data(value: object, output: Format | ReportFormat) -> None:
    """Plain data as JSON or YAML."""
    text = (
        json.dumps(value, indent=2, ensure_ascii=False)
        if output == Format.json
        else yaml.safe_dump(value, sort_keys=False)
    )
    typer.echo(text)
