from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import InvalidTask
from cliptask.spec.loading import load
from cliptask.spec.output import OUTPUT_PATTERN
from cliptask.spec.paths import Here, file_url, resolved, written
from cliptask.spec.schema import Schema, structural
from cliptask.spec.task import ClipTask
from cliptask.spec.values import URL_PATTERN
from cliptask.spec.yaml_source import dump
from support.bad_tasks import mutated

HOME = Here("/home/me/campaign")
FIELDS = (
    "spec.videoBlocks[0].clips[0].url", "spec.videoBlocks[1].clips[0].url", "spec.audioBlocks[0].tracks[0].url",
    "spec.overlays[0].image.url", "spec.output.uri",
)  # fmt: skip
"""Some that take a URL."""
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=40
).filter(lambda name: name not in {".", ".."})


def task_with(path: str, field: str = FIELDS[0]) -> str:
    """A good task with this path in a field."""
    overlays = {"spec.overlays": [{"image": {"url": "https://x/logo.png"}}]}
    return dump(mutated(overlays | {field: path}))


def at(task: ClipTask, field: str) -> str:
    """The URL in a field."""
    value: Any = task.model_dump(mode="json", by_alias=True, exclude_none=True)
    for step in field.replace("[", ".").replace("]", "").split("."):
        value = value[int(step) if step.isdigit() else step]
    return str(value)


def file_of(url: str) -> str:
    """The path behind a file's URL, as whoever reads it finds it."""
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("file", "", "", "")
    return url2pathname(parts.path)


def urls(schema: Schema) -> Iterator[Any]:
    """For each field that takes a URL, plain values that hold a path there, and nothing else."""
    if schema.get("pattern") in {URL_PATTERN, OUTPUT_PATTERN}:
        yield "x.mp4"
    for name, field in schema.get("properties", {}).items():
        yield from ({name: value} for value in urls(field))
    if "items" in schema:
        yield from ([value] for value in urls(schema["items"]))


EVERY = list(urls(structural(ClipTask)))


def test_there_are_fields() -> None:
    """The next test would try nothing."""
    assert len(EVERY) > len(FIELDS)


@pytest.mark.parametrize("given", EVERY, ids=str)
def test_every_url_of_the_resource_may_be_a_path(given: dict[str, Any]) -> None:
    """A path would be refused in one field that is taken in another."""
    found, _ = resolved(given, HOME)

    assert str(found) == str(given).replace("x.mp4", "file:///home/me/campaign/x.mp4")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("media/hook.mp4", "/home/me/campaign/media/hook.mp4"),
        ("./hook.mp4", "/home/me/campaign/hook.mp4"),
        ("../x.mp4", "/home/me/x.mp4"),
        ("../../../../../x.mp4", "/x.mp4"),
        ("/srv/x.mp4", "/srv/x.mp4"),
        ("//srv//x.mp4", "/srv/x.mp4"),
        ("a b/100% #1? ü 日本.mp4", "/home/me/campaign/a b/100% #1? ü 日本.mp4"),
        ("a%20b.mp4", "/home/me/campaign/a%20b.mp4"),
        ("c:d.mp4", "/home/me/campaign/c:d.mp4"),
        ("~backup.mp4", "/home/me/campaign/~backup.mp4"),
        ("./~/x.mp4", "/home/me/campaign/~/x.mp4"),
    ],
)
def test_a_path_begins_at_the_folder_of_the_task(field: str, path: str, file: str) -> None:
    """Somebody's own files could only be named by URLs with every % and space escaped."""
    task = load(task_with(path, field), "cliptask.yaml", HOME).task

    assert file_of(at(task, field)) == file


@given(st.lists(NAMES, min_size=1, max_size=4), NAMES)
def test_any_name_of_a_file_reads_back_as_the_same(steps: list[str], folder: str) -> None:
    """A file of an odd name would be looked for under another one."""
    here = Here(f"/srv/{folder}")

    task = load(task_with(written("/".join(steps))), "cliptask.yaml", here).task

    assert file_of(at(task, FIELDS[0])) == os.path.normpath(f"/srv/{folder}/{'/'.join(steps)}")


