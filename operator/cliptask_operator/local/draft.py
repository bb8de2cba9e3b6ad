"""Which campaign do the files of a folder suggest? Its blocks, tracks and logos, its picture, and how many videos; pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cliptask.errors import InputError
from cliptask.planning.forms import FORMS, Form, has_form, nearest
from cliptask.spec.values import SMALLEST_SIDE
from cliptask_operator.local.blocks import Block, blocks_of, distinct
from cliptask_operator.local.contents import Contents, Found, Unused
from cliptask_operator.local.pairs import Paired, paired

ENOUGH_VIDEOS, FIRST_VIDEOS = 36, 24
"""More combinations than the one are limited to the other, so that the first try takes minutes."""
_LARGEST_SIDE = 1920
"""Of a picture that is made as large as its clips are: a platform shows no larger one."""
_MOST_NAMED = 3


@dataclass(frozen=True)
class Picture:
    """The picture of all videos."""

    form: Form | None
    """None: as large as the clips are, which suits."""
    fit: str | None
    """How clips of another shape fit; None where there are none."""
    why: str
    """For the author."""


@dataclass(frozen=True)
class Draft:
    """A campaign before it is written down."""

    blocks: tuple[Block, ...]
    tracks: tuple[Found, ...]
    logos: tuple[Found, ...]
    unused: tuple[Unused, ...]
    picture: Picture
    captions: Mapping[str, Paired] = field(default_factory=dict)
    """By the paths of their clips."""

    @property
    def combinations(self) -> int:
        """Of clips."""
        return math.prod(len(block.clips) for block in self.blocks)

    @property
    def limit(self) -> int | None:
        """How many videos to make at first, each clip among them; None for all combinations."""
        if self.combinations <= ENOUGH_VIDEOS:
            return None
        return max(FIRST_VIDEOS, *(len(block.clips) for block in self.blocks))

    @property
    def multiplies_music(self) -> bool:
        """Whether each combination gets every track, as there are fewer combinations than tracks."""
        return self.combinations < len(self.tracks) <= ENOUGH_VIDEOS // self.combinations

    @property
    def is_heard(self) -> bool:
        """Whether any clip has a sound of its own."""
        return any(clip.facts.has_audio for block in self.blocks for clip in block.clips)


def draft(contents: Contents, folder: str) -> Draft:
    """The campaign that files suggest. Raises ``InputError``, which names ``folder``, where there is nothing to be seen."""
    seen = [each for each in contents.files if each.facts.kind not in {"audio", "captions"}]
    clips = [each for each in seen if not each.is_cut_out] or seen
    if not clips:
        raise _nothing_to_see(contents, folder)
    blocks, unplaced = blocks_of(clips)
    tracks, equal = distinct(each for each in contents.files if each.facts.kind == "audio")
    logos, again = distinct(each for each in seen if each not in clips)
    shown = [clip for block in blocks for clip in block.clips]
    captions, alone = paired((each for each in contents.files if each.facts.kind == "captions"), shown)
    return Draft(
        blocks=blocks,
        tracks=tracks,
        logos=logos,
        unused=(*contents.unused, *unplaced, *equal, *again, *alone),
        picture=_picture(shown),
        captions=captions,
    )


def _nothing_to_see(contents: Contents, folder: str) -> InputError:
    needed = "put videos or pictures into it, those that are interchangeable into a folder of their own"
    if count := sum(each.facts.kind == "audio" for each in contents.files):
        return InputError(f"{folder}: {f'its {count} files are' if count > 1 else 'its one file is'} sound without pictures: {needed}")  # fmt: skip
    if not contents.unused and not contents.files:
        return InputError(f"{folder}: the folder is empty: {needed}")
    return InputError(f"{folder}: none of its files can be used: {needed}")


def _picture(clips: Sequence[Found]) -> Picture:
    """The clips' own size where it is one that platforms show, else the form that most of them are nearest to."""
    sized = [clip.facts for clip in clips if clip.facts.kind != "still"] or [clip.facts for clip in clips]
    sizes = list(dict.fromkeys((facts.width, facts.height) for facts in sized))
    votes = Counter(nearest(facts.width, facts.height)[0] for facts in sized)
    form = max(FORMS, key=lambda each: votes[each])
    every = {nearest(clip.facts.width, clip.facts.height)[0] for clip in clips}
    fit = None if every == {form} and all(has_form(clip.facts.width, clip.facts.height) for clip in clips) else "blur"  # fmt: skip
    named = ", ".join(f"{width}x{height}" for width, height in sizes[:_MOST_NAMED]) + ", ..." * (len(sizes) > _MOST_NAMED)  # fmt: skip
    largest, smallest = max(map(max, sizes)), min(map(min, sizes))
    if len(votes) == 1 and all(has_form(*size) for size in sizes):
        if largest <= _LARGEST_SIDE and smallest >= SMALLEST_SIDE:
            return Picture(None, fit, f"as large as the clips ({named}), {form.ratio}")
        return Picture(form, fit, f"{form.ratio}, as the clips ({named})")
    if len(sizes) == 1:
        return Picture(form, fit, f"the clips' own shape ({named}) is no ad platform's; {form.ratio} is the nearest")  # fmt: skip
    return Picture(form, fit, f"the clips differ in shape ({named}); {form.ratio} is the nearest for most of them")  # fmt: skip
