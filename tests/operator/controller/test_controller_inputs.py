from __future__ import annotations

from typing import Any

import pytest

from cliptask.errors import SetupError, SourceError, SpeechError, TransientError
from support.controller_bed import ControllerBed, clip

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments, each of which two variants share."""
SKIP = {"onSourceError": "Skip"}


# What is not allowed

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("BucketNotAllowed", {"output": {"uri": "gs://elsewhere/out"}}, "use gs://bucket"),
    ("BucketNotAllowed", {"videoBlocks": [{"name": "a", "clips": [{"url": "gs://elsewhere/a.mp4"}]}]}, "gs://elsewhere/a.mp4"),
    ("ResourcesNotAllowed", {"execution": {"resources": {"limits": {"cpu": "64"}}}}, "more than the 4"),
    ("TooManyVariants", {"videoBlocks": [{"name": "a", "clips": [{"url": clip(n)} for n in range(6)]}]}, "6 combinations"),
    ("TooMuchSpeech", {"speech": [{"voice": "Rachel", "text": "x" * 101}]}, "101 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "spec", "words"), REFUSED)
async def test_a_task_that_asks_too_much_is_told_and_costs_nothing(
    bed: ControllerBed, reason: str, spec: dict[str, Any], words: str
) -> None:
    """Buckets of others could be written to, or a person would wait for what never begins."""
    await bed.restart(max_variants=5, most_cpu="4", max_speech_characters=100)

    bed.apply(bed.task("camp", [[0]], **spec))
    await bed.phase("camp", "Failed")
    await bed.rest()

    accepted = bed.condition("camp", "Accepted")
    assert (accepted["status"], accepted["reason"]) == ("False", reason)
    assert words in accepted["message"]
    assert (bed.inputs.faults.calls["resolve"], bed.cluster.orders) == (0, [])


async def test_a_refused_task_is_made_once_it_is_edited(bed: ControllerBed) -> None:
    """A person would have to delete the task and begin anew."""
    bed.apply(bed.task("camp", [[0]], output={"uri": "gs://elsewhere/out"}))
    await bed.phase("camp", "Failed")

    bed.edit("camp", output={"uri": "gs://bucket/out"})

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1


async def test_a_refused_task_is_made_once_the_installation_allows_it(bed: ControllerBed) -> None:
    """Every task would have to be edited after the administrator has given a bucket."""
    bed.apply(bed.task("camp", [[0]], output={"uri": "gs://elsewhere/out"}))
    await bed.phase("camp", "Failed")

    await bed.restart(buckets={"*": ("gs://elsewhere",)})

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1


async def test_a_bucket_that_was_taken_away_is_written_to_no_more(bed: ControllerBed) -> None:
    """A task that has begun would keep what the administrator withdrew."""
    bed.inputs.opened.clear()
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Fetching")

    await bed.restart(buckets={"*": ("gs://elsewhere",)})
    bed.inputs.opened.set()
    await bed.reason("camp", "BucketNotAllowed")
    await bed.rest()

    assert bed.cluster.orders == []


async def test_a_complete_task_stays_so_whatever_the_installation_decides(bed: ControllerBed) -> None:
    """Campaigns of last year would be told as failed after a change of settings."""
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Complete")

    await bed.restart(buckets={"*": ("gs://elsewhere",)})
    await bed.rest()

    assert bed.status("camp")["phase"] == "Complete"


# Sources


async def test_bad_sources_fail_a_task_before_anything_is_made(bed: ControllerBed) -> None:
    """Half a campaign would be paid for, and the second bad source be told a day later."""
    bed.inputs.errors = {
        clip(0): SourceError("clip0 is a text: name a video"),
        clip(3): SourceError("clip3 is gone: upload it"),
    }

    bed.apply(bed.task("camp", TWO_BY_TWO))
    status = await bed.phase("camp", "Failed")
    await bed.rest()

    assert (bed.condition("camp", "Failed")["reason"], bed.cluster.orders) == ("SourceUnusable", [])
    assert "clip0 is a text" in status["message"]
    assert "clip3 is gone" in status["message"]
    ready, accepted = bed.condition("camp", "SourcesReady"), bed.condition("camp", "Accepted")
    assert (ready["status"], ready["reason"], accepted["status"]) == ("False", "SourceUnusable", "True")


async def test_a_bad_source_is_not_asked_for_again_by_itself(bed: ControllerBed) -> None:
    """A server would be asked for a missing file for ever."""
    bed.inputs.errors = {clip(0): SourceError("clip0 is a text")}
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Failed")

    await bed.rest()
    await bed.restart()
    await bed.rest()

    assert bed.inputs.faults.calls["resolve"] == 1


async def test_a_mended_source_is_fetched_by_a_retry(bed: ControllerBed) -> None:
    """A person would have to edit the task for no reason."""
    bed.inputs.errors = {clip(0): SourceError("clip0 is a text")}
    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Failed")

    bed.inputs.errors.clear()
    bed.retry("camp")

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 1


async def test_a_task_that_skips_makes_what_does_without_a_bad_source(bed: ControllerBed) -> None:
    """One missing clip would cost the whole campaign although its author said otherwise."""
    bed.inputs.errors = {clip(0): SourceError("clip0 is a text")}

    bed.apply(bed.task("camp", TWO_BY_TWO, failurePolicy=SKIP))
    status = await bed.phase("camp", "Complete")

    assert bed.condition("camp", "Complete")["reason"] == "CompleteWithSkips"
    assert (status["variants"], status["succeeded"], status["failed"]) == (4, 2, 2)
    assert {each["reason"] for each in status["failures"]} == {"SourceUnusable"}
    assert '"skipped": 2' in bed.output.read("camp/index.json").decode()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TransientError("the server is away"), "Unavailable"),
        (SetupError("its password is wrong"), "Misconfigured"),
    ],
)
async def test_a_source_that_may_be_had_later_is_waited_for(
    bed: ControllerBed, error: TransientError | SetupError, reason: str
) -> None:
    """A server that restarts would fail a campaign, or a person not know what it waits for."""
    bed.inputs.errors = {clip(0): error}
    bed.apply(bed.task("camp", TWO_BY_TWO, failurePolicy=SKIP))
    status = await bed.reason("camp", reason)
    await bed.rest()

    assert (status["phase"], status["message"]) == ("Fetching", str(error))
    assert bed.cluster.orders == []

    bed.inputs.errors.clear()
    status = await bed.phase("camp", "Complete")
    assert (status["succeeded"], str(error) in str(status)) == (4, False)


async def test_a_server_that_stays_away_is_asked_ever_less_often(bed: ControllerBed) -> None:
    """Every task would knock at it every two seconds for days."""
    bed.inputs.errors = {clip(0): TransientError("the server is away")}
    bed.apply(bed.task("camp", [[0]]))

    await bed.rest(300)

    assert 10 < bed.inputs.faults.calls["resolve"] < 20


async def test_what_an_administrator_must_mend_is_tried_once_a_minute(bed: ControllerBed) -> None:
    """An account that is locked would be asked every two seconds, or never again."""
    bed.inputs.errors = {clip(0): SetupError("its password is wrong")}
    bed.apply(bed.task("camp", [[0]]))

    await bed.rest(300)

    assert bed.inputs.faults.calls["resolve"] == 5


async def test_how_far_the_sources_are_is_told(bed: ControllerBed) -> None:
    """A large source would look like an operator that hangs."""
    bed.inputs.opened.clear()
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1))

    status = await bed.phase("camp", "Fetching")

    assert (status["variants"], status["speechCharacters"]) == (4, 6)
    ready = bed.condition("camp", "SourcesReady")
    assert (ready["status"], ready["reason"]) == ("False", "Fetching")


# Speech


async def test_a_line_that_cannot_be_spoken_fails_the_task(bed: ControllerBed) -> None:
    """Videos would be made without their line."""
    bed.inputs.errors = {"camp 0": SpeechError("there is no voice Rachel: name another")}

    bed.apply(bed.task("camp", [[0]], lines=2))
    status = await bed.phase("camp", "Failed")

    assert (bed.condition("camp", "Failed")["reason"], bed.cluster.orders) == ("SpeechUnusable", [])
    assert "name another" in status["message"]


async def test_a_task_that_skips_makes_what_does_without_a_bad_line(bed: ControllerBed) -> None:
    """One mistyped voice would cost the whole campaign although its author said otherwise."""
    bed.inputs.errors = {"camp 0": SpeechError("there is no voice Rachel: name another")}

    bed.apply(bed.task("camp", TWO_BY_TWO, lines=2, failurePolicy=SKIP))
    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], status["failed"]) == (2, 2)


async def test_an_account_that_is_busy_is_waited_for_and_paid_once(bed: ControllerBed) -> None:
    """Each attempt would pay for the other lines again."""
    bed.inputs.errors = {"camp 0": TransientError("the account is busy")}
    bed.apply(bed.task("camp", [[0]], lines=2))
    await bed.reason("camp", "Unavailable")
    await bed.rest()

    bed.inputs.errors.clear()
    status = await bed.phase("camp", "Complete")

    assert bed.inputs.spoken == {"camp 0": 1, "camp 1": 1}
    assert status["speechCharactersPaid"] == 12
    assert bed.metric("speech_characters_total") == 12
