from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path

import PIL.Image
import pytest

from cliptask.errors import SourceError
from cliptask_renderer.media.formats import TAKEN
from cliptask_renderer.probe.file import probe
from cliptask_renderer.probe.signature import MEDIA, SIGNATURES, what_instead


def zipped(*names: str) -> bytes:
    """A ZIP with files of these names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


def saved(form: str) -> bytes:
    """A picture in one of Pillow's formats."""
    content = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(content, form)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF", "JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS", "PNG"),
        (b"8BPS\0\1" + bytes(20), "Photoshop", "PNG"),
        (saved("TIFF"), "a TIFF", "PNG"),
        (saved("BMP"), "a BMP", "PNG"),
        (saved("ICO"), "an icon", "PNG"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(99), "CR2", "JPEG"),
        (b"II*\0\x08\0\0\0" + b"NIKON CORPORATION" + bytes(99), "NEF", "JPEG"),
        (zipped("[Content_Types].xml", "ppt/presentation.xml"), "PowerPoint", "export a video"),
        (zipped("[Content_Types].xml", "word/document.xml"), "a Word file", "pictures"),
        (zipped("Index/Document.iwa"), "Keynote", "export a video"),
        (zipped("clip.mp4"), "a ZIP", "unpack"),
        (gzip.compress(b"x" * 99, mtime=0), "gzip", "unpack"),
        (
            gzip.compress(b'<?xml version="1.0"?><PremiereData Version="3">', mtime=0),
            "Premiere",
            "export a video",
        ),
        (b"RIFX\0\0\1\0Egg!cmta", "After Effects", "export a video"),
        (b"MThd\0\0\0\6\0\1", "MIDI", "WAV or MP3"),
        (b"d8:announce35:udp://x", "torrent", "download"),
        (b"L\0\0\0\1\x14\2\0" + bytes(9), "Windows shortcut", "leads to"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "hidden companion", "leads to"),
        (b"\x7fELF\2\1\1", "an executable", "media"),
        (b"\0\0\0\1\x67\x42\xc0\x1e" + bytes(50), "raw H.264", "MP4"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "Git LFS pointer", "git lfs pull"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n", "HLS", "one MP4"),
        (b'<?xml version="1.0"?>\n<!-- made --><MPD xmlns="urn:mpeg">', "DASH", "one MP4"),
        (b"[Script Info]\nTitle: x", "subtitle", "SubRip"),
        (b"{\\rtf1\\ansi", "RTF", "media"),
        (b'<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.9">', "Final Cut", "export a video"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "AccessDenied", "link"),
        (b'{"error": "expired"}', "expired", "link"),
        (b'{"v":"5.5","fr":30,"ip":0,"layers":[]}', "Lottie", "MP4"),
        ("\ufeff<html>".encode("utf-16"), "an HTML page", "link"),
        (b"Quota exceeded", '"Quota exceeded"', MEDIA),
        (bytes(9000), "zeros", "upload"),
    ],
)
def test_what_is_no_media_is_told_by_its_name(tmp_path: Path, content: bytes, what: str, remedy: str) -> None:
    """Its owner would read of media that cannot be read, and not see that it is another file altogether."""
    path = tmp_path / "source"
    path.write_bytes(content)

    with pytest.raises(SourceError) as caught:
        probe(path, "0" * 64)

    told, _, help_ = str(caught.value).partition("; ")
    assert what in told
    assert remedy in help_


def test_a_text_is_quoted_safely() -> None:
    """A host's page could write control characters into a terminal, or secrets of a link into the log."""
    told = what_instead(b"see https://user:pass@host/x?token=secret " + b"and " * 999)

    assert told is not None
    assert "secret" not in told[0]
    assert "pass" not in told[0]
    assert len(told[0]) < 200


@pytest.mark.parametrize(
    "begin",
    [
        b"ID3\4", b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x80", b"RIFF\0\0\0\0WAVE", b"OggS\0\2", b"fLaC\0\0\0\x22",
        struct.pack(">I4s", 24, b"ftyp") + b"isom", b"\x1aE\xdf\xa3", b"G@\0\x10", b"\0\0\1\xba", b"FLV\1",
        b"FORM\0\0\0\0AIFF", b"caff\0\1", b"0&\xb2u", b"riff\x2e\x91",
    ],
)  # fmt: skip
def test_nothing_that_is_taken_looks_like_something_else(begin: bytes) -> None:
    """Good media would be refused by the name of another kind."""
    content = begin + bytes(64)

    assert not [each.what for each in SIGNATURES if each.fits(content)]
    assert what_instead(content) is None


def test_each_reader_has_its_reason() -> None:
    """Somebody would add a reader that opens other files, and nobody ask why."""
    names = [name for each in TAKEN for name in each.names.split(",")]

    assert len(names) == len(set(names))
    assert all(each.reason and each.called in MEDIA for each in TAKEN)
    assert not {"hls", "dash", "concat", "image2", "sdp", "rtsp", "imf", "lavfi", "swf", "svg_pipe"} & set(
        names
    )
