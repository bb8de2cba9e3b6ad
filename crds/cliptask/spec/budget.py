"""How much may a campaign take? Limits that its author sets, each held before anything of that kind is spent."""

from __future__ import annotations

from pydantic import Field

from cliptask.spec.part import Part


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
