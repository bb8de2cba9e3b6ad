"""What lies over the picture? Titles and logos of all videos, blocks of texts of which each video shows one, and what discloses AI."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from cliptask import names
from cliptask.spec.colour import TranslucentColour
from cliptask.spec.part import Part, distinct_names, lasting
from cliptask.spec.position import NumberForm, PassageKind, Position
from cliptask.spec.quantities import Coordinate, Duration, Percentage
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.style import Box, TextStyle
from cliptask.spec.values import AFFIX_PATTERN, Language, Name, SourceUrl, Title


class OverlayImage(Part):
    """A picture that is laid over the video."""

    url: SourceUrl
    """Where the picture is: PNG, JPEG, WebP, GIF, AVIF, HEIC, still or animated, or a video, all with transparency; as for clips. What moves begins when it appears. The sound of a video is not heard."""
    loop: bool = True
    """Whether what moves begins anew until it disappears; if not, its last picture stands."""
    synthetic: bool | None = None
    """Whether AI made it, as for clips; then every video holds something synthetic. Default: no."""


class Counter(Part):
    """A number that runs from one value to another, and stands there."""

    from_: Annotated[float, Field(ge=-1e9, le=1e9, alias="from")] = 0
    """Where it begins."""
    to: Annotated[float, Field(ge=-1e9, le=1e9)]
    """Where it ends."""
    duration: Duration = timedelta(milliseconds=1500)
    """How long it runs, 100ms to 1m; it is cut off where the overlay ends before. Default: 1500ms."""
    decimals: Annotated[int, Field(ge=0, le=4)] = 0
    """Digits after the point."""
    form: NumberForm = "1,234.5"
    """How numbers are written, by an example; whether there are decimals is said by decimals."""
    prefix: Annotated[str, StringConstraints(max_length=20, pattern=AFFIX_PATTERN)] = ""
    """What stands before it, e.g. €."""
    suffix: Annotated[str, StringConstraints(max_length=20, pattern=AFFIX_PATTERN)] = ""
    """What stands after it, e.g. %."""

    _bounded = lasting("100ms", "1m")

    @rule("must differ from from", cel="(has(self.from) ? self.from : 0.0) != self.to", field="to")
    def _runs(self) -> Iterable[Breach]:
        return when(self.from_ == self.to)


class ProgressBar(Part):
    """A bar that fills from left to right while its time goes by: the overlay's, its block's, or the whole video's."""

    height: Percentage | None = None
    """Its height as a share of the picture's, 0.2% to 100%. Default: 1%."""
    color: TranslucentColour = "#ffffff"
    """Of what has gone by."""
    background: TranslucentColour = "#00000080"
    """Of what is to come."""
    radius: Percentage | None = None
    """Of its corners, as a share of its height, up to 50% for round ends. Default: 0%."""

    @rule(
        "must be from 0.2% to 100%",
        cel="!has(self.height) || double(self.height.replace('%', '')) >= 0.2",
        field="height",
    )
    def _visible(self) -> Iterable[Breach]:
        return when(self.height is not None and self.height * 1000 < 2)  # noqa: PLR2004  thousandths

    @rule(
        "must be from 0% to 50%",
        cel="!has(self.radius) || double(self.radius.replace('%', '')) <= 50.0",
        field="radius",
    )
    def _round(self) -> Iterable[Breach]:
        return when(self.radius is not None and self.radius * 2 > 1)


class Passage(Part):
    """How an overlay comes or goes."""

    kind: PassageKind
    """fade; slideUp, slideDown, slideLeft, slideRight: it moves there, fading; pop: it jumps to its size, and goes as it came; typewriter: a text comes word by word."""
    duration: Duration = timedelta(milliseconds=300)
    """How long that takes, 50ms to 3s. Default: 300ms."""

    _bounded = lasting("50ms", "3s")


class Anchoring(Part):
    """A point of the picture, and which point of the overlay lies there."""

    x: Coordinate
    """From the picture's left edge: a share of its width, or pixels of the finished video, e.g. 50% or 120px. Less than 0 is beyond the edge."""
    y: Coordinate
    """From its upper edge, likewise of its height. Write "y" in quotes: to kubectl a bare y is true."""
    anchor: Position = "center"
    """The point of the overlay that lies there: a corner, the middle of a side or its centre. Of what is turned, a point of the upright box around it."""


