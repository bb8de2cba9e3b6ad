"""How fast, how good and how large, next to what ClipTask replaces? ``make bench``.

``bench.py`` measures three recipes side by side and writes ``results.md`` and ``results.json``; ``bench.py presets``
writes ``presets.md``, the table from which the recipe's preset and CRF are chosen.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))  # where ``benchmarks`` is, which nobody installs

from benchmarks import presets, run, table  # noqa: E402  after the path
from benchmarks.results import as_json  # noqa: E402  as above


def main() -> None:
    """Parse the command line, measure, write and print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["campaigns", "presets"], default="campaigns")
    parser.add_argument(
        "--quick", action="store_true", help="small pictures and few variants: shows that it runs"
    )
    parser.add_argument("--rounds", type=int, default=2, help="how often everything is measured (default: 2)")
    parser.add_argument(
        "--width",
        type=int,
        help="videos that (a) and (b) make side by side (default: what a trial finds fastest)",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="where everything goes")
    given = parser.parse_args()
    out: Path = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if given.what == "presets":
        report = presets.report(out, given.rounds, _say, quick=given.quick)
        (out / "presets.md").write_text(report)
    else:
        results = run.bench(out, given.rounds, _say, quick=given.quick, width=given.width)
        report = table.markdown(results)
        (out / "results.md").write_text(report)
        (out / "results.json").write_text(as_json(results))
    print(report)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
