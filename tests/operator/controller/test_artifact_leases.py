from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cliptask_operator.controller.artifact_leases import PATIENCE_S, ArtifactLeases, CacheLeases


@dataclass
class Room:
    """A leases with a clock, and who was told to go on."""

    now_s: float = 1000.0
    notified: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.leases = ArtifactLeases(lambda: self.now_s, self.notified.append)


@pytest.fixture
def room() -> Room:
    """An empty one."""
    return Room()


def test_what_one_task_makes_the_other_need_not(room: Room) -> None:
    """Two campaigns of the same clips would encode each of them twice."""
    room.leases.hold("one", {"a", "b", "c"})

    assert room.leases.held_by_others("two", {"a", "b", "z"}) == {"a", "b"}
    assert room.leases.held_by_others("one", {"a", "b", "z"}) == set()


def test_whoever_waits_is_told_when_it_is_made(room: Room) -> None:
    """A campaign would stand still until its next look, or all of them look whenever one goes on."""
    room.leases.hold("one", {"a", "b"})
    room.leases.held_by_others("two", {"a"})
    room.leases.held_by_others("three", {"z"})

    room.leases.hold("one", {"a"})
    assert room.notified == []

    room.leases.made({"a"})
    room.leases.hold("one", set())
    assert room.notified == ["two"]
    assert room.leases.stored == {"a"}
    assert room.leases.held_by_others("two", {"a"}) == set()


def test_a_task_that_ends_lets_go(room: Room) -> None:
    """Nobody would ever make what a deleted task had begun."""
    room.leases.hold("one", {"a"})
    room.leases.held_by_others("two", {"a"})

    room.leases.release("one")

    assert room.notified == ["two"]
    assert room.leases.held_by_others("two", {"a"}) == set()


def test_nobody_waits_for_ever(room: Room) -> None:
    """A task in a full queue, or one that asks for a node that does not exist, would hold up all others."""
    room.leases.hold("one", {"a"})
    room.now_s += PATIENCE_S - 1
    room.leases.hold("one", {"a", "b"})
    assert room.leases.held_by_others("two", {"a", "b"}) == {"a", "b"}

    room.now_s += 1

    assert room.leases.held_by_others("two", {"a", "b"}) == {"b"}


def test_a_listing_corrects_what_jobs_said(room: Room) -> None:
    """What a lifecycle rule removed would be taken for there."""
    room.leases.made({"a", "b"})

    room.leases.listed({"c"}, {"a"})

    assert room.leases.stored == {"b", "c"}


def test_each_cache_has_its_own() -> None:
    """What is in one bucket is not in the other."""
    shelves = CacheLeases(lambda: 0, lambda _: None)

    shelves.of("gs://a").made({"x"})

    assert shelves.of("gs://a").stored == {"x"}
    assert shelves.of("gs://b").stored == set()
