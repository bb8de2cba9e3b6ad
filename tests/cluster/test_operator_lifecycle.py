from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cliptask import names
from cliptask.orders import WorkOrder, WorkReport
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Bed
from cluster.outcomes import Outcome

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments, each of which two variants share."""
UNFIT = WorkReport(reason="SourceUnusable", message="its third picture is torn").model_dump_json()


@contextmanager
def held(bed: Bed, step: str = "segment") -> Iterator[None]:
    """No Job of this step ends in here; afterwards all go on."""
    opened = threading.Event()

    def judge(_: WorkOrder, pod: Document) -> Outcome | None:
        if pod["metadata"]["labels"]["cliptask.dev/step"] == step:
            assert opened.wait(240)
        return None

    bed.renderers.judge = judge
    try:
        yield
    finally:
        opened.set()


def uids(bed: Bed, name: str = "camp") -> dict[str, str]:
    """Of the Jobs that are there and stay, by their names."""
    there = [each["metadata"] for each in bed.jobs(name)]
    return {each["name"]: each["uid"] for each in there if "deletionTimestamp" not in each}


def made(bed: Bed) -> Counter[str]:
    """How many segments, pictures of them, soundtracks and videos were made; fails where one was made twice."""
    assert set(bed.renderers.made.values()) <= {1}, bed.renderers.made
    return Counter(
        "segment" if name == names.segment_object(Path(name).stem) else Path(name).suffix
        for name in bed.renderers.made
    )


def phase(bed: Bed, wanted: str, name: str = "camp") -> Document:
    """Wait for a phase; returns the status."""
    bed.wait_for(lambda: bed.status(name).get("phase") == wanted, f"{name}: {wanted}")
    return bed.status(name)


def patch(bed: Bed, spec: Document, name: str = "camp") -> None:
    """Change a part of a spec."""
    bed.kubectl("patch", "clip", name, "--type=merge", "-p", json.dumps({"spec": spec}))


def test_captions_that_somebody_deleted_come_again(bed: Bed) -> None:
    """The campaign's page would lead nowhere from then on."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=1, captions={"mode": "sidecar"}))
    bed.wait("camp")
    before, store = bed.renderers.made.copy(), bed.renderers.store(f"gs://{bed.bucket}/out")
    (lost,) = (each.name for each in store.list("camp/captions/"))
    store.delete(lost)

    bed.kubectl("annotate", "clip", "camp", "cliptask.dev/retry=1")
    bed.wait_for(lambda: bed.status("camp").get("observedRetry") == "1", "the retry is seen")
    status = bed.wait("camp")

    assert status["succeeded"] == 4
    assert store.stat(lost) is not None
    assert bed.renderers.made == before


def test_an_edit_makes_only_what_is_new(bed: Bed) -> None:
    """A clip more would cost the whole campaign again, and the speech."""
    task = bed.task("camp", TWO_BY_TWO, lines=1)
    bed.apply(task)
    bed.wait("camp")
    calls, jobs, before = bed.account.speech_calls, uids(bed), made(bed)

    bed.apply({**task, "spec": task["spec"] | bed.task("camp", [[0, 1, 4], [2, 3]])["spec"]})
    status = bed.wait("camp")

    assert status["succeeded"] == status["variants"] == len(bed.videos("camp")) == 6
    assert before == {"segment": 4, ".m4a": 1, ".mp4": 4, ".jpg": 4}
    assert made(bed) - before == {"segment": 1, ".mp4": 2, ".jpg": 1}
    assert bed.account.speech_calls == calls
    assert jobs.items() <= uids(bed).items()


def test_an_edit_of_a_running_campaign_ends_only_what_nobody_wants(bed: Bed) -> None:
    """An edit would begin the campaign anew, or let Jobs run for a clip that is gone."""
    with held(bed):
        bed.apply(bed.task("camp", TWO_BY_TWO))
        bed.wait_for(lambda: len(uids(bed)) == 4, "segments")
        before = uids(bed)

        bed.apply(bed.task("camp", [[0, 4], [2, 3]]))
        bed.wait_for(lambda: len(set(before) - set(uids(bed))) == 1, "one Job gone")
        bed.wait_for(lambda: len(uids(bed)) == 4, "one Job more")
        after = uids(bed)

    assert len(before.items() & after.items()) == 3
    assert bed.wait("camp")["succeeded"] == len(bed.videos("camp")) == 4
    made(bed)


