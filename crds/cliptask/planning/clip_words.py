"""Which words of clips' own captions are shown in a variant, and when? Where a line is said, its words are shown instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cliptask.captions import without
from cliptask.facts import Transcript
from cliptask.layers import SpokenAt
from cliptask.orders import CaptionedWords
from cliptask.planning.bindings import Bindings, ClipRange, Transcripts
from cliptask.planning.choices import Choice
from cliptask.planning.timeline import Timeline
from cliptask.spec.places import clip_place
from cliptask.spec.task import ClipTaskSpec


@dataclass(frozen=True)
class ClipWords:
    """What is said in a clip of a variant. Frames count from the begin of the video."""

    words: str
    """Name in the cache of the JSON that has them."""
    language: str
    at_frame: int
    """At which the clip's file begins, be it shown from there or not."""
    shown: range
    """The frames at which its words may be seen."""
    speed: float
    has_emoji: bool = False

    def captioned(self, fps: int) -> CaptionedWords:
        """As a file shows them, and a player."""
        at_ms = self.at_frame * 1000 // fps
        return CaptionedWords(
            words=self.words,
            at_ms=at_ms,
            speed=self.speed,
            start_ms=self.shown.start * 1000 // fps - at_ms,
            end_ms=self.shown.stop * 1000 // fps - at_ms,
        )

    def burned(self, fps: int, lines: Sequence[range], emoji: str | None) -> Iterable[SpokenAt]:
        """As the picture shows them, without the frames at which ``lines`` are said; ``emoji`` draws theirs, see ``SpokenAt``."""
        start, end = self.shown.start, self.shown.stop
        for frames in without(self.shown, lines):
            yield SpokenAt(
                words=self.words,
                language=self.language,
                frame=self.at_frame,
                speed=self.speed,
                start_ms=self._ms(start, fps),
                end_ms=self._ms(end, fps),
                from_ms=None if frames.start == start else self._ms(frames.start, fps),
                until_ms=None if frames.stop == end else self._ms(frames.stop, fps),
                emoji=emoji if self.has_emoji else None,
            )

    def _ms(self, frame: int, fps: int) -> int:
        """Of the clip's file."""
        return (frame - self.at_frame) * 1000 // fps


def clip_words(timeline: Timeline, choice: Choice) -> tuple[ClipWords, ...]:
    """Of the clips of a combination that have captions, in their order. Raises what makes one of them unusable.

    In a transition one clip's words give way to the next one's in the middle. A clip that begins anew because a line outlives
    it is shown without: the line is said meanwhile.
    """
    spans, found = timeline.spans(choice.clips), []
    for row, (span, index) in enumerate(zip(spans, choice.clips, strict=True)):
        clip, clip_range = timeline.spec.video_blocks[row].clips[index], timeline.bindings.clip(row, index)
        if clip.captions is None or clip_range.words is None:
            continue
        first = (span.start + spans[row - 1].stop) // 2 if row else span.start
        last = (span.stop + spans[row + 1].start) // 2 if row + 1 < len(spans) else span.stop
        at_frame = span.start - clip_range.first_frame
        shown = range(first, last)
        found.append(
            ClipWords(
                clip_range.words,
                clip.captions.language,
                at_frame,
                shown,
                clip_range.speed,
                clip_range.has_emoji,
            )
        )
    return tuple(found)


def unsaid(spec: ClipTaskSpec, bindings: Bindings, transcripts: Transcripts) -> tuple[str, ...]:
    """Of the clips whose transcripts are there, in sentences: those in which nothing is said while they are shown."""
    found = []
    for row, block in enumerate(spec.video_blocks):
        for index, clip in enumerate(block.clips):
            transcript = transcripts.get(clip.voice) if clip.voice else None
            shown = bindings.clips[row][index]
            words = transcript.words if isinstance(transcript, Transcript) else None
            if words is not None and isinstance(shown, ClipRange) and shown.words is None:
                where = "the part that is shown" if words else "the file"
                place = clip_place(spec, row, index).at("captions", "transcribe")
                found.append(f"{place}: nothing is said in {where}: it shows no words")
    return tuple(found)
