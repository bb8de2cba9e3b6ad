"""How soon does the preview show what somebody has asked for? An edited title, and any of ten thousand combinations, as Markdown.

``python tests/benchmarks/preview.py`` takes a few minutes: a headless Chromium looks at the page that ``cliptask preview`` serves.
Chromium must be on the PATH.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``support`` and ``benchmarks`` are, which nobody installs

import yaml  # noqa: E402  after the path
from playwright.sync_api import Browser, Page, expect  # noqa: E402  as above

from benchmarks import footage, many  # noqa: E402  as above
from support.browsing import chromium, quiet_page  # noqa: E402  as above
from support.previewing import Previewed, previewing  # noqa: E402  as above
from support.studio import Studio  # noqa: E402  as above

COMBINATIONS = 10_000

_SHOWN = """async (before) => {
  const film = () => document.body.dataset.film;
  while (!film() || film() === before) await new Promise((then) => setTimeout(then, 2));
  await new Promise((then) => document.querySelector("video.shown").requestVideoFrameCallback(then));
}"""
"""Until another film than this one is in front, plays, and a picture of it has been drawn."""

_AWAIT = f"(before) => {{ window.seen = ({_SHOWN})(before).then(() => Date.now() / 1000); }}"

_CLICK = f"""async ([group, place]) => {{
  const groups = document.querySelectorAll("#groups [role=radiogroup]");
  const before = document.body.dataset.film, began = performance.now();
  groups[group].querySelectorAll("[role=radio]")[place].click();
  await ({_SHOWN})(before);
  return (performance.now() - began) / 1000;
}}"""


def edits(browser: Browser, folder: Path, clips: Sequence[Path], rounds: int) -> list[float]:
    """From the saving of another title to its clip of 5 s, 1080x1920, playing; in seconds."""
    hook, product = clips
    task = folder / "cliptask.yaml"
    spec = {
        "videoBlocks": [
            {"name": "hook", "clips": [{"url": hook.as_uri()}]},
            {"name": "product", "clips": [{"url": product.as_uri()}]},
        ],
        "overlays": [{"text": "Spring", "block": "hook"}],
        "output": {"uri": (folder / "videos").as_uri()},
    }
    head = {"apiVersion": "cliptask.dev/v1alpha1", "kind": "ClipTask", "metadata": {"name": "edited"}}
    task.write_text(yaml.safe_dump({**head, "spec": spec}))

    def edit(page: Page, preview: Previewed, number: int) -> float:
        page.evaluate(_AWAIT, page.locator("body").get_attribute("data-film"))
        preview.edit(lambda spec: spec["overlays"][0].update(text=f"Only {number} left"))
        saved = time.time()
        seen: float = page.evaluate("() => window.seen")
        assert page.locator("#draft").is_visible(), (
            "what was seen is no draft: it was not the first to be there"
        )
        return seen - saved

    return _looked_at(browser, folder, task, edit, rounds)


def clicks(browser: Browser, folder: Path, rounds: int) -> list[float]:
    """From a click on another clip to the first picture of that combination, in seconds."""
    task, drawn = many.write_task(folder, COMBINATIONS, sound=True), random.Random(0)  # noqa: S311  not to be secret
    places = [0] * many.BLOCKS

    def click(page: Page, _preview: Previewed, _number: int) -> float:
        group = drawn.randrange(many.BLOCKS)
        places[group] = (places[group] + drawn.randrange(1, many.CLIPS)) % many.CLIPS
        taken: float = page.evaluate(_CLICK, [group, places[group]])
        return taken

    return _looked_at(browser, folder, task, click, rounds)


def _looked_at(
    browser: Browser, folder: Path, task: Path, measure: Callable[[Page, Previewed, int], float], rounds: int
) -> list[float]:
    """Measure so often, always with all parts made and something playing; the first round does not count."""
    taken = []
    with previewing(Studio(folder), task, folder / "out") as preview, quiet_page(browser) as page:
        page.goto(preview.url)
        for number in range(rounds + 1):
            expect(page.locator("#progress")).to_have_text(re.compile("^All .* made$"), timeout=600_000)
            expect(page.locator("#draft")).to_be_hidden()
            expect(page.locator("body")).to_have_attribute("data-film", re.compile("."))
            if page.locator("#play").inner_text() == "Play":
                page.locator("#play").click()
            taken.append(measure(page, preview, number))
    return taken[1:]


def _row(what: str, wanted_s: float, taken: Sequence[float]) -> str:
    middle, most = statistics.median(taken), max(taken)
    return f"| {what} | {len(taken)} | {middle:.3f} s | {most:.3f} s | {wanted_s} s |"


def main() -> None:
    """Parse the command line, measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edits", type=int, default=5, help="how many (default: 5)")
    parser.add_argument("--clicks", type=int, default=30, help="how many (default: 30)")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build" / "preview", help="where footage and parts lie"
    )
    given = parser.parse_args()
    out: Path = given.out.resolve()
    clips = [row[0].file for row in footage.sources(out / "footage", footage.Size())[:2]]
    with TemporaryDirectory(dir=out) as edited, TemporaryDirectory(dir=out) as clicked, chromium() as browser:
        print("| | times | median | most | wanted |\n|---|---:|---:|---:|---:|", flush=True)
        print(_row("edit of a title", 1.5, edits(browser, Path(edited), clips, given.edits)), flush=True)
        print(_row("click on a combination", 0.2, clicks(browser, Path(clicked), given.clicks)))


if __name__ == "__main__":
    main()
