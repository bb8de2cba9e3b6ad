"""How does a font that a task brings become one that can be set? As a plain file, under a name of its own.

Typst finds fonts by the family's name within the file. Whatever the file calls itself, here it is named by its bytes: no
two fonts are ever taken for one another, nor one for a family that comes with the program.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from cliptask.errors import SourceError
from cliptask_renderer.lettering.faces import Family, characters_of

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

CONTAINERS: Final[Mapping[bytes, str]] = {
    b"\0\1\0\0": "ttf", b"true": "ttf", b"OTTO": "otf", b"ttcf": "ttc", b"wOFF": "woff", b"wOF2": "woff2",
}  # fmt: skip
"""What a font is by its first four bytes."""

LARGEST_BYTES: Final = 64 << 20
"""As a file, and unpacked. The largest, of Han, kana and hangul, have about 20 MB a weight."""

_DRAWN: Final = ({"glyf", "loca"}, {"CFF "}, {"CFF2"}, {"sbix"}, {"CBDT", "CBLC"}, {"SVG "})
"""Each a way to draw letters; a font needs one."""
_NEEDED: Final = {"head", "hhea", "hmtx", "maxp", "cmap"}
_REMEDY: Final = "export it again as TTF or OTF"


def container_of(head: bytes) -> str | None:
    """What kind of font a file with this beginning is; None where it is none."""
    return CONTAINERS.get(head[:4])


@lru_cache(maxsize=16)
def family_of(source: Path, sha256: str, folder: Path) -> Family:
    """The font in a file with these bytes, ready to be set as long as ``folder`` lasts, below which it is written.

    Of a collection it is the first font. Raises ``SourceError``, which names no file, for what is no font, or a broken one.
    """
    name, place = f"font {sha256}", folder / "fonts" / sha256
    content = plain(source.read_bytes(), name)
    place.mkdir(parents=True, exist_ok=True)
    file = place / "font.ttf"
    file.write_bytes(content)
    return Family(name, place, characters_of(file))


def plain(content: bytes, name: str) -> bytes:
    """A font's bytes as one plain font whose family has this name. Raises as ``family_of``."""
    import uharfbuzz  # noqa: PLC0415  only where a task brings a font
    from fontTools.ttLib import TTFont  # noqa: PLC0415  as above

    logging.getLogger("fontTools").setLevel(logging.CRITICAL)  # its remarks are for authors of fonts
    made = io.BytesIO()
    try:
        # The tables are copied as they are: only that of names is read and written.
        with TTFont(io.BytesIO(content), fontNumber=0, lazy=True, recalcBBoxes=False, recalcTimestamp=False) as font:  # fmt: skip
            _check(font)
            _rename(font, name)
            font.flavor = None
            font.save(made, reorderTables=None)
        characters = uharfbuzz.Face(made.getvalue()).unicodes
    except (SourceError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  a font that confuses its reader in whatever way is broken
        _refuse(f"is broken ({type(error).__name__})", _REMEDY, error)
    if not characters:
        _refuse("has no map of Unicode characters to its letters", _REMEDY)
    return made.getvalue()


def _check(font: TTFont) -> None:
    """Raise ``SourceError`` for a font of which nothing could be drawn."""
    tables: dict[str, Any] = dict(font.reader.tables) if font.reader else {}
    if not any(drawn <= set(tables) for drawn in _DRAWN):
        _refuse("has no outlines of its letters", _REMEDY)
    if missing := _NEEDED - set(tables):
        _refuse(f"is broken: it has no table {min(missing)}", _REMEDY)
    size = sum(int(getattr(entry, "origLength", entry.length)) for entry in tables.values())
    if size > LARGEST_BYTES:
        _refuse(
            f"has {size} bytes when it is unpacked, {LARGEST_BYTES} are allowed",
            "leave scripts out of it that you do not use",
        )


def _rename(font: TTFont, name: str) -> None:
    from fontTools.ttLib import newTable  # noqa: PLC0415  as above

    names: Any = newTable("name")
    names.names = []
    for entry, words in ((1, name), (2, "Regular"), (4, name), (6, name.replace(" ", "-"))):
        names.setName(words, entry, 3, 1, 0x409)
    font["name"] = names


def _refuse(what: str, remedy: str, cause: Exception | None = None) -> NoReturn:
    message = f"the font {what}; {remedy}"
    raise SourceError(message) from cause
