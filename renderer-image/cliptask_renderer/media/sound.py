"""How does a variant sound? Music, a line of speech and the clips' own sound become one AAC track of exact length."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from cliptask import recipe
from cliptask.errors import ClipTaskError, MediaError, SourceError
from cliptask.names import called, speech_object
from cliptask.orders import ClipSound, SoundtrackOrder
from cliptask_renderer.media import ffmpeg, loudness
from cliptask_renderer.media.formats import MOST_LOST

LIMIT_S = 600
"""For each run of ffmpeg. Ten minutes of sound take 10 s of CPU; the rest is for slow disks and sources of hours."""

_EDGE = recipe.SAMPLE_RATE // 200
"""5 ms: a waveform that is cut anywhere but at zero clicks; a fade this short is heard as nothing."""

_DUCKING = "sidechaincompress=threshold=0.03:ratio=8:attack=20:release=300"
"""Music gives way from -30 dBFS of speech on, which is below what a voice has and above what a room has."""

_COUNTED = "asetpts=round(N/SR/TB)"
"""Times by the samples before. Cut off, as ffmpeg does by itself, 97,280 of them would be 97,279 ticks."""

_FULL_SCALE = 0.95
"""-0.4 dBFS. Only what would otherwise clip is touched: below it the limiter is transparent to the bit."""

_LENIENT = 2 * MOST_LOST
"""What the probe has let pass must pass here, although another version of the decoders may stumble where its own did not."""

_CHANGED = "Reconfiguring filter graph"
"""What ffmpeg says where a sound's rate or channels change midway: filters begin anew, and count from zero again."""


@dataclass(frozen=True)
class _Part:
    """One input of the mix: how it is called in errors, its file, and the filters that bring it into place."""

    name: str
    file: Path
    stream: int
    """Of the file's, the one that is heard."""
    filters: str
    blame: type[ClipTaskError]
    remedy: str
    is_even: bool = False
    """Whether the file is of our own making, and of one form from its begin to its end."""

    @property
    def input(self) -> ffmpeg.Input:
        return ffmpeg.own(self.file) if self.is_even else ffmpeg.media(self.file)


