"""Which fonts are there, and what can they write? Such as are installed with the program, the same everywhere, and the task's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from cliptask.emoji import EMOJI, TEXT_STYLE
from cliptask.errors import SetupError
from cliptask.names import shown
from cliptask.text import drawn, named

_FAMILIES = {
    "Montserrat": ("fontpkg_montserrat", "files/Montserrat[[]wght].ttf"),
    "Poppins": ("fontpkg_poppins", "files/Poppins-Regular.ttf"),
    "Anton": ("fontpkg_anton", "files/Anton-Regular.ttf"),
    "Noto Sans": ("manimgx_fonts", "NotoSans[[]wght].ttf"),
}
"""A package of each family, and in it a file with all its characters."""

_COLOURED = Path(__file__).with_name("fonts") / "NotoColorEmoji.ttf"
"""Put there when the program is built, see ``emoji_font.py``."""

_NOTO = re.compile(r"(Noto(?:Sans|Emoji))(\w*)\[wght\]\.ttf")
_CJK = {"JP": 0, "KR": 1, "SC": 2, "TC": 3}
"""Faces of the one file of Han, kana and hangul: characters are drawn as each country does."""
_KANA, _HANGUL = (
    re.compile("[\u3041-\u30ff\uff66-\uff9f]"),
    re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]"),
)

_SIGN = re.compile(
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[#*0-9]\ufe0f?\u20e3"
    "|[\u203c-\u3299\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*"
    "(?:\u200d[\u203c-\u3299\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*)*[\U000e0020-\U000e007f]*)"
)
_PIECE = re.compile(rf"{_SIGN.pattern}|\s+|(?:(?!{_SIGN.pattern})\S)+\s*")

_ALIKE = str.maketrans({"\u2010": "-", "\u2011": "-"})


def writable(text: str) -> str:
    """The text with common characters for those that look alike, which few fonts have."""
    return text.translate(_ALIKE)


@dataclass(frozen=True)
class Family:
    """A font, as it can be set."""

    name: str
    """Within its file: by which typst finds it."""
    folder: Path
    """Where its file lies."""
    characters: frozenset[str]


def installed(name: str) -> Family:
    """One that comes with the program."""
    return Family(name, _file(name)[0].parent, _characters(name))


@cache
def coloured() -> Family:
    """The program's font of emoji. Raises ``SetupError`` where it was not installed with it."""
    if not _COLOURED.is_file():
        message = f"the font of emoji, {_COLOURED.name}, is missing beside the program: install it again from its wheel, in a checkout by make"
        raise SetupError(message)
    return Family("Noto Color Emoji", _COLOURED.parent, characters_of(_COLOURED))


@dataclass(frozen=True)
class Run:
    """A piece of a text that one list of families writes: the first of them that has a letter writes it."""

    text: str
    families: tuple[str, ...]


def runs(
    text: str,
    first: Family,
    language: str | None = None,
    signs: Family | None = None,
    emoji: Family | None = None,
) -> list[Run]:
    """A text in runs: signs in the family of ``signs``, words in the ``first`` where it has all their letters.

    Else in those of their scripts: no word is written in two hands. Spaces belong to the word before them. Of signs, those
    that are pictures are drawn by ``emoji``, where there is one.
    """
    others = _others(text, language)
    found: list[Run] = []
    for piece, is_picture in _pieces(text, pictures=emoji is not None):
        if is_picture and emoji:
            chosen: tuple[str, ...] = (emoji.name, "Noto Emoji", first.name, *others)
        elif _SIGN.match(piece):
            own = (signs.name,) if signs else ()
            chosen = (*own, "Noto Emoji", first.name, *others)
        elif _seen(piece) <= first.characters:
            chosen = (first.name,)
        elif all(letter in first.characters for letter in _seen(piece) if letter.isalpha()):
            chosen = (first.name, *others)
        else:
            chosen = others
        if found and found[-1].families == chosen:
            found[-1] = Run(found[-1].text + piece, chosen)
        else:
            found.append(Run(piece, chosen))
    return found


