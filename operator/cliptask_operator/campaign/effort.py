"""How many bytes and how much time does a campaign still need? Reckoned from what is made and how long that took. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from cliptask.errors import DiskFull, in_bytes
from cliptask.orders import Cut, PartOrder, SegmentOrder, SoundtrackOrder, VariantOrder
from cliptask.planning.plan import Campaign, encoded_s
from cliptask.recipe import SAMPLE_RATE
from cliptask.spec.quantities import amount
from cliptask.spec.task import ClipTaskSpec
from cliptask_operator.campaign.inventory import Inventory, Missing, missing
from cliptask_operator.campaign.past import VIDEO_S, Past
from cliptask_operator.campaign.preflight import OverBudget
from cliptask_renderer.storage.disk_errors import OTHER_DISK

_BYTES_PER_PIXEL = 0.07 / 8
"""Of a picture of real footage, where nothing of one's own was made yet (docs/performance.md)."""
_FIRST_TIME, _MEASURED = 0.1, 0.5
"""The least part of a guess that is needed all the same: of pictures of any kind, and of those of one's own."""
_S_PER_PIXEL = 1e-8
"""To encode a picture on a core of its own, where nothing was encoded yet."""
_SOUNDTRACK_S = 0.5
"""To mix one, likewise."""
_AUDIO_BYTES_S = 20_000
_FLOAT_STEREO = 8
"""Bytes of a sample of a mix that is not encoded yet."""
_RAW = 1.5
"""Bytes of a pixel that is not encoded yet."""


@dataclass(frozen=True)
class Needs:
    """What is still to be written, where, and for how long."""

    cache_bytes: int = 0
    output_bytes: int = 0
    scratch_bytes: int = 0
    """At most at once, of what is gone afterwards."""
    least: float = 1.0
    """The part of all these that is needed however well it goes."""
    seconds: float | None = None
    """None: nothing like it was made yet."""

    @property
    def kept_bytes(self) -> int:
        """Of all that stays."""
        return self.cache_bytes + self.output_bytes


@dataclass(frozen=True)
class Disk:
    """A file system that is written to."""

    folder: str
    needed_bytes: int
    least_bytes: int
    """What is needed however well it goes."""
    free_bytes: int

    def __str__(self) -> str:
        needed, free = in_bytes(self.needed_bytes), in_bytes(self.free_bytes)
        doubt = "; it may not fit, and goes on while it does" if self.needed_bytes > self.free_bytes else ""
        return f"{self.folder}: needs about {needed}, {free} are free{doubt}"

    @property
    def refusal(self) -> DiskFull | None:
        """Where it is certain that there is no room."""
        if self.least_bytes <= self.free_bytes:
            return None
        return DiskFull(f"{self.folder} has too little room", self.free_bytes, OTHER_DISK, self.needed_bytes)


@dataclass(frozen=True)
class Effort:
    """What a campaign still takes, and the room that there is for it."""

    needs: Needs
    disks: tuple[Disk, ...] = ()

    @property
    def refusal(self) -> DiskFull | None:
        """Where it is certain that there is no room."""
        return next((each.refusal for each in self.disks if each.refusal), None)

    @property
    def lacking_bytes(self) -> int:
        """What is needed on the disk that has the least room left for it."""
        tight = max(self.disks, key=lambda each: each.needed_bytes - each.free_bytes, default=None)
        return tight.needed_bytes if tight else 0


@dataclass(frozen=True)
class Reckoning:
    """For one campaign, made by so many processes."""

    missing: Missing
    past: Past
    workers: int
    lines_bytes: int = 0
    """Of speech that is still to be spoken."""
    copies: Mapping[str, int] = field(default_factory=dict)
    """Sizes of sources of which each process needs a copy, as of those in a bucket."""
    is_apart: bool = False
    """Whether scratch lies on another disk, from which what is made is copied."""

    @property
    def needs(self) -> Needs:
        """See ``Needs``."""
        missing, per_pixel = self.missing, self.past.bytes_per_pixel
        if not (missing.variants or missing.segments or missing.soundtracks):
            return Needs(seconds=0.0)
        segments = [_segment_bytes(each, self.past) for each in missing.segments]
        soundtracks = [_soundtrack_bytes(each) for each in missing.soundtracks]
        videos = [video_bytes(each.order, self.past) for each in missing.variants]
        scratch = [self._beside(each, size) for each, size in zip(missing.segments, segments, strict=True)]
        scratch += [_mix_bytes(each) for each in missing.soundtracks]
        scratch += [size * (1 + bool(self.copies)) if self.is_apart else 0 for size in videos]
        return Needs(
            sum(segments) + sum(soundtracks) + self.lines_bytes,
            sum(videos),
            sum(sorted(scratch)[-self.workers :]),
            _FIRST_TIME if per_pixel is None else _MEASURED,
            self._seconds(),
        )

    def _seconds(self) -> float | None:
        missing, past = self.missing, self.past
        kinds = (
            (sum(map(_encoded_pixels, missing.segments)), past.s_per_pixel),
            (len(missing.soundtracks), past.s_per_soundtrack),
            (len(missing.variants), past.s_per_video),
        )
        known = [amount * each_s for amount, each_s in kinds if each_s is not None]
        is_known = len(known) == sum(1 for amount, each_s in kinds if amount or each_s is not None)
        return sum(known) / self.workers if is_known else None

    def _beside(self, order: SegmentOrder, size_bytes: int) -> int:
        """What a process writes while it makes a segment, and removes."""
        raw = order.profile.width * order.profile.height * _RAW
        canvases = sum(raw * _raw_frames(order, cut) for cut in order.cuts)
        copied = sum(self.copies.get(sha256, 0) for sha256 in order.sources)
        return round(canvases) + copied + (size_bytes if self.is_apart else 0)


