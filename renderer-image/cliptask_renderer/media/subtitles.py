"""How do spoken words stand on the picture? Pages of a few words, each word marked while it is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from cliptask.area import area
from cliptask.captions import sooner, within
from cliptask.facts import Word
from cliptask.layers import BurnedCaptions, CaptionLook, SpokenAt, frame_at
from cliptask.names import called
from cliptask.orders import Profile
from cliptask.pages import LATE_MS, Page, pages, stressed
from cliptask_renderer.lettering.typeset import Fonts, Look, Room, Text, typeset
from cliptask_renderer.media.film import Film, write_film

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

_POP = (0.72, 0.94, 1.06, 1.03)
"""The size of words that jump in, frame by frame at 30 a second; 1 from then on."""


@dataclass(frozen=True)
class _Shown:
    """A page at its frames of the segment; words begin at theirs."""

    page: Page
    language: str
    what: str
    """What errors call it."""
    starts: tuple[int, ...]
    end: int
    seen: range
    """Of these the ones in which it is seen."""
    emoji: str | None
    """What draws its emoji in place of what the look names."""


def spans(
    captions: BurnedCaptions, words: Mapping[str, Sequence[Word]], fps: int, frames: int
) -> tuple[range, ...]:
    """Those of the ``frames`` pictures of a segment over which words stand. ``words`` are as for ``compose``."""
    return tuple(page.seen for page in _pages(captions, words, fps, frames, MappingProxyType({})))


def compose(
    captions: BurnedCaptions,
    words: Mapping[str, Sequence[Word]],
    profile: Profile,
    frames: int,
    file: Path,
    fonts: Fonts,
    places: Mapping[str, str] = MappingProxyType({}),
) -> Film | None:
    """Write what lies over the ``frames`` pictures of a segment; None where nothing is said in them.

    ``words`` has those of each recording and of each clip's captions, by their names in the cache; ``places`` are what errors call them. Raises ``InputError`` for what no font here can write.
    """
    look = captions.look
    shown = _pages(captions, words, profile.fps, frames, places)
    if not shown:
        return None
    room = area(profile, is_safe=look.is_safe, free=look.free)
    width, shorter = room.width(look.position), min(profile.width, profile.height)
    height = min(round(shorter * look.letters.size * look.height) // 2 * 2, room.height)
    x, y = room.place(look.position, width, height, 0)
    canvas = _Canvas(width // 2 * 2, height, look)
    states: dict[int, Pixels] = {0: canvas.empty}
    for each in sorted(shown, key=lambda page: page.seen.start):
        most = Room(width, height, look.lines if captions.is_held else None)
        drawn = _drawn(each, look, most, shorter, fonts)
        states |= _within(dict(_states(each, drawn, canvas, profile.fps)), each.seen)
        states[each.seen.stop] = canvas.empty
    pictures = ((frame, states[frame]) for frame in sorted(states) if frame < frames)
    return write_film(pictures, profile.fps, file, x, y)


def _pages(
    captions: BurnedCaptions,
    words: Mapping[str, Sequence[Word]],
    fps: int,
    frames: int,
    places: Mapping[str, str],
) -> list[_Shown]:
    """All that are seen in a segment."""
    return [
        page
        for spoken in captions.spoken
        for page in _shown(spoken, words[spoken.words], captions.look, fps, frames, places)
        if page.seen
    ]


def _shown(
    spoken: SpokenAt,
    words: Sequence[Word],
    look: CaptionLook,
    fps: int,
    frames: int,
    places: Mapping[str, str],
) -> Iterator[_Shown]:
    what = f"{called('text', spoken.words, places)}: its caption"
    marked = tuple(stressed(words, spoken.stressed or ()))
    said, window = within(sooner(marked, spoken.speed), spoken.start_ms), spoken.frames(fps)
    for page in pages(said, look.words, spoken.end_ms / 1000):
        starts = tuple(spoken.frame + frame_at(start_ms, fps) for start_ms in page.starts_ms)
        end = max(spoken.frame + frame_at(page.end_ms, fps), starts[-1] + 1)
        first, last = max(starts[0], window.start), min(end, window.stop)
        if first > starts[0] and last - first < frame_at(LATE_MS, fps):
            continue
        seen = range(max(first, 0), min(last, frames))
        yield _Shown(page, spoken.language, what, starts, end, seen, spoken.emoji)


@dataclass(frozen=True)
class _Canvas:
    """The part of the picture in which all pages stand."""

    width: int
    height: int
    look: CaptionLook

    @property
    def empty(self) -> Pixels:
        return np.zeros((self.height, self.width, 4), np.uint8)

    def with_page(self, rgba: Pixels, scale: float = 1.0) -> Pixels:
        """A page in its place: in the middle, at the edge that the position names."""
        from PIL import Image  # noqa: PLC0415  only where captions are drawn

        picture, canvas = Image.fromarray(rgba), Image.fromarray(self.empty)
        fitting = min(scale, self.width / picture.width, self.height / picture.height)
        if fitting != 1.0:
            size = (max(round(picture.width * fitting), 1), max(round(picture.height * fitting), 1))
            picture = picture.resize(size, Image.Resampling.BICUBIC)
        position = self.look.position.lower()
        free_x, free_y = self.width - picture.width, self.height - picture.height
        x = 0 if position.endswith("left") else free_x if position.endswith("right") else free_x // 2
        # The middle stays where it is while a page grows.
        rest = (picture.height - round(rgba.shape[0] * min(1.0, self.height / rgba.shape[0]))) // 2
        y = (
            -rest
            if position.startswith("top")
            else free_y + rest
            if position.startswith("bottom")
            else free_y // 2
        )
        canvas.paste(picture, (x, min(max(y, 0), free_y)))
        return np.asarray(canvas)


def _drawn(shown: _Shown, look: CaptionLook, room: Room, shorter: int, fonts: Fonts) -> list[Pixels]:
    text = Text(shown.page.words, shown.language, shown.what, is_steady=True, stressed=shown.page.stressed)
    style = look.letters.model_copy(update={"emoji": shown.emoji}) if shown.emoji else look.letters
    return typeset(text, style, shorter, room, _looks(shown, look), fonts)


def _states(
    shown: _Shown, drawn: Sequence[Pixels], canvas: _Canvas, fps: int
) -> Iterator[tuple[int, Pixels]]:
    """Each picture of a page with the frame from which on it stands, in order."""
    jump = [
        (shown.starts[0] + frame, canvas.with_page(drawn[0], _popped(frame, fps)))
        for frame in range(_jump_frames(canvas.look, fps))
        if frame < shown.end - shown.starts[0]
    ]
    yield from jump
    stands = shown.starts[0] + len(jump)
    for number, rgba in enumerate(drawn):
        begins = max(shown.starts[number], stands)
        ends = shown.starts[number + 1] if number + 1 < len(drawn) else shown.end
        if begins < ends:
            yield begins, canvas.with_page(rgba)


def _within(states: Mapping[int, Pixels], seen: range) -> dict[int, Pixels]:
    """Those of the frames in which a page is seen, and first the one that stands when they begin."""
    begun = max(frame for frame in states if frame <= seen.start)
    return {seen.start: states[begun], **{frame: states[frame] for frame in states if frame in seen}}


def _looks(shown: _Shown, look: CaptionLook) -> list[Look]:
    """One for each word that is said; one for all where none is marked."""
    base, count = look.letters.color, len(shown.page.words)
    if look.kind in {"plain", "pop", "oneWord"}:
        # Where the accent does not say which word is said, it stresses.
        colors = (look.accent if look.kind == "oneWord" or each else base for each in shown.page.stressed)
        return [Look(tuple(colors))]
    looks = []
    for said in range(count):
        if look.kind == "highlightBox":
            looks.append(Look((base,) * count, said, look.accent))
        else:
            marked = range(said + 1) if look.kind == "karaoke" else [said]
            looks.append(Look(tuple(look.accent if word in marked else base for word in range(count))))
    return looks


def _jump_frames(look: CaptionLook, fps: int) -> int:
    return round(len(_POP) * fps / 30) if look.kind in {"pop", "oneWord"} else 0


def _popped(frame: int, fps: int) -> float:
    return _POP[min(frame * 30 // fps, len(_POP) - 1)]
