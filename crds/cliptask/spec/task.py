"""What may a ClipTask say? The resource as frozen models: the source of the CRD, of its docs and of validation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel, to_snake

from cliptask import languages, names
from cliptask.spec import remedies
from cliptask.spec.position import Position
from cliptask.spec.quantities import Amount, Duration, Percentage, Together, amount
from cliptask.spec.rules import Breach, Path, Rule, check, rule, when
from cliptask.text import drawn, heard, normal

GROUP, VERSION, KIND, PLURAL = "cliptask.dev", "v1alpha1", "ClipTask", "cliptasks"
MAX_VARIANTS = 10_000
"""More combinations than this are refused unless the task limits them."""
MAX_ONLY = 1000
"""As many combinations may a task name one by one."""

NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$"
LABEL_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,45}[a-z0-9])?$"
_BUCKET = r"gs://[a-z0-9][-._a-z0-9]{1,220}[a-z0-9]"
URL_PATTERN = (
    rf"^(https?://[^\s/?#\x00-\x1f\x7f]|file:///|{_BUCKET}/[^\s/?#\x00-\x1f\x7f])[^\s\x00-\x1f\x7f]*$"
)
URL_WORDS = "is not a URL that can be fetched: write https://host/path, gs://bucket/object or file:///path, with %20 for a space"
"""What is said of a text that breaks the pattern."""
LONGEST_URL = 2048
LOST = "\ufffd"
"""What decoders put in the place of a character that they do not know."""
UNUSABLE = rf"\x00-\x08\x0b\x0c\x0e-\x1f\x7f{LOST}"
"""Characters that are in no text, as the inside of a pattern's class."""
TEXT_PATTERN = rf"^[^{UNUSABLE}]*[^\s\x00-\x1f\x7f{LOST}][^{UNUSABLE}]*$"
LANGUAGE_PATTERN = languages.TAG_PATTERN
OUTPUT_PATTERN = rf"^(file:///[^\s?#\x00-\x1f\x7f]*|{_BUCKET}(/[^\s?#\x00-\x1f\x7f]*)?)$"
OUTPUT_WORDS = (
    "must be a folder such as file:///srv/campaigns or gs://bucket/campaigns, without spaces, ? and #"
)
_SLASH = "(/|%2[fF])"
_NO_FOLDER = f"^[a-z]+://.*{_SLASH}(([.]|%2[eE]){{1,2}}({_SLASH}|$)|{_SLASH}[^/])"
"""``.``, ``..`` or nothing where a folder's name should be, in bare letters or in percents; as CEL and Python read it."""


def _splits(url: str) -> str:
    try:
        port = urlsplit(url).port
    except ValueError:
        port = 0
    if port == 0:
        message = "is not a URL that can be fetched: its host or its port is malformed"
        raise ValueError(message)
    return url


def _visible(text: str) -> str:
    if not drawn(text).strip():
        message = "must hold a visible character: it has only spaces and what nobody sees"
        raise ValueError(message)
    return text


def _says_something(text: str) -> str:
    if not drawn(heard(text)).strip():
        message = "holds nothing but directions for the voice: write words that it says, too"
        raise ValueError(message)
    return text


def _shortest(tag: str) -> str:
    meant = languages.canonical(tag)
    if meant not in {None, tag}:
        message = f"is not the shortest code of the language: write {meant}"
        raise ValueError(message)
    meant = languages.meant(tag)
    if meant is not None:
        remedy = f"write {meant}" if meant else "write its code of ISO 639, such as en or uk"
        message = f"is no language: {remedy}"
        raise ValueError(message)
    return tag


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=40)]
"""A label of lower-case letters, digits and hyphens, as in file names and Kubernetes."""

Label = Annotated[str, StringConstraints(pattern=LABEL_PATTERN, max_length=47)]
"""What a clip, a track or a line is called in the videos' names: its name, or a label with six digits."""

SourceUrl = Annotated[
    str, StringConstraints(pattern=URL_PATTERN, max_length=LONGEST_URL), AfterValidator(_splits)
]
Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=TEXT_PATTERN),
    AfterValidator(_visible),
    AfterValidator(drawn),
]
"""A text over the picture; in Python as it is drawn, so that what looks the same is the same."""

SpokenText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=5000, pattern=TEXT_PATTERN),
    AfterValidator(normal),
    AfterValidator(_visible),
    AfterValidator(_says_something),
]
"""What a voice is given, with directions for it; in Unicode's normal form, so that it is paid for once."""

