"""What can a person type to see what an edit would make anew? ``diff`` compares two tasks: files, revisions of git, the cluster's."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cliptask.errors import ClipTaskError, MissingInput
from cliptask.names import public_url
from cliptask.spec.loading import Script, load, load_data
from cliptask.spec.paths import Here
from cliptask.spec.yaml_source import parse
from cliptask_operator.campaign.price import Price
from cliptask_operator.campaign.stores import open_stores
from cliptask_operator.cli.campaign_commands import Folder, Scratch, Speech, read_file, settings_with, uri_of
from cliptask_operator.cli.cluster_commands import Context, Namespace
from cliptask_operator.cli.completion import nothing
from cliptask_operator.cli.console import ReportFormat, errors, print_data, print_errors, print_table
from cliptask_operator.local.given import Given
from cliptask_operator.local.here import LocalFiles, here
from cliptask_operator.local.interruption import interruptible
from cliptask_operator.local.revision import Revision, scratch_folder

if TYPE_CHECKING:
    from cliptask_operator.campaign.comparison import Comparison

SHOWN = 20
"""Videos of a list in a terminal."""
_PRICE = re.compile(r"(\d+(?:\.\d+)?)(?: *([A-Za-z€$£¥]{1,3}))?")


def _price(text: str) -> Price:
    match = _PRICE.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no price: give what 1,000 characters cost, e.g. '0.30 USD'."
        raise typer.BadParameter(message)
    return Price(float(match[1]), match[2] or "")


def diff(  # noqa: PLR0913  a person's options
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="[OLD] NEW",
            help="Files, files of a git revision (main:campaign.yaml), - for standard input, /dev/null for no campaign.",
        ),
    ],
    git: Annotated[
        str | None,
        typer.Option(
            "--git",
            metavar="REV",
            autocompletion=nothing,
            help="OLD is NEW as it was at this revision of git.",
        ),
    ] = None,
    *,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="OLD is the ClipTask of NEW's name in the cluster.")
    ] = False,
    namespace: Namespace = None,
    context: Context = None,
    output: Annotated[
        ReportFormat, typer.Option("--output", "-o", help="How to print the result.")
    ] = ReportFormat.table,
    folder: Folder = None,
    as_published: Annotated[
        bool,
        typer.Option(
            "--as-published", help="Take what fell to OLD's videos from the index.json in the folder."
        ),
    ] = False,
    price: Annotated[
        Price | None,
        typer.Option(
            "--price",
            metavar="AMOUNT",
            parser=_price,
            help="What 1,000 paid characters cost, e.g. '0.30 USD'.",
        ),
    ] = None,
    scratch: Scratch = None,
    speech: Speech = None,
) -> None:
    """Show what an edit would make anew, and what it would drop, had all of OLD been made. Makes nothing.

    Fetches the sources of both into the cache of the folder, as plan does; speaks, encodes and pays for nothing. Ends
    with 0 where nothing would be made or dropped, with 1 where something would, and with more where that cannot be told.
    """
    _check(files, git, cluster=cluster, namespace=namespace, context=context)
    with interruptible():
        from cliptask_operator.local.compare import compare  # noqa: PLC0415  HTTP and speech clients only where they are used
        from cliptask_operator.local.progress import report_on  # noqa: PLC0415  as above

        settings = settings_with(scratch, speech)
        with scratch_folder(settings.scratch) as below:
            reader = _Reader(Path(below))
            new = reader.given(files[-1], git=git)
            if cluster:
                old = _in_cluster(new, namespace, context)
            else:
                old = (
                    reader.given(files[0], is_old=True)
                    if git is None
                    else reader.at(git, files[0], is_old=True)
                )
            task = next((each.script.task for each in (new, old) if each.script), None)
            if task is None:
                message = f"there is no campaign in {old.title} and none in {new.title}: give one at least"
                raise MissingInput(message)
            stores = open_stores(uri_of(folder, task), scratch=settings.scratch)
            with report_on(errors) as progress:
                found = compare(old, new, stores, settings, progress, price=price, as_published=as_published)
    _print(found, output)
    print_errors(found.errors, new.script.located if new.script else str)
    raise typer.Exit(found.exit_code)


def _check(
    files: list[str], git: str | None, *, cluster: bool, namespace: str | None, context: str | None
) -> None:
    """Raises what is wrong with the command line."""
    if git is not None and cluster:
        message = "--git and --cluster both say what OLD is: give one of them."
        raise typer.BadParameter(message)
    wanted = 1 if git is not None or cluster else 2
    if len(files) != wanted:
        message = (
            "give one file: the option says what it is compared with."
            if wanted == 1
            else "give two files, OLD and NEW, or one with --git or --cluster."
        )
        raise typer.BadParameter(message)
    if files.count("-") > 1:
        message = "standard input can be one of them only."
        raise typer.BadParameter(message)
    if not cluster and (namespace or context):
        message = "--namespace and --context go with --cluster."
        raise typer.BadParameter(message)


@dataclass(frozen=True)
class _Reader:
    """Reads tasks; what revisions held lies below a folder meanwhile."""

    below: Path

    def given(self, file: str, *, git: str | None = None, is_old: bool = False) -> Given:
        """A file, or one of a revision, as ``REV:path``. ``git``: what it is compared with, for what to say of a file that is gone."""
        if file == os.devnull:
            return Given(file)
        if "://" in file:
            message = f"{public_url(file)} is a URL: download it, and give the file"
            raise MissingInput(message)
        name, colon, path = file.partition(":")
        if colon and file != "-" and not Path(file).exists():
            # As git has it: from the top, unless the path begins with a dot.
            folder = Path() if path.startswith(("./", "../")) else Revision.of(name, Path()).top
            return self.at(name, str(folder / path), title=file, is_old=is_old)
        if git is not None and not Path(file).exists():
            raise _gone(git, file)
        return _given(read_file(file), file, here(file), is_old=is_old)

    def at(self, name: str, file: str, title: str = "", *, is_old: bool = False) -> Given:
        """What a file was at a revision. Raises ``MissingInput``."""
        path = Path(file)
        revision = Revision.of(name, _there(path.parent))
        folder = path.parent.resolve()
        around = Here(str(folder), LocalFiles(folder).absent, revision.lies(self.below))
        return _given(revision.read(path), title or f"{name}:{file}", around, is_old=is_old)


def _there(folder: Path) -> Path:
    """The folder, or what of it is left."""
    return next(each for each in (folder, *folder.absolute().parents) if each.is_dir())


def _gone(git: str, file: str) -> ClipTaskError:
    """Why a file cannot be compared that is not there any more."""
    revision = Revision.of(git, _there(Path(file).parent))
    _, now = revision.renamed(Path(file))
    if not revision.has(Path(file)):
        return MissingInput(f"{file} is neither here nor in {git}: check the path")
    old = f"{git}:{(Path(file).parent.resolve() / Path(file).name).relative_to(revision.top)}"
    if now:
        return MissingInput(f"{file} is {now} now: cliptask diff {old} {now}")
    return MissingInput(f"{file} is deleted: cliptask diff {old} {os.devnull} shows what goes")


def _given(text: bytes, title: str, around: Here, *, is_old: bool) -> Given:
    # Whether a file of the old task is still there is found out by fetching it.
    found = load(text, title, Here(around.folder, lies=around.lies) if is_old else around)
    return Given(title, found, str(parse(text).data["spec"]["output"]["uri"]))


def _in_cluster(new: Given, namespace: str | None, context: str | None) -> Given:
    """The ClipTask of that name. Raises ``MissingInput``."""
    from cliptask_operator.cli import watch  # noqa: PLC0415  a client only where it is used

    if new.script is None:
        message = f"{new.title} names no campaign to look for in the cluster: give a file"
        raise MissingInput(message)
    metadata = new.script.task.metadata
    query = watch.TaskQuery(metadata.name, namespace or metadata.namespace, context)
    try:
        body = asyncio.run(watch.look(query))
    except MissingInput as error:
        message = f"{error}; for one that is not applied yet, compare with {os.devnull}"
        raise MissingInput(message) from error
    title = f"{metadata.name} in the cluster"
    return Given(title, Script(load_data(body, title), title, {}), str(body["spec"]["output"]["uri"]))


def _print(found: Comparison, output: ReportFormat) -> None:
    if output is ReportFormat.markdown:
        typer.echo(found.as_markdown())
    elif output is not ReportFormat.table:
        print_data(found.as_dict(), output)
    elif not found.differs:
        typer.echo(f"{found.heading}: nothing is made anew, and nothing is dropped")
        for remark in found.remarks:
            typer.echo(remark)
    else:
        typer.echo(found.heading)
        print_table(
            "",
            ("", "before", "after", "to make", "to drop"),
            [(row.what, *(f"{count:,}" for count in row[1:])) for row in found.rows],
        )
        for remark in found.remarks:
            typer.echo(remark)
        new = [(name, each) for name, each in found.changes.items() if each.kind != "stays"]
        _list(
            "+",
            [f"{name}{f' for {each.was}' if each.was and each.was != name else ''}" for name, each in new],
        )
        _list("-", [name for name, instead in found.dropped.items() if not instead])


def _list(sign: str, names: list[str]) -> None:
    for name in names[:SHOWN]:
        typer.echo(f"{sign} {name}")
    if len(names) > SHOWN:
        typer.echo(f"{sign} and {len(names) - SHOWN:,} more: -o json tells all")
