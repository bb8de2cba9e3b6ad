from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from cliptask.orders import VariantOrder, WorkOrder
from cliptask.planning.plan import Campaign, plan
from cliptask_operator.campaign.inventory import Inventory, missing
from cliptask_operator.controller.carriers import carriers
from cliptask_operator.controller.desired import Desired
from cliptask_operator.controller.reconcile import Decision, Observed, Window, reconcile
from cliptask_operator.kubernetes.job_status import JobFacts, JobFailure
from cliptask_operator.kubernetes.manifests import job_name
from cliptask_operator.kubernetes.task_state import TaskRef
from support.campaigns import line, sources, task

TASK = TaskRef("ads", "t", "uid")
BROKEN = JobFailure("CheckFailed", "24 frames instead of 25")


def campaign(blocks: list[int], *, tracks: int = 0, crossfade: bool = False) -> Campaign:
    """Every combination of that many clips in each block."""
    spec: dict[str, Any] = {"transitions": [{"duration": "500ms"}]} if crossfade else {}
    wanted = task(blocks, tracks, **spec)
    return plan(wanted, sources(wanted), [])


def desired(blocks: list[int], **changes: Any) -> Desired:  # noqa: ANN401  fields of many types
    """One variant a Job, as many Jobs as wanted."""
    return replace(
        Desired(TASK, campaign(blocks), "gs://b/cache", "gs://b", "1/", parallelism=50, variants_per_job=1),
        **changes,
    )


def observed(**changes: Any) -> Observed:  # noqa: ANN401  as above
    """Nothing, but for the changes."""
    return replace(Observed(frozenset(), frozenset(), {}), **changes)


def jobs(names: Iterable[str], state: Any = "active", **changes: Any) -> dict[str, JobFacts]:  # noqa: ANN401  as above
    """Jobs of these names."""
    return {name: replace(JobFacts(name, state, "1/"), **changes) for name in names}


def created(decision: Decision) -> list[str]:
    """What the Jobs make that are to be created: names of videos, first digits of segments."""
    return [
        " ".join([*(each.name for each in order.variants), *(each.key for each in order.segments)])
        for _, order in decision.create
    ]


def variants(of: Desired) -> list[str]:
    """Names of all videos."""
    return [each.name for each in of.campaign.variants]


def parts(of: Desired, video: int) -> list[str]:
    """Keys of a video's segments."""
    return [part.key for part in of.campaign.variants[video].order.segments]


def segments(of: Desired) -> set[str]:
    """Keys of all segments."""
    return {each.key for each in of.campaign.segments}


# Examples


def test_jobs_know_what_people_call_their_sources() -> None:
    """A failed Job would blame a hash."""
    wanted = desired([2])

    for number, (_, order) in enumerate([*wanted.variant_orders, *wanted.segment_orders.values()]):
        assert list(order.places.values()) == [
            f"spec.videoBlocks[0].clips[{number % 2}] (https://cdn.example.com/b0c{number % 2}.mp4)"
        ]


def test_of_forms_whose_videos_are_there_nothing_is_made_again() -> None:
    """Another form, added when somebody has emptied the cache, would have the whole campaign encoded anew."""
    pictures = [{"name": f"p{height}", "width": 100, "height": height} for height in (100, 120, 140)]
    of = task([2, 2], pictures=pictures)
    made = plan(of, sources(of), [])
    there = frozenset(each.name for each in made.variants if each.form != "p140")
    forms = replace(desired([1]), campaign=made, finished=there)

    orders = [order for _, order in reconcile(forms, observed(videos=there)).create]

    assert {part.profile.height for order in orders for part in order.segments} == {140}
    assert len(orders) == 4
    # And where one of those is removed meanwhile, it is made again.
    again = reconcile(forms, observed(videos=there - {min(there)}, parts=segments(forms)))
    assert [each.name for _, order in again.create for each in order.variants if each.name in there] == [
        min(there)
    ]


def test_forms_of_the_same_pictures_are_made_by_one_job() -> None:
    """Each form would have the clip decoded again, in a pod of its own."""
    pictures = [{"name": f"p{height}", "width": 100, "height": height} for height in (100, 120, 140)]
    of = task([2, 2], pictures=pictures)
    forms = replace(desired([1]), campaign=plan(of, sources(of), []))
    first = forms.campaign.variants[0].order.segments[0]

    fresh = reconcile(forms, observed())
    added = reconcile(forms, observed(parts=segments(forms) - {first.key}))

    assert [len(order.segments) for _, order in fresh.create] == [3] * 4
    assert {part.key for _, order in fresh.create for part in order.segments} == segments(forms)
    assert all(len({part.cuts for part in order.segments}) == 1 for _, order in fresh.create)
    assert [order.segments for _, order in added.create if order.segments] == [
        order.segments for _, order in fresh.create if first in order.segments
    ]
    assert added.making >= {first.key}


