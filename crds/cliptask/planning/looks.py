"""How does what lies over the picture look, and what stands beside what? From the task's words to orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from fractions import Fraction

from cliptask.emoji import FONT, has_emoji
from cliptask.layers import CaptionLook, Free, Passage, Style
from cliptask.orders import Profile
from cliptask.spec.captions import Captions
from cliptask.spec.fonts import COLOUR_EMOJI, EMOJI_FONTS
from cliptask.spec.overlays import Overlay
from cliptask.spec.overlays import Passage as SpecPassage
from cliptask.spec.position import Position
from cliptask.spec.quantities import frames_of
from cliptask.spec.style import TextStyle

_CAPTION_SIZE, _ONE_WORD_SIZE = 0.07, 0.12
_ACCENT, _PLATE = "#ffd500", "#e5007d"
_WORDS, _LINES = 4, 2


def style_of(style: TextStyle | None, font: Callable[[str], str], text: str = "") -> Style:
    """The style of a text with all that the task leaves open; ``font`` tells what orders call a font, see ``Bindings.font``."""
    coloured = coloured_emoji(style) if has_emoji(text) else None
    if style is None:
        return Style(emoji=coloured)
    plain = Style(outline=0.0) if style.box else Style()
    outline, shadow, box = style.outline, style.shadow, style.box
    return Style(
        font=font(style.font),
        emoji=font(style.emoji) if style.emoji and style.emoji not in EMOJI_FONTS else coloured,
        weight=style.weight,
        size=_share(style.size, plain.size),
        color=style.color,
        outline=_share(outline.width, 0.08) if outline else plain.outline,
        outline_color=outline.color if outline else plain.outline_color,
        shadow=_share(shadow.distance, 0.08) if shadow else plain.shadow,
        shadow_color=shadow.color if shadow else plain.shadow_color,
        box_color=box.color if box else None,
        box_padding=_share(box.padding, plain.box_padding) if box else plain.box_padding,
        box_radius=_share(box.radius, plain.box_radius) if box else plain.box_radius,
        align=style.align,
        line_height=style.line_height,
        letter_case=style.letter_case,
    )


def coloured_emoji(style: TextStyle | None) -> str | None:
    """The program's font of emoji, where it draws those of texts in this style."""
    return FONT if style is None or style.emoji in {None, COLOUR_EMOJI} else None


def passage(given: SpecPassage | None, fps: int) -> Passage | None:
    """How an overlay comes or goes, in frames."""
    if given is None:
        return None
    return Passage(kind=given.kind, frames=max(frames_of(given.duration, fps), 1))


def caption_look(captions: Captions, font: Callable[[str], str], free: Free | None = None) -> CaptionLook:
    """How burned captions look, with all that the task leaves open; ``font`` as for ``style_of``, ``free`` as of a layer."""
    kind = captions.style or "highlightWord"
    letters = style_of(captions.letters, font)
    if captions.letters is None or captions.letters.size is None:
        letters = letters.model_copy(update={"size": _ONE_WORD_SIZE if kind == "oneWord" else _CAPTION_SIZE})
    accent = _PLATE if kind == "highlightBox" else _ACCENT
    return CaptionLook(
        kind=kind,
        letters=letters,
        accent=captions.accent or accent,
        words=captions.words or (1 if kind == "oneWord" else _WORDS),
        lines=captions.lines or _LINES,
        position=captions.position or "bottom",
        free=free,
    )


def clearance(overlay: Overlay, captions: Captions, profile: Profile) -> float:
    """How much of the picture's height burned captions take from an overlay's place."""
    if captions.mode != "burned" or overlay.stands is None:
        return 0.0
    look = caption_look(captions, str)
    if not _share_a_place(overlay.stands, look.position):
        return 0.0
    em = look.letters.size * min(profile.width, profile.height) / profile.height
    return round(em * look.height, 4)


def neighbours(overlays: Sequence[Overlay]) -> list[tuple[int, ...]]:
    """For each overlay those that are in its place, or would be covered by it, before it, nearest to the edge first, by their numbers.

    What lies over the whole video comes before what lies over a block, so that it never moves; else the task's order
    counts. Those whose times never meet have the same place.
    """
    order = sorted(range(len(overlays)), key=lambda index: (overlays[index].block is not None, index))
    return [
        tuple(each for each in order[: order.index(index)] if _meet(overlays[each], overlays[index]))
        for index in range(len(overlays))
    ]


def _meet(one: Overlay, other: Overlay) -> bool:
    """Whether both may be seen in one place at one time; where a block lies in a video, each video tells."""
    if one.stands is None or other.stands is None or one.safe != other.safe:
        return False
    if not _share_a_place(one.stands, other.stands):
        return False
    if one.block != other.block:
        return one.block is None or other.block is None
    ends = [each.to if each.to is not None else timedelta.max for each in (one, other)]
    return one.from_ < ends[1] and other.from_ < ends[0]


def _share_a_place(one: Position, other: Position) -> bool:
    """Whether two may cover each other: in one row, unless one stands at its left end and the other at its right."""
    rows, columns = zip(*(_place(each) for each in (one, other)), strict=True)
    return rows[0] == rows[1] and (columns[0] == columns[1] or "" in columns)


def _place(position: Position) -> tuple[str, str]:
    """Row and column; empty for those in the middle."""
    lower = position.lower()
    row = next((each for each in ("top", "bottom") if lower.startswith(each)), "")
    return row, next((each for each in ("left", "right") if lower.endswith(each)), "")


def _share(given: Fraction | None, default: float) -> float:
    return default if given is None else float(given)
