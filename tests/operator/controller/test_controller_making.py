from __future__ import annotations

import pytest

from cliptask.orders import WorkOrder
from cliptask_operator.kubernetes.job_status import owner_uid
from cluster import outcomes
from cluster.outcomes import Outcome
from support.controller_bed import ControllerBed

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments, each of which two variants share."""


async def test_a_task_becomes_videos(bed: ControllerBed) -> None:
    """The product itself: applied, made, and told."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=2))

    status = await bed.phase("camp", "Complete")

    assert (status["variants"], status["succeeded"], status["failed"], status["active"]) == (4, 4, 0, 0)
    assert len(bed.objects("camp")) == 4


async def test_segments_that_videos_share_are_made_first_and_once(bed: ControllerBed) -> None:
    """Every video would encode them again."""
    bed.apply(bed.task("camp", TWO_BY_TWO))

    await bed.phase("camp", "Complete")

    assert bed.steps() == ["segment"] * 4 + ["variant"] * 4
    assert set(bed.cluster.made.values()) == {1}


async def test_what_nobody_shares_has_no_job_of_its_own(bed: ControllerBed) -> None:
    """A video would wait for Jobs that save nothing."""
    bed.apply(bed.task("camp", [[0], [1]]))

    await bed.phase("camp", "Complete")

    assert bed.steps() == ["variant"]


async def test_no_more_jobs_run_than_the_task_says(bed: ControllerBed) -> None:
    """The cluster is not this task's alone."""
    at_once = []

    def judge(_: WorkOrder) -> Outcome | None:
        at_once.append(len(bed.active("camp")))
        return None

    bed.cluster.judge = judge
    bed.apply(bed.task("camp", [[0, 1, 2], [3, 4]], execution={"parallelism": 2}))
    await bed.phase("camp", "Complete")

    assert max(at_once) == 2
    assert len(bed.objects("camp")) == 6


async def test_nobody_waits_until_jobs_are_counted(bed: ControllerBed) -> None:
    """Between a pod's end and its Job's lie two seconds, for the segments, for each soundtrack and for the videos."""
    bed.cluster.counts = False
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1, execution={"parallelism": 1}))

    status = await bed.phase("camp", "Complete")

    assert (status["succeeded"], status["active"]) == (4, 0)
    assert set(bed.cluster.made.values()) == {1}
    # None was ended, or created again, though the API calls all of them active to the end.
    assert len(bed.active("camp")) == len(bed.cluster.orders) == 8
    assert not bed.cluster.deleted
    bed.cluster.count()
    await bed.rest()
    assert not bed.active("camp")
    assert len(bed.cluster.orders) == 8
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 4


async def test_the_next_operator_goes_by_what_is_there_of_jobs_that_are_not_counted(
    bed: ControllerBed,
) -> None:
    """What is there would be made again, or waited for."""
    bed.cluster.counts = False
    ended = []

    def judge(_: WorkOrder) -> Outcome | None:
        ended.append(1)
        return None if len(ended) < 4 else outcomes.hang()

    bed.cluster.judge = judge
    bed.apply(bed.task("camp", TWO_BY_TWO, execution={"parallelism": 2}))
    await bed.running("camp", 5)

    await bed.restart()
    bed.cluster.go_on()
    await bed.phase("camp", "Complete")

    assert set(bed.cluster.made.values()) == {1}


async def test_a_job_that_is_not_counted_is_not_taken_at_its_word(bed: ControllerBed) -> None:
    """What its pod said it made and did not would be missing for ever."""
    bed.cluster.counts, lies = False, iter([outcomes.succeed()])
    bed.cluster.judge = lambda _: next(lies, None)

    bed.apply(bed.task("camp", [[0]]))
    await bed.phase("camp", "Complete")

    assert len(bed.cluster.orders) == 2
    assert len(bed.objects("camp")) == 1


async def test_jobs_that_run_hold_their_places(bed: ControllerBed) -> None:
    """A task would put ever more Jobs into a full cluster."""
    bed.cluster.judge = lambda _: outcomes.hang()

    bed.apply(bed.task("camp", [[0, 1, 2, 3]], execution={"parallelism": 3}))
    await bed.running("camp", 3)
    await bed.rest()

    assert len(bed.cluster.orders) == bed.status("camp")["active"] == 3


async def test_a_job_makes_as_many_videos_as_the_task_says(bed: ControllerBed) -> None:
    """Tiny videos would each wait for a pod of their own."""
    bed.apply(bed.task("camp", TWO_BY_TWO, execution={"variantsPerJob": 3}))

    await bed.phase("camp", "Complete")

    assert [len(order.variants) for order in bed.cluster.orders if order.variants] == [3, 1]
    assert len(bed.objects("camp")) == 4