def test_what_nobody_shares_is_made_by_the_videos_own_job() -> None:
    """Each video would wait for Jobs that save nothing."""
    wanted = desired([1, 1])

    decision = reconcile(wanted, observed())

    assert created(decision) == variants(wanted)
    assert (decision.active, decision.finished, decision.delete) == (1, False, ())


def test_jobs_in_a_queue_hold_their_places_and_are_told_of() -> None:
    """A campaign would put ever more Jobs into a full queue, and nobody would see why nothing moves."""
    wanted = desired([3, 1], parallelism=2)
    queued, running, _ = (name for name, _ in wanted.variant_orders)
    known = jobs([queued], suspended=True) | jobs([running])

    decision = reconcile(wanted, observed(parts=frozenset(segments(wanted)), jobs=known))

    assert (decision.create, decision.delete, decision.active, decision.queued) == ((), (), 2, 1)


# Quotas and stuck Jobs


def test_a_quota_is_a_window() -> None:
    """Jobs would be sent that nobody lets in."""
    wanted = desired([5, 1], parallelism=4)
    there = observed(parts=segments(wanted))

    def number(window: Window) -> int:
        return len(reconcile(wanted, replace(there, window=window)).create)

    assert number(Window(3, is_open=True)) == 3
    assert number(Window(9, is_open=True)) == 4
    assert number(Window(3, is_open=False)) == 0


def test_finished_jobs_make_room_where_they_are_counted() -> None:
    """They would fill the quota until their time has come, or be gone where they are in nobody's way."""
    wanted = desired([4, 1])
    names = [name for name, _ in wanted.variant_orders]
    known = jobs(names[:1], "failed") | jobs(names[1:2], "succeeded")
    there = observed(
        parts=segments(wanted),
        videos={variants(wanted)[1]},
        jobs=known,
        failures={names[0]: BROKEN},
    )

    def deleted(jobs: int, *, counts: bool) -> tuple[str, ...]:
        return reconcile(
            wanted, replace(there, window=Window(jobs, is_open=True, counts_finished=counts))
        ).delete

    assert deleted(3, counts=False) == ()
    assert deleted(4, counts=True) == ()
    assert deleted(3, counts=True) == (names[1],)
    assert deleted(2, counts=True) == (names[1], names[0])


def test_of_stuck_jobs_those_are_made_anew_that_other_settings_made() -> None:
    """They would wait for what was mended long ago; or those that run would begin again."""
    wanted = desired([3, 1], settings="new")
    new, old, runs = (name for name, _ in wanted.variant_orders)
    known = jobs([new], settings="new") | jobs([old, runs], settings="old")

    decision = reconcile(wanted, observed(parts=segments(wanted), jobs=known, stuck={new, old}))

    assert (decision.delete, decision.create, decision.active) == ((old,), (), 2)


def test_stuck_jobs_beyond_a_quota_come_again_later() -> None:
    """Their deadline would pass before they may start."""
    wanted = desired([5, 1])
    names = [name for name, _ in wanted.variant_orders]
    there = observed(parts=segments(wanted), jobs=jobs(names), stuck=set(names[1:]))

    decision = reconcile(wanted, replace(there, window=Window(2, is_open=True)))

    assert (set(decision.delete), decision.create, decision.active) == ({*names[2:]}, (), 2)


def test_shared_segments_come_first_and_once() -> None:
    """Every video would encode them again."""
    wanted = desired([2, 1])

    decision = reconcile(wanted, observed())

    (shared,) = set(parts(wanted, 0)) & set(parts(wanted, 1))
    assert created(decision) == [shared]


def test_a_video_begins_as_soon_as_its_own_shared_segments_are_there() -> None:
    """The slowest segment would hold up every video."""
    wanted = desired([2, 2])
    there = set(parts(wanted, 0))

    decision = reconcile(wanted, observed(parts=there))

    assert created(decision)[0] == variants(wanted)[0]
    assert set(created(decision)[1:]) == segments(wanted) - there


