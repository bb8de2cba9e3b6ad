from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from cliptask.errors import MediaError
from cliptask_renderer.media import ffmpeg
from support import frames as f
from support import media
from support.http_server import MediaServer

ENDLESS = ffmpeg.Input("testsrc2=s=64x64:r=30", ("-re", "-f", "lavfi"))
NOWHERE = ("-f", "null", "-")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MediaServer]:
    """A server with a clip that nothing may ever ask for."""
    (tmp_path / "served").mkdir()
    media.clip(tmp_path / "served" / "clip.mp4", media.ClipLook(duration_s=0.2))
    with MediaServer(tmp_path / "served") as running:
        yield running


def _children(process: psutil.Process) -> list[psutil.Process]:
    """Those that ``run`` started, and not imageio-ffmpeg's own look at its version."""
    with suppress(psutil.Error):
        return [child for child in process.children() if "-xerror" in child.cmdline()]
    return []


def _has_ended(process: psutil.Process) -> bool:
    """Whether nothing of it runs any more."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _until(condition: Callable[[], object], what: str) -> None:
    """Poll for what another process does; generous, since the machine may be busy."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_what_ffmpeg_said_is_returned(tmp_path: Path) -> None:
    """Measurements, which filters print, would be lost."""
    clip = f.encode(tmp_path / "a.mp4", f.plain(f.RED))

    said = ffmpeg.run(
        [ffmpeg.media(clip)],
        ["-loglevel", "level+info", "-vf", "showinfo", *NOWHERE],
        what="a look",
        limit_s=60,
    )

    assert "showinfo" in said


def test_a_failure_tells_the_work_and_ffmpeg_s_own_words(tmp_path: Path) -> None:
    """Nobody could tell which of a thousand runs failed, or why."""
    (tmp_path / "a.mp4").write_bytes(b"nothing that could be media")

    with pytest.raises(MediaError, match=r"^the clip: ffmpeg failed \(exit \d+\): .*Invalid data found"):
        ffmpeg.run([ffmpeg.media(tmp_path / "a.mp4")], NOWHERE, what="the clip", limit_s=60)


def test_a_full_disk_is_not_the_works_fault() -> None:
    """A clip would be called bad, and its campaign go on to the next."""
    encode = ("-t", "5", "-c:v", "libx264", "-f", "mp4", "file:/dev/full")

    with pytest.raises(OSError, match="No space left on device") as caught:
        ffmpeg.run([ffmpeg.Input("testsrc2=s=640x360:r=30", ("-f", "lavfi"))], encode, what="x", limit_s=60)

    assert caught.value.filename == "/dev/full"


def test_the_words_are_fit_for_people(tmp_path: Path) -> None:
    """Addresses in memory and temporary files, other ones each time, tell nobody anything."""
    source, target = tmp_path / "a b.mp4", tmp_path / "missing" / "a.mp4"
    source.write_bytes(b"nothing that could be media")

    messages = []
    for inputs, output in (([ffmpeg.media(source)], NOWHERE), ([ENDLESS], ("-t", "1", f"file:{target}"))):
        with pytest.raises(MediaError) as raised:
            ffmpeg.run(inputs, output, what="the clip", limit_s=60)
        messages.append(str(raised.value))

    assert all("the file" in message for message in messages)
    assert not any("0x" in message or str(tmp_path) in message for message in messages)


def test_the_last_words_are_few_and_the_last(tmp_path: Path) -> None:
    """A file that makes ffmpeg complain without end would fill a Job's termination message, or the memory."""
    clip = f.encode(tmp_path / "a.mp4", f.numbered(200, 16, 16))
    noise = [
        "-loglevel",
        "level+debug",
        "-vf",
        "showinfo,select='if(eq(n,199),1/0,1)',format=nonsense",
        *NOWHERE,
    ]

    with pytest.raises(MediaError) as raised:
        ffmpeg.run([ffmpeg.media(clip)], noise, what="the clip", limit_s=60)

    assert len(str(raised.value)) < 2_200
    assert "nonsense" in str(raised.value)


def test_a_damaged_file_fails_in_spite_of_its_intact_rest(tmp_path: Path) -> None:
    """Without -xerror a truncated clip becomes half a video, and nobody is told."""
    clip = media.clip(tmp_path / "a.mp4", media.ClipLook(faststart=True, audio=False))
    media.cut_short(clip, tmp_path / "b.mp4", 0.6)

    with pytest.raises(MediaError, match="the clip: ffmpeg failed"):
        ffmpeg.run([ffmpeg.media(tmp_path / "b.mp4")], NOWHERE, what="the clip", limit_s=60)


def test_what_takes_too_long_is_ended() -> None:
    """A file that makes ffmpeg hang would hold a Job, and its slot, for ever."""
    before = time.monotonic()

    with pytest.raises(MediaError, match=r"^the clip: ffmpeg was stopped after 0 s"):
        ffmpeg.run([ENDLESS], NOWHERE, what="the clip", limit_s=0.3)

    assert time.monotonic() - before < 30
    assert not _children(psutil.Process())


def test_what_takes_too_long_is_ended_while_it_is_fed() -> None:
    """A run that stops reading its frames would block the writing side for ever."""

    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(64 * 64 * 3)

    stuck = ffmpeg.pictures(64, 64, 30, "rgb24")

    with pytest.raises(MediaError, match="was stopped after"):
        ffmpeg.run([stuck], ["-vf", "realtime", *NOWHERE], what="the clip", limit_s=0.5, feed=endless())


