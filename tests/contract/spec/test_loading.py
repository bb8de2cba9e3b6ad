from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cliptask.errors import InvalidTask
from cliptask.planning.choices import count_variants
from cliptask.spec.loading import MOST_PROBLEMS, load, load_data
from cliptask.spec.paths import Here
from cliptask.spec.task import ClipTask
from cliptask.spec.yaml_source import dump
from support.bad_tasks import BAD_TASKS, GOOD, BadTask, mutated
from support.tasks import tasks

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))


def refusal(text: str | bytes) -> str:
    """What the loader says of a bad text."""
    with pytest.raises(InvalidTask) as caught:
        load(text, "cliptask.yaml")
    return str(caught.value)


@pytest.mark.parametrize("bad", BAD_TASKS, ids=lambda bad: bad.id)
def test_bad_task_is_refused_at_its_path(bad: BadTask) -> None:
    """A bad task would be rendered, or its author would not learn where and what to change."""
    started_s = time.process_time()
    lines = refusal(bad.text).split("\n")

    where = rf"cliptask\.yaml(:\d+:\d+)?: {re.escape(bad.path)}{': ' if bad.path else ''}"
    about = [line for line in lines if re.match(where, line) and bad.words in line]
    assert about, lines
    assert time.process_time() - started_s < 10


@pytest.mark.parametrize("bad", BAD_TASKS, ids=lambda bad: bad.id)
def test_one_fault_is_reported_once_and_plainly(bad: BadTask) -> None:
    """A person would read follow-up errors or a library's jargon."""
    message = refusal(bad.text)

    assert len(message.split("\n")) <= 2
    assert not re.search(
        r"Value error|Input should|pydantic|Traceback|NoneType|Tuple|\bdict\b|\bstr\b", message
    )
    assert all(len(line) < 400 for line in message.split("\n"))


def test_table_is_large_enough() -> None:
    """The promise of at least forty kinds of bad input would have shrunk unseen."""
    assert len(BAD_TASKS) >= 40
    assert len({bad.id for bad in BAD_TASKS}) == len(BAD_TASKS)


def test_json_has_lines_and_columns_too() -> None:
    """Who writes tasks by a program would count braces."""
    lines = refusal(json.dumps(mutated({"spec.outptu": 1}), indent=2)).split("\n")

    assert len(lines) == 1
    assert re.match(r"cliptask\.yaml:\d+:5: spec\.outptu: unknown field; did you mean output", lines[0])


def test_what_is_found_out_later_is_located_as_well() -> None:
    """What a file or the font says no to would have to be searched for in the text."""
    script = load(dump(GOOD), "cliptask.yaml")
    clip = "spec.videoBlocks[0].clips[1]"

    said = script.located(
        f"{clip}.trim.end (hook, https://x/b.mp4) is late\n{clip}.url: gone\n{clip}[7].x\nspecial.case: 1\nspec: all\n"
        "other (see spec.output): no\nother"
    )

    marks = script.marks
    at = ("spec", "videoBlocks", 0, "clips", 1)
    places = [
        marks.get((*at, "trim", "end"), marks.get((*at, "trim"), marks[at])),
        marks[*at, "url"],
        marks[at],
    ]
    lines = said.split("\n")
    for line, mark in zip(lines, places, strict=False):
        assert line.startswith(f"cliptask.yaml:{mark.line}:{mark.column}: {clip}")
    assert lines[3] == "special.case: 1"
    assert lines[4].startswith(f"cliptask.yaml:{marks['spec',].line}:1: spec: all")
    assert lines[5:] == ["other (see spec.output): no", "other"]


def test_every_problem_is_listed_with_its_line() -> None:
    """A person would mend a file in as many rounds as it has faults, or search for the lines."""
    text = """\
apiVersion: cliptask.dev/v1alpha1
kind: ClipTask
metadata:
  name: spring
spec:
  videoBlocks:
  - name: hook
    clips:
    - url: https://x/a.mp4
    - {url: https://x/b.mp4, trim: {start: 5s, end: 1s}}
    - url: b.mp4
  sound:
    musicVolume: 3
  outptu: {uri: file:///x}
"""

    lines = refusal(text).split("\n")

    assert [line.split(": ")[:2] for line in lines] == [
        ["cliptask.yaml:5:1", "spec.output"],
        ["cliptask.yaml:10:48", "spec.videoBlocks[0].clips[1].trim.end"],
        ["cliptask.yaml:11:7", "spec.videoBlocks[0].clips[2].url"],
        ["cliptask.yaml:13:5", "spec.sound.musicVolume"],
        ["cliptask.yaml:14:3", "spec.outptu"],
    ]
    assert (
        lines[1]
        == 'cliptask.yaml:10:48: spec.videoBlocks[0].clips[1].trim.end: must be after start (given "1s")'
    )
    assert lines[4].endswith("did you mean output?")