def test_videos_go_before_further_segments() -> None:
    """With few Jobs at a time, the first video would be ready last."""
    wanted = desired([2, 2], parallelism=1)

    decision = reconcile(wanted, observed(parts=set(parts(wanted, 3))))

    assert created(decision) == [variants(wanted)[3]]


def test_no_more_jobs_run_than_the_task_says() -> None:
    """The cluster is not this task's alone."""
    wanted = desired([5, 1], parallelism=3)
    there = observed(parts=segments(wanted))
    running = jobs([wanted.variant_orders[1][0], wanted.variant_orders[4][0]])

    decision = reconcile(wanted, replace(there, jobs=running))

    assert [name for name, _ in decision.create] == [wanted.variant_orders[0][0]]
    assert decision.active == 3
    assert decision.delete == ()


def test_a_job_that_is_being_deleted_holds_no_place() -> None:
    """A pod that takes its time to end would hold up the campaign."""
    wanted = desired([2], parallelism=1)
    (leaving, _), (next_one, _) = wanted.variant_orders

    decision = reconcile(wanted, observed(jobs=jobs([leaving], deleting=True)))

    assert [name for name, _ in decision.create] == [next_one]
    assert decision.active == 1


def test_a_job_that_has_made_everything_holds_no_place() -> None:
    """While its pod is counted, for two seconds, nothing would be made in its stead; or it would be ended as unwanted."""
    wanted = desired([4], parallelism=2)
    (first, order), (second, _) = wanted.variant_orders[:2]
    there = observed(
        videos=frozenset(each.name for each in order.variants),
        jobs=jobs([first], made=True, started=True) | jobs([second]),
    )

    decision = reconcile(wanted, there)

    assert len(decision.create) == 1
    assert (decision.active, decision.delete) == (2, ())


def test_a_job_that_has_made_everything_holds_its_place_in_a_quota() -> None:
    """The pod of the next one would be refused, and tried again later than it could have begun."""
    wanted = desired([4], parallelism=4)
    first, order = wanted.variant_orders[0]
    there = observed(videos=frozenset(each.name for each in order.variants), jobs=jobs([first], made=True))

    def number(most: int) -> int:
        return len(reconcile(wanted, replace(there, window=Window(most, is_open=True))).create)

    assert [number(most) for most in (1, 2, 3)] == [0, 1, 2]


def test_fewer_at_a_time_ends_nothing_that_runs() -> None:
    """An edit of the number would throw away hours of encoding."""
    wanted = desired([5, 1], parallelism=1)
    running = jobs(name for name, _ in wanted.variant_orders[:3])

    decision = reconcile(wanted, observed(parts=segments(wanted), jobs=running))

    assert (decision.create, decision.delete, decision.active) == ((), (), 3)


def test_when_all_is_there_nothing_is_left() -> None:
    """A finished task would be looked at for ever; its finished Jobs stay for who reads their logs."""
    wanted = desired([2, 1])
    old = jobs(wanted.by_name, "succeeded")

    decision = reconcile(wanted, observed(videos=set(variants(wanted)), jobs=old))

    assert decision == Decision((), (), 0, 0, frozenset(), {}, finished=True)


def test_jobs_that_the_edited_task_does_not_want_end() -> None:
    """They would go on for nobody."""
    wanted = desired([1, 1])
    others = jobs(["t-of-an-edited-clip"]) | jobs(["t-done"], "succeeded") | jobs(["t-bad"], "failed")

    decision = reconcile(wanted, observed(jobs=others))

    assert decision.delete == ("t-of-an-edited-clip",)
    assert decision.active == 1


def test_a_job_is_kept_when_an_edit_makes_its_segments_shared() -> None:
    """One more clip in a block would end every Job that runs: they make what is wanted."""
    before, after = desired([2, 1]), desired([2, 2])
    there = observed(parts=set(parts(before, 0)) & set(parts(before, 1)))
    running = jobs(name for name, _ in reconcile(before, there).create)

    decision = reconcile(after, replace(there, jobs=running))

    assert len(running) == 2
    assert decision.delete == ()
    assert not running.keys() & dict(decision.create).keys()


