from __future__ import annotations

from collections import Counter

from cluster.bed import Bed
from cluster.gate import Gate


def test_tasks_share_what_is_in_the_cache(bed: Bed) -> None:
    """Every edition of a campaign would be downloaded and encoded from its beginning."""
    bed.apply(
        bed.task("one", [[0, 1], [2, 3]]), bed.task("other", [[0, 1], [2, 3]], execution={"suspend": True})
    )
    bed.wait("one")
    segments = sum(len(order.segments) for order in bed.renderers.orders)
    bed.kubectl("patch", "clip", "other", "--type=merge", "-p", '{"spec":{"execution":{"suspend":false}}}')
    bed.wait("other")

    whole = Counter(seen.path for seen in bed.web.requests if "If-None-Match" not in seen.headers)
    assert whole == {f"/clip{number}.mp4": 1 for number in range(4)}
    assert segments == sum(len(order.segments) for order in bed.renderers.orders) == 4
    assert set(bed.renderers.made.values()) == {1}


def test_tasks_that_run_at_once_make_each_part_once(bed: Bed) -> None:
    """Editions of a campaign that are applied together would each encode all of it."""
    names = [f"camp{number}" for number in range(4)]

    bed.apply(*(bed.task(name, [[0, 1], [2, 3]], lines=1) for name in names))
    for name in names:
        bed.wait(name)

    parts = Counter(part.key for order in bed.renderers.orders for part in order.segments)
    assert len(parts) == 4
    assert set(parts.values()) == {1}
    assert set(bed.renderers.made.values()) == {1}


def test_a_soundtrack_is_mixed_by_one_job(bed: Bed) -> None:
    """Every video with the same line would mix it again."""
    gate = Gate(bed)
    bed.apply(bed.task("camp", [[0, 1, 2]], lines=1))
    bed.wait_for(lambda: bed.renderers.orders, "the first Job runs")
    bed.wait_for(lambda: bed.status("camp").get("active") == 1, "that is told")

    assert len(bed.jobs("camp")) == 1
    gate.open()
    bed.wait("camp")

    (soundtrack,) = [name for name in bed.renderers.made if name.startswith("soundtracks/")]
    assert bed.renderers.made[soundtrack] == 1
    assert len(bed.videos("camp")) == 3


def test_all_tasks_share_the_account(bed: Bed) -> None:
    """Twenty tasks would each use the whole account, which refuses them."""
    names = [f"camp{number}" for number in range(20)]

    bed.apply(*(bed.task(name, [[0, 1]], lines=2) for name in names))
    for name in names:
        bed.wait(name, timeout_s=120)

    assert (bed.account.most_at_once, bed.account.refused, bed.account.speech_calls) == (2, 0, 40)
    assert all(bed.status(name)["succeeded"] == len(bed.videos(name)) == 2 for name in names)
