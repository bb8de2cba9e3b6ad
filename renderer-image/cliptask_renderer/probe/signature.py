"""What is a file that is no media, and what is its owner to do? Told by its first bytes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cliptask.names import shown
from cliptask_renderer.media.formats import TAKEN

MEDIA: Final = f"{', '.join(each.called for each in TAKEN)} or a PNG, JPEG, WebP, GIF, AVIF or HEIC picture"
HEAD_BYTES: Final = 1 << 16
"""As much as tells archives of documents apart."""

_QUOTED: Final = 200
_READ: Final = 1 << 13
"""Letters of a text."""


@dataclass(frozen=True)
class Signature:
    """What begins with one of ``magic`` at an offset, all of a kind."""

    what: str
    remedy: str
    magic: tuple[bytes, ...]
    at: int = 0
    within: bytes = b""
    """What is among the first bytes, too."""

    def fits(self, head: bytes) -> bool:
        """Whether a file with this beginning is one."""
        return head.startswith(self.magic, self.at) and self.within in head


_PICTURE = "save it as JPEG, PNG or WebP"
_EXPORT = "export a video from it, as MP4 or MOV"
_SOUND = "convert it to WAV or FLAC"
_UNPACK = "unpack it, and name a file in it"
_SUBTITLES = "give the video or sound itself, or captions as SubRip (.srt) or WebVTT (.vtt)"
_LINK = "give the file that it leads to"
_PAGE = "check that the link leads to the file itself"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

SIGNATURES: Final[Sequence[Signature]] = (
    Signature("a PDF", "save its picture as JPEG or PNG", (b"%PDF-",)),
    Signature("an EPS or PostScript drawing", _PICTURE, (b"%!PS", b"\xc5\xd0\xd3\xc6")),
    Signature("a Photoshop file", _PICTURE, (b"8BPS",)),
    Signature("a GIMP file", _PICTURE, (b"gimp xcf",)),
    Signature("a RAW photograph (CR3)", _PICTURE, (b"ftypcrx ",), 4),
    Signature("a RAW photograph (RAF)", _PICTURE, (b"FUJIFILMCCD-RAW",)),
    Signature("a RAW photograph (ORF)", _PICTURE, (b"IIRO", b"IIRS", b"MMOR")),
    Signature("a RAW photograph (RW2)", _PICTURE, (b"IIU\0",)),
    Signature("a RAW photograph (X3F)", _PICTURE, (b"FOVb",)),
    Signature("a RAW photograph (CR2)", _PICTURE, _TIFF, within=b"CR\2\0"),
    Signature("a RAW photograph (NEF)", _PICTURE, _TIFF, within=b"NIKON"),
    Signature("a RAW photograph (ARW)", _PICTURE, _TIFF, within=b"SONY"),
    Signature("a RAW photograph (DNG)", _PICTURE, _TIFF, within=b"\x12\xc6\x01\0\x04\0\0\0\x01"),
    Signature("a RAW photograph (DNG)", _PICTURE, _TIFF, within=b"\xc6\x12\0\x01\0\0\0\x04\x01"),
    Signature("a TIFF picture", _PICTURE, _TIFF),
    Signature("an icon (ICO)", _PICTURE, (b"\0\0\1\0", b"\0\0\2\0")),
    Signature("an icon (ICNS)", _PICTURE, (b"icns",)),
    Signature("a JPEG XL picture", _PICTURE, (b"\xff\x0a", b"\0\0\0\x0cJXL ")),
    Signature("a JPEG 2000 picture", _PICTURE, (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")),
    Signature("an OpenEXR picture", _PICTURE, (b"v/1\x01",)),
    Signature("a Radiance HDR picture", _PICTURE, (b"#?RADIANCE", b"#?RGBE")),
    Signature("a QOI picture", _PICTURE, (b"qoif",)),
    Signature("a DirectDraw texture (DDS)", _PICTURE, (b"DDS ",)),
    Signature("a PowerPoint file", _EXPORT, (b"PK\3\4",), within=b"ppt/"),
    Signature("a Word file", "save its pictures as JPEG or PNG", (b"PK\3\4",), within=b"word/"),
    Signature("an Excel file", "give the media itself", (b"PK\3\4",), within=b"xl/"),
    Signature("a Keynote, Pages or Numbers file", _EXPORT, (b"PK\3\4",), within=b"Index/"),
    Signature("an OpenDocument file", _EXPORT, (b"PK\3\4",), within=b"application/vnd.oasis."),
    Signature("a Sketch file", _PICTURE, (b"PK\3\4",), within=b"document.json"),
    Signature("a ZIP archive", _UNPACK, (b"PK\3\4", b"PK\5\6", b"PK\7\x08")),
    Signature("a 7-Zip archive", _UNPACK, (b"7z\xbc\xaf\x27\x1c",)),
    Signature("a RAR archive", _UNPACK, (b"Rar!\x1a\7",)),
    Signature("a tar archive", _UNPACK, (b"ustar",), 257),
    Signature("compressed by bzip2", _UNPACK, (b"BZh",)),
    Signature("compressed by xz", _UNPACK, (b"\xfd7zXZ\0",)),
    Signature("compressed by Zstandard", _UNPACK, (b"\x28\xb5\x2f\xfd",)),
    Signature("a disk image", _UNPACK, (b"CD001",), 32769),
    Signature("an older Office file", _EXPORT, (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
    Signature("an After Effects project", _EXPORT, (b"Egg!",), 8),
    Signature("a Blender project", _EXPORT, (b"BLENDER",)),
    Signature("a Figma file", _PICTURE, (b"fig-kiwi", b"fig-jam.")),
    Signature("an Audacity project", "export WAV or MP3 from it", (b"SQLite format 3",), within=b"AUDY"),
    Signature("a database", "give the media itself", (b"SQLite format 3",)),
    Signature("a MIDI file (notes without sound)", "export WAV or MP3 from it", (b"MThd",)),
    Signature("a Flash film", _EXPORT, (b"FWS", b"CWS", b"ZWS")),
    Signature("an MXF", _EXPORT, (b"\x06\x0e\x2b\x34",)),
    Signature("a RED camera's raw film", _EXPORT, (b"RED1", b"RED2"), 4),
    Signature("a RealMedia file", _EXPORT, (b".RMF", b".ra\xfd")),
    Signature("a raw video stream without times", "put it into an MP4", (b"YUV4MPEG2", b"DKIF")),
    Signature(
        "a raw H.264 or H.265 stream, which states no times",
        "put it into an MP4, e.g. ffmpeg -i FILE -c copy OUT.mp4",
        (b"\0\0\0\1\x09", b"\0\0\0\1\x67", b"\0\0\0\1\x27", b"\0\0\0\1\x40", b"\0\0\0\1\x46", b"\0\0\1\x67"),
    ),
    Signature("an AMR recording", _SOUND, (b"#!AMR",)),
    Signature("a WavPack sound", _SOUND, (b"wvpk",)),
    Signature("a Monkey's Audio sound", _SOUND, (b"MAC ",)),
    Signature("a TTA sound", _SOUND, (b"TTA1", b"TTA2")),
    Signature("a DSD sound", _SOUND, (b"DSD ", b"FRM8")),
    Signature("an AU sound", _SOUND, (b".snd",)),
    Signature("an AC-3 sound", _SOUND, (b"\x0b\x77",)),
    Signature("a torrent", "download what it describes, and give that", (b"d8:announce", b"d10:created", b"d13:announce", b"d4:info")),
    Signature("a Windows shortcut", _LINK, (b"L\0\0\0\1\x14\2\0",)),
    Signature("a Mac's hidden companion file (._ before its name)", _LINK, (b"\0\5\x16\7", b"\0\5\x16\0")),
    Signature("a property list of Apple's", "give the media itself", (b"bplist00",)),
    Signature("an executable", "give the media itself", (b"MZ\x90\0", b"MZP\0", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")),
    Signature("an encrypted file", "decrypt it first", (b"Salted__", b"age-encryption.org", b"\x85\x01\x0c\x03", b"-----BEGIN PGP")),
)  # fmt: skip
"""The first that fits counts. None begins as a file does that is taken."""

TEXTS: Final[Sequence[tuple[str, str, str]]] = (
    (r"version https://git-lfs", "a Git LFS pointer and not the file itself", "give the file that it stands for: git lfs pull"),
    (r"#extm3u(?=[\s\S]*#ext-x-)", "an HLS playlist", "give the video itself, as one MP4"),
    (r"#extm3u", "an M3U or HLS playlist", "give the file that it names, or the video itself, as one MP4"),
    (r"\[playlist\]|ffconcat version", "a playlist", "give the file that it names"),
    (r"\[script info\]|\{\d+\}\{\d+\}", "a subtitle file", _SUBTITLES),
    (r"\{\\rtf", "an RTF text", "give the media itself"),
    (r"\[internetshortcut\]|\[desktop entry\]", "a shortcut", _LINK),
    (r"data:\w+/[^,]{0,80};base64,", "a data: link", "decode it, and give the media itself"),
    (r"v=0\s+o=", "a description of a live stream (SDP)", "record it, and give that"),
    (r"#!", "a script", "give the media itself"),
    (r"\{(?=[\s\S]*\"layers\")(?=[\s\S]*\"(fr|ip|op)\")", "a Lottie animation", "export it as an MP4 or a GIF"),
    (r"[{\[]", "a JSON text", _PAGE),
)  # fmt: skip
"""How a text begins, in lower case."""

ROOTS: Final[Mapping[str, tuple[str, str]]] = {
    "html": ("an HTML page", _PAGE),
    "head": ("an HTML page", _PAGE),
    "body": ("an HTML page", _PAGE),
    "svg": ("an SVG drawing", "save it as PNG"),
    "mpd": ("a DASH manifest", "give the video itself, as one MP4"),
    "asx": ("a playlist", "give the file that it names"),
    "smil": ("a playlist", "give the file that it names"),
    "tt": ("a subtitle file", _SUBTITLES),
    "fcpxml": ("a Final Cut project", _EXPORT),
    "xmeml": ("a Final Cut or Premiere project", _EXPORT),
    "premieredata": ("a Premiere project", _EXPORT),
    "aftereffectsproject": ("an After Effects project", _EXPORT),
    "mlt": ("a Kdenlive or Shotcut project", _EXPORT),
    "plist": ("a property list of Apple's", "give the media itself"),
}
"""What an XML is by the name of its first element."""


def what_instead(head: bytes) -> tuple[str, str] | None:
    """What a file is and the remedy, where its beginning leaves no doubt that it is nothing to open."""
    for signature in SIGNATURES:
        if signature.fits(head):
            return f"it is {signature.what}", signature.remedy
    if head.startswith(b"\x1f\x8b"):
        return _gzip(head)
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "it is a BMP picture", _PICTURE
    text = text_of(head)
    return None if text is None else _told(text)


def _gzip(head: bytes) -> tuple[str, str]:
    try:
        inside = zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error:
        inside = b""
    text = (text_of(inside) or "").lower()
    for name, called in (("premieredata", "a Premiere project"), ("<ableton", "an Ableton project")):
        if name in text:
            return f"it is {called}", _EXPORT
    return "it is compressed by gzip", _UNPACK


def _told(text: str) -> tuple[str, str]:
    lower = text.lower()
    if lower.startswith("<") and (named := _root(lower)) is not None:
        if named in ROOTS:
            what, remedy = ROOTS[named]
            return f"it is {what}", remedy
        return f"it is an XML text ({_quoted(text)}), maybe an error of its host's", _PAGE
    for pattern, what, remedy in TEXTS:
        if re.match(pattern, lower):
            if what.startswith("a JSON"):
                return f"it is a JSON text ({_quoted(text)}), maybe an error of its host's", _PAGE
            return f"it is {what}", remedy
    return (
        f"it is text ({_quoted(text)}) and no media",
        f"give the media itself, as {MEDIA}, or captions as SubRip (.srt) or WebVTT (.vtt)",
    )


def _root(lower: str) -> str | None:
    """The name of an XML's or HTML's first element, after declarations and comments, which are passed over."""
    at = 0
    while lower.startswith(("<?", "<!"), at):
        if lower.startswith("<!doctype html", at):
            return "html"
        close = "-->" if lower.startswith("<!--", at) else "?>" if lower.startswith("<?", at) else ">"
        end = lower.find(close, at)
        if close == ">" and "[" in lower[at:end]:
            close, end = "]>", lower.find("]>", at)
        if end < 0:
            return "?"
        at = end + len(close)
        while at < len(lower) and lower[at].isspace():
            at += 1
    found = re.compile(r"<(?:[\w.-]{1,40}:)?(\w[\w.-]{0,40})").match(lower, at)
    return found and found[1]


def _quoted(text: str) -> str:
    """The first words, without the names of elements around them."""
    return shown(" ".join(re.sub(r"<[^>]{0,80}>", " ", text[:_QUOTED]).split()))


def text_of(head: bytes) -> str | None:
    """The beginning of a file as text; None for what is none."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            text = head[2:].decode(encoding, errors="replace")
            break
    else:
        try:
            text = head.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            # The beginning may end within a letter. Windows' own encoding has no control characters either.
            cut = len(head) == HEAD_BYTES and error.start > len(head) - 4
            text = head[: error.start].decode("utf-8-sig") if cut else head.decode("cp1252", errors="replace")
    text = text[:_READ].lstrip("\ufeff").strip()
    usual = sum(letter.isprintable() or letter in "\t\r\n\f" for letter in text)
    return text if text and usual == len(text) and "�" not in text else None
