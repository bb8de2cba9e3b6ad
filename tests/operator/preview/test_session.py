"""How a preview follows its file, and what the page hears of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from cliptask.errors import ClipTaskError
from cliptask_operator.preview.board import Sought
from cliptask_operator.preview.reading import Reader
from cliptask_operator.preview.session import Session
from cliptask_operator.settings.environment import Settings
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.previewing import Made, edit
from support.studio import Studio

LARGE = {"width": 720, "height": 1280, "fit": "cover"}
State = dict[str, Any]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


@asynccontextmanager
async def watched(task: Path, out: Path, drafts: Path) -> AsyncIterator[Session]:
    """A session that follows its file and makes what is wanted."""
    async with Reader(task, lambda _task: out.as_uri(), Settings()) as reader:
        session = Session(reader, drafts, None, 2)
        async with session.workshop:
            watching = asyncio.create_task(session.watch())
            yield session
            session.close()
            watching.cancel()
            await asyncio.wait([watching])


async def until(session: Session, reached: Callable[[State], bool]) -> State:
    """The first state of which something is true."""
    async for event in session.events():
        if event.startswith(b"data: ") and reached(state := json.loads(event.removeprefix(b"data: "))):
            return state  # type: ignore[no-any-return]  # JSON
    pytest.fail("it was closed")


def content(url: str) -> bytes:
    """What lies at a file's URL."""
    return Path(url.removeprefix("file://")).read_bytes()


def whole(state: State) -> bool:
    """Whether all parts are made."""
    return bool(state["parts"]["total"]) and state["parts"]["made"] == state["parts"]["total"]


async def test_an_edit_makes_only_what_changed_a_draft_of_it_first(studio: Studio, tmp_path: Path) -> None:
    """Everything else would be encoded again at each save."""
    task = studio.write([[0, 1], [2]], picture=LARGE)
    out = tmp_path / "out"
    async with watched(task, out, tmp_path / "drafts") as session:
        before = await until(
            session, lambda state: whole(state) and state["drafts"]["made"] == state["drafts"]["total"]
        )

        edit(task, lambda spec: spec.update(overlays=[{"text": "Sale", "block": "b1"}]))
        after = await until(
            session,
            lambda state: (
                state["revision"] > before["revision"]
                and whole(state)
                and state["drafts"]["made"] == state["drafts"]["total"]
            ),
        )

    assert before["parts"]["total"] == after["parts"]["total"]
    assert len(list((out / ".cliptask" / "segments").glob("*.mp4"))) == 3 + 1
    assert len(list((tmp_path / "drafts" / "segments").glob("*.mp4"))) == 3 + 1
    assert after["made"] == before["made"] + 2


async def test_render_encodes_nothing_of_it_again(studio: Studio, tmp_path: Path) -> None:
    """The time in which somebody looks would be lost."""
    task, out = studio.write([[0, 1], [2]], tracks=1, picture=LARGE), tmp_path / "out"
    async with watched(task, out, tmp_path / "drafts") as session:
        await until(session, whole)

    printed = studio.render(task, out)

    assert "(0 pieces, 0 seams and 0 soundtracks encoded)" in printed


async def test_a_draft_is_played_until_the_video_is_there(studio: Studio, tmp_path: Path) -> None:
    """Somebody would wait for seconds, or look at a draft for ever."""
    task = studio.write([[4], [5]], picture=LARGE)
    seen: list[bool] = []
    async with watched(task, tmp_path / "out", tmp_path / "drafts") as session:
        await until(session, lambda state: state["revision"] == 1)
        async for _ in session.events():
            answer = session.look_at(Sought(["clip4", "clip5"]))
            if answer["film"]:
                seen.append(answer["isDraft"])
            if seen and not seen[-1]:
                break

    assert seen == sorted(seen, reverse=True)
    assert seen[-1] is False