@pytest.mark.parametrize(
    "url",
    [
        "htps://user:SECRET@cdn.example.com/a.mp4?token=SECRET#SECRET",
        "cdn.example.com/a.mp4?token=SECRET",
        "user:SECRET@cdn.example.com/a.mp4",
        "https://[user:SECRET@::1/a.mp4?token=SECRET",
    ],
)
def test_secrets_of_urls_are_not_shown(url: str) -> None:
    """A token in a URL would end in a log."""
    message = refusal(dump(mutated({"spec.videoBlocks[0].clips[0].url": url})))

    assert "a.mp4" in message
    assert "SECRET" not in message


def test_secrets_in_a_wrong_place_are_not_shown() -> None:
    """A URL that slipped into another field, or into a field's name, would end in a log with its token."""
    message = refusal(
        dump(
            mutated(
                {"spec.picture.fit": "x/a.mp4?token=SECRET", "spec.output": {"https://x/a?token=SECRET": 1}}
            )
        )
    )

    assert "SECRET" not in message
    assert "SECRET" not in refusal("https://x/a?token=SECRET: 1\nhttps://x/a?token=SECRET: 2\n")


def test_terminal_codes_are_not_shown() -> None:
    """A task from somebody else could write to the terminal of whoever checks it."""
    message = refusal(dump(mutated({"spec.picture.fit": "\x1b]0;x\x07\x9b2J\u202e", "spec.\x1b[2J": 1})))

    assert all(character.isprintable() or character == "\n" for character in message)


def test_problems_past_the_limit_are_counted() -> None:
    """A file of another program would flood the terminal."""
    message = refusal(dump(mutated({f"spec.field{number}": 1 for number in range(200)})))

    assert len(message.split("\n")) == MOST_PROBLEMS + 1
    assert message.endswith("and 150 more problems")


@pytest.mark.parametrize(
    "line",
    ["  k{}: 1\n", "  {}: [\n", "  - {{clips: [{}]}}\n", "  -\n"],
    ids=["unknown", "open", "bad", "empty"],
)
def test_many_lines_of_nonsense_are_refused_soon(line: str) -> None:
    """A file of another program would keep a person waiting for a minute."""
    head = "apiVersion: cliptask.dev/v1alpha1\nkind: ClipTask\nspec:\n"
    started_s = time.process_time()

    message = refusal(head + "".join(line.format(number) for number in range(20_000)))

    assert message
    assert time.process_time() - started_s < 10


_WITH_ACCENT = "kind: ClipTask\nspec: café\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_WITH_ACCENT.encode("cp1252"), ":2:10: is not UTF-8 text (byte 0xE9 at offset 24; perhaps it is Windows-1252 or the like)"),
        (_WITH_ACCENT.encode("utf-16"), ":1:1: is not UTF-8 text (byte 0xFF at offset 0; perhaps it is UTF-16 or UTF-32)"),
        (_WITH_ACCENT.encode("utf-16-be"), ":1:1: is not UTF-8 text (byte 0x00 at offset 0; perhaps it is UTF-16 or UTF-32)"),
        (_WITH_ACCENT.encode("utf-16-le"), ":1:2: is not UTF-8 text (byte 0x00 at offset 1; perhaps it is UTF-16 or UTF-32)"),
        (_WITH_ACCENT.encode("utf-32"), ":1:1: is not UTF-8 text (byte 0xFF at offset 0; perhaps it is UTF-16 or UTF-32)"),
        (_WITH_ACCENT.encode("utf-32-be"), ":1:1: is not UTF-8 text (byte 0x00 at offset 0; perhaps it is UTF-16 or UTF-32)"),
        ("kind: ClipTask\nspec: \ud800\n", ":2:7: is not UTF-8 text (byte 0xED at offset 21; perhaps it is Windows-1252 or the like)"),
    ],
    ids=["Windows-1252", "UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32", "UTF-32BE", "half a character"],
)  # fmt: skip
def test_not_utf8_is_named(text: str | bytes, words: str) -> None:
    """A file of an old editor would end in a traceback, or be spoken with other letters."""
    assert refusal(text) == f"cliptask.yaml{words}: save it as UTF-8"


