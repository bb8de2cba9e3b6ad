"""Which preset and CRF should the recipe use? Time, size and quality of candidates, next to what they have to beat."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import footage, vmaf
from benchmarks.results import SIZE_GOAL
from benchmarks.table import grid
from cliptask import recipe
from cliptask_renderer.media import ffmpeg


@dataclass(frozen=True)
class Candidate:
    """One way to encode a segment. ``options`` are x264's own, colon-separated, on top of the recipe's."""

    preset: str
    crf: float
    options: str = ""


@dataclass(frozen=True)
class Result:
    """What an encoder made of one clip."""

    cpu_s: float
    """User and system, decoding included; the least of the rounds, since a busy machine only adds."""
    size_bytes: int
    vmaf: float
    vmaf_low: float


Encode = Callable[[Path, Path], float]
"""From a source to an MP4; returns the CPU seconds."""

FORESIGHT = "mbtree=1:rc-lookahead=10:weightp=0:aq-mode=2:aq-strength=0.8:bframes=2"
"""What superfast lacks most: ten pictures of foresight, so that bits go where later pictures refer to, and quantizers that adapt to
each picture. Weights, which are for fades, cost time and find nothing in clips."""

PLAIN = "partitions=none:bframes=3:b-adapt=0:mbtree=1:rc-lookahead=7:weightp=0:aq-mode=2:aq-strength=0.7"
"""Besides, three B-frames wherever they fit, macroblocks left whole, seven pictures of foresight. Adaptive quantizers a little weaker
than x264 has them are better by SSIM too, so no flattery of VMAF."""

PLAINEST = f"subme=0:{PLAIN}"
"""And motion in whole pixels."""

CANDIDATES = (
    Candidate("faster", 23), Candidate("veryfast", 21), Candidate("veryfast", 20), Candidate("superfast", 22),
    Candidate("superfast", 20, FORESIGHT), Candidate("superfast", 19.2, PLAIN), Candidate("superfast", 18.8, PLAINEST),
    Candidate("superfast", 19.2, PLAINEST), Candidate("superfast", 19.6, PLAINEST), Candidate("ultrafast", 22),
)  # fmt: skip
CHOSEN_CLIPS = ((0, 0), (1, 1), (1, 0), (0, 1), (0, 2))
"""Block and place: upright and sideways cartoon, upright and sideways camera, a face. A moving still picture follows."""
EVERY = 5
"""VMAF of each fifth picture: prime to the distance of P-frames, at two B-frames and at three."""


def report(out: Path, rounds: int, say: Callable[[str], None], *, quick: bool) -> str:
    """Measure every candidate and the references on every clip, by turns; returns Markdown."""
    size = footage.Size(270, 480, 60) if quick else footage.Size()
    blocks = footage.sources(out / "footage", size)
    chosen = [*(blocks[row][place] for row, place in CHOSEN_CLIPS), footage.still(out / "footage", size)]
    encoders: dict[str, Encode] = {
        "(a) MoviePy's: medium 23 from RGB": lambda source, made: _from_rgb(source, made, size),
        "(b) ffmpeg's: medium 23": _plain,
    }
    for candidate in CANDIDATES:
        name = f"{candidate.preset} {candidate.crf:g} {candidate.options.replace(':', ' ')}".strip()
        encoders[name] = lambda source, made, candidate=candidate: _as_recipe(candidate, source, made, size)  # type: ignore[misc]
    work = out / "presets"
    work.mkdir(exist_ok=True)
    results: dict[str, list[Result]] = {name: [] for name in encoders}
    for source in chosen:
        cpu_s: dict[str, float] = {}
        for number in range(rounds):
            for name, encode in encoders.items():
                took_s = encode(source.file, work / f"{name}.mp4".replace("/", ""))
                cpu_s[name] = min(cpu_s.get(name, took_s), took_s)
            say(f"{source.file.stem}: encoded, round {number + 1}")
        for name in encoders:
            made = work / f"{name}.mp4".replace("/", "")
            quality = vmaf.quality(made, [source.file], footage.FPS, every=EVERY)
            results[name].append(Result(cpu_s[name], made.stat().st_size, quality.mean, quality.low))
            made.unlink()
        say(f"{source.file.stem}: VMAF")
    return _markdown(results, [source.kind for source in chosen], size)


def _markdown(
    results: Mapping[str, Sequence[Result]], kinds: Sequence[footage.Kind], size: footage.Size
) -> str:
    names = list(results)
    base, plain = results[names[0]], results[names[1]]
    passing = [name for name in names[2:] if _passes(results[name], base)]
    cheapest = min(passing, key=lambda name: _sum_cpu(results[name]), default=None)
    header = ("", "CPU s", "/ (a)", "MB", "/ (a)", "VMAF", *dict.fromkeys(kinds), "worst 1 %", "good enough")
    rows = []
    for name, found in results.items():
        verdict = "the bar" if found is base else "" if found is plain else _verdict(found, base, kinds)
        rows.append(
            (
                f"**{name}**" if name == cheapest else name,
                f"{_sum_cpu(found):.1f}", f"{_sum_cpu(found) / _sum_cpu(base):.2f}",
                f"{_sum_size(found) / 1e6:.2f}", f"{_sum_size(found) / _sum_size(base):.2f}",
                f"{_mean(found):.2f}",
                *(f"{_mean(_of(found, kinds, kind)):.2f}" for kind in dict.fromkeys(kinds)),
                f"{statistics.fmean(each.vmaf_low for each in found):.1f}", verdict,
            )
        )  # fmt: skip
    words = (
        f"{len(kinds)} clips of {size.seconds:g} s at {size.width}x{size.height}, {recipe.THREADS} threads, decoding included. "
        f"Good enough: VMAF not below (a)'s at no more than {SIZE_GOAL} of its size, over all clips; *each* means for every kind of footage. "
        f"Bold: the cheapest of these. Now in the recipe: {recipe.PRESET} {recipe.CRF} {recipe.X264_TUNING}."
    )
    return f"{grid(header, rows)}\n\n{words}\n"


def _verdict(found: Sequence[Result], base: Sequence[Result], kinds: Sequence[footage.Kind]) -> str:
    if not _passes(found, base):
        return ""
    each = all(_mean(_of(found, kinds, kind)) >= _mean(_of(base, kinds, kind)) for kind in kinds)
    return "yes, each" if each else "yes"


def _passes(found: Sequence[Result], base: Sequence[Result]) -> bool:
    return _mean(found) >= _mean(base) and _sum_size(found) <= SIZE_GOAL * _sum_size(base)


def _of(found: Sequence[Result], kinds: Sequence[footage.Kind], kind: footage.Kind) -> list[Result]:
    return [each for each, its in zip(found, kinds, strict=True) if its == kind]


def _mean(found: Sequence[Result]) -> float:
    return statistics.fmean(each.vmaf for each in found)


def _sum_cpu(found: Sequence[Result]) -> float:
    return sum(each.cpu_s for each in found)


def _sum_size(found: Sequence[Result]) -> int:
    return sum(each.size_bytes for each in found)


def _from_rgb(source: Path, made: Path, size: footage.Size) -> float:
    """MoviePy's reader and writer with nothing between them."""
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    reader = subprocess.Popen([*_FFMPEG, "-i", source, *raw, "-"], stdout=subprocess.PIPE)
    writer = subprocess.Popen(
        [
            *_FFMPEG, *raw, "-s", f"{size.width}x{size.height}", "-r", f"{footage.FPS}", "-i", "-",
            "-vcodec", "libx264", "-preset", "medium", "-pix_fmt", "yuva420p", made,
        ],
        stdin=reader.stdout,
    )  # fmt: skip
    if reader.stdout is not None:
        reader.stdout.close()  # the writer's alone, so that the reader ends when it does
    return _cpu_s(writer) + _cpu_s(reader)


def _plain(source: Path, made: Path) -> float:
    return _cpu_s(subprocess.Popen([*_FFMPEG, "-i", source, "-an", "-c:v", "libx264", made]))


def _as_recipe(candidate: Candidate, source: Path, made: Path, size: footage.Size) -> float:
    """The product's own options but for preset, CRF and what the candidate adds."""
    encoding = ffmpeg.video_encoding(size.width, size.height, footage.FPS)
    encoding[encoding.index("-preset") + 1] = candidate.preset
    encoding[encoding.index("-crf") + 1] = f"{candidate.crf}"
    encoding[encoding.index("-x264-params") + 1] = ":".join(
        filter(None, (recipe.X264_FORM, candidate.options))
    )
    return _cpu_s(subprocess.Popen([*_FFMPEG, "-i", source, *encoding, "-f", "mp4", made]))


_FFMPEG = [ffmpeg.executable(), "-v", "error", "-nostdin", "-y"]


def _cpu_s(process: subprocess.Popen[bytes]) -> float:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return usage.ru_utime + usage.ru_stime