async def test_a_soundtrack_is_mixed_by_one_job(bed: ControllerBed) -> None:
    """Every video with the same line would mix it again."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[0, 1, 2]], lines=1))
    await bed.running("camp", 1)
    await bed.rest()
    assert len(bed.cluster.orders) == 1

    bed.cluster.go_on()
    await bed.phase("camp", "Complete")

    assert [count for name, count in bed.cluster.made.items() if name.startswith("soundtracks/")] == [1]
    assert len(bed.objects("camp")) == 3


async def test_no_video_waits_for_the_sound_of_another(bed: ControllerBed) -> None:
    """After the segments every soundtrack would be mixed by one video's Job, and all others wait for these."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=2))

    await bed.phase("camp", "Complete")

    parts, videos = bed.cluster.orders[:4], bed.cluster.orders[4:]
    assert [len(order.segments) for order in parts] == [1] * 4
    mixed = {sound.key for order in parts for sound in order.soundtracks}
    assert mixed == {
        video.order.soundtrack.key for order in videos for video in order.variants if video.order.soundtrack
    }
    assert len(videos) == 4


async def test_a_segment_that_fails_takes_no_other_clips_videos_along(bed: ControllerBed) -> None:
    """All videos with the sound that its Job was to mix as well would fail for a clip that they do not show."""
    bad: set[str] = set()

    def judge(order: WorkOrder) -> Outcome | None:
        bad.update(each.key for each in order.segments if order.soundtracks)
        return None if bad.isdisjoint(order.own_parts) else outcomes.oom()

    bed.cluster.judge = judge
    limits = {"resources": {"limits": {"memory": "1Gi"}}}
    bed.apply(bed.task("camp", [[0, 1, 2], [3, 4, 5]], lines=2, execution=limits))

    status = await bed.phase("camp", "Failed")

    # Alone, they are tried once more.
    tries = [[each.key for each in order.segments] for order in bed.cluster.orders]
    assert sorted(tries.count([key]) for key in bad) == [2, 2]
    # Of two clips of one block, or of one of each.
    assert status["failed"] in {6, 5}
    assert len(bed.objects("camp")) == 9 - status["failed"]


async def test_the_next_operator_knows_jobs_that_mix_beside_segments(bed: ControllerBed) -> None:
    """What runs would be ended, and encoded anew."""
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=2))
    await bed.running("camp", 4)
    first = bed.active("camp")

    await bed.restart()
    await bed.rest()
    assert bed.active("camp") == first
    bed.cluster.go_on()
    await bed.phase("camp", "Complete")

    assert not bed.cluster.deleted
    assert set(bed.cluster.made.values()) == {1}


async def test_jobs_are_owned_by_their_task(bed: ControllerBed) -> None:
    """Kubernetes would leave them behind when the task is deleted."""
    bed.apply(bed.task("camp", TWO_BY_TWO))

    await bed.phase("camp", "Complete")

    uid = bed.get("camp")["metadata"]["uid"]
    assert {owner_uid(job) for job in bed.cluster.jobs_of("camp")} == {uid}


async def test_jobs_in_a_queue_are_told_as_queued(bed: ControllerBed) -> None:
    """Nobody would see why nothing moves."""
    bed.cluster.queues = True

    bed.apply(bed.task("camp", [[0, 1, 2]], execution={"parallelism": 2}))
    await bed.until(lambda: "2 of 2 Jobs wait in a queue" in bed.status("camp").get("message", ""), "told")

    assert bed.status("camp")["active"] == len(bed.cluster.orders) == 2


async def test_jobs_that_a_queue_admits_are_made(bed: ControllerBed) -> None:
    """A campaign in a queue would never end, or still be told as waiting."""
    bed.cluster.queues = True
    bed.apply(bed.task("camp", [[0, 1]]))
    await bed.running("camp", 2)

    bed.cluster.admit()
    status = await bed.phase("camp", "Complete")

    assert "queue" not in status["message"]
    assert status["succeeded"] == 2


async def test_a_campaign_is_published_with_its_page(bed: ControllerBed) -> None:
    """Nobody would find the videos."""
    bed.apply(bed.task("camp", TWO_BY_TWO))

    status = await bed.phase("camp", "Complete")

    assert status["index"] == "gs://bucket/out/camp/index.json"
    assert bed.objects("camp", ".html") == {"camp/gallery.html"}
    assert bed.output.read("camp/index.json").decode().count('"name"') == 4


async def test_nothing_is_asked_again_for_each_of_a_thousand_videos(bed: ControllerBed) -> None:
    """A large campaign would list everything for every Job, or write its status a thousand times."""
    ten = [[*range(10)], [*range(10, 20)], [*range(20, 30)]]

    bed.apply(bed.task("camp", ten, execution={"parallelism": 400}))
    status = await bed.phase("camp", "Complete")

    calls = bed.cluster.faults.calls
    assert status["succeeded"] == len(bed.objects("camp")) == 1000
    assert calls["create_job"] == len(bed.cluster.orders) == 1030
    assert calls["jobs"] + calls["failed_pods"] + bed.cache.faults.calls["list"] < 10
    assert bed.metric("reconcile_seconds_count") < 20
    assert len(bed.cluster.statuses) < 20


