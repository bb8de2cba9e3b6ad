"""Which frames follow each other? From the clips of a variant to its segments, seams, overlays and sounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, TypeVar

from cliptask import recipe
from cliptask.area import unusual
from cliptask.errors import ClipTaskError, InvalidTask, SourceError
from cliptask.facts import SourceFacts
from cliptask.layers import BurnedCaptions, Layer, OverlayOrder, SpokenAt, frame_at
from cliptask.order import Order
from cliptask.orders import ClipSound, Cut, Profile, SegmentOrder, TransitionOrder, meet
from cliptask.pages import LATE_MS
from cliptask.planning.bindings import Bindings, Bound, ClipRange
from cliptask.planning.laid import age_of, layer_of, refuse_hidden
from cliptask.planning.looks import clearance, neighbours, passage
from cliptask.spec.disclosure import label_of
from cliptask.spec.ingredients import Clip
from cliptask.spec.overlays import Overlay
from cliptask.spec.places import clip_place
from cliptask.spec.quantities import format_duration, frames_of
from cliptask.spec.task import ClipTaskSpec
from cliptask.spec.transitions import Transition, transition_between

OrderT = TypeVar("OrderT", bound=Order | None)


class Origin(NamedTuple):
    """Of what overlays count from: how many of its frames are before a run of frames, and how many it has."""

    before: int
    total: int


@dataclass(frozen=True)
class Made:
    """What timelines have made so far: what is equal is the same object, as keys are slow."""

    segments: dict[object, SegmentOrder] = field(default_factory=dict)
    orders: dict[Any, Any] = field(default_factory=dict)
    """Of what else is common to many variants, each by itself."""
    seen: set[int] = field(default_factory=set)
    """Of all that lies over the picture, what some segment has, by its number."""


class Timeline:
    """The frames of every variant in one form.

    A transition of d frames makes the last d of one clip and the first d of the next one seam; what is left of a
    clip is its body, in pieces where it is long. What lies over the whole video lies over the finished seam, what belongs to
    a block moves with its clip. Pieces and seams are segments, equal ones the same object.
    """

    def __init__(
        self,
        spec: ClipTaskSpec,
        bindings: Bindings,
        form: int = 0,
        texts: Sequence[int] = (),
        label: str | None = None,
        made: Made | None = None,
        *,
        is_draft: bool = False,
    ) -> None:
        """``form``: the place of one of ``spec.forms``; frames are the same in each. ``texts``: of a text in each text block.

        ``label`` is the text that discloses what AI made, ``made`` is common to all timelines of a form. A draft's segments are soon encoded: those with words take no pictures of others, which would have to be made first.
        """
        self.spec, self.bindings, self._is_draft = spec, bindings, is_draft
        chosen = zip(spec.text_blocks, texts, strict=True)
        disclosing = label_of(spec)
        self.overlays = (
            *spec.overlays,
            *(block.overlay(block.texts[index]) for block, index in chosen),
            *([disclosing.overlay(label)] if disclosing and label is not None else []),
        )
        """All that lies over the picture, texts after what all videos have, and the label last."""
        (width, height), fps = bindings.sizes[form], bindings.fps
        self._full_size = bindings.full_sizes[form]
        self.form = spec.form_names[form]
        """Its name; None of one alone."""
        self.free = unusual(spec.targets, *self._full_size)
        """What its targets leave free of the picture, where that is not the usual."""
        picture = spec.forms[form]
        self.profile = Profile(
            width=width,
            height=height,
            fps=fps,
            fit=picture.fit,
            crop=picture.crop.as_integer_ratio() if picture.crop else None,
            background=picture.background,
        )
        pairs = pairwise(block.name for block in spec.video_blocks)
        self._transitions = [transition_between(spec.transitions, *pair) for pair in pairs]
        lengths = (each.duration if each else None for each in self._transitions)
        self._overlaps = (0, *(frames_of(each, fps) if each else 0 for each in lengths), 0)
        """In frames, before each block and after the last."""
        self.line_numbers = {path: number for number, path in enumerate(spec.lines_at)}
        """Of each line among ``spec.lines``, by its path."""
        made = made or Made()
        self._made, self._seen, self._orders = made.segments, made.seen, made.orders
        self._neighbours = neighbours(self.overlays)
        for index, overlay in enumerate(self.overlays):
            image = self.image(index)
            known = image if isinstance(image, SourceFacts) else None
            refuse_hidden(self.laid_at(index), overlay, known, self._full_size)

    def segments(self, clips: Sequence[int], more: int = 0) -> tuple[SegmentOrder, ...]:
        """The segments of a variant in order; ``clips`` has the place of a clip in each block.

        The picture lasts ``more`` frames longer than its clips. Raises what makes a clip unusable, or ``SourceError`` where one
        is too short for its transitions.
        """
        ranges = [self._range(block, clip) for block, clip in enumerate(clips)]
        starts = self._starts(ranges)
        total = starts[-1] + ranges[-1].frames + more
        parts: list[SegmentOrder] = []
        for block, (clip, clip_range, start) in enumerate(zip(clips, ranges, starts, strict=True)):
            head, tail = self._overlaps[block : block + 2]
            if transition := self._transitions[block - 1] if block else None:
                before = ranges[block - 1].frames
                ending = self._cut(block - 1, clips[block - 1], before - head, before, {})
                beginning = self._cut(block, clip, 0, head, {})
                over = self._overlays(head, {None: Origin(start, total)})
                parts.append(self._segment((ending, beginning), _order(transition), over))
            for begin, end in pairwise(_pieces(head, clip_range.frames - tail, self.profile.fps)):
                parts.append(
                    self._segment((self._cut(block, clip, begin, end, {None: Origin(start + begin, total)}),))
                )
        for first, stop, shift in self._rounds(ranges[-1].frames, more):
            last, start = len(clips) - 1, starts[-1] + shift
            for begin, end in pairwise(_pieces(first, stop, self.profile.fps)):
                parts.append(
                    self._segment(
                        (self._cut(last, clips[-1], begin, end, {None: Origin(start + begin, total)}),)
                    )
                )
        return tuple(parts)

    def one(self, order: OrderT) -> OrderT:
        """Of equal orders the first, for those of which thousands of variants have the same few."""
        first: OrderT = self._orders.setdefault(order, order)
        return first

    def _rounds(self, length: int, more: int) -> Iterator[tuple[int, int, int]]:
        """What of a clip of so many frames is shown after its end: frames [begin, end), of a clip that begins so much later.

        Those beyond its length are its last picture, which stands.
        """
        if self.spec.sound.overflow == "Loop":
            for shift in range(0, more, length):
                yield 0, min(length, more - shift), length + shift
        elif more:
            yield length, length + more, 0

    def pictures(self, clips: Sequence[int], segments: Sequence[SegmentOrder]) -> tuple[SegmentOrder, ...]:
        """Of the segments of a variant, the one for each clip that shows it alone, nearest to its middle."""
        ranges = [self._range(block, clip) for block, clip in enumerate(clips)]
        ends = list(accumulate(segment.frames for segment in segments))
        alone = [
            (end - segment.frames, end, segment)
            for end, segment in zip(ends, segments, strict=True)
            if not segment.is_seam
        ]
        found: list[SegmentOrder] = []
        for start, clip_range in zip(self._starts(ranges), ranges, strict=True):
            middle = start + clip_range.frames // 2
            own = [each for each in alone if start <= each[0] and each[1] <= start + clip_range.frames]
            found.append(min(own, key=lambda each: max(each[0] - middle, middle - each[1] + 1, 0))[2])
        return tuple(found)

    def sounds(self, clips: Sequence[int], more: int = 0) -> tuple[ClipSound, ...]:
        """The clips' own sounds in their places, faded over where the pictures are; those that are wanted. ``more`` as for ``segments``."""
        ranges = [self.bindings.clip(block, clip) for block, clip in enumerate(clips)]
        volumes = [self._volume(block, clip) for block, clip in enumerate(clips)]
        sounds = [
            ClipSound(
                source=clip_range.facts.sha256,
                stream=clip_range.facts.sound_stream,
                video_start_us=clip_range.facts.look.start_us if clip_range.facts.look else 0,
                first_frame=clip_range.first_frame,
                frames=clip_range.frames,
                at_frame=start,
                fade_in_frames=self._overlaps[block],
                fade_out_frames=self._overlaps[block + 1],
                speed=clip_range.speed,
                volume=volumes[block],
            )
            for block, (clip_range, start) in enumerate(zip(ranges, self._starts(ranges), strict=True))
            if clip_range.facts.sound_stream is not None and volumes[block]
        ]
        if sounds and ranges[-1].facts.sound_stream is not None and volumes[-1]:
            again, length = sounds[-1], ranges[-1].frames
            sounds += [
                again.model_copy(
                    update={"frames": end, "at_frame": again.at_frame + shift, "fade_in_frames": 0}
                )
                for begin, end, shift in self._rounds(length, more)
                if begin < length
            ]
        return tuple(sounds)

    def captioned(
        self, segments: Sequence[SegmentOrder], captions: BurnedCaptions
    ) -> tuple[SegmentOrder, ...]:
        """The segments of a variant with what is said in each: those in which nothing is said stay as they are."""
        starts = accumulate((segment.frames for segment in segments), initial=0)
        return tuple(
            self._with_words(segment, start, captions)
            for segment, start in zip(segments, starts, strict=False)
        )

    def _with_words(self, segment: SegmentOrder, start: int, captions: BurnedCaptions) -> SegmentOrder:
        heard = tuple(
            found
            for each in captions.spoken
            if (found := self._heard(each, range(start, start + segment.frames)))
        )
        if not heard:
            return segment
        # Keys are slow: equal segments are one object.
        known = (id(segment), heard)
        changed = {"spoken": heard, "copies": None if self._is_draft else True}
        shown = captions.model_copy(update=changed)
        return self._made.setdefault(known, segment.captioned(shown))

    def _heard(self, spoken: SpokenAt, frames: range) -> SpokenAt | None:
        """What is said as a segment of these frames has it, the same wherever else it begins or ends; None where it is not said there."""
        fps = self.profile.fps
        seen = spoken.frames(fps)
        if not meet(seen, frames):
            return None
        begins = seen.start + frame_at(LATE_MS, fps) > frames.start
        return spoken.model_copy(
            update={
                "frame": spoken.frame - frames.start,
                "from_ms": spoken.from_ms if begins else None,
                "until_ms": spoken.until_ms if seen.stop < frames.stop else None,
            }
        )

    def _volume(self, block: int, clip: int) -> float:
        """Of a clip's own sound."""
        own = self.spec.video_blocks[block].clips[clip].volume
        return self.spec.sound.clip_volume * (1.0 if own is None else own)

    def spans(self, clips: Sequence[int]) -> tuple[range, ...]:
        """The frames of the video that each clip is seen in, those of its transitions included. Raises as ``segments``."""
        ranges = [self._range(block, clip) for block, clip in enumerate(clips)]
        return tuple(
            range(start, start + clip_range.frames)
            for start, clip_range in zip(self._starts(ranges), ranges, strict=True)
        )

    def refuse_unseen(self) -> None:
        """Raise ``InvalidTask`` for overlays that lie over no frame of any segment made so far."""
        for index, overlay in enumerate(self.overlays):
            if index not in self._seen:
                place = f"the block {overlay.block!r} ends" if overlay.block else "every video ends"
                message = f"{self.laid_at(index)}.from: {format_duration(overlay.from_)} is when {place}, so nobody would see it"
                raise InvalidTask(message)

    def laid_at(self, index: int) -> str:
        """Where the spec has what lies over the picture."""
        titles, texts = len(self.spec.overlays), len(self.spec.text_blocks)
        if index >= titles + texts:
            return "spec.disclosure.label"
        return f"spec.overlays[{index}]" if index < titles else f"spec.textBlocks[{index - titles}]"

    def image(self, index: int) -> Bound[SourceFacts] | None:
        """Of what lies over the picture; None of a text."""
        images = self.bindings.images
        return images[index] if index < len(images) else None

    def _range(self, block: int, clip: int) -> ClipRange:
        clip_range = self.bindings.clip(block, clip)
        overlaps = sum(self._overlaps[block : block + 2])
        if clip_range.frames <= overlaps:
            message = (
                f"{clip_place(self.spec, block, clip)} has {clip_range.frames} frames, its transitions take {overlaps}: "
                "use a longer clip or a shorter transition"
            )
            raise SourceError(message)
        return clip_range

    def _starts(self, ranges: Sequence[ClipRange]) -> list[int]:
        """The frame of the video at which each clip's first frame lies."""
        lasting = (each.frames - self._overlaps[block + 1] for block, each in enumerate(ranges[:-1]))
        return list(accumulate(lasting, initial=0))

    def _segment(
        self,
        cuts: tuple[Cut, ...],
        transition: TransitionOrder | None = None,
        overlays: tuple[OverlayOrder, ...] = (),
    ) -> SegmentOrder:
        what = (cuts, transition, overlays)
        if what not in self._made:
            self._made[what] = SegmentOrder(
                profile=self.profile, cuts=cuts, transition=transition, overlays=overlays
            )
        return self._made[what]

    def _cut(self, block: int, clip: int, begin: int, end: int, origins: Mapping[str | None, Origin]) -> Cut:
        """Frames [begin, end) of a clip, with what its block lays over it; ``origins`` as in ``_overlays``, of the video.

        Beyond its end its last picture stands.
        """
        clip_range, block_spec = self.bindings.clip(block, clip), self.spec.video_blocks[block]
        facts, motion = clip_range.facts, block_spec.clips[clip].motion
        moves = facts.kind != "still" or motion
        return Cut(
            source=facts.sha256,
            kind=facts.kind,
            look=facts.look,
            first_frame=clip_range.first_frame + min(begin, clip_range.frames - 1) if moves else 0,
            frames=end - begin,
            is_held=bool(moves) and begin >= clip_range.frames,
            speed=clip_range.speed,
            motion=motion,
            motion_frames=clip_range.frames if motion else 0,
            backdrop="still" if motion and self.profile.fit == "blur" else None,
            focus=self._focus(block_spec.clips[clip]),
            overlays=self._overlays(
                end - begin, {block_spec.name: Origin(begin, clip_range.frames), **origins}
            ),
        )

    def _focus(self, clip: Clip) -> tuple[float, float]:
        """Where it can be seen: elsewhere it changes no key."""
        if clip.focus is None or not (
            clip.motion or self.profile.crop or self.profile.fit in {"cover", "blur"}
        ):
            return (0.5, 0.5)
        return float(clip.focus.left), float(clip.focus.top)

    def _overlays(self, frames: int, origins: Mapping[str | None, Origin]) -> tuple[OverlayOrder, ...]:
        """What lies over a run of frames: overlays of the blocks, and of the video (None), at whose frames ``origins`` it begins."""
        over = []
        for index, overlay in enumerate(self.overlays):
            if overlay.block not in origins:
                continue
            (origin, total), fps = origins[overlay.block], self.profile.fps
            begin = frames_of(overlay.from_, fps) - origin
            end = frames_of(overlay.to, fps) - origin if overlay.to else None
            first, last = max(begin, 0), min(frames, frames if end is None else end)
            if first < last:
                self._seen.add(index)
                over.append(self._overlay(index, overlay, range(first, last), begin, end, total - origin))
        return tuple(over)

    def _overlay(
        self, index: int, overlay: Overlay, seen: range, begin: int, end: int | None, stop: int
    ) -> OverlayOrder:
        """An overlay that lasts from ``begin`` to ``end`` over the frames of a cut in which it is ``seen``.

        All counts from the cut's begin; at ``stop`` its block ends, or the video.
        """
        fps = self.profile.fps
        enter, leave = passage(overlay.in_, fps), passage(overlay.out, fps)
        before, after = seen.start - begin, seen.stop if end is None else end - seen.stop
        # Only while it moves: cuts in which it rests are the same wherever they lie.
        enter = enter if enter and before < enter.frames else None
        leave = leave if leave and after < leave.frames else None
        layer = self.layer(index, overlay)
        lasts = max((stop if end is None else min(end, stop)) - begin, 1)
        return OverlayOrder(
            **dict(layer),
            start_frame=seen.start,
            end_frame=seen.stop,
            beside=tuple(self.layer(each, self.overlays[each]) for each in self._neighbours[index]),
            clear=clearance(overlay, self.spec.captions, self.profile),
            enter=enter,
            leave=leave,
            before=before if enter else 0,
            after=after if leave else 0,
            age=age_of(layer, before, lasts),
            lasts=lasts if layer.bar else None,
        )

    def layer(self, index: int, overlay: Overlay) -> Layer:
        """What one of ``overlays`` is without its times, by its place. Raises what makes its picture unusable."""
        image = self.image(index)
        if isinstance(image, ClipTaskError):
            raise image
        return layer_of(overlay, image, self.bindings.font, self._full_size, self.profile.fps, self.free)


def _pieces(begin: int, end: int, fps: int) -> list[int]:
    """Where the pieces of the frames [begin, end) begin, and the end of the last: all have one length but that."""
    return [*range(begin, max(end - recipe.GOP_S * fps, begin) + 1, recipe.PIECE_S * fps), end]


def _order(transition: Transition) -> TransitionOrder:
    return TransitionOrder.model_validate(transition.model_dump(include={"kind", "color"}))
