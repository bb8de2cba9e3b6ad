"""What is this file, really? Told by its content, never by its name, and safe to ask of a hostile file.

Pictures are read by Pillow, everything else by PyAV with a whitelist of formats, so that no playlist, drawing or
subtitle is ever opened, and none of these can open another file. Limits hold before anything is decoded.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final, Literal, NoReturn

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from cliptask.errors import SourceError
from cliptask.facts import SourceFacts
from cliptask_renderer.media.formats import DEMUXERS, is_turned

_MEDIA: Final = "MP4, MOV, MKV, WebM, MP3, WAV, Ogg, FLAC or AAC, or a PNG, JPEG, WebP or GIF picture"
_HEAD_BYTES = 512
_UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED, as in ITU-T H.273."""
_TRANSFERS: Final[dict[int, Literal["pq", "hlg"]]] = {16: "pq", 18: "hlg"}  # ITU-T H.273, table 3
# A picture of 50 megapixels takes 200 MB decoded: one at a time.
_one_picture = threading.Lock()


@dataclass(frozen=True)
class ProbeLimits:
    """How much a source may ask of whoever reads it."""

    size_bytes: int = 4 << 30
    duration_s: float = 600.0
    streams: int = 8
    video_pixels: int = 4096 * 4096
    still_pixels: int = 50_000_000
    side: int = 16_000
    """Pixels along one edge, of any picture."""
    seconds: float = 60.0
    """To read the file in."""


def probe(path: Path, sha256: str, limits: ProbeLimits | None = None) -> SourceFacts:
    """What a file is. ``sha256`` is that of its content, and stands in the facts.

    Raises ``SourceError`` for what no task can use; the message names neither the file nor its URL.
    """
    limits = limits or ProbeLimits()
    size = path.stat().st_size
    if size == 0:
        _refuse("the file is empty", "upload it again")
    if size > limits.size_bytes:
        _refuse(f"the file has {size} bytes, {limits.size_bytes} are allowed", "make it smaller")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    facts = SourceFacts(sha256=sha256, size_bytes=size, kind="still", container="?")
    if (reader := _still_reader(head)) is not None:
        return _probe_still(path, reader, facts, limits)
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"}:
        _refuse("it is a HEIC or AVIF picture", "save it as JPEG, PNG or WebP")
    return _probe_media(path, head, facts, limits)


def _refuse(what: str, remedy: str, cause: Exception | None = None) -> NoReturn:
    message = f"{what}; {remedy}"
    raise SourceError(message) from cause


def _check_pixels(width: int, height: int, pixels: int, side: int) -> None:
    if width < 1 or height < 1:
        _refuse(f"it claims to be {width}x{height} pixels", "export it again")
    if width * height > pixels or max(width, height) > side:
        limit = f"{pixels / 1e6:.3g} megapixels and {side} pixels along one edge are allowed"
        _refuse(f"it has {width}x{height} pixels, {limit}", "scale it down")


# --- Still pictures ----------------------------------------------------------------------------------------------