async def test_a_broken_file_is_told_with_its_line_and_what_was_read_stays(
    made: Made, tmp_path: Path
) -> None:
    """Half a word typed would take the page away."""
    task = tmp_path / "cliptask.yaml"
    task.write_bytes(made.task.read_bytes())
    async with watched(task, made.out, tmp_path / "drafts") as session:
        good = await until(session, whole)

        task.write_text(task.read_text().replace("videoBlocks:", "videoBlock:"))
        broken = await until(session, lambda state: state["refusal"])
        still = session.look_at(Sought(["clip0", "clip2"], "track0", "line0"))
        task.write_bytes(made.task.read_bytes())
        mended = await until(session, lambda state: not state["refusal"] and state["revision"] > 1)

    assert f"{task}:6:3: spec.videoBlock" in broken["refusal"]
    assert broken["revision"] == good["revision"]
    assert still["film"]
    assert mended["problems"] == []


async def test_a_file_that_is_gone_for_a_moment_comes_back(made: Made, tmp_path: Path) -> None:
    """Some editors move it away before they write it."""
    task = tmp_path / "cliptask.yaml"
    task.write_bytes(made.task.read_bytes())
    async with watched(task, made.out, tmp_path / "drafts") as session:
        await until(session, whole)

        task.unlink()
        gone = await until(session, lambda state: state["refusal"])
        edit_text = made.task.read_text().replace("name: camp", "name: other")
        task.write_text(edit_text)
        await until(session, lambda state: not state["refusal"] and not state["isReading"])

        assert "No such file" in gone["refusal"]
        assert session.board()["task"] == "other"


async def test_another_file_under_the_same_name_is_seen(studio: Studio, tmp_path: Path) -> None:
    """Who exports a clip again would have to touch the task."""
    task = studio.write([[6], [7]])
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(content(studio.clip(6)))
    edit(task, lambda spec: spec["videoBlocks"][0]["clips"][0].update(url=clip.as_uri()))
    async with watched(task, tmp_path / "out", tmp_path / "drafts") as session:
        await until(session, whole)
        before = session.look_at(Sought(["clip", "clip7"]))

        clip.write_bytes(content(studio.clip(8)))
        await until(session, lambda state: state["revision"] == 2 and whole(state))
        after = session.look_at(Sought(["clip", "clip7"]))

    assert before["name"] != after["name"]


async def test_a_clip_that_cannot_be_had_is_a_problem_of_its_own(studio: Studio, tmp_path: Path) -> None:
    """The rest of the campaign plays."""
    task = studio.write([[0, 1], [2]])
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    edit(task, lambda spec: spec["videoBlocks"][0]["clips"][1].update(url=bad.as_uri()))
    async with watched(task, tmp_path / "out", tmp_path / "drafts") as session:
        state = await until(session, whole)

        assert session.look_at(Sought(["clip0", "clip2"]))["film"]
        with pytest.raises(ClipTaskError, match=r"bad\.mp4"):
            session.look_at(Sought(["bad", "clip2"]))

    (problem,) = state["problems"]
    assert problem.startswith(f"{task}:")
    assert "spec.videoBlocks[0].clips[1].url" in problem


async def test_a_part_that_was_deleted_is_made_again(studio: Studio, tmp_path: Path) -> None:
    """A cache is safe to delete, also while somebody looks."""
    task, out = studio.write([[0], [2]]), tmp_path / "out"
    async with watched(task, out, tmp_path / "drafts") as session:
        await until(session, whole)
        for file in (out / ".cliptask" / "segments").glob("*.mp4"):
            file.unlink()

        first = session.look_at(Sought(["clip0", "clip2"]))
        await until(session, whole)
        again = session.look_at(Sought(["clip0", "clip2"]))

    assert first["film"] is None
    assert again["film"]


