"""How does a person look at a campaign? One self-contained page that plays and filters every variant."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from cliptask.index import CampaignIndex


def gallery_html(index: CampaignIndex, captions: Mapping[str, str] | None = None, earlier: int = 0) -> str:
    """``gallery.html``, to lie beside ``index.json``: all it loads are the videos and pictures beside it.

    ``captions`` holds WebVTT by the names of the files. It is written into the page, because a page opened from a disk
    may not load a ``.vtt`` file; without it, captions show only where the page comes from a server. Everything in the index
    is untrusted: it reaches the page as escaped JSON and leaves it as text. ``earlier`` is how many videos of earlier
    edits lie beside those of the index. The same arguments give the same bytes.
    """
    style, script = _asset("gallery.css"), _asset("gallery.js")
    return _template().render(
        task=index.task,
        count=len(index.variants),
        earlier=earlier,
        data=_data(index, captions or {}),
        style=Markup(style),  # noqa: S704 - shipped with this module
        style_hash=_hash(style),
        script=Markup(script),  # noqa: S704 - as above
        script_hash=_hash(script),
    )


def _data(index: CampaignIndex, captions: Mapping[str, str]) -> dict[str, Any]:
    """The index with the texts of its captions by their files, and its pictures by number: ten thousand variants share them.

    Of the parts, only what people call them where that is not their label, by block and label; of music by ``Track``.
    """
    data = index.model_dump(
        mode="json",
        by_alias=True,
        exclude={"variants": {"__all__": {"key"}}, "parts": True, "settings": True},
    )
    called: dict[str, dict[str, str]] = {}
    for part in index.parts:
        if part.kind != "line" and part.title != part.label:
            called.setdefault(part.block or "Track", {})[part.label] = part.title
    pictures: dict[str, int] = {}
    for clip in (clip for variant in data["variants"] for clip in variant["clips"]):
        picture = clip.pop("picture")
        clip["picture"] = None if picture is None else pictures.setdefault(picture, len(pictures))
    return data | {"pictures": [*pictures], "captionTexts": captions, "called": called}


def _hash(text: str) -> str:
    """What a Content-Security-Policy calls an inline script or style: nothing else runs in the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("cliptask_operator.campaign", ""), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("gallery.html.j2")


@cache
def _asset(name: str) -> str:
    return resources.files("cliptask_operator.campaign").joinpath(name).read_text("utf-8")
