from __future__ import annotations

import copy
import hashlib
import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import av
import PIL.Image
import pytest

from cliptask import names
from cliptask.credentials import CredentialsOrder
from cliptask.errors import ClipTaskError, InputError, PartLost
from cliptask.facts import Recording, SpokenLine, Word
from cliptask.orders import CaptionedWords, CaptionsOrder, SoundtrackOrder, SpeechRef, VariantOrder, WorkOrder
from cliptask_renderer import build, carry_out
from cliptask_renderer.storage.base import Store, StoredObject
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.staging import Staging
from support import frames as f
from support import joined, media
from support.signing import Authority

LINE = "c" * 64
SPEECH = SpeechRef(line_key=LINE, extension="mp3")
CAPTIONS = CaptionsOrder(lines=(CaptionedWords(words=names.speech_object(LINE, "json"), end_ms=833),))


class Campaign:
    """A cache that has two clips, a picture, a track and a line, and the orders of things made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = FolderStore(folder / "cache")
        self.output = FolderStore(folder / "out")
        self.clips = [
            self._source(media.clip(folder / f"{hue}.mp4", media.ClipLook(fps=30, hue=hue)))
            for hue in (0, 120)
        ]
        self.picture = self._source(media.picture(folder / "p.png"))
        self.track = self._source(media.track(folder / "t.mp3", 2.0))
        self._speak(media.track(folder / "l.mp3", 0.5, 330))
        first, second = self.clips
        self.bodies = tuple(f.order_of(f.video(clip, at, 10)) for clip, at in ((first, 0), (second, 5)))
        self.seam = f.order_of(f.video(first, 10, 5), f.video(second, 0, 5))
        self.segments = (self.bodies[0], self.seam, self.bodies[1])
        self.sound = SoundtrackOrder(
            fps=30, frames=25, track=self.track, speech=(SPEECH,), music_volume=0.2, ducking=True
        )  # fmt: skip
        self.variant = VariantOrder(segments=self.segments, soundtrack=self.sound, captions=CAPTIONS)

    def make(self, name: str = "v", order: VariantOrder | None = None) -> None:
        """Make a variant."""
        build.make_variant(self.cache, self.output, "task", name, order or self.variant)

    def copied(self, folder: Path) -> Campaign:
        """The same in another folder."""
        twin = copy.copy(self)
        twin.folder, twin.cache, twin.output = (
            folder,
            FolderStore(folder / "cache"),
            FolderStore(folder / "out"),
        )
        for name in ("cache", "out"):
            if (self.folder / name).exists():
                shutil.copytree(self.folder / name, folder / name)
        return twin

    def _source(self, file: Path) -> str:
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        self.cache.put(names.source_object(sha256), file)
        return sha256

    def _speak(self, file: Path) -> None:
        line = SpokenLine(key=LINE, extension="mp3", provider="espeak-ng", characters=5)
        words = (Word(text="Hello", start_s=0.0, end_s=0.4),)
        recording = Recording(line=line, voice="x", text="Hello", words=words)
        self.cache.put(names.speech_object(LINE, "mp3"), file)
        self.cache.put_bytes(names.speech_object(LINE, "json"), recording.model_dump_json().encode())


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """Everything fetched and spoken, nothing made: the original, which no test changes."""
    return Campaign(tmp_path_factory.mktemp("begun"))


@pytest.fixture(scope="module")
def finished(begun: Campaign, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """One variant made: the original, which no test changes."""
    made = begun.copied(tmp_path_factory.mktemp("finished"))
    made.make()
    return made


@pytest.fixture
def campaign(begun: Campaign, tmp_path: Path) -> Campaign:
    """Everything fetched and spoken, nothing made."""
    return begun.copied(tmp_path)


@pytest.fixture
def made(finished: Campaign, tmp_path: Path) -> Campaign:
    """One variant made, with all its parts in the cache."""
    return finished.copied(tmp_path)


def _state(store: Store) -> dict[str, tuple[int, int, Mapping[str, str]]]:
    """Inode, time of change and metadata of every object."""
    found = {}
    for item in store.list():
        with store.local(item.name) as path:
            found[item.name] = (path.stat().st_ino, path.stat().st_mtime_ns, item.metadata)
    return found


def shown(campaign: Campaign) -> list[str]:
    """What the one video shows and plays, decoded."""
    with campaign.output.local("task/v.mp4") as path:
        return [line for stream in ("v", "a") for line in joined.framemd5(path, stream)]


def _content(store: Store) -> dict[str, bytes]:
    return {item.name: store.read(item.name) for item in store.list()}


def test_a_variant_is_made_with_all_that_belongs_to_it(made: Campaign) -> None:
    """A video would be without sound, captions or the facts that the next run needs, or come with what is not a video's."""
    found = {item.name: item for item in made.output.list()}
    assert [*found] == ["task/v.mp4"]
    noted = dict(found["task/v.mp4"].metadata)
    assert float(noted.pop("took")) > 0
    noted.pop("memory", None)  # where this process has never had as much
    assert noted == {"key": made.variant.key, "frames": "25", "duration": "0.833"}
    with made.output.local("task/v.mp4") as path, av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio", "subtitle"]
        assert container.streams.video[0].frames == 25


