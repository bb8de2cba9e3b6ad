"""How does a text become pixels? Typst shapes it, breaks its lines and draws it; what is here fits and colours it."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cliptask.emoji import FONT
from cliptask.errors import InputError, SetupError, SourceError
from cliptask.languages import primary
from cliptask.layers import TALL_LINE_HEIGHT, Style
from cliptask.names import shown
from cliptask.spec.position import Align
from cliptask.text import SPACES, captioned, line_parts, phrase_ends
from cliptask_renderer.lettering import faces
from cliptask_renderer.lettering.own import family_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import typst

SMALLEST = 0.25
"""Of the wanted size, for text that is too long: below it nobody reads it on a phone."""

_LINE_HEIGHT = 1.15
_TALL = re.compile("[\u0590-\u0fff\u1000-\u109f\u1780-\u17ff\ua8e0-\ua8ff\ufb1d-\ufdff\ufe70-\ufefc]")
"""Scripts whose letters have marks above and below."""
_SPACELESS_PHRASES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
)
_AMOUNT = re.compile("(?<=[0-9]) (?=[%\u2030\u20a0-\u20bf$\u00a3\u00a5])")
"""The space between a number and its sign, at which no line should break."""
_JOINER = "\u2060"
"""No line breaks at it."""

_SPARE = 0.06
"""In em: by so much one figure may reach beyond another one's ink."""

CLEAR = "#00000000"
"""Of a word that is not seen, nor its outline."""

_BROKEN = "the text's font is broken: export it again as TTF or OTF"
_BREAK = [faces.Run("\n", ())]
_LARGER = 1.25
"""How much larger a stressed word is: it is seen as one, and two lines still have room."""
_MARK = 0.12
"""How far the plate of a word reaches beyond it, and the radius of its corners, in em."""


@dataclass(frozen=True)
class Look:
    """How the words of a text are coloured at one time."""

    colors: tuple[str, ...]
    """Of each word."""
    marked: int | None = None
    """The word that has a plate behind it."""
    mark: str = "#00000000"


@dataclass(frozen=True)
class Fonts:
    """What a task's own fonts are made ready from."""

    sources: Mapping[str, Path]
    """A file for each SHA-256 that a style names."""
    work: Path
    """A folder that lasts as long as texts are set."""

    def own(self, style: Style) -> dict[str, faces.Family]:
        """Those of a style, by what it calls them. Raises ``SourceError`` for a broken one."""
        return {sha256: family_of(self.sources[sha256], sha256, self.work) for sha256 in style.sources}


NO_FONTS = Fonts({}, Path())
"""Of styles that name what comes with the program."""


@dataclass(frozen=True)
class Room:
    """Pixels that a text may take at most."""

    width: int
    height: int
    lines: int | None = None
    """In which it should stand, if it can at any size."""


@dataclass(frozen=True)
class Text:
    """What is to be set."""

    words: tuple[str, ...]
    """In a row, as they are, spaces included."""
    language: str | None = None
    """As a BCP 47 tag, where it is known."""
    what: str = "the overlay"
    """What errors call it."""
    is_steady: bool = False
    """Whether texts with and without letters that reach up or down have one height."""
    stressed: tuple[bool, ...] = ()
    """Of each word, whether it is larger than the others; none is where nothing is said."""


def typeset(
    text: Text,
    style: Style,
    shorter: int,
    room: Room,
    looks: Sequence[Look] = (),
    fonts: Fonts = NO_FONTS,
) -> list[npt.NDArray[np.uint8]]:
    """A text in each of ``looks`` (one plain one if none is given): RGBA of shape (height, width, 4), all of one shape.

    ``shorter`` is the picture's shorter side in pixels. Lines break as Unicode has it, between phrases where words have
    no spaces, and are of about one length. Empty rows and columns around what any of the looks draws are left out. The
    same arguments give the same pixels on every machine.

    Raises ``InputError`` for characters that no font here has, and for text that does not fit even at ``SMALLEST``, ``SourceError``
    for a broken font.
    """
    looks = looks or [Look((style.color,) * len(text.words))]
    pages = _drawn([text], style, shorter, room, looks, fonts)
    steady_px = round(style.size * shorter) if text.is_steady else None
    return _cropped(pages, steady_px, keeps_all=any(text.stressed))


def typeset_row(
    texts: Sequence[str],
    shapes: Sequence[str],
    style: Style,
    shorter: int,
    room: Room,
    fonts: Fonts = NO_FONTS,
) -> list[npt.NDArray[np.uint8]]:
    """Texts that take each other's place, as numbers that run: each RGBA of one shape, in letters of one size, figures of one width.

    ``shapes`` are those that say how large they may be and what they take: two rows of the same shapes have the same form.
    Otherwise as ``typeset``.
    """
    looks = [Look((style.color,))]
    # In one line: it would jump where one number takes a line more.
    said = [Text((each.replace(" ", "\u00a0"),), what="the counter") for each in (*shapes, *texts)]
    pages = _drawn(said, style, shorter, room, looks, fonts)
    width = max(page.shape[1] for page in pages[: len(shapes)])
    pages = [_aligned(page, width, style.align) for page in pages]
    seen = np.maximum.reduce([page[..., 3] for page in pages[: len(shapes)]])
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    # Figures of one width are not of one ink.
    spare = round(_SPARE * style.size * shorter)
    top, bottom = max(rows[0] - spare, 0), rows[-1] + 1 + spare
    left, right = max(columns[0] - spare, 0), columns[-1] + 1 + spare
    return [page[top:bottom, left:right] for page in pages[len(shapes) :]]


