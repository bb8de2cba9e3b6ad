"""Does the page of sources say what the program takes and refuses?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cliptask.planning.bindings import RATES
from cliptask_renderer.lettering import own
from cliptask_renderer.media.colours import KNEE, REFERENCE_WHITE_NITS
from cliptask_renderer.media.formats import MOST_LOST, TAKEN
from cliptask_renderer.probe import signature
from cliptask_renderer.probe.limits import ProbeLimits
from cliptask_renderer.probe.look import HD_HEIGHT

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text()
REFUSED = {
    **{each.what: each.remedy for each in reversed(signature.SIGNATURES)},
    **{what: remedy for _, what, remedy in signature.TEXTS},
    **dict(signature.ROOTS.values()),
}


def test_every_format_is_there_and_no_other() -> None:
    """Whoever chooses an export's format would be told wrong."""
    table = PAGE.partition("| file |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE)

    assert rows[:-2] == [(each.called, each.reason) for each in TAKEN]
    assert rows[-2][0] == "PNG, JPEG, WebP, GIF, AVIF, HEIC"
    assert {*rows[-1][0].lower().split(", ")} == {*own.CONTAINERS.values()}


@pytest.mark.parametrize("what", REFUSED)
def test_everything_that_is_refused_by_name_is_there_with_its_remedy(what: str) -> None:
    """The page would be silent about what the program says."""
    rows = [row for row in PAGE.splitlines() if row.startswith("|") and row.endswith(f"| {REFUSED[what]} |")]

    assert any(what in row for row in rows)


def test_limits_are_those_that_hold() -> None:
    """A file that the page allows would be refused."""
    limits = ProbeLimits()
    told = {
        f"{limits.size_bytes >> 30} GiB", f"{limits.picture_bytes >> 20} MiB", f"{limits.duration_s / 60:.0f} minutes",
        f"| {limits.streams} |", "4096x4096", f"{limits.still_pixels / 1e6:.0f} megapixels", f"{limits.side} along an edge",
        f"{limits.frames:,} frames", f"{limits.animation_pixels / 1e6:,.0f} megapixels", f"| {limits.seconds:.0f} s |",
        f"{REFERENCE_WHITE_NITS} nits", f"a height of {HD_HEIGHT}", ", ".join(map(str, RATES[:-1])) + f" and {RATES[-1]}",
    }  # fmt: skip

    assert {each for each in told if each not in " ".join(PAGE.split())} == set()
    assert limits.video_pixels == 4096 * 4096
    assert (KNEE, MOST_LOST) == (0.9, 0.1)
