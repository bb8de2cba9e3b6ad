from __future__ import annotations

import subprocess
import sys

ASKED = "import cliptask_renderer.memory as m; print(m.peak_bytes())"
PARENT = """
import subprocess, sys
taken = b"x" * 600_000_000
subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
"""


def test_what_started_it_is_not_counted() -> None:
    """A Job would be given the memory of whoever ran its like before."""
    said = subprocess.run(
        [sys.executable, "-c", PARENT, ASKED], capture_output=True, text=True, check=True, timeout=120
    )

    assert 5_000_000 < int(said.stdout) < 300_000_000


def test_what_it_ran_is_counted() -> None:
    """A Job takes what ffmpeg takes."""
    ran = f"import subprocess, sys; subprocess.run([sys.executable, '-c', 'b\"x\" * 400_000_000'], check=True); {ASKED}"

    said = subprocess.run(
        [sys.executable, "-c", ran], capture_output=True, text=True, check=True, timeout=120
    )

    assert int(said.stdout) > 400_000_000
