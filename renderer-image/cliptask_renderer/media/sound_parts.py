"""What goes into a mix? Music, speech and the clips' own sound, each as an input of ffmpeg with the filters that bring it into place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cliptask import recipe
from cliptask.errors import ClipTaskError, MediaError, SourceError
from cliptask.names import called, speech_object
from cliptask.orders import ClipSound, SoundtrackOrder, SpeechRef
from cliptask_renderer.media import ffmpeg, loudness

_EDGE = recipe.SAMPLE_RATE // 200
"""5 ms: a waveform that is cut anywhere but at zero clicks; a fade this short is heard as nothing."""

_PACED = "rubberband=transients=mixed:window=short:tempo="
"""At another speed with the same pitch. Measured: tones keep their pitch, and begin within 10 ms of where they should from 0.5 to 2,
within 40 ms at 0.25, where atempo begins them 100 ms early; with transients=crisp they warble."""

COUNTED = "asetpts=round(N/SR/TB)"
"""Times by the samples before. Cut off, as ffmpeg does by itself, 97,280 of them would be 97,279 ticks."""


@dataclass(frozen=True)
class SoundPart:
    """One input of the mix: how it is called in errors, its file, and its filters."""

    name: str
    file: Path
    stream: int
    """Of the file's, the one that is heard."""
    heard: str
    """The filters that leave exactly what is heard of it, at its own level."""
    placed: str
    """Those that bring this to its volume and to its place."""
    blame: type[ClipTaskError]
    remedy: str
    is_voice: bool = True
    """Whether music gives way to it."""
    quietest_lufs: float = loudness.QUIETEST_LUFS
    """What is quieter is not made louder."""
    gain_db: float = 0.0
    """What brings it to the level of the others."""
    is_even: bool = False
    """Whether the file is of our own making, and of one form from its begin to its end."""

    @property
    def input(self) -> ffmpeg.Input:
        """For ffmpeg."""
        return ffmpeg.own(self.file) if self.is_even else ffmpeg.media(self.file)

    @property
    def filters(self) -> str:
        """From the file to the mix."""
        return f"{self.heard},volume={self.gain_db:.2f}dB,{self.placed}"


def sound_parts(
    order: SoundtrackOrder,
    sources: Mapping[str, Path],
    recordings: Mapping[str, Path],
    places: Mapping[str, str],
) -> list[SoundPart]:
    """The music first, then the lines, then the clips in their order. Arguments and errors are those of ``sound.mix``."""
    parts = []
    if order.track is not None:
        heard, placed = _music(order)
        name, file, stream = called("music", order.track, places), sources[order.track], order.track_stream
        remedy = "replace the file"
        parts.append(SoundPart(name, file, stream, heard, placed, SourceError, remedy, is_voice=False))
    for line in order.speech:
        name = f"{called('line', line.line_key, places)}: its recording"
        if line.line_key not in recordings:
            message = f"{name} is missing: speak it first"
            raise MediaError(message)
        heard, placed = _speech(order, line)
        remedy = (
            f"remove {speech_object(line.line_key, line.extension)} from the cache, so that it is made anew"
        )
        parts.append(SoundPart(name, recordings[line.line_key], 0, heard, placed, MediaError, remedy))
    for clip in order.clips:
        heard, placed = _clip(order, clip)
        name, file = f"{called('clip', clip.source, places)}: its sound", sources[clip.source]
        remedy, noise = "replace the file", loudness.NOISE_LUFS
        parts.append(
            SoundPart(name, file, clip.stream, heard, placed, SourceError, remedy, quietest_lufs=noise)
        )
    return parts


def stereo(timing: str = "") -> str:
    """Any input as 48 kHz float stereo: mono on both sides at its own level, more than two channels mixed down.

    ffmpeg's own way from mono to stereo takes 3 dB off. ``FC`` exists only in mono here, ``FL`` and ``FR`` only in stereo.
    """
    return (
        f"aresample={recipe.SAMPLE_RATE}{timing},aformat=sample_fmts=fltp:channel_layouts=mono|stereo,"
        "pan=stereo|FL=FL+FC|FR=FR+FC"
    )


def _music(order: SoundtrackOrder) -> tuple[str, str]:
    """Its part, looped, at its volume, faded in and out.

    Looped after decoding (8 bytes a sample in memory): ffmpeg's ``-stream_loop`` left gaps at the joints of AAC,
    Vorbis and Opus, and never ends on a file without samples.
    """
    samples = order.samples
    start = _samples(order.track_start_us)
    whole = start + samples
    end = whole if order.track_end_us is None else min(whole, _samples(order.track_end_us))
    fade_in = max(_EDGE if start else 0, _samples(order.music_fade_in_us))
    fade_out = max(_EDGE, _samples(order.music_fade_out_us))
    heard = f"{stereo()},{COUNTED},atrim=start_sample={start}:end_sample={end},{COUNTED}"
    placed = (
        f"aloop=loop=-1:size={samples},atrim=end_sample={samples},{COUNTED},volume={order.music_volume},"
        f"{_fade('in', samples, min(samples, fade_in))},{_fade('out', samples, min(samples, fade_out))}"
    )
    return heard, placed


def _speech(order: SoundtrackOrder, line: SpeechRef) -> tuple[str, str]:
    """As recorded, from its frame on; what would outlive the picture is cut without a click."""
    at = line.at_frame * recipe.SAMPLE_RATE // order.fps
    samples = order.samples - at
    placed = f"{_fade('out', samples, min(samples, _EDGE))},adelay=delays={at}S:all=1"
    paced = f"{_PACED}{line.speed},{COUNTED}," if line.speed != 1 else ""
    return f"{stereo()},{COUNTED},{paced}atrim=end_sample={samples}", placed


def _clip(order: SoundtrackOrder, clip: ClipSound) -> tuple[str, str]:
    """The span that its pictures have, at their place.

    Fades are of equal power (a quarter of a sine), because two clips' sounds have nothing in common and would dip
    by 3 dB in a linear crossfade. Gaps in the source's timestamps become silence, so that sound stays with its picture.
    """
    rate = recipe.SAMPLE_RATE
    first = _samples(clip.video_start_us) + round(clip.first_frame * rate * clip.speed / order.fps)
    samples = clip.frames * rate // order.fps
    fade_in = min(samples, max(_EDGE, clip.fade_in_frames * rate // order.fps))
    fade_out = min(samples, max(_EDGE, clip.fade_out_frames * rate // order.fps))
    heard = (
        f"{stereo(':async=1:first_pts=0')},{COUNTED},"
        f"atrim=start_sample={first}:end_sample={first + round(samples * clip.speed)},{COUNTED}"
    )
    if clip.speed != 1:
        heard += f",{_PACED}{clip.speed},{COUNTED},atrim=end_sample={samples}"
    placed = (
        f"volume={clip.volume},{_fade('in', samples, fade_in)}:curve=qsin,{_fade('out', samples, fade_out)}:curve=qsin,"
        f"adelay=delays={clip.at_frame * rate // order.fps}S:all=1"
    )
    return heard, placed


def _samples(microseconds: int) -> int:
    return (microseconds * recipe.SAMPLE_RATE + 500_000) // 1_000_000


def _fade(kind: str, samples: int, length: int) -> str:
    """Afade takes 0 samples for a second's worth: where there is nothing to fade, the sound is passed on as it is."""
    if not length:
        return "anull"
    start = samples - length if kind == "out" else 0
    return f"afade=t={kind}:start_sample={start}:nb_samples={length}"
