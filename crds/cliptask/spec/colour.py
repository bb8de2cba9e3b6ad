"""How is a colour written in YAML?"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from cliptask.spec import remedies

COLOUR_PATTERN = "^#[0-9a-fA-F]{6}$"
TRANSLUCENT_PATTERN = "^#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?$"


def _parse(value: object, pattern: str, more: str = "") -> str:
    if isinstance(value, str) and re.fullmatch(pattern, value):
        return value.lower()
    what = f'is not a colour: write # and six hexadecimal digits{more} in quotes, e.g. "#ffffff" for white'
    meant = remedies.colour(value)
    raise ValueError(f'{what}; here "{meant}"' if meant else what)


Colour = Annotated[
    str,
    BeforeValidator(lambda value: _parse(value, COLOUR_PATTERN)),
    WithJsonSchema({"type": "string", "pattern": COLOUR_PATTERN, "maxLength": 7}),
]
"""Red, green and blue in sRGB such as ``#ffffff``; in lower case in Python."""

TranslucentColour = Annotated[
    str,
    BeforeValidator(lambda value: _parse(value, TRANSLUCENT_PATTERN, ", or eight with its opacity,")),
    WithJsonSchema({"type": "string", "pattern": TRANSLUCENT_PATTERN, "maxLength": 9}),
]
"""The same, with two digits more for an opacity: ``#00000080`` is half a black."""
