from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliptask.convert import UUID_ANNOTATION, convert
from cliptask.errors import InvalidTask
from cliptask.spec.loading import load
from cliptask.spec.sound import Sound
from cliptask.spec.task import ClipTask

OUTPUT = "file:///srv/campaigns"
REQUEST: dict[str, Any] = {
    "uuid_": "3f2a9c",
    "task_name": "Spring Sale",
    "video_blocks": {
        "hook": ["https://x/Hook A.mp4?token=1", " https://x/b.mp4 "],
        "Product": ["https://x/p.mp4"],
    },
    "audio_blocks": {"music": ["https://x/m1.mp3"], "more": ["https://x/m2.mp3", "https://x/m3.mp3"]},
    "text_to_speach": [{"voice": "Rachel", "text": "Spring is here."}],
}


def converted(**changes: object) -> tuple[ClipTask, str]:
    """The task and its YAML for the request with changes."""
    text = convert(json.dumps({**REQUEST, **changes}), OUTPUT)
    return load(text, "x").task, text


def refusal(body: object, output: str = OUTPUT) -> str:
    """What is said of a bad request."""
    with pytest.raises(InvalidTask) as caught:
        convert(body if isinstance(body, str | bytes) else json.dumps(body), output)
    return str(caught.value)


def test_request_becomes_a_task() -> None:
    """Those who come from the older service would get other videos."""
    task, _ = converted()

    assert task.metadata.name == "spring-sale"
    assert task.metadata.annotations == {UUID_ANNOTATION: "3f2a9c"}
    assert [(block.name, len(block.clips)) for block in task.spec.video_blocks] == [
        ("hook", 2),
        ("product", 1),
    ]
    assert task.spec.video_blocks[0].clips[0].url == "https://x/Hook%20A.mp4?token=1"
    assert [track.url for track in task.spec.tracks] == [f"https://x/m{n}.mp3" for n in (1, 2, 3)]
    assert [(line.voice, line.text, line.language) for line in task.spec.speech] == [
        ("Rachel", "Spring is here.", "en")
    ]
    assert task.spec.output.uri == OUTPUT
    assert task.spec.sound == Sound()


def test_yaml_is_readable_and_tells_what_was_decided() -> None:
    """A person would have to guess what the conversion changed."""
    text = convert(json.dumps(REQUEST), OUTPUT)

    assert (
        text
        == """\
# Converted from a request of the older HTTP service.
# It makes 2 videos, every combination of the clips.
# Tracks and lines fall to the videos evenly; the older service drew them at random (for that: variants.music and variants.speech: random).
# Speech longer than the picture is an error; sound.overflow: Trim cuts it. The older service let it run on.
# Clips of another shape are fitted into the largest size; the older service left them unscaled.
# The video block "Product" is named product.
# The task "Spring Sale" is named spring-sale.
apiVersion: cliptask.dev/v1alpha1
kind: ClipTask
metadata:
  name: spring-sale
  annotations:
    cliptask.dev/uuid: 3f2a9c
spec:
  videoBlocks:
  - name: hook
    clips:
    - url: https://x/Hook%20A.mp4?token=1
    - url: https://x/b.mp4
  - name: product
    clips:
    - url: https://x/p.mp4
  audioBlocks:
  - name: music
    tracks:
    - url: https://x/m1.mp3
  - name: more
    tracks:
    - url: https://x/m2.mp3
    - url: https://x/m3.mp3
  speech:
  - voice: Rachel
    text: Spring is here.
  output:
    uri: file:///srv/campaigns
"""
    )


def test_block_names_are_made_labels_and_distinct() -> None:
    """Two blocks of one label would be refused, or one would vanish."""
    url = ["https://x/a.mp4"]

    task, text = converted(
        video_blocks={"Hook": url, "hook": url, "ГАК": url, "?!": url, "x": url, "a" * 60: url, "a" * 61: url}
    )

    assert [block.name for block in task.spec.video_blocks] == [
        "hook",
        "hook-2",
        "gak",
        "block-4",
        "x",
        "a" * 40,
        "a" * 36 + "-2",
    ]
    assert '# The video block "ГАК" is named gak.\n' in text
    assert '# The video block "?!" is named block-4.\n' in text


@pytest.mark.parametrize(
    ("task_name", "uuid", "name"),
    [("Spring Sale", "abc", "spring-sale"), ("", "abc", "abc"), ("!!!", "ABC", "abc"), ("X", "abc", "x")],
)
def test_task_is_named_after_name_or_uuid(task_name: str, uuid: str, name: str) -> None:
    """A campaign would get a name that its author does not recognise."""
    task, _ = converted(task_name=task_name, uuid_=uuid)

    assert task.metadata.name == name


def test_nameless_request_always_gets_the_same_name() -> None:
    """Converting twice would make two campaigns."""
    nameless = {key: value for key, value in REQUEST.items() if key not in {"uuid_", "task_name"}}

    first, again = convert(json.dumps(nameless), OUTPUT), convert(json.dumps(nameless, indent=1), OUTPUT)

    assert first == again
    assert load(first, "x").task.metadata.name.startswith("campaign-")