class Laid(Part):
    """What is common to all that lies over the picture: where, from when to when, and how it comes and goes."""

    position: Position | None = None
    """Where it stands, within what safe leaves. What comes later to the same place, or would cover what is in its row, stands beside it: above at the bottom, below elsewhere. Default: bottom."""
    place: Anchoring | None = None
    """Where exactly it stands, instead of a position: wherever that is, and whatever is there. A text stays within the picture, and is as wide as that leaves; a picture may hang over its edges."""
    safe: bool = True
    """Keep clear of what platforms lay over upright videos, their buttons and captions: on 1080x1920 that leaves 120 to 888 across and 288 to 1248 down. Other shapes, and false, leave a margin of 5 % of the picture's shorter side."""
    width: Percentage | None = None
    """Its width as a share of the picture's, 1% to 100%. Default: 20% for an image; a text may take, and a progress bar takes, all that safe leaves."""
    from_: Duration = Field(default=timedelta(0), alias="from")
    """When it appears, from the start of its block, or of the video if no block is named. Default: 0ms."""
    to: Duration | None = None
    """When it disappears, counted like from. Default: at the end."""
    in_: Passage | None = Field(default=None, alias="in")
    """How it comes. Default: at once."""
    out: Passage | None = None
    """How it goes; for one with an end of its own, to. Default: at once."""
    rotation: Annotated[int, Field(ge=-180, le=180)] = 0
    """Degrees by which it is turned, clockwise."""
    opacity: Percentage | None = None
    """How much of the picture it hides, 1% to 100%. Default: 100%."""
    block: Name | None = None
    """The video block that it belongs to. Default: the whole video."""

    @property
    def stands(self) -> Position | None:
        """Which position it has; None where a place says it."""
        return None if self.place else self.position or "bottom"

    @rule("give position or place, not both", cel="!has(self.position) || !has(self.place)", field="place")
    def _one_place(self) -> Iterable[Breach]:
        return when(self.position is not None and self.place is not None)

    @rule(
        "must be after from",
        cel="!has(self.to) || duration(has(self.from) ? self.from : '0s') < duration(self.to)",
        field="to",
    )
    def _ordered(self) -> Iterable[Breach]:
        return when(self.to is not None and self.to <= self.from_)

    @rule("is for an overlay with an end: give to as well", cel="!has(self.out) || has(self.to)", field="out")
    def _leaves_at_an_end(self) -> Iterable[Breach]:
        return when(self.out is not None and self.to is None)

    @rule(
        "typewriter is how a text comes",
        cel="!has(self.out) || self.out.kind != 'typewriter'",
    )
    def _typed_out(self) -> Iterable[Breach]:
        return when(self.out is not None and self.out.kind == "typewriter")

    @rule(
        "must be from 1% to 100%",
        cel="!has(self.opacity) || double(self.opacity.replace('%', '')) >= 1.0",
        field="opacity",
    )
    def _seen(self) -> Iterable[Breach]:
        return when(self.opacity is not None and self.opacity * 100 < 1)

    @rule(
        "must be from 1% to 100%",
        cel="!has(self.width) || double(self.width.replace('%', '')) >= 1.0",
        field="width",
    )
    def _visible(self) -> Iterable[Breach]:
        return when(self.width is not None and self.width * 100 < 1)


class Overlay(Laid):
    """A text, a picture, a counter or a progress bar over the video."""

    text: Title | None = None
    """A title, of any script; its lines are broken at the overlay's width, and where it has line breaks."""
    style: TextStyle | None = None
    """How the title or the counter looks. Default: large, white, outlined."""
    image: OverlayImage | None = None
    """A logo or another picture."""
    counter: Counter | None = None
    """A number that counts up or down from when it appears, in digits of one width where the font has such."""
    progress: ProgressBar | None = None
    """A bar that shows how much of its time has gone by. Over the whole video it costs sharing: a clip is encoded anew for each time at which it lies in a video, and each length of a video."""

    @rule(
        "give exactly one of text, image, counter and progress",
        cel="[has(self.text), has(self.image), has(self.counter), has(self.progress)].filter(e, e).size() == 1",
    )
    def _one(self) -> Iterable[Breach]:
        given = (self.text, self.image, self.counter, self.progress)
        return when(sum(each is not None for each in given) != 1)

    @rule(
        "is for a text or a counter",
        cel="!has(self.style) || has(self.text) || has(self.counter)",
        field="style",
    )
    def _styled_text(self) -> Iterable[Breach]:
        return when(self.style is not None and self.text is None and self.counter is None)

    @rule(
        "typewriter is how a text comes",
        cel="!has(self.__in__) || self.__in__.kind != 'typewriter' || has(self.text)",
    )
    def _typed_in(self) -> Iterable[Breach]:
        return when(self.in_ is not None and self.in_.kind == "typewriter" and self.text is None)


