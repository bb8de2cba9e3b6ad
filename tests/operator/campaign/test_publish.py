"""Which files go when nobody wants a video any more, and which never do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath

import pytest

from cliptask.errors import ClipTaskError, InputError, MediaError
from cliptask.index import CampaignIndex
from cliptask.names import picture_object
from cliptask.planning.history import NOTHING, SOLE
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.publish import OWNER, prune, publish, published, remove_all
from cliptask_operator.campaign.stores import Stores
from cliptask_renderer.storage.base import Store, StoredObject
from support.campaigns import line, sources, speak_into, task
from support.memory_store import MemoryStore

PAGES = {"t/index.json", "t/index.csv", "t/gallery.html"}
FOREIGN = {
    "t/holiday.mp4": {"camera": "mine"},  # somebody's own video
    "t/holiday.jpg": {},
    "t/cut-0a1b2c3d.mp4": {},  # named like ours, but made elsewhere
    "t/renamed.mp4": {"key": "0a1b2c3d" * 8},  # one of ours that somebody named anew, to keep it
    "t/notes.txt": {},
    "t/kept/cut-0a1b2c3d.mp4": {"key": "0a1b2c3d" * 8},  # a copy, which a bucket makes with its metadata
    "t/kept/index.json": {},
    "t/captions/final.vtt": {},  # somebody's own
    f"t/kept/pictures/{'0a1b2c3d' * 8}.jpg": {},
    "t2/cut-0a1b2c3d.mp4": {"key": "0a1b2c3d" * 8},  # another campaign's
    "t2/index.json": {},
}


def campaign(clips: int) -> Campaign:
    """A campaign ``t`` of one block with that many clips, captions beside the videos."""
    wanted: ClipTask = task([clips], lines=1, captions={"mode": "sidecar"})
    return plan(wanted, sources(wanted), [line("line 0")])


def render(of: Campaign, store: Store, failed: dict[str, ClipTaskError] | None = None) -> CampaignIndex:
    """Store what a renderer makes of a campaign, and publish it."""
    stores = begun(of, store, failed)
    return publish(of, failed or {}, stores)


def begun(of: Campaign, store: Store, failed: dict[str, ClipTaskError] | None = None) -> Stores:
    """A campaign that is made, with the cache that it is made from, and not published."""
    stores = Stores(store, MemoryStore())
    for variant in of.variants:
        for key in variant.pictures:
            stores.cache.put_bytes(picture_object(key), f"picture {key}".encode())
        if variant.captions:
            for each in variant.captions.lines:
                speak_into(stores.cache, line("").model_copy(update={"key": PurePath(each.words).stem}))
        if variant.name not in (failed or {}):
            store.put_bytes(f"t/{variant.name}.mp4", b"video", {"key": variant.order.key})
    return stores


def all_of(index: CampaignIndex) -> set[str]:
    """Every file that an index leads to."""
    return {f"t/{name}" for name in {*(each.file for each in index.variants), *index.shared}}


def names(store: Store) -> set[str]:
    """Everything that is there."""
    return {each.name for each in store.list()}


@pytest.fixture
def crowded(store: Store) -> Store:
    """A store with what others put beside a campaign."""
    for name, metadata in FOREIGN.items():
        store.put_bytes(name, b"theirs", metadata)
    return store


def test_videos_that_the_index_does_not_name_go_with_what_they_alone_shared(crowded: Store) -> None:
    """The folder would grow with every edit, or lose what somebody else put there."""
    render(campaign(3), crowded)
    fewer = campaign(1)

    index = render(fewer, crowded)
    removed = prune(index, crowded)

    assert removed == 2
    assert len(all_of(index)) == 3
    assert names(crowded) - FOREIGN.keys() == all_of(index) | PAGES
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
    (variant,) = render(wanted, store).variants
    cue = "WEBVTT\n\n00:00.000 --> 00:01.000\nGr\u00fc\u00dfe, jetzt\n".encode("latin-1")
    store.put_bytes(f"t/{variant.captions}", cue, replace=True)

    render(wanted, store)

    assert ", jetzt" in store.read("t/gallery.html").decode()
    assert store.read(f"t/{variant.captions}") == cue


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
    """What nobody needs would stay for ever, as soon as the videos that it belonged to are gone."""
    before = campaign(2)
    render(before, store)
    store.delete(f"t/{before.variants[1].name}.mp4")

    index = render(campaign(1), store)

    assert prune(index, store) == 0
    assert names(store) == all_of(index) | PAGES


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
    prune(publish(fewer, {}, begun(fewer, crowded), prunes=True), crowded)
    pruned = crowded.read("t/gallery.html").decode()

    assert "2 videos of earlier edits lie in this folder too, and are not shown here" in told
    assert "earlier edit" not in pruned


class TestShared:
    """What videos share, once beside them."""

    def test_lies_there_once_for_each_content(self, store: Store) -> None:
        """Ten thousand videos would take ten thousand requests for a handful of pictures and texts."""
        wanted = task([3, 2, 2], lines=2, captions={"mode": "soft"})
        of = plan(wanted, sources(wanted), [line("line 0"), line("line 1")])

        index = render(of, store)

        found = names(store)
        assert len(index.variants) == 12
        assert len([name for name in found if name.startswith("t/captions/")]) == 2
        assert len([name for name in found if name.startswith("t/pictures/")]) == 3 + 2 + 2
        assert found == all_of(index) | PAGES
        for variant, made in zip(of.variants, index.variants, strict=True):
            for key, clip in zip(variant.pictures, made.clips, strict=True):
                assert store.read(f"t/{clip.picture}") == f"picture {key}".encode()
            assert variant.captions is not None
            assert (
                f"Word{variant.captions.lines[0].words.removeprefix('speech/')[:4]}."
                in store.read(f"t/{made.captions}").decode()
            )

    def test_is_not_written_again(self) -> None:
        """Each run would cost what the first one did, and undo what a person has corrected in a caption."""
        store, wanted = MemoryStore(), campaign(3)
        stores = begun(wanted, store)
        publish(wanted, {}, stores)
        before = store.faults.calls["put_bytes"]

        publish(wanted, {}, stores)

        assert store.faults.calls["put_bytes"] == before + len(PAGES)

    @pytest.mark.parametrize("lost", ["captions/", "pictures/"])
    def test_comes_again_when_somebody_has_deleted_it(self, lost: str, store: Store) -> None:
        """The page would lead nowhere from then on."""
        wanted = campaign(2)
        index = render(wanted, store)
        for name in names(store):
            if name.startswith(f"t/{lost}"):
                store.delete(name)

        again = render(wanted, store)

        assert again == index
        assert names(store) == all_of(index) | PAGES

    def test_is_left_out_where_the_cache_has_lost_it(self, store: Store) -> None:
        """A campaign of a cleared cache could not be published, or its page would show broken pictures."""
        wanted = campaign(2)
        stores = begun(wanted, store)
        lost = wanted.variants[0].pictures[0]
        stores.cache.delete(picture_object(lost))

        first, second = publish(wanted, {}, stores).variants

        assert first.clips[0].picture is None
        assert store.read(f"t/{second.clips[0].picture}")

    def test_needs_no_cache_once_it_is_there(self, store: Store) -> None:
        """A cache may be cleared at any time."""
        wanted = campaign(2)
        index = render(wanted, store)

        assert publish(wanted, {}, Stores(store, MemoryStore())) == index

    def test_of_a_recording_that_is_gone_says_so(self, store: Store) -> None:
        """Somebody who cleared the cache meanwhile would read of a KeyError."""
        wanted = campaign(1)
        stores = begun(wanted, store)
        for each in [*stores.cache.list("speech/")]:
            stores.cache.delete(each.name)

        with pytest.raises(InputError, match=r"speech/[0-9a-f]+\.json is gone: run the task again"):
            publish(wanted, {}, stores)

        assert not names(store) & PAGES

    def test_stays_while_a_video_is_missing(self, store: Store) -> None:
        """Earlier videos stay then, and what the next edit brings back would be gone."""
        render(campaign(3), store)
        before = names(store)
        two = campaign(2)
        store.delete(f"t/{two.variants[0].name}.mp4")

        index = publish(two, {}, Stores(store, MemoryStore()))

        assert prune(index, store) == 0
        assert names(store) == before - {f"t/{two.variants[0].name}.mp4"}

    def test_stays_as_long_as_one_video_needs_it(self, store: Store) -> None:
        """Videos would lose their pictures because others went that had the same."""
        wide = task([3, 2], lines=1, captions={"mode": "sidecar"})
        render(plan(wide, sources(wide), [line("line 0")]), store)
        narrow = task([1, 2], lines=1, captions={"mode": "sidecar"})
        of = plan(narrow, sources(narrow), [line("line 0")])

        index = render(of, store)
        prune(index, store)

        assert len(index.shared) == 3 + 1
        assert names(store) == all_of(index) | PAGES


class Stopped(Exception):
    """The process is no more."""


class Mortal(MemoryStore):
    """A store whose process is killed before one of its changes."""

    def __init__(self, changes: int) -> None:
        super().__init__()
        self.left = changes

    def _change(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Stopped

    def put_bytes(
        self, name: str, content: bytes, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """As long as there are changes left; ``put`` comes here as well."""
        self._change()
        return super().put_bytes(name, content, metadata, replace=replace)

    def delete(self, name: str) -> None:
        """As above."""
        self._change()
        super().delete(name)


def test_whenever_it_is_killed_the_index_leads_to_files_and_the_next_run_ends_alike() -> None:
    """A crash between any two stores would leave a page of broken pictures, or something that no later run removes."""
    before, changed = campaign(3), task([2], lines=2, captions={"mode": "sidecar"})
    after = plan(changed, sources(changed), [line("line 0"), line("line 1")])
    undisturbed = edited(before, after, Mortal(10_000))
    ends = 0

    for changes in range(10_000):
        store = Mortal(10_000)
        render(before, store)
        stores = begun(after, store)
        store.left = changes
        try:
            prune(publish(after, {}, stores, prunes=True), store)
        except Stopped:
            index = CampaignIndex.model_validate_json(store.read("t/index.json"))
            assert all_of(index) <= names(store)
            store.left = 10_000
            prune(publish(after, {}, stores, prunes=True), store)
        else:
            ends = changes
        assert contents(store) == undisturbed
        if ends:
            break

    assert ends > len(PAGES)


def edited(before: Campaign, after: Campaign, store: Store) -> dict[str, bytes]:
    """What a store holds after an edit that prunes."""
    render(before, store)
    prune(publish(after, {}, begun(after, store), prunes=True), store)
    return contents(store)


def contents(store: Store) -> dict[str, bytes]:
    """Everything that is there."""
    return {each.name: store.read(each.name) for each in store.list()}


class TestPublished:
    """What an index says of the deal."""

    def test_is_what_was_dealt(self, store: Store) -> None:
        """The next run would deal anew."""
        wanted = campaign(3)
        render(wanted, store)

        history = published("t", store)

        assert {column: tuple(parts) for column, parts in history.parts.items()} == dict(wanted.parts)
        assert [tuple(row.values()) for row in history.rows] == [
            (*each.clips, each.line, SOLE) for each in wanted.variants
        ]

    def test_names_what_could_not_be_made(self, store: Store) -> None:
        """A video that failed would be another one once its file is mended."""
        wanted = campaign(2)

        publish(wanted, {}, Stores(store, MemoryStore()))

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
        """A damaged index would stop the campaign that writes it anew, or have it dealt anew without a word."""
        store.put_bytes("t/index.json", content, replace=True)

        told = published("t", store)

        assert (
            told.remark
            == f"{store.uri}/t/index.json is damaged or of another version: all is dealt anew, as in an empty folder"
        )
        assert replace(told, remark=None) == published("none", store) == NOTHING

    def test_is_nothing_where_the_index_is_of_another_task(self, store: Store) -> None:
        """A folder that somebody copied would decide what is made."""
        render(campaign(2), store)
        store.put_bytes("u/index.json", store.read("t/index.json"))

        assert published("u", store) == NOTHING
