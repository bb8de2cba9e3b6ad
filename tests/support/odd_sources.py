"""Which files do people bring who do this job? One of each kind that other programs took wrongly, and none was asked for."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import PIL.Image
import PIL.ImageDraw

from support.media import ffmpeg

Maker = Callable[[Path], Path]

_BAR = (
    "-f", "lavfi", "-i", "color=white:s=640x480:r=50:d=1", "-f", "lavfi", "-i", "color=black:s=40x480:r=50:d=1",
)  # fmt: skip
_DISC = (
    "color=lime:s=160x160:r=25:d=0.6,format=rgba,geq=r='if(lt(hypot(X-80,Y-80),40),255,0)':"
    "g='if(lt(hypot(X-80,Y-80),40),0,255)':b=0:a='if(lt(hypot(X-80,Y-80),40),255,0)'"
)
_PICTURE = ("-f", "lavfi", "-i", "testsrc=s=96x160:r=25:d=1")
_TONES = ("-f", "lavfi", "-i", "sine=440:r=48000:d=1", "-f", "lavfi", "-i", "sine=880:r=48000:d=1")


def interlaced(path: Path) -> Path:
    """A bar that moves by 24 pixels a picture, its upper field first."""
    woven = "[0][1]overlay=x='mod(n*12,600)':y=0,tinterlace=mode=interleave_top,setfield=tff,format=yuv420p"
    flags = (
        "-r",
        "25",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-flags",
        "+ildct+ilme",
        "-x264-params",
        "tff=1",
    )
    return ffmpeg([*_BAR, "-filter_complex", woven, *flags], path)


def interlaced_dv(path: Path) -> Path:
    """The same as camcorders recorded it: the lower field first."""
    woven = (
        "[0]scale=720:576[w];[1]scale=40:576[b];[w][b]overlay=x='mod(n*12,600)':y=0,"
        "tinterlace=mode=interleave_bottom,setfield=bff,setsar=16/15,format=yuv420p"
    )
    return ffmpeg([*_BAR, "-filter_complex", woven, "-r", "25", "-c:v", "dvvideo", "-flags", "+ildct"], path)


def transparent(*codec: str) -> Maker:
    """A red disc, everywhere else nothing, with green hidden beneath."""
    return lambda path: ffmpeg(["-f", "lavfi", "-i", _DISC, *codec], path)


def recorded(rate: int, tremble: tuple[int, ...]) -> Maker:
    """What a browser records: a header that states 1,000 pictures a second, and times that tremble."""

    def make(path: Path) -> Path:
        chance = random.Random(1)  # noqa: S311  the same each time
        with av.open(str(path), "w", format="webm", options={"live": "1"}) as container:
            stream = container.add_stream("libvpx", rate=1000)
            stream.width, stream.height, stream.pix_fmt = 96, 160, "yuv420p"
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
            for number in range(rate):
                frame = av.VideoFrame.from_ndarray(
                    np.full((160, 96, 3), number * 4, np.uint8), format="rgb24"
                )
                frame.pts = max(0, round(number * 1000 / rate + chance.choice(tremble)))
                frame.time_base = Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return make


def stepped(path: Path) -> Path:
    """30 pictures a second, as whole milliseconds have them."""
    source = ["-f", "lavfi", "-i", "testsrc=s=96x160:r=1000/33:d=1", "-pix_fmt", "yuv420p"]
    return ffmpeg([*source, "-enc_time_base", "1/1000", "-video_track_timescale", "1000"], path)


def one_picture(path: Path) -> Path:
    """A video of a single picture."""
    return ffmpeg(["-f", "lavfi", "-i", "testsrc=s=96x160:r=25:d=0.04", "-pix_fmt", "yuv420p"], path)


def second_is_default(path: Path) -> Path:
    """Two tracks of sound: 440 Hz, and 880 Hz that is marked to be heard."""
    maps = ["-map", "0", "-map", "1", "-map", "2", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    return ffmpeg([*_PICTURE, *_TONES, *maps, "-disposition:a:0", "0", "-disposition:a:1", "default"], path)


def first_is_empty(path: Path) -> Path:
    """Two tracks of sound, the first without any."""
    maps = ["-filter_complex", "[1]atrim=end_sample=0[e]", "-map", "0", "-map", "[e]", "-map", "2"]
    return ffmpeg([*_PICTURE, *_TONES, *maps, "-pix_fmt", "yuv420p", "-c:a", "aac"], path)


def grows_midway(path: Path) -> Path:
    """A call's recording, whose picture grows."""
    parts = [path.with_name(f"{size}-{path.name}") for size in ("96x160", "192x320")]
    for part in parts:
        size = part.name.partition("-")[0]
        ffmpeg(["-f", "lavfi", "-i", f"testsrc=s={size}:r=25:d=1", "-c:v", "libvpx", "-b:v", "300k"], part)
    listed = path.with_suffix(".txt")
    listed.write_text("".join(f"file {part.name}\n" for part in parts))
    return ffmpeg(["-f", "concat", "-i", str(listed), "-c", "copy"], path)


