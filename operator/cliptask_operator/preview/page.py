"""What does the browser show? One page with its style and script in it; it loads nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_ROOM = "cliptask_operator.preview"


@cache
def page_html() -> str:
    """The page, which asks the server beside it for everything else."""
    environment = Environment(loader=PackageLoader(_ROOM, ""), autoescape=True, undefined=StrictUndefined)
    style, script = _asset("preview.css"), _asset("preview.js")
    return environment.get_template("preview.html.j2").render(style=Markup(style), script=Markup(script))  # noqa: S704  shipped with this module


@cache
def policy() -> str:
    """The page's Content-Security-Policy: its own style and script, and this server."""
    style, script = _hash(_asset("preview.css")), _hash(_asset("preview.js"))
    return (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src '{script}'; "
        f"style-src '{style}'; img-src data:; media-src 'self'; connect-src 'self'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _asset(name: str) -> str:
    return resources.files(_ROOM).joinpath(name).read_text("utf-8")
