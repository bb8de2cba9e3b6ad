"""What is a text, as it is written, heard and shown? Its normal form, voice directions, invisible characters, line breaks."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icu4py.breakers import BaseBreaker

# Unicode 16, DerivedCoreProperties.txt, Default_Ignorable_Code_Point: fonts and players show nothing for these.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_IGNORED = re.compile(f"[{_IGNORABLE}]+")
# Scripts in which a letter's form, or a cluster's, hangs on its neighbours: Arabic and its kin, Brahmic ones, Mongolian.
_SHAPED = "\u0600-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f"
_PICTURES = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
# A joiner or non-joiner between letters that it shapes; in emoji what makes one sign of several, in colour or as a letter; the
# form of a Han or a Mongolian letter; a joiner after a virama, which makes a chillu at a word's end. All else goes.
_KEPT_IN_CAPTIONS = (
    rf"(?<=[{_SHAPED}])[\u200c\u200d](?=[{_SHAPED}])"
    rf"|(?<=[{_PICTURES}])\ufe0f?\u200d(?=[{_PICTURES}])"
    rf"|(?<=[{_PICTURES}])[\ufe0e\ufe0f]|(?<=[#*0-9])\ufe0f(?=\u20e3)"
    r"|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f"
    r"|(?<=[\u3400-\u9fff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]|(?<=[\u1820-\u18aa])[\u180b-\u180f]"
    r"|(?<=[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca])\u200d"
)
_CAPTIONED = re.compile(f"({_KEPT_IN_CAPTIONS})|[{_IGNORABLE}]")

NO_BREAK_SPACES = "\u00a0\u2007\u202f"
"""Spaces at which no line may break, as in ``100 €``."""
SPACES = re.compile(rf"[^\S{NO_BREAK_SPACES}]+")
"""What separates words."""

_ATTRIBUTES = r"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'|[^\s"'<>/=]+))*\s*"""
_DIRECTION = re.compile(
    rf"(?P<around></?(?!(?:break|p|s)\b)[A-Za-z][\w:.-]*{_ATTRIBUTES}>)"
    rf"|</?[A-Za-z][\w:.-]*{_ATTRIBUTES}/?>|<!--.*?-->|<\?xml\b[^<>]*\?>|\[[^\W\d_](?:[^\[\]<>]|\[[^\[\]<>]*\])*\]",
    re.DOTALL,
)
_ESCAPED = re.compile(rf"{_DIRECTION.pattern}|(?P<escape>&(?:amp|lt|gt|quot|apos);)", re.DOTALL)
"""A line with SSML has to write these so."""
_WORD_LETTER = re.compile(r"\w")

# Han and kana; Thai, Lao, Tibetan, Myanmar, Khmer, Tai scripts: no spaces between words.
SPACELESS = (
    "\u3005\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
    "\u0e01-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17d3\u1950-\u19df\u1a20-\u1aad\ua9e0-\ua9fe\uaa60-\uaadf"
)
"""Letters of scripts that are written without spaces, as the inside of a regex's class."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character, as JSON can escape it: ICU takes none."""
_HIRAGANA = re.compile("[\u3041-\u309f]")
_INSIDE_HIRAGANA = re.compile("(?<=[\u3041-\u309f])(?=[\u3041-\u309f])")


def normal(text: str) -> str:
    """The text in Unicode's normal form C: a letter and its accent are one, however they were typed."""
    return unicodedata.normalize("NFC", text)


def drawn(text: str) -> str:
    """A title as it is drawn: in normal form, without anything invisible."""
    return normal(_IGNORED.sub("", normal(text)))


def captioned(text: str) -> str:
    """Text as captions have it: of what is invisible, only joiners that shape letters or join emoji remain."""
    return normal(_CAPTIONED.sub(lambda match: match[1] or "", normal(text)))


