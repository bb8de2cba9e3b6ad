"""What lies over the picture?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from pydantic import Field

from cliptask.spec.part import Part
from cliptask.spec.position import Position
from cliptask.spec.quantities import Duration, Percentage
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.style import TextStyle
from cliptask.spec.values import Name, SourceUrl, Title


class OverlayImage(Part):
    """A picture that is laid over the video."""

    url: SourceUrl
    """Where the picture is (PNG with transparency, JPEG, WebP, AVIF, HEIC; none that moves); as for clips."""


class Overlay(Part):
    """A text or a picture over the video."""

    text: Title | None = None
    """A title, of any script; its lines are broken at the overlay's width, and where it has line breaks."""
    style: TextStyle | None = None
    """How the title looks. Default: large, white, outlined."""
    image: OverlayImage | None = None
    """A logo or another picture."""
    position: Position = "bottom"
    """Where it stands, within what safe leaves. What comes later to the same place, while it is taken, stands beside it: above at the bottom, below elsewhere."""
    safe: bool = True
    """Keep clear of what platforms lay over upright videos, their buttons and captions: on 1080x1920 that leaves 120 to 888 across and 288 to 1248 down. Other shapes, and false, leave a margin of 5 % of the picture's shorter side."""
    width: Percentage | None = None
    """Its width as a share of the picture's, 1% to 100%. Default: 20% for an image; a text may take all that safe leaves."""
    from_: Duration = Field(default=timedelta(0), alias="from")
    """When it appears, from the start of its block, or of the video if no block is named. Default: 0ms."""
    to: Duration | None = None
    """When it disappears, counted like from. Default: at the end."""
    block: Name | None = None
    """The video block that it belongs to. Default: the whole video."""

    @rule("give exactly one of text and image", cel="has(self.text) != has(self.image)")
    def _one(self) -> Iterable[Breach]:
        return when((self.text is None) == (self.image is None))

    @rule("is for a text", cel="!has(self.style) || has(self.text)", field="style")
    def _styled_text(self) -> Iterable[Breach]:
        return when(self.style is not None and self.text is None)

    @rule(
        "must be after from",
        cel="!has(self.to) || duration(has(self.from) ? self.from : '0s') < duration(self.to)",
        field="to",
    )
    def _ordered(self) -> Iterable[Breach]:
        return when(self.to is not None and self.to <= self.from_)

    @rule(
        "must be from 1% to 100%",
        cel="!has(self.width) || double(self.width.replace('%', '')) >= 1.0",
        field="width",
    )
    def _visible(self) -> Iterable[Breach]:
        return when(self.width is not None and self.width * 100 < 1)
