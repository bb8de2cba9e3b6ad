"""How is ffmpeg run? The one door: whitelists, limits, and the tool's own words when it fails."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import resource
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from cliptask import recipe
from cliptask.errors import MediaError, SetupError
from cliptask_renderer.media.formats import DEMUXERS, is_streamed

MEMORY_LIMIT_BYTES = 6 << 30
"""Of address space. A 1080x1920 encode takes 0.5 GB, a 4096x4096 HDR one 3 GB; a decompression bomb more."""

THREADS = 2
"""Of decoders and filters, whose results do not depend on it. Left to itself ffmpeg counts the host's processors."""

VERBOSE = ("-loglevel", "level+info")
"""For the output's options, where what filters find out is wanted too."""

_UNREAD = "Error during demuxing"
"""What it says, and without -xerror ends well, where a file cannot be read on."""

_REFUSALS = {-code & 0xFF: code for code in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)}
"""By the exit code in which ffmpeg tells of an error of the disk."""

_REMEDY = "pip install --force-reinstall imageio-ffmpeg, or name one in IMAGEIO_FFMPEG_EXE"

_LOG_QUOTED = 2_000
_LOG_READ = 1 << 20
"""From the end: a hostile file can make ffmpeg complain without end."""


@dataclass(frozen=True)
class Input:
    """One ``-i`` with the options before it."""

    url: str
    options: tuple[str, ...] = ()


def media(file: Path, *options: str) -> Input:
    """A media file of somebody else's. ``file`` must be a local name of our own making."""
    limits = ("-protocol_whitelist", "file", "-format_whitelist", DEMUXERS, "-threads", str(THREADS))
    # It may end within a packet, which is no error of what is before.
    ending = ("-fflags", "+discardcorrupt") if is_streamed(file) else ()
    return Input(f"file:{file}", (*options, *ending, *limits))


def whole_clock(file: Path, index: int, stream: int) -> list[str]:
    """Another output before one's own, where ``stream`` of input ``index`` is used alone: times then count from the begin of all streams.

    Of what is made to be sent, ffmpeg has them count from the begin of those that are used: sound and picture would part.
    """
    if not is_streamed(file):
        return []
    maps = [part for each in {stream, *_told(file)} for part in ("-map", f"{index}:{each}")]
    return [*maps, "-c", "copy", "-frames:v", "1", "-frames:a", "1", "-f", "null", "-"]


def _told(file: Path) -> list[int]:
    """The streams of pictures and sound that hold any: of one that is announced alone nothing is known."""
    import av  # noqa: PLC0415  only where something is made

    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
    try:
        with av.open(f"file:{file.absolute()}", options=options, metadata_errors="replace") as container:
            sounds = [each.index for each in container.streams.audio if each.codec_context and each.rate]
            return sounds + [
                each.index for each in container.streams.video if each.codec_context and each.width
            ]
    except av.FFmpegError:
        return []  # ffmpeg will say why


def own(file: Path) -> Input:
    """A NUT of our own making: sound, or pictures."""
    return Input(f"file:{file}", ("-f", "nut", "-protocol_whitelist", "file", "-format_whitelist", "nut"))


def silence(seconds: float) -> Input:
    """Nothing to hear, for a while."""
    return Input(f"anullsrc=duration={seconds}", ("-f", "lavfi"))


def pictures(width: int, height: int, fps: int, pixels: str, file: Path | None = None) -> Input:
    """Raw frames of ``pixels`` (``rgb24``, ``rgba``) from a file, or from ``run``'s ``feed``."""
    form = ("-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{width}x{height}", "-r", str(fps))
    return Input("pipe:0", form) if file is None else Input(f"file:{file}", form)


@cache
def executable() -> str:
    """Path of the ffmpeg that imageio-ffmpeg ships, or the one that ``IMAGEIO_FFMPEG_EXE`` names."""
    import imageio_ffmpeg  # noqa: PLC0415  only where something is made

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        message = f"there is no ffmpeg: {_REMEDY}"
        raise SetupError(message) from error