# Packed as it pays


def videos_of(bed: ControllerBed) -> list[int]:
    """How many videos each Job makes or carries that was created, in order."""
    return [len((*order.variants, *order.joins)) for order in bed.cluster.orders]


AUTO = {"variantsPerJob": "auto", "parallelism": 2}


async def test_jobs_are_packed_as_it_pays_and_the_task_says_how(bed: ControllerBed) -> None:
    """Nobody could tell why there are so few Jobs."""
    bed.encoding_took(2)
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[*range(12)]], execution=AUTO))
    await bed.running("camp", 2)

    words = (
        "12 videos, with the 12 parts that they lack, in 2 Jobs: a part takes about 2 s, a pod's start 3 s"
    )
    await bed.until(lambda: words in bed.status("camp")["message"], "it is said")
    assert videos_of(bed) == [6, 6]
    assert [each for _, each in bed.events if each.reason == "Packed"] == [("Normal", "Packed", words)]

    bed.cluster.go_on()
    assert "12 videos, " not in (await bed.phase("camp", "Complete"))["message"]


@pytest.mark.parametrize(("took_s", "jobs"), [(60, [1] * 5), (4, [2, 2, 1]), (0.01, [5])])
async def test_what_parts_took_before_decides_how_they_are_packed(
    bed: ControllerBed, took_s: float, jobs: list[int]
) -> None:
    """Long encodes would wait for one another in one Job, and short ones for pods."""
    bed.encoding_took(took_s)
    bed.apply(bed.task("camp", [[*range(5)]], execution={"variantsPerJob": "auto"}))
    await bed.phase("camp", "Complete")

    assert videos_of(bed) == jobs


async def test_what_videos_took_before_decides_how_they_are_packed(bed: ControllerBed) -> None:
    """Long videos of parts that are there would wait for one another in one Job."""
    bed.apply(bed.task("camp", [[*range(5)]], execution=AUTO))
    await bed.phase("camp", "Complete")
    for video in [each for each in bed.output.list("camp/") if each.name.endswith(".mp4")]:
        bed.output.put_bytes(video.name, b"media", {**video.metadata, "took": "60"}, replace=True)

    captions = {"mode": "soft"}
    bed.edit(
        "camp",
        speech=[{"voice": "Rachel", "text": "x"}],
        captions=captions,
        execution={"variantsPerJob": "auto"},
    )
    await bed.phase("camp", "Complete")

    assert [len(order.variants) for order in bed.cluster.orders if order.variants] == [1, 1, 1, 1, 1]


async def test_another_operator_goes_on_with_jobs_as_they_were_packed(bed: ControllerBed) -> None:
    """What runs would be ended and made anew, since other videos are left and other times are known."""
    bed.encoding_took(2)
    bed.cluster.judge = lambda order: outcomes.hang() if "clip9" in str(order.joins) else None
    bed.apply(bed.task("camp", [[*range(18)]], execution=AUTO | {"parallelism": 3}))
    await bed.until(lambda: bed.status("camp").get("succeeded") == 12, "two of three Jobs")
    before = bed.active("camp")

    await bed.restart()
    await bed.rest(60)

    assert (bed.active("camp"), bed.cluster.deleted, videos_of(bed)) == (before, [], [6, 6, 6])
    words = "6 videos, with the 6 parts that they lack, in 1 Job: packed as those that run"
    assert words in bed.status("camp")["message"]
    bed.cluster.go_on()
    assert (await bed.phase("camp", "Complete"))["succeeded"] == 18


async def test_an_edit_to_auto_packs_anew(bed: ControllerBed) -> None:
    """The edit would do nothing until the campaign is over."""
    bed.encoding_took(2)
    bed.cluster.judge = lambda _: outcomes.hang()
    bed.apply(bed.task("camp", [[*range(12)]], execution={"variantsPerJob": 1, "parallelism": 2}))
    await bed.running("camp", 2)

    bed.edit("camp", execution=AUTO)
    await bed.until(lambda: videos_of(bed)[2:] == [6, 6], "two Jobs of six")
    bed.cluster.go_on()

    assert (await bed.phase("camp", "Complete"))["succeeded"] == 12


async def test_a_suspended_task_is_not_packed(bed: ControllerBed) -> None:
    """An Event would tell of Jobs that nobody creates."""
    bed.apply(bed.task("camp", [[*range(12)]], execution=AUTO | {"suspend": True}))
    await bed.phase("camp", "Suspended")
    await bed.rest()

    assert not [each for _, each in bed.events if each.reason == "Packed"]
