"""What do ad platforms take, and what do they lay over a video? Numbers as they were published, each with its source and the day it was read.

Platforms change these without notice, and third parties disagree: the platform's own page counts before theirs, a newer page before an
older one. Some were read in stored copies of the pages. A number that nobody publishes is not here, and nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from cliptask.spec.rules import Breach, rule

Target = Literal[
    "metaReels", "metaStories", "metaFeed", "tiktok", "youtubeShorts", "snapchat", "pinterest", "linkedin"
]


_EACH = "!has(self.targets) || self.targets.all(a, self.targets.exists_one(b, a == b))"


@rule("has a platform twice", cel=_EACH, field="targets")
def distinct_targets(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  the spec, whose module imports this one
    """Of a spec: no two of its targets are the same."""
    given = spec.targets
    return [
        Breach((index,), f"{name}: keep one") for index, name in enumerate(given) if name in given[:index]
    ]


class Source(NamedTuple):
    """Where a number was published."""

    url: str
    read: str
    """The day, as ISO 8601 has it."""


class Number(NamedTuple):
    """A published number."""

    value: float
    source: Source


class Bounds(NamedTuple):
    """The least and the most that is taken; None where no bound is published."""

    least: Number | None = None
    most: Number | None = None


UNBOUND = Bounds()


class Shape(NamedTuple):
    """Ratios of width to height that are taken, from one to another, or just one."""

    narrowest: Fraction
    widest: Fraction
    source: Source
    least: tuple[Number, Number] | None = None
    """Width and height in pixels."""
    most: tuple[Number, Number] | None = None
    """Likewise."""


class Zone(NamedTuple):
    """What a platform covers of an upright video of 1080x1920, in pixels from each edge; None where it says nothing of one."""

    left: Number | None
    top: Number | None
    right: Number | None
    bottom: Number | None


@dataclass(frozen=True)
class Platform:
    """One place in which ads are shown."""

    title: str
    shapes: tuple[Shape, ...]
    seconds: Bounds = UNBOUND
    size_bytes: Bounds = UNBOUND
    bits_per_second: Bounds = UNBOUND
    fps: Bounds = UNBOUND
    zone: Zone | None = None


ZONE_WIDTH, ZONE_HEIGHT = 1080, 1920
"""What zones are published for."""

_MB, _GB = 1e6, 1e9

_SHOTSTACK = Source("https://shotstack.io/learn/vertical-video-safe-zones", "2026-11-27")
_SPROUT = Source("https://sproutsocial.com/insights/instagram-ad-sizes", "2026-11-29")
_XYZ = Source("https://www.xyzlab.com/meta-ads-specs", "2026-11-29")
_STORIES = Source("https://odysseymediagroup.co.uk/client-resources/facebook-stories", "2026-11-29")
_STORIES_WIDTH = Source(
    "https://services.warroominc.com/en/knowledgebase/meta-stories-ad-specs", "2026-11-29"
)
_INSTAGRAM = Source(
    "https://developers.facebook.com/docs/instagram/ads-api/reference/media-requirements/", "2026-11-29"
)
_TIKTOK = Source("https://ads.tiktok.com/help/article/tiktok-auction-in-feed-ads", "2026-11-29")
_TIKTOK_2026 = Source(
    "https://www.adsights.ai/resources/guides/tiktok-ad-creative-video-specs-guide.md", "2026-11-29"
)
_TIKTOK_TOP = Source("https://adfuseai.com/blog/tiktok-ad-sizes-specs-guide", "2026-11-29")
_SHORTS = Source("https://support.google.com/google-ads/answer/16041697", "2026-11-29")
_SHORTS_SHAPE = Source(
    "https://paidscope.com/blog/youtube-shorts-ad-specs-overlays-skippable-thresholds-safe-zones",
    "2026-11-29",
)
_DEMAND_GEN = Source("https://support.google.com/google-ads/answer/17140777", "2026-11-29")
_SNAPCHAT = Source("https://forbusiness.snapchat.com/resources/advertising-guides/ad-specs", "2026-11-29")
_SNAPCHAT_SIZE = Source("https://odysseymediagroup.co.uk/client-resources/snapchat-single-ads", "2026-11-29")
_SNAPCHAT_ZONE = Source("https://www.ntooitive.com/knowledgebase/snapchat-creative-specs/", "2026-11-29")
_PINTEREST = Source("https://help.pinterest.com/en/business/article/pinterest-product-specs", "2026-11-29")
_LINKEDIN = Source("https://www.linkedin.com/help/lms/answer/a424737", "2026-11-29")
_LINKEDIN_FPS = Source(
    "https://help.hootsuite.com/hc/en-us/articles/1260802306130-LinkedIn-video-specifications-for-ads",
    "2026-11-29",
)


def _shape(
    ratio: str, source: Source, least: tuple[int, int] | None = None, most: tuple[int, int] | None = None
) -> Shape:
    """``ratio`` as ``9:16``; of a range as ``4:5 to 191:100``. The source is that of the sizes, too."""
    ends = [Fraction(*map(int, each.split(":"))) for each in ratio.split(" to ")]
    sizes = ((Number(each[0], source), Number(each[1], source)) if each else None for each in (least, most))
    return Shape(min(ends), max(ends), source, *sizes)


def _from(source: Source, least: float | None, most: float | None = None) -> Bounds:
    return Bounds(*(None if each is None else Number(each, source) for each in (least, most)))


def _zone(
    source: Source, left: float | None, top: float | None, right: float | None, bottom: float | None
) -> Zone:
    edges = (left, top, right, bottom)
    return Zone(*(None if each is None else Number(each, source) for each in edges))


PLATFORMS: Mapping[Target, Platform] = {
    "metaReels": Platform(
        "Reels of Instagram and Facebook",
        (_shape("9:16", _SPROUT),),
        seconds=_from(_XYZ, None, 15 * 60),
        size_bytes=_from(_SPROUT, None, 4 * _GB),
        # 14 %, 35 % and 6 %, as Meta says it.
        zone=_zone(_SHOTSTACK, 65, 269, 65, 672),
    ),
    "metaStories": Platform(
        "Stories of Instagram and Facebook",
        (_shape("9:16", _STORIES_WIDTH, least=(500, 1)),),
        # Facebook's; Instagram takes an hour.
        seconds=_from(_STORIES, 1, 2 * 60),
        size_bytes=_from(_STORIES, None, 4 * _GB),
        # 14 % and 20 %.
        zone=_zone(_STORIES, None, 269, None, 384),
    ),
    "metaFeed": Platform(
        "The feed of Instagram",
        (_shape("4:5 to 191:100", _INSTAGRAM, least=(600, 1)),),
        seconds=_from(_INSTAGRAM, 3, 60),
        size_bytes=_from(_INSTAGRAM, None, 2.3 * _GB),
    ),
    "tiktok": Platform(
        "In-feed ads of TikTok",
        (
            _shape("9:16", _TIKTOK, least=(540, 960)),
            _shape("1:1", _TIKTOK, least=(640, 640)),
            _shape("16:9", _TIKTOK, least=(960, 540)),
        ),
        # Until 2025 the most were 60 s.
        seconds=Bounds(Number(5, _TIKTOK), Number(10 * 60, _TIKTOK_2026)),
        size_bytes=_from(_TIKTOK, None, 500 * _MB),
        bits_per_second=_from(_TIKTOK, 516_000),
        # TikTok publishes templates instead of numbers. 28 % and 15 % of the height and the width.
        zone=Zone(
            Number(120, _SHOTSTACK),
            Number(150, _TIKTOK_TOP),
            Number(162, _TIKTOK_2026),
            Number(538, _TIKTOK_2026),
        ),
    ),
    "youtubeShorts": Platform(
        "Ads between YouTube Shorts",
        (_shape("9:16", _SHORTS_SHAPE),),
        seconds=_from(_SHORTS, None, 3 * 60),
        size_bytes=_from(_DEMAND_GEN, None, 256 * _GB),
        zone=_zone(_SHOTSTACK, 48, 288, 192, 672),
    ),
    "snapchat": Platform(
        "Single video ads of Snapchat",
        (_shape("9:16", _SNAPCHAT),),
        seconds=_from(_SNAPCHAT, 3, 3 * 60),
        size_bytes=_from(_SNAPCHAT_SIZE, None, 1 * _GB),
        zone=_zone(_SNAPCHAT_ZONE, None, 150, None, 150),
    ),
    "pinterest": Platform(
        "Video ads of Pinterest, of standard width",
        (_shape("1:2 to 191:100", _PINTEREST),),
        seconds=_from(_PINTEREST, 4, 15 * 60),
        size_bytes=_from(_PINTEREST, None, 2 * _GB),
    ),
    "linkedin": Platform(
        "Video ads of LinkedIn",
        (_shape("9:16 to 16:9", _LINKEDIN, least=(360, 360), most=(1920, 1920)),),
        seconds=_from(_LINKEDIN, 3, 30 * 60),
        size_bytes=_from(_LINKEDIN, 75_000, 500 * _MB),
        fps=_from(_LINKEDIN_FPS, None, 30),
    ),
}

USUAL: tuple[Target, ...] = ("metaReels", "tiktok", "youtubeShorts")
"""What titles and captions keep clear of where a task names no targets."""
