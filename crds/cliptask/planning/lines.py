"""What is said in a variant, and when does each line begin?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from math import ceil, floor

from cliptask.captions import last_ms
from cliptask.emoji import has_emoji
from cliptask.emphasis import read
from cliptask.errors import ClipTaskError, VariantError
from cliptask.facts import SpokenLine
from cliptask.languages import mp4_code
from cliptask.layers import BurnedCaptions, CaptionLook, SpokenAt
from cliptask.names import speech_object
from cliptask.orders import CaptionedWords, CaptionsOrder, SpeechRef
from cliptask.planning.bindings import Bound
from cliptask.planning.choices import Choice
from cliptask.planning.clip_words import ClipWords, clip_words
from cliptask.planning.timeline import Timeline
from cliptask.spec.places import line_place
from cliptask.spec.quantities import format_duration, frames_of
from cliptask.spec.rules import Path
from cliptask.spec.speech import Utterance
from cliptask.text import heard

FASTEST = 1.25
"""Up to which a voice still sounds as if it spoke so: 150 words a minute, the usual of speech, become 190."""
_SEVERAL = "mul"
"""ISO 639-2 for several languages."""


@dataclass(frozen=True)
class SaidLine:
    """A line of a variant. Frames count from the begin of the video."""

    number: int
    """Of ``spec.lines``."""
    utterance: Utterance
    line: SpokenLine
    at_frame: int
    speed: float = 1.0
    """How much faster than it was spoken it is played."""

    @property
    def takes_s(self) -> float | None:
        """As it is played; None: not known yet."""
        return None if self.line.duration_s is None else self.line.duration_s / self.speed


@dataclass(frozen=True)
class Said:
    """All that is said in a variant, in the order in which it begins."""

    lines: tuple[SaidLine, ...]
    frames: int
    """Of the video."""
    fps: int
    more: int = 0
    """How many of them come after its clips, so that the last line is heard to its end."""
    clips: tuple[ClipWords, ...] = ()
    """What is said in its clips, as far as their captions tell."""

    @property
    def refs(self) -> tuple[SpeechRef, ...]:
        """For the mix."""
        return tuple(
            SpeechRef(
                line_key=each.line.key,
                extension=each.line.extension,
                at_frame=each.at_frame,
                speed=each.speed,
            )
            for each in self.lines
        )

    @property
    def text(self) -> str | None:
        """What is heard of it; None where nobody speaks."""
        return " ".join(heard(each.utterance.said) for each in self.lines) or None

    @property
    def language(self) -> str | None:
        """As MP4 has it."""
        codes = {mp4_code(each.utterance.language) for each in self.lines}
        codes |= {mp4_code(each.language) for each in self.clips}
        return _SEVERAL if len(codes) > 1 else next(iter(codes), None)

    def captions(self, *, is_settled: bool) -> CaptionsOrder | None:
        """Of all that is said. Those in the video itself are not ``is_settled`` by how long a line takes, which nobody knows before it is spoken."""
        if not self.lines and not self.clips:
            return None
        begins = [each.at_frame * 1000 // self.fps for each in self.lines]
        ends = [*begins, self.frames * 1000 // self.fps][1:]
        return CaptionsOrder(
            lines=tuple(
                CaptionedWords(
                    words=speech_object(each.line.key, "json"),
                    at_ms=begin,
                    speed=each.speed,
                    end_ms=last_ms(end - begin, each.takes_s if is_settled else None),
                )
                for each, begin, end in zip(self.lines, begins, ends, strict=True)
            ),
            clips=tuple(each.captioned(self.fps) for each in self.clips),
        )

    def burned(
        self, look: CaptionLook, emoji: str | None = None, *, is_settled: bool
    ) -> BurnedCaptions | None:
        """Of all that is said, as a part of the picture; ``is_settled`` as for ``captions``, where a line's end is 0.

        ``emoji`` draws those of words that have any, see ``SpokenAt``.
        """
        if not self.lines and not self.clips:
            return None
        begins = [each.at_frame for each in self.lines]
        spoken, taken = [], []
        for each, begin, end in zip(self.lines, begins, [*begins, self.frames][1:], strict=True):
            longest_ms = (end - begin) * 1000 // self.fps
            taken_ms = longest_ms if each.takes_s is None else floor(each.takes_s * 1000)
            spoken.append(
                SpokenAt(
                    words=speech_object(each.line.key, "json"),
                    language=each.utterance.language,
                    frame=begin,
                    speed=each.speed,
                    end_ms=min(taken_ms, longest_ms) if is_settled else 0,
                    emoji=emoji if has_emoji(each.utterance.said) else None,
                    stressed=read(each.utterance.text).letters or None,
                )
            )
            if is_settled:
                taken.append(range(begin, begin + ceil(min(taken_ms, longest_ms) * self.fps / 1000)))
        for clip in self.clips:
            spoken += clip.burned(self.fps, taken, emoji)
        return BurnedCaptions(look=look, spoken=tuple(spoken), is_held=True)


def said(timeline: Timeline, choice: Choice, lines: Sequence[Bound[SpokenLine] | None]) -> Said:
    """What is said in a combination; ``lines`` are as for ``plan``.

    Raises what makes one of them unusable, and ``VariantError`` where one begins after its clip, lasts into the next or, by
    ``sound.overflow``, may not last as long as it does. One whose length is not known yet is taken to fit.
    """
    spec, fps, numbers = timeline.spec, timeline.profile.fps, timeline.line_numbers
    spans = timeline.spans(choice.clips)
    found = []
    for path, below, block, offset in _wanted(timeline, choice):
        number, span = numbers[path], spans[block]
        line, late = lines[number], frames_of(offset, fps)
        if isinstance(line, ClipTaskError):
            raise line
        if late >= len(span):
            message = (
                f"{line_place(spec, number).at(*below)}: begins {format_duration(offset)} after its clip does, which takes "
                f"{len(span) / fps:.1f} s in this video: let it begin sooner"
            )
            raise VariantError(message)
        if line is not None:
            found.append(SaidLine(number, spec.lines_at[path], line, span.start + late))
    ordered = tuple(sorted(found, key=lambda each: each.at_frame))
    _refuse_overlaps(timeline, ordered)
    return replace(_settled(timeline, ordered, spans[-1]), clips=clip_words(timeline, choice))


def _wanted(timeline: Timeline, choice: Choice) -> Iterator[tuple[Path, Path, int, timedelta]]:
    """Of each line its path, where its offset stands below that, its block and its offset."""
    spec = timeline.spec
    if choice.line is not None:
        at = spec.speech[choice.line].at
        block = next((row for row, each in enumerate(spec.video_blocks) if at and each.name == at.block), 0)
        yield ("spec", "speech", choice.line), ("at", "offset"), block, at.offset if at else timedelta(0)
    for row, (block_spec, index) in enumerate(zip(spec.video_blocks, choice.clips, strict=True)):
        path: Path = ("spec", "videoBlocks", row)
        for below, own in (
            (("speech",), block_spec.speech),
            (("clips", index, "speech"), block_spec.clips[index].speech),
        ):
            if own is not None:
                yield (*path, *below), ("offset",), row, own.offset


def _refuse_overlaps(timeline: Timeline, lines: Sequence[SaidLine]) -> None:
    """Two voices at once are understood by nobody, and their captions would lie over each other."""
    fps = timeline.profile.fps
    for first, second in pairwise(lines):
        begins_s, ends_s = second.at_frame / fps, first.at_frame / fps + (first.line.duration_s or 0)
        if first.at_frame == second.at_frame or ends_s > begins_s:
            lasts = f" and takes {first.line.duration_s:.1f} s" if first.line.duration_s else ""
            one, other = (line_place(timeline.spec, each.number) for each in (first, second))
            message = (
                f"{one} begins at {first.at_frame / fps:.1f} s{lasts}, {other} begins at {begins_s:.1f} s: "
                "two would speak at once: shorten the first, or give the second a later offset"
            )
            raise VariantError(message)


def _settled(timeline: Timeline, lines: tuple[SaidLine, ...], last_clip: range) -> Said:
    """With what becomes of the picture, whose last clip has these frames, or of the last line, where that lasts longer. Raises ``VariantError`` where it may not."""
    fps, frames, overflow = timeline.profile.fps, last_clip.stop, timeline.spec.sound.overflow
    said = Said(lines, frames, fps)
    last = lines[-1] if lines else None
    if last is None or last.line.duration_s is None or overflow == "Trim":
        return said
    more = ceil(last.at_frame + last.line.duration_s * fps - 1e-6) - frames
    if more <= 0:
        return said
    if overflow in ("Freeze", "Loop"):
        return replace(said, frames=frames + more, more=more)
    speed = ceil(last.line.duration_s * fps / (frames - last.at_frame) * 1000) / 1000
    if overflow == "Speed" and speed <= FASTEST:
        return replace(said, lines=(*lines[:-1], replace(last, speed=speed)))
    begin = f" from {last.at_frame / fps:.1f} s on" if last.at_frame else ""
    remedy = (
        f"it would have to be {speed:g} times as fast, {FASTEST:g} is the most: shorten it, use longer clips, or set "
        "spec.sound.overflow to Trim, Freeze or Loop"
        if overflow == "Speed"
        else "shorten it, use longer clips, or set spec.sound.overflow to Trim, Freeze, Loop or Speed"
    )
    message = f"{line_place(timeline.spec, last.number)} takes {last.line.duration_s:.1f} s{begin}, the picture {frames / fps:.1f} s: {remedy}"
    raise VariantError(message)