SMALLEST_SIDE, LARGEST_SIDE = 64, 3840
"""Pixels along an edge of a video's picture."""

Fps = Literal[24, 25, 30, 48, 50, 60]
"""Rates that ad platforms take and that divide both 90,000 ticks and 48,000 samples."""


class Part(BaseModel):
    """Common to every object of the resource: frozen, camelCase, nothing unknown.

    The string after a field is what the CRD and the reference say of it: ``schema`` reads it.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        ignored_types=(Rule,),
    )

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> Self:
        check(self)
        return self


_SHORTEST = timedelta(milliseconds=100)


def _distinct(message: str, field: str, *, given: bool = True, named: bool = True) -> Rule:
    """A rule: no two elements of a list have the same name. What is not always ``given`` or ``named`` may be left out."""
    some = f"self.{field}"
    cel = f"{some}.all(a, {some}.exists_one(b, a.name == b.name))"
    if not named:
        cel = f"{some}.all(a, !has(a.name) || {some}.exists_one(b, has(b.name) && a.name == b.name))"

    @rule(message, cel=cel if given else f"!has({some}) || {cel}", field=field)
    def distinct(part: Part) -> Iterable[Breach]:
        given = [element.name for element in getattr(part, to_snake(field))]
        return [Breach((i, "name")) for i, name in enumerate(given) if name and name in given[:i]]

    return distinct


class Trim(Part):
    """The part of a clip to use."""

    start: Duration = timedelta(0)
    """Where the part begins, from the file's first frame. Default: 0ms."""
    end: Duration | None = None
    """Where the part ends. Default: the end of the file."""

    @rule(
        "must be after start",
        cel="!has(self.end) || duration(has(self.start) ? self.start : '0s') < duration(self.end)",
        field="end",
    )
    def _ordered(self) -> Iterable[Breach]:
        return when(self.end is not None and self.end <= self.start)


class Clip(Part):
    """One interchangeable clip of a block: a video, an animated picture (GIF, WebP, APNG, AVIF) or a still one."""

    url: SourceUrl
    """Where the file is: https://, gs://bucket/object or http:// (where the installation allows it); in local mode also its path, relative to the task's file, and file://. At most 10 minutes long, before any trim."""
    name: Name | None = None
    """Its label in the videos' names. Default: from the file's name."""
    trim: Trim | None = None
    """The part of a video, or of an animated picture, to use. Default: all of it."""
    duration: Duration | None = None
    """How long to show a picture; required for a still one, refused for a video. An animated one begins anew until then."""
    motion: Literal["zoomIn", "zoomOut", "panLeft", "panRight"] | None = None
    """A slow camera movement over a still picture; refused for an animated one. Default: none."""

    @property
    def label(self) -> str:
        """What it is called, where no other is called the same."""
        return self.name or names.label_of_url(self.url)

    @property
    def title(self) -> str:
        """What people call it, in its own script."""
        return self.name or names.title_of_url(self.url)

    @rule(
        "trim is for a video, duration for a still picture: give one of them",
        cel="!has(self.trim) || !has(self.duration)",
    )
    def _video_or_still(self) -> Iterable[Breach]:
        return when(self.trim is not None and self.duration is not None)

    @rule(
        "is for a still picture: give its duration too",
        cel="!has(self.motion) || has(self.duration)",
        field="motion",
    )
    def _still_moves(self) -> Iterable[Breach]:
        return when(self.motion is not None and self.duration is None)

    @rule(
        "must be from 100ms to 10m",
        cel="!has(self.duration) || duration(self.duration) >= duration('100ms') && duration(self.duration) <= duration('10m')",
        field="duration",
    )
    def _bounded(self) -> Iterable[Breach]:
        return when(self.duration is not None and not _SHORTEST <= self.duration <= timedelta(minutes=10))


class VideoBlock(Part):
    """An ordered slot of the video with its interchangeable clips."""

    name: Name
    """The slot's label, e.g. hook or product."""
    clips: tuple[Clip, ...] = Field(min_length=1, max_length=100)
    """The interchangeable clips; each variant shows one of them."""

    _distinct_clips = _distinct("two clips of a block have the same name", "clips", named=False)


class Track(Part):
    """One music file."""

    url: SourceUrl
    """Where the file is; as for clips."""
    name: Name | None = None
    """Its label in the videos' names. Default: from the file's name."""

    @property
    def label(self) -> str:
        """What it is called, where no other is called the same."""
        return self.name or names.label_of_url(self.url)

    @property
    def title(self) -> str:
        """What people call it, in its own script."""
        return self.name or names.title_of_url(self.url)


