"""How are a video's pictures to be taken? Their size, scan, colours and transparency, found by decoding some of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import dropwhile, islice, pairwise
from statistics import median
from typing import Any, Final, Literal, NoReturn

import av
import av.error
import av.filter
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cliptask.facts import Look, Scan
from cliptask_renderer.probe.limits import ProbeLimits, check_pixels, check_time, refuse
from cliptask_renderer.probe.rhythm import Rhythm

HD_HEIGHT = 720
"""From this height on, players take a video that names no matrix for BT.709, below for BT.601."""

_UNSPECIFIED = 2
_TRANSFERS: Final = {4: "gamma22", 5: "gamma28", 8: "linear", 13: "srgb", 16: "pq", 18: "hlg"}
_MATRICES: Final[Mapping[int, str]] = {
    1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc", 10: "bt2020c",
    12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp",
}  # fmt: skip
_PRIMARIES: Final[Mapping[int, str]] = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "jedec-p22",
}  # fmt: skip
"""ITU-T H.273, tables 2 to 4, with ffmpeg's names."""

_WHOLE_PICTURES = frozenset(
    {"vp8", "vp9", "av1", "libdav1d", "gif", "webp", "apng", "png", "theora", "qtrle"}
)
"""Codecs that know no fields."""
_FROM_EACH_OTHER = frozenset(
    {"h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg1video", "mpeg2video", "mpeg4"}
)
"""Codecs whose pictures are made from each other: the few that are not are quickly decoded."""
_FIELDS_HEIGHTS = range(400, 1089)
"""Of pictures of two fields, as they were and are recorded."""
_MEASURED = 25
"""Pictures of each of several places: a second of what moves."""
_PLACES = 6
_PLACES_APART_S = 2.0
_NEAR_S = 0.5
"""Places at which a video is measured, how far apart they are at least, and how exactly they are met: titles rest, and parts
are cut in of another kind."""
_COMB = 1.2
"""How much better a picture's lines must fit those of another moment. At ffmpeg's 1.04 fine moving patterns do."""
_ENOUGH = 4
"""Pictures that a place needs to tell what they are."""
_CLEARLY = 4
"""Times as many of one kind as of the other."""
_NEARLY_TWO = 1.8
_FULL = 2
"""AVCOL_RANGE_JPEG."""

_TRANSPARENT_PALETTES = frozenset({"png", "apng", "gif", "tiff"})
_ALPHA_DECODERS: Final[Mapping[str, Literal["libvpx", "libvpx-vp9"]]] = {
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
}


@dataclass(frozen=True)
class Seen:
    """A look, and what pictures measure as they are shown."""

    look: Look
    rhythm: Rhythm
    width: int
    height: int


