"""What does the browser show? One page with its style and script in it; it loads nothing from anywhere else."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from cliptask_operator.pages.inline import SHARED, script, style

_ROOM = "cliptask_operator.preview"
_STYLE = style((SHARED, "keys.css"), (_ROOM, "preview.css"))
_SCRIPT = script(
    (SHARED, "elements.js"),
    (SHARED, "kept.js"),
    (SHARED, "clipboard.js"),
    (SHARED, "only.js"),
    (_ROOM, "preview.js"),
)


@cache
def page_html() -> str:
    """The page, which asks the server beside it for everything else."""
    environment = Environment(loader=PackageLoader(_ROOM, ""), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("preview.html.j2").render(style=_STYLE.text, script=_SCRIPT.text)


@cache
def policy() -> str:
    """The page's Content-Security-Policy: its own style and script, and this server."""
    return (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src '{_SCRIPT.hash}'; "
        f"style-src '{_STYLE.hash}'; img-src data:; media-src 'self'; connect-src 'self'"
    )
