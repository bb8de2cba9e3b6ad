"""How are the spoken words shown?"""

from __future__ import annotations

from typing import Literal

from cliptask.spec.part import Part


class Captions(Part):
    """The spoken words as text."""

    mode: Literal["none", "sidecar", "soft"] = "none"
    """none; sidecar: a .vtt file, to which the index leads; soft: a caption track in the video that players can show, and the file."""
