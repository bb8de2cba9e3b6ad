"""How does a person look at a campaign? One self-contained page that plays and filters every variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from cliptask.index import CampaignIndex
from cliptask.index_files import heading
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


def gallery_html(
    index: CampaignIndex, captions: Mapping[str, str] | None = None, earlier: int = 0
) -> Iterator[str]:
    """``gallery.html``, to lie beside ``index.json``, piece by piece: all it loads are the videos and pictures beside it.

    ``captions`` holds WebVTT by the names of the files. It is written into the page, because a page opened from a disk
    may not load a ``.vtt`` file; without it, captions show only where the page comes from a server. Everything in the index
    is untrusted: it reaches the page as escaped JSON and leaves it as text. ``earlier`` is how many videos of earlier
    edits lie beside those of the index. The same arguments give the same bytes.
    """
    return _template().generate(
        task=index.task,
        count=len(index.variants),
        earlier=earlier,
        data=_data(index, captions or {}),
        style=_STYLE,
        script=_SCRIPT,
    )


def _data(index: CampaignIndex, captions: Mapping[str, str]) -> Iterator[str]:
    """JSON: the index with the texts of its captions by their files, and its pictures by number, as ten thousand variants share them.

    Of the parts, only what people call them where that is not their label, by block and label; of music by ``Track``, of lines by ``Line``, of the others by their headings.
    """
    pictures: dict[str, int] = {}
    yield Markup('{"variants": [')
    for number, variant in enumerate(index.variants):
        data = variant.model_dump(mode="json", by_alias=True)
        for clip in data["clips"]:
            picture = clip["picture"]
            clip["picture"] = None if picture is None else pictures.setdefault(picture, len(pictures))
        if number:
            yield Markup(", ")
        yield htmlsafe_json_dumps(data)
    called: dict[str, dict[str, str]] = {}
    for part in index.parts:
        if part.title != part.label:
            called.setdefault(part.block or part.kind.capitalize(), {})[part.label] = part.title
    rest = index.model_dump(mode="json", by_alias=True, exclude={"parts", "settings", "variants"})
    rest["others"] = [{"key": key, "heading": heading(key)} for key in index.others]
    rest |= {"pictures": [*pictures], "captionTexts": captions, "called": called, "mostChosen": MAX_ONLY}
    yield Markup("], ") + htmlsafe_json_dumps(rest)[1:]


@cache
def _template() -> Template:
    environment = Environment(loader=PackageLoader(_ROOM, ""), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("gallery.html.j2")