def test_memory_is_limited() -> None:
    """A decompression bomb would take the whole machine with it."""
    wide = ffmpeg.Input("color=s=8000x8000:d=0.1", ("-f", "lavfi"))

    with pytest.raises(MediaError, match=r"the clip: ffmpeg failed .*(?i:memory)"):
        ffmpeg.run(
            [wide], ["-vf", "format=gbrpf32le", *NOWHERE], what="the clip", limit_s=60, memory_bytes=700 << 20
        )


def test_frames_are_fed_one_by_one(tmp_path: Path) -> None:
    """Composed frames would pile up in memory, or the last ones be lost."""
    output = tmp_path / "a.raw"
    content = f.numbered(30, 64, 64)

    ffmpeg.run(
        [ffmpeg.pictures(64, 64, 30, "gray")],
        ["-f", "rawvideo", f"file:{output}"],
        what="frames",
        limit_s=60,
        feed=(frame.tobytes() for frame in content),
    )

    assert output.read_bytes() == content.tobytes()


def test_what_breaks_while_composing_frames_is_what_is_raised() -> None:
    """The cause would be hidden behind ffmpeg's complaint about too few frames, and ffmpeg be left running."""

    def broken() -> Iterator[bytes]:
        yield bytes(64 * 64 * 3)
        message = "no such colour"
        raise LookupError(message)

    with pytest.raises(LookupError, match="no such colour"):
        ffmpeg.run([ffmpeg.pictures(64, 64, 30, "rgb24")], NOWHERE, what="frames", limit_s=60, feed=broken())

    assert not _children(psutil.Process())


def test_ffmpeg_that_stops_reading_has_failed() -> None:
    """Frames that nobody read would count as shown."""
    frames = (bytes(64 * 64 * 3) for _ in range(500))

    with pytest.raises(MediaError, match="frames: ffmpeg failed"):
        ffmpeg.run(
            [ffmpeg.pictures(64, 64, 30, "rgb24")],
            ["-frames:v", "1", *NOWHERE],
            what="frames",
            limit_s=60,
            feed=frames,
        )


HOSTILE = {
    "ffconcat": "ffconcat version 1.0\nfile '{sibling}'\n",
    "ffconcat of the network": "ffconcat version 1.0\nfile '{url}'\n",
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{sibling}\n#EXT-X-ENDLIST\n",
    "HLS of the network": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
    "HLS with a key": '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n',
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "SVG": '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9"><image xlink:href="{url}" width="9" height="9"/></svg>',
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "subtitles": "WEBVTT\n\n00:00.000 --> 00:01.000\n<img src={url}>\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", ["clip.mp4", "clip.m3u8"])
def test_a_file_that_names_others_opens_none_of_them(
    kind: str, name: str, tmp_path: Path, server: MediaServer
) -> None:
    """A "clip" would read the machine's files into a video, or call addresses inside the network."""
    sibling = media.clip(tmp_path / "sibling.mp4", media.ClipLook(duration_s=0.2))
    text = HOSTILE[kind].format(sibling=sibling.name, url=f"{server.url}/clip.mp4", port=server.port)
    (tmp_path / name).write_text(text)

    with pytest.raises(MediaError, match="the clip: ffmpeg failed"):
        ffmpeg.run([ffmpeg.media(tmp_path / name)], NOWHERE, what="the clip", limit_s=60)

    assert server.count() == 0


def test_an_address_is_never_opened(server: MediaServer) -> None:
    """A URL that slipped into a file's place would be fetched past every guard."""
    with pytest.raises(MediaError, match="the clip: ffmpeg failed"):
        ffmpeg.run([ffmpeg.media(Path(f"{server.url}/clip.mp4"))], NOWHERE, what="the clip", limit_s=60)

    assert server.count() == 0


@pytest.mark.parametrize(
    "name", ["a b'c.mp4", "http:x.mp4", "100%d.mp4", "-y.mp4", "ünïcödé €.mp4", "concat:a|b.mp4", "a\nb.mp4"]
)
def test_any_name_is_but_a_name(name: str, tmp_path: Path) -> None:
    """A file's name would be taken for an option, a protocol or a pattern."""
    clip = f.encode(tmp_path / "plain.mp4", f.plain(f.RED)).rename(tmp_path / name)

    ffmpeg.run([ffmpeg.media(clip)], NOWHERE, what="the clip", limit_s=60)


PARENT = """
from cliptask_renderer.media import ffmpeg
ffmpeg.run([ffmpeg.Input("testsrc2=s=64x64:r=30", ("-re", "-f", "lavfi"))], ["-f", "null", "-"], what="x", limit_s=300)
"""


@pytest.fixture
def parent() -> Iterator[psutil.Process]:
    """A program that runs ffmpeg without end; both are gone afterwards."""
    process = subprocess.Popen([sys.executable, "-c", PARENT], stderr=subprocess.PIPE)
    running = psutil.Process(process.pid)
    found: list[psutil.Process] = []
    try:
        _until(lambda: _children(running), "ffmpeg did not start")
        found = _children(running)
        yield running
    finally:
        process.kill()
        process.communicate()
        for child in found:
            with suppress(psutil.NoSuchProcess):
                child.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_ffmpeg_ends_with_its_parent(how: signal.Signals, parent: psutil.Process) -> None:
    """Each killed run would leave an encoder behind, that takes the machine from the next."""
    (child,) = _children(parent)

    os.kill(parent.pid, how)

    _until(lambda: _has_ended(child), f"{child} goes on")