def test_a_mark_of_utf8_is_no_letter() -> None:
    """What Windows' editors save would be refused."""
    assert load(b"\xef\xbb\xbf" + json.dumps(mutated({})).encode(), "task").task == load_data(
        mutated({}), "task"
    )


def test_json_is_yaml() -> None:
    """Generated JSON, with tabs and escapes that YAML readers refuse, would not load."""
    task = mutated({"spec.speech[0].text": "Spring 🎉"})

    assert load(json.dumps(task, indent="\t"), "task.json").task == load_data(task, "task")


def test_flow_style_with_lines_is_no_json() -> None:
    """A YAML file in braces would be refused as bad JSON."""
    text = yaml.safe_dump(GOOD, default_flow_style=True)

    assert text.startswith("{apiVersion")
    assert load(text, "x").task.metadata.name == "spring-sale"


def test_aliases_and_merges_are_followed() -> None:
    """An author who repeats a trim by an anchor would have to copy it."""
    text = dump(GOOD).replace(
        "    - url: https://cdn.example.com/hook-a.mp4\n    - url: file:///media/b.mov\n",
        "    - &a {url: https://x/a.mp4, trim: &t {end: 2s}}\n    - {<<: *a, url: https://x/b.mp4}\n    - {url: https://x/c.mp4, trim: *t}\n",
    )

    clips = load(text, "x").task.spec.video_blocks[0].clips

    assert [clip.url for clip in clips] == ["https://x/a.mp4", "https://x/b.mp4", "https://x/c.mp4"]
    assert clips[0].trim == clips[1].trim == clips[2].trim is not None


@pytest.mark.parametrize("name", ["2024-01-01", "0o17x", "1e3x"])
def test_names_that_look_like_something_else_are_texts(name: str) -> None:
    """A date would become something that Kubernetes does not make of it."""
    text = dump(GOOD).replace("name: spring-sale", f"name: {name}")

    assert load(text, "x").task.metadata.name == name


def test_byte_order_mark_is_skipped() -> None:
    """A file saved on Windows would be refused."""
    assert load("\ufeff" + dump(GOOD), "x").task == load(dump(GOOD), "x").task


def test_what_kubernetes_adds_is_accepted() -> None:
    """An object read from the API could not be loaded."""
    task = mutated({
        "metadata.creationTimestamp": None,
        "metadata.uid": "x",
        "metadata.managedFields": [],
        "metadata.labels": {"team": "ads"},
    })  # fmt: skip

    assert load_data(task, "ClipTask ads/spring-sale").metadata.labels == {"team": "ads"}


def test_an_object_of_the_cluster_is_a_task_again() -> None:
    """``kubectl get clip x -o yaml > f.yaml; cliptask render f.yaml`` would be refused for what the cluster added."""
    task = mutated({
        "metadata.namespace": "ads",
        "metadata.generation": 2,
        "metadata.resourceVersion": "417",
        "metadata.annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}\n"},
        "status": {"phase": "Complete", "index": None, "conditions": [{"type": "Complete"}], "unheardOf": 1},
    })  # fmt: skip

    assert load(dump(task), "f.yaml").task.spec == load(dump(GOOD), "f.yaml").task.spec


@settings(max_examples=50)
@given(tasks())
def test_a_written_task_reads_back_as_the_same(task: ClipTask) -> None:
    """What the program writes would not be what it reads."""
    text = dump(task.model_dump(mode="json", by_alias=True, exclude_none=True))

    assert load(text, "x").task == task


@given(st.text() | st.text("{}[]&*!|>'\"%@`#:,-? \n\tab<~0", max_size=40) | st.binary())
def test_no_text_makes_it_crash(text: str | bytes) -> None:
    """Some file would end in a traceback."""
    assert refusal(text).startswith("cliptask.yaml")