def video_bytes(order: VariantOrder, past: Past) -> int:
    """How large a video will be, by those of its parts that are there, and about by what others of its kind took."""
    sound = _soundtrack_bytes(order.soundtrack) if order.soundtrack else 0
    return sum(_segment_bytes(each, past) for each in order.segments) + sound


def still_taken(campaign: Campaign, there: Inventory) -> dict[str, float]:
    """What is still to be made of a campaign, by the names of a budget's fields."""
    lacking = missing(campaign, there)
    size_bytes = Reckoning(lacking, there.past, workers=1).needs.output_bytes
    return {
        "variants": len(lacking.variants),
        "encode_seconds": encoded_s(lacking.segments),
        "bytes": size_bytes,
    }


def bytes_of_videos(campaign: Campaign, there: Inventory) -> int:
    """Of all that a campaign wants: of those that are there, and about what the others will have."""
    return int(still_taken(campaign, there)["bytes"]) + sum(there.sizes_bytes.values())


def check_bytes(spec: ClipTaskSpec, campaign: Campaign, there: Inventory) -> None:
    """Raise ``OverBudget`` where the videos take, or are reckoned to take, more than the task's budget gives."""
    if (most := spec.budget.bytes) is None:
        return
    needed = bytes_of_videos(campaign, there)
    if needed > amount(most):
        about = "" if len(there.videos) == len(campaign.variants) else "about "
        message = (
            f"spec.budget.bytes: the task's videos take {about}{in_bytes(needed)}, its budget gives {most}: set variants.limit, "
            "use a smaller picture or shorter clips, or raise it"
        )
        raise OverBudget(message)


def seconds_per_video(missing: Missing, past: Past) -> float:
    """What a video takes on average, with those of its parts that no other video has, as far as that is known.

    Segments that videos share are made apart; a soundtrack is made with the first video that has it.
    """
    joined = past.s_per_video or VIDEO_S
    if not missing.variants:
        return joined
    uses = Counter(key for each in missing.variants for key in {part.key for part in each.order.segments})
    own = sum(_encoded_pixels(each) for each in missing.segments if uses[each.key] == 1) * (
        past.s_per_pixel or 0
    )
    soundtracks = len(missing.soundtracks) * (past.s_per_soundtrack or 0)
    return joined + (own + soundtracks) / len(missing.variants)


def part_s(part: PartOrder, past: Past) -> float:
    """What a part takes, by what others took."""
    if isinstance(part, SoundtrackOrder):
        return past.s_per_soundtrack or _SOUNDTRACK_S
    return _encoded_pixels(part) * (past.s_per_pixel or _S_PER_PIXEL)


def _segment_bytes(order: SegmentOrder, past: Past) -> int:
    there = past.sizes.get(order.key)
    return there if there is not None else round(_pixels(order) * (past.bytes_per_pixel or _BYTES_PER_PIXEL))


def _raw_frames(order: SegmentOrder, cut: Cut) -> int:
    if cut.kind == "video":
        return 0
    # What moves in a seam goes through a file; a still picture and what it is moved on take some frames' room.
    return 8 + (cut.frames if order.is_seam and (cut.motion or cut.kind == "animation") else 0)


def _pixels(order: SegmentOrder) -> int:
    return order.frames * order.profile.width * order.profile.height


def _encoded_pixels(order: SegmentOrder) -> int:
    return order.frames_encoded * order.profile.width * order.profile.height


def _soundtrack_bytes(order: SoundtrackOrder) -> int:
    return order.samples * _AUDIO_BYTES_S // SAMPLE_RATE


def _mix_bytes(order: SoundtrackOrder) -> int:
    return order.samples * _FLOAT_STEREO if order.loudness is not None else 0
