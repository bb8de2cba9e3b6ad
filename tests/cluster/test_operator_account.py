"""An operator without an account at ElevenLabs, on a real API server: what waits for one, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.bed import Bed
from cluster.control_plane import ControlPlane
from support.elevenlabs_stub import KEY
from support.talking import talking


@pytest.fixture
def alone(fake_nodes: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Bed]:
    """A running operator for which no account is set."""
    with Bed(
        fake_nodes, namespace, tmp_path, {"ELEVENLABS_API_KEY": "", "CLIPTASK_RETRY_SECONDS": "1"}
    ) as bed:
        bed.start()
        yield bed


def waits(bed: Bed, name: str) -> None:
    """Until a task says that it waits for an account, which nothing was fetched for."""
    bed.wait_for(lambda: bed.condition(name, "Complete").get("reason") == "Misconfigured", "it says so")
    message = bed.status(name)["message"]
    assert f"line '{name}-0' (voice 'Rachel') and 1 more line: " in message
    assert bed.jobs(name) == []
    assert bed.web.count() == 0


def test_without_an_account_only_tasks_that_speak_wait_for_one(alone: Bed) -> None:
    """The operator would not start, and every campaign without speech would wait for an account."""
    alone.apply(alone.task("talk", [[0, 1]], lines=2))
    waits(alone, "talk")
    assert "elevenlabs.existingSecret of the chart" in alone.status("talk")["message"]
    alone.apply(alone.task("mute", [[0, 1]]))
    assert alone.wait("mute")["succeeded"] == 2

    alone.stop()
    alone.settings |= {"ELEVENLABS_API_KEY": KEY}  # as `helm upgrade` does
    alone.start()

    assert alone.wait("talk")["succeeded"] == 2
    assert alone.account.speech_calls == 2


def test_a_secret_that_appears_is_enough(alone: Bed, tmp_path: Path) -> None:
    """Whoever makes the Secret after the installation would have to restart the operator."""
    file = tmp_path / "api-key"
    alone.stop()
    alone.settings |= {"ELEVENLABS_API_KEY_FILE": str(file)}  # its Secret is not there yet
    alone.start()
    alone.apply(alone.task("talk", [[0, 1]], lines=2))
    waits(alone, "talk")

    file.write_text(f"{KEY}\n")

    assert alone.wait("talk")["succeeded"] == 2


def test_a_shell_that_is_set_to_drafts_makes_none_in_a_cluster(alone: Bed) -> None:
    """A robot would speak in every campaign of whoever tries the operator on a laptop."""
    alone.stop()
    alone.settings |= {"CLIPTASK_SPEECH": "espeak"}
    alone.start()

    alone.apply(alone.task("talk", [[0, 1]], lines=2))

    waits(alone, "talk")


def test_a_mistyped_voice_is_found_before_anything_is_fetched(bed: Bed) -> None:
    """Jobs would run, and lines be paid for, of a campaign that cannot be made."""
    speech = [{"voice": name, "text": f"{name}."} for name in ("Adam", "Rachell")]
    bed.apply(bed.task("talk", [[0]], speech=speech))

    status = bed.wait("talk", "Failed")

    assert "the account has no voice 'Rachell': did you mean 'Rachel'?" in status["message"]
    assert bed.jobs("talk") == []
    assert (bed.web.count(), bed.account.speech_calls) == (0, 0)


def talk(bed: Bed, name: str, **clip: object) -> dict[str, object]:
    """A task with a clip of 2 s, in which something is said from 1 s to 1.5 s."""
    file = bed.folder / "sources" / "anna.mp4"
    if not file.exists():
        talking(file, [(1.0, 1.5)], 2.0)
    heard = {"url": f"{bed.web.url}/anna.mp4", "captions": {"transcribe": True}, **clip}
    return bed.task(name, [[0]], videoBlocks=[{"name": "b0", "clips": [heard]}], captions={"mode": "sidecar"})


def test_what_is_said_in_clips_is_written_down_once(bed: Bed) -> None:
    """Each restart and each edit would be paid for, and nobody would see how much that is."""
    bed.apply(talk(bed, "talk"))
    first = bed.wait("talk")
    bed.stop(kill=True)
    bed.start()
    bed.apply(talk(bed, "talk", trim={"start": "500ms"}), talk(bed, "more"))
    for name in ("talk", "more"):
        bed.wait(name)

    counts = [
        (each["transcribedSeconds"], each["transcribedSecondsPaid"]) for each in (first, bed.status("more"))
    ]
    assert counts == [(2, 2), (2, 2)]
    assert bed.account.transcriptions == 1
    out = bed.renderers.store(f"gs://{bed.bucket}/out")
    (captions,) = out.list("more/captions/")
    assert "00:00:01.000 --> 00:00:02.000\nHello" in out.read(captions.name).decode()
    assert 'cliptask_transcripts_total{outcome="found"}' in bed.metrics()


def test_without_an_account_clips_wait_for_one(alone: Bed) -> None:
    """The videos would be made without their captions."""
    alone.apply(talk(alone, "talk"))
    alone.wait_for(lambda: alone.condition("talk", "Complete").get("reason") == "Misconfigured", "it says so")
    message = alone.status("talk")["message"]
    assert "clips[0].captions.transcribe: what is said in the clip is not written down yet" in message
    assert "elevenlabs.existingSecret of the chart" in message
    assert alone.jobs("talk") == []

    alone.stop()
    alone.settings |= {"ELEVENLABS_API_KEY": KEY}
    alone.start()

    assert alone.wait("talk")["transcribedSecondsPaid"] == 2


def test_more_sound_than_the_installation_gives_is_refused(bed: Bed) -> None:
    """A slip in a task would cost what a month does."""
    bed.stop()
    bed.settings |= {"CLIPTASK_MAX_TRANSCRIBED_SECONDS": "1"}
    bed.start()
    bed.apply(talk(bed, "talk"))

    bed.wait_for(lambda: bed.condition("talk", "Accepted").get("status") == "False", "it is refused")

    assert bed.condition("talk", "Accepted")["reason"] == "TooMuchTranscription"
    assert "take 2 s, more than the 1 s" in bed.status("talk")["message"]
    assert (bed.account.transcriptions, bed.jobs("talk")) == (0, [])