@pytest.mark.parametrize(
    "url",
    [
        "https://x/a.mp4",
        "http://x/a.mp4",
        "gs://bucket/a.mp4",
        "file:///srv/a%20b.mp4",
        "https://x/a%23b?c=d",
    ],
)
def test_a_url_stays_as_it_is(url: str) -> None:
    """URLs that worked would become files that are not there."""
    assert at(load(task_with(url), "cliptask.yaml", HOME).task, FIELDS[0]) == url


@pytest.mark.parametrize(
    "url",
    ["https:/x/a.mp4", "htps://x/a.mp4", "ftp://x/a.mp4", "file:a.mp4", "HTTPS:x", "me:pw@x/a.mp4", " ", ""],
)
def test_a_wrong_url_is_no_path(url: str) -> None:
    """Somebody would be told of a file that nobody has meant."""
    with pytest.raises(InvalidTask, match=r"is not a URL that can be fetched|is empty"):
        load(task_with(url), "cliptask.yaml", HOME)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("path", ["~", "~/x.mp4", "~me/x.mp4"])
def test_the_home_of_a_shell_is_refused(field: str, path: str) -> None:
    """A folder called ~ would be made, or looked for."""
    with pytest.raises(InvalidTask, match=r"only a shell knows whose folder ~ is: write the path from / on"):
        load(task_with(path, field), "cliptask.yaml", HOME)


def test_without_a_folder_there_are_no_paths() -> None:
    """In a cluster, a path would lead somewhere in the operator's own container."""
    with pytest.raises(InvalidTask, match="is not a URL that can be fetched"):
        load(task_with("media/hook.mp4"), "cliptask.yaml")


def test_a_missing_file_is_told_with_its_line_beside_all_else_that_is_wrong() -> None:
    """A person would mend a file in as many rounds as it has faults."""
    here = Here("/home/me", lambda file: f"leads to no file ({file})" if "hok" in file else None)
    text = task_with("media/hok.mp4").replace("musicVolume: 0.2", "musicVolume: 5")
    line = text[: text.index("media/hok.mp4")].count("\n") + 1

    with pytest.raises(InvalidTask) as caught:
        load(f"{text}\nextra: 1\n", "cliptask.yaml", here)

    told = str(caught.value).split("\n")
    assert (
        told[0]
        == f'cliptask.yaml:{line}:7: {FIELDS[0]}: "media/hok.mp4" leads to no file (/home/me/media/hok.mp4)'
    )
    assert "extra: unknown field" in told[-1]


def test_a_missing_file_is_no_problem_where_bad_sources_are_skipped() -> None:
    """The rest of the campaign would not be made."""
    here = Here("/home/me", lambda _: "leads to no file")
    task = mutated({FIELDS[0]: "a.mp4", "spec.failurePolicy": {"onSourceError": "Skip"}})

    assert load(dump(task), "cliptask.yaml", here).task.spec.urls[0] == "file:///home/me/a.mp4"


def test_a_folder_for_the_videos_need_not_be_there() -> None:
    """It is made."""
    here = Here("/home/me", lambda _: "leads to no file")

    assert (
        at(load(task_with("out", "spec.output.uri"), "x", here).task, "spec.output.uri")
        == "file:///home/me/out"
    )


def test_what_may_be_a_url_without_its_scheme_is_told_so_without_its_token() -> None:
    """A token would end in a log."""
    here = Here("/home/me", lambda _: "leads to no file")

    with pytest.raises(InvalidTask, match="a URL begins with https://") as caught:
        load(task_with("cdn.example.com/a.mp4?token=SECRET"), "cliptask.yaml", here)

    assert "SECRET" not in str(caught.value)


def test_letters_of_any_script_stay_readable_in_a_url() -> None:
    """Messages would show a name in percents, and a long one would not fit."""
    assert file_url("/srv/мария 1.mp4") == "file:///srv/мария%201.mp4"
