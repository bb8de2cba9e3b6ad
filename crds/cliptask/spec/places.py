"""What do messages call a place in a task? By its path, with the name and the URL or the words that stand there.

Every message about something in a task begins with its path, as ``spec.videoBlocks[0].clips[2].trim.end``. Whoever has the
text puts line and column before it, see ``Script``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cliptask.names import public_url, shown
from cliptask.spec.captions import ClipVoice
from cliptask.spec.rules import Path
from cliptask.spec.speech import Line
from cliptask.spec.task import ClipTaskSpec

_LONGEST = 200
"""Where a file is, and what it is called, stands at the ends of a URL; the orders of Jobs have room for some hundreds."""


@dataclass(frozen=True)
class Place:
    """A clip, its captions, its voice, a track, an overlay's image, a font or a line. As a text it is ``spec.overlays[1].image (https://x/logo.png)``."""

    path: Path
    what: str
    """The URL without what nobody may read, or the words."""
    name: str | None = None
    """What its author calls it."""
    url: str = ""
    """Of a source, as written."""

    def __str__(self) -> str:
        return self.at()

    def at(self, *below: str | int) -> str:
        """The same at a path below it."""
        what = (
            self.what
            if len(self.what) <= _LONGEST
            else f"{self.what[: _LONGEST // 2]}...{self.what[-_LONGEST // 2 :]}"
        )
        return f"{spelled((*self.path, *below))} ({f'{self.name}, ' if self.name else ''}{what})"

    def blaming(self, words: str, *below: str | int) -> str:
        """A message that names the file or the line itself, as something about this place."""
        return f"{spelled((*self.path, *below))}{f' ({self.name})' if self.name else ''}: {words}"


def spelled(path: Path) -> str:
    """A path for people, e.g. ``spec.videoBlocks[0].clips[2].trim.end``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z_][\w-]{0,60}", step):
            text += f".{step}"
        else:
            text += f"[{shown(step)}]"
    return text.removeprefix(".")


def clip_place(spec: ClipTaskSpec, block: int, index: int) -> Place:
    """Of a clip."""
    clip = spec.video_blocks[block].clips[index]
    return _source(("spec", "videoBlocks", block, "clips", index), clip.url, clip.name)


def captions_place(spec: ClipTaskSpec, block: int, index: int) -> Place | None:
    """Of a clip's caption file, if it has any."""
    captions = spec.video_blocks[block].clips[index].captions
    path: Path = ("spec", "videoBlocks", block, "clips", index, "captions")
    return _source(path, captions.url) if captions and captions.url else None


def voice_places(spec: ClipTaskSpec) -> Iterator[tuple[ClipVoice, Place]]:
    """Of all that is to be written down of clips, in order, row by row."""
    for number, filled in enumerate(spec.by_row):
        for row, block in enumerate(filled.video_blocks):
            for index, clip in enumerate(block.clips):
                if clip.voice is not None:
                    path: Path = ("spec", "videoBlocks", row, "clips", index, "captions", "transcribe")
                    yield clip.voice, _source(path, clip.url, _named(spec, number, clip.name))


def voice_place(spec: ClipTaskSpec, voice: ClipVoice) -> Place:
    """Of the first clip of which this is to be written down."""
    return next(place for each, place in voice_places(spec) if each == voice)


def image_place(spec: ClipTaskSpec, overlay: int) -> Place | None:
    """Of an overlay's image, if it has one."""
    image = spec.overlays[overlay].image
    return _source(("spec", "overlays", overlay, "image"), image.url) if image else None


def font_places(spec: ClipTaskSpec) -> tuple[Place, ...]:
    """Of all fonts, in order."""
    return tuple(
        _source(("spec", "fonts", index), font.url, font.name) for index, font in enumerate(spec.fonts)
    )


def line_place(spec: ClipTaskSpec, index: int) -> Place:
    """Of one of ``spec.lines``."""
    row, number = divmod(index, len(spec.lines_at))
    path, line = list(spec.by_row[row].lines_at.items())[number]
    return Place(path, shown(line.text), _named(spec, row, line.name if isinstance(line, Line) else None))


def track_places(spec: ClipTaskSpec) -> tuple[Place, ...]:
    """Of all tracks, in order: the blocks are one pool."""
    return tuple(
        _source(("spec", "audioBlocks", row, "tracks", index), track.url, track.name)
        for row, block in enumerate(spec.audio_blocks)
        for index, track in enumerate(block.tracks)
    )


def form_place(spec: ClipTaskSpec, index: int) -> str:
    """Of one of ``spec.forms``, as a text."""
    return spelled(("spec", "pictures", index) if spec.pictures else ("spec", "picture"))


def source_places(spec: ClipTaskSpec) -> Iterator[Place]:
    """Of everything that names a URL, in order; of each row what another row before it does not name."""
    known: set[tuple[Path, str]] = set()
    for number, filled in enumerate(spec.by_row):
        for place in _own_places(filled):
            if (place.path, place.url) not in known:
                known.add((place.path, place.url))
                yield replace(place, name=_named(spec, number, place.name)) if number else place


def _named(spec: ClipTaskSpec, row: int, name: str | None) -> str | None:
    """A name with that of the row, where there are rows."""
    if len(spec.by_row) == 1:
        return name
    of_row = f"row {spec.row_labels[row]}"
    return f"{name}, {of_row}" if name else of_row


def _own_places(spec: ClipTaskSpec) -> Iterator[Place]:
    for row, block in enumerate(spec.video_blocks):
        for index in range(len(block.clips)):
            yield clip_place(spec, row, index)
            yield from filter(None, (captions_place(spec, row, index),))
    yield from track_places(spec)
    yield from filter(None, (image_place(spec, index) for index in range(len(spec.overlays))))
    yield from font_places(spec)


def _source(path: Path, url: str, name: str | None = None) -> Place:
    return Place(path, public_url(url), name, url)
