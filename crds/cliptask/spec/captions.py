"""How are the spoken words shown?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from cliptask.spec.colour import TranslucentColour
from cliptask.spec.part import Part
from cliptask.spec.position import CaptionStyle, Position
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.style import TextStyle
from cliptask.spec.values import Language, SourceUrl


class ClipVoice(NamedTuple):
    """What is to be written down of a clip's file: one transcript, however many clips show a part of it."""

    url: str
    language: str


class ClipCaptions(Part):
    """What is said in a clip itself, as text: of a caption file, or of the clip's own voice."""

    url: SourceUrl | None = None
    """Where the caption file is, SubRip (.srt) or WebVTT, in UTF-8; as for clips, in local mode also its path. Its times are the clip's file's own, before any trim and speed."""
    transcribe: bool = False
    """Whether ElevenLabs' speech to text writes down what is said in the clip, instead of a file. It is paid for by the second: all of the clip's file once, whatever parts of it are shown; refused where nothing is heard. Default: false."""
    language: Language = "en"
    """The language as a BCP 47 tag, in which a transcript is written, too; the video's sound and captions carry it."""

    @rule(
        "needs either url, a caption file, or transcribe: true",
        cel="has(self.url) != (has(self.transcribe) && self.transcribe)",
    )
    def _file_or_voice(self) -> Iterable[Breach]:
        return when((self.url is not None) == self.transcribe)


class Captions(Part):
    """The spoken words as text."""

    mode: Literal["none", "sidecar", "soft", "burned"] = "none"
    """none; sidecar: a .vtt file, to which the index leads; soft: a caption track in the video that players can show, and the file; burned: a part of the picture, word by word as they are said, and the file."""
    style: CaptionStyle | None = None
    """Of burned ones. plain; highlightWord: the word that is said is coloured; highlightBox: a plate lies behind it; karaoke: words stay coloured once they are said; pop: words jump in together; oneWord: one large word at a time jumps in. Default: highlightWord."""
    words: Annotated[int, Field(ge=1, le=12)] | None = None
    """Of burned ones: how many stand together at most. Default: 4; 1 for oneWord."""
    lines: Annotated[int, Field(ge=1, le=4)] | None = None
    """Of burned ones: in how many lines at most; what needs more is written smaller. Default: 2."""
    position: Position | None = None
    """Of burned ones: where they stand, clear of the platforms' buttons as overlays are; an overlay in that place stands beside them. Default: bottom."""
    accent: TranslucentColour | None = None
    """Of burned ones: the colour of the word that is said, or of the plate behind it. Default: #ffd500; of the plate #e5007d."""
    letters: TextStyle | None = None
    """Of burned ones: how the letters look. Default: as titles, at a size of 7%, 12% for oneWord."""

    @rule(
        "style, words, lines, position, accent and letters are for burned captions",
        cel="self.mode == 'burned' || !has(self.style) && !has(self.words) && !has(self.lines) && !has(self.position) && !has(self.accent) && !has(self.letters)",
    )
    def _of_burned(self) -> Iterable[Breach]:
        given = (self.style, self.words, self.lines, self.position, self.accent, self.letters)
        return when(self.mode != "burned" and any(each is not None for each in given))

    @rule("oneWord shows one word at a time", cel="!has(self.words) || !has(self.style) || self.style != 'oneWord' || self.words == 1", field="words")  # fmt: skip
    def _one_word(self) -> Iterable[Breach]:
        return when(self.style == "oneWord" and self.words not in {None, 1})