def _pieces(text: str, *, pictures: bool) -> Iterator[tuple[str, bool]]:
    """Words, signs and spaces, and whether they are to be ``pictures``, without what only tells that."""
    end = 0
    for match in EMOJI.finditer(text) if pictures else ():
        yield from (
            (piece, False) for piece in _PIECE.findall(text[end : match.start()].replace(TEXT_STYLE, ""))
        )
        yield match[0], True
        end = match.end()
    yield from ((piece, False) for piece in _PIECE.findall(text[end:].replace(TEXT_STYLE, "")))


def _others(text: str, language: str | None) -> tuple[str, ...]:
    """Beside a chosen family, those that the letters of a text need; Noto Sans, which has the most, before all."""
    left, chosen = _seen(text) - _characters("Noto Sans"), ["Noto Sans"]
    for family in (*_noto(), *_han(text, language), "Noto Emoji"):
        if left and (found := left & _characters(family)):
            chosen.append(family)
            left -= found
    return tuple(chosen)


def folders(families: Iterable[str], own: Iterable[Family]) -> list[str]:
    """Where the fonts of these families lie, of which some are the task's ``own``."""
    brought = {family.name: family.folder for family in own}
    return sorted({str(brought.get(family) or _file(family)[0].parent) for family in families})


def unwritable(text: str, called: str, own: Iterable[Family], emoji: Family | None = None) -> str | None:
    """Which characters neither its ``own`` fonts, ``called`` so, nor another here have a shape for, with the remedy.

    None where all are there. ``emoji`` is as for ``runs``.
    """
    left = _seen(text)
    for family in own:
        left -= family.characters
    if emoji and left:
        pictures = {letter for match in EMOJI.finditer(text) for letter in match[0]}
        left -= (pictures & emoji.characters) - _seen(EMOJI.sub("", text))
    for each in ("Noto Sans", *_noto(), *_han(text, None), "Noto Emoji"):
        left -= _characters(each) if left else set()
    if not left:
        return None
    return (
        f"{shown(text)} has characters that neither {called} nor the fonts beside it can write: "
        f"{', '.join(map(_named, sorted(left)))}; leave them out, or give a title as an image"
    )


def _seen(text: str) -> set[str]:
    return {letter for letter in writable(drawn(text)) if not letter.isspace()}


def _named(letter: str) -> str:
    return f"{letter} ({named(letter)})" if letter.isprintable() else named(letter)


@cache
def _noto() -> tuple[str, ...]:
    """The families of single scripts."""
    return tuple(sorted(family for family in _noto_files() if family not in {"Noto Sans", "Noto Emoji"}))


@cache
def _noto_files() -> dict[str, Path]:
    files = {}
    for file in _package("manimgx_fonts").iterdir():
        if match := _NOTO.fullmatch(file.name):
            parts = [*re.findall("[A-Z][a-z]+", match[1]), *re.findall("[A-Z][a-z]+", match[2])]
            files[" ".join(parts)] = file
    return files


def _han(text: str, language: str | None) -> tuple[str, ...]:
    """The one of the four whose forms the text's readers know; as far as it tells, else the mainland's."""
    if language is not None and language.startswith(("ja", "ko", "zh")):
        traditional = re.search("Hant|TW|HK|MO", language) is not None
        country = {"ja": "JP", "ko": "KR"}.get(language[:2], "TC" if traditional else "SC")
    else:
        country = "JP" if _KANA.search(text) else "KR" if _HANGUL.search(text) else "SC"
    return (f"Noto Sans CJK {country}",)


def _package(name: str) -> Path:
    """Without importing it: some read all their files then."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        message = f"the package {name} is not installed"
        raise ModuleNotFoundError(message)
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def _file(family: str) -> tuple[Path, int]:
    """A file, and the number of the family's face in it."""
    if family in _FAMILIES:
        package, pattern = _FAMILIES[family]
        return next(_package(package).glob(pattern)), 0
    if family.startswith("Noto Sans CJK"):
        return next(_package("manimgx_fonts_cjk").glob("*.ttc")), _CJK[family[-2:]]
    return _noto_files()[family], 0


@cache
def _characters(family: str) -> frozenset[str]:
    return characters_of(*_file(family))


def characters_of(file: Path, number: int = 0) -> frozenset[str]:
    """All that a file's font of this number has a shape for."""
    import uharfbuzz  # noqa: PLC0415  only where a text is looked at

    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(file)), number)
    return frozenset(map(chr, face.unicodes))
