"""Is what init writes a task, whatever the files are called, and does it stay one when its examples are taken?"""

from __future__ import annotations

import hashlib
import re
from itertools import product
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.facts import SourceFacts
from cliptask.planning.choices import count_variants
from cliptask.spec.loading import load
from cliptask.spec.paths import Here, file_url
from cliptask.spec.task import ClipTask
from cliptask_operator.local.contents import Contents, Found, Unused
from cliptask_operator.local.draft import ENOUGH_VIDEOS, FIRST_VIDEOS, draft
from cliptask_operator.local.draft_text import MOST_UNUSED, text_of

FOLDER = "/srv/media"
Kind = Literal["video", "animation", "still", "audio", "captions"]
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20)
PATHS = st.lists(NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=3).map("/".join)
KINDS = st.sampled_from(["video", "animation", "still", "audio", "captions", "logo"])


def file(path: str, kind: str = "video", size: tuple[int, int] = (90, 160)) -> Found:
    """A file of a kind; ``logo`` is a small picture with transparency."""
    sha256 = hashlib.sha256(path.encode()).hexdigest()
    facts = SourceFacts(
        sha256=sha256, size_bytes=1, kind="still", container="x", width=size[0], height=size[1], duration_s=2
    )
    told: dict[str, Kind] = {
        "video": "video",
        "animation": "animation",
        "audio": "audio",
        "captions": "captions",
    }
    return Found(path, facts.model_copy(update={"kind": told.get(kind, "still")}), kind == "logo")


def drafted(*files: Found, prefix: str = "", unused: tuple[Unused, ...] = ()) -> tuple[str, ClipTask]:
    """The text, and the task that it is."""
    text = text_of(draft(Contents(files, unused), FOLDER), "camp", prefix)
    return text, load(text, "cliptask.yaml", Here(FOLDER)).task


def with_examples(text: str) -> str:
    """The text with its examples instead of the fields that they may stand beside."""
    lines = text.split("\n")
    examples = [re.sub(r"^  # (?=[a-z]+:(?: \{|$)|- )", "  ", line) for line in lines]
    taken = {line.split(":")[0] for line in examples if re.match(r"  [a-zA-Z]+:", line)}
    assert len(taken) >= 8
    return "\n".join(examples)


@given(st.dictionaries(PATHS, KINDS, min_size=1, max_size=12), st.sampled_from(["", "../media", "a b/ü#?"]))
def test_every_name_reads_back_as_the_same_path(files: dict[str, str], prefix: str) -> None:
    """A file of an odd name would break the task, or be looked for under another name."""
    found = tuple(file(path, kind) for path, kind in files.items())
    if all(kind in {"audio", "captions"} for kind in files.values()):
        return

    _, task = drafted(*found, prefix=prefix)

    base = {"": FOLDER, "../media": FOLDER}.get(prefix, f"{FOLDER}/{prefix}")
    there = {file_url(f"{base}/{path}") for path in files}
    assert set(task.spec.urls) <= there
    named = {file_url(f"{base}/{path}") for path, kind in files.items() if kind == "audio"}
    assert named <= set(task.spec.urls)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=30))
def test_whatever_is_said_of_a_file_stays_a_comment(unused: list[tuple[str, str]]) -> None:
    """A name with a line break would become a field of the task."""
    told = tuple(Unused(path, reason) for path, reason in unused)

    text, task = drafted(file("a.mp4"), unused=told)

    assert len(task.spec.urls) == 1
    assert ("# Not used:" in text) == bool(unused)


@pytest.mark.parametrize("kinds", [*product([0, 1, 3], [0, 1, 5], [0, 2], [(90, 160), (160, 90)])])
def test_its_examples_are_fields_of_a_task(kinds: tuple[int, int, int, tuple[int, int]]) -> None:
    """Who takes a # away would get an error for what the program itself has written."""
    stills, tracks, logos, size = kinds
    files = [file("hook/a.mp4"), file("end/b.mp4", size=size)]
    files += [file(f"hook/{n}.jpg", "still", (400, 300)) for n in range(stills)]
    files += [file(f"{n}.mp3", "audio") for n in range(tracks)] + [
        file(f"{n}.png", "logo") for n in range(logos)
    ]
    text, task = drafted(*files)

    full = load(with_examples(text), "cliptask.yaml", Here(FOLDER)).task

    assert () not in (full.spec.speech, full.spec.transitions)
    assert len(full.spec.overlays) == max(logos, 0) + 1
    assert full.spec.video_blocks == task.spec.video_blocks


@pytest.mark.parametrize(
    ("blocks", "tracks", "videos"),
    [((1,), 0, 1), ((3, 2, 2), 2, 12), ((6, 6), 0, ENOUGH_VIDEOS), ((37,), 0, 37), ((4, 4, 4), 2, FIRST_VIDEOS), ((100, 2), 0, 100), ((1,), 3, 3), ((2,), 5, 10), ((1,), 50, 1)],
)  # fmt: skip
def test_the_first_try_makes_some_dozens_of_videos(blocks: tuple[int, ...], tracks: int, videos: int) -> None:
    """A folder of clips would ask for a million videos, or show one track of three."""
    files = [file(f"{block}-b/{n}.mp4") for block, count in enumerate(blocks) for n in range(count)]

    _, task = drafted(*files, *(file(f"{n}.mp3", "audio") for n in range(tracks)))

    assert count_variants(task.spec) == videos


