"""How much may campaigns take? Limits, each held before anything of that kind is spent: of one by its author, of a namespace by its installation."""

from __future__ import annotations

from pydantic import Field

from cliptask.spec.part import Part, amount_from
from cliptask.spec.quantities import Amount


class Budget(Part):
    """The most that the campaign may take as it is written, what is there already included. A task that needs more is refused."""

    variants: int | None = Field(default=None, ge=1, le=100_000_000)
    """Videos. Default: no limit."""
    speech_characters: int | None = Field(default=None, ge=0, le=100_000_000)
    """Characters of lines for ElevenLabs, each line once. Default: no limit."""
    transcribed_seconds: int | None = Field(default=None, ge=0, le=100_000_000)
    """Seconds of the files of clips that are transcribed, each file once. Default: no limit."""
    encode_seconds: int | None = Field(default=None, ge=1, le=100_000_000)
    """Seconds of picture to encode: of all pieces of clips and transitions, each once. Known when lines are spoken, and held before the first is encoded. Default: no limit."""
    bytes: Amount | None = None
    """Size of all videos, 1Mi to 1000Ti, e.g. 20Gi. Estimated, by what is made, until all pieces are there; held before the first is encoded. Default: no limit."""

    _possible_bytes = amount_from("1Mi", "1000Ti", "bytes", ", e.g. 20Gi")