def _still_reader(head: bytes) -> type[ImageFile] | None:
    """The one reader for a picture. Pillow's ``open`` would guess, and take a phone's JPEG for an album."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if head.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GifImageFile
    return WebPImageFile if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def _probe_still(path: Path, reader: type[ImageFile], facts: SourceFacts, limits: ProbeLimits) -> SourceFacts:
    name = str(reader.format)
    try:
        with _one_picture, reader(path) as image:
            width, height = image.size
            _check_pixels(width, height, limits.still_pixels, limits.side)
            if getattr(image, "is_animated", False):
                _refuse(f"it is an animated {name}", "save one picture of it, or export it as an MP4")
            if is_turned(image):
                width, height = height, width
            image.draft("RGB", (1, 1))
            image.load()
    # Pillow's readers raise nearly anything on a broken file.
    except (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, MemoryError) as error:
        _refuse(f"it is a damaged {name} picture ({error})", "export it again", error)
    return facts.model_copy(update={"container": name.lower(), "width": width, "height": height})


# --- Video and audio ---------------------------------------------------------------------------------------------


def _probe_media(path: Path, head: bytes, facts: SourceFacts, limits: ProbeLimits) -> SourceFacts:
    options = {
        "format_whitelist": DEMUXERS,
        "protocol_whitelist": "file",
        # Opening decodes some pictures to learn about them, before any check of ours.
        "max_pixels": str(limits.video_pixels),
        "threads": "1",
    }
    url = f"file:{path.absolute()}"  # as a path without file: a name could ask for another protocol
    try:
        with av.open(url, options=options, metadata_errors="replace", timeout=limits.seconds) as container:
            return _read(container, facts, limits)
    except (av.error.FFmpegError, ValueError, OverflowError) as error:
        _refuse(*_not_media(head, error), error)


def _not_media(head: bytes, error: Exception) -> tuple[str, str]:
    """What it looks like instead, and the remedy."""
    if isinstance(error, av.error.TimeoutError | av.error.ExitError):
        return "it takes too long to read", "export it again"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "it is an HTML page and no media", "check that the link leads to the file itself"
    if head[4:8] == b"ftyp":
        return "it is an MP4 that is cut short or damaged", "export or upload it again"
    if text and all(byte >= ord(" ") or byte in b"\t\r\n" for byte in text):
        return "it is text and no media", f"give the media itself, as {_MEDIA}"
    return "it is no media that can be read", f"convert it to {_MEDIA}"


def _read(container: InputContainer, facts: SourceFacts, limits: ProbeLimits) -> SourceFacts:
    counted = [stream for stream in container.streams if stream.type != "data"]
    if len(counted) > limits.streams:
        what = f"it has {len(counted)} streams, {limits.streams} are allowed"
        _refuse(what, "export it with one of picture and one of sound")
    videos = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    audios = list(container.streams.audio)
    if not videos and not audios:
        _refuse("it has neither moving pictures nor sound", "export it again")
    main: VideoStream | AudioStream = videos[0] if videos else audios[0]
    if isinstance(main, VideoStream):
        _check_pixels(main.width, main.height, limits.video_pixels, limits.side)
    scan = _PacketScan(container, main, limits)
    scan.run()
    found = {
        "kind": main.type,
        "container": container.format.name.partition(",")[0],
        "duration_s": scan.duration_s,
        "has_audio": any(scan.packets[audio.index] for audio in audios),
    }
    if isinstance(main, VideoStream):
        found |= _picture_facts(main, scan, limits)
    return facts.model_copy(update=found)


def _picture_facts(stream: VideoStream, scan: _PacketScan, limits: ProbeLimits) -> dict[str, object]:
    """How the pictures look: size as displayed, rate, transfer, matrix; and when the first is shown."""
    frame = scan.first_frame
    if not isinstance(frame, VideoFrame):
        _refuse("it has no picture", "export it again, e.g. as H.264")
    aspect = stream.sample_aspect_ratio or 1
    width, height = max(1, round(frame.width * aspect)), frame.height
    _check_pixels(frame.width, frame.height, limits.video_pixels, limits.side)
    _check_pixels(width, height, limits.side * limits.side, limits.side)
    if abs(round(frame.rotation / 90)) % 2:
        width, height = height, width
    return {
        "width": width,
        "height": height,
        "fps": float(stream.average_rate or scan.packets[stream.index] / scan.duration_s),
        "transfer": _TRANSFERS.get(frame.color_trc) or _TRANSFERS.get(stream.color_trc) or "sdr",
        "matrix": "unknown" if frame.colorspace == _UNSPECIFIED else "tagged",
        "video_start_us": scan.start_us,
    }


@dataclass
class _PacketScan:
    """One pass over all packets of a file, in which only the first frame is decoded."""

    container: InputContainer
    main: VideoStream | AudioStream
    limits: ProbeLimits
    packets: Counter[int] = field(default_factory=Counter)
    """How many, by the stream's index."""
    first_frame: VideoFrame | AudioFrame | None = None
    duration_s: float = 0.0
    start_s: float = inf
    end_s: float = -inf
    last_s: float = 0.0
    """The end of the stream that ends last."""

    @property
    def thing(self) -> str:
        """What the main stream shows or plays."""
        return "pictures" if isinstance(self.main, VideoStream) else "sound"

    @property
    def start_us(self) -> int:
        """When the stream begins, in microseconds after the container's own start."""
        return max(round(self.start_s * 1_000_000) - (self.container.start_time or 0), 0)

    def run(self) -> None:
        """Read to the end. Raises ``SourceError`` where the file is cut short, too long or has nothing to show."""
        deadline = time.monotonic() + self.limits.seconds
        streams = [stream for stream in self.container.streams if stream.type in {"video", "audio"}]
        for packet in self.container.demux(streams):
            if time.monotonic() > deadline:
                what = f"it takes more than {self.limits.seconds:.0f} s to read"
                _refuse(what, "export it again, shorter or smaller")
            # A streamed WAV, whose header states no size, marks its last packet too.
            if packet.is_corrupt and self.container.format.name != "wav":
                self._refuse_cut_short()
            if packet.stream_index == self.main.index and self.first_frame is None:
                self.first_frame = self._decoded(packet)
            if packet.size:
                self._count(packet)
        self.duration_s = max(0.0, self.end_s - self.start_s)
        self._check_complete()
        if not self.packets[self.main.index] or not self.duration_s:
            _refuse(f"its {self.thing} last 0 s", "export it again")
        if self.first_frame is None:
            self._refuse_codec()

    def _decoded(self, packet: Packet[Stream]) -> VideoFrame | AudioFrame | None:
        context = self.main.codec_context
        if context is None:
            self._refuse_codec()
        if not context.is_open:
            context.thread_count = 1
            # The container's header may lie about the size: the decoder itself refuses a larger picture.
            context.options = {"max_pixels": str(self.limits.video_pixels)}
        try:
            return next((f for f in packet.decode() if isinstance(f, VideoFrame | AudioFrame)), None)
        except av.error.FFmpegError as error:
            self._refuse_codec(error)

    def _count(self, packet: Packet[Stream]) -> None:
        self.packets[packet.stream_index] += 1
        at = packet.dts if packet.pts is None else packet.pts
        if at is None or packet.is_discard:
            return
        start = float(at * packet.time_base)
        end = start + float((packet.duration or 0) * packet.time_base)
        if packet.stream_index == self.main.index:
            if not packet.duration and self.main.average_rate:
                end = start + float(1 / self.main.average_rate)
            self.start_s = min(self.start_s, start)
            self.end_s = max(self.end_s, end)
            if self.end_s - self.start_s > self.limits.duration_s:
                what = f"it is longer than the {self.limits.duration_s:.0f} s that are allowed"
                _refuse(what, "cut it")
        self.last_s = max(self.last_s, end)

    def _check_complete(self) -> None:
        """A file that was cut off still states, in its index or header, what it should hold."""
        form = self.container.format.name
        if "mp4" in form and self.packets[self.main.index] < len(self.main.index_entries):
            self._refuse_cut_short()
        if form == "flac" or (form == "matroska,webm" and isinstance(self.main, VideoStream)):
            stated_s = (self.container.duration or 0) / av.time_base
            if stated_s - self.last_s > max(0.5, stated_s * 0.02):
                self._refuse_cut_short()

    def _refuse_cut_short(self) -> NoReturn:
        _refuse("it is cut short: parts that its header names are missing", "export or upload it again")

    def _refuse_codec(self, cause: Exception | None = None) -> NoReturn:
        codec = self.main.codec_context.name if self.main.codec_context else "unknown"
        what = f"its {self.thing} (codec: {codec}) cannot be decoded"
        _refuse(what, "export it again, e.g. as H.264 with AAC", cause)
