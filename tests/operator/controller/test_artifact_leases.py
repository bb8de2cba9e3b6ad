from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cliptask_operator.controller.artifact_leases import PATIENCE_S, ArtifactLeases, CacheLeases


@dataclass
class Room:
    """A shelf with a clock, and who was told to go on."""

    now_s: float = 1000.0
    rung: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shelf = ArtifactLeases(lambda: self.now_s, self.rung.append)


@pytest.fixture
def room() -> Room:
    """An empty one."""
    return Room()


def test_what_one_task_makes_the_other_need_not(room: Room) -> None:
    """Two campaigns of the same clips would encode each of them twice."""
    room.shelf.makes("one", {"a", "b", "c"})

    assert room.shelf.made_elsewhere("two", {"a", "b", "z"}) == {"a", "b"}
    assert room.shelf.made_elsewhere("one", {"a", "b", "z"}) == set()


def test_whoever_waits_is_told_when_it_is_made(room: Room) -> None:
    """A campaign would stand still until its next look, or all of them look whenever one goes on."""
    room.shelf.makes("one", {"a", "b"})
    room.shelf.made_elsewhere("two", {"a"})
    room.shelf.made_elsewhere("three", {"z"})

    room.shelf.makes("one", {"a"})
    assert room.rung == []

    room.shelf.made({"a"})
    room.shelf.makes("one", set())
    assert room.rung == ["two"]
    assert room.shelf.there == {"a"}
    assert room.shelf.made_elsewhere("two", {"a"}) == set()


def test_a_task_that_ends_lets_go(room: Room) -> None:
    """Nobody would ever make what a deleted task had begun."""
    room.shelf.makes("one", {"a"})
    room.shelf.made_elsewhere("two", {"a"})

    room.shelf.leave("one")

    assert room.rung == ["two"]
    assert room.shelf.made_elsewhere("two", {"a"}) == set()


def test_nobody_waits_for_ever(room: Room) -> None:
    """A task in a full queue, or one that asks for a node that does not exist, would hold up all others."""
    room.shelf.makes("one", {"a"})
    room.now_s += PATIENCE_S - 1
    room.shelf.makes("one", {"a", "b"})
    assert room.shelf.made_elsewhere("two", {"a", "b"}) == {"a", "b"}

    room.now_s += 1

    assert room.shelf.made_elsewhere("two", {"a", "b"}) == {"b"}


def test_a_listing_corrects_what_jobs_said(room: Room) -> None:
    """What a lifecycle rule removed would be taken for there."""
    room.shelf.made({"a", "b"})

    room.shelf.listed({"c"}, {"a"})

    assert room.shelf.there == {"b", "c"}


def test_each_cache_has_its_own() -> None:
    """What is in one bucket is not in the other."""
    shelves = CacheLeases(lambda: 0, lambda _: None)

    shelves.of("gs://a").made({"x"})

    assert shelves.of("gs://a").there == {"x"}
    assert shelves.of("gs://b").there == set()
