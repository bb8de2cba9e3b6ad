"""What lies over the picture, and how do its letters look? Orders that segments are made with."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from cliptask.counting import Count
from cliptask.facts import Look
from cliptask.order import LATER, Order
from cliptask.spec.position import Align, CaptionStyle, LetterCase, PassageKind, Position

SHA256_DIGITS = 64
TALL_LINE_HEIGHT = 1.45
"""In em: of scripts whose letters are taller than Latin ones."""

Free: TypeAlias = tuple[float, float, float, float]
"""Of a picture, what platforms leave free: the left, upper, right and lower edge, as shares of its width and height."""

_CLEAR = 0.5
"""In em: between captions and what stands beside them."""


class Style(Order):
    """How a text looks. Shares are of the em, the height of its letters, unless they say otherwise."""

    font: str = "Montserrat"
    """A family that comes with the program, or the SHA-256 of a font's source."""
    emoji: str | None = None
    """What draws emoji: ``emoji.FONT``, or a font by the SHA-256 of its source. None: there are none, or they have the letters' colour."""
    weight: int = 800
    size: float = 0.1
    """The em, as a share of the picture's shorter side."""
    color: str = "#ffffff"
    """As all colours here: ``#rrggbb`` or ``#rrggbbaa``."""
    outline: float = 0.08
    """Its width, beyond the letters' edge."""
    outline_color: str = "#000000"
    shadow: float = 0.0
    """How far down it falls; it is blurred by as much."""
    shadow_color: str = "#000000b3"
    box_color: str | None = None
    """None where nothing lies behind the letters."""
    box_padding: float = 0.35
    box_radius: float = 0.25
    align: Align = "center"
    line_height: float | None = None
    """In em; None for what the text's scripts need."""
    letter_case: LetterCase = "asWritten"

    @property
    def sources(self) -> tuple[str, ...]:
        """SHA-256 of each font that is no part of the program."""
        return tuple(each for each in (self.font, self.emoji) if each and len(each) == SHA256_DIGITS)


class VideoPicture(Order):
    """A video, as what a layer shows."""

    look: Look
    width: int
    """In pixels as displayed."""
    height: int
    frames: int
    """From its begin to its end, at the profile's rate."""


class Bar(Order):
    """A bar that fills while its time goes by. Colours as in ``Style``."""

    height: float
    """Share of the picture's height."""
    color: str
    """Of what has gone by."""
    background: str
    """Of what is to come."""
    radius: float
    """Of its corners, as a share of its height: 0.5 for round ends."""


class Layer(Order):
    """A text, a picture, a counter or a bar, and where it stands."""

    text: str | None = None
    style: Style | None = None
    """Of a text or a counter."""
    count: Annotated[Count | None, LATER] = None
    bar: Annotated[Bar | None, LATER] = None
    image: str | None = None
    """SHA-256 of the picture's source."""
    is_animated: bool = False
    """Whether the picture moves."""
    video: Annotated[VideoPicture | None, LATER] = None
    """What there is to know of one that is a video."""
    is_held: Annotated[bool, LATER] = False
    """Whether the last picture of what moves stands when all were shown, which else begins anew."""
    position: Position
    at: Annotated[tuple[float, float] | None, LATER] = None
    """Where that point of it lies which ``position`` names: from the picture's left and upper edge, as shares of width and
    height. None: it stands there within the picture."""
    is_safe: bool = True
    """Whether it keeps clear of what platforms lay over a video."""
    free: Annotated[Free | None, LATER] = None
    """What they leave, where the task names others than the usual ones."""
    width: float
    """Share of the picture's width: of an image the width itself, of a text the most it may take."""
    rotation: float = 0.0
    """Degrees, clockwise."""
    opacity: float = 1.0

    @property
    def sources(self) -> tuple[str, ...]:
        """SHA-256 of its picture, or of each font that is no part of the program."""
        if self.image is not None:
            return (self.image,)
        return self.style.sources if self.style else ()

    @property
    def is_written(self) -> bool:
        """Whether it is a text or a counter, which stay within the picture."""
        return self.image is None and self.bar is None