def test_a_job_of_an_earlier_attempt_that_failed_is_tried_again_once_it_is_gone() -> None:
    """Its name is taken until then."""
    wanted = desired([1, 1])
    ((name, order),) = wanted.variant_orders
    failed = jobs([name], "failed", attempt="0/")

    decision = reconcile(wanted, observed(jobs=failed))
    going = reconcile(wanted, observed(jobs=jobs([name], "failed", deleting=True)))
    gone = reconcile(wanted, observed())

    assert (decision.create, decision.delete, decision.finished) == ((), (name,), False)
    assert (going.create, going.delete, going.finished) == ((), (), False)
    assert gone.create == ((name, order),)


def test_a_job_that_says_it_made_what_is_not_there_is_made_again() -> None:
    """A lost object would be missing for ever."""
    wanted = desired([1, 1])
    ((name, _),) = wanted.variant_orders

    assert reconcile(wanted, observed(jobs=jobs([name], "succeeded"))).delete == (name,)
    assert reconcile(wanted, observed(jobs=jobs([name], made=True))).delete == (name,)


def test_a_failed_job_is_not_tried_again() -> None:
    """Bad input would be encoded until somebody looks."""
    wanted = desired([2, 1])
    name = wanted.variant_orders[0][0]
    there = observed(parts=segments(wanted), failures={name: BROKEN})

    for known in ({}, jobs([name], "failed")):
        decision = reconcile(wanted, replace(there, jobs=known))

        assert decision.failed == {variants(wanted)[0]: BROKEN}
        assert created(decision) == variants(wanted)[1:]
        assert decision.delete == ()


def test_a_shared_segment_that_fails_fails_every_video_that_needs_it() -> None:
    """Each would try it again, and the others would wait for it for ever."""
    wanted = desired([2, 2])
    (bad, *_) = parts(wanted, 0)
    users = {
        each.name for each in wanted.campaign.variants if bad in {part.key for part in each.order.segments}
    }

    decision = reconcile(wanted, observed(failures={wanted.segment_orders[bad][0]: BROKEN}))

    assert decision.failed == dict.fromkeys(users, BROKEN)
    assert 0 < len(users) < 4
    assert bad not in created(decision)
    assert not decision.finished


def test_a_failed_segment_that_is_there_all_the_same_harms_nobody() -> None:
    """Another task, or another attempt, may have made it."""
    wanted = desired([2, 1])
    (shared,) = set(parts(wanted, 0)) & set(parts(wanted, 1))
    verdicts = {wanted.segment_orders[shared][0]: BROKEN}

    decision = reconcile(wanted, observed(parts={shared}, failures=verdicts))

    assert decision.failed == {}
    assert created(decision) == variants(wanted)


def test_a_soundtrack_is_made_by_one_job_and_waited_for_by_the_others() -> None:
    """Every video of a line would mix it again."""
    wanted = desired([4], campaign=campaign([4], tracks=2))
    first, second, third, fourth = variants(wanted)
    soundtracks = {each.order.soundtrack.key for each in wanted.campaign.variants if each.order.soundtrack}

    decision = reconcile(wanted, observed())
    waiting = reconcile(wanted, observed(jobs=jobs(dict(decision.create))))
    after = reconcile(wanted, observed(parts=soundtracks, videos={first, second}))

    assert created(decision) == [first, second]
    assert soundtracks < decision.making
    assert (waiting.create, waiting.active, waiting.finished) == ((), 2, False)
    assert created(after) == [third, fourth]


def test_nobody_waits_for_a_soundtrack_with_which_a_job_has_failed() -> None:
    """A bad track would fail its thousand videos one after the other."""
    wanted = desired([4], campaign=campaign([4], tracks=1))
    first, *others = variants(wanted)

    decision = reconcile(wanted, observed(failures={wanted.variant_orders[0][0]: BROKEN}))

    assert decision.failed == {first: BROKEN}
    assert created(decision) == others


def test_what_another_task_makes_is_waited_for() -> None:
    """Two campaigns of the same clips would encode each of them twice."""
    wanted = desired([2, 1])
    (shared,) = set(parts(wanted, 0)) & set(parts(wanted, 1))
    (own,) = set(parts(wanted, 0)) - {shared}

    segment = reconcile(wanted, observed(leased={shared}))
    video = reconcile(wanted, observed(parts={shared}, leased={own}))

    assert (segment.create, segment.active, segment.finished) == ((), 0, False)
    assert created(video) == [variants(wanted)[1]]