async def test_a_line_that_somebody_pays_for_is_heard_at_once(
    studio: Studio, tmp_path: Path, stub: ElevenLabsStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A robot would go on speaking until the next start."""
    monkeypatch.setenv("ELEVENLABS_API_KEY", KEY)
    monkeypatch.setenv("CLIPTASK_ELEVENLABS_BASE_URL", stub.url)
    task = studio.write([[0, 2], [1]], lines=2, voice="Rachel", sound={"overflow": "Trim"})
    async with watched(task, tmp_path / "out", tmp_path / "drafts") as session:
        await until(session, whole)
        before = [line["by"] for line in session.board()["lines"]]

        await session.pay(1)
        after = session.board()

    assert before == ["robot", "robot"]
    assert [line["by"] for line in after["lines"]] == ["robot", "voice"]
    assert (after["revision"], after["canSpeak"], stub.speech_calls) == (2, True, 1)


async def test_a_title_that_nobody_would_see_is_a_problem(studio: Studio, tmp_path: Path) -> None:
    """``render`` refuses it."""
    task = studio.write([[0]], overlays=[{"text": "Sale", "from": "9s", "to": "10s"}])
    async with watched(task, tmp_path / "out", tmp_path / "drafts") as session:
        state = await until(session, whole)

    assert any("nobody would see it" in problem for problem in state["problems"])


async def test_a_rule_about_what_there_is_not_is_a_mistake_in_the_file(made: Made, tmp_path: Path) -> None:
    """Only the files tell what two of one name are called: the preview would end, or play what render refuses."""
    task = tmp_path / "cliptask.yaml"
    task.write_bytes(made.task.read_bytes())
    async with watched(task, made.out, tmp_path / "drafts") as session:
        await until(session, whole)

        def same_names(spec: dict[str, Any]) -> None:
            clips = spec["videoBlocks"][0]["clips"]
            for number, clip in enumerate(clips):
                folder = tmp_path / str(number)
                folder.mkdir()
                (folder / "clip.mp4").write_bytes(content(clip["url"]))
                clip["url"] = (folder / "clip.mp4").as_uri()
            spec["variants"] = {"only": [{"b0": "clip-000000"}]}

        edit(task, same_names)
        state = await until(session, lambda state: state["refusal"])

        assert session.look_at(Sought(["clip0", "clip2"], "track0", "line0"))["film"]
    assert "nothing is called clip-000000; there are: clip-" in state["refusal"]
    assert state["refusal"].startswith(f"{task}:")


async def test_words_that_were_deleted_are_named_with_the_way_out(made: Made, tmp_path: Path) -> None:
    """Captions would be missing from a video without a word, or the page wait for ever."""
    async with watched(made.task, made.out, tmp_path / "drafts") as session:
        await until(session, whole)
        (words,) = (made.out / ".cliptask" / "speech").glob("*.json")
        aside = words.rename(words.with_suffix(".aside"))
        try:
            with pytest.raises(ClipTaskError, match="is gone: start the preview again"):
                session.look_at(Sought(["clip0", "clip3"], "track0", "line0"))
        finally:
            aside.rename(words)


def makers() -> list[psutil.Process]:
    """The processes that make parts."""
    return [each for each in psutil.Process().children() if "spawn_main" in " ".join(each.cmdline())]


async def test_a_killed_process_is_told_and_the_next_save_goes_on(studio: Studio, tmp_path: Path) -> None:
    """Out of memory is the most common way for a process to end; the page would wait for ever."""
    task = studio.write([[0, 1, 2, 3]], picture={"width": 1080, "height": 1920})
    async with watched(task, tmp_path / "out", tmp_path / "drafts") as session:
        await until(session, lambda state: state["busy"] > 0)
        for process in makers():
            process.kill()
        killed = await until(session, lambda state: state["problems"])
        edit(task, lambda spec: spec.update(overlays=[{"text": "Sale"}]))
        mended = await until(session, lambda state: state["revision"] == 2 and whole(state))

    assert "CLIPTASK_WORKERS" in killed["problems"][0]
    assert mended["problems"] == []


async def test_what_was_begun_before_a_save_and_fails_after_it_is_made_again(
    studio: Studio, tmp_path: Path
) -> None:
    """Whoever saved the file because of one failure would be told of the next, and have to save it once more."""
    task = studio.write([[0, 1]], picture={"width": 1080, "height": 1920})
    async with watched(task, tmp_path / "out", tmp_path / "drafts") as session:
        await until(session, lambda state: state["busy"] > 0)
        begun = makers()
        for process in begun:
            process.suspend()
        edit(task, lambda spec: spec.update(overlays=[{"text": "Sale"}]))
        await until(session, lambda state: state["revision"] == 2)
        for process in begun:
            process.kill()
        made = await until(session, whole)

    assert made["problems"] == []
