"""Does a folder of media become a task that can be planned and rendered at once, and a bad folder a clear error?"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cliptask.spec.loading import load
from cliptask.spec.task import ClipTask
from cliptask_operator.local.here import here
from support import media
from support.studio import Studio

_TALL = media.ClipLook(width=90, height=160, duration_s=0.5)


def clips(folder: Path, *names: str) -> None:
    """Short upright clips, each of another colour; folders are made."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        look = media.ClipLook(**vars(_TALL) | {"hue": number * 25, "audio": number % 2 == 0})
        media.clip(folder / name, look)


def pictures(folder: Path, *names: str) -> None:
    """Upright still pictures, each of another size; folders are made."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        media.picture(folder / name, 90 + number, 160)


def nested(folder: Path) -> None:
    """Blocks two folders down, and music beside them."""
    clips(folder, "footage/01-hook/a.mp4", "footage/01-hook/b.mp4", "footage/02-end/a.mp4")
    media.track(folder / "footage" / "tune.mp3")


def odd_names(folder: Path) -> None:
    """What a shell, YAML and URLs take for something else."""
    clips(
        folder,
        "hook - 50% off #1? {a: b}.mp4",
        'hook "b", it\'s.mp4',
        "hook \\ 🎉 日本.mp4",
        "hook\n- x: &y.mp4",
        f"hook {'ü' * 110}.mp4",
        "hook ~.mp4",
        "hook https:.mp4",
    )


def same_names(folder: Path) -> None:
    """Files of one name, in two blocks and in one."""
    clips(folder, "hook/a.mp4", "hook/b.mp4", "end/a.mp4", "end/a.mov")


def flat(folder: Path) -> None:
    """Blocks by the beginnings of names, among what systems leave."""
    clips(folder, "hook-a.mp4", "hook_b.mp4", "product-1.mp4")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "Thumbs.db").write_bytes(b"x")


def captioned(folder: Path) -> None:
    """A clip in which somebody speaks, and one in which nobody does."""
    clips(folder, "hook-a.mp4", "hook-b.mp4")
    (folder / "hook-a.de.srt").write_text("1\n00:00:00,000 --> 00:00:00,400\nGuten Morgen\n")


def only_pictures(folder: Path) -> None:
    """Nothing that moves."""
    pictures(folder, "a.jpg", "b.png", "c.webp")


def one_clip(folder: Path) -> None:
    """As little as can be."""
    clips(folder, "film.mp4")


def linked(folder: Path) -> None:
    """A folder elsewhere, and one that holds itself."""
    clips(folder.parent / "elsewhere", "a.mp4", "b.mp4")
    (folder / "hook").symlink_to(folder.parent / "elsewhere")
    (folder / "self").symlink_to(folder)


FOLDERS: dict[str, tuple[Callable[[Path], None], int]] = {
    "nested": (nested, 2), "odd names": (odd_names, 7), "same names": (same_names, 4), "flat": (flat, 2),
    "only pictures": (only_pictures, 3), "one clip": (one_clip, 1), "linked": (linked, 2),
    "captioned": (captioned, 2),
}  # fmt: skip
"""What makes a folder, and how many videos come of it."""


def task_of(file: Path) -> ClipTask:
    """The task that was written."""
    return load(file.read_bytes(), str(file), here(str(file))).task


@pytest.fixture
def media_folder(tmp_path: Path) -> Path:
    """An empty folder for media."""
    (tmp_path / "my media").mkdir()
    return tmp_path / "my media"


@pytest.mark.parametrize("kind", FOLDERS)
def test_what_is_written_is_rendered_as_it_is(media_folder: Path, kind: str) -> None:
    """The first thing that a newcomer types would end in an error."""
    make, videos = FOLDERS[kind]
    make(media_folder)
    studio, task = Studio(media_folder), media_folder / "cliptask.yaml"

    begun = studio.run("init", media_folder)
    valid = studio.run("validate", task)
    # Larger pictures take a minute, and show no more.
    if "width: 1080, height: 1920" in task.read_text():
        task.write_text(task.read_text().replace("width: 1080, height: 1920", "width: 90, height: 160"))
    rendered = studio.run("render", task)

    assert begun.returncode == 0, begun.stderr
    assert f"{videos} video{'s' * (videos != 1)}\n" in begun.stdout
    assert f"cliptask render '{task}'" in begun.stdout
    assert "not used" not in begun.stderr
    assert valid.stdout == f"{task}: ClipTask my-media is valid; {videos} video{'s' * (videos != 1)}\n"
    assert f"my-media: {videos} of {videos} videos, {videos} of them new" in rendered.stdout, rendered.stderr
    assert len([*(media_folder / "out" / "my-media").glob("*.mp4")]) == videos


def test_what_was_made_is_no_media(media_folder: Path) -> None:
    """The second try would make videos of videos."""
    clips(media_folder, "a.mp4", "b.mp4")
    studio = Studio(media_folder)
    studio.run("init", media_folder)
    text = (media_folder / "cliptask.yaml").read_text()
    studio.run("render", media_folder / "cliptask.yaml")

    again = studio.run("init", "--force", media_folder)

    assert again.returncode == 0
    assert (media_folder / "cliptask.yaml").read_text() == text


def test_a_task_that_is_there_is_never_written_over(media_folder: Path) -> None:
    """Somebody's work would be gone."""
    clips(media_folder, "a.mp4")
    (media_folder / "cliptask.yaml").write_text("mine")
    studio = Studio(media_folder)

    refused = studio.run("init", media_folder)
    elsewhere = studio.run(
        "init", media_folder, "--file", media_folder.parent / "other.yaml", "--name", "sale"
    )

    assert refused.returncode == 73
    assert "is there already: --force replaces it, --file names another" in refused.stderr
    assert (media_folder / "cliptask.yaml").read_text() == "mine"
    assert elsewhere.returncode == 0
    task = task_of(media_folder.parent / "other.yaml")
    assert (task.metadata.name, task.spec.urls) == (
        "sale",
        (f"file://{media_folder}/a.mp4".replace(" ", "%20"),),
    )


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda _: None, 65, "the folder is empty: put videos or pictures into it"),
        (lambda folder: media.track(folder / "a.mp3"), 65, "its one file is sound without pictures"),
        (lambda folder: (folder / "a.txt").write_text("hello"), 65, "none of its files can be used"),
        (lambda folder: folder.rmdir(), 66, "there is no such folder"),
        (lambda folder: (folder.rmdir(), folder.touch()), 66, "is a file: name a folder"),
    ],
    ids=["empty", "only music", "no media", "no folder", "a file"],
)
def test_a_folder_of_which_nothing_comes_is_refused(
    media_folder: Path, make: Callable[[Path], object], code: int, words: str
) -> None:
    """A task that makes nothing would be written, and fail later."""
    make(media_folder)

    ran = Studio(media_folder.parent).run("init", media_folder)

    assert ran.returncode == code
    assert words in ran.stderr
    assert str(media_folder) in ran.stderr
    assert not (media_folder / "cliptask.yaml").exists()


