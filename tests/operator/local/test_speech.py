"""Who speaks on this machine: an account, a robot that was asked for, or nobody; and what a mistake costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.studio import Studio


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here, and no account."""
    return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture
def account() -> Iterator[ElevenLabsStub]:
    """One that is paid by the character."""
    with ElevenLabsStub() as running:
        yield running


def paying(studio: Studio, account: ElevenLabsStub, **settings: str) -> Studio:
    """The same folder, with an account."""
    environment = {"ELEVENLABS_API_KEY": KEY, "CLIPTASK_ELEVENLABS_BASE_URL": account.url}
    return Studio(studio.folder, environment | settings)


def planned(studio: Studio, *arguments: str | Path) -> Any:  # noqa: ANN401  JSON
    """What ``plan`` says to a program."""
    return json.loads(studio.run("plan", *arguments, "-o", "json").stdout)


def made(out: Path) -> list[str]:
    """Names of the videos that the index has."""
    found = json.loads((out / "camp" / "index.json").read_text())["variants"]
    return [Path(each["file"]).stem for each in found]


def labels(names: list[str]) -> list[str]:
    """Of clip, track and line: the names without the digits of the content."""
    return [name.rpartition("-")[0] for name in names]


def test_no_robot_speaks_for_a_named_voice_unless_it_is_asked_to(studio: Studio, tmp_path: Path) -> None:
    """It would go out: nobody listens to a hundred videos, and a line on standard error scrolls away."""
    task = studio.write([[0]], lines=2, voice="Rachel")

    ran = studio.run("render", task, "-d", tmp_path)

    assert ran.returncode == 78
    for words in (
        "line 'line0' (voice 'Rachel') and 1 more line",
        "set ELEVENLABS_API_KEY or ELEVENLABS_API_KEY_FILE",
        "--speech espeak",
        "--speech none",
    ):
        assert words in ran.stderr
    assert not list(tmp_path.glob("**/sources/*"))


def test_a_draft_has_what_the_real_videos_have_but_their_files(
    studio: Studio, account: ElevenLabsStub, tmp_path: Path
) -> None:
    """A draft is looked at to decide about the real ones; one that was taken for them would go out."""
    task = studio.write([[0, 1]], lines=2, voice="Rachel", captions={"mode": "sidecar"})

    ran = paying(studio, account).run("render", task, "-d", tmp_path, "--speech", "espeak")
    assert "speech: a draft, espeak-ng speaks every line" in ran.stderr
    assert account.speech_calls + account.voice_calls == 0
    drafts = made(tmp_path)
    paying(studio, account).render(task, tmp_path)

    assert account.speech_calls == 2
    assert labels(made(tmp_path)) == labels(drafts)
    assert not set(made(tmp_path)) & set(drafts)


def test_without_speech_there_are_the_same_videos_and_no_captions(studio: Studio, tmp_path: Path) -> None:
    """Pictures and music are looked at without a voice, and an account."""
    task = studio.write([[0, 1]], tracks=1, lines=2, voice="Rachel", captions={"mode": "sidecar"})

    silent = Studio(studio.folder, {"CLIPTASK_SPEECH": "none"}).run("render", task, "-d", tmp_path)
    drafted = planned(studio, task, "--speech", "espeak", "--folder", tmp_path)

    assert silent.returncode == 0, silent.stderr
    assert "nobody speaks, and there are no captions" in silent.stderr
    names = [each["name"] for each in drafted["variants"]]
    assert labels(made(tmp_path)) == labels(names)
    assert not set(made(tmp_path)) & set(names)
    assert not list(tmp_path.glob("camp/**/*.vtt"))
    assert not list(tmp_path.glob("**/speech/*"))


def test_the_option_wins_over_the_setting(studio: Studio, account: ElevenLabsStub, tmp_path: Path) -> None:
    """A shell that is set to drafts would keep making them."""
    task = studio.write([[0]], lines=1, voice="Rachel")
    drafting = paying(studio, account, CLIPTASK_SPEECH="espeak")

    by_setting = planned(drafting, task, "--folder", tmp_path)
    by_option = planned(drafting, task, "--folder", tmp_path, "--speech", "elevenlabs")

    assert [each["paidCharacters"]["toMake"] for each in (by_setting, by_option)] == [0, 7]


def test_a_plan_tells_the_price_before_there_is_an_account(
    studio: Studio, account: ElevenLabsStub, tmp_path: Path
) -> None:
    """Whoever decides about an account needs the number first; and the run would end as the plan does."""
    task = studio.write([[0]], lines=3, voice="Rachel")

    without = studio.run("plan", task, "--folder", tmp_path, "-o", "json")
    paying(studio, account).render(task, tmp_path)
    spoken = studio.run("plan", task, "--folder", tmp_path, "-o", "json")
    edited = planned(studio, studio.write([[0]], lines=4, voice="Rachel"), "--folder", tmp_path)
    draft = planned(studio, task, "--folder", tmp_path, "--speech", "espeak")

    assert without.returncode == json.loads(without.stdout)["exitCode"] == 78
    assert "there is no account at ElevenLabs" in without.stderr
    assert json.loads(without.stdout)["paidCharacters"] == {"total": 21, "toMake": 21}
    assert account.characters == 21
    assert (spoken.returncode, json.loads(spoken.stdout)["paidCharacters"]["toMake"]) == (0, 0)
    assert edited["paidCharacters"] == {"total": 28, "toMake": 7}
    assert draft["paidCharacters"] == {"total": 0, "toMake": 0}


@pytest.mark.parametrize("command", ["plan", "render"])
def test_a_mistyped_voice_costs_nothing(
    studio: Studio, account: ElevenLabsStub, tmp_path: Path, command: str
) -> None:
    """It would be found when the other lines are paid for and everything is fetched."""
    task = studio.write([[0]], speech=[{"voice": name, "text": f"{name}."} for name in ("Adam", "Rachell")])

    ran = paying(studio, account).run(command, task, "--folder", tmp_path)

    assert ran.returncode == 65
    assert "line 'rachell' (voice 'Rachell'): the account has no voice 'Rachell': did you mean 'Rachel'?" in (
        ran.stderr
    )
    assert account.speech_calls == 0
    assert not list(tmp_path.glob("**/sources/*"))
