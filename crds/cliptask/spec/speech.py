"""What is said in a video, by whom, and when does it begin?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from cliptask import names
from cliptask.emphasis import read
from cliptask.spec.part import Part
from cliptask.spec.quantities import Duration
from cliptask.spec.values import TEXT_PATTERN, Language, Name, SpokenText

ROBOT = "espeak-ng"
"""The voice that costs nothing."""


def _paired(text: str) -> str:
    read(text)
    return text


class Utterance(Part):
    """One text with a voice."""

    voice: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=TEXT_PATTERN)]
    """The voice's name or id at ElevenLabs, or espeak-ng for the local synthesizer, where that is installed. Every video in which it is heard holds something synthetic."""
    text: Annotated[SpokenText, AfterValidator(_paired)]
    """What is said. Directions for the voice, `[whispers]` and SSML such as `<break time="1s"/>`, go to ElevenLabs as they are and show nowhere; espeak-ng gets the words alone. `*Words*` are stressed in burned captions; an asterisk that is read has a backslash before it."""
    language: Language = "en"
    """The text's language as a BCP 47 tag. ElevenLabs is told the language, espeak-ng speaks the nearest variety; the video's sound and captions carry it."""

    @property
    def said(self) -> str:
        """The text as the voice gets it: without asterisks that stress words."""
        return read(self.text).text

    @property
    def label(self) -> str:
        """What it is called, where no other is called the same."""
        return names.label_of_text(self.said)


class OwnLine(Utterance):
    """A line that belongs to a clip or a block."""

    offset: Duration = timedelta(0)
    """When it begins, from the clip's first frame."""


class LinePlace(Part):
    """Where in a video a line begins."""

    block: Name
    """The block over which it is said."""
    offset: Duration = timedelta(0)
    """When it begins, from the first frame of the block's clip."""


class Line(Utterance):
    """One text with a voice that variants choose."""

    name: Name | None = None
    """Its label in the videos' names. Default: from its first words."""
    at: LinePlace | None = None
    """Where it begins. Default: with the video."""

    @property
    def label(self) -> str:
        """What it is called, where no other is called the same."""
        return self.name or names.label_of_text(self.said)

    @property
    def title(self) -> str:
        """What people call it, in its own script."""
        return self.name or names.title_of_text(self.said)
