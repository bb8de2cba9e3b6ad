"""How does a variant sound? Music, lines of speech and the clips' own sound become one AAC track of exact length."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from cliptask import recipe
from cliptask.errors import MediaError
from cliptask.orders import SoundtrackOrder
from cliptask_renderer.media import ffmpeg, loudness
from cliptask_renderer.media.formats import MOST_LOST
from cliptask_renderer.media.sound_parts import COUNTED, SoundPart, sound_parts, stereo

LIMIT_S = 600
"""For each run of ffmpeg. Ten minutes of sound take 10 s of CPU; the rest is for slow disks and sources of hours."""

_DUCKING = "sidechaincompress=threshold=0.03:ratio=8:attack=20:release=300"
"""Music gives way from -30 dBFS of speech on, which is below what a voice has and above what a room has."""

_FULL_SCALE = 0.95
"""-0.4 dBFS. Only what would otherwise clip is touched: below it the limiter is transparent to the bit."""

_HEEDED_DB = 0.2
"""What the encoder takes off, of white noise a whole dB, is given back from here on."""

_LENIENT = 2 * MOST_LOST
"""What the probe has let pass must pass here, although another version of the decoders may stumble where its own did not."""

_CHANGED = "Reconfiguring filter graph"
"""What ffmpeg says where a sound's rate or channels change midway: filters begin anew, and count from zero again."""


