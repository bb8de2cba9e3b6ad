"""Which files go when nobody wants a video any more, and which never do."""

from __future__ import annotations

import pytest

from cliptask.errors import ClipTaskError, MediaError
from cliptask.index import CampaignIndex
from cliptask.planning.history import NOTHING
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.publish import OWNER, prune, publish, published, remove_all
from cliptask_renderer.storage.base import Store
from support.campaigns import line, sources, task

FOREIGN = {
    "t/holiday.mp4": {"camera": "mine"},  # somebody's own video
    "t/holiday.jpg": {},
    "t/cut-0a1b2c3d.mp4": {},  # named like ours, but made elsewhere
    "t/renamed.mp4": {"key": "0a1b2c3d" * 8},  # one of ours that somebody named anew, to keep it
    "t/notes.txt": {},
    "t/kept/cut-0a1b2c3d.mp4": {"key": "0a1b2c3d" * 8},  # a copy, which a bucket makes with its metadata
    "t/kept/index.json": {},
    "t2/cut-0a1b2c3d.mp4": {"key": "0a1b2c3d" * 8},  # another campaign's
    "t2/index.json": {},
}


def campaign(clips: int) -> Campaign:
    """A campaign ``t`` of one block with that many clips, captions beside the videos."""
    wanted: ClipTask = task([clips], lines=1, captions={"mode": "sidecar"})
    return plan(wanted, sources(wanted), [line("line 0")])


def render(of: Campaign, store: Store, failed: dict[str, ClipTaskError] | None = None) -> CampaignIndex:
    """Store what a renderer makes of a campaign, and publish it."""
    for variant in of.variants:
        if variant.name not in (failed or {}):
            store.put_bytes(f"t/{variant.name}.vtt", b"WEBVTT\n")
            store.put_bytes(f"t/{variant.name}.jpg", b"poster")
            store.put_bytes(f"t/{variant.name}.mp4", b"video", {"key": variant.order.key})
    return publish(of, failed or {}, store)


def names(store: Store) -> set[str]:
    """Everything that is there."""
    return {each.name for each in store.list()}


@pytest.fixture
def crowded(store: Store) -> Store:
    """A store with what others put beside a campaign."""
    for name, metadata in FOREIGN.items():
        store.put_bytes(name, b"theirs", metadata)
    return store


def test_videos_that_the_index_does_not_name_go_with_all_that_lies_beside_them(crowded: Store) -> None:
    """The folder would grow with every edit, or lose what somebody else put there."""
    render(campaign(3), crowded)
    fewer = campaign(1)

    removed = prune(render(fewer, crowded), crowded)

    (kept,) = (each.name for each in fewer.variants)
    assert removed == 2
    assert names(crowded) - FOREIGN.keys() == {
        f"t/{kept}.mp4", f"t/{kept}.jpg", f"t/{kept}.vtt", "t/index.json", "t/index.csv", "t/gallery.html",
    }  # fmt: skip
    assert names(crowded) >= FOREIGN.keys()


def test_nothing_goes_when_everything_is_wanted(crowded: Store) -> None:
    """A campaign would be made again after each look at it."""
    index = render(campaign(2), crowded)
    before = names(crowded)

    assert prune(index, crowded) == 0
    assert names(crowded) == before


def test_captions_that_a_person_saved_in_another_encoding_are_shown(store: Store) -> None:
    """One umlaut of an old editor would keep the page of the whole campaign from being written."""
    wanted = campaign(1)
    (name,) = (each.name for each in wanted.variants)
    render(wanted, store)
    cue = "WEBVTT\n\n00:00.000 --> 00:01.000\nGr\u00fc\u00dfe, jetzt\n"
    store.put_bytes(f"t/{name}.vtt", cue.encode("latin-1"), replace=True)

    publish(wanted, {}, store)

    assert ", jetzt" in store.read("t/gallery.html").decode()


