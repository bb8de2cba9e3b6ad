"""What did it take so far? How large parts and videos became and how long each took to make, as their metadata note it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Self

from cliptask_renderer.storage.base import StoredObject


class Part(NamedTuple):
    """A segment or a soundtrack of a cache."""

    size_bytes: int
    pixels: int = 0
    """Of all its pictures; 0 of a soundtrack, or where nobody noted it."""
    took_s: float = 0.0
    """0 where nobody noted it."""
    frames: int = 0
    """As ``pixels``."""
    memory_bytes: int = 0
    """The most that it took to make it; 0 where that is not known."""

    @classmethod
    def of(cls, stored: StoredObject) -> Self:
        """By its metadata."""
        noted = stored.metadata
        try:
            pixels, frames, memory = (int(noted.get(each, 0)) for each in ("pixels", "frames", "memory"))
            return cls(stored.size_bytes, pixels, float(noted.get("took", 0)), frames, memory)
        except ValueError:
            return cls(stored.size_bytes)


class Past(NamedTuple):
    """What earlier runs took; None: nothing is known of that."""

    bytes_per_pixel: float | None = None
    s_per_pixel: float | None = None
    s_per_soundtrack: float | None = None
    s_per_video: float | None = None
    sizes: Mapping[str, int] = MappingProxyType({})
    """Bytes of each segment that the campaign has, by its key."""
    memory_by_area: Mapping[int, int] = MappingProxyType({})
    """The most memory that a segment took, by the pixels of one of its pictures."""
    memory_of_soundtrack: int | None = None
    memory_of_video: int | None = None
    """As above."""

    @classmethod
    def of(cls, parts: Collection[Part], videos: Iterable[Part], sizes: Mapping[str, int]) -> Self:
        """By all parts of a cache and the videos of a folder; ``sizes`` as above."""
        pictures = [part for part in parts if part.pixels and part.took_s]
        pixels = sum(part.pixels for part in pictures)
        videos = tuple(videos)
        return cls(
            sum(part.size_bytes for part in pictures) / pixels if pixels else None,
            sum(part.took_s for part in pictures) / pixels if pixels else None,
            _mean([part.took_s for part in parts if not part.pixels and part.took_s]),
            _mean([video.took_s for video in videos if video.took_s]),
            sizes,
            _memory_by_area(parts),
            max((part.memory_bytes for part in parts if not part.pixels), default=0) or None,
            max((video.memory_bytes for video in videos), default=0) or None,
        )


NO_PAST = Past()
VIDEO_S = 0.5
"""To join a video from segments that are there, where none was made yet."""


def _memory_by_area(parts: Iterable[Part]) -> Mapping[int, int]:
    most: dict[int, int] = {}
    for part in parts:
        if part.frames and part.pixels and part.memory_bytes:
            area = part.pixels // part.frames
            most[area] = max(part.memory_bytes, most.get(area, 0))
    return most


def _mean(values: Collection[float]) -> float | None:
    return sum(values) / len(values) if values else None