class AudioBlock(Part):
    """A named group of tracks. All groups together are one pool."""

    name: Name
    """The group's label."""
    tracks: tuple[Track, ...] = Field(min_length=1, max_length=100)
    """The tracks; each variant plays one of the pool."""

    _distinct_tracks = _distinct("two tracks have the same name", "tracks", named=False)


class Line(Part):
    """One text with a voice."""

    voice: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=TEXT_PATTERN)]
    """The voice's name or id at ElevenLabs, or espeak-ng for the local synthesizer, where that is installed."""
    text: SpokenText
    """What is said. Directions for the voice, `[whispers]` and SSML's tags such as `<break time="1s"/>`, are sent to ElevenLabs as they are and show in no caption and no name; espeak-ng gets the words alone."""
    name: Name | None = None
    """Its label in the videos' names. Default: from its first words."""
    language: Annotated[
        str, StringConstraints(pattern=LANGUAGE_PATTERN, max_length=35), AfterValidator(_shortest)
    ] = "en"
    """The text's language as a BCP 47 tag. ElevenLabs is told the language, espeak-ng speaks the nearest variety; the video's sound and captions carry it."""

    @property
    def label(self) -> str:
        """What it is called, where no other is called the same."""
        return self.name or names.label_of_text(self.text)

    @property
    def title(self) -> str:
        """What people call it, in its own script."""
        return self.name or names.title_of_text(self.text)


Assignment = Literal["balanced", "random", "product"]


Parts = Annotated[
    dict[str, Annotated[tuple[Label, ...], Field(min_length=1, max_length=100)]],
    Field(min_length=1, max_length=22),
]
"""Labels by the name of their block; ``music`` stands for the tracks and ``speech`` for the lines."""

Combination = Annotated[
    dict[str, Label], Field(min_length=1, max_length=22, description="One label of each block that is named.")
]
"""One label of each block that is named, likewise."""


class VariantRule(Part):
    """What may not, or may only, be combined. Labels stand below the name of their block, those of tracks below music, of lines below speech."""

    exclude: Parts | None = None
    """Parts that do not go together, e.g. `{hook: [a], offer: [b, c]}`: no variant has one of each."""
    when: Parts | None = None
    """The variants that require is about, e.g. `{hook: [a]}`."""
    require: Parts | None = None
    """What these variants must have, e.g. `{offer: [b, c]}`: one of each."""

    @rule(
        "give either exclude, or when and require",
        cel="has(self.exclude) != has(self.require) && has(self.when) == has(self.require)",
    )
    def _one(self) -> Iterable[Breach]:
        has_require = self.require is not None
        return when((self.exclude is not None) == has_require or (self.when is not None) != has_require)


class VariantChoice(Part):
    """Which combinations become variants."""

    music: Assignment = "balanced"
    """How tracks fall to variants. balanced: evenly; random: drawn by the seed; product: every combination with every track."""
    speech: Assignment = "balanced"
    """How lines fall to variants; as for music."""
    limit: Annotated[int, Field(ge=1, le=MAX_VARIANTS)] | None = None
    """At most this many variants, chosen as a designed experiment: every clip of a block equally often, pairs as evenly as can be. Raising it keeps those already chosen. Default: all combinations."""
    only: tuple[Combination, ...] = Field(default=(), max_length=MAX_ONLY)
    """Combinations by labels, e.g. `{hook: a, offer: b}`: a variant has all parts of at least one of them. Default: any."""
    rules: tuple[VariantRule, ...] = Field(default=(), max_length=100)
    """What may not, or may only, be combined; every variant keeps all of them."""
    history: Literal["keep", "ignore"] = "keep"
    """What happens to what was dealt before. keep: variants stay what they are as far as the task still wants them, and only what is new takes its share; ignore: dealt anew, as in an empty folder."""
    seed: int = Field(default=0, ge=0, le=2_147_483_647)
    """Seed of random."""

    @property
    def mentions(self) -> Iterator[tuple[Path, str, str]]:
        """Each label that combinations and rules name: where, of which pool, and the label."""
        for n, combination in enumerate(self.only):
            yield from ((("only", n, key), key, label) for key, label in combination.items())
        for n, each in enumerate(self.rules):
            for field in ("exclude", "when", "require"):
                for key, labels in (getattr(each, field) or {}).items():
                    yield from ((("rules", n, field, key, m), key, label) for m, label in enumerate(labels))


