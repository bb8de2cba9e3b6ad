"""How does a person look at a campaign? One self-contained page that plays and filters every variant."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from cliptask.index import CampaignIndex, heading
from cliptask.spec.values import MAX_ONLY
from cliptask_operator.pages.inline import SHARED, script, style

_ROOM = "cliptask_operator.campaign"
_STYLE = style((SHARED, "keys.css"), (_ROOM, "gallery.css"), (_ROOM, "gallery_compare.css"))
_SCRIPT = script(
    (SHARED, "elements.js"),
    (SHARED, "kept.js"),
    (SHARED, "clipboard.js"),
    (SHARED, "only.js"),
    (_ROOM, "gallery.js"),
    (_ROOM, "gallery_filters.js"),
    (_ROOM, "gallery_hover.js"),
    (_ROOM, "gallery_selection.js"),
    (_ROOM, "gallery_export.js"),
    (_ROOM, "gallery_sync.js"),
    (_ROOM, "gallery_compare.js"),
    (_ROOM, "gallery_keys.js"),
    (_ROOM, "gallery_start.js"),
)


def gallery_html(index: CampaignIndex, captions: Mapping[str, str] | None = None, earlier: int = 0) -> str:
    """``gallery.html``, to lie beside ``index.json``: all it loads are the videos and pictures beside it.

    ``captions`` holds WebVTT by the names of the files. It is written into the page, because a page opened from a disk
    may not load a ``.vtt`` file; without it, captions show only where the page comes from a server. Everything in the index
    is untrusted: it reaches the page as escaped JSON and leaves it as text. ``earlier`` is how many videos of earlier
    edits lie beside those of the index. The same arguments give the same bytes.
    """
    return _template().render(
        task=index.task,
        count=len(index.variants),
        earlier=earlier,
        data=_data(index, captions or {}) | {"mostChosen": MAX_ONLY},
        style=_STYLE,
        script=_SCRIPT,
    )


def _data(index: CampaignIndex, captions: Mapping[str, str]) -> dict[str, Any]:
    """The index with the texts of its captions by their files, and its pictures by number: ten thousand variants share them.

    Of the parts, only what people call them where that is not their label, by block and label; of music by ``Track``, of lines by ``Line``, of the others by their headings.
    """
    data = index.model_dump(
        mode="json",
        by_alias=True,
        exclude={"parts", "settings"},
    )
    called: dict[str, dict[str, str]] = {}
    for part in index.parts:
        if part.title != part.label:
            called.setdefault(part.block or part.kind.capitalize(), {})[part.label] = part.title
    pictures: dict[str, int] = {}
    for clip in (clip for variant in data["variants"] for clip in variant["clips"]):
        picture = clip.pop("picture")
        clip["picture"] = None if picture is None else pictures.setdefault(picture, len(pictures))
    data["others"] = [{"key": key, "heading": heading(key)} for key in index.others]
    return data | {"pictures": [*pictures], "captionTexts": captions, "called": called}


@cache
def _template() -> Template:
    environment = Environment(loader=PackageLoader(_ROOM, ""), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("gallery.html.j2")