def test_of_several_videos_of_a_job_only_those_that_are_missing_failed() -> None:
    """A video that is in the bucket would be called lost."""
    wanted = desired([3], variants_per_job=3)
    one, two, three = variants(wanted)
    verdict = JobFailure("CheckFailed", "the first one's", {two: "its own"})

    decision = reconcile(wanted, observed(videos={one}, failures={wanted.variant_orders[0][0]: verdict}))

    assert decision.failed == {
        two: JobFailure("CheckFailed", "its own"),
        three: JobFailure("CheckFailed", "the first one's"),
    }
    assert decision.finished


def test_which_videos_share_a_job_does_not_depend_on_what_is_left() -> None:
    """After a restart the rest would be packed anew, and made twice."""
    wanted = desired([5], variants_per_job=2)

    before = reconcile(wanted, observed())
    after = reconcile(wanted, observed(videos={variants(wanted)[0]}))

    assert [len(order.variants) for _, order in before.create] == [2, 2, 1]
    assert after.create == before.create


def test_what_has_no_room_in_one_order_is_split() -> None:
    """Linux refuses a variable of more than 128 KiB: the Job would never start."""
    wanted = desired([2] * 13, variants_per_job=10_000)

    orders = [order for _, order in wanted.variant_orders]

    assert len(orders) > 1
    assert all(order.fits for order in orders)
    assert [each.name for order in orders for each in order.variants] == variants(wanted)


def test_what_pictures_are_taken_of_is_made_once_and_first() -> None:
    """Each Job would encode it for itself."""
    spoken = ["One.", "Two."]
    of = task(
        [1, 1], speech=[{"voice": "Rachel", "text": text} for text in spoken], variants={"speech": "product"},
        captions={"mode": "burned"},
    )  # fmt: skip
    made = plan(of, sources(of), [line(text, 4.0) for text in spoken])
    wanted = replace(desired([1]), campaign=made)
    shared = made.variants[0].order.segments[1].plain

    first = reconcile(wanted, observed())

    assert [order.parts for _, order in first.create] == [{shared.key}]
    then = reconcile(wanted, observed(parts=frozenset({shared.key})))
    assert [order.step for _, order in then.create] == ["variant", "variant"]


def test_a_long_video_is_encoded_by_several_jobs() -> None:
    """One would take minutes for what several do at once, though no other video needs it."""
    of = task([1])
    made = {seconds: plan(of, sources(of, b0c0={"duration_s": seconds}), []) for seconds in (30.0, 62.0)}

    short, long = (reconcile(desired([1], campaign=each), observed()) for each in made.values())
    pieces = frozenset(part.key for part in made[62.0].segments)
    joined = reconcile(desired([1], campaign=made[62.0]), observed(parts=pieces))

    assert [len(order.variants) for _, order in short.create] == [1]
    assert [len(order.segments) for _, order in long.create] == [1] * 11
    assert [len(order.variants) for _, order in joined.create] == [1]


def test_jobs_of_several_videos_share_no_soundtrack() -> None:
    """The second would wait until the first has made all of its videos."""
    wanted = desired([4, 2], campaign=campaign([4, 2], tracks=2), variants_per_job=5)
    there = frozenset(key for each in wanted.campaign.segments for key in [each.key])

    decision = reconcile(wanted, observed(parts=there))

    soundtracks = [{each.order.soundtrack for each in order.variants} for _, order in decision.create]
    assert [len(each) for each in soundtracks] == [1, 1]
    assert sum(len(order.variants) for _, order in decision.create) == len(wanted.campaign.variants)


def test_more_videos_of_one_soundtrack_than_a_job_makes_take_several() -> None:
    """A Job would have no bound."""
    wanted = desired([7], campaign=campaign([7], tracks=1), variants_per_job=3)

    assert [len(order.variants) for _, order in wanted.variant_orders] == [3, 3, 1]


def test_videos_of_one_job_share_nothing_with_others_by_that() -> None:
    """A Job of two videos would wait for a segment that it makes once anyway."""
    wanted = desired([2, 1], variants_per_job=2)

    assert created(reconcile(wanted, observed())) == [" ".join(variants(wanted))]


def test_paused_jobs_wait_without_holding_up_others() -> None:
    """What an administrator must mend would fail in a circle, or end the campaign."""
    wanted = desired([2], parallelism=1)

    decision = reconcile(wanted, observed(paused={wanted.variant_orders[0][0]}))
    all_paused = reconcile(wanted, observed(paused=set(wanted.by_name)))

    assert [name for name, _ in decision.create] == [wanted.variant_orders[1][0]]
    assert (all_paused.create, all_paused.active, all_paused.finished) == ((), 0, False)