def test_nameless_request_keeps_its_name_whoever_signs_its_urls() -> None:
    """The same campaign would be made again at each run, in a folder of its own."""
    requests = [
        {"video_blocks": {"hook": [f"https://x/get?id={number}&sig={signature}"]}}
        for number, signature in ("0a", "0b", "1a")
    ]

    first, again, other = (
        load(convert(json.dumps(each), OUTPUT), "x").task.metadata.name for each in requests
    )

    assert first == again != other


def test_more_combinations_than_allowed_are_limited() -> None:
    """The task would be refused for its number of videos only when it is rendered."""
    task, text = converted(
        video_blocks={f"b{n}": [f"https://x/{n}-{i}.mp4" for i in range(11)] for n in range(4)}
    )

    assert task.spec.variants.limit == 10_000
    assert "# Of 14,641 combinations it makes the 10,000" in text


def test_music_and_speech_may_be_missing() -> None:
    """A silent campaign, which the older service could not make, would be refused."""
    task, text = converted(audio_blocks={}, text_to_speach=[])

    assert not task.spec.tracks
    assert not task.spec.speech
    assert "random" not in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"video_blocks": {}}, "request: video_blocks: is empty: give at least one element"),
        ({"video_blocks": {"hook": []}}, "request: video_blocks.hook: is empty: give at least one URL or leave the block out"),
        ({"audio_blocks": {"a b": []}}, 'request: audio_blocks["a b"]: is empty: give at least one URL or leave the block out'),
        ({"video_blocks": {"hook": ["https://x/a.mp4", "x/b.mp4?token=SECRET"]}}, "request: video_blocks.hook[1]: is not a URL that can be fetched"),
        ({"video_blocks": {"hook": "https://x/a.mp4"}}, "request: video_blocks.hook: is a text, a list is needed"),
        ({"video_blocks": [["https://x/a.mp4"]]}, "request: video_blocks: is a list, an object is needed"),
        ({"video_blocks": {f"b{n}": ["https://x/a"] for n in range(21)}}, "request: video_blocks: has 21 elements, at most 20"),
        ({"video_blocks": {"hook": ["https://x/a"] * 101}}, "request: video_blocks.hook: has 101 elements, at most 100"),
        ({"video_block": {}}, "request: video_block: unknown field; did you mean video_blocks?"),
        ({"text_to_speech": []}, "request: text_to_speech: unknown field; did you mean text_to_speach?"),
        ({"text_to_speach": [{"voice": "a"}]}, "request: text_to_speach[0].text: is missing"),
        ({"text_to_speach": [{"voice": "a", "text": " "}]}, "request: text_to_speach[0].text: must hold a visible character"),
        ({"task_name": None}, "request: task_name: is empty: give a value or leave the field out"),
        ({"uuid_": 7}, "request: uuid_: is a whole number, a text is needed: put it in quotes"),
    ],
)  # fmt: skip
def test_bad_request_is_refused_at_its_path(changes: dict[str, object], message: str) -> None:
    """A person would not learn what in the request is wrong, or would read its tokens."""
    said = refusal({**REQUEST, **changes})

    assert said.startswith(message)
    assert len(said.split("\n")) == 1
    assert "SECRET" not in said


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "request:1:1: is not JSON"),
        ("video_blocks: {}", "request:1:1: is not JSON"),
        ('{\n"video_blocks": {\n},}', "request:3:3: is not JSON"),
        ("[]", "request: is a list, an object with the field video_blocks is needed"),
        (b"\xff", "request:1:1: is not UTF-8 text"),
        (
            '{"video_blocks": {"a": ["https://x/1"], "a": ["https://x/2"]}}',
            'request: the field "a" stands twice',
        ),
        ('{"a":' * 99, "request:1:496: is not JSON"),
        ('{"a":' * 99_999, "request: is nested more than 40 deep"),
    ],
    ids=["empty", "YAML", "comma", "list", "bytes", "twice", "open", "deep"],
)
def test_what_is_no_request_is_refused(body: str | bytes, message: str) -> None:
    """A wrong file would end in a traceback."""
    assert refusal(body).startswith(message)


def test_bad_output_is_named() -> None:
    """A bucket that is not supported would only be noticed when videos are written."""
    assert "spec.output.uri: must be a folder such as file:///srv/campaigns" in refusal(REQUEST, "out")


_urls = st.from_regex(r"\Ahttps?://[a-z]{1,5}/[!-~]{0,9}\Z")
_blocks = st.dictionaries(st.text(max_size=50), st.lists(_urls, min_size=1, max_size=3), max_size=4)


@settings(max_examples=60)
@given(st.text(max_size=50), st.text(max_size=50), _blocks.filter(bool), _blocks)
def test_every_good_request_becomes_a_good_task(
    uuid: str, task_name: str, videos: dict[str, list[str]], audios: dict[str, list[str]]
) -> None:
    """Some name would break the YAML, its comments or the order of the blocks."""
    task, _ = converted(uuid_=uuid, task_name=task_name, video_blocks=videos, audio_blocks=audios)

    assert [[clip.url for clip in block.clips] for block in task.spec.video_blocks] == list(videos.values())
    assert [[track.url for track in block.tracks] for block in task.spec.audio_blocks] == list(
        audios.values()
    )
    assert task.metadata.annotations.get(UUID_ANNOTATION, "") == uuid