@dataclass
class LookReader:
    """Decodes some pictures of one stream of a container that nothing has been read of."""

    container: InputContainer
    stream: VideoStream
    limits: ProbeLimits
    deadline: float
    start_s: float
    """When the first picture is shown."""
    aperture: tuple[int, int] | None = None
    """Width and height of the part that is seen, in coded pixels."""
    _flagged: int = 0
    _shown: list[float] = field(default_factory=list)
    """When the pictures that were measured are shown, in seconds."""
    _orders: Counter[str] = field(default_factory=Counter)
    """How many pictures of fields were measured, by which comes first."""
    _is_parted: bool = False
    """Whether most of those that tell are of fields, at any place."""
    _whole: int = 0
    """Pictures that were measured as whole; of one that rests nothing is known."""

    def read(self, rhythm: Rhythm) -> Seen:
        """Look at the pictures of ``rhythm``. Raises ``SourceError`` for those that cannot be decoded or are too large."""
        context = self.stream.codec_context
        if context is None:
            self._refuse_codec()
        context.thread_count = 1
        # The container's header may lie about the size: the decoder itself refuses a larger picture.
        context.options = {"max_pixels": str(self.limits.video_pixels)}
        first = next(self._frames(), None)
        if first is None:
            self._refuse_codec()
        width, height = self._size(first)
        if self._may_have_fields(first):
            places = min(int(rhythm.duration_s / _PLACES_APART_S) + 1, _PLACES)
            for number in range(places):
                self._measure(rhythm.duration_s * number / places)
        scan = self._scan()
        is_turned = scan != "progressive"
        look = Look(
            decoder=self._alpha_decoder(),
            scan=scan,
            rotation=round(-first.rotation / 90) % 4 * 90 if is_turned else 0,
            has_alpha=self._has_alpha(first),
            **self._colours(first),
        )
        if context.name in _FROM_EACH_OTHER:
            self._check_steady(first)
        return Seen(look, self._of_whole_pictures(rhythm), width, height)

    def _frames(self) -> Iterator[VideoFrame]:
        """Pictures from where the container stands."""
        try:
            for frame in self.container.decode(self.stream):
                check_time(self.deadline, self.limits, "export it again")
                if isinstance(frame, VideoFrame):
                    yield frame
        except av.error.FFmpegError as error:
            self._refuse_codec(error)

    def _size(self, frame: VideoFrame) -> tuple[int, int]:
        """Width and height as shown."""
        check_pixels(frame.width, frame.height, self.limits.video_pixels, self.limits.side)
        coded_width, height = self.aperture or (frame.width, frame.height)
        width = max(1, round(coded_width * (self.stream.sample_aspect_ratio or 1)))
        check_pixels(width, height, self.limits.side * self.limits.side, self.limits.side)
        return (height, width) if abs(round(frame.rotation / 90)) % 2 else (width, height)

    def _may_have_fields(self, frame: VideoFrame) -> bool:
        codec = self.stream.codec_context.name
        return frame.interlaced_frame or (codec not in _WHOLE_PICTURES and frame.height in _FIELDS_HEIGHTS)

    def _measure(self, from_s: float) -> None:
        """Count the pictures of fields among some from a time on."""
        self.container.seek(round((from_s + self.start_s) * av.time_base))
        graph, measured = None, {}
        # From the key frame before it, which may be long before.
        frames = dropwhile(lambda frame: (frame.time or 0) < from_s + self.start_s - _NEAR_S, self._frames())
        for frame in islice(frames, _MEASURED):
            self._flagged += frame.interlaced_frame
            if frame.time is not None:
                self._shown.append(frame.time)
            if graph is None:
                graph = av.filter.Graph()
                source = graph.add_buffer(
                    width=frame.width,
                    height=frame.height,
                    format=frame.format,
                    time_base=self.stream.time_base,
                )
                graph.link_nodes(
                    source, graph.add("idet", f"intl_thres={_COMB}"), graph.add("buffersink")
                ).configure()
            graph.push(frame)
            with suppress(av.error.BlockingIOError):  # it holds one back
                measured = graph.pull().metadata
        whole, tff, bff = (
            round(float(measured.get(f"lavfi.idet.multiple.{kind}", 0)))
            for kind in ("progressive", "tff", "bff")
        )
        self._whole += whole
        self._orders.update(tff=tff, bff=bff)
        self._is_parted |= tff + bff >= max(_ENOUGH, whole)

    def _check_steady(self, first: VideoFrame) -> None:
        """Raise ``SourceError`` where pictures take another form midway, told by those that stand for themselves."""
        self.container.seek(round(self.start_s * av.time_base))
        self.stream.codec_context.skip_frame = "NONKEY"
        for frame in self._frames():
            if _form(frame) != _form(first):
                sizes = f"from {first.width}x{first.height} to {frame.width}x{frame.height}"
                what = (
                    sizes if frame.width != first.width or frame.height != first.height else "their colours"
                )
                at = f" at {frame.time - self.start_s:.1f} s" if frame.time is not None else ""
                refuse(f"its pictures change {what}{at}", "export it again, in one form")

    def _scan(self) -> Scan:
        """Measured, where that tells: editors export fields as whole pictures, cameras flag whole ones, orders are confused."""
        tff, bff = self._orders["tff"], self._orders["bff"]
        if self._is_parted and max(tff, bff) > _CLEARLY * min(tff, bff):
            return "tff" if tff > bff else "bff"
        # Many a camera flags whole pictures: they stay whole.
        return "flagged" if self._flagged and (self._is_parted or self._whole < _ENOUGH) else "progressive"

    def _of_whole_pictures(self, rhythm: Rhythm) -> Rhythm:
        """Fields may lie in packets of their own, two of which are one picture."""
        steps = [after - before for before, after in pairwise(self._shown) if after > before]
        if not self._flagged or not steps:
            return rhythm
        return rhythm.halved() if median(steps) * rhythm.fps > _NEARLY_TWO else rhythm

    def _alpha_decoder(self) -> Literal["libvpx", "libvpx-vp9"] | None:
        # WebM's alpha is a second picture beside the first, which the usual decoders pass over.
        is_there = self.stream.metadata.get("alpha_mode") == "1"
        return _ALPHA_DECODERS.get(self.stream.codec_context.name) if is_there else None

    def _has_alpha(self, frame: VideoFrame) -> bool:
        if self.stream.codec_context.name == "rawvideo" and self.container.format.name == "avi":
            return False  # its fourth byte is padding
        if frame.format.name == "pal8":
            return self.stream.codec_context.name in _TRANSPARENT_PALETTES
        return self._alpha_decoder() is not None or any(part.is_alpha for part in frame.format.components)

    def _colours(self, frame: VideoFrame) -> dict[str, Any]:
        context = self.stream.codec_context
        matrix, primaries, transfer = (
            own if own != _UNSPECIFIED else stated
            for own, stated in (
                (frame.colorspace, context.colorspace),
                (frame.color_primaries, context.color_primaries),
                (frame.color_trc, context.color_trc),
            )
        )
        is_rgb = frame.format.is_rgb
        taken = _TRANSFERS.get(transfer, "sdr")
        usual = "bt2020" if taken in ("pq", "hlg") else "bt709"
        usual_matrix = (
            "bt2020nc" if usual == "bt2020" else "bt709" if frame.height >= HD_HEIGHT else "smpte170m"
        )
        own = _PRIMARIES.get(primaries, usual)
        return {
            "matrix": "gbr" if is_rgb else _MATRICES.get(matrix, usual_matrix),
            "primaries": own,
            # Only where primaries turn is it asked which of those that are shown alike it is.
            "transfer": "sdr" if own == "bt709" and taken in ("gamma22", "gamma28", "srgb") else taken,
            "full_range": is_rgb or frame.color_range == _FULL or frame.format.name.startswith("yuvj"),
        }

    def _refuse_codec(self, cause: Exception | None = None) -> NoReturn:
        codec = self.stream.codec_context.name if self.stream.codec_context else "unknown"
        refuse(
            f"its pictures (codec: {codec}) cannot be decoded",
            "export it again, e.g. as H.264 with AAC",
            cause,
        )


def _form(frame: VideoFrame) -> tuple[int, int, str, int, int]:
    return frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range
