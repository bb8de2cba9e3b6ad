from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from cliptask.errors import MediaError, SourceError
from cliptask.orders import ClipSound, SoundtrackOrder, SpeechRef
from cliptask_renderer.media import ffmpeg, sound
from support import media

RATE = 48_000
TRACK = "a" * 64
SPEECH = (SpeechRef(line_key="b" * 64, extension="wav"),)
CLIP = "c" * 64

Samples = npt.NDArray[np.float64]


def order(**changes: Any) -> SoundtrackOrder:  # noqa: ANN401  the model checks them
    """Two seconds without any sound, but for the changes."""
    return SoundtrackOrder(**{"fps": 30, "frames": 60, **changes})


def audio(
    path: Path, expression: str, duration_s: float = 1.0, *, rate: int = RATE, options: str = ""
) -> Path:
    """A file of ``aevalsrc``'s expression; ``|`` separates channels, ``options`` are the encoder's."""
    source = f"aevalsrc='{expression}':sample_rate={rate}:duration={duration_s}"
    return media.ffmpeg(["-f", "lavfi", "-i", source, *options.split()], path)


def heard(path: Path) -> Samples:
    """What a player that knows edit lists plays: 2 x samples, 1.0 is full scale, cut at the track's own length."""
    with av.open(path) as container:
        stream = container.streams.audio[0]
        frames = [frame.to_ndarray() for frame in container.decode(stream)]
        assert stream.duration is not None
        return np.concatenate(frames, axis=1)[:, : stream.duration].astype(float)


def mixed(folder: Path, wanted: SoundtrackOrder, speech: Path | None = None, **sources: Path) -> Samples:
    """Mix and listen. ``music`` and ``clip`` are the sources."""
    files = {TRACK: sources.get("music", folder), CLIP: sources.get("clip", folder)}
    output = folder / "mix.m4a"
    recordings = {each.line_key: speech for each in wanted.speech} if speech else {}
    sound.mix(wanted, files, recordings, output, folder)
    return heard(output)


def level(samples: Samples, start_s: float, end_s: float) -> float:
    """RMS of a span of both channels; a full-scale sine has 0.707."""
    span = samples[..., round(start_s * RATE) : round(end_s * RATE)]
    return float(np.sqrt(np.mean(span**2)))