class Picture(Part):
    """The form of every video's picture."""

    width: Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE, multiple_of=2)] | None = None
    """Pixels, even. Default: that of the widest clip that moves; of the widest still picture where none does."""
    height: Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE, multiple_of=2)] | None = None
    """Pixels, even. Default: that of the highest clip, as for width."""
    fps: Fps | None = None
    """Frames per second. Default: the lowest of these that the fastest clip needs."""
    fit: Literal["contain", "cover", "blur", "stretch"] = "contain"
    """How a clip of another shape fits. contain: black bars; cover: cropped; blur: over a blurred copy of itself; stretch: distorted."""

    @rule("give both width and height, or neither", cel="has(self.width) == has(self.height)")
    def _both(self) -> Iterable[Breach]:
        return when((self.width is None) != (self.height is None))


class Transition(Part):
    """What happens between two clips; without one, a hard cut."""

    kind: Literal["crossfade"] = "crossfade"
    """crossfade: one clip fades into the next."""
    duration: Duration
    """How long the two clips overlap, 100ms to 2s. Each overlap shortens the video by as much."""

    @rule(
        "must be from 100ms to 2s",
        cel="duration(self.duration) >= duration('100ms') && duration(self.duration) <= duration('2s')",
        field="duration",
    )
    def _bounded(self) -> Iterable[Breach]:
        return when(not _SHORTEST <= self.duration <= timedelta(seconds=2))


class OverlayImage(Part):
    """A picture that is laid over the video."""

    url: SourceUrl
    """Where the picture is (PNG with transparency, JPEG, WebP, AVIF, HEIC; none that moves); as for clips."""


class Overlay(Part):
    """A text or a picture over the video."""

    text: Title | None = None
    """A title of Latin, Greek or Cyrillic letters; wraps at the overlay's width."""
    image: OverlayImage | None = None
    """A logo or another picture."""
    position: Position = "bottom"
    """Where it stands, inside a margin of 5 % of the picture's shorter side."""
    width: Percentage | None = None
    """Its width as a share of the picture's, 1% to 100%. Default: 20% for an image; a text may take 90%."""
    from_: Duration = Field(default=timedelta(0), alias="from")
    """When it appears, from the start of its block, or of the video if no block is named. Default: 0ms."""
    to: Duration | None = None
    """When it disappears, counted like from. Default: at the end."""
    block: Name | None = None
    """The video block that it belongs to. Default: the whole video."""

    @rule("give exactly one of text and image", cel="has(self.text) != has(self.image)")
    def _one(self) -> Iterable[Breach]:
        return when((self.text is None) == (self.image is None))

    @rule(
        "must be after from",
        cel="!has(self.to) || duration(has(self.from) ? self.from : '0s') < duration(self.to)",
        field="to",
    )
    def _ordered(self) -> Iterable[Breach]:
        return when(self.to is not None and self.to <= self.from_)

    @rule(
        "must be from 1% to 100%",
        cel="!has(self.width) || double(self.width.replace('%', '')) >= 1.0",
        field="width",
    )
    def _visible(self) -> Iterable[Breach]:
        return when(self.width is not None and self.width * 100 < 1)


class Captions(Part):
    """The spoken words as text."""

    mode: Literal["none", "sidecar", "soft"] = "none"
    """none; sidecar: a .vtt file, to which the index leads; soft: a caption track in the video that players can show, and the file."""


class Sound(Part):
    """How music, speech and the clips' own sound are mixed."""

    music_volume: float = Field(default=0.2, ge=0, le=2)
    """Gain of the music, 1 leaves it as it is."""
    clip_volume: float = Field(default=0, ge=0, le=2)
    """Gain of the clips' own sound; 0 drops it."""
    ducking: bool = False
    """Lower the music while somebody speaks."""
    loudness: Annotated[float, Field(ge=-36, le=-8)] | None = None
    """Integrated loudness to reach, in LUFS (ad platforms play at about -14). Default: the mix as it falls."""
    overflow: Literal["Fail", "Trim"] = "Fail"
    """What to do with speech longer than the picture. Fail: refuse the variant; Trim: cut the speech."""


class Output(Part):
    """Where the videos go."""

    uri: Annotated[str, StringConstraints(pattern=OUTPUT_PATTERN, max_length=1024)]
    """Folder of the campaigns: gs://bucket/prefix or, in local mode, a path, relative to the task's file, or e.g. file:///srv/campaigns; the videos lie in a folder of the task's name below it."""

    @rule(
        "holds . or .. where a folder is to be named, or two slashes in a row: write the folder itself",
        cel=f"!self.uri.matches('{_NO_FOLDER}')",
        field="uri",
    )
    def _named_folders(self) -> Iterable[Breach]:
        return when(re.search(_NO_FOLDER, self.uri) is not None)

    prune: bool = False
    """Remove videos that the task no longer wants, and all of them when the task is deleted. Sources, speech and segments stay in the cache."""


