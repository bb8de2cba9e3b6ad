"""Whether a video says what kind of source it has, to readers that know nothing of how that was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.captions import Cue
from cliptask.errors import MediaError
from cliptask.orders import SOURCE_TYPES, SourceType
from cliptask_renderer.mux.boxes import box, children
from cliptask_renderer.mux.movie import Movie, movie
from cliptask_renderer.mux.proof import prove
from cliptask_renderer.mux.xmp import source_type_in, xmp_box
from support import frames as f
from support import joined, media
from support.readers import by_mediainfo, by_mp4box, xmp_by_ffmpeg

CUES = (Cue(0.2, 0.5, ("Spring is here",)),)
UNREAD = "[BoxParser] Unknown UUID box type: 'be7acfcb97a942e89c71999491e3afac'"
"""mp4box.js has no reader of XMP, and says so."""
TYPES: tuple[SourceType, ...] = get_args(SourceType)
DIGITAL_SOURCE_TYPE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
CREATOR_TOOL = "{http://ns.adobe.com/xap/1.0/}CreatorTool"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two segments of 20 frames."""
    folder = tmp_path_factory.mktemp("parts")
    source = f.encode(folder / "source.mp4", f.numbered(40))
    return [f.make(f.order_of(f.video(first=at, frames=20)), folder, a=source) for at in (0, 20)]


@pytest.fixture(scope="module")
def soundtrack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As long as they are."""
    return media.track(tmp_path_factory.mktemp("sound") / "a.m4a", 40 / 30)


@pytest.mark.parametrize("source_type", TYPES)
def test_others_read_what_is_said(
    tmp_path: Path, parts: list[Path], soundtrack: Path, source_type: SourceType
) -> None:
    """A platform that looks for the mark would find none."""
    video = joined.join(tmp_path / "v.mp4", parts, soundtrack, CUES, "eng", source_type)

    assert xmp_by_ffmpeg(video) == {
        DIGITAL_SOURCE_TYPE: f"{SOURCE_TYPES}{source_type}", CREATOR_TOOL: "ClipTask"
    }  # fmt: skip


def counted(track: dict[str, Any]) -> dict[str, Any]:
    """What MediaInfo counts in a track."""
    return {
        name: track.get(name) for name in ("track_type", "format", "duration", "frame_count", "isstreamable")
    }


@pytest.mark.parametrize("source_type", TYPES)
def test_the_video_is_the_same_as_without(
    tmp_path: Path, parts: list[Path], soundtrack: Path, source_type: SourceType
) -> None:
    """The box before the samples would move each of them, and players would find others."""
    plain = joined.join(tmp_path / "plain.mp4", parts, soundtrack, CUES, "eng")
    told = joined.join(tmp_path / "told.mp4", parts, soundtrack, CUES, "eng", source_type)

    without, with_it = by_mp4box(plain), by_mp4box(told)
    assert with_it.boxes == ("ftyp", "moov", "uuid", "mdat")
    assert with_it.tracks == without.tracks
    assert with_it.complaints - without.complaints == {UNREAD}
    assert (*map(counted, by_mediainfo(told)),) == (*map(counted, by_mediainfo(plain)),)
    for stream in ("v", "a"):
        assert joined.framemd5(told, stream) == joined.framemd5(plain, stream)


def test_a_video_of_which_ai_made_nothing_has_no_such_box(parts: list[Path]) -> None:
    """Videos that are there would be other ones under their names."""
    assert [kind for kind, _ in children(joined.made(parts).head)] == [b"ftyp", b"moov", b"mdat"]


@pytest.mark.parametrize("size", [(1 << 32) - 100_000, 1 << 32], ids=["just below", "4 GiB"])
def test_positions_count_the_box_in_large_videos_too(parts: list[Path], size: int) -> None:
    """Positions of 64 bits are reckoned elsewhere, and would lead beside the samples."""
    first, second = map(joined.part, parts)

    made = movie([replace(first, size_bytes=size), second], source_type="compositeSynthetic")

    prove(made, 40, 30, "the video", "compositeSynthetic")
    assert (b"co64" in made.head) == (made.size_bytes >= 1 << 32)


class TestProof:
    """What is refused although it was written."""

    @pytest.mark.parametrize("ordered", [*TYPES, None])
    @pytest.mark.parametrize("told", [*TYPES, None])
    def test_says_what_was_ordered_and_nothing_else(
        self, parts: list[Path], told: SourceType | None, ordered: SourceType | None
    ) -> None:
        """A synthetic voice would go out unmarked, or a filmed clip as AI's."""
        made = movie([*map(joined.part, parts)], source_type=told)

        if told == ordered:
            prove(made, 40, 30, "the video", ordered)
        else:
            with pytest.raises(MediaError, match=f"says {told} of its source where {ordered} was ordered"):
                prove(made, 40, 30, "the video", ordered)

    def test_says_it_once(self, parts: list[Path]) -> None:
        """Of two that differ each reader would take another one."""
        made = movie([*map(joined.part, parts)], source_type="compositeSynthetic")
        twice = Movie(xmp_box("trainedAlgorithmicMedia") + made.head, made.parts)

        with pytest.raises(MediaError, match="metadata that do not say one known source type"):
            source_type_in(twice.head, "the video")

    @given(at=st.integers(0, 10_000), by=st.integers(1, 255))
    def test_no_byte_of_what_is_said_may_be_another(self, at: int, by: int) -> None:
        """A name that no vocabulary has would pass."""
        whole = xmp_box("compositeSynthetic")
        said = b"http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
        place = whole.index(said) + at % len(said)
        damaged = whole[:place] + bytes([(whole[place] + by) % 256]) + whole[place + 1 :]

        with pytest.raises(MediaError):
            source_type_in(damaged, "the video")

    def test_takes_no_notice_of_boxes_of_other_kinds(self) -> None:
        """What others lay beside it would be read as ours."""
        assert source_type_in(box(b"uuid", bytes(16), b"<not xml"), "the video") is None
