"""Which files may ffmpeg open?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
"""The names of one demuxer: what cameras and editors write, and all that is made here."""


@dataclass(frozen=True)
class Demuxer:
    """A reader of ffmpeg's that may be used. It reads one file and nothing beside it."""

    names: str
    called: str
    """As people call it."""
    reason: str


TAKEN = (
    Demuxer(MP4, "MP4, MOV", "what phones, cameras and editors write; references to other files are off"),
    Demuxer("matroska,webm", "MKV, WebM", "what recorders of screens and calls write"),
    Demuxer("mpegts", "MPEG-TS", "what AVCHD cameras and television write"),
    Demuxer("mpeg", "MPEG-PS", "what DVDs and older cameras write"),
    Demuxer("avi", "AVI", "what older cameras and editors write"),
    Demuxer("flv", "FLV", "what recorders of live streams write"),
    Demuxer("asf", "WMV, WMA", "what Windows' editors wrote; other than ASX it names no other file"),
    Demuxer("mp3", "MP3", "what music is sold as"),
    Demuxer("wav", "WAV", "what studios and speech services write, RF64 and BW64 too"),
    Demuxer("w64", "Wave64", "WAV without a limit of 4 GB"),
    Demuxer("aiff", "AIFF", "what studios on Macs write"),
    Demuxer("caf", "CAF", "what recorders and editors on Macs and iPhones write"),
    Demuxer("ogg", "Ogg", "what messengers record, Vorbis, Opus and FLAC within"),
    Demuxer("flac", "FLAC", "what music without loss is sold as"),
    Demuxer("aac", "AAC", "what radio stations send"),
)

DEMUXERS = ",".join(each.names for each in TAKEN)
"""Playlists, concat lists, picture sequences and network formats are not among them: such a file could have another opened.
Nor are drawings and subtitles, whose readers are many and little used, what states no times (raw H.264), and what no editor
exports (MXF's many forms, RealMedia, AMR, AC-3)."""

MOST_LOST = 0.1
"""The part of a sound that may be undecodable, such as junk in an MP3 that players pass over."""

_MARKS = 5
"""Packets of a transport stream that show it to be one."""


def transport_step(head: bytes) -> tuple[int, int] | None:
    """Where the first packet of a transport stream lies and how long each is; None for another file."""
    for length in (188, 192, 204):
        for at in range(length):
            marks = head[at::length]
            if len(marks) >= _MARKS and marks.strip(b"G") == b"":
                return at, length
    return None


def is_streamed(file: Path) -> bool:
    """Whether a file is what is made to be sent: an MPEG-TS, MPEG-PS or Ogg, whose clock begins anywhere."""
    if not file.is_file():
        return False  # whoever reads it says so
    with file.open("rb") as content:
        head = content.read(1024)
    return head.startswith((b"\0\0\1\xba", b"OggS")) or transport_step(head) is not None