def heard(text: str) -> str:
    """What a voice says of a line: without SSML tags and ElevenLabs' audio tags.

    A tag is ``<name>``, ``</name>`` or ``<name key="value"/>``; a ``<`` before anything else is text, as in ``5 < 6``. An
    audio tag stands in square brackets and begins with a letter, ``[laughs softly]``; ``[1]`` and ``[...]`` are text. Where
    there are tags, ``&amp;`` and its like are what they stand for.
    """
    return " ".join(heard_at(text)[0].split())


def heard_at(text: str) -> tuple[str, list[int]]:
    """What is heard of a text, its spaces as they are, and where each of its characters stands in the text.

    A direction between two words parts them like a space; a tag around a word or a part of it does not.
    """
    characters: list[str] = []
    places: list[int] = []
    end = 0
    has_ssml = any(match[0].startswith("<") for match in _DIRECTION.finditer(text))
    for match in (_ESCAPED if has_ssml else _DIRECTION).finditer(text):
        characters += text[end : match.start()]
        places += range(end, match.start())
        end = match.end()
        if match[0].startswith("&"):
            characters.append(unescape(match[0]))
            places.append(match.start())
            continue
        adjoins = characters and not characters[-1].isspace() and _WORD_LETTER.match(text, end)
        if adjoins and not match["around"]:
            characters.append(" ")
            places.append(match.start())
    characters += text[end:]
    places += range(end, len(text))
    return "".join(characters), places


def directions(text: str) -> list[range]:
    """Where directions for the voice stand in a text."""
    return [range(*match.span()) for match in _DIRECTION.finditer(text)]


def named(character: str) -> str:
    """A character for people who cannot see it: ``U+0E01 THAI CHARACTER KO KAI``."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()


def line_parts(text: str) -> list[str]:
    """The text in parts, each with its spaces, after each of which a line may break (UAX 14)."""
    from icu4py.breakers import LineBreaker  # noqa: PLC0415  ICU only where a text is parted: few Jobs do

    return list(LineBreaker(text, ""))


def letters(text: str) -> list[str]:
    """The text in what people take for characters: with their accents, of several emoji that are one (UAX 29)."""
    from icu4py.breakers import CharacterBreaker  # noqa: PLC0415  as above

    return list(CharacterBreaker(text, ""))


def phrase_ends(text: str) -> set[int]:
    """Where a line may break without parting a word: by dictionaries where words have no spaces between them."""
    from icu4py.breakers import LineBreaker, WordBreaker  # noqa: PLC0415  as above

    text = _LONE_SURROGATE.sub("\ufffd", text)
    # Of phrases, ICU knows Japanese; UAX 14 alone would part every two letters of Han and kana.
    lines = LineBreaker(text, "ja@lw=phrase" if _HIRAGANA.search(text) else "")
    # What follows hiragana in hiragana is mostly the rest of a verb, which the dictionary does not know.
    verbs = {match.start() for match in _INSIDE_HIRAGANA.finditer(text)}
    return (_ends(lines) & _ends(WordBreaker(text, ""))) - verbs


def phrases(text: str) -> list[str]:
    """The text in parts, each with its spaces, that ``phrase_ends`` tells: words, in any script."""
    ends = sorted(phrase_ends(text))
    return [text[begin:end] for begin, end in pairwise([0, *ends])]


def abridged(text: str, length: int) -> str:
    """The beginning of a text for people, at most ``length`` characters, which end with ``...`` where words are left out.

    Cut between words, unless that would leave less than half of the length; never within what people take for a character.
    """
    if len(text) <= length:
        return text
    room, beginning = max(length - 3, 0), text[:length]
    words = (beginning[:end].rstrip() for end in phrase_ends(beginning))
    best = max((each for each in words if room // 2 <= len(each) <= room), key=len, default="")
    if not best:
        ends = accumulate(map(len, letters(_LONE_SURROGATE.sub("\ufffd", beginning))))
        best = beginning[: max((end for end in ends if end <= room), default=0)]
    return f"{best}..."[:length]


def _ends(parts: BaseBreaker) -> set[int]:
    """Not by its numbers, which count in UTF-16."""
    return set(accumulate(map(len, parts)))
