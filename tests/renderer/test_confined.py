"""What a Job touches: its inputs and its outputs, by names that follow from its order, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from cliptask import names
from cliptask.facts import Recording, SpokenLine, Word
from cliptask.layers import BurnedCaptions, CaptionLook, SpokenAt, Style
from cliptask.orders import (
    CaptionedWords,
    CaptionsOrder,
    NamedVariant,
    SegmentOrder,
    SoundtrackOrder,
    SpeechRef,
    VariantOrder,
    WorkOrder,
)
from cliptask_renderer import carry_out
from cliptask_renderer.storage.base import NamedObjects, StoredObject
from cliptask_renderer.storage.folder import FolderStore
from support import frames as f
from support import media

LINE = "c" * 64
CAPTIONS = CaptionsOrder(lines=(CaptionedWords(words=names.speech_object(LINE, "json"), end_ms=300),))


class Confined:
    """As a store that signed URLs of these names would give: some to be read, some to be made as well."""

    def __init__(self, store: NamedObjects, reads: set[str], makes: set[str]) -> None:
        self.store, self.reads, self.makes = store, reads | makes, makes

    @property
    def uri(self) -> str:
        """As of every store."""
        return self.store.uri

    def reading(self, name: str) -> str:
        """The name, if it may be read."""
        assert name in self.reads, f"{name} is no input"
        return name

    def making(self, name: str) -> str:
        """The name, if it may be made."""
        assert name in self.makes, f"{name} is no output"
        return name

    def stat(self, name: str) -> StoredObject | None:
        """As of every store."""
        return self.store.stat(self.reading(name))

    def put(
        self, name: str, file: Path, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """As of every store."""
        return self.store.put(self.making(name), file, metadata, replace=replace)

    def compose(
        self,
        name: str,
        head: bytes,
        parts: Sequence[tuple[NamedObjects, str]],
        metadata: Mapping[str, str] | None = None,
        *,
        crc32c: int,
        replace: bool = False,
    ) -> StoredObject:
        """As of every store."""
        opened = []
        for store, part in parts:
            assert isinstance(store, Confined)
            opened.append((store.store, store.reading(part)))
        return self.store.compose(self.making(name), head, opened, metadata, crc32c=crc32c, replace=replace)

    @contextmanager
    def together(self) -> Iterator[NamedObjects]:
        """As of every store."""
        with self.store.together() as store:
            yield Confined(store, self.reads, self.makes)

    def read(self, name: str, span: range | None = None) -> bytes:
        """As of every store."""
        return self.store.read(self.reading(name), span)

    def local(self, name: str) -> AbstractContextManager[Path]:
        """As of every store."""
        return self.store.local(self.reading(name))

    def delete(self, name: str) -> None:
        """As of every store."""
        self.store.delete(self.making(name))

    def scratch(self) -> AbstractContextManager[Path]:
        """As of every store."""
        return self.store.scratch()


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VariantOrder]:
    """A cache with a clip, a track and a line, and a video of them; objects of others lie beside them."""
    folder = tmp_path_factory.mktemp("confined")
    cache = FolderStore(folder / "cache")
    clip, track = "a" * 64, "b" * 64
    cache.put(names.source_object(clip), media.clip(folder / "clip.mp4", media.ClipLook(fps=30)))
    cache.put(names.source_object(track), media.track(folder / "t.mp3", 2.0))
    cache.put(names.speech_object(LINE, "mp3"), media.track(folder / "l.mp3", 0.5, 330))
    line = SpokenLine(key=LINE, extension="mp3", provider="elevenlabs", characters=2, duration_s=0.5)
    recording = Recording(line=line, voice="v", text="Hi", words=(Word(text="Hi", start_s=0.0, end_s=0.4),))
    cache.put_bytes(names.speech_object(LINE, "json"), recording.model_dump_json().encode())
    cache.put_bytes(names.source_object("e" * 64), b"somebody else's")
    segments = (
        f.order_of(f.video(clip, 0, 10)),
        f.order_of(f.video(clip, 10, 5), f.video(clip, 0, 5)),
        f.order_of(f.video(clip, 5, 10)),
    )
    sound = SoundtrackOrder(
        fps=30, frames=25, track=track, speech=(SpeechRef(line_key=LINE, extension="mp3"),), music_volume=0.2, ducking=True,
    )  # fmt: skip
    return folder, VariantOrder(segments=segments, soundtrack=sound, captions=CAPTIONS)


def _touched(order: WorkOrder) -> tuple[set[str], set[str], set[str]]:
    """What is read of the cache and made in it, and what is made in the output: all by the order."""
    videos = [each.order for each in (*order.variants, *order.joins)]
    segments: set[SegmentOrder] = {*order.segments, *(part for each in videos for part in each.segments)}
    soundtracks = {*order.soundtracks, *(each.soundtrack for each in videos if each.soundtrack)}
    sources = [part.sources for part in segments] + [part.sources for part in soundtracks]
    reads = {names.source_object(sha256) for each in sources for sha256 in each}
    for speech in (speech for each in soundtracks for speech in each.speech):
        reads.add(names.speech_object(speech.line_key, speech.extension))
    captions = [each.captions for each in videos if each.captions]
    reads |= {line.words for each in captions for line in each.lines}
    reads |= {name for part in segments if part.captions for name in part.captions.words}
    makes = {names.segment_object(each.key) for each in segments}
    makes |= {names.picture_object(each.key) for each in segments if not each.is_seam}
    makes |= {names.soundtrack_object(each.key) for each in soundtracks}
    return (
        reads,
        makes,
        {f"{order.task}/{each.name}{names.VIDEO}" for each in (*order.variants, *order.joins)},
    )


BURNED = BurnedCaptions(
    look=CaptionLook(kind="plain", letters=Style(), accent="#ffffff", words=4, lines=2, position="center"),
    spoken=(SpokenAt(words=names.speech_object(LINE, "json"), language="en", frame=0, end_ms=500),),
)
WORK: dict[str, Callable[[VariantOrder], dict[str, object]]] = {
    "a segment": lambda video: {"segments": video.segments[:1]},
    "a segment in which somebody speaks": lambda video: {"segments": (video.segments[0].captioned(BURNED),)},
    "a seam": lambda video: {"segments": video.segments[1:2]},
    "a soundtrack": lambda video: {"soundtracks": (video.soundtrack,)},
    "a video of which nothing is there": lambda video: {"variants": (NamedVariant(name="v-1", order=video),)},
    "two videos of parts that are there": lambda video: {
        "variants": tuple(NamedVariant(name=f"v-{n}", order=video) for n in (2, 3))
    },
    "parts, and a video that is complete then": lambda video: {
        "segments": video.segments,
        "soundtracks": (video.soundtrack,),
        "joins": (NamedVariant(name="v-4", order=video),),
    },
}


@pytest.mark.parametrize("what", WORK)
def test_a_job_needs_no_more_of_the_stores_than_its_order_names(
    what: str, campaign: tuple[Path, VariantOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials for whole buckets would have to be in every pod; nor could URLs be signed for what only a listing tells."""
    folder, video = campaign
    cache, output = FolderStore(folder / "cache"), FolderStore(folder / "out")
    order = WorkOrder(cache=cache.uri, output=output.uri, task="task").model_copy(update=WORK[what](video))
    reads, makes, films = _touched(order)
    confined = {cache.uri: Confined(cache, reads, makes), output.uri: Confined(output, set(), films)}
    monkeypatch.setattr(carry_out, "open_store", lambda uri, _scratch: confined[uri])

    failed = carry_out.execute(order, lambda _line: None)

    assert failed == {}
    assert all(output.stat(name) for name in films)