def mix(
    order: SoundtrackOrder,
    sources: Mapping[str, Path],
    speech: Path | None,
    output: Path,
    work: Path,
    places: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write ``output``: .m4a, AAC-LC, stereo, 48 kHz, one track, exactly ``order.samples`` samples once its edit list is applied.

    ``sources`` has a local file for each SHA-256 in ``order.sources``; ``speech`` is the recording of
    ``order.speech``, or None without one. ``work`` is an existing folder of the caller's for temporary files: 23 MB
    a minute where a loudness is asked for, and of each source whose rate or channels change midway, removed before
    returning; ``places`` are what errors call sources and lines. The same arguments give the same bytes.

    What is too short for a loudness (0.4 s) and silence keep their level; other mixes come within 0.5 LU of it unless
    that takes more than 30 dB of gain. Without a loudness the level is the sum of its parts, limited only where it
    would clip.

    Raises ``SourceError`` when the music or a clip's sound cannot be decoded, ``MediaError`` when the recording cannot, or when
    anything else fails.
    """
    parts = _parts(order, sources, speech, places)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        decoded = Path(folder, "mix.wav")
        if order.loudness is None:
            ending, encoding = f"{_limiter(_FULL_SCALE)},{_exactly(order.samples)}", _encoded(output)
        else:
            ending, encoding = (
                f"{_exactly(order.samples)},{loudness.measure()}",
                [*_DECODED, f"file:{decoded}"],
            )
        log = _from_parts(order, parts, ending, encoding)
        if _CHANGED in log:
            even = [_evened(part, Path(folder, f"{number}.nut")) for number, part in enumerate(parts)]
            log = _from_parts(order, even, ending, encoding)
        if order.loudness is None:
            return
        limited = partial(_limited, decoded, order.samples)
        gain_db = loudness.gain_db(loudness.read(log), order.loudness, limited)
        chain = f"[0:a:0]{_mastered(gain_db, order.samples)}[mix]"
        _run([ffmpeg.media(decoded, "-f", "wav")], chain, _encoded(output))


def _parts(
    order: SoundtrackOrder, sources: Mapping[str, Path], speech: Path | None, places: Mapping[str, str]
) -> list[_Part]:
    """The music first, then the speech, then the clips in their order."""
    parts = []
    if order.track is not None:
        name = called("music", order.track, places)
        file, stream = sources[order.track], order.track_stream
        parts.append(_Part(name, file, stream, _music(order), SourceError, "replace the file"))
    if order.speech is not None:
        if speech is None:
            message = (
                f"{called('line', order.speech.line_key, places)}: its recording is missing: speak it first"
            )
            raise MediaError(message)
        name = f"{called('line', order.speech.line_key, places)}: its recording"
        recording = speech_object(order.speech.line_key, order.speech.extension)
        remedy = f"remove {recording} from the cache, so that it is made anew"
        parts.append(_Part(name, speech, 0, _speech(order), MediaError, remedy))
    for clip in order.clips:
        name, file = f"{called('clip', clip.source, places)}: its sound", sources[clip.source]
        parts.append(_Part(name, file, clip.stream, _clip(order, clip), SourceError, "replace the file"))
    return parts


def _stereo(timing: str = "") -> str:
    """Any input as 48 kHz float stereo: mono on both sides at its own level, more than two channels mixed down.

    ffmpeg's own way from mono to stereo takes 3 dB off. ``FC`` exists only in mono here, ``FL`` and ``FR`` only in stereo.
    """
    return (
        f"aresample={recipe.SAMPLE_RATE}{timing},aformat=sample_fmts=fltp:channel_layouts=mono|stereo,"
        "pan=stereo|FL=FL+FC|FR=FR+FC"
    )


def _music(order: SoundtrackOrder) -> str:
    """Looped, at its volume, faded out at the end.

    Looped after decoding (8 bytes a sample in memory): ffmpeg's ``-stream_loop`` left gaps at the joints of AAC,
    Vorbis and Opus, and never ends on a file without samples.
    """
    samples = order.samples
    fade = min(samples, round(recipe.MUSIC_FADE_S * recipe.SAMPLE_RATE))
    return (
        f"{_stereo()},{_COUNTED},atrim=end_sample={samples},aloop=loop=-1:size={samples},"
        f"atrim=end_sample={samples},{_COUNTED},volume={order.music_volume},{_fade('out', samples, fade)}"
    )


def _speech(order: SoundtrackOrder) -> str:
    """As recorded, from the start; what would outlive the picture is cut without a click."""
    samples = order.samples
    return f"{_stereo()},{_COUNTED},atrim=end_sample={samples},{_fade('out', samples, min(samples, _EDGE))}"


def _clip(order: SoundtrackOrder, clip: ClipSound) -> str:
    """The span that its pictures have, at their place.

    Fades are of equal power (a quarter of a sine), because two clips' sounds have nothing in common and would dip
    by 3 dB in a linear crossfade. Gaps in the source's timestamps become silence, so that sound stays with its picture.
    """
    rate = recipe.SAMPLE_RATE
    first = (clip.video_start_us * rate + 500_000) // 1_000_000 + clip.first_frame * rate // order.fps
    samples = clip.frames * rate // order.fps
    fade_in = min(samples, max(_EDGE, clip.fade_in_frames * rate // order.fps))
    fade_out = min(samples, max(_EDGE, clip.fade_out_frames * rate // order.fps))
    return (
        f"{_stereo(':async=1:first_pts=0')},{_COUNTED},atrim=start_sample={first}:end_sample={first + samples},{_COUNTED},"
        f"volume={order.clip_volume},{_fade('in', samples, fade_in)}:curve=qsin,{_fade('out', samples, fade_out)}:curve=qsin,"
        f"adelay=delays={clip.at_frame * rate // order.fps}S:all=1"
    )


def _fade(kind: str, samples: int, length: int) -> str:
    start = samples - length if kind == "out" else 0
    return f"afade=t={kind}:start_sample={start}:nb_samples={length}"


def _mixed(order: SoundtrackOrder, parts: Sequence[_Part]) -> str:
    """The filter graph from all inputs to their sum, open at its end."""
    if not parts:
        return f"anullsrc=r={recipe.SAMPLE_RATE}:cl=stereo,atrim=end_sample={order.samples}"
    chains = [f"[{number}:{part.stream}]{part.filters}[part{number}]" for number, part in enumerate(parts)]
    names = [f"[part{number}]" for number in range(len(parts))]
    if order.ducking and order.track is not None and order.speech is not None:
        chains += [
            "[part1]asplit[speech][voice]",
            f"[voice]apad=whole_len={order.samples}[key]",  # or the music would end with the speech
            f"[part0][key]{_DUCKING}[music]",
        ]
        names[:2] = ["[music]", "[speech]"]
    return f"{';'.join(chains)};{''.join(names)}amix=inputs={len(names)}:duration=longest:normalize=0"


def _exactly(samples: int) -> str:
    return f"{_COUNTED},apad=whole_len={samples},atrim=end_sample={samples}"


def _limiter(limit: float) -> str:
    """Of samples. Without ``level=0`` it would raise everything to full scale, without ``latency=1`` delay it."""
    return f"alimiter=limit={limit}:level=0:attack=5:release=50:latency=1"


def _mastered(gain_db: float, samples: int) -> str:
    return f"volume={gain_db:.2f}dB,{_limiter(loudness.CEILING)},{_exactly(samples)}"


def _limited(decoded: Path, samples: int, gains_db: Sequence[float]) -> list[float]:
    """How loud a decoded mix becomes with each of these gains and the ceiling, in LUFS: in one run that encodes nothing."""
    inputs = [f"[in{number}]" for number in range(len(gains_db))]
    outputs = ["[mix]", *["anullsink"] * (len(gains_db) - 1)]
    chains = [
        f"{link}{_mastered(gain_db, samples)},{loudness.measure(number)}{',' * (end != '[mix]')}{end}"
        for number, (link, gain_db, end) in enumerate(zip(inputs, gains_db, outputs, strict=True))
    ]
    graph = ";".join([f"[0:a:0]asplit={len(gains_db)}{''.join(inputs)}", *chains])
    log = _run([ffmpeg.media(decoded, "-f", "wav")], graph, ["-f", "null", "-"])
    return [loudness.read(log, number).lufs for number in range(len(gains_db))]


def _encoded(output: Path) -> list[str]:
    """AAC: ffmpeg 9.0's encoder has two ways to search, and neither is good at everything. Measured at 160k:

    ``fast`` has 50 dB SNR on speech, where ``twoloop``, the default, has 29, as much or more on music, and half the CPU.
    ``twoloop`` turns single frames up by as much as 6 dB, in sweeps, beats and last frames, so it broke the ceiling.
    ``fast`` distorts sines above half of full scale with nothing else to hear, which speech and music are not.
    """
    return [
        "-map_metadata", "-1", "-map_chapters", "-1",
        "-c:a", "aac", "-aac_coder", "fast", "-profile:a", "aac_low", "-b:a", recipe.AUDIO_BITRATE,
        "-fflags", "+bitexact", "-flags:a", "+bitexact", "-movflags", "+faststart", "-f", "ipod", f"file:{output}",
    ]  # fmt: skip


_DECODED = ["-c:a", "pcm_f32le", "-f", "wav"]


def _from_parts(order: SoundtrackOrder, parts: Sequence[_Part], ending: str, encoding: Sequence[str]) -> str:
    """Mix all inputs; where that fails, find out which of them is to blame."""
    clocks = [
        option
        for index, part in enumerate(parts)
        for option in ffmpeg.whole_clock(part.file, index, part.stream)
    ]
    try:
        inputs = [part.input for part in parts]
        return _run(inputs, f"{_mixed(order, parts)},{ending}[mix]", encoding, clocks)
    except MediaError:
        for part in parts:
            choice = (*ffmpeg.whole_clock(part.file, 0, part.stream), "-map", f"0:{part.stream}", "-vn")
            try:
                ffmpeg.decode(part.input, *choice, what="decoding", limit_s=LIMIT_S, most_lost=_LENIENT)
            except MediaError as error:
                message = f"{part.name} cannot be decoded, {part.remedy}: {error}"
                raise part.blame(message) from error
        raise


def _evened(part: _Part, file: Path) -> _Part:
    """The same at one rate and in stereo. Silence beside it begins at zero, so that it keeps its distance from there."""
    graph = f"[0:{part.stream}]{_stereo()}[even]"
    output = ["-map", "[even]", "-map", "1:a", *_DECODED[:2], "-f", "nut", f"file:{file}"]
    clock = ffmpeg.whole_clock(part.file, 0, part.stream)
    arguments = [*clock, "-filter_complex", graph, *output]
    inputs = [part.input, ffmpeg.silence(0.1)]
    ffmpeg.run(inputs, arguments, what=part.name, limit_s=LIMIT_S, most_lost=_LENIENT)
    return replace(part, file=file, stream=0, is_even=True)


def _run(
    inputs: Sequence[ffmpeg.Input], graph: str, output: Sequence[str], clocks: Sequence[str] = ()
) -> str:
    arguments = [*clocks, *ffmpeg.VERBOSE, "-filter_complex", graph, "-map", "[mix]", *output]
    return ffmpeg.run(inputs, arguments, what="the sound's mix", limit_s=LIMIT_S, most_lost=_LENIENT)
