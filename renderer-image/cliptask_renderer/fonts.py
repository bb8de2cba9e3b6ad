"""With what are titles written, and what can it write?"""

from __future__ import annotations

from cliptask.errors import InputError


def font() -> str:
    """Path of the font of titles: Source Sans Pro Semibold (SIL Open Font License), with Latin, Greek, Cyrillic."""
    import font_source_sans_pro  # noqa: PLC0415  lists a folder when imported

    return str(font_source_sans_pro.SourceSansProSemibold)


def refuse_unwritable(*texts: str) -> None:
    """Raise ``InputError`` naming the characters of the first text for which the font has no shape."""
    if not texts:
        return
    from PIL import ImageFont  # noqa: PLC0415  only where a title is composed

    face = ImageFont.truetype(font(), 32)
    empty_box = bytes(face.getmask("\U0010ffff"))
    for text in texts:
        letters = sorted({letter for letter in text if not letter.isspace()})
        missing = [letter for letter in letters if bytes(face.getmask(letter)) == empty_box]
        if missing:
            message = f"the overlay text {text!r} has characters that the font cannot write: {' '.join(missing)}; leave them out, or give the title as an image"
            raise InputError(message)
