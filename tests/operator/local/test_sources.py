"""Is every source taken as it was meant, from the URL to the video? Files that other programs took wrongly."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
import pytest
import yaml

from support import frames as f
from support import odd_sources as odd
from support.http_server import Content, MediaServer
from support.studio import Studio

_RED = (255, 0, 0)

CLIPS: dict[str, odd.Maker] = {
    "interlaced.mp4": odd.interlaced,
    "interlaced-dv.mov": odd.interlaced_dv,
    "alpha-qtrle.mov": odd.transparent("-c:v", "qtrle", "-pix_fmt", "argb"),
    "alpha-prores.mov": odd.transparent("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"),
    "alpha-vp9.webm": odd.transparent("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p"),
    "alpha-vp8.webm": odd.transparent("-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0", "-b:v", "1M"),
    "one-picture.mp4": odd.one_picture,
    "second-is-default.mkv": odd.second_is_default,
    "first-is-empty.mkv": odd.first_is_empty,
    "first-is-empty.ts": odd.first_is_empty,
    "transport.ts": odd.moving("-c:v", "libx264", "-c:a", "aac"),
    "camera.mts": odd.moving("-c:v", "libx264", "-c:a", "ac3", "-f", "mpegts", "-mpegts_m2ts_mode", "1"),
    "old.avi": odd.moving("-c:v", "mpeg4", "-c:a", "pcm_s16le"),
}  # fmt: skip
ANIMATIONS = ("moving.gif", "moving.webp", "moving.png")
STILLS: dict[str, odd.Maker] = {"long-xmp.png": odd.long_text_chunk}


def _task(folder: Path, clips: list[dict[str, Any]], **spec: Any) -> Path:  # noqa: ANN401  a spec's parts
    body = {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": {"name": "camp"},
        "spec": {
            "videoBlocks": [{"name": "b", "clips": clips}],
            "picture": {"width": 640, "height": 480, "fps": 25},
            "output": {"uri": folder.as_uri()},
            **spec,
        },
    }
    path = folder / "cliptask.yaml"
    path.write_text(yaml.safe_dump(body))
    return path


def _label(name: str) -> str:
    return name.replace(".", "-")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """What comes of each clip, with its own sound, all in one campaign."""
    folder = tmp_path_factory.mktemp("odd")
    clips: list[dict[str, Any]] = [
        {"url": make(folder / name).as_uri(), "name": _label(name)} for name, make in CLIPS.items()
    ]
    clips += [{"url": odd.animation(folder / name).as_uri(), "name": _label(name)} for name in ANIMATIONS]
    clips += [
        {"url": make(folder / name).as_uri(), "name": _label(name), "duration": "1s"}
        for name, make in STILLS.items()
    ]
    Studio(folder).render(_task(folder, clips, sound={"clipVolume": 1}), folder / "out")
    index = json.loads((folder / "out" / "camp" / "index.json").read_text())
    return {each["clips"][0]["clip"]: folder / "out" / "camp" / each["file"] for each in index["variants"]}


def shown(videos: Mapping[str, Path], name: str) -> f.Frames:
    """The pictures of a clip's video: RGB, 640x480, 25 a second."""
    size = f.SMALL.model_copy(update={"width": 640, "height": 480})
    return f.decoded(videos[_label(name)], "rgb24", size)


def heard(video: Path) -> npt.NDArray[np.float32]:
    """A video's sound, mono, 48 kHz."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(video), "-ac", "1", "-ar", "48000"]
    content = subprocess.run([*command, "-f", "f32le", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(content, np.float32)


def pitch(samples: npt.NDArray[np.float32]) -> float:
    """The strongest frequency in Hz."""
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    return float(np.argmax(np.abs(np.fft.rfft(middle))) * 48_000 / len(middle))


@pytest.mark.parametrize("name", ["interlaced.mp4", "interlaced-dv.mov"])
def test_fields_leave_no_combs(name: str, videos: Mapping[str, Path]) -> None:
    """Combs at full height."""
    grey = shown(videos, name).mean(axis=3)

    assert np.abs(grey[:, 1:-1] - (grey[:, :-2] + grey[:, 2:]) / 2)[:, 8:-8].mean() < 1.5


@pytest.mark.parametrize("name", [name for name in CLIPS if name.startswith("alpha")])
def test_what_is_transparent_stays_hidden(name: str, videos: Mapping[str, Path]) -> None:
    """The colours beneath are nobody's to see."""
    picture = shown(videos, name)[5]

    assert np.abs(picture[240, 320].astype(int) - _RED).max() <= 12
    assert picture[20, 320].max() <= 12