def test_a_suspended_task_shows_its_plan_and_spends_nothing(bed: Bed) -> None:
    """A person could not see what a campaign costs before it does."""
    bed.apply(bed.task("camp", TWO_BY_TWO, lines=2, execution={"suspend": True}))
    status = phase(bed, "Suspended")

    assert (status["variants"], status["segments"], status["speechCharacters"]) == (4, 4, 12)
    assert "4 videos and 4 segments would be made, 12 characters" in status["message"]
    assert (status["speechCharactersPaid"], bed.account.speech_calls, bed.jobs("camp")) == (0, 0, [])

    patch(bed, {"execution": {"suspend": False}})

    assert bed.wait("camp")["succeeded"] == 4
    assert bed.account.speech_calls == 2


def test_suspending_ends_what_runs(bed: Bed) -> None:
    """Jobs would go on and cost after somebody stopped the campaign."""
    with held(bed, "variant"):
        bed.apply(bed.task("camp", TWO_BY_TWO))
        bed.wait_for(lambda: len(uids(bed)) == 8, "segments, then variants")

        patch(bed, {"execution": {"suspend": True}})
        status = phase(bed, "Suspended")
        bed.wait_for(lambda: len(bed.jobs("camp")) == 4, "only finished Jobs left")

        assert (status["active"], status["segmentsReady"]) == (0, 4)

    patch(bed, {"execution": {"suspend": False}})
    assert bed.wait("camp")["succeeded"] == 4


def test_a_retry_makes_only_what_failed(bed: Bed) -> None:
    """A mended source would need a new campaign, or every video would be paid for again."""

    def unfit(order: WorkOrder, _: Document) -> Outcome | None:
        torn = any(each.name.startswith("clip0-clip3") for each in order.variants)
        return outcomes.fail(65, UNFIT) if torn else None

    bed.renderers.judge = unfit
    bed.apply(bed.task("camp", TWO_BY_TWO))
    status = bed.wait("camp", "Failed")
    (failure,) = status["failures"]
    orders = len(bed.renderers.orders)

    assert bed.condition("camp", "Failed")["reason"] == "VariantsFailed"
    assert (status["phase"], status["succeeded"], status["failed"]) == ("Failed", 3, 1)
    assert failure["variant"].startswith("clip0-clip3")
    assert (failure["reason"], failure["message"]) == ("SourceUnusable", "its third picture is torn")

    bed.renderers.judge = lambda _order, _pod: None
    bed.kubectl("annotate", "clip", "camp", "cliptask.dev/retry=1")
    status = bed.wait("camp")

    assert (status["observedRetry"], status["succeeded"], status["failed"]) == ("1", 4, 0)
    assert status.get("failures", []) == []
    assert len(bed.renderers.orders) == orders + 1
    assert made(bed)[".mp4"] == 4


def test_a_deleted_task_goes_with_its_jobs_and_comes_back_where_it_was(bed: Bed) -> None:
    """A deletion would hang, leave Jobs that cost, take another task's along, or lose what was made."""
    with held(bed, "variant"):
        bed.apply(bed.task("camp", TWO_BY_TWO), bed.task("other", [[4]]))
        bed.wait_for(lambda: len(uids(bed)) == 8, "segments, then variants")
        bed.wait_for(lambda: uids(bed, "other"), "the other task's Job")
        other = uids(bed, "other")

        bed.kubectl("delete", "clip", "camp", "--timeout=60s")
        bed.wait_for(lambda: not bed.jobs("camp"), "Jobs gone")

        assert uids(bed, "other") == other
        orders = len(bed.renderers.orders)

    bed.wait("other")
    bed.apply(bed.task("camp", TWO_BY_TWO))
    assert bed.wait("camp")["succeeded"] == len(bed.videos("camp")) == 4
    assert not any(order.segments for order in bed.renderers.orders[orders:])
    made(bed)