def tone(*codec: str, seconds: int = 6) -> Maker:
    """A tone of 440 Hz."""
    return lambda path: ffmpeg(["-f", "lavfi", "-i", f"sine=440:r=44100:d={seconds}", *codec], path)


def a_third_of(make: Maker) -> Maker:
    """The first third of a file, as a broken upload leaves it."""

    def cut(path: Path) -> Path:
        content = make(path).read_bytes()
        path.write_bytes(content[: len(content) // 3])
        return path

    return cut


def mono_then_stereo(path: Path) -> Path:
    """Two MP3s in one: another form of sound midway."""
    content = b""
    for hertz, form in ((440, ("1", "44100")), (880, ("2", "48000"))):
        part = path.with_name(f"{hertz}-{path.name}")
        options = ["-ac", form[0], "-ar", form[1], "-b:a", "96k", "-write_xing", "0", "-id3v2_version", "0"]
        content += ffmpeg(["-f", "lavfi", "-i", f"sine={hertz}:r={form[1]}:d=2", *options], part).read_bytes()
    path.write_bytes(content)
    return path


def junk_inside(path: Path) -> Path:
    """An MP3 with bytes in it that are none."""
    content = tone("-b:a", "128k")(path).read_bytes()
    middle = len(content) // 2 + 37
    path.write_bytes(content[:middle] + b"\x13\x37junk" * 600 + content[middle:])
    return path


def long_text_chunk(path: Path) -> Path:
    """A PNG with two megabytes of an editor's notes."""
    PIL.Image.new("RGBA", (96, 160), (255, 0, 0, 255)).save(path)
    content, notes = path.read_bytes(), b"<x:xmpmeta>" + b"<rdf:li>entry</rdf:li>" * 90_000 + b"</x:xmpmeta>"
    body = b"iTXtXML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(notes)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    middle = content.index(b"IDAT") - 4
    path.write_bytes(content[:middle] + chunk + content[middle:])
    return path


def large_photo(path: Path) -> Path:
    """48 megapixels."""
    PIL.Image.new("RGB", (8000, 6000), "red").save(path, quality=50)
    return path


def animation(path: Path) -> Path:
    """Five pictures of a fifth of a second each: a square that moves to the right."""
    pictures = []
    for number in range(5):
        picture = PIL.Image.new("RGB", (96, 160), "white")
        PIL.ImageDraw.Draw(picture).rectangle((number * 16, 60, number * 16 + 15, 100), fill="blue")
        pictures.append(picture)
    lossless = path.suffix == ".webp"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=200, loop=0, lossless=lossless)
    return path


def moving(*codec: str) -> Maker:
    """A usual clip with sound, in another container."""
    sound = ("-f", "lavfi", "-i", "sine=440:r=48000:d=1")
    return lambda path: ffmpeg([*_PICTURE, *sound, "-pix_fmt", "yuv420p", *codec], path)


def encrypted(path: Path) -> Path:
    """An MP4 that only a key opens (Common Encryption)."""
    keys = [
        "-encryption_scheme",
        "cenc-aes-ctr",
        "-encryption_key",
        "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid",
        "a7e61c373e219033c21091fa607bf3b8",
    ]
    return ffmpeg([*_PICTURE, "-pix_fmt", "yuv420p", *keys], path)