def test_a_single_picture_is_a_clip_of_one_frame(videos: Mapping[str, Path]) -> None:
    """It ended the program with ffmpeg's words."""
    assert len(shown(videos, "one-picture.mp4")) == 1


@pytest.mark.parametrize(
    ("name", "hertz"),
    [("second-is-default.mkv", 880), ("first-is-empty.mkv", 880), ("first-is-empty.ts", 880), ("transport.ts", 440), ("camera.mts", 440), ("old.avi", 440)],
)  # fmt: skip
def test_the_sound_is_the_one_that_is_meant(name: str, hertz: int, videos: Mapping[str, Path]) -> None:
    """Another language, or silence."""
    assert pitch(heard(videos[_label(name)])) == pytest.approx(hertz, abs=5)


@pytest.mark.parametrize("name", ANIMATIONS)
def test_an_animation_moves_at_its_own_pace(name: str, videos: Mapping[str, Path]) -> None:
    """A picture each fifth of a second: the square steps to the right after five of 25 frames."""
    frames = shown(videos, name)

    assert len(frames) == 25
    blue = np.where(frames[..., 0].astype(int) + 100 < frames[..., 2], 1, 0).sum(axis=1)
    places = [float(row @ np.arange(row.size) / max(row.sum(), 1)) for row in blue]
    assert np.abs(np.diff(places[2::5]) - 48).max() < 3  # 16 pixels, shown three times as large
    assert max(abs(places[n] - places[n // 5 * 5 + 2]) for n in range(25)) < 3


def test_notes_in_a_picture_do_not_matter(videos: Mapping[str, Path]) -> None:
    """It was called damaged."""
    assert np.abs(shown(videos, "long-xmp.png")[5][240, 320].astype(int) - _RED).max() <= 4


@pytest.mark.parametrize(
    ("name", "make", "fps", "frames"),
    [
        ("recorder-15.webm", odd.recorded(15, (-9, -4, 0, 4, 9)), 24, 24),
        ("recorder-30.webm", odd.recorded(30, (0, 0, 0, -2, 2, 16)), 30, 31),
        ("step-33ms.mp4", odd.stepped, 30, 31),
    ],
)
def test_a_rate_is_that_of_the_pictures(
    name: str, make: odd.Maker, fps: int, frames: int, tmp_path: Path
) -> None:
    """What recorders state made 60 and 48 pictures a second of these, and the last was lost."""
    task = _task(tmp_path, [{"url": make(tmp_path / name).as_uri()}], picture={})

    Studio(tmp_path).render(task, tmp_path / "out")

    index = json.loads((tmp_path / "out" / "camp" / "index.json").read_text())
    assert (index["profile"]["fps"], index["variants"][0]["frames"]) == (fps, frames)


MUSIC: dict[str, odd.Maker] = {
    "junk-inside.mp3": odd.junk_inside,
    "mono-then-stereo.mp3": odd.mono_then_stereo,
}


@pytest.mark.parametrize("name", MUSIC)
def test_music_that_players_play_is_played(name: str, tmp_path: Path) -> None:
    """Both ended the program after the clips had been encoded."""
    still = {"url": odd.long_text_chunk(tmp_path / "a.png").as_uri(), "duration": "3.5s"}
    track = {"url": MUSIC[name](tmp_path / name).as_uri()}
    blocks = [{"name": "pool", "tracks": [track]}]
    task = _task(tmp_path, [still], audioBlocks=blocks, sound={"musicVolume": 1})

    Studio(tmp_path).render(task, tmp_path / "out")

    (video,) = (tmp_path / "out" / "camp").glob("*.mp4")
    samples = heard(video)
    tenths = [float(np.abs(samples[at : at + 4_800]).max()) for at in range(0, 140_000, 4_800)]
    assert min(tenths) > 0.05
    assert pitch(samples[:90_000]) == pytest.approx(440, abs=5)
    if name.startswith("mono"):
        assert pitch(samples[105_000:140_000]) == pytest.approx(880, abs=5)


WHOLE = {
    "third.mp3": odd.tone("-b:a", "128k"),
    "third.wav": odd.tone(),
    "third.ogg": odd.tone("-c:a", "libvorbis"),
    "third.opus": odd.tone("-c:a", "libopus"),
    "third.flac": odd.tone(),
    "third.m4a": odd.tone("-c:a", "aac"),
    "third.mka": odd.tone("-c:a", "libopus"),
}


def test_what_no_video_can_be_made_of_is_refused_by_its_name_before_anything_is_made(tmp_path: Path) -> None:
    """Half of a song was looped, others were found out by the encoder; each by a hash, or by ffmpeg's words."""
    tracks = [{"url": odd.a_third_of(make)(tmp_path / name).as_uri()} for name, make in WHOLE.items()]
    clips = [{"url": odd.encrypted(tmp_path / "locked.mp4").as_uri()}]
    for name, text in (
        ("list.mp4", "#EXTM3U\n#EXTINF:1,\na.ts\n"),
        ("page.mp4", "<!doctype html><p>Log in"),
        ("drawing.psd", "8BPS\0\1" + "\0" * 90),
    ):
        (tmp_path / name).write_text(text)
        clips.append({"url": (tmp_path / name).as_uri()})
    task = _task(tmp_path, clips, audioBlocks=[{"name": "pool", "tracks": tracks}])

    ran = Studio(tmp_path).run("render", task, "-d", tmp_path / "out")

    said = ran.stdout + ran.stderr
    assert ran.returncode == 65, said
    lines = [line for line in said.splitlines() if tmp_path.as_uri() in line]
    told = {
        name: line
        for line in lines
        for name in (*WHOLE, "locked.mp4", "list.mp4", "page.mp4", "drawing.psd")
        if f"/{name}:" in line
    }
    assert all("cut short" in told[name] for name in WHOLE), said
    assert "encrypted" in told["locked.mp4"] or "DRM" in told["locked.mp4"]
    assert "HLS" in told["list.mp4"]
    assert "HTML" in told["page.mp4"]
    assert "Photoshop" in told["drawing.psd"]
    assert not list((tmp_path / "out").rglob("segments/*"))


def test_a_photo_too_large_for_a_video_asks_for_the_size(tmp_path: Path) -> None:
    """It became 8000x6000 pixels of H.264, in 4 GB of memory."""
    photo = {"url": odd.large_photo(tmp_path / "a.jpg").as_uri(), "duration": "1s"}

    alone = Studio(tmp_path).run("render", _task(tmp_path, [photo], picture={}), "-d", tmp_path / "out")

    assert alone.returncode == 65
    assert "spec.picture" in alone.stdout + alone.stderr
    clip = {"url": odd.stepped(tmp_path / "b.mp4").as_uri()}
    Studio(tmp_path).render(_task(tmp_path, [photo, clip], picture={}), tmp_path / "out")
    index = json.loads((tmp_path / "out" / "camp" / "index.json").read_text())
    assert (index["profile"]["width"], index["profile"]["height"]) == (96, 160)


def test_pictures_that_grow_midway_are_refused_when_they_are_fetched(tmp_path: Path) -> None:
    """A call's recording was found out by the encoder, and named by a hash."""
    clip = odd.grows_midway(tmp_path / "call.webm")

    ran = Studio(tmp_path).run("render", _task(tmp_path, [{"url": clip.as_uri()}]), "-d", tmp_path / "out")

    assert ran.returncode == 65
    assert f"{clip.as_uri()}: its pictures change from 96x160 to 192x320 at 1.0 s" in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "coding", ["", "aws-chunked", "utf-8", "binary", "Identity", "identity, aws-chunked"]
)
def test_a_stored_header_is_no_compression(coding: str, tmp_path: Path) -> None:
    """Buckets give back what an upload said of itself; the file is as it was."""
    odd.stepped(tmp_path / "a.mp4")
    with MediaServer() as server:
        url = server.script(
            "/a.mp4", Content((tmp_path / "a.mp4").read_bytes(), headers={"Content-Encoding": coding})
        )
        studio = Studio(tmp_path, {"CLIPTASK_ALLOW_HTTP": "true", "CLIPTASK_OPEN_HOSTS": server.host})
        studio.render(_task(tmp_path, [{"url": url}]), tmp_path / "out")

    assert len(list((tmp_path / "out" / "camp").glob("*.mp4"))) == 1