def test_parts_are_left_in_the_cache_for_others(made: Campaign) -> None:
    """Each variant would encode its clips again."""
    parts = {
        item.name: item.metadata
        for item in made.cache.list()
        if item.name.startswith(("segments/", "soundtracks/"))
    }
    segments = {names.segment_object(order.key) for order in made.segments}
    pictures = {names.picture_object(order.key) for order in made.bodies}
    assert set(parts) == {*segments, *pictures, names.soundtrack_object(made.sound.key)}
    assert all(parts[name]["crc32c"] and parts[name]["index"] for name in set(parts) - pictures)


def test_what_exists_is_not_made_again(made: Campaign) -> None:
    """A second run would cost as much as the first."""
    before = _state(made.cache), _state(made.output)

    made.make()
    for order in made.segments:
        build.make_segment(made.cache, order)
    build.make_soundtrack(made.cache, made.sound)

    assert (_state(made.cache), _state(made.output)) == before


def test_an_existing_variant_needs_neither_sources_nor_parts(made: Campaign) -> None:
    """A finished campaign could not be run again once its cache is cleared."""
    for item in list(made.cache.list()):
        made.cache.delete(item.name)

    made.make()

    assert not list(made.cache.list())


def test_a_second_variant_shares_the_parts(made: Campaign) -> None:
    """Parts would be written anew under the same name, while others read them."""
    before = _state(made.cache)

    made.make("w", made.variant.model_copy(update={"words": None}))

    assert _state(made.cache) == before
    assert [item.name for item in made.output.list("task/w")] == ["task/w.mp4"]


def test_a_segment_s_picture_is_of_it(made: Campaign) -> None:
    """The gallery would show another clip, or a black picture."""
    body = made.bodies[1]
    with made.cache.local(names.segment_object(body.key)) as path:
        first = f.decoded(path, "rgb24")[0]
    with PIL.Image.open(io.BytesIO(made.cache.read(names.picture_object(body.key)))) as picture:
        assert picture.size == (96, 160)
        small, shown = picture.resize((6, 10)), PIL.Image.fromarray(first).resize((6, 10))
        differences = [abs(a - b) for a, b in zip(small.tobytes(), shown.tobytes(), strict=True)]
    assert max(differences) < 16


def test_a_picture_that_is_missing_is_made_of_the_segment(made: Campaign) -> None:
    """A segment would be encoded again for its picture, or its clip have none for ever."""
    content, before = _content(made.cache), _state(made.cache)
    lost = names.picture_object(made.bodies[0].key)
    made.cache.delete(lost)

    execute(made, segments=made.segments)

    assert _content(made.cache) == content
    assert {name for name, state in _state(made.cache).items() if state != before[name]} == {lost}


def test_a_damaged_segment_goes_when_its_picture_cannot_be_made(made: Campaign) -> None:
    """The same failure would come at every run."""
    body = made.bodies[0]
    name = names.segment_object(body.key)
    content, there = made.cache.read(name), made.cache.stat(name)
    assert there is not None
    begin, end = content.index(b"mdat") + 4, int(there.metadata["index"].split("-")[0])
    assert end > begin
    damaged = content[:begin] + bytes(end - begin) + content[end:]
    made.cache.put_bytes(name, damaged, there.metadata, replace=True)
    made.cache.delete(names.picture_object(body.key))

    failed, then = execute(made, segments=(body,)), execute(made, segments=(body,))

    assert f"{name} was damaged since it was made: it is removed" in str(failed[body.key])
    assert then == {}
    assert made.cache.read(name) == content


def execute(of: Campaign, **work: object) -> dict[str, ClipTaskError]:
    """Carry out a work order; returns what failed."""
    order = WorkOrder(cache=of.cache.uri, output=of.output.uri, task="task").model_copy(update=work)
    return carry_out.execute(order, lambda _line: None)


def test_a_silent_variant_is_made(campaign: Campaign) -> None:
    """A task of pictures alone would fail."""
    campaign.make(order=VariantOrder(segments=campaign.segments[:1]))

    assert [item.name for item in campaign.output.list()] == ["task/v.mp4"]


def test_stills_titles_and_logos_come_from_the_cache(campaign: Campaign) -> None:
    """Pictures are sources like any other: a segment of them would fail."""
    over = [f.overlay(text="Hi"), f.overlay(image=campaign.picture, position="top", width=0.3)]
    order = f.order_of(f.still(campaign.picture, motion="zoomIn", overlays=over))

    assert len(build.make_segment(campaign.cache, order).part.track.sizes) == 5