def test_the_same_look_gives_the_same_decision() -> None:
    """Names of Jobs and their order are how a restarted operator goes on."""
    wanted = desired([3, 2], parallelism=2)
    again = desired([3, 2], parallelism=2)

    assert reconcile(wanted, observed()) == reconcile(again, observed())


# A world in which anything happens


@dataclass
class Running:
    """A Job of the simulated cluster."""

    order: WorkOrder
    facts: JobFacts


class World(RuleBasedStateMachine):
    """A cluster and a bucket with one operator, whose knowledge is what it listed plus what Jobs told it since."""

    @initialize(
        blocks=st.lists(st.integers(1, 4), min_size=1, max_size=4).filter(lambda b: sum(b) <= 9),
        tracks=st.integers(0, 2),
        crossfade=st.booleans(),
        data=st.data(),
    )
    def begin(self, blocks: list[int], tracks: int, crossfade: bool, data: st.DataObject) -> None:
        """Nothing is there."""
        self.tracks, self.elsewhere = tracks, set[str]()
        self.unmakeable: AbstractSet[str] = frozenset()
        self.videos: set[str] = set()
        self.parts: set[str] = set()
        self.jobs: dict[str, Running] = {}
        self.blocks, self.crossfade, self.number = blocks, crossfade, 0
        self.jobs_of_parts = data.draw(st.integers(0, 3), "Jobs for parts that carry videos")
        self.wanted = self._wanted(data)
        self.restart(keep_failures=False)

    def _wanted(self, data: st.DataObject) -> Desired:
        self.number += 1
        return Desired(
            TASK,
            campaign(self.blocks, tracks=self.tracks, crossfade=self.crossfade),
            "gs://b/cache",
            "gs://b",
            f"{self.number}/",
            data.draw(st.integers(1, 5), "parallelism"),
            data.draw(st.integers(1, 3), "variants per Job"),
        )

    def _carried(self) -> Desired:
        """With Jobs for parts that carry videos, as another operator would have them now."""
        there = Inventory(frozenset(self.known_videos), frozenset(self.known_parts))
        facts = [job.facts for job in self.jobs.values()]
        lacking, most = missing(self.wanted.campaign, there), self.jobs_of_parts
        planned = carriers(
            self.wanted, lacking, facts, lambda _: 1.0, lambda parts, _: min(parts, most), self.elsewhere
        )
        return replace(self.wanted, carriers=planned)

    # The operator

    def _list(self) -> None:
        self.known_videos = set(variants(self.wanted)) & self.videos
        self.known_parts = self.wanted.parts & self.parts

    @rule(keep_failures=st.booleans())
    def restart(self, keep_failures: bool) -> None:
        """The operator is new: it knows the listing, and of failures what Jobs still tell; or it only listed."""
        if not keep_failures:
            self.failures: dict[str, JobFailure] = {}
            self.believed = {name for name, job in self.jobs.items() if job.facts.has_succeeded}
        self._list()
        if self.jobs_of_parts and not keep_failures:
            self.wanted = self._carried()

    @rule(data=st.data(), blocks=st.none() | st.lists(st.integers(1, 3), min_size=1, max_size=3))
    def edit(self, data: st.DataObject, blocks: list[int] | None) -> None:
        """Another spec; or the same videos, perhaps in other Jobs, and what failed once more."""
        self.blocks = blocks or self.blocks
        self.wanted = self._wanted(data)
        self.restart(keep_failures=False)

    def _learn(self) -> None:
        for name, job in self.jobs.items():
            if name not in self.wanted.by_name:
                continue
            if job.facts.has_succeeded and name not in self.believed:
                self.believed.add(name)
                self.known_videos |= {each.name for each in job.order.variants} - self.unmakeable
                self.known_parts |= job.order.parts
                self.known_videos |= {
                    each.name for each in job.order.joins if of_parts(each.order) <= self.known_parts
                }
            if (
                job.facts.state == "failed"
                and job.facts.attempt == self.wanted.attempt
                and not job.facts.deleting
                and name not in self.failures
            ):
                self.failures[name] = BROKEN
                self._list()

    def _look(self) -> Decision:
        """One round of the operator's loop, with everything that must hold of it."""
        self._learn()
        facts = {name: job.facts for name, job in self.jobs.items()}
        seen = Observed(self.known_videos, self.known_parts, facts, self.failures, leased=self.elsewhere)
        decision = reconcile(self.wanted, seen)
        self.unmakeable = decision.failed.keys()
        self._check(decision, seen)
        self._check_parts(decision, seen)
        if decision.finished:
            self._list()
            return decision
        for name in decision.delete:
            self.believed.discard(name)
            self._remove(name)
        for name, order in decision.create:
            carries = frozenset(
                key[:12] for key in [*order.own_parts, *(video.order.key for video in order.joins)]
            )
            told = order.without(self.unmakeable)
            self.jobs[name] = Running(
                told,
                JobFacts(
                    name,
                    "active",
                    self.wanted.attempt,
                    carries=carries if self.jobs_of_parts else frozenset(),
                ),
            )
        self._check_jobs()
        return decision

    def _check(self, decision: Decision, seen: Observed) -> None:
        wanted = self.wanted
        names = [name for name, _ in decision.create]
        open_orders = {
            name: order
            for name, order in wanted.variant_orders
            if name not in seen.failures and any(each.name not in seen.videos for each in order.variants)
        }
        left = {name: keys_left(order, seen.videos) for name, order in open_orders.items()}
        needs = Counter(key for keys in left.values() for key in keys)
        segments = {part.key for part in wanted.campaign.segments}
        shared = {key for key, count in needs.items() if count > 1 and key not in seen.parts} & segments
        shared |= wanted.carried - seen.parts

        assert len(set(names)) == len(names)
        assert not set(names) & seen.jobs.keys(), "a name that is taken"
        assert not set(names) & set(seen.failures), "what failed is tried again in the same attempt"
        if names:
            assert decision.active <= wanted.parallelism
        for name, order in decision.create:
            assert name == job_name(order, TASK)
            if order.variants:
                assert name in open_orders, "a video that is there, or failed"
                made = keys_left(order, seen.videos | decision.failed.keys())
                assert not made & shared, "a video before its shared parts"
            assert not {*order.own_parts} - shared - wanted.carried, "a segment that nobody shares"
            assert not (order.parts - seen.parts - self._tried()) & self.elsewhere, "what another task makes"
        for name in decision.delete:
            of_segment = {*wanted.by_name[name].own_parts} - seen.parts if name in wanted.by_name else set()
            useful = name in open_orders or bool(of_segment & shared)
            assert not seen.jobs[name].deleting
            if not seen.jobs[name].is_at_work:
                assert useful, "a finished Job whose work nobody wants keeps its logs"
            elif useful:
                # Only what can't succeed any more.
                done = seen.videos | decision.failed.keys()
                assert not any(
                    name == video_job or of_segment & keys_left(order, done)
                    for video_job, order in open_orders.items()
                    if keys_left(order, done) or any(each.name not in done for each in order.variants)
                ), "a Job that does what is wanted"
        for video, verdict in decision.failed.items():
            assert video not in seen.videos
            assert verdict.reason == BROKEN.reason
        stuck = not (decision.finished or decision.create or decision.delete or self.elsewhere)
        if stuck:
            assert any(job.is_at_work or job.deleting for job in seen.jobs.values()), "nothing happens"

    def _check_parts(self, decision: Decision, seen: Observed) -> None:
        working = [
            self.wanted.by_name[name]
            for name, job in seen.jobs.items()
            if job.is_at_work
            and not job.deleting
            and name in self.wanted.by_name
            and name not in decision.delete
        ]
        for _, order in decision.create:
            new = order.parts - seen.parts - self._tried()
            assert not any(new & other.parts for other in working), "two Jobs make one part"
            working.append(order)

    def _check_jobs(self) -> None:
        working = [job.order for job in self.jobs.values() if job.facts.is_at_work and not job.facts.deleting]
        made = Counter(
            made for order in working for made in [*(each.name for each in order.variants), *order.own_parts]
        )
        assert all(count == 1 for count in made.values()), "two Jobs for one thing"

    def _tried(self) -> set[str]:
        """Parts that a Job has failed with."""
        units = self.wanted.by_name
        return {key for name in self.failures if name in units for key in units[name].parts}

    # The cluster

    def _pick(self, data: st.DataObject, *states: str) -> Running | None:
        names = [
            name for name, job in self.jobs.items() if job.facts.state in states and not job.facts.deleting
        ]
        return self.jobs[data.draw(st.sampled_from(names))] if names else None

    def _end(self, job: Running, state: Any) -> None:  # noqa: ANN401  one of three words
        job.facts = replace(job.facts, state=state)

    def _make(self, job: Running) -> None:
        self.videos |= {each.name for each in job.order.variants}
        self.parts |= job.order.parts
        self.videos |= {each.name for each in job.order.joins if of_parts(each.order) <= self.parts}

    def _remove(self, name: str) -> None:
        """Some Jobs go at once, some take their time."""
        if self.jobs[name].facts.state == "active" and len(self.jobs) % 2:
            self.jobs[name].facts = replace(self.jobs[name].facts, deleting=True)
        else:
            del self.jobs[name]

    @rule(data=st.data(), common=st.sampled_from(["succeed", "fail"]))
    def work(self, data: st.DataObject, common: str) -> None:
        """Jobs go on and end, well or badly, or say that they ended well; then the operator looks."""
        ends = st.sampled_from([common, common, "run", "succeed", "lie", "fail"])
        for job in [job for job in self.jobs.values() if job.facts.is_at_work and not job.facts.deleting]:
            end = data.draw(ends, job.facts.name)
            if end == "succeed":
                self._make(job)
            if end in {"succeed", "lie"} and data.draw(st.booleans(), "counted at once"):
                self._end(job, "succeeded")
            elif end in {"succeed", "lie"}:
                job.facts = replace(job.facts, made=True)
            if end == "fail":
                some = data.draw(st.integers(0, max(len(job.order.variants) - 1, 0)), "videos made")
                self.videos |= {each.name for each in job.order.variants[:some]}
                own = data.draw(st.integers(0, max(len(job.order.own_parts) - 1, 0)), "parts made")
                self.parts |= {*job.order.own_parts[:own]}
                self._end(job, "failed")
        self._look()

    @precondition(lambda self: self.jobs)
    @rule(state=st.sampled_from(["succeeded", "failed"]))
    def count(self, state: Any) -> None:  # noqa: ANN401  one of two words
        """Jobs say what their pods have said before; or that they are late all the same."""
        for job in self.jobs.values():
            if job.facts.made:
                job.facts = replace(job.facts, state=state, made=False)
        self._look()

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        """Somebody deletes a Job, or its time is over."""
        if job := self._pick(data, "active", "succeeded", "failed"):
            del self.jobs[job.facts.name]
            self.believed.discard(job.facts.name)

    @rule(data=st.data())
    def share(self, data: st.DataObject) -> None:
        """Another task makes some of the same parts, or has made them."""
        self.parts |= self.elsewhere
        self.known_parts |= self.elsewhere & self.wanted.parts
        self.elsewhere = data.draw(st.sets(st.sampled_from(sorted(self.wanted.parts)), max_size=3))
        self._look()

    @precondition(lambda self: self.jobs)
    @rule()
    def let_go(self) -> None:
        """Jobs that were being deleted are gone."""
        self.jobs = {name: job for name, job in self.jobs.items() if not job.facts.deleting}

    @precondition(lambda self: self.videos)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """Somebody removes a video."""
        self.videos.discard(data.draw(st.sampled_from(sorted(self.videos))))

    def teardown(self) -> None:
        """From here on all goes well, and it ends."""
        if not hasattr(self, "jobs"):
            return
        self.elsewhere = set()
        for _ in range(20 * len(self.wanted.by_name) + 50):
            decision = self._look()
            confirmed = decision.finished and set(variants(self.wanted)) <= self.known_videos | set(
                decision.failed
            )
            if confirmed:
                break
            self.let_go()
            for job in self.jobs.values():
                if job.facts.is_at_work:
                    self._make(job)
                    self._end(job, "succeeded")
        else:
            pytest.fail("it never ends")
        lacking = set(variants(self.wanted)) - self.videos
        assert lacking == set(decision.failed)
        for name, order in self.wanted.variant_orders:
            if lacking & {each.name for each in order.variants}:
                reasons = {name} | {
                    self.wanted.part_orders[key][0] for each in order.variants for key in of_parts(each.order)
                    if key in self.wanted.part_orders
                }  # fmt: skip
                assert reasons & set(self.failures), "a video that is missing though nothing failed"


def of_parts(video: VariantOrder) -> set[str]:
    """What a video is joined from."""
    return {part.key for part in (*video.segments, *filter(None, [video.soundtrack]))}


def keys_left(order: WorkOrder, videos: AbstractSet[str]) -> set[str]:
    """Parts that an order's other videos need."""
    return set().union(*(of_parts(each.order) for each in order.variants if each.name not in videos))


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=60, stateful_step_count=40)
