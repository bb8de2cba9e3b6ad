"""How does a page carry its style and script? Within itself, each known to its Content-Security-Policy by its hash."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from markupsafe import Markup

SHARED = "cliptask_operator.pages"
"""Where the parts lie that several pages have."""


@dataclass(frozen=True)
class Inline:
    """A style or a script as it stands in a page."""

    text: Markup

    @property
    def hash(self) -> str:
        """What a Content-Security-Policy calls it, without the quotes: nothing else runs in the page."""
        return f"sha256-{base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()}"


@cache
def style(*files: tuple[str, str]) -> Inline:
    """Style sheets, each by its package and its name there, one after another."""
    return _inline("\n".join(map(_read, files)))


@cache
def script(*files: tuple[str, str]) -> Inline:
    """Scripts as one strict function, in which each sees what the others declare; what runs at once sees those before it."""
    return _inline("\n".join(['"use strict";\n(() => {', *map(_read, files), "})();\n"]))


def _inline(text: str) -> Inline:
    return Inline(Markup(text))  # noqa: S704  shipped with the program


def _read(file: tuple[str, str]) -> str:
    package, name = file
    return resources.files(package).joinpath(name).read_text("utf-8").rstrip("\n")