_json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_fields = st.sampled_from([
    "spec.videoBlocks", "spec.videoBlocks[0]", "spec.videoBlocks[0].clips[0]", "spec.audioBlocks", "spec.speech[0]",
    "spec.variants", "spec.variants.limit", "spec.picture", "spec.transitions[0]", "spec.transitions", "spec.overlays", "spec.sound", "spec.output.uri",
    "metadata", "metadata.name", "metadata.labels", "kind", "status", "spec.execution.parallelism", "spec.execution.resources.requests.cpu",
    "spec.execution.resources.limits", "spec.videoBlocks[0].clips[0].trim",
])  # fmt: skip


@given(_fields, _json_values)
def test_any_value_anywhere_is_read_or_refused(path: str, value: object) -> None:
    """Some wrong value would end in a traceback instead of a message."""
    try:
        load(dump(mutated({path: value})), "x")
    except InvalidTask as refused:
        assert str(refused)  # noqa: PT017  # both ways are right


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_may_be_used_as_it_is(file: Path) -> None:
    """Whoever copies it would begin with an error message."""
    task = load(file.read_text(), file.name, Here(str(file.parent))).task

    assert count_variants(task.spec) > 1


def test_there_is_an_example_for_a_cluster() -> None:
    """The README applies it, and a cluster refuses folders."""
    (found,) = [file for file in EXAMPLES if file.name == "cliptask.yaml"]

    assert load(found.read_text(), found.name).task.spec.output.uri.startswith("gs://")


_SCALARS = st.one_of(
    st.text(max_size=60),
    st.text("0123456789.,:+-/ %smhdBkKGiTPxe", max_size=60),
    st.floats(),
    st.integers(-(10**20), 10**20),
    st.booleans(),
    st.lists(st.integers(), max_size=1),
    st.sampled_from(["9" * 4999, "1" * 60 + "!", "1 " * 60, "1/" + "9" * 4999, "1:" * 60, "99999 dB", "<a " * 1600, "[a" * 2400]),
)  # fmt: skip
_FIELDS = [
    "spec.videoBlocks[0].name", "spec.videoBlocks[0].clips[0].duration", "spec.videoBlocks[0].clips[0].trim", "spec.speech[0].text",
    "spec.speech[0].language", "spec.variants.limit", "spec.variants.seed", "spec.variants.music", "spec.picture", "spec.picture.fps",
    "spec.picture.fit", "spec.picture.width", "spec.captions", "spec.captions.mode", "spec.sound.musicVolume", "spec.sound.loudness",
    "spec.sound.ducking", "spec.output.uri", "spec.execution.resources.requests.cpu", "spec.execution.resources.requests.memory",
]  # fmt: skip


@given(st.sampled_from(_FIELDS), _SCALARS)
def test_any_value_is_taken_or_refused_at_its_place(path: str, value: object) -> None:
    """A guess at what is meant would end in a traceback, or take for ever, for what a stranger sends."""
    started_s = time.process_time()
    said = ""

    try:
        load_data(mutated({path: value}), "task")
    except InvalidTask as error:
        said = str(error)

    assert said == "" or path.rpartition(".")[0] in said
    assert time.process_time() - started_s < 5


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("sound: {musicVolume: 0,2}", "write musicVolume: 0.2"),
        ("transitions: [{duration: 0,5s}]", "write duration: 0.5s"),
        ("variants: {limit: 1,000}", "write limit: 1000"),
        ("transitions: none", "leave the field out"),
        ("music: https://x.example/y.mp3", "did you mean audioBlocks?"),
        ("speech: [{voice: R, text: hi, language: jp}]", "write ja"),
        ("speech: [{voice: R, text: hi, language: en-UK}]", "write en-GB"),
        ("speech: [{voice: R, text: hi, language: xx}]", "ISO 639"),
    ],
)
def test_remedies_fit_what_was_written(field: str, words: str) -> None:
    """A decimal comma, a country for a language: people would be told of a field that they never wrote."""
    clips = "videoBlocks: [{name: a, clips: [{url: 'https://x.example/a.mp4'}]}]"
    head = "apiVersion: cliptask.dev/v1alpha1\nkind: ClipTask\nmetadata: {name: t}\nspec:"
    text = f"{head}\n  {clips}\n  output: {{uri: 'gs://bucket/x'}}\n  {field}\n"

    assert words in refusal(text)
