"""What else than its parts decides a campaign's videos? Plain values by their paths in the spec, for a later plan to compare."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import pairwise

from cliptask import recipe
from cliptask.facts import SourceFacts
from cliptask.orders import Profile
from cliptask.planning.bindings import Bindings
from cliptask.planning.looks import caption_look
from cliptask.spec.disclosure import label_of
from cliptask.spec.fonts import PLAIN_EMOJI, styles_of
from cliptask.spec.quantities import format_duration
from cliptask.spec.task import ClipTaskSpec
from cliptask.spec.transitions import described, transition_between

Setting = str | bool | int | float | None
Settings = Mapping[str, Setting]

RECIPE, OVERLAYS, TEXTS, CAPTIONS, LABEL, FONTS, ORDER, SPEECH = (
    "recipe",
    "overlays",
    "textBlocks",
    "captions",
    "disclosure.label",
    "fonts",
    "videoBlocks",
    "videoBlocks.speech",
)
LIMIT, HISTORY, ONLY, RULES, SEED = (
    f"variants.{each}" for each in ("limit", "history", "only", "rules", "seed")
)
PICTURES = "pictures"
"""With the name of each form and what is said of it after a dot, where there are several."""
NAMING = "naming.name"
TARGETS = "targets"
CREDENTIALS = "disclosure.credentials.secretName"
HASHED = frozenset({RECIPE, OVERLAYS, TEXTS, CAPTIONS, LABEL, FONTS, ONLY, RULES, SPEECH})
"""These are digits of a hash: too long to be kept, or to be shown."""


def settings_of(
    spec: ClipTaskSpec, bindings: Bindings, profiles: Mapping[str | None, Profile]
) -> dict[str, Setting]:
    """What the spec says apart from clips, tracks and lines, with what was derived from the files where it says nothing."""
    variants, sound = spec.variants, spec.sound
    return {
        "variants.music": variants.music,
        "variants.speech": variants.speech,
        **({"variants.text": variants.text} if spec.text_blocks else {}),
        **({NAMING: spec.naming.name} if spec.naming else {}),
        **({"data.combine": spec.data.combine} if spec.data else {}),
        LIMIT: variants.limit,
        ONLY: _hash([*variants.only]) if variants.only else None,
        RULES: _hash([rule.model_dump(mode="json") for rule in variants.rules]) if variants.rules else None,
        SEED: variants.seed,
        HISTORY: variants.history,
        **{path: value for form in profiles.items() for path, value in _picture(*form)},
        TARGETS: ", ".join(spec.targets) or None,
        "transitions": _transitions(spec),
        OVERLAYS: _hash(_overlays(spec, bindings)) if spec.overlays else None,
        TEXTS: _hash([each.model_dump(mode="json", exclude={"name", "texts"}) for each in spec.text_blocks])
        if spec.text_blocks
        else None,
        SPEECH: _hash(
            [each.speech.model_dump(mode="json") if each.speech else None for each in spec.video_blocks]
        )
        if any(each.speech for each in spec.video_blocks)
        else None,
        "captions.mode": spec.captions.mode,
        CAPTIONS: _hash(_captions(spec)) if spec.captions.mode == "burned" else None,
        LABEL: _hash(label.model_dump(mode="json")) if (label := label_of(spec)) else None,
        FONTS: _hash(_fonts(spec, bindings)) if spec.fonts else None,
        CREDENTIALS: spec.signer,
        "sound.balance": sound.balance,
        "sound.musicVolume": sound.music_volume,
        "sound.musicFadeIn": format_duration(sound.music_fade_in),
        "sound.musicFadeOut": format_duration(sound.music_fade_out),
        "sound.clipVolume": sound.clip_volume,
        "sound.ducking": sound.ducking,
        "sound.loudness": sound.loudness,
        "sound.overflow": sound.overflow,
        RECIPE: _hash(recipe.ALL),
    }


def _picture(name: str | None, profile: Profile) -> Iterator[tuple[str, Setting]]:
    path = f"{PICTURES}.{name}" if name else "picture"
    yield path, f"{profile.width}x{profile.height} at {profile.fps} fps"
    yield f"{path}.fit", profile.fit
    yield f"{path}.crop", ":".join(map(str, profile.crop)) if profile.crop else None
    yield f"{path}.background", profile.background


def _transitions(spec: ClipTaskSpec) -> Setting:
    """What happens between each two blocks, in words; once where it is the same everywhere, None where nothing does."""
    pairs = list(pairwise(block.name for block in spec.video_blocks))
    between = [transition_between(spec.transitions, *pair) for pair in pairs]
    if not any(between):
        return None
    words = [described(each) for each in between]
    if len(set(words)) == 1:
        return words[0]
    return ", ".join(
        f"{first} to {second}: {each}" for (first, second), each in zip(pairs, words, strict=True)
    )


def _overlays(spec: ClipTaskSpec, bindings: Bindings) -> list[object]:
    """Pictures by their bytes: a signed URL is another one at each run."""
    return [
        [
            each.model_dump(mode="json", exclude={"image"}),
            image.sha256 if isinstance(image, SourceFacts) else None,
            *(["synthetic"] if each.image and each.image.synthetic else []),
        ]
        for each, image in zip(spec.overlays, bindings.images, strict=True)
    ]


def _captions(spec: ClipTaskSpec) -> object:
    """How they look; of emoji the key tells only where a font of the task's own draws them."""
    key, letters = caption_look(spec.captions, str).key, spec.captions.letters
    return [key, PLAIN_EMOJI] if letters and letters.emoji == PLAIN_EMOJI else key


def _fonts(spec: ClipTaskSpec, bindings: Bindings) -> dict[str, str | None]:
    """Those that a style names, by their bytes: as pictures."""
    used = {name for _, style in styles_of(spec) for name in (style.font, style.emoji)}
    return {
        name: facts.sha256 if isinstance(facts, SourceFacts) else None
        for name, facts in bindings.fonts.items()
        if name in used
    }


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