def _amount_from(least: str, most: str, field: str, more: str) -> Rule:
    """A rule: an amount, if it is given, lies between two others."""
    mine = f"quantity(string(self.{field})).compareTo(quantity"
    cel = f"!has(self.{field}) || {mine}('{least}')) >= 0 && {mine}('{most}')) <= 0"

    @rule(f"must be from {least} to {most}{more}", cel=cel, field=field)
    def possible(amounts: Amounts) -> Iterable[Breach]:
        given = getattr(amounts, field)
        return when(given is not None and not amount(least) <= amount(given) <= amount(most))

    return possible


class Amounts(Part):
    """Of CPU and memory."""

    cpu: Amount | None = None
    """CPUs, 1m to 1000, e.g. 500m or 2."""
    memory: Amount | None = None
    """Bytes, 16Mi to 16Ti, e.g. 2Gi."""

    # Nobody means 2Gi of CPUs, 512m of memory (half a byte) or 2 of it; such a Job would wait for ever.
    _possible_cpu = _amount_from("1m", "1000", "cpu", " CPUs, e.g. 500m or 2")
    _possible_memory = _amount_from("16Mi", "16Ti", "memory", ", e.g. 512Mi or 2Gi")


def _within_limit(field: str) -> Rule:
    """A rule: where both are given, the request is no more than the limit."""
    requested, limit = f"self.requests.{field}", f"self.limits.{field}"
    cel = (
        f"!has(self.requests) || !has({requested}) || !has(self.limits) || !has({limit}) || "
        f"quantity(string({requested})).compareTo(quantity(string({limit}))) <= 0"
    )

    @rule(f"{field} must not exceed that of limits", cel=cel, field="requests")
    def within_limit(resources: Resources) -> Iterable[Breach]:
        asked, most = getattr(resources.requests, field), getattr(resources.limits, field)
        if asked is not None and most is not None and amount(asked) > amount(most):
            yield Breach((field,), f"{asked} is more than {most}")

    return within_limit


class Resources(Part):
    """What each Job's container asks for and may use. Unset, what such Jobs took decides of memory, else the installation."""

    requests: Amounts = Amounts()
    """What the scheduler sets aside."""
    limits: Amounts = Amounts()
    """What it may use at most; a render that needs more memory is ended."""

    _cpu_within_limit = _within_limit("cpu")
    _memory_within_limit = _within_limit("memory")


class Execution(Part):
    """How the cluster makes the campaign. Local mode has no Jobs and takes no notice."""

    parallelism: int = Field(default=50, ge=1, le=2000)
    """The most Jobs at a time."""
    variants_per_job: Together = 1
    """Variants that one Job makes one after the other: more than 1 for tiny videos. auto: so many that the start of a Job takes half of its time at most, and a fifth where there are more videos than places for Jobs; the status says how many."""
    suspend: bool = False
    """Make nothing and end what runs; the status shows what would be made."""
    resources: Resources = Resources()
    """CPU and memory of each Job. Default: memory by what such Jobs took, else the installation's."""
    backoff_limit: int = Field(default=2, ge=0, le=10)
    """How often a Job's failure is tried again, unless its input is to blame."""
    active_deadline_seconds: int = Field(default=900, ge=10, le=86_400)
    """The longest that a Job may take, its attempts together. One that is expected to take longer, by what such Jobs took, has three times that."""
    ttl_seconds_after_finished: int = Field(default=600, ge=0, le=604_800)
    """How long a finished Job and its logs stay."""


class FailurePolicy(Part):
    """What to do when something cannot be had."""

    on_source_error: Literal["Fail", "Skip"] = "Fail"
    """Fail: make nothing; Skip: make the variants that do without the bad source, and name the others."""