def test_a_task_goes_also_without_an_operator(bed: Bed) -> None:
    """A namespace that is deleted together with the operator would hang for ever."""
    with held(bed):
        bed.apply(bed.task("camp", TWO_BY_TWO))
        bed.wait_for(lambda: len(uids(bed)) == 4, "segments")

        assert not bed.get("camp")["metadata"].get("finalizers")
        bed.stop(kill=True)
        bed.kubectl("delete", "clip", "camp", "--timeout=60s")

    bed.wait_for(lambda: not bed.jobs("camp"), "Jobs gone")


def test_a_replaced_task_is_made_once(bed: Bed) -> None:
    """A tool that writes the same task again and again would have it made again and again."""
    task = bed.task("camp", TWO_BY_TWO)
    with held(bed, "variant"):
        bed.apply(task)
        bed.wait_for(lambda: len(uids(bed)) == 8, "segments, then variants")
        running = uids(bed)
        bed.plane.kubectl("replace", "-f", "-", stdin=json.dumps(task))
    bed.wait("camp")

    bed.plane.kubectl("replace", "-f", "-", stdin=json.dumps(task))
    bed.apply(bed.task("later", [[0], [4]]))
    bed.wait("later")

    assert uids(bed) == running
    assert sum(order.task == "camp" for order in bed.renderers.orders) == 8
    assert bed.status("camp")["phase"] == "Complete"
    made(bed)


def test_pruning_leaves_what_the_task_wants(bed: Bed) -> None:
    """Videos that nobody wants would be paid for, or those that somebody wants be lost."""
    output = {"uri": f"gs://{bed.bucket}/out", "prune": True}
    bed.apply(bed.task("camp", TWO_BY_TWO, output=output), bed.task("kept", TWO_BY_TWO))
    bed.wait("camp")
    bed.wait("kept")

    bed.apply(bed.task("camp", [[0], [2, 3]], output=output), bed.task("kept", [[0], [2, 3]]))
    bed.wait("camp")
    bed.wait("kept")

    assert {name.split("-")[0] for name in bed.videos("camp")} == {"camp/clip0"}
    assert (len(bed.videos("camp")), len(bed.videos("kept"))) == (2, 4)

    # It carries no finalizer, without which the deletion would go unnoticed.
    bed.plane.kubectl("replace", "-f", "-", stdin=json.dumps(bed.task("camp", [[0], [2, 3]], output=output)))
    bed.wait_for(lambda: bed.get("camp")["metadata"].get("finalizers"), "the finalizer is back")
    bed.kubectl("delete", "clip", "camp", "kept", "--timeout=60s")

    assert (len(bed.videos("camp")), len(bed.videos("kept"))) == (0, 4)


def test_pruning_a_running_task_leaves_nothing(bed: Bed) -> None:
    """What was under way when a task was deleted would lie in the bucket for ever."""
    output = {"uri": f"gs://{bed.bucket}/out", "prune": True}
    bed.renderers.judge = lambda order, _: (
        outcomes.hang() if any(each.name.startswith("clip1") for each in order.variants) else None
    )
    bed.apply(bed.task("camp", TWO_BY_TWO, output=output))
    bed.wait_for(lambda: bed.status("camp").get("succeeded") == 2, "half of it")

    bed.kubectl("delete", "clip", "camp", "--timeout=60s")
    bed.wait_for(lambda: not bed.jobs("camp"), "Jobs gone")

    assert list(bed.renderers.store(f"gs://{bed.bucket}/out").list("camp/")) == []


def test_a_refused_task_removes_nothing(bed: Bed) -> None:
    """Whoever may create tasks could empty any bucket that the operator reaches."""
    store = bed.renderers.store(f"gs://{bed.gcs.bucket()}/out")
    store.put_bytes("camp/theirs-abababab.mp4", b"media", {"key": "ab" * 32})
    store.put_bytes("camp/owner.json", b"{}", {"namespace": bed.namespace, "name": "camp"})
    bed.apply(bed.task("camp", [[0]], output={"uri": store.uri, "prune": True}))
    bed.wait("camp", "Failed")

    bed.kubectl("delete", "clip", "camp", "--timeout=60s")

    assert store.stat("camp/theirs-abababab.mp4") is not None