def test_what_cannot_be_used_is_named_on_the_terminal_and_in_the_task(media_folder: Path) -> None:
    """A clip would be missing, and nobody would know why."""
    clips(media_folder, "hook/a.mp4")
    (media_folder / "hook" / "b.mp4").write_text("<!doctype html>")
    os.mkfifo(media_folder / "pipe")

    ran = Studio(media_folder).run("init", media_folder)

    assert ran.returncode == 0
    said = [
        line.removeprefix("not used: ") for line in ran.stderr.splitlines() if line.startswith("not used: ")
    ]
    assert [line.partition(":")[0] for line in said] == ["hook/b.mp4", "pipe"]
    assert "HTML" in said[0]
    assert [f"#   {line}" for line in said] == (media_folder / "cliptask.yaml").read_text().splitlines()[-2:]


def test_a_name_that_is_none_is_refused_before_anything_is_written(media_folder: Path) -> None:
    """A task would be written that is refused."""
    clips(media_folder, "a.mp4")

    ran = Studio(media_folder).run("init", media_folder, "--name", "Spring Sale!")

    assert ran.returncode == 65
    assert "write e.g. spring-sale" in ran.stderr
    assert not (media_folder / "cliptask.yaml").exists()


def test_hundreds_of_files_become_a_campaign_of_some_dozens(media_folder: Path) -> None:
    """A shoot's folder would be refused, or ask for thousands of videos."""
    folders = ("hook", "product", "offer")
    for number in range(500):
        path = media_folder / folders[number % 3] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        media.picture(path, 60 + number % 40, 90 + number // 40)

    ran = Studio(media_folder).run("init", media_folder)

    assert ran.returncode == 0, ran.stderr
    assert (
        "300 clips (100 in hook, 100 in product, 100 in offer): 100 videos of 1,000,000 combinations"
        in ran.stdout
    )
    assert "not used: and 180 more" in ran.stderr