@pytest.mark.parametrize("part", ["segment", "soundtrack"])
def test_a_part_whose_record_is_lost_is_made_again(part: str, made: Campaign) -> None:
    """A part of which nothing is known could not be proven to be in a video, or would be trusted."""
    name = (
        names.segment_object(made.seam.key) if part == "segment" else names.soundtrack_object(made.sound.key)
    )
    before = made.cache.stat(name)
    content = made.cache.read(name)
    made.cache.put_bytes(name, b"something else", replace=True)

    made.make("w")

    after = made.cache.stat(name)
    assert before is not None
    assert after is not None
    took = {"took": "", "memory": ""}  # of each making
    assert {**after.metadata, **took} == {**before.metadata, **took}
    assert made.cache.read(name) == content


def in_the_picture(content: bytearray) -> None:
    """Damage what is seen."""
    content[content.index(b"mdat") + 900] ^= 1


def in_the_sizes(content: bytearray) -> None:
    """Exchange the sizes of two pictures: their sum stays."""
    first = content.index(b"stsz") + 16
    content[first : first + 8] = content[first + 4 : first + 8] + content[first : first + 4]


def in_the_durations(content: bytearray) -> None:
    """Have pictures stay for another time."""
    content[content.index(b"stts") + 19] ^= 1


DAMAGES = [in_the_picture, in_the_sizes, in_the_durations]


def damage(cache: Store, name: str, how: Callable[[bytearray], None]) -> None:
    """An object as it was written, but for some bits."""
    metadata = (cache.stat(name) or StoredObject(name, 0)).metadata
    content = bytearray(cache.read(name))
    how(content)
    cache.put_bytes(name, bytes(content), metadata, replace=True)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_part_that_is_damaged_stops_the_variant_once(
    how: Callable[[bytearray], None], campaign: Campaign, finished: Campaign
) -> None:
    """A bad disk would deliver a video with broken pictures, or none for ever."""
    for order in campaign.segments:
        build.make_segment(campaign.cache, order)
    name = names.segment_object(campaign.seam.key)
    damage(campaign.cache, name, how)

    with pytest.raises(
        PartLost, match=f"{name} was damaged since it was made: it is removed; run the task again"
    ):
        campaign.make()

    assert not list(campaign.output.list("task/v.mp4"))
    campaign.make()
    assert shown(campaign) == shown(finished)


def test_all_damaged_parts_of_a_video_go_at_once(made: Campaign) -> None:
    """Each run would come upon one more."""
    lost = {names.segment_object(order.key) for order in made.bodies}
    for name in lost:
        damage(made.cache, name, in_the_picture)
    before = _state(made.cache)

    with pytest.raises(PartLost):
        made.make("w")

    assert before.keys() - _state(made.cache).keys() == lost


LOSSES: dict[str, Callable[[Store, str], None]] = {
    "gone": lambda cache, name: cache.delete(name),
    "another": lambda cache, name: [cache.put_bytes(name, b"something else", replace=True)].clear(),
    **{how.__name__: partial(damage, how=how) for how in (in_the_picture, in_the_sizes)},
}


@pytest.mark.parametrize("is_seen", [False, True])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("part", ["segment", "soundtrack"])
def test_who_joins_alone_makes_no_part(
    part: str, loss: Callable[[Store, str], None], is_seen: bool, made: Campaign
) -> None:
    """A thread would encode beside all processes, and no signal would end it; or it would not see what these make then."""
    name, make = (
        (names.segment_object(made.seam.key), partial(build.make_segment, made.cache, made.seam))
        if part == "segment"
        else (names.soundtrack_object(made.sound.key), partial(build.make_soundtrack, made.cache, made.sound))
    )
    join = partial(build.join_variant, made.cache, made.output, "task")
    if is_seen:
        join("w", made.variant)
    before = _state(made.cache)
    loss(made.cache, name)

    with pytest.raises(PartLost, match=f"{name} (is gone|was damaged).* run the task again"):
        join("x", made.variant)

    assert _state(made.cache) == {each: state for each, state in before.items() if each != name}
    make()
    join("x", made.variant)
    assert made.output.read("task/x.mp4") == made.output.read("task/v.mp4")


@pytest.mark.parametrize("part", ["segment", "soundtrack"])
def test_a_part_that_is_removed_between_two_videos_is_made_again(part: str, made: Campaign) -> None:
    """A process that has seen it would end in a traceback, or each of its videos look for what all share."""
    made.make("w")
    name = (
        names.segment_object(made.seam.key) if part == "segment" else names.soundtrack_object(made.sound.key)
    )
    made.cache.delete(name)

    made.make("x")

    assert made.output.read("task/x.mp4") == made.output.read("task/w.mp4")
    assert made.cache.stat(name) is not None


