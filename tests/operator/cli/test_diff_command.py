"""Whether ``diff`` tells what a run would make, of whatever two tasks, and what it says where it cannot."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cliptask_operator.cli import app
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.repository import SETTINGS, Repository
from support.studio import Studio

Data = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Desk:
    """Where somebody edits a task: a repository with media that are named by relative paths."""

    repository: Repository
    task: Path
    patch: pytest.MonkeyPatch
    printed: pytest.CaptureFixture[str]

    def edit(self, edit: Callable[[Data], object], to: Path | None = None) -> Path:
        """The task with something else in it, there or in another file."""
        data = yaml.safe_load(self.task.read_text())
        edit(data)
        target = to or self.task
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(yaml.safe_dump(data, sort_keys=False))
        return target

    def run(self, *arguments: str | Path, below: str = "", text: str = "", **settings: str) -> Ran:
        """The command line in this process and a folder of the repository, whatever its exit code."""
        with self.patch.context() as patch:
            patch.chdir(self.repository.folder / below)
            for name in [each for each in os.environ if each.startswith(("CLIPTASK_", "ELEVENLABS_"))]:
                patch.delenv(name)
            for name, value in (SETTINGS | settings).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["cliptask", *map(str, arguments)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
            with pytest.raises(SystemExit) as ended:
                app.main()
        said = self.printed.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    def told(self, *arguments: str | Path, **settings: str) -> Any:  # noqa: ANN401  JSON
        """What a comparison says to a program."""
        ran = self.run("diff", *arguments, "-o", "json", **settings)
        assert ran.returncode in {0, 1}, ran.stderr
        said = json.loads(ran.stdout)
        assert said["differs"] == bool(ran.returncode)
        return said


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two hooks and two offers, two tracks, and a clip more than the task names."""
    folder = tmp_path_factory.mktemp("committed") / "repository"
    repository, studio = Repository.begin(folder), Studio(folder / "media")
    studio.folder.mkdir()
    (folder / ".gitignore").write_text("out/\n")
    for number in range(5):
        studio.clip(number)
    for number in range(2):
        studio.track(number)
    spec = {
        "videoBlocks": [
            {"name": "hook", "clips": [{"url": "media/clip0.mp4"}, {"url": "media/clip1.mp4"}]},
            {"name": "offer", "clips": [{"url": "media/clip2.mp4"}, {"url": "media/clip3.mp4"}]},
        ],
        "audioBlocks": [
            {"name": "pool", "tracks": [{"url": "media/track0.mp3"}, {"url": "media/track1.mp3"}]}
        ],
        "output": {"uri": "out"},
    }
    head = {"apiVersion": "cliptask.dev/v1alpha1", "kind": "ClipTask", "metadata": {"name": "camp"}}
    (folder / "camp.yaml").write_text(yaml.safe_dump(head | {"spec": spec}, sort_keys=False))
    repository.commit()
    return folder