def _aligned(page: npt.NDArray[np.uint8], width: int, align: Align) -> npt.NDArray[np.uint8]:
    """A page as wide as another, filled up where its lines are not."""
    free = width - page.shape[1]
    if free <= 0:
        return page[:, -free // 2 :][:, :width]
    left = 0 if align == "left" else free if align == "right" else free // 2
    return np.pad(page, ((0, 0), (left, free - left), (0, 0)))


def _drawn(
    texts: Sequence[Text], style: Style, shorter: int, room: Room, looks: Sequence[Look], fonts: Fonts
) -> list[npt.NDArray[np.uint8]]:
    """Each text in each of the looks, with empty rows and columns around it."""
    said = [_cased([faces.writable(captioned(word)) for word in text.words], style) for text in texts]
    own = fonts.own(style)
    first = own.get(style.font) or faces.installed(style.font)
    called = "the task's own font" if style.font in own else style.font
    emoji = _coloured(style.emoji) if style.emoji and style.emoji not in own else None
    if missing := faces.unwritable("".join(chain(*said)), called, [first, *own.values()], emoji):
        message = f"{texts[0].what}'s text {missing}"
        raise InputError(message)
    hand = _Hand(first, own.get(style.emoji or ""), emoji, texts[0].language)
    data = _data(said, style, shorter, room, looks, hand) | {"sizes": _sizes(texts[0])}
    pages = _pages(data, texts[0], hand)
    return [_shadowed(page, style, shorter) for page in pages] if style.shadow else pages


def _coloured(name: str) -> faces.Family:
    """The program's font of emoji. Raises ``SetupError`` where it is missing, or of another version than an order was made for."""
    if name != FONT:
        message = (
            f"{name} is to draw emoji, there is {FONT}: let the operator and the renderer be of one version"
        )
        raise SetupError(message)
    return faces.coloured()


@dataclass(frozen=True)
class _Hand:
    """Who writes a text."""

    first: faces.Family
    signs: faces.Family | None
    emoji: faces.Family | None
    language: str | None

    @property
    def own(self) -> list[faces.Family]:
        return [each for each in (self.first, self.signs, self.emoji) if each]

    def runs(self, text: str) -> list[faces.Run]:
        return faces.runs(text, self.first, self.language, self.signs, self.emoji)

    def is_picture(self, run: faces.Run) -> bool:
        """Whether it has colours of its own."""
        return self.emoji is not None and self.emoji.name in run.families[:1]


def _sizes(text: Text) -> list[float]:
    """Of each word, in em."""
    return [_LARGER if each else 1.0 for each in text.stressed] or [1.0] * len(text.words)


def _cased(words: Sequence[str], style: Style) -> list[str]:
    match style.letter_case:
        case "upper":
            return [word.upper() for word in words]
        case "lower":
            return [word.lower() for word in words]
        case "asWritten":
            return list(words)


def _data(
    texts: Sequence[Sequence[str]],
    style: Style,
    shorter: int,
    room: Room,
    looks: Sequence[Look],
    hand: _Hand,
) -> dict[str, Any]:
    """What ``sheet.typ`` reads."""
    text = "".join(chain(*texts))
    size = max(style.size * shorter, 6.0)
    pieces = [_pieces(words, hand) for words in texts]
    every = [run for runs, parts in pieces for run in (*(run for run, _ in runs), *chain(*parts))]
    fonts = list(dict.fromkeys(run.families for run in every))
    first = next((each for each in map(unicodedata.bidirectional, text) if each in {"L", "R", "AL"}), "L")
    around = 2 * size * (style.outline + (style.box_padding if style.box_color else 0.0))
    return {
        "texts": [
            {
                "runs": [
                    {
                        "text": run.text,
                        "font": fonts.index(run.families),
                        "word": word,
                        "picture": hand.is_picture(run),
                    }
                    for run, word in runs
                ],
                "parts": [
                    [{"text": run.text, "font": fonts.index(run.families)} for run in part] for part in parts
                ],
            }
            for runs, parts in pieces
        ],
        "tabular": len(texts) > 1,
        "fonts": fonts,
        "looks": [asdict(look) for look in looks],
        "weight": style.weight,
        "language": primary(hand.language or "en"),
        "rtl": first != "L",
        "align": style.align,
        "size": size,
        "smallest": size * SMALLEST,
        "width": max(room.width - around, 1.0),
        "height": max(room.height - around, 1.0),
        "lines": room.lines,
        "line_height": style.line_height or (TALL_LINE_HEIGHT if _TALL.search(text) else _LINE_HEIGHT),
        "outline": style.outline,
        "outline_color": style.outline_color,
        "box_color": style.box_color,
        "box_padding": style.box_padding,
        "box_radius": style.box_radius,
        "mark_padding": _MARK,
        "mark_radius": _MARK,
        "margin": size,
        "clear": CLEAR,
    }


def _pieces(words: Sequence[str], hand: _Hand) -> tuple[list[tuple[faces.Run, int]], list[list[faces.Run]]]:
    """What one font writes each, with its word, and between which a line may break."""
    runs = [
        (run, number)
        for number, word in enumerate(words)
        for place, line in enumerate(re.split("\r\n|\n|\r", word))
        for run in [*_BREAK[: place > 0], *hand.runs(_held(line))]
    ]
    lines = "".join(words).splitlines()
    return runs, [hand.runs(part.strip(" ")) for line in lines for part in line_parts(_held(line))]


def _held(text: str) -> str:
    """Words of scripts without spaces held together, where a line could break within them."""
    text = _AMOUNT.sub("\u00a0", SPACES.sub(" ", text))
    if not _SPACELESS_PHRASES.search(text):
        return text
    ends, place, held = phrase_ends(text), 0, []
    for part in line_parts(text):
        place += len(part)
        held.append(part if place in ends or part.endswith(" ") or place == len(text) else part + _JOINER)
    return "".join(held)


def _pages(data: dict[str, Any], text: Text, hand: _Hand) -> list[npt.NDArray[np.uint8]]:
    import typst  # noqa: PLC0415  80 MB, only where a text is set
    from PIL import Image  # noqa: PLC0415  as above

    used = tuple(dict.fromkeys(chain(*data["fonts"])))
    compiler = _compiler(tuple(faces.folders(used, hand.own)), used)
    try:
        made = compiler.compile(
            Path(__file__).with_name("sheet.typ").read_bytes(),
            format="png",
            ppi=72,
            sys_inputs={"data": json.dumps(data)},
        )
    except typst.TypstError as error:
        if "does not fit" not in str(error):
            raise
        message = f"{text.what}'s text {shown(''.join(text.words))} does not fit on the picture: shorten it, or give it more width"
        raise InputError(message) from error
    except BaseException as error:  # typst's own end, of which its interface has no name
        if type(error).__name__ != "PanicException":
            raise
        raise SourceError(_BROKEN) from error
    pages = made if isinstance(made, list) else [made or b""]
    return [np.asarray(Image.open(io.BytesIO(page)).convert("RGBA")) for page in pages]


@lru_cache(maxsize=16)
def _compiler(folders: tuple[str, ...], names: tuple[str, ...]) -> typst.Compiler:
    """One that has the fonts in these folders. Raises ``SourceError`` where they are not all that these ``names`` want."""
    import typst  # noqa: PLC0415  as above

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders))
    if not {*names} <= {*fonts.families()}:
        raise SourceError(_BROKEN)
    return typst.Compiler(font_paths=fonts)