class Text(Part):
    """One of the texts of a block."""

    text: Title
    """What is written, of any script; its lines are broken at the block's width, and where it has line breaks."""
    name: Name | None = None
    """Its label in the videos' names. Default: from its first words."""
    language: Language | None = None
    """One of spec.languages: it falls to the videos of this language alone. Default: to all."""

    @property
    def label(self) -> str:
        """What it is called, where no other is called the same."""
        return self.name or names.label_of_text(self.text)

    @property
    def title(self) -> str:
        """What people call it, in its own script."""
        return self.name or names.title_of_text(self.text)


class TextBlock(Laid):
    """A place over the picture, and the interchangeable texts that may stand there."""

    name: Name
    """What rules, the index and the gallery call it."""
    texts: tuple[Text, ...] = Field(min_length=1, max_length=100)
    """The texts; each variant shows one."""
    style: TextStyle | None = None
    """How they look. Default: large, white, outlined."""

    _distinct_texts = distinct_names("two texts have the same name", "texts", named=False)

    def overlay(self, text: Text) -> Overlay:
        """What lies over the videos that show this text."""
        laid = {field: getattr(self, field) for field in Laid.model_fields}
        return Overlay.model_construct(**laid, text=text.text, style=self.style)


_LABEL_SIZE: Final = Fraction(35, 1000)
_LABEL_STYLE: Final = TextStyle(weight=600, box=Box(color="#00000099"))


class Translation(Part):
    """A label's text in another language."""

    language: Language
    """Of the videos that show it, as a BCP 47 tag: one of spec.languages, where there are any; else of what is said in them, and de is for de-AT, too."""
    text: Title
    """What they show."""


class DisclosureLabel(Laid):
    """A text over every video that holds something synthetic, and over no other."""

    text: Title
    """What is written, e.g. AI-generated voice."""
    translations: tuple[Translation, ...] = Field(default=(), max_length=20)
    """The same for videos in other languages. Default: all show the text."""
    position: Position | None = None
    """Where it stands, within what safe leaves, beside the overlays in that place. Default: topLeft."""
    style: TextStyle | None = None
    """How it looks, 3.5% in size where none is given. Default: white on a translucent black plate."""

    @rule(
        "has a language twice",
        cel="!has(self.translations) || self.translations.all(a, self.translations.exists_one(b, a.language == b.language))",
        field="translations",
    )
    def _distinct_languages(self) -> Iterable[Breach]:
        tags = [each.language for each in self.translations]
        for index, tag in enumerate(tags):
            if tag in tags[:index]:
                yield Breach((index, "language"), f"{tag}: keep one")

    @property
    def letters(self) -> TextStyle:
        """Its style with all that the task leaves open."""
        style = self.style or _LABEL_STYLE
        return style if style.size is not None else style.model_copy(update={"size": _LABEL_SIZE})

    def text_in(self, language: str | None) -> str:
        """What videos of a language show: their own translation, else that of the language at large, else the text."""
        texts = {each.language.lower(): each.text for each in self.translations}
        tag = (language or "").lower()
        while tag:
            if tag in texts:
                return texts[tag]
            tag = tag.rpartition("-")[0]
        return self.text

    def overlay(self, text: str) -> Overlay:
        """What lies over the videos that show this text."""
        laid = {field: getattr(self, field) for field in Laid.model_fields}
        if self.place is None:
            laid["position"] = self.position or "topLeft"
        return Overlay.model_construct(**laid, text=text, style=self.letters)