def mix(
    order: SoundtrackOrder,
    sources: Mapping[str, Path],
    recordings: Mapping[str, Path],
    output: Path,
    work: Path,
    places: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write ``output``: .m4a, AAC-LC, stereo, 48 kHz, one track, exactly ``order.samples`` samples once its edit list is applied.

    ``sources`` has a local file for each SHA-256 in ``order.sources``; ``recordings`` one for each
    key in ``order.speech``. ``work`` is an existing folder of the caller's for temporary files: 23 MB
    a minute where a loudness is asked for, and of each source whose rate or channels change midway, removed before
    returning; ``places`` are what errors call sources and lines. The same arguments give the same bytes.

    Balanced, each of its sources is measured over what is heard of it and brought to one loudness before its volume. What
    is too short for a loudness (0.4 s) and silence keep their level; other mixes come within 0.5 LU of it unless
    that takes more than 30 dB of gain. Without a loudness the level is the sum of its parts, limited only where it
    would clip.

    Raises ``SourceError`` when the music or a clip's sound cannot be decoded, ``MediaError`` when the recording cannot, or when
    anything else fails.
    """
    parts = sound_parts(order, sources, recordings, places)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        decoded = Path(folder, "mix.wav")
        if order.balanced and parts:
            parts, log = _from_parts(parts, _measured, _NOWHERE, Path(folder))
            parts = [
                replace(part, gain_db=loudness.balancing_db(loudness.read(log, number), part.quietest_lufs))
                for number, part in enumerate(parts)
            ]
        if order.loudness is None:
            ending, encoding = f"{_limiter(_FULL_SCALE)},{_exactly(order.samples)}", _encoded(output)
        else:
            ending, encoding = (
                f"{_exactly(order.samples)},{loudness.measure()}",
                [*_DECODED, f"file:{decoded}"],
            )
        _, log = _from_parts(
            parts, lambda parts: f"{_mixed(order, parts)},{ending}[mix]", encoding, Path(folder)
        )
        if order.loudness is None:
            return
        limited = partial(_limited, decoded, order.samples)
        gain_db = loudness.gain_db(loudness.read(log), order.loudness, limited)
        lost_db = _master(decoded, gain_db, order.samples, output)
        if abs(lost_db) > _HEEDED_DB:
            _master(decoded, gain_db + lost_db, order.samples, output)


def _measured(parts: Sequence[SoundPart]) -> str:
    """The filter graph that measures what is heard of each, side by side in one run."""
    chains = [
        f"[{number}:{part.stream}]{part.heard},{loudness.measure(number)}[part{number}]"
        for number, part in enumerate(parts)
    ]
    names = "".join(f"[part{number}]" for number in range(len(parts)))
    return f"{';'.join(chains)};{names}amix=inputs={len(parts)}:duration=longest[mix]"


def _mixed(order: SoundtrackOrder, parts: Sequence[SoundPart]) -> str:
    """The filter graph from all inputs to their sum, open at its end."""
    if not parts:
        return f"anullsrc=r={recipe.SAMPLE_RATE}:cl=stereo,atrim=end_sample={order.samples}"
    chains = [f"[{number}:{part.stream}]{part.filters}[part{number}]" for number, part in enumerate(parts)]
    names = [f"[part{number}]" for number in range(len(parts))]
    voices = [number for number, part in enumerate(parts) if part.is_voice]
    if order.ducking and 0 < len(voices) < len(parts):
        chains += [f"[part{number}]asplit[voice{number}][key{number}]" for number in voices]
        keys = "".join(f"[key{number}]" for number in voices)
        chains += [
            # Padded, or the music would end with the last voice.
            f"{keys}amix=inputs={len(voices)}:duration=longest:normalize=0,apad=whole_len={order.samples}[key]",
            f"[part0][key]{_DUCKING}[music]",
        ]
        names = ["[music]", *(f"[voice{number}]" for number in voices)]
    return f"{';'.join(chains)};{''.join(names)}amix=inputs={len(names)}:duration=longest:normalize=0"


def _exactly(samples: int) -> str:
    return f"{COUNTED},apad=whole_len={samples},atrim=end_sample={samples}"


def _limiter(limit: float) -> str:
    """Of samples. Without ``level=0`` it would raise everything to full scale, without ``latency=1`` delay it."""
    return f"alimiter=limit={limit}:level=0:attack=5:release=50:latency=1"


def _mastered(gain_db: float, samples: int) -> str:
    return f"volume={gain_db:.2f}dB,{_limiter(loudness.CEILING)},{_exactly(samples)}"


def _master(decoded: Path, gain_db: float, samples: int, output: Path) -> float:
    """Encode a decoded mix with this gain and the ceiling; returns how much quieter the encoder makes it, in LU."""
    chain = f"[0:a:0]{_mastered(gain_db, samples)},{loudness.measure()}[mix]"
    given = loudness.read(_run([ffmpeg.media(decoded, "-f", "wav")], chain, _encoded(output)))
    measuring = f"[0:a:0]{loudness.measure()}[mix]"
    heard = loudness.read(_run([ffmpeg.media(output, "-f", "mov")], measuring, _NOWHERE))
    return loudness.lost_db(given, heard)


def _limited(decoded: Path, samples: int, gains_db: Sequence[float]) -> list[float]:
    """How loud a decoded mix becomes with each of these gains and the ceiling, in LUFS: in one run that encodes nothing."""
    inputs = [f"[in{number}]" for number in range(len(gains_db))]
    outputs = ["[mix]", *["anullsink"] * (len(gains_db) - 1)]
    chains = [
        f"{link}{_mastered(gain_db, samples)},{loudness.measure(number)}{',' * (end != '[mix]')}{end}"
        for number, (link, gain_db, end) in enumerate(zip(inputs, gains_db, outputs, strict=True))
    ]
    graph = ";".join([f"[0:a:0]asplit={len(gains_db)}{''.join(inputs)}", *chains])
    log = _run([ffmpeg.media(decoded, "-f", "wav")], graph, _NOWHERE)
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


_NOWHERE = ["-f", "null", "-"]


def _from_parts(
    parts: list[SoundPart], graph: Callable[[Sequence[SoundPart]], str], encoding: Sequence[str], folder: Path
) -> tuple[list[SoundPart], str]:
    """Run a filter graph over all inputs; returns what ffmpeg said, and the inputs as they were taken.

    Where the form of one changes midway, all are taken at one rate and in stereo, from files in ``folder``.
    """
    log = _of_parts(parts, graph(parts), encoding)
    if _CHANGED not in log:
        return parts, log
    even = [_evened(part, Path(folder, f"{number}.nut")) for number, part in enumerate(parts)]
    return even, _of_parts(even, graph(even), encoding)


def _of_parts(parts: Sequence[SoundPart], graph: str, encoding: Sequence[str]) -> str:
    """Where ffmpeg fails, find out which input is to blame."""
    clocks = [
        option
        for index, part in enumerate(parts)
        for option in ffmpeg.whole_clock(part.file, index, part.stream)
    ]
    try:
        inputs = [part.input for part in parts]
        return _run(inputs, graph, encoding, clocks)
    except MediaError:
        for part in parts:
            choice = (*ffmpeg.whole_clock(part.file, 0, part.stream), "-map", f"0:{part.stream}", "-vn")
            try:
                ffmpeg.decode(part.input, *choice, what="decoding", limit_s=LIMIT_S, most_lost=_LENIENT)
            except MediaError as error:
                message = f"{part.name} cannot be decoded, {part.remedy}: {error}"
                raise part.blame(message) from error
        raise


def _evened(part: SoundPart, file: Path) -> SoundPart:
    """The same at one rate and in stereo. Silence beside it begins at zero, so that it keeps its distance from there."""
    graph = f"[0:{part.stream}]{stereo()}[even]"
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
