from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.signing import Authority
from support.studio import Studio, framemd5, moments, objects

SIGNED: dict[str, Any] = {"disclosure": {"credentials": {"secretName": "ads"}}}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who has issued the Secret ``ads``."""
    authority = Authority()
    authority.issue(tmp_path / "secrets" / "ads")
    return authority


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A folder for sources, where Secrets are known."""
    return Studio(tmp_path, {"CLIPTASK_SECRETS": str(tmp_path / "secrets")})


def test_every_video_of_a_campaign_is_signed(studio: Studio, authority: Authority, tmp_path: Path) -> None:
    """Some would be, and nobody know which."""
    task = studio.write(
        [[0, 1], [2]], tracks=1, lines=1, sound={"overflow": "Trim"}, captions={"mode": "soft"}, **SIGNED
    )

    studio.render(task, tmp_path / "out")

    videos = sorted((tmp_path / "out" / "camp").glob("*.mp4"))
    assert len(videos) == 2
    for video in videos:
        verified = authority.verified(video)
        assert verified.state == "Trusted"
        assert verified.manifest["title"] == video.name
        titles = [each["title"] for each in verified.manifest["ingredients"]]
        assert titles[1:] == ["clip2", "track0", "line0"]
        assert titles[0] in video.name
        made_by_ai = ["digitalSourceType" in each for each in verified.actions[1:]]
        assert made_by_ai == [False, False, False, True]


def test_a_renewed_certificate_makes_nothing_anew_and_another_secret_every_video(
    studio: Studio, authority: Authority, tmp_path: Path
) -> None:
    """cert-manager renews every few weeks; and a video must not go on in the name of who is not named any more."""
    out = tmp_path / "out"
    plain = studio.write([[0, 1], [2]])
    studio.render(plain, out)
    frames = {name: framemd5(out / name) for name in objects(out, "camp/*.mp4")}
    segments = moments(out, ".cliptask/segments/*.mp4")
    studio.render(studio.write([[0, 1], [2]], **SIGNED), out)
    signed = {*objects(out, "camp/*.mp4")} - {*frames}
    before = moments(out, "camp/*.mp4")

    authority.issue(tmp_path / "secrets" / "ads", "ed25519")
    again = studio.render(studio.write([[0, 1], [2]], **SIGNED), out)
    unchanged = moments(out, "camp/*.mp4")
    authority.issue(tmp_path / "secrets" / "other")
    other: dict[str, Any] = {"disclosure": {"credentials": {"secretName": "other"}}}
    # Who reviews a task has no key.
    planned = Studio(tmp_path).run("plan", studio.write([[0, 1], [2]], **other), "-d", out)
    studio.render(studio.write([[0, 1], [2]], **other), out)

    assert len(signed) == 2
    assert unchanged == before, again
    assert "disclosure.credentials.secretName was ads, is other" in planned.stdout
    assert len(objects(out, "camp/*.mp4")) == 6
    assert moments(out, ".cliptask/segments/*.mp4") == segments
    assert sorted(framemd5(out / name) for name in signed) == sorted(frames.values())


@pytest.mark.parametrize("state", ["no folder is named", "missing", "expired"])
def test_what_cannot_sign_is_told_before_anything_is_fetched(
    studio: Studio, tmp_path: Path, state: str
) -> None:
    """Speech would be paid for and clips encoded for videos that nobody can sign."""
    if state == "no folder is named":
        del studio.environment["CLIPTASK_SECRETS"]
    elif state == "expired":
        Authority().issue(tmp_path / "secrets" / "ads", valid=(timedelta(days=-9), timedelta(days=-1)))

    ran = studio.run("render", studio.write([[0], [1]], **SIGNED), "-d", tmp_path / "out")

    assert ran.returncode == 78
    assert "spec.disclosure.credentials: the Secret ads" in ran.stderr.replace("\n", " ")
    assert objects(tmp_path / "out", "**/*.mp4") == {}
    assert objects(tmp_path / "out", ".cliptask/sources/*") == {}