class Passage(Order):
    """How a layer comes or goes, in so many frames."""

    kind: PassageKind
    frames: int


class OverlayOrder(Layer):
    """A layer over the frames [start_frame, end_frame) of a cut."""

    start_frame: int
    end_frame: int
    beside: tuple[Layer, ...] = ()
    """Those that stand in its place already: it lies farther from the edge by their heights."""
    clear: float = 0.0
    """Farther from the edge by this share of the picture's height, too: captions stand there."""
    enter: Passage | None = None
    """How it comes; None where it has come before the cut."""
    leave: Passage | None = None
    """How it goes; None where it goes after the cut."""
    before: int = 0
    """While it comes: how many of its frames are before the cut."""
    after: int = 0
    """While it goes: how many are after it."""
    age: int = 0
    """Of what moves by itself: how many of its frames are before the cut."""
    lasts: Annotated[int | None, LATER] = None
    """Of a bar: in how many frames it fills, wherever these are."""

    @property
    def changes(self) -> bool:
        """Whether it looks otherwise from frame to frame."""
        return self.moves or self.enter is not None or self.leave is not None

    @property
    def moves(self) -> bool:
        """Whether what it shows changes, however it comes and goes."""
        counts = self.count is not None and self.age < self.count.frames - 1
        return self.is_animated or counts or self.bar is not None


class CaptionLook(Order):
    """How spoken words stand on the picture."""

    kind: CaptionStyle
    letters: Style
    accent: str
    """Colour of the word that is said, or of the plate behind it."""
    words: int
    """At most so many at a time."""
    lines: int
    """At most."""
    position: Position
    is_safe: bool = True
    free: Annotated[Free | None, LATER] = None
    """As of a layer."""

    @property
    def height(self) -> float:
        """What they may take of the picture, in em: all their lines, of any script, and what keeps them clear."""
        return self.lines * (self.letters.line_height or TALL_LINE_HEIGHT) + _CLEAR


class SpokenAt(Order):
    """Words that are heard, and read: those of a recording, or of a clip's own captions."""

    words: str
    """Name in the cache of the JSON that has them."""
    language: str
    frame: int
    """At which recording or clip's file begins; less than 0 where that was before."""
    speed: float = 1.0
    """How much faster than it was spoken it is played."""
    start_ms: int = 0
    """As it is played; what was said before is not shown."""
    end_ms: int
    """From there; nothing of it is shown any more."""
    from_ms: Annotated[int | None, LATER] = None
    """Nothing is seen before: somebody else spoke until then. None: seen as soon as it is said."""
    until_ms: Annotated[int | None, LATER] = None
    """Nothing is seen from then on, likewise."""

    emoji: Annotated[str | None, LATER] = None
    """What draws their emoji in place of what the look names, see ``Style.emoji``."""
    stressed: Annotated[tuple[tuple[int, int], ...] | None, LATER] = None
    """The letters of words that are stressed, as runs of their numbers among all that are heard."""

    def frames(self, fps: int) -> range:
        """Those in which any of it may be seen."""
        first = self.start_ms if self.from_ms is None else self.from_ms
        last = self.end_ms if self.until_ms is None else self.until_ms
        return range(self.frame + frame_at(first, fps), self.frame + frame_at(last, fps))


def frame_at(ms: int, fps: int) -> int:
    """The frame nearest to a time."""
    return (ms * fps + 500) // 1000


class BurnedCaptions(Order):
    """Spoken words that are part of the picture."""

    look: CaptionLook
    spoken: tuple[SpokenAt, ...]
    copies: Annotated[Literal[True] | None, LATER] = None
    """Of a segment: groups of pictures over which no word stands are those of the same segment without captions."""
    is_held: Annotated[bool, LATER] = False
    """Whether words that would need more lines than the look allows are written smaller."""

    @property
    def words(self) -> tuple[str, ...]:
        """Where they all are in the cache, each once."""
        return tuple(dict.fromkeys(each.words for each in self.spoken))