@pytest.mark.parametrize(
    ("sizes", "picture"),
    [
        ([(90, 160)], (None, None, "contain")),
        ([(1920, 1080), (1280, 720)], (None, None, "contain")),
        ([(2160, 3840)], (1080, 1920, "contain")),
        ([(964, 1280)], (1080, 1350, "blur")),
        ([(1920, 1080), (1080, 1920)], (1080, 1920, "blur")),
        ([(1920, 1080), (1080, 1920), (1280, 720)], (1920, 1080, "blur")),
        ([(36, 64)], (1080, 1920, "contain")),
    ],
)
def test_the_picture_is_as_the_clips_or_has_the_nearest_form(
    sizes: list[tuple[int, int]], picture: tuple[int | None, int | None, str]
) -> None:
    """Two shapes would make a square of bars; a phone's would make videos that no platform shows whole."""
    text, task = drafted(*(file(f"{n}.mp4", size=size) for n, size in enumerate(sizes)))

    (written,) = task.spec.forms
    assert (written.width, written.height, written.fit) == picture
    assert f"{sizes[0][0]}x{sizes[0][1]}" in text[text.index("# The picture: ") :].split("\n")[0]


def test_the_first_logo_lies_over_the_videos_and_the_others_are_suggested() -> None:
    """Two logos would lie over each other."""
    text, task = drafted(file("a.mp4"), file("logo.png", "logo"), file("mark.png", "logo"))

    assert [each.image.url for each in task.spec.overlays if each.image] == [f"file://{FOLDER}/logo.png"]
    assert '  # - {image: {url: "mark.png"}, position: topRight, width: 18%}\n' in text


def test_pictures_that_could_be_logos_are_clips_where_there_is_nothing_else() -> None:
    """A folder of products that are cut out would be called empty."""
    _, task = drafted(file("a.png", "logo"), file("b.png", "logo"))

    assert len(task.spec.video_blocks[0].clips) == 2
    assert task.spec.overlays == ()


def captioned(task: ClipTask) -> dict[str, tuple[str, str]]:
    """Of each clip that has captions: their file and language, without their folder."""
    clips = [clip for block in task.spec.video_blocks for clip in block.clips]
    told = [(clip.url, clip.captions) for clip in clips if clip.captions]
    return {
        url.removeprefix(f"file://{FOLDER}/"): (
            (own.url or "").removeprefix(f"file://{FOLDER}/"),
            own.language,
        )
        for url, own in told
    }


@pytest.mark.parametrize(
    ("captions", "of_hook"),
    [
        (["hook.srt"], ("hook.srt", "en")),
        (["hook.VTT"], ("hook.VTT", "en")),
        (["hook.mp4.srt"], None),
        (["hook.de.srt"], ("hook.de.srt", "de")),
        (["hook.no.vtt"], ("hook.no.vtt", "no")),
        (["hook.pt_br.srt"], ("hook.pt_br.srt", "pt-BR")),
        (["hook.part2.srt"], None),
        (["hook.de.srt", "hook.srt"], ("hook.de.srt", "de")),
        (["other/hook.srt"], None),
        (["hook-b.srt"], None),
    ],
)
def test_captions_belong_to_the_clip_of_their_name(
    captions: list[str], of_hook: tuple[str, str] | None
) -> None:
    """What somebody has transcribed would have to be named by hand, clip by clip; and no file may be lost."""
    text, task = drafted(file("hook.mp4"), file("hook2.mp4"), *(file(path, "captions") for path in captions))

    assert captioned(task) == ({"hook.mp4": of_hook} if of_hook else {})
    assert task.spec.captions.mode == ("burned" if of_hook else "none")
    for path in captions:
        assert of_hook == (path, of_hook[1] if of_hook else "") or f"#   {path}: " in text


def test_nobody_speaks_in_a_picture_and_two_clips_of_a_name_share_captions() -> None:
    """The task would be refused, or one of two cuts would be silent."""
    stills = [file("a.jpg", "still"), file("a.srt", "captions")]
    videos = [file("b.mp4"), file("b.mov"), file("b.srt", "captions")]

    text, task = drafted(*stills, *videos)

    assert captioned(task) == {"b.mp4": ("b.srt", "en"), "b.mov": ("b.srt", "en")}
    assert "#   a.srt: it is a caption file; give it the name of its clip" in text


def test_hundreds_of_files_that_are_not_used_are_counted() -> None:
    """The task would end in pages of comments."""
    text, _ = drafted(file("a.mp4"), unused=tuple(Unused(f"{n}.txt", "it is text") for n in range(500)))

    assert text.endswith(f"#   and {500 - MOST_UNUSED} more\n")
