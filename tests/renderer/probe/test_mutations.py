"""What do damaged files do? Nothing but be refused by name, or be made into a video."""

from __future__ import annotations

import os
import random
import re
import struct
from contextlib import suppress
from pathlib import Path
from warnings import catch_warnings

import pytest

from cliptask.errors import InputError, SourceError
from cliptask.facts import SourceFacts
from cliptask.orders import Cut, Profile, SegmentOrder, SoundtrackOrder
from cliptask_renderer.media import segment, sound
from cliptask_renderer.media.formats import TAKEN
from cliptask_renderer.probe.limits import ProbeLimits
from cliptask_renderer.probe.process import Probes
from support.media import animation, ffmpeg, picture

COUNT = int(os.environ.get("CLIPTASK_MUTATIONS", "90"))
"""Of each file; ``make fuzz`` makes more."""
LIMITS = ProbeLimits(seconds=10)
SHA = "0" * 64

PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=12:d=0.8")
TONE = ("-f", "lavfi", "-i", "sine=440:r=22050:d=0.8")
H264 = (
    *PICTURES,
    *TONE,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-g",
    "6",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
)
MPEG2 = (*PICTURES, *TONE, "-r", "25", "-c:v", "mpeg2video", "-c:a", "mp2")
FILES = {
    "a.mp4": H264,
    "fragments.mp4": (*H264, "-movflags", "frag_keyframe+empty_moov"),
    "a.mkv": H264,
    "a.webm": (*PICTURES, *TONE, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"),
    "a.ts": H264,
    "a.mpg": MPEG2,
    "a.avi": (*PICTURES, *TONE, "-c:v", "mpeg4", "-c:a", "mp3"),
    "a.flv": (*H264, "-ar", "22050"),
    "a.wmv": (*PICTURES, *TONE),
    "a.mp3": TONE,
    "a.wav": TONE,
    "a.w64": TONE,
    "a.aiff": TONE,
    "a.caf": TONE,
    "a.ogg": (*TONE, "-c:a", "libvorbis"),
    "a.opus": (*TONE, "-c:a", "libopus"),
    "a.flac": TONE,
    "a.aac": TONE,
    "a.m4a": TONE,
}  # fmt: skip
SAME = ("-threads", "1", "-fflags", "+bitexact", "-flags", "+bitexact")
"""The same bytes each time."""
MOVING = ("moving.gif", "moving.webp", "moving.png")
STILLS = ("a.png", "a.jpg", "a.webp", "a.gif", "a.avif")


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The file as disks, uploads and attackers change it."""
    spoilt = bytearray(content)
    at = chance.randrange(len(spoilt))
    # Most of what decides is at the beginning.
    early = chance.randrange(min(len(spoilt), 600))
    match chance.randrange(8):
        case 0:
            for _ in range(chance.choice((1, 4, 40))):
                spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        case 1:
            for _ in range(chance.choice((1, 3))):
                spoilt[chance.randrange(min(len(spoilt), 600))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        case 2:
            del spoilt[at:]
        case 3:
            del spoilt[early : early + chance.randrange(1, 64)]
        case 4:
            value = chance.choice((0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x8000_0000, len(content) * 3))
            spoilt[early : early + 4] = struct.pack(chance.choice("<>") + "I", value)
        case 5:
            begin, length = at, chance.randrange(1, 2000)
            spoilt[at:at] = spoilt[begin : begin + length] * chance.choice((1, 2, 30))
        case 6:
            length = chance.randrange(1, 400)
            spoilt[at : at + length] = chance.randbytes(length)
        case _:
            # A size of a box, a chunk or an element.
            marks = [found.start() for found in re.finditer(rb"[a-zA-Z ]{4}", content[:4000])]
            place = max(chance.choice(marks or [early]) + chance.choice((-4, 4)), 0)
            spoilt[place : place + 4] = struct.pack(chance.choice("<>") + "I", chance.getrandbits(32))
    return bytes(spoilt)


def test_every_reader_has_a_file_to_damage() -> None:
    """A reader that nobody tried would be met by hostile files first."""
    names = {
        "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
        "matroska,webm": "mkv",
        "mpegts": "ts",
        "mpeg": "mpg",
        "asf": "wmv",
    }

    assert {f"a.{names.get(each.names, each.names)}" for each in TAKEN} <= set(FILES)


@pytest.mark.parametrize("name", [*FILES, *STILLS, *MOVING])
async def test_a_damaged_file_is_refused_or_becomes_a_video(tmp_path: Path, name: str) -> None:
    """A hostile file would end the operator, hold it up, or fail a campaign without being named."""
    make = animation if name in MOVING else picture
    whole = ffmpeg([*FILES[name], *SAME], tmp_path / name) if name in FILES else make(tmp_path / name)
    content, chance = whole.read_bytes(), random.Random(name)  # noqa: S311  the same each time
    taken: list[tuple[Path, SourceFacts]] = []
    refused: set[str] = set()
    probes = Probes(1)
    try:
        assert (await probes.probe(whole, SHA, LIMITS)).size_bytes == len(content)
        for number in range(COUNT):
            path = tmp_path / str(number)
            path.write_bytes(damaged(content, chance))
            try:
                taken.append((path, await probes.probe(path, SHA, LIMITS)))
            except SourceError as error:
                refused.add(str(error))
    finally:
        await probes.aclose()
    assert not [said for said in refused if "confuses" in said or len(said) > 500 or str(tmp_path) in said]
    for path, facts in chance.sample(taken, min(len(taken), 2 + COUNT // 20)):
        with (
            suppress(InputError),
            catch_warnings(action="ignore"),
        ):  # it is named; Pillow warns of what it reads
            _made(path, facts, tmp_path)


def _made(path: Path, facts: SourceFacts, folder: Path) -> None:
    """What a renderer makes of a file: its pictures, its sound."""
    profile = Profile(width=64, height=64, fps=24, fit="cover")
    if facts.kind != "audio":
        frames = 5 if facts.kind == "still" else min(max(round(facts.duration_s * 24), 1), 240)
        cut = Cut(kind=facts.kind, source=SHA, first_frame=0, frames=frames, look=facts.look)
        segment.make_segment(SegmentOrder(profile=profile, cuts=(cut,)), {SHA: path}, folder)
    if facts.sound_stream is not None:
        order = SoundtrackOrder(fps=24, frames=24, track=SHA, track_stream=facts.sound_stream)
        sound.mix(order, {SHA: path}, {}, folder / "made.m4a", folder)