def measured(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP."""
    graph = ["-loglevel", "info", "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    said = ffmpeg.run([ffmpeg.media(path)], graph, what="measuring", limit_s=60)
    return (
        float(re.findall(r"I: +(\S+) LUFS", said)[-1]),
        float(re.findall(r"Peak: +(\S+) dBFS", said)[-1]),
    )


@pytest.mark.parametrize(("frames", "fps"), [(1, 60), (1, 30), (7, 24), (50, 25), (47, 29)])
def test_a_mix_is_exactly_as_long_as_its_picture(tmp_path: Path, frames: int, fps: int) -> None:
    """A soundtrack that outlives its picture, or ends early, makes players stall or loop badly."""
    music = media.track(tmp_path / "music.mp3", 0.3)
    wanted = order(fps=fps, frames=frames, track=TRACK)

    mixed(tmp_path, wanted, music=music)

    with av.open(tmp_path / "mix.m4a") as container:
        stream = container.streams.audio[0]
        decoded = sum(frame.samples for frame in container.decode(stream))
        assert (stream.start_time, stream.duration) == (0, wanted.samples)
        assert stream.time_base == Fraction(1, RATE)
        assert wanted.samples <= decoded < wanted.samples + 1024


def test_every_frame_of_a_mix_lasts_as_long_as_its_samples(tmp_path: Path) -> None:
    """A decoder by the book would hear a gap of one sample, and an overlap after it."""
    music = media.track(tmp_path / "music.mp3", 1.0)
    wanted = order(fps=30, frames=300, track=TRACK)

    mixed(tmp_path, wanted, music=music)

    with av.open(tmp_path / "mix.m4a") as container:
        lengths = [packet.duration for packet in container.demux(audio=0) if packet.size]
    assert set(lengths[:-1]) == {1024}


def test_a_mix_is_one_plain_track_that_starts_at_once(tmp_path: Path) -> None:
    """Ad platforms ask for AAC-LC, stereo, 48 kHz; a track's tags or cover must not travel into campaigns."""
    cover = media.track_with_cover(tmp_path / "cover.mp3", media.picture(tmp_path / "cover.png"))
    music = media.ffmpeg(
        ["-i", str(cover), "-c", "copy", "-metadata", "title=Upbeat"], tmp_path / "music.mp3"
    )

    mixed(tmp_path, order(track=TRACK), music=music)

    content = (tmp_path / "mix.m4a").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(tmp_path / "mix.m4a") as container:
        (stream,) = container.streams
        assert isinstance(stream, av.AudioStream)
        assert (stream.codec_context.name, stream.profile, stream.rate, stream.layout.name) == (
            "aac", "LC", RATE, "stereo",
        )  # fmt: skip
        assert not {"title", "encoder", "creation_time"} & container.metadata.keys()


def test_the_same_order_gives_the_same_bytes(tmp_path: Path) -> None:
    """Keys are made of orders: bytes that differ between runs would make one key mean two files."""
    music = audio(tmp_path / "music.mp3", "0.5*sin(440*2*PI*t)|0.4*random(0)")
    spoken = audio(tmp_path / "line.wav", "0.5*sin(900*2*PI*t)", 0.5)
    clip = media.clip(tmp_path / "clip.mp4")
    sounds = (ClipSound(source=CLIP, stream=1, first_frame=5, frames=20, at_frame=10, speed=0.7),)
    wanted = order(track=TRACK, speech=SPEECH, clips=sounds, balanced=True, ducking=True, loudness=-14.0)

    mixed(tmp_path, wanted, spoken, music=music, clip=clip)
    first = (tmp_path / "mix.m4a").read_bytes()
    mixed(tmp_path, wanted, spoken, music=music, clip=clip)

    assert (tmp_path / "mix.m4a").read_bytes() == first


@pytest.mark.parametrize("suffix", ["mp3", "m4a", "flac", "wav", "webm"])
def test_music_loops_without_a_gap(tmp_path: Path, suffix: str) -> None:
    """Encoder delay between two rounds is a hole of 20 to 50 ms in the beat."""
    options = {"webm": "-c:a libopus", "m4a": "-aac_coder fast"}.get(suffix, "")
    music = audio(tmp_path / f"music.{suffix}", "0.3*sin(441*2*PI*t)", 0.5, rate=44_100, options=options)

    samples = mixed(tmp_path, order(track=TRACK), music=music)

    levels = [level(samples, at, at + 0.01) for at in np.arange(0.1, 1.4, 0.005)]
    assert min(levels) / float(np.median(levels)) > 0.9
    assert max(levels) / float(np.median(levels)) < 1.1


def test_music_has_its_volume_and_fades_at_the_end(tmp_path: Path) -> None:
    """Music that stops dead sounds like a broken video."""
    music = audio(tmp_path / "music.wav", "0.5*sin(400*2*PI*t)", 5)

    wanted = order(track=TRACK, music_volume=0.2, music_fade_out_us=500_000)

    samples = mixed(tmp_path, wanted, music=music)

    assert level(samples, 0.2, 1.4) == pytest.approx(0.0707, rel=0.02)
    assert level(samples, 1.7, 1.8) == pytest.approx(0.0354, rel=0.1)
    assert level(samples, 1.99, 2.0) < 0.002


def test_music_comes_as_slowly_as_it_is_told(tmp_path: Path) -> None:
    """A fade-in that is not heard is a beat that bursts in."""
    music = audio(tmp_path / "music.wav", "0.5*sin(400*2*PI*t)", 5)

    samples = mixed(tmp_path, order(track=TRACK, music_fade_in_us=1_000_000), music=music)

    assert level(samples, 0.0, 0.01) < 0.005
    assert level(samples, 0.49, 0.51) == pytest.approx(0.177, rel=0.05)
    assert level(samples, 1.1, 1.8) == pytest.approx(0.354, rel=0.02)


def test_a_part_of_a_track_is_played_and_begun_anew(tmp_path: Path) -> None:
    """In and out points choose the refrain: what is before and after it must never be heard."""
    music = audio(tmp_path / "music.wav", "0.3*sin(2*PI*if(between(t,1,1.5),800,200)*t)", 3)
    wanted = order(track=TRACK, track_start_us=1_000_000, track_end_us=1_500_000)

    got = pitches(mixed(tmp_path, wanted, music=music))

    assert got == [800] * 8


@pytest.mark.parametrize("gain", [0.003, 0.03, 0.9])
def test_balanced_sounds_are_as_loud_beside_each_other_however_they_were_recorded(
    tmp_path: Path, gain: float
) -> None:
    """Quiet music would not be heard under a loud voice, and loud music would drown a quiet one."""
    music = audio(tmp_path / "music.wav", f"{gain}*sin(1000*2*PI*t)|0", 3)
    spoken = audio(tmp_path / "line.wav", "0|0.1*sin(1000*2*PI*t)", 3)
    wanted = order(track=TRACK, speech=SPEECH, music_volume=0.4, balanced=True)

    samples = mixed(tmp_path, wanted, spoken, music=music)

    assert level(samples[0], 0.2, 1.8) / level(samples[1], 0.2, 1.8) == pytest.approx(0.4, rel=0.03)


def test_the_hiss_of_a_clip_is_not_balanced(tmp_path: Path) -> None:
    """Of a product shot in a quiet room nothing but its camera would be heard."""
    clip = audio(tmp_path / "clip.wav", "0.004*(random(0)-0.5)", 2)
    part = ClipSound(source=CLIP, first_frame=0, frames=60, at_frame=0)

    balanced, plain = (mixed(tmp_path, order(clips=(part,), balanced=on), clip=clip) for on in (True, False))

    assert level(balanced, 0.2, 1.8) == pytest.approx(level(plain, 0.2, 1.8), rel=0.01)


@pytest.mark.parametrize(
    ("expression", "rate", "left", "right"),
    [
        ("0.5*sin(400*2*PI*t)", 8_000, 0.354, 0.354),
        ("0.5*sin(400*2*PI*t)|0", 96_000, 0.354, 0.0),
        ("0|0|0.5*sin(400*2*PI*t)|0|0|0", 48_000, 0.25, 0.25),  # the centre of 5.1: ITU-R BS.775, -3 dB
    ],
)
def test_any_channels_and_rate_become_stereo(
    tmp_path: Path, expression: str, rate: int, left: float, right: float
) -> None:
    """A mono line must come from both sides at its own level, and no channel may go missing."""
    spoken = audio(tmp_path / "line.wav", expression, 2, rate=rate)

    samples = mixed(tmp_path, order(speech=SPEECH), spoken)

    assert level(samples[0], 0.1, 1.9) == pytest.approx(left, abs=0.005)
    assert level(samples[1], 0.1, 1.9) == pytest.approx(right, abs=0.005)


def test_speech_starts_with_the_picture(tmp_path: Path) -> None:
    """Captions follow the recording's own times, so its first sample belongs to the first frame."""
    spoken = audio(tmp_path / "line.wav", "if(eq(n,4800),1,0)", 0.5)

    samples = mixed(tmp_path, order(speech=SPEECH), spoken)

    assert abs(int(np.argmax(np.abs(samples[0]))) - 4800) <= 1
    assert level(samples, 0.6, 2.0) < 0.0001


@pytest.mark.parametrize(("fps", "at_frame"), [(30, 0), (30, 17), (24, 13), (60, 59), (25, 1)])
def test_a_line_is_heard_at_its_frame_and_ends_with_the_picture(
    tmp_path: Path, fps: int, at_frame: int
) -> None:
    """What is said of a product would be heard over another, or run on after the last picture."""
    spoken = audio(tmp_path / "line.wav", "if(eq(n,4800),1,0)+0.01*gte(t,0.5)", 3)
    line = SPEECH[0].model_copy(update={"at_frame": at_frame})

    samples = mixed(tmp_path, order(fps=fps, frames=2 * fps, speech=(line,)), spoken)

    assert abs(int(np.argmax(np.abs(samples[0]))) - (at_frame * RATE // fps + 4800)) <= 1
    assert samples.shape[1] == 2 * RATE


def test_several_lines_are_heard_each_at_its_place(tmp_path: Path) -> None:
    """A second line would replace the first, or both begin with the video."""
    spoken = audio(tmp_path / "line.wav", "0.3*sin(900*2*PI*t)", 0.5)
    lines = tuple(SPEECH[0].model_copy(update={"at_frame": frame}) for frame in (0, 30))

    samples = mixed(tmp_path, order(speech=lines), spoken)

    levels = [level(samples, at, at + 0.3) for at in (0.1, 0.6, 1.1, 1.6)]
    assert levels == pytest.approx([0.212, 0, 0.212, 0], abs=0.01)


def test_a_line_is_spoken_faster_at_its_own_pitch(tmp_path: Path) -> None:
    """It would be cut off, or sound like another voice."""
    spoken = audio(tmp_path / "line.wav", "0.3*sin(800*2*PI*t)*between(t,1,2)", 2.4)
    line = SPEECH[0].model_copy(update={"speed": 1.2})

    samples = mixed(tmp_path, order(speech=(line,)), spoken)

    loud = np.flatnonzero(np.abs(samples[0]) > 0.15)
    assert loud[0] / RATE == pytest.approx(1 / 1.2, abs=0.02)
    assert loud[-1] / RATE == pytest.approx(2 / 1.2, abs=0.02)
    assert pitches(samples[:, RATE : round(1.5 * RATE)]) == pytest.approx([800, 800], abs=10)


def test_speech_that_outlives_the_picture_is_cut_without_a_click(tmp_path: Path) -> None:
    """The older service left sound running over the last frame; a cut in mid-wave cracks."""
    spoken = audio(tmp_path / "line.wav", "0.5*cos(50*2*PI*t)", 5)

    samples = mixed(tmp_path, order(speech=SPEECH), spoken)

    assert samples.shape[1] == 2 * RATE
    assert level(samples, 1.9, 1.99) == pytest.approx(0.354, rel=0.05)
    assert np.abs(samples[:, -20:]).max() < 0.05


def with_sound(path: Path, expression: str, *, video_s: float = 0.0, audio_s: float = 0.0) -> Path:
    """A clip whose streams start ``video_s`` and ``audio_s`` after each other; lossless sound."""
    video = ["-itsoffset", str(video_s), "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=30:duration=3"]
    tone = [
        "-itsoffset",
        str(audio_s),
        "-f",
        "lavfi",
        "-i",
        f"aevalsrc='{expression}':sample_rate=48000:duration=3",
    ]
    return media.ffmpeg([*video, *tone, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac"], path)


@pytest.mark.parametrize(
    ("video_s", "audio_s", "lands_at"),
    [(0.0, 0.0, 36_000), (0.0, 0.1, 40_800), (0.2, 0.0, 26_400)],
)
def test_a_clips_sound_stays_with_its_pictures(
    tmp_path: Path, video_s: float, audio_s: float, lands_at: int
) -> None:
    """Lips and sound drift apart, also where a camera started one of the two streams late."""
    clip = with_sound(tmp_path / "clip.mp4", "if(eq(n,60000),1,0)", video_s=video_s, audio_s=audio_s)
    part = ClipSound(
        source=CLIP, stream=1, video_start_us=round(video_s * 1e6), first_frame=30, frames=30, at_frame=15
    )  # the click, 1.25 s into the sound, is 0.25 s into the part, which starts at 0.5 s

    samples = mixed(tmp_path, order(clips=(part,)), clip=clip)

    assert abs(int(np.argmax(np.abs(samples[0]))) - lands_at) <= 1


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.6, 2.0, 4.0])
def test_a_clips_sound_is_played_at_the_speed_of_its_pictures_and_keeps_its_pitch(
    tmp_path: Path, speed: float
) -> None:
    """Who speaks would sound like a mouse, or move the lips to other words."""
    click = f"0.3*sin(800*2*PI*t)*between(t,{0.4 * speed},{0.8 * speed})"
    clip = audio(tmp_path / "clip.wav", click, 12)
    part = ClipSound(source=CLIP, first_frame=6, frames=50, at_frame=6, speed=speed)

    samples = mixed(tmp_path, order(clips=(part,)), clip=clip)

    near_s = max(1 / 30, 0.01 / speed)
    loud = np.flatnonzero(np.abs(samples[0]) > 0.15)
    assert loud[0] / RATE == pytest.approx(0.4, abs=near_s)
    assert loud[-1] / RATE == pytest.approx(0.8, abs=near_s)
    assert pitches(samples[:, round(0.45 * RATE) : round(0.75 * RATE)])[0] == pytest.approx(800, abs=10)


def test_a_clips_sound_ends_with_its_pictures(tmp_path: Path) -> None:
    """Sound of a clip's cut-off part would run on under the next clip."""
    clip = audio(tmp_path / "clip.wav", "0.5*sin(400*2*PI*t)", 3)
    part = ClipSound(source=CLIP, first_frame=10, frames=15, at_frame=30, volume=0.5)

    samples = mixed(tmp_path, order(clips=(part,)), clip=clip)

    assert level(samples, 0.0, 0.97) < 0.001
    assert level(samples, 1.02, 1.48) == pytest.approx(0.177, rel=0.03)
    assert level(samples, 1.53, 2.0) < 0.001


def test_a_crossfade_keeps_the_level(tmp_path: Path) -> None:
    """Two unlike sounds dip by 3 dB in the middle of a linear crossfade."""
    left = audio(tmp_path / "left.wav", "0.4*sin(400*2*PI*t)", 2)
    right = audio(tmp_path / "right.wav", "0.4*sin(637*2*PI*t)", 2)
    parts = (
        ClipSound(source=CLIP, first_frame=0, frames=40, at_frame=0, fade_out_frames=20),
        ClipSound(source=TRACK, first_frame=0, frames=40, at_frame=20, fade_in_frames=20),
    )

    samples = mixed(tmp_path, order(clips=parts), clip=left, music=right)

    levels = [level(samples, at, at + 0.05) for at in np.arange(0.1, 1.8, 0.05)]
    assert min(levels) / 0.283 > 0.9
    assert max(levels) / 0.283 < 1.1


def test_music_gives_way_to_speech_and_comes_back(tmp_path: Path) -> None:
    """Words drown in music that does not duck, and a video sounds empty where it stays down."""
    music = audio(tmp_path / "music.wav", "0.5*sin(400*2*PI*t)|0", 5)
    spoken = audio(tmp_path / "line.wav", "0|0.3*sin(900*2*PI*t)", 1)
    wanted = order(frames=120, track=TRACK, speech=SPEECH, ducking=True)

    samples = mixed(tmp_path, wanted, spoken, music=music)

    under, after = level(samples[0], 0.3, 1.0), level(samples[0], 2.5, 3.4)
    assert after == pytest.approx(0.354, rel=0.02)
    assert under < after / 3
    assert level(samples[1], 0.3, 0.9) == pytest.approx(0.212, rel=0.02)


def test_music_gives_way_to_a_clip_that_speaks(tmp_path: Path) -> None:
    """What a customer says in a clip is as much worth hearing as a line."""
    music = audio(tmp_path / "music.wav", "0.5*sin(400*2*PI*t)|0", 5)
    clip = audio(tmp_path / "clip.wav", "0|0.3*sin(900*2*PI*t)", 5)
    part = ClipSound(source=CLIP, first_frame=0, frames=30, at_frame=30)

    samples = mixed(
        tmp_path, order(frames=120, track=TRACK, clips=(part,), ducking=True), music=music, clip=clip
    )

    before, under, after = (level(samples[0], at, at + 0.5) for at in (0.3, 1.4, 3.2))
    assert before == pytest.approx(after, rel=0.02)
    assert under < before / 3


def test_ducking_without_speech_changes_nothing(tmp_path: Path) -> None:
    """A task asks for ducking once; its variants without a line must sound as if it had not."""
    music = media.track(tmp_path / "music.mp3")

    plain = mixed(tmp_path, order(track=TRACK), music=music)
    ducked = mixed(tmp_path, order(track=TRACK, ducking=True), music=music)

    assert np.array_equal(plain, ducked)


@pytest.mark.parametrize(
    "speech",
    [
        "0.2*sin(300*2*PI*t)*lt(mod(t,0.4),0.3)",
        "0.1*sin(300*2*PI*t)+0.8*sin(1000*2*PI*t)*lt(mod(t,0.5),0.02)",  # peaks that the limiter must take
        "0.03*sin(300*2*PI*t)+0.95*sin(700*2*PI*t)*lt(mod(t,0.3),0.008)",  # and so much of them that it takes more than all else
    ],
)
def test_a_mix_has_the_loudness_that_was_asked_for(tmp_path: Path, speech: str) -> None:
    """Platforms turn loud ads down and leave quiet ones unheard; a peak over -1 dBTP distorts on phones."""
    music = audio(tmp_path / "music.mp3", "0.5*sin(110*2*PI*t)+0.2*(random(0)-0.5)", 2)
    spoken = audio(tmp_path / "line.wav", speech, 2.5)
    wanted = order(frames=90, track=TRACK, music_volume=0.1, speech=SPEECH, ducking=True, loudness=-14.0)

    mixed(tmp_path, wanted, spoken, music=music)

    loudness_lufs, true_peak_db = measured(tmp_path / "mix.m4a")
    assert loudness_lufs == pytest.approx(-14.0, abs=0.5)
    assert true_peak_db <= -1.0
    assert not list(tmp_path.glob("*.mix.wav"))


def of_random_sounds(folder: Path, seed: int) -> tuple[SoundtrackOrder, dict[str, Path], Path | None]:
    """A mix of sounds, levels and settings as campaigns have them, and its files: some of the three are missing."""
    draw = np.random.default_rng(seed)

    def sound_file(name: str, expressions: list[str]) -> Path:
        peak = 10 ** (draw.uniform(-40, -1) / 20)
        expression = f"{peak:.4f}*({draw.choice(expressions)})"
        return audio(
            folder / f"{name}.wav",
            expression,
            draw.uniform(1, 6),
            rate=int(draw.choice([22_050, 44_100, RATE])),
        )

    pitch, beat = draw.integers(80, 900), draw.uniform(0.2, 0.8)
    voices = [
        f"sin({pitch}*2*PI*t)*lt(mod(t,{beat}),{beat * 0.7})",
        f"0.2*sin({pitch}*2*PI*t)+0.7*sin({3 * pitch}*2*PI*t)*lt(mod(t,{beat}),0.03)",
    ]
    tones = [
        f"0.6*sin({pitch}*2*PI*t)+0.4*(random(0)-0.5)",
        f"(random(0)*2-1)*exp(-8*mod(t,{beat}))",
        *voices,
    ]
    music, clip, spoken = sound_file("music", tones), sound_file("clip", tones), sound_file("line", voices)
    has_music, has_clip, has_speech = draw.random(3) < 0.7
    part = ClipSound(
        source=CLIP, first_frame=0, frames=80, at_frame=int(draw.integers(0, 60)), volume=draw.uniform(0.1, 2)
    )
    wanted = order(
        frames=150, loudness=float(draw.uniform(-23, -12)), balanced=bool(draw.random() < 0.8),
        ducking=bool(draw.random() < 0.5), clips=(part,) if has_clip else (), speech=SPEECH if has_speech else (),
        track=None if (has_clip or has_speech) and not has_music else TRACK, music_volume=draw.uniform(0.1, 2),
        music_fade_in_us=int(draw.integers(0, 1_000_000)), music_fade_out_us=int(draw.integers(0, 1_000_000)),
    )  # fmt: skip
    return wanted, {"music": music, "clip": clip}, spoken if has_speech else None


@pytest.mark.parametrize("seed", range(50))
def test_any_mix_has_its_loudness_and_leaves_room_for_its_peaks(tmp_path: Path, seed: int) -> None:
    """A campaign whose videos differ in loudness tests the loudness and not the ad."""
    wanted, sources, spoken = of_random_sounds(tmp_path, seed)
    assert wanted.loudness is not None

    mixed(tmp_path, wanted, spoken, **sources)

    loudness_lufs, true_peak_db = measured(tmp_path / "mix.m4a")
    assert loudness_lufs == pytest.approx(wanted.loudness, abs=0.5)
    assert true_peak_db < -1.0


@pytest.mark.parametrize("loudness", [None, -14.0])
def test_silence_stays_silent(tmp_path: Path, loudness: float | None) -> None:
    """A variant without any sound still has a track, and a loudness does not blow up its zeros."""
    wanted = order(loudness=loudness)

    samples = mixed(tmp_path, wanted)

    assert samples.shape == (2, wanted.samples)
    assert not samples.any()


def test_what_is_too_short_for_a_loudness_keeps_its_level(tmp_path: Path) -> None:
    """Loudness is defined from 0.4 s on; a guess would turn the tick of a short variant into a bang."""
    music = audio(tmp_path / "music.wav", "0.1*sin(400*2*PI*t)", 1)

    samples = mixed(tmp_path, order(frames=9, track=TRACK, loudness=-14.0), music=music)

    assert level(samples, 0.0, 0.02) == pytest.approx(0.0707, rel=0.1)


def test_noise_is_not_raised_to_a_voice(tmp_path: Path) -> None:
    """The hiss of an almost silent clip at -14 LUFS would be the loudest thing in the campaign."""
    clip = audio(tmp_path / "clip.wav", "0.0008*(random(0)-0.5)", 2)
    part = ClipSound(source=CLIP, first_frame=0, frames=60, at_frame=0)

    mixed(tmp_path, order(clips=(part,), loudness=-14.0), clip=clip)

    assert measured(tmp_path / "mix.m4a")[0] < -30


def test_a_sum_that_would_clip_is_limited(tmp_path: Path) -> None:
    """The older service clipped: a mastered track and a loud line add up to more than full scale."""
    music = audio(tmp_path / "music.wav", "0.8*sin(400*2*PI*t)+0.1*(random(0)-0.5)", 2)
    spoken = audio(tmp_path / "line.wav", "0.8*sin(410*2*PI*t)+0.1*(random(1)-0.5)", 1)

    samples = mixed(tmp_path, order(track=TRACK, speech=SPEECH), spoken, music=music)

    assert np.abs(samples).max() < 1.0
    assert level(samples, 1.2, 1.4) == pytest.approx(0.566, rel=0.02)


@pytest.mark.parametrize(
    ("broken", "error", "named", "loudness"),
    [
        ("music", SourceError, "the music aaaaaaaaaaaa", None),
        ("line", MediaError, "the line bbbbbbbbbbbb: its recording", -14.0),
        ("clip", SourceError, "the clip cccccccccccc: its sound", None),
    ],
)
def test_what_cannot_be_decoded_is_named(
    tmp_path: Path, broken: str, error: type[Exception], named: str, loudness: float | None
) -> None:
    """With three inputs in one run, only a name tells which file somebody has to replace."""
    files = {name: media.track(tmp_path / f"{name}.flac") for name in ("music", "line", "clip")}
    files[broken].write_bytes(b"not a sound")
    part = ClipSound(source=CLIP, first_frame=0, frames=30, at_frame=0)
    wanted = order(track=TRACK, speech=SPEECH, clips=(part,), loudness=loudness)

    with pytest.raises(error, match=re.escape(named)):
        mixed(tmp_path, wanted, files["line"], music=files["music"], clip=files["clip"])

    assert not list(tmp_path.glob("*.mix.wav"))


def test_a_track_without_sound_is_named(tmp_path: Path) -> None:
    """A silent video given as music must be told apart from a broken disk."""
    music = media.clip(tmp_path / "music.mp4", media.ClipLook(audio=False))

    with pytest.raises(SourceError, match="the music"):
        mixed(tmp_path, order(track=TRACK), music=music)


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    """A variant without the line that its order names would be the wrong video under the right name."""
    with pytest.raises(MediaError, match="the line bbbbbbbbbbbb: its recording is missing"):
        mixed(tmp_path, order(speech=SPEECH))


def pitches(samples: Samples) -> list[float]:
    """The loudest pitch of each quarter of a second of the left channel, in Hz."""
    spans = np.array_split(samples[0], len(samples[0]) // (RATE // 4))
    return [round(int(np.argmax(np.abs(np.fft.rfft(span)))) * RATE / len(span), -1) for span in spans]


def changing(folder: Path) -> Path:
    """Half a second of mono, 44.1 kHz, then half a second of stereo, 48 kHz, as joined episodes are."""
    parts = []
    for name, expression, rate in (
        ("a", "0.2*sin(2*PI*440*t)", 44_100),
        ("b", "0.2*sin(2*PI*880*t)|0.2*sin(2*PI*880*t)", RATE),
    ):
        options = "-b:a 96k -write_xing 0 -id3v2_version 0"
        parts.append(audio(folder / f"{name}.mp3", expression, rate=rate, options=options).read_bytes())
    path = folder / "changing.mp3"
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize("loudness", [None, -14.0])
@pytest.mark.parametrize("use", ["music", "clip"])
def test_a_sound_that_changes_its_form_midway_plays_on(
    tmp_path: Path, use: str, loudness: float | None
) -> None:
    """Filters begin anew, and count from zero: the rest would be lost, or the mix fail."""
    source = changing(tmp_path)
    part: dict[str, Any] = (
        {"track": TRACK}
        if use == "music"
        else {"clips": (ClipSound(source=CLIP, frames=60, first_frame=0, at_frame=0),)}
    )

    got = pitches(mixed(tmp_path, order(loudness=loudness, **part), **{use: source}))

    assert got[:4] == [440] * 4
    assert got[5:8] == [880] * 3


def test_junk_within_music_is_passed_over(tmp_path: Path) -> None:
    """Players skip it, so that nobody knows of it: the campaign would fail after its clips are encoded."""
    music = media.track(tmp_path / "a.mp3", 3.0)
    content = music.read_bytes()
    at = len(content) // 2 + 37
    music.write_bytes(content[:at] + b"\x13\x37junk" * 600 + content[at:])

    got = mixed(tmp_path, order(track=TRACK), music=music)

    assert level(got, 0, 1.9) > 0.05


def test_sound_that_is_mostly_broken_is_never_left_out(tmp_path: Path) -> None:
    """A mix without its music would be published."""
    broken = media.torn(media.track(tmp_path / "a.m4a", 5.0), tmp_path / "broken.m4a")

    with pytest.raises(SourceError, match="the music"):
        mixed(tmp_path, order(frames=150, track=TRACK), music=broken)


@pytest.mark.parametrize("suffix", ["ts", "mpg"])
def test_the_sound_of_a_broadcast_stays_with_its_picture(tmp_path: Path, suffix: str) -> None:
    """Such a file's times count from the streams that are used: sound that begins late would begin at once."""
    video = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=2"]
    late = ["-itsoffset", "0.5", "-f", "lavfi", "-i", "sine=440:d=1"]
    source = media.ffmpeg([*video, *late, "-pix_fmt", "yuv420p"], tmp_path / f"a.{suffix}")

    got = mixed(
        tmp_path,
        order(clips=(ClipSound(source=CLIP, stream=1, frames=60, first_frame=0, at_frame=0),)),
        clip=source,
    )

    assert level(got, 0.0, 0.4) < 0.001
    assert level(got, 0.6, 1.3) > 0.05