def test_a_part_that_is_removed_before_a_video_is_signed_is_made_again(
    made: Campaign, tmp_path: Path
) -> None:
    """As above, where a part's hash is read from it: an earlier version did not note it."""
    Authority().issue(tmp_path / "secrets" / "ads")
    signed = made.variant.model_copy(update={"credentials": CredentialsOrder(signer="ads", components=())})
    name = names.segment_object(made.seam.key)
    noted = (made.cache.stat(name) or StoredObject(name, 0)).metadata
    earlier = {key: value for key, value in noted.items() if key != "sha256"}
    made.cache.put_bytes(name, made.cache.read(name), earlier, replace=True)
    make = partial(
        build.make_variant, made.cache, made.output, "task", order=signed, secrets=str(tmp_path / "secrets")
    )
    make(name="w")
    made.cache.delete(name)

    make(name="x")

    assert made.output.stat("task/x.mp4") is not None
    assert made.cache.stat(name) is not None


@pytest.mark.parametrize("what", ["clip", "track", "line", "words"])
def test_a_missing_input_is_named(what: str, campaign: Campaign) -> None:
    """Somebody who cleared the cache would read of a KeyError."""
    name = {
        "clip": names.source_object(campaign.clips[0]),
        "track": names.source_object(campaign.track),
        "line": names.speech_object(LINE, "mp3"),
        "words": names.speech_object(LINE, "json"),
    }[what]
    campaign.cache.delete(name)

    with pytest.raises(InputError, match=rf"{name} is gone: run the task again"):
        campaign.make()

    assert not list(campaign.output.list())


class FullDisk(Exception):
    """The store takes no more."""


class Failing(FolderStore):
    """A store that stops when it has taken so many new objects, as a killed process does."""

    def __init__(self, root: Path, writes: int) -> None:
        super().__init__(root)
        self.writes = writes
        self.names: list[str] = []

    def _store(
        self, name: str, staged: Path, staging: Staging, own: dict[str, str], *, replace: bool
    ) -> StoredObject:
        """Write as long as there are writes left."""
        if self.stat(name) is None:
            self.writes -= 1
        if self.writes < 0:
            raise FullDisk
        self.names.append(name)
        return super()._store(name, staged, staging, own, replace=replace)


def test_a_picture_is_stored_before_its_segment(campaign: Campaign, tmp_path: Path) -> None:
    """After a crash there would be segments without pictures."""
    cache, body = Failing(tmp_path / "cache", 99), campaign.bodies[0]

    build.make_segment(cache, body)

    assert cache.names == [names.picture_object(body.key), names.segment_object(body.key)]


def test_a_run_goes_on_where_another_ended(campaign: Campaign, finished: Campaign, tmp_path: Path) -> None:
    """Work would be lost, or done twice, after a crash between any two writes; the result must be the same."""
    written: list[str] = []

    for _ in range(20):
        cache = Failing(tmp_path / "cache", 2)
        output = Failing(tmp_path / "out", 1)
        try:
            build.make_variant(cache, output, "task", "v", campaign.variant)
        except FullDisk:
            written += cache.names
        else:
            break

    assert len(written) == len(set(written))
    assert _content(campaign.output) == _content(finished.output)
    assert _content(campaign.cache) == _content(finished.cache)


ALONE = """
import sys
from pathlib import Path
from cliptask.orders import VariantOrder
from cliptask_renderer.storage.folder import FolderStore
from cliptask_renderer.storage.staging import Staging
from cliptask_renderer.build import make_variant

folder, order = Path(sys.argv[1]), VariantOrder.model_validate_json(sys.argv[2])
make_variant(FolderStore(folder / "cache"), FolderStore(folder / "out"), "task", "v", order)
"""


def test_two_runs_at_once_agree(campaign: Campaign, finished: Campaign, tmp_path: Path) -> None:
    """Two workers that make the same part would spoil each other's files."""
    command = [sys.executable, "-c", ALONE, str(tmp_path), campaign.variant.model_dump_json()]
    runs = [subprocess.Popen(command) for _ in range(2)]

    codes = [run.wait(120) for run in runs]

    assert codes == [0, 0]
    assert shown(campaign) == shown(finished)


def test_nothing_is_left_in_the_scratch(made: Campaign, tmp_path: Path) -> None:
    """Half-made files would fill the disk, failure by failure."""
    made.cache.delete(names.source_object(made.clips[0]))
    with pytest.raises(InputError):
        build.make_segment(made.cache, f.order_of(f.video(made.clips[0], 1, 3)))

    left = [path for root in ("cache", "out") for path in (tmp_path / root / ".store" / "tmp").rglob("*")]

    assert not left
