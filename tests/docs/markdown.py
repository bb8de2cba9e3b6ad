"""Which blocks of code has a page? For tests that do what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("charts/*/README.md")])
"""Those of the site, and what people read first."""

_BLOCK = re.compile(r'^( *)```(\w*)(?: title="([^"]*)")?\n(.*?)^ *```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    page: Path
    number: int
    """Of the page's blocks, from 0."""
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}-{self.number}"


def blocks(page: Path) -> list[Block]:
    """In order, without the indentation of a list that they stand in."""
    return [
        Block(page, number, language, title, re.sub(f"^{indent}", "", text, flags=re.MULTILINE))
        for number, (indent, language, title, text) in enumerate(_BLOCK.findall(page.read_text()))
    ]
