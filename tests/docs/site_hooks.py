"""How do the pages that GitHub shows become those of a site? What mkdocs is told of files outside ``docs``, of lists and of tables."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
BESIDE = ("examples/**/*.y*ml", "examples/*.jpg", "charts/cliptask/README.md")
"""What lies outside ``docs`` and is on the site, at the same path."""
CALLED = {"charts/cliptask/README.md": "charts/cliptask.md"}
"""But for what mkdocs would take for a folder's own page."""

_LINK = re.compile(r"(\]\()((?:\.\./)+[^)#\s]*)")
_FENCE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies beside ``docs``."""
    for pattern in BESIDE:
        for path in sorted(ROOT.glob(pattern)):
            name = _on_site(path.relative_to(ROOT).as_posix())
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  as mkdocs calls it
    """Links lead to where things lie on the site; lists and tables are written as this Markdown wants them."""
    source = Path(page.file.abs_src_path or page.file.src_uri)
    here, there = source.relative_to(ROOT).parent.as_posix(), posixpath.dirname(page.file.src_uri)

    def linked(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(here, match[2]))
        return match[1] + posixpath.relpath(_on_site(target), there or ".")

    markdown = _LINK.sub(linked, markdown)
    parts = _FENCE.split(markdown)
    return "".join(part if part.startswith("```") else _adapted(part) for part in parts)


def _on_site(path: str) -> str:
    """Where a file of the project is; the pages of ``docs`` are at the site's top."""
    return CALLED.get(path, path).removeprefix("docs/")


def _adapted(text: str) -> str:
    # What belongs to an item of a list is indented by two on GitHub, by four here.
    lines = (re.sub(r"^(?: {2})+", lambda match: match[0] * 2, line) for line in text.split("\n"))
    return "\n".join(_row(line) if line.startswith("|") else line for line in lines)


def _row(line: str) -> str:
    """A line in code needs no backslash here, where it ends no cell."""
    return _CODE.sub(lambda match: match[0].replace("\\|", "|"), line)
