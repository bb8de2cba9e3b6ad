"""What is said in a video, by whom, and when does it begin?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import StringConstraints

from cliptask import names
from cliptask.spec.part import Part
from cliptask.spec.quantities import Duration
from cliptask.spec.values import TEXT_PATTERN, Language, Name, SpokenText


class Utterance(Part):
    """One text with a voice."""

    voice: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=TEXT_PATTERN)]
    """The voice's name or id at ElevenLabs, or espeak-ng for the local synthesizer, where that is installed."""
    text: SpokenText
    """What is said. Directions for the voice, `[whispers]` and SSML's tags such as `<break time="1s"/>`, are sent to ElevenLabs as they are and show in no caption and no name; espeak-ng gets the words alone."""
    language: Language = "en"
    """The text's language as a BCP 47 tag. ElevenLabs is told the language, espeak-ng speaks the nearest variety; the video's sound and captions carry it."""

    @property
    def label(self) -> str:
        """What it is called, where no other is called the same."""
        return names.label_of_text(self.text)


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
        return self.name or names.label_of_text(self.text)

    @property
    def title(self) -> str:
        """What people call it, in its own script."""
        return self.name or names.title_of_text(self.text)