def _shadowed(page: npt.NDArray[np.uint8], style: Style, shorter: int) -> npt.NDArray[np.uint8]:
    from PIL import Image, ImageColor, ImageFilter  # noqa: PLC0415  as above

    distance = style.shadow * style.size * shorter
    red, green, blue, opacity = (*ImageColor.getrgb(style.shadow_color), 255)[:4]
    whole = Image.fromarray(page)
    alpha = whole.getchannel("A").point(lambda value: value * opacity // 255)
    soft = Image.new("L", whole.size, 0)
    soft.paste(alpha, (0, round(distance)))
    shadow = Image.new("RGBA", whole.size, (red, green, blue, 0))
    shadow.putalpha(soft.filter(ImageFilter.GaussianBlur(distance / 2)))
    return np.asarray(Image.alpha_composite(shadow, whole))


def _cropped(
    pages: Sequence[npt.NDArray[np.uint8]], steady_px: int | None, *, keeps_all: bool
) -> list[npt.NDArray[np.uint8]]:
    """Without the empty rows and columns around, so that positions mean what is seen.

    ``steady_px``: the margin around the lines, of which all but a quarter above and below goes; ``keeps_all``: larger words may reach beyond.
    """
    seen = np.maximum.reduce([page[..., 3] for page in pages])
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return [page[:1, :1] for page in pages]
    top, bottom = rows[0], rows[-1] + 1
    if steady_px is not None:
        inner = steady_px * 3 // 4, seen.shape[0] - steady_px * 3 // 4
        top, bottom = (min(top, inner[0]), max(bottom, inner[1])) if keeps_all else inner
    return [page[top:bottom, columns[0] : columns[-1] + 1] for page in pages]
