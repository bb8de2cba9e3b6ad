"""How soon does a browser show a video over a slow line? ClipTask's files beside ffmpeg's with the same packets, as Markdown.

``python tests/benchmarks/streaming.py`` takes about half an hour: videos of 15 and 60 s at 1080x1920, lines of 1, 3 and 10 Mbit/s,
every answer 100 ms late, each in several rounds by turns. Chromium must be on the PATH.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``benchmarks`` is, which nobody installs

import yaml  # noqa: E402  after the path
from playwright.sync_api import Browser, sync_playwright  # noqa: E402  as above

from benchmarks import footage  # noqa: E402  as above
from benchmarks.slow_line import SlowLine  # noqa: E402  as above
from cliptask_renderer.media.ffmpeg import executable  # noqa: E402  as above
from support.browsing import CHROMIUM  # noqa: E402  as above

CLIPS = {"15 s": 3, "60 s": 12}
"""Of 5 s in a video."""
LINES = (1, 3, 10)
"""Mbit/s."""
LATENCY_S = 0.1
PLAYED_S = 5
SEEKS = {"middle": 0.5, "end": 0.95}

_WATCH = """async ([source, played, seeks]) => {
  const video = document.querySelector('video'), found = {};
  const now = () => performance.now() / 1000;
  const picture = () => new Promise(done => video.requestVideoFrameCallback((_, shown) => done(shown.mediaTime)));
  const reached = async time => {
    while (video.currentTime < time && !video.ended) await new Promise(done => setTimeout(done, 20));
  };
  let began = now();
  const plays = new Promise(done => video.addEventListener('playing', done, {once: true}));
  const first = picture();
  video.preload = 'auto';
  video.src = source;
  video.play();
  await first;
  found.picture = now() - began;
  [found.sent, found.requests] = await window.carried();
  await plays;
  found.stops = 0;
  video.addEventListener('waiting', () => found.stops++);
  await reached(played);
  found.played = now() - began;
  const stops = found.stops;
  for (const [name, part] of Object.entries(seeks)) {
    const time = part * video.duration;
    began = now();
    video.currentTime = time;
    while (await picture() < time - 0.05);
    found[name] = now() - began;
    await reached(time + 0.5);
    found[name + ' plays'] = now() - began;
  }
  found.stops = stops;
  return found;
}"""
"""Seconds; a seek ``plays`` when half a second behind its goal has been played."""


def videos(folder: Path) -> Iterator[tuple[str, dict[str, Path]]]:
    """Each length with ClipTask's video, soundtrack of 160 kbit/s and soft captions, and ffmpeg's of its packets, interleaved."""
    size = footage.Size()
    clips = [source.file for row in footage.sources(folder / "footage", size) for source in row]
    track = footage.tracks(folder / "footage")[0]
    for length, count in CLIPS.items():
        name = f"streamed-{length.split()[0]}"
        spec = {
            "videoBlocks": [
                {"name": f"block{place}", "clips": [{"url": clip.as_uri()}]}
                for place, clip in enumerate(clips[:count])
            ],
            "audioBlocks": [{"name": "music", "tracks": [{"url": track.as_uri()}]}],
            "sound": {"clipVolume": 1.0},
            "speech": [{"voice": "espeak-ng", "text": footage.LINES[0]}],
            "captions": {"mode": "soft"},
            "output": {"uri": (folder / "out").as_uri()},
        }
        task = folder / f"{name}.yaml"
        head = {"apiVersion": "cliptask.dev/v1alpha1", "kind": "ClipTask", "metadata": {"name": name}}
        task.write_text(yaml.safe_dump({**head, "spec": spec}))
        subprocess.run(
            [Path(sys.executable).with_name("cliptask"), "render", task], check=True, stdout=sys.stderr
        )
        (ours,) = (folder / "out" / name).glob("*.mp4")
        theirs = folder / f"{name}-ffmpeg.mp4"
        copy = ["-map", "0:v", "-map", "0:a", "-c", "copy", "-movflags", "+faststart"]
        subprocess.run([executable(), "-v", "error", "-y", "-i", ours, *copy, theirs], check=True)
        here = folder / f"{name}-cliptask.mp4"
        shutil.copy(ours, here)
        yield length, {"ClipTask": here, "ffmpeg": theirs}


def watch(browser: Browser, file: Path, mbit_per_s: float) -> Mapping[str, float]:
    """What a browser that has nothing of the file sees of it."""
    with SlowLine(file.parent, mbit_per_s * 1e6, LATENCY_S) as line, browser.new_context() as context:
        page = context.new_page()
        page.goto(line.url)
        page.expose_function("carried", lambda: [line.sent_bytes, line.requests])
        found: Any = page.evaluate(_WATCH, [file.name, PLAYED_S, SEEKS])
        return {name: float(value) for name, value in found.items()}


def main() -> None:
    """Parse the command line, measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (default: 3)")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build" / "streaming", help="where everything goes"
    )
    given = parser.parse_args()
    folder: Path = given.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    cases = [
        (length, line, program, file)
        for length, files in list(videos(folder))
        for line in LINES
        for program, file in files.items()
    ]
    seen: dict[tuple[str, int, str], list[Mapping[str, float]]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
        )
        for number in range(given.rounds):
            for length, line, program, file in cases:
                found = watch(browser, file, line)
                seen.setdefault((length, line, program), []).append(found)
                print(f"round {number + 1}, {length}, {line} Mbit/s, {program}: {found}", file=sys.stderr)
        browser.close()
    print(
        f"| video | line | by | first picture | kB, requests until then | {PLAYED_S} s played after, stops "
        "| middle: picture, playing | end: picture, playing |\n|---|---|---|---:|---:|---:|---:|---:|"
    )
    for (length, line, program), rounds in seen.items():
        of = {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}
        cells = [
            length, f"{line} Mbit/s", program, f"{of['picture']:.1f} s", f"{of['sent'] / 1000:,.0f}, {of['requests']:.0f}",
            f"{of['played']:.1f} s, {of['stops']:.0f}",
            *(f"{of[name]:.1f} s, {of[f'{name} plays']:.1f} s" for name in SEEKS),
        ]  # fmt: skip
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
