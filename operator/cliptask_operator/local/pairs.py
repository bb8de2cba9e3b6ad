"""Which caption file belongs to which clip? The one beside it of the same name, or of that and a language; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import splitext

from cliptask.languages import canonical, meant
from cliptask_operator.local.contents import Found, Unused


@dataclass(frozen=True)
class Paired:
    """The captions of a clip."""

    path: str
    """Relative to the folder, with slashes."""
    language: str | None = None
    """Where the file's name says: ``hook.de.srt``."""


def paired(
    captions: Iterable[Found], clips: Iterable[Found]
) -> tuple[Mapping[str, Paired], tuple[Unused, ...]]:
    """Captions by the paths of their clips, and the files that belong to none. Nobody speaks in a still picture."""
    places: dict[str, list[str]] = {}
    for clip in clips:
        if clip.facts.kind != "still":
            places.setdefault(splitext(clip.path)[0], []).append(clip.path)
    found: dict[str, Paired] = {}
    unused: list[Unused] = []
    for each in captions:
        name, language = splitext(each.path)[0], None
        if name not in places:
            name, language = _without_language(name)
        owners = places.get(name, [])
        free = [owner for owner in owners if owner not in found]
        if free:
            found |= dict.fromkeys(free, Paired(each.path, language))
        elif owners:
            unused.append(Unused(each.path, f"{owners[0]} has the captions {found[owners[0]].path}"))
        else:
            unused.append(
                Unused(
                    each.path,
                    "it is a caption file; give it the name of its clip, beside that, or name it there, as captions: {url: ...}",
                )
            )
    return found, tuple(unused)


def _without_language(name: str) -> tuple[str, str | None]:
    stem, extension = splitext(name)
    language = canonical(extension.removeprefix(".")) if extension else None
    return (stem, language) if language and meant(language) is None else (name, None)