def run(  # noqa: PLR0913  each is an affair of its own
    inputs: Sequence[Input],
    output: Sequence[str],
    *,
    what: str,
    limit_s: float,
    memory_bytes: int = MEMORY_LIMIT_BYTES,
    most_lost: float = 0.0,
    feed: Iterable[bytes] | None = None,
    folder: Path | None = None,
) -> str:
    """Run ffmpeg once and return the last MB of what it wrote to stderr (warnings, results of measuring filters).

    ``most_lost`` is the part of a stream's packets that may be undecodable, and is passed over; everything that cannot
    be read is an error all the same. ``feed`` goes to its standard input chunk by chunk, so that frames composed in Python never pile up; what it
    raises passes through. ``folder`` is where relative names lie. ``what`` names the work in errors. Raises
    ``MediaError`` with the tool's last words when it fails, runs past ``limit_s`` or asks for more than
    ``memory_bytes`` of address space; ``OSError`` where the disk refuses what it writes.
    """
    command = [executable(), "-hide_banner", "-nostats", "-loglevel", "level+warning", "-y"]
    command += ["-max_error_rate", str(most_lost)] if most_lost else ["-xerror"]
    command += ["-filter_threads", str(THREADS), "-filter_complex_threads", str(THREADS)]
    command += [] if feed is not None else ["-nostdin"]
    for source in inputs:
        command += [*source.options, "-i", source.url]
    with tempfile.TemporaryFile() as stderr:
        try:
            process = subprocess.Popen(  # noqa: S603  arguments are ours, names are generated
                [*command, *output],
                stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                cwd=folder,
                preexec_fn=partial(_limit, memory_bytes),  # noqa: PLW1509  two system calls, nothing that could deadlock
                process_group=0,  # Ctrl-C reaches us alone, and we end it: else its end would look like a failure
            )
        except OSError as error:
            if error.filename != command[0]:
                raise
            message = f"ffmpeg cannot be run: {error.strerror}: {command[0]}: {_REMEDY}"
            raise SetupError(message) from error
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        watch = threading.Timer(limit_s, stop)
        watch.start()
        try:
            fed = _feed(process, feed)
            code = process.wait()
        finally:
            watch.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()
        stderr.seek(max(stderr.seek(0, os.SEEK_END) - _LOG_READ, 0))
        log = _readable(stderr.read().decode(errors="replace"), [*(source.url for source in inputs), *output])
    if code == 0 and fed and not late.is_set() and _UNREAD not in log:
        return log
    written = str(folder) if output[-2] == "tee" else output[-1].removeprefix("file:")
    if (refusal := _REFUSALS.get(code)) is not None and written != "-":
        raise OSError(refusal, os.strerror(refusal), written)
    end = f"was stopped after {limit_s:.0f} s" if late.is_set() else f"failed (exit {code})"
    lines = (line.strip() for line in log.splitlines() if "[info]" not in line)
    said = " | ".join(filter(None, lines))[-_LOG_QUOTED:] or "it said nothing"
    message = f"{what}: ffmpeg {end}: {said}"
    raise MediaError(message)


def _readable(log: str, arguments: Iterable[str]) -> str:
    """What people can use of it: no addresses in memory, no names of temporary files."""
    log = re.sub(r" @ 0x[0-9a-f]+", "", log)
    for file in (each.removeprefix("file:") for each in arguments if each.startswith("file:")):
        log = log.replace(f"file:{file}", "the file").replace(file, "the file")
    return log


def decode(source: Input, *choice: str, what: str, limit_s: float, most_lost: float = 0.0) -> str:
    """Decode to nothing what ``choice`` (options such as ``-map``) takes of a file. Returns and raises as ``run``."""
    return run([source], [*choice, "-f", "null", "-"], what=what, limit_s=limit_s, most_lost=most_lost)


def _feed(process: subprocess.Popen[bytes], feed: Iterable[bytes] | None) -> bool:
    """Write it all; False where ffmpeg stopped reading before the end."""
    if feed is None or process.stdin is None:
        return True
    try:
        for chunk in feed:
            process.stdin.write(chunk)
        process.stdin.flush()
    except BrokenPipeError:
        return False
    except BaseException:
        process.kill()  # or closing could wait for it to read
        raise
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    return True


def _limit(memory_bytes: int) -> None:
    """In the child before ffmpeg starts: a cap on memory, and an end together with the parent's."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    die_with_parent()


def die_with_parent() -> None:
    """Let the kernel end this process when its parent ends, however that happens. Linux only; elsewhere nothing."""
    if _PRCTL is not None:
        _PRCTL(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)


def video_encoding(width: int, height: int, fps: int) -> list[str]:
    """Options that give every segment the same parameter sets and the same bytes on every machine."""
    gop = str(recipe.GOP_S * fps)
    return [
        "-an", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1",
        "-c:v", "libx264", "-preset", recipe.PRESET, "-crf", str(recipe.CRF), "-profile:v", "high",
        "-level", recipe.level(width, height, fps), "-threads", str(recipe.THREADS),
        "-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-pix_fmt", "yuv420p",
        "-x264-params", f"{recipe.X264_FORM}:{recipe.X264_TUNING}",
        "-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
        "-flags:v", "+bitexact+global_header",
    ]  # fmt: skip


def mp4_and_packets(video: str, packets: str) -> list[str]:
    """An output that is an MP4 and, beside it, a list with the SHA-256 of each packet as the encoder gave it.

    Both are names of files in ``run``'s ``folder``: letters, digits, dots.
    """
    clocks = f"video_track_timescale={recipe.TIMESCALE}:movie_timescale={recipe.TIMESCALE}"  # exact to the tick and not to the millisecond
    return ["-f", "tee", f"[f=mp4:{clocks}:fflags=+bitexact]{video}|[f=framehash:hash=sha256]{packets}"]