def test_nothing_goes_while_a_video_is_missing(store: Store) -> None:
    """The last good campaign would be gone before its successor is there."""
    render(campaign(3), store)
    before = names(store)
    now = plan(
        edited := task([1, 1], lines=1, captions={"mode": "sidecar"}), sources(edited), [line("line 0")]
    )
    index = render(now, store, failed={now.variants[0].name: MediaError("its sound is too short")})

    assert prune(index, store) == 0
    assert names(store) == before


def test_a_removal_that_was_interrupted_is_taken_up(store: Store) -> None:
    """What lies beside a video may be gone already; that must not stop the rest."""
    before = campaign(2)
    render(before, store)
    store.delete(f"t/{before.variants[1].name}.jpg")

    assert prune(render(campaign(1), store), store) == 1
    assert not [name for name in names(store) if before.variants[1].name in name]


def test_a_deleted_campaign_leaves_what_was_not_made_of_it(crowded: Store) -> None:
    """Videos nobody asked to keep would cost for ever, or somebody's own would be lost."""
    render(campaign(3), crowded)
    crowded.put_bytes(f"t/{OWNER}", b"{}")

    removed = remove_all("t", crowded)

    assert removed == 3
    assert names(crowded) == set(FOREIGN)
    assert remove_all("t", crowded) == 0


def test_a_campaign_that_never_came_to_be_is_removed_in_peace(store: Store) -> None:
    """A task could not be deleted before its first video."""
    assert remove_all("t", store) == 0
    assert not names(store)


def test_a_campaign_that_fails_wholly_leaves_the_pages_of_the_one_before(crowded: Store) -> None:
    """One bad edit would take away the gallery of all that is there."""
    render(campaign(2), crowded)
    before = {page: crowded.read(f"t/{page}") for page in ("index.json", "index.csv", "gallery.html")}
    edited = task([1, 1], lines=1, captions={"mode": "sidecar"})
    bad = plan(edited, sources(edited), [line("line 0")])

    index = render(bad, crowded, failed={each.name: MediaError("too short") for each in bad.variants})

    assert [each.reason for each in index.skipped] == ["CheckFailed"]
    assert {page: crowded.read(f"t/{page}") for page in before} == before


def test_a_page_says_how_many_videos_of_earlier_edits_lie_beside_those_it_shows(crowded: Store) -> None:
    """Whoever downloads the folder would publish an old price; where they go anyway, it would be said in vain."""
    render(campaign(3), crowded)
    fewer = campaign(1)

    render(fewer, crowded)
    told = crowded.read("t/gallery.html").decode()
    prune(publish(fewer, {}, crowded, prunes=True), crowded)
    pruned = crowded.read("t/gallery.html").decode()

    assert "2 videos of earlier edits lie in this folder too, and are not shown here" in told
    assert "earlier edit" not in pruned


class TestPublished:
    """What an index says of the deal."""

    def test_is_what_was_dealt(self, store: Store) -> None:
        """The next run would deal anew."""
        wanted = campaign(3)
        render(wanted, store)

        history = published("t", store)

        assert {column: tuple(parts) for column, parts in history.parts.items()} == dict(wanted.parts)
        assert [tuple(row.values()) for row in history.rows] == [
            (*each.clips, each.line) for each in wanted.variants
        ]

    def test_names_what_could_not_be_made(self, store: Store) -> None:
        """A video that failed would be another one once its file is mended."""
        wanted = campaign(2)

        publish(wanted, {}, store)

        assert len(published("t", store).rows) == 2

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"\xff",
            b"[]",
            b'{"apiVersion": "cliptask.dev/v2"}',
            b"[" * 100_000,
        ],
    )
    def test_is_nothing_where_the_index_cannot_be_read(self, store: Store, content: bytes) -> None:
        """A damaged index would stop the campaign that writes it anew."""
        store.put_bytes("t/index.json", content, replace=True)

        assert published("t", store) == published("none", store) == NOTHING

    def test_is_nothing_where_the_index_is_of_another_task(self, store: Store) -> None:
        """A folder that somebody copied would decide what is made."""
        render(campaign(2), store)
        store.put_bytes("u/index.json", store.read("t/index.json"))

        assert published("u", store) == NOTHING