class ClipTaskSpec(Part):
    """A campaign: blocks of interchangeable clips, tracks and lines of speech; every combination becomes a video."""

    video_blocks: tuple[VideoBlock, ...] = Field(min_length=1, max_length=20)
    """The video's slots, in order."""
    audio_blocks: tuple[AudioBlock, ...] = Field(default=(), max_length=20)
    """Music. Without any, the videos have none."""
    speech: tuple[Line, ...] = Field(default=(), max_length=100)
    """Lines; each variant speaks one. Without any, nobody speaks."""
    variants: VariantChoice = VariantChoice()
    """Which combinations become variants."""
    picture: Picture = Picture()
    """Size, rate and fit of the picture."""
    transition: Transition | None = None
    """Between clips. Default: hard cuts."""
    overlays: tuple[Overlay, ...] = Field(default=(), max_length=20)
    """Titles and logos, later ones over earlier ones."""
    captions: Captions = Captions()
    """The spoken words as text."""
    sound: Sound = Sound()
    """How the sound is mixed."""
    output: Output
    """Where the videos go."""
    failure_policy: FailurePolicy = FailurePolicy()
    """What to do when something cannot be had."""
    execution: Execution = Execution()
    """How the cluster makes the campaign; local mode takes no notice."""

    _distinct_video_blocks = _distinct("two video blocks have the same name", "videoBlocks")
    _distinct_audio_blocks = _distinct("two audio blocks have the same name", "audioBlocks", given=False)

    # No CEL: every track with every track of every block is above its cost budget.
    @rule("two tracks have the same name", cel=None, field="audioBlocks")
    def _distinct_tracks(self) -> Iterable[Breach]:
        first: dict[str, int] = {}
        for number, block in enumerate(self.audio_blocks):
            for index, track in enumerate(block.tracks):
                if track.name and first.setdefault(track.name, number) != number:
                    yield Breach((number, "tracks", index, "name"), "all audio blocks are one pool")

    _distinct_lines = _distinct("two lines have the same name", "speech", given=False, named=False)

    @rule(
        "an overlay names a block that does not exist",
        cel="!has(self.overlays) || self.overlays.all(o, !has(o.block) || self.videoBlocks.exists(b, b.name == o.block))",
        field="overlays",
    )
    def _overlaid_blocks(self) -> Iterable[Breach]:
        blocks = [block.name for block in self.video_blocks]
        for index, overlay in enumerate(self.overlays):
            if overlay.block is not None and overlay.block not in blocks:
                yield Breach((index, "block"), f"there are: {', '.join(blocks)}")

    # No CEL: most labels come from URLs and texts.
    @rule("is not the label of one part", cel=None, field="variants")
    def _known_labels(self) -> Iterable[Breach]:
        for at, key, label in self.variants.mentions:
            if key not in self.pools:
                yield Breach(at, f"no block is called {key}; there are: {', '.join(self.pools)}")
                continue
            labels = [part.label for part in self.pools[key]]
            base, _, digits = label.rpartition("-")
            is_told_apart = labels.count(base) > 1 and re.fullmatch("[0-9a-f]{6}", digits)
            if labels.count(label) > 1:
                yield Breach(at, f"several of {key} are called {label}: give them names")
            elif label not in labels and not is_told_apart:
                near = remedies.closest(label, labels)
                meant = f"did you mean {near}? " if near else ""
                yield Breach(at, f"{meant}there are: {', '.join(labels)}")

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The one pool of tracks, in order."""
        return tuple(track for block in self.audio_blocks for track in block.tracks)

    @property
    def pools(self) -> dict[str, tuple[Clip | Track | Line, ...]]:
        """What there is to combine, as ``variants.rules`` and ``only`` call it; a block called music or speech is a block."""
        pools: dict[str, tuple[Clip | Track | Line, ...]] = {"music": self.tracks, "speech": self.speech}
        blocks = {block.name: block.clips for block in self.video_blocks}
        return {**blocks, **{key: pool for key, pool in pools.items() if pool and key not in blocks}}

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL that the task names, each once, in order."""
        clips = (clip.url for block in self.video_blocks for clip in block.clips)
        images = (overlay.image.url for overlay in self.overlays if overlay.image)
        return tuple(dict.fromkeys([*clips, *(track.url for track in self.tracks), *images]))


class Metadata(BaseModel, frozen=True, extra="ignore"):
    """The part of Kubernetes' ObjectMeta that matters here; the rest is Kubernetes' own and kept out of the way."""

    name: Name = Field(description="The campaign's name: the folder of its videos.")
    namespace: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class ClipTask(Part):
    """A campaign of short videos, made from interchangeable parts."""

    api_version: Literal["cliptask.dev/v1alpha1"]
    """cliptask.dev/v1alpha1"""
    kind: Literal["ClipTask"]
    """ClipTask"""
    metadata: Metadata
    """An object with the name of the campaign."""
    spec: ClipTaskSpec
