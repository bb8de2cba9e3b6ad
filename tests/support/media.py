"""Which files do tests read? Tiny clips, tracks and pictures, made by the ffmpeg that the product ships and by Pillow."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import imageio_ffmpeg
import PIL.Image
import PIL.ImageDraw

Transfer = Literal["sdr", "pq", "hlg"]

_EXIF_ORIENTATION = 0x0112
_HEAD_OF_SLICE = 24
"""Bytes of a packet that are read to know what it is."""
_HDR_TRANSFER = {"pq": "smpte2084", "hlg": "arib-std-b67"}


@dataclass(frozen=True)
class ClipLook:
    """Everything in which one test clip differs from another."""

    width: int = 128
    height: int = 96
    fps: int = 10
    duration_s: float = 1.0
    audio: bool = True
    rotation: int = 0
    """Degrees of the display matrix: 90 shows a 128x96 clip as 96x128."""
    sample_aspect: str = "1"
    """``4/3`` shows a 96 pixels wide clip 128 wide."""
    pixel_format: str = "yuv420p"
    """``yuv444p`` for odd sizes."""
    transfer: Transfer = "sdr"
    variable_rate: bool = False
    """Drop two frames of every five: same length, uneven steps."""
    faststart: bool = False
    """The index (``moov``) first, so that a cut file still opens."""
    hue: int = 0
    """Degrees by which colours turn: clips of different hue differ in every frame."""


def clip(path: Path, look: ClipLook | None = None) -> Path:
    """A moving test picture with a 440 Hz tone. The suffix chooses the container: mp4, mov, mkv (H.264) or webm (VP8)."""
    look = look or ClipLook()
    even = f"{look.width + look.width % 2}x{look.height + look.height % 2}"
    picture = f"testsrc2=size={even}:rate={look.fps}:duration={look.duration_s}"
    filters = [f"hue=h={look.hue}"] if look.hue else []
    if look.variable_rate:
        filters.append("select='lt(mod(n,5),3)'")
    filters += [f"format={look.pixel_format}", f"crop={look.width}:{look.height}:0:0:exact=1"]
    filters.append(f"setsar={look.sample_aspect}")
    arguments = ["-f", "lavfi", "-i", picture]
    if look.audio:
        arguments += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={look.duration_s}"]
    if look.transfer != "sdr":
        trc = _HDR_TRANSFER[look.transfer]
        filters.append(f"setparams=color_primaries=bt2020:color_trc={trc}:colorspace=bt2020nc:range=tv")
    arguments += ["-vf", ",".join(filters), "-fps_mode", "passthrough"]
    if path.suffix == ".webm":
        arguments += ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis"]
    else:
        arguments += ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
    if look.faststart:
        arguments += ["-movflags", "+faststart"]
    if not look.rotation:
        return ffmpeg(arguments, path)
    upright = ffmpeg(arguments, path.with_name(f"upright-{path.name}"))
    ffmpeg(["-display_rotation:v", str(look.rotation), "-i", str(upright), "-c", "copy"], path)
    upright.unlink()
    return path


def track(path: Path, duration_s: float = 1.0, frequency: int = 220) -> Path:
    """A mono tone. The suffix chooses the container: mp3, wav, flac, ogg or m4a."""
    source = f"sine=frequency={frequency}:sample_rate=44100:duration={duration_s}"
    codec = ["-c:a", "libvorbis"] if path.suffix == ".ogg" else []
    return ffmpeg(["-f", "lavfi", "-i", source, *codec], path)


def track_with_cover(path: Path, cover: Path, duration_s: float = 1.0) -> Path:
    """A tone with a picture attached to it, as music shops sell it. ``path`` ends in mp3 or m4a."""
    tone = f"sine=frequency=220:sample_rate=44100:duration={duration_s}"
    arguments = ["-f", "lavfi", "-i", tone, "-i", str(cover), "-map", "0:a", "-map", "1:v", "-c:v", "mjpeg"]
    return ffmpeg([*arguments, "-pix_fmt", "yuvj420p", "-disposition:v:0", "attached_pic"], path)


def picture(path: Path, width: int = 120, height: int = 80, *, orientation: int = 1) -> Path:
    """A drawn still picture. The suffix chooses the format: png, jpg, webp or gif; ``orientation`` is that of EXIF."""
    image = _drawing(width, height)
    exif = PIL.Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    image.save(path, exif=exif)
    return path


def animation(path: Path, frames: int = 3) -> Path:
    """An animated picture (gif, webp or png), whose frames all differ."""
    images = [_drawing(64, 48, shade) for shade in range(0, 40 * frames, 40)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=100)
    return path


def cut_short(source: Path, path: Path, part: float) -> Path:
    """The first ``part`` (0 to 1) of a file's bytes, as a broken upload leaves it."""
    content = source.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    return path


def torn(source: Path, path: Path) -> Path:
    """The same with noise in its last pictures or sounds, behind their heads: nobody knows who does not decode them all."""
    content, noise = bytearray(source.read_bytes()), random.Random(1)  # noqa: S311  the same each time
    with av.open(str(source)) as container:
        (stream,) = [*container.streams.video, *container.streams.audio][:1]
        is_sound = stream.type == "audio"
        # All packets of a sound stand for themselves; of pictures, those that do stay as they are.
        packets = (
            each for each in container.demux(stream) if each.size and (is_sound or not each.is_keyframe)
        )
        places = [(each.pos or 0, each.size) for each in packets]
    for begin, size in places[len(places) // 3 :]:
        for place in range(begin + (0 if is_sound else min(_HEAD_OF_SLICE, size)), begin + size):
            content[place] = noise.randrange(256)
    path.write_bytes(content)
    return path


def ffmpeg(arguments: Iterable[str], output: Path) -> Path:
    """Run ffmpeg; its own words are in the exception where it fails (``subprocess.CalledProcessError`` with a note)."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments, str(output)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr.decode(errors="replace"))
        raise
    return output


def _drawing(width: int, height: int, shade: int = 40) -> PIL.Image.Image:
    image = PIL.Image.new("RGB", (width, height), (shade, 80, 160))
    PIL.ImageDraw.Draw(image).ellipse(
        (width // 4, height // 4, width // 2, height // 2), fill=(240, 200, shade)
    )
    return image
