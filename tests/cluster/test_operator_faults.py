from __future__ import annotations

from collections import Counter

from cliptask.orders import WorkReport
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Bed


def lying(bed: Bed, lies: int) -> None:
    """Have so many pods succeed without making anything."""
    left = iter(range(lies))
    bed.renderers.judge = lambda _order, _pod: outcomes.succeed() if next(left, None) is not None else None


def reasons(status: Document) -> Counter[str]:
    """Of the variants that could not be made."""
    return Counter(each["reason"] for each in status["failures"])


def test_each_failure_is_told_by_its_own_reason(bed: Bed) -> None:
    """Whoever reads the status would have to search logs of pods that are gone."""
    bad = WorkReport(reason="SourceUnusable", message="clip1 has no picture").model_dump_json()
    ends = iter(
        [outcomes.fail(65, bad), outcomes.fail(75, "the bucket is away"), outcomes.oom(), outcomes.hang()]
    )
    # Who runs out of memory does so in the second try as well.
    bed.renderers.judge = lambda _order, _pod: next(ends, outcomes.oom())
    execution = {"backoffLimit": 0, "activeDeadlineSeconds": 40}

    bed.apply(bed.task("camp", [[0, 1, 2, 3]], execution=execution))
    status = bed.wait("camp", "Failed", timeout_s=150)

    told = {each["reason"]: each["message"] for each in status["failures"]}
    assert told.keys() == {"SourceUnusable", "RendererFailed", "OutOfMemory", "DeadlineExceeded"}, status
    assert told["SourceUnusable"] == "clip1 has no picture"
    assert "75" in told["RendererFailed"]
    assert "the bucket is away" in told["RendererFailed"]
    assert "resources.limits.memory" in told["OutOfMemory"]
    assert "activeDeadlineSeconds" in told["DeadlineExceeded"]
    assert (status["failed"], status["succeeded"], len(told)) == (4, 0, 4)


def test_who_runs_out_of_memory_is_tried_once_more_with_more(bed: Bed) -> None:
    """Somebody would have to learn how much a clip takes, and edit every task that shows it."""
    ends = iter([outcomes.oom()])
    bed.renderers.judge = lambda _order, _pod: next(ends, None)

    bed.apply(bed.task("camp", [[0]], execution={"backoffLimit": 0}))
    status = bed.wait("camp")

    (job,) = bed.jobs("camp")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "3Gi"
    assert (status["succeeded"], status["failed"], len(bed.renderers.orders)) == (1, 0, 2)
    told = bed.kubectl("get", "events", "-o", "jsonpath={.items[*].message}")
    assert "1 Job ran out of memory (2Gi) and may use 3Gi in a second try" in told


def test_jobs_are_packed_where_the_task_leaves_it_open(bed: Bed) -> None:
    """The API would refuse a word for a number, or nobody could tell why there are so few Jobs."""
    bed.apply(bed.task("camp", [[*range(12)]], execution={"variantsPerJob": "auto", "parallelism": 2}))
    bed.wait("camp")

    assert [len(order.joins) for order in bed.renderers.orders] == [12]
    told = bed.kubectl("get", "events", "-o", "jsonpath={.items[*].message}")
    assert "12 videos, with the 12 parts that they lack, in 1 Job: a part takes about 0.00" in told


def test_what_may_pass_is_tried_again_by_the_job(bed: Bed) -> None:
    """A bucket that was away for a second would cost a video."""
    ends = iter([outcomes.fail(75, "the bucket is away")])
    bed.renderers.judge = lambda _order, _pod: next(ends, None)

    bed.apply(bed.task("camp", [[0]], execution={"backoffLimit": 1}))
    bed.wait("camp")

    assert len(bed.renderers.orders) == 2
    assert len(bed.jobs("camp")) == 1


def test_a_job_deleted_by_hand_is_made_again(bed: Bed) -> None:
    """A campaign would wait for ever for what somebody cleaned up."""
    ends = iter([outcomes.hang()])
    bed.renderers.judge = lambda _order, _pod: next(ends, None)
    bed.apply(bed.task("camp", [[0]]))
    bed.wait_for(lambda: bed.renderers.orders, "a pod runs")

    bed.kubectl("delete", "jobs", "--all")
    bed.wait("camp")

    assert len(bed.renderers.orders) == 2


def test_an_evicted_pod_is_no_failure(bed: Bed) -> None:
    """Whoever saves money with spot nodes would lose videos with them."""
    ends = iter([outcomes.evict()])
    bed.renderers.judge = lambda _order, _pod: next(ends, None)

    bed.apply(bed.task("camp", [[0]], execution={"backoffLimit": 0}))
    bed.wait("camp")

    assert len(bed.renderers.orders) == 2
    assert len(bed.jobs("camp")) == 1


def test_a_job_is_not_taken_at_its_word(bed: Bed) -> None:
    """The task would be Complete with a video missing."""
    lying(bed, 2)

    bed.apply(bed.task("camp", [[0]]))
    bed.wait("camp")

    assert len(bed.videos("camp")) == 1


def test_an_eternal_liar_is_told_as_such(bed: Bed) -> None:
    """The same Job would be made again for ever, and paid for."""
    lying(bed, 1000)

    bed.apply(bed.task("camp", [[0], [1, 2]]))
    status = bed.wait("camp", "Failed")

    assert reasons(status) == {"ObjectMissing": 2}
    assert 'cliptask_jobs_failed_total{reason="ObjectMissing"} 2.0' in bed.metrics()


def test_a_segment_that_is_said_to_be_there_is_made_again(bed: Bed) -> None:
    """Every variant that needs it would make it on its own, or fail."""
    lying(bed, 1)

    bed.apply(bed.task("camp", [[0], [1, 2]]))
    status = bed.wait("camp")

    assert status["segmentsReady"] == status["segments"] == 3
    assert len(bed.videos("camp")) == 2