@pytest.fixture
def desk(
    committed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """A copy of that repository."""
    folder = tmp_path / "repository"
    shutil.copytree(committed, folder)
    return Desk(Repository(folder), folder / "camp.yaml", monkeypatch, capsys)


def add_clip(data: Data) -> None:
    """A third hook."""
    data["spec"]["videoBlocks"][0]["clips"].append({"url": "media/clip4.mp4"})


def remove_clip(data: Data) -> None:
    """One hook less."""
    data["spec"]["videoBlocks"][0]["clips"].pop()


def trim(data: Data) -> None:
    """A hook is shorter."""
    data["spec"]["videoBlocks"][0]["clips"][0]["trim"] = {"end": "0.8s"}


def rename(data: Data) -> None:
    """A hook is called otherwise."""
    data["spec"]["videoBlocks"][0]["clips"][0]["name"] = "dawn"


def dissolve(data: Data) -> None:
    """A transition at each cut."""
    data["spec"]["transitions"] = [{"kind": "dissolve", "duration": "400ms"}]


def quieter(data: Data) -> None:
    """All soundtracks are others."""
    data["spec"]["sound"] = {"musicVolume": 0.5}


def fewer(data: Data) -> None:
    """Not all combinations."""
    data["spec"]["variants"] = {"limit": 2}


def speak(data: Data) -> None:
    """Two lines, dealt to the videos."""
    data["spec"]["speech"] = [{"voice": "espeak-ng", "text": "One."}, {"voice": "espeak-ng", "text": "Two."}]


def not_a_video(data: Data) -> None:
    """How many Jobs a cluster gives it changes no video."""
    data["spec"]["execution"] = {"parallelism": 3}


EDITS = [add_clip, remove_clip, trim, rename, dissolve, quieter, fewer, speak, not_a_video]
COUNTED = ("videos", "pieces", "seams", "soundtracks", "lines", "transcribedSeconds", "paidCharacters")


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_told_of_two_tasks_is_what_a_plan_tells_where_the_first_was_made(
    desk: Desk, edit: Callable[[Data], None]
) -> None:
    """A reviewer would agree to other work than what the merge then does."""
    desk.edit(edit)

    told = desk.told("--git", "main", "camp.yaml", "-d", "out/fresh")
    desk.repository.git("stash")
    assert desk.run("render", "camp.yaml").returncode == 0
    desk.repository.git("stash", "pop")
    plan = json.loads(desk.run("plan", "camp.yaml", "-o", "json").stdout)

    assert {each: told[each]["toMake"] for each in COUNTED} == {
        each: plan[each]["toMake"] for each in COUNTED
    }
    assert told["variants"] == plan["variants"]
    assert {each["name"] for each in told["dropped"]} == {*plan["earlier"]["names"]}
    assert told["videos"]["toDrop"] == plan["earlier"]["total"]
    assert told["differs"] == (edit is not not_a_video)


def test_what_fell_to_the_videos_is_taken_from_the_index_where_that_is_asked_for(desk: Desk) -> None:
    """After several edits, tracks lie with other videos than those of a campaign that is made at once."""
    assert desk.run("render", "camp.yaml").returncode == 0
    desk.edit(add_clip)
    desk.edit(lambda data: data["spec"]["audioBlocks"][0]["tracks"].pop())
    assert desk.run("render", "camp.yaml").returncode == 0
    desk.repository.commit()
    desk.edit(rename)

    told = desk.told("--git", "HEAD", "camp.yaml", "--as-published")
    plan = json.loads(desk.run("plan", "camp.yaml", "-o", "json").stdout)

    assert told["variants"] == plan["variants"]


def test_a_campaign_that_is_new_and_one_that_goes(desk: Desk) -> None:
    """A pull request that adds or removes a file would be told as none, or as trouble."""
    new, gone = desk.told(os.devnull, "camp.yaml"), desk.told("camp.yaml", os.devnull)

    assert [(new[each]["before"], new[each]["toMake"]) for each in COUNTED[:4]] == [
        (0, 4),
        (0, 4),
        (0, 0),
        (0, 2),
    ]
    assert [(gone[each]["after"], gone[each]["toDrop"]) for each in COUNTED[:4]] == [
        (0, 4),
        (0, 4),
        (0, 0),
        (0, 2),
    ]
    assert {each["name"] for each in new["variants"]} == {each["name"] for each in gone["dropped"]}
    assert gone["remarks"] == ["4 videos of camp no longer wanted: they stay in the folder"]


@pytest.mark.parametrize("prune", [False, True])
def test_what_becomes_of_the_videos_that_are_dropped_is_told(desk: Desk, prune: bool) -> None:
    """What is gone is gone."""
    desk.edit(lambda data: data["spec"]["output"].update(prune=prune))
    desk.repository.commit()
    gone = desk.told("camp.yaml", os.devnull)
    desk.edit(remove_clip)
    fewer_ = desk.told("--git", "HEAD", "camp.yaml")

    ends = ["removed once all is made", "removed with the task"] if prune else ["they stay in the folder"] * 2
    assert [told["remarks"][-1].partition("wanted: ")[2] for told in (fewer_, gone)] == ends


def test_another_folder_has_all_made_anew_and_another_name_put_together(desk: Desk) -> None:
    """Somebody would move a campaign and pay for it twice, without having been told."""
    elsewhere = desk.told(
        "camp.yaml",
        desk.edit(
            lambda data: data["spec"]["output"].update(uri="gs://campaigns/x"), desk.task.with_name("b.yaml")
        ),
        "-d",
        "out",
    )
    renamed = desk.told(
        "camp.yaml",
        desk.edit(lambda data: data["metadata"].update(name="autumn"), desk.task.with_name("c.yaml")),
    )

    assert [elsewhere[each]["toMake"] for each in COUNTED[:4]] == [4, 4, 0, 2]
    assert "spec.output.uri was out, is gs://campaigns/x" in elsewhere["remarks"][0]
    assert [renamed[each]["toMake"] for each in COUNTED[:4]] == [4, 0, 0, 0]
    assert "the task was camp, is autumn" in renamed["remarks"][0]


def test_the_media_of_a_revision_are_those_that_it_had(desk: Desk) -> None:
    """A clip that was replaced under its name would be told as the same video."""
    media = desk.repository.folder / "media"
    shutil.copy(media / "clip4.mp4", media / "clip0.mp4")
    (media / "clip1.mp4").unlink()
    desk.edit(lambda data: data["spec"]["videoBlocks"][0]["clips"].pop(1))

    told = desk.told("--git", "main", "camp.yaml")

    assert {each["change"] for each in told["variants"]} == {"changed"}
    assert "clip 'clip0' of hook has another file" in told["remarks"][0]
    assert (told["pieces"]["before"], told["pieces"]["after"], told["pieces"]["toMake"]) == (4, 3, 1)
    assert desk.repository.git("status", "--porcelain").splitlines() == [
        "M camp.yaml",
        " M media/clip0.mp4",
        " D media/clip1.mp4",
    ]


def test_two_revisions_are_compared_from_any_folder(desk: Desk) -> None:
    """What works at the top would not work below it; or what is not checked out could not be compared."""
    desk.edit(add_clip)
    desk.repository.commit("more")
    desk.repository.git("switch", "--quiet", "main")
    (desk.repository.folder / "below").mkdir()

    ran = desk.run("diff", "main:./../camp.yaml", "more:camp.yaml", "-o", "json", below="below")

    assert ran.returncode == 1, ran.stderr
    assert json.loads(ran.stdout)["videos"] == {"before": 4, "after": 6, "toMake": 2, "toDrop": 0}


def test_a_source_that_the_old_task_has_lost_counts_as_never_made(desk: Desk) -> None:
    """The pull request that mends a broken link could not be looked at."""
    desk.edit(lambda data: data["spec"]["videoBlocks"][0]["clips"][0].update(url="media/none.mp4"))
    desk.repository.commit()
    desk.edit(lambda data: data["spec"]["videoBlocks"][0]["clips"][0].update(url="media/clip0.mp4"))

    told = desk.told("--git", "HEAD", "camp.yaml")

    assert (told["videos"]["before"], told["videos"]["toMake"]) == (2, 2)
    assert any("HEAD:camp.yaml lacked" in each and "none.mp4" in each for each in told["remarks"])


def test_characters_and_their_price_are_told(desk: Desk) -> None:
    """A pull request would cost money that nobody saw; or a line that was there before would be counted again."""
    lines = [{"voice": "Rachel", "text": "Spring is here."}, {"voice": "Rachel", "text": "Go outside!"}]
    desk.edit(lambda data: data["spec"].update(speech=lines[:1]))
    desk.repository.commit()
    desk.edit(lambda data: data["spec"].update(speech=lines))
    with ElevenLabsStub() as account:
        settings = {"ELEVENLABS_API_KEY": KEY, "CLIPTASK_ELEVENLABS_BASE_URL": account.url}
        told = desk.told("--git", "HEAD", "camp.yaml", "--price", "300 USD", **settings)
        table = desk.run("diff", "--git", "HEAD", "camp.yaml", "--price", "300 USD", **settings).stdout
    without = desk.told("--git", "HEAD", "camp.yaml")

    assert told["paidCharacters"] == {"before": 15, "after": 26, "toMake": 11, "toDrop": 0}
    assert told["cost"] == "3.30 USD"
    assert account.speech_calls == 0
    assert "speech: 11 characters, 3.30 USD" in table
    assert (without["cost"], without["paidCharacters"]["toMake"]) == (None, 11)


def test_a_comparison_may_be_a_comment(desk: Desk) -> None:
    """A reviewer would read a wall of names, or a name would become markup."""
    desk.edit(remove_clip)
    desk.edit(lambda data: data["spec"]["videoBlocks"][1]["clips"][0].update(name="a-b", trim={"end": "1s"}))

    ran = desk.run("diff", "--git", "main", "camp.yaml", "-o", "markdown")

    lines = ran.stdout.splitlines()
    assert ran.returncode == 1
    assert lines[0] == "### camp: main:camp.yaml → camp.yaml"
    assert "| videos | 4 | 2 | 1 | 3 |" in lines
    assert "<details><summary>To make: 1</summary>" in lines
    assert "<details><summary>To drop: 3</summary>" in lines
    assert "- encodes: 1.0 s of picture" in lines


def test_a_comment_has_room_for_any_campaign(desk: Desk) -> None:
    """GitHub refuses a comment of more than 65,536 characters, and the pull request would have none."""
    clips = [
        {"url": "media/clip0.mp4", "name": f"a-rather-long-name-of-a-clip-{number}"} for number in range(40)
    ]
    desk.edit(
        lambda data: data["spec"].update(
            videoBlocks=[{"name": "a", "clips": clips}, {"name": "b", "clips": clips}]
        )
    )

    said = desk.run("diff", os.devnull, "camp.yaml", "-o", "markdown").stdout

    assert "To make: 1,600" in said
    assert "more: `-o json` tells all" in said
    assert len(said) < 65_536


def test_nothing_to_tell_is_one_line_and_zero(desk: Desk) -> None:
    """Scripts ask by the exit code, people by the eye."""
    table, comment = (
        desk.run("diff", "--git", "HEAD", "camp.yaml", "-o", each) for each in ("table", "markdown")
    )

    assert (table.returncode, comment.returncode) == (0, 0)
    assert table.stdout == "camp: HEAD:camp.yaml → camp.yaml: nothing is made anew, and nothing is dropped\n"
    assert "Nothing is made anew" in comment.stdout


def test_what_cannot_be_made_of_the_new_task_is_said(desk: Desk) -> None:
    """A video would be missing from the comment, and nobody would ask for it."""
    desk.edit(lambda data: data["spec"].update(failurePolicy={"onSourceError": "Skip"}))
    desk.repository.commit()
    desk.edit(lambda data: data["spec"]["videoBlocks"][0]["clips"][0].update(url="media/none.mp4"))

    ran = desk.run("diff", "--git", "HEAD", "camp.yaml")
    told = desk.told("--git", "HEAD", "camp.yaml")

    assert ran.returncode == 1
    assert "error: camp.yaml:" in ran.stderr
    assert "none.mp4" in ran.stderr
    assert len(told["skipped"]) == 2


def test_one_of_them_may_be_standard_input(desk: Desk) -> None:
    """As in a pipe from another program."""
    text = desk.task.read_text()

    assert desk.run("diff", "-", "camp.yaml", text=text).returncode == 0


def broken(desk: Desk) -> None:
    """The old task is none."""
    desk.task.write_text("kind: Nothing\n")
    desk.repository.commit()
    desk.repository.git("checkout", "--quiet", "HEAD~1", "--", "camp.yaml")


def two_documents(desk: Desk) -> None:
    """The new file has two."""
    desk.task.write_text(f"{desk.task.read_text()}---\n{desk.task.read_text()}")


def moved(desk: Desk) -> None:
    """The file has another name than it had."""
    desk.repository.git("mv", "camp.yaml", "spring.yaml")


def deleted(desk: Desk) -> None:
    """There is no such file any more."""
    desk.task.unlink()


def added(desk: Desk) -> None:
    """There is a file more."""
    desk.edit(add_clip, desk.repository.folder / "more" / "camp.yaml")
    shutil.copytree(desk.repository.folder / "media", desk.repository.folder / "more" / "media")


TROUBLE: dict[str, tuple[Callable[[Desk], object] | None, tuple[str, ...], int, str]] = {
    "no such revision": (None, ("--git", "nowhere", "camp.yaml"), 66, "nowhere is no revision of"),
    "an option as a revision": (None, ("--git", "--all", "camp.yaml"), 66, "--all is no revision of"),
    "no revision": (None, (":camp.yaml", "camp.yaml"), 66, "nothing is no revision of"),
    "a blob": (None, ("--git", "HEAD:camp.yaml", "camp.yaml"), 66, "name a commit, a branch or a tag"),
    "no such file there": (None, ("main:spring.yaml", "camp.yaml"), 66, "For a file that is new, compare with /dev/null"),
    "elsewhere there": (None, ("main:campaigns/camp.yaml", "camp.yaml"), 66, "did you mean main:camp.yaml?"),
    "a file that is new": (added, ("--git", "main", "more/camp.yaml"), 66, "compare with /dev/null"),
    "renamed": (moved, ("--git", "main", "spring.yaml"), 66, "it was camp.yaml there: compare with main:camp.yaml"),
    "renamed, by its old name": (moved, ("--git", "main", "camp.yaml"), 66, "cliptask diff main:camp.yaml spring.yaml"),
    "deleted": (deleted, ("--git", "main", "camp.yaml"), 66, "cliptask diff main:camp.yaml /dev/null"),
    "never there": (None, ("--git", "main", "none.yaml"), 66, "neither here nor in main"),
    "no such file": (None, ("none.yaml", "camp.yaml"), 66, "none.yaml: No such file"),
    "a URL": (None, ("https://x/camp.yaml?token=secret", "camp.yaml"), 66, "download it, and give the file"),
    "two documents": (two_documents, ("--git", "main", "camp.yaml"), 65, "write one ClipTask per file"),
    "an old task that is none": (broken, ("--git", "HEAD", "camp.yaml"), 65, "HEAD:camp.yaml:1:1"),
    "no campaign at all": (None, (os.devnull, os.devnull), 66, "there is no campaign in /dev/null"),
    "one file": (None, ("camp.yaml",), 64, "give two files"),
    "two files and a revision": (None, ("a.yaml", "camp.yaml", "--git", "main"), 64, "give one file"),
    "two old ones": (None, ("camp.yaml", "--git", "main", "--cluster"), 64, "give one of them"),
    "a namespace without a cluster": (None, ("a.yaml", "camp.yaml", "-n", "x"), 64, "go with --cluster"),
    "standard input twice": (None, ("-", "-"), 64, "one of them only"),
    "no price": (None, ("a.yaml", "camp.yaml", "--price", "cheap"), 64, "'0.30 USD'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TROUBLE)
def test_what_cannot_be_compared_is_said_with_the_remedy(desk: Desk, kind: str) -> None:
    """A script would take it for a difference, a person would look for it in the wrong place."""
    edit, arguments, code, words = TROUBLE[kind]
    if edit:
        edit(desk)

    ran = desk.run("diff", *arguments)

    assert ran.returncode == code, ran.stdout + ran.stderr
    assert words in " ".join(ran.stderr.split())
    assert "Traceback" not in ran.stderr
    assert "secret" not in ran.stderr
    assert ran.stdout == ""


def test_a_folder_without_a_repository_and_a_machine_without_git(desk: Desk, tmp_path: Path) -> None:
    """Somebody would look for a mistake in the task."""
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(desk.task, alone)
    shutil.copytree(desk.repository.folder / "media", alone / "media")
    bare = tmp_path / "bin"
    bare.mkdir()

    none = desk.run("diff", "--git", "main", alone / "camp.yaml", GIT_CEILING_DIRECTORIES=str(tmp_path))
    gitless = desk.run("diff", "--git", "main", "camp.yaml", PATH=str(bare))

    assert (none.returncode, gitless.returncode) == (66, 78)
    assert "is in no git repository: give two files" in none.stderr
    assert "git is not installed" in gitless.stderr


def test_a_checkout_without_its_history_says_so(desk: Desk, tmp_path: Path) -> None:
    """Actions check out one commit alone."""
    first = desk.repository.git("rev-parse", "HEAD")
    desk.edit(add_clip)
    desk.repository.commit()
    shallow = Repository(tmp_path / "shallow")
    desk.repository.git(
        "clone", "--quiet", "--depth=1", f"file://{desk.repository.folder}", str(shallow.folder)
    )

    ran = replace(desk, repository=shallow).run("diff", "--git", first, "camp.yaml")

    assert ran.returncode == 66
    assert "in a checkout without its history, fetch it first" in ran.stderr


def test_the_files_of_revisions_are_gone_afterwards(desk: Desk, tmp_path: Path) -> None:
    """Each comment would leave a campaign's media on the disk."""
    shutil.copy(desk.repository.folder / "media/clip4.mp4", desk.repository.folder / "media/clip0.mp4")
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    assert desk.told("--git", "main", "camp.yaml", "--scratch", scratch)["differs"]
    assert not list(scratch.glob("cliptask-diff-*"))
