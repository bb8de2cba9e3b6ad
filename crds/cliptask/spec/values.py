"""What may a name, a URL or a text look like? The types of the task's plain values."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

from cliptask import languages
from cliptask.text import captioned, drawn, heard, normal

MAX_VARIANTS = 10_000
"""More combinations than this are refused unless the task limits them."""
MAX_ONLY = 1000
"""As many combinations may a task name one by one."""
NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$"
LABEL_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,45}[a-z0-9])?$"
BUCKET_SCHEMES = ("gs://", "s3://", "az://")
BUCKET = r"(gs|s3|az)://[a-z0-9][-._a-z0-9]{1,220}[a-z0-9]"
"""A name that some storage would take: there is no room in the CRD for rules of each."""
URL_PATTERN = (
    rf"^(https?://[^\s/?#\x00-\x1f\x7f]|file:///|\{{\{{|{BUCKET}/[^\s/?#\x00-\x1f\x7f])[^\s\x00-\x1f\x7f]*$"
)
URL_WORDS = "is not a URL that can be fetched: write https://host/path, gs://bucket/object, s3://bucket/object, az://container/object or file:///path, with %20 for a space"
"""What is said of a text that breaks the pattern."""
LONGEST_URL = 2048
LOST = "\ufffd"
"""What decoders put in the place of a character that they do not know."""
UNUSABLE = rf"\x00-\x08\x0b\x0c\x0e-\x1f\x7f{LOST}"
"""Characters that are in no text, as the inside of a pattern's class."""
TEXT_PATTERN = rf"^[^{UNUSABLE}]*[^\s\x00-\x1f\x7f{LOST}][^{UNUSABLE}]*$"
AFFIX_PATTERN = rf"^[^{UNUSABLE}\n\t]*$"
LANGUAGE_PATTERN = rf"{languages.TAG_PATTERN}|^\{{\{{[^{{}}]*\}}\}}$"
"""A tag, or a column of the task's rows that has it."""


def splits(url: str) -> str:
    """The URL, if it has a host and a port that can be. Raises ``ValueError``."""
    try:
        port = urlsplit(url).port
    except ValueError:
        port = 0
    if port == 0:
        message = "is not a URL that can be fetched: its host or its port is malformed"
        raise ValueError(message)
    return url


def _visible(text: str) -> str:
    if not drawn(text).strip():
        message = "must hold a visible character: it has only spaces and what nobody sees"
        raise ValueError(message)
    return text


def _says_something(text: str) -> str:
    if not drawn(heard(text)).strip():
        message = "holds nothing but directions for the voice: write words that it says, too"
        raise ValueError(message)
    return text


def _shortest(tag: str) -> str:
    meant = languages.canonical(tag)
    if meant not in {None, tag}:
        message = f"is not the shortest code of the language: write {meant}"
        raise ValueError(message)
    meant = languages.meant(tag)
    if meant is not None:
        remedy = f"write {meant}" if meant else "write its code of ISO 639, such as en or uk"
        message = f"is no language: {remedy}"
        raise ValueError(message)
    return tag


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=40)]
"""A label of lower-case letters, digits and hyphens, as in file names and Kubernetes."""

Label = Annotated[str, StringConstraints(pattern=LABEL_PATTERN, max_length=47)]
"""What a clip, a track or a line is called in the videos' names: its name, or a label with six digits."""

FontName = Annotated[str, StringConstraints(min_length=1, max_length=40)]
"""One that comes with the program, or a name of the task's own."""
Language = Annotated[
    str, StringConstraints(pattern=LANGUAGE_PATTERN, max_length=35), AfterValidator(_shortest)
]
"""A BCP 47 tag in its usual case."""

SourceUrl = Annotated[
    str, StringConstraints(pattern=URL_PATTERN, max_length=LONGEST_URL), AfterValidator(splits)
]

Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=TEXT_PATTERN),
    AfterValidator(_visible),
    AfterValidator(captioned),
]
"""A text over the picture; in Python as it is drawn, so that what looks the same is the same."""

SpokenText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=5000, pattern=TEXT_PATTERN),
    AfterValidator(normal),
    AfterValidator(_visible),
    AfterValidator(_says_something),
]
"""What a voice is given, with directions for it; in Unicode's normal form, so that it is paid for once."""

SMALLEST_SIDE, LARGEST_SIDE = 64, 3840
"""Pixels along an edge of a video's picture."""

Fps = Literal[24, 25, 30, 48, 50, 60]
"""Rates that ad platforms take and that divide both 90,000 ticks and 48,000 samples."""

SHORTEST = timedelta(milliseconds=100)
