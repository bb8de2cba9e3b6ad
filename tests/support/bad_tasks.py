"""Which tasks must be refused, at which path, in which words? Data for the tests of the loader and of the command line."""

from __future__ import annotations

import copy
import json
import re
from typing import Any, NamedTuple

import yaml

GOOD: dict[str, Any] = {
    "apiVersion": "cliptask.dev/v1alpha1",
    "kind": "ClipTask",
    "metadata": {"name": "spring-sale"},
    "spec": {
        "videoBlocks": [
            {"name": "hook", "clips": [{"url": "https://cdn.example.com/hook-a.mp4"}, {"url": "file:///media/b.mov"}]},
            {"name": "product", "clips": [{"url": "https://cdn.example.com/product.mp4"}]},
        ],
        "audioBlocks": [{"name": "upbeat", "tracks": [{"url": "https://cdn.example.com/upbeat.mp3"}]}],
        "speech": [{"voice": "Rachel", "text": "Spring is here."}],
        "output": {"uri": "file:///srv/campaigns"},
    },
}  # fmt: skip
"""A task without a fault; each row below gives it one."""

GONE = object()
_CLIP = "spec.videoBlocks[0].clips[0]"
_URL = "https://cdn.example.com/x.mp4"
_REELS = {"name": "reels", "width": 1080, "height": 1920}
_REQUESTS = "spec.execution.resources.requests"


class BadTask(NamedTuple):
    """One bad task and what a person must be told of it."""

    id: str
    text: str
    """The YAML."""
    path: str
    """The path that the message names; empty if it is about the whole text."""
    words: str
    """What the message says."""


def mutated(changes: dict[str, Any]) -> dict[str, Any]:
    """The good task with values set at paths such as ``spec.videoBlocks[0].name``, or taken away by ``GONE``."""
    task = copy.deepcopy(GOOD)
    for path, value in changes.items():
        *way, last = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
        place: Any = task
        for step in way:
            place = place[step] if isinstance(place, list) else place.setdefault(step, {})
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return task


def _bad(name: str, changes: dict[str, Any], path: str, words: str) -> BadTask:
    # Every worker dumps all of them before its first test: in Python that takes it four seconds.
    text = yaml.dump(mutated(changes), Dumper=yaml.CSafeDumper, sort_keys=False)
    return BadTask(name, text, path, words)


def _one(path: str, value: object, words: str, name: str = "") -> BadTask:
    """One wrong value, reported where it stands."""
    shown = name or f"{path.rpartition('.')[2]}={str(value)[:20]}"
    return _bad(shown, {path: value}, path, words)


def _transition(name: str, given: dict[str, Any], below: str, words: str) -> BadTask:
    return _bad(name, {"spec.transitions": [given]}, f"spec.transitions[0]{below}", words)


_MISSING = [
    _bad(f"no {path}", {path: GONE}, path, "is missing")
    for path in (
        "apiVersion", "kind", "metadata", "metadata.name", "spec", "spec.videoBlocks", "spec.output", "spec.output.uri",
        "spec.videoBlocks[0].name", "spec.videoBlocks[1].clips", f"{_CLIP}.url", "spec.audioBlocks[0].name",
        "spec.audioBlocks[0].tracks", "spec.audioBlocks[0].tracks[0].url", "spec.speech[0].voice", "spec.speech[0].text",
    )
]  # fmt: skip

_WRONG_TYPES = [
    _one("spec", [], "is a list, an object is needed"),
    _one("spec.videoBlocks", "hook", "is a text, a list is needed"),
    _one(
        "spec.videoBlocks[0]",
        "hook",
        "is a text, an object is needed with the fields name, clips",
        "block is a text",
    ),
    _one("spec.videoBlocks[0].clips", {"url": _URL}, "is an object, a list is needed", "clips is an object"),
    _one("spec.videoBlocks[0].clips[1]", _URL, "is a text, an object is needed", "clip is a text"),
    _one("spec.videoBlocks[0].name", 7, "is a whole number, a text is needed: put it in quotes"),
    _bad(
        "a name that is true",
        {"spec.videoBlocks[0].name": True},
        "spec.videoBlocks[0].name",
        "is true or false, a text is needed: put it in quotes",
    ),
    _one(f"{_CLIP}.duration", 3, 'write a number and a unit, e.g. "500ms"'),
    _one(
        "spec.audioBlocks", {"upbeat": [_URL]}, "is an object, a list is needed", "audioBlocks is an object"
    ),
    _one("spec.speech", "Hello", "is a text, a list is needed"),
    _one("spec.speech[0].text", 2024, "is a whole number, a text is needed: put it in quotes"),
    _one("spec.variants.seed", "5", "is a text, a whole number is needed: write it without quotes"),
    _one("spec.variants.limit", 1.5, "is a number, a whole number is needed"),
    _one("spec.sound.ducking", "yes", "is a text, true or false is needed: write it without quotes"),
    _one("spec.sound.musicVolume", "loud", "is a text, a number is needed"),
    _one(
        "spec.picture", "1080x1920", "is a text, an object is needed with the fields width, height, fps, fit"
    ),
    _one("spec.picture.fps", "30", "must be one of 24, 25, 30, 48, 50, 60: write it without quotes"),
    _one("spec.captions", "soft", "is a text, an object is needed with the fields mode"),
    _one("spec.output.prune", 1, "is a whole number, true or false is needed"),
    _one("spec.execution", [], "is a list, an object is needed", "execution is a list"),
    _one("spec.execution.suspend", "true", "is a text, true or false is needed: write it without quotes"),
    _one("spec.execution.parallelism", "50", "is a text, a whole number is needed: write it without quotes"),
    _one(
        "spec.execution.resources.limits",
        "2Gi",
        "is a text, an object is needed with the fields cpu, memory",
        "limits are a text",
    ),
    _one(f"{_REQUESTS}.cpu", 0.5, 'is not an amount: write e.g. 500m, 2 or "1.5"'),
    _bad("cpu is true", {f"{_REQUESTS}.cpu": True}, f"{_REQUESTS}.cpu", "is not an amount"),
    _one(f"{_REQUESTS}.memory", ["2Gi"], "is not an amount", "memory is a list"),
    _one("spec.transitions", None, "is empty: give a value or leave the field out", "null transitions"),
    _one("spec.speech", None, "is empty: give a value or leave the field out", "null speech"),
    _one("metadata", "spring", "is a text, an object is needed"),
]

_REMEDIES = [
    _one(path, value, words, f"{path.rpartition('.')[2]} written as {value!r}")
    for path, value, words in (
        ("spec.sound.musicVolume", "20%", "a number is needed: write 0.2 (given"),
        ("spec.sound.musicVolume", "-6 dB", "a number is needed: write 0.5 (given"),
        ("spec.sound.musicVolume", "0,2", "a number is needed: write 0.2 (given"),
        ("spec.sound.musicVolume", "300%", "a number is needed, from 0 to 2 (given"),
        ("spec.sound.musicVolume", 20, "must be from 0 to 2: write 0.2 for 20 %"),
        ("spec.sound.clipVolume", -6, "must be from 0 to 2: write 0.5 for -6 dB"),
        ("spec.sound.loudness", "-14 LUFS", "a number is needed: write -14 (given"),
        ("spec.sound.loudness", "-14", "a number is needed: write it without quotes"),
        ("spec.sound.loudness", 14, "must be from -36 to -8: write -14"),
        ("spec.sound.loudness", "none", "leave the field out for the default, -14"),
        ("spec.picture.fps", 29.97, "must be one of 24, 25, 30, 48, 50, 60: write 30"),
        ("spec.picture.fps", "30fps", "must be one of 24, 25, 30, 48, 50, 60: write 30"),
        ("spec.picture.fps", "24000/1001", "must be one of 24, 25, 30, 48, 50, 60: write 24"),
        ("spec.picture.fps", "auto", "leave the field out for the default"),
        ("spec.picture.width", "1080px", "a whole number is needed: write 1080 (given"),
        ("spec.picture.width", 1080.0, "a whole number is needed: write 1080 (given"),
        ("spec.picture", "1080 x 1920", "write {width: 1080, height: 1920}"),
        ("spec.picture.fit", "crop", "did you mean cover?"),
        ("spec.picture.fit", "letterbox", "did you mean contain?"),
        ("spec.captions", "soft", "write {mode: soft}"),
        ("spec.captions.mode", "srt", "did you mean sidecar?"),
        ("spec.captions.mode", "burned-in", "did you mean burned?"),
        ("spec.captions.mode", False, "did you mean none?"),
        ("spec.variants.limit", "all", "leave the field out for the default, all combinations"),
        ("spec.variants.limit", 0, "leave the field out for the default, all combinations"),
        ("spec.variants.limit", "10,000", "write 10000 (given"),
        ("spec.variants.limit", "10k", "write 10000 (given"),
        ("spec.variants.seed", -1, "must be from 0 to 2,147,483,647: write 0"),
        ("spec.output.prune", "true", "write it without quotes"),
        ("spec.output.prune", "always", "write true or false"),
        (f"{_CLIP}.duration", 3, "here 3s (given 3)"),
        (f"{_CLIP}.duration", "3 s", "here 3s (given"),
        (f"{_CLIP}.duration", "00:00:03", "here 3s (given"),
        (f"{_CLIP}.duration", "1m30s", "here 90s (given"),
        (f"{_CLIP}.duration", "three", '"2m" (given'),
        (f"{_CLIP}.trim.start", "0:03", "here 3s (given"),
        (f"{_CLIP}.trim.end", "2,5 seconds", "here 2.5s (given"),
        (f"{_REQUESTS}.memory", "2 GB", "here 2G (given"),
        (f"{_REQUESTS}.memory", "512MiB", "here 512Mi (given"),
        (f"{_REQUESTS}.cpu", "2 cores", "here 2 (given"),
        ("metadata.name", "Spring Sale!", "write e.g. spring-sale (given"),
    )
] + [
    _bad(f"overlay's {field} written as {value!r}", {"spec.overlays": [{"text": "x", field: value}]}, f"spec.overlays[0].{field}", words)
    for field, value, words in (
        ("position", "bottom-left", "did you mean bottomLeft?"),
        ("position", "bottom_left", "did you mean bottomLeft?"),
        ("position", "lower left", "did you mean bottomLeft?"),
        ("position", "middle", "did you mean center?"),
        ("width", 50, "here 50% (given 50)"),
        ("width", 0.5, "here 50% (given 0.5)"),
        ("width", "50 %", "here 50% (given"),
        ("width", "540px", 'write e.g. "20%" (given'),
    )
]  # fmt: skip

_OUT_OF_BOUNDS = [
    _one("metadata.name", "Spring Sale", "lower-case letters, digits and hyphens"),
    _one("metadata.name", "x" * 41, "has 41 characters, at most 40", "task name of 41 letters"),
    _one("metadata.name", "-spring", "lower-case letters, digits and hyphens"),
    _one("spec.videoBlocks", [], "is empty: give at least one element"),
    _one("spec.videoBlocks", [{"name": f"b{n}", "clips": [{"url": _URL}]} for n in range(21)], "has 21 elements, at most 20", "21 blocks"),
    _one("spec.videoBlocks[0].clips", [], "is empty: give at least one element"),
    _one("spec.videoBlocks[0].clips", [{"url": _URL}] * 101, "has 101 elements, at most 100", "101 clips"),
    _one("spec.videoBlocks[0].name", "Hook!", "lower-case letters, digits and hyphens"),
    _one(f"{_CLIP}.name", "hook_a", "lower-case letters, digits and hyphens"),
    _one(f"{_CLIP}.url", "ftp://cdn.example.com/a.mp4", "is not a URL that can be fetched", "ftp"),
    _one(f"{_CLIP}.url", "https://cdn.example.com/my clip.mp4", "%20 for a space", "space in a URL"),
    _one(f"{_CLIP}.url", "https://", "is not a URL that can be fetched"),
    _one(f"{_CLIP}.url", "https://[::1/a.mp4", "its host or its port is malformed"),
    _one(f"{_CLIP}.url", "https://cdn.example.com:99999/a.mp4", "its host or its port is malformed", "port 99999"),
    _one(f"{_CLIP}.url", "file://clip.mp4", "file:///path"),
    _one(f"{_CLIP}.url", "gs://bucket", "gs://bucket/object", "bucket without an object"),
    _one(f"{_CLIP}.url", "GS://bucket/a.mp4", "gs://bucket/object", "capital gs"),
    _one(f"{_CLIP}.url", "gs://me@bucket/a.mp4", "gs://bucket/object", "user at a bucket"),
    _one(f"{_CLIP}.url", "s3://bucket", "s3://bucket/object", "bucket of S3 without an object"),
    _one(f"{_CLIP}.url", "az://container", "az://container/object", "container without an object"),
    _one(f"{_CLIP}.url", "S3://bucket/a.mp4", "s3://bucket/object", "capital S3"),
    _one(f"{_CLIP}.url", f"{_URL}?{'x' * 2048}", "at most 2,048 are allowed", "endless URL"),
    _one(f"{_CLIP}.trim.start", "-1s", "is not a duration"),
    _one(f"{_CLIP}.trim.end", "1:30", "is not a duration"),
    _bad("trim backwards", {f"{_CLIP}.trim": {"start": "6s", "end": "1.5s"}}, f"{_CLIP}.trim.end", "must be after start"),
    _one(f"{_CLIP}.trim.end", "0s", "must be after start"),
    _one(f"{_CLIP}.duration", "99ms", "must be from 100ms to 10m"),
    _one(f"{_CLIP}.duration", "601s", "must be from 100ms to 10m"),
    _bad("unknown motion", {f"{_CLIP}.duration": "3s", f"{_CLIP}.motion": "zoomin"}, f"{_CLIP}.motion", "did you mean zoomIn?"),
    _bad("motion by another word", {f"{_CLIP}.duration": "3s", f"{_CLIP}.motion": "up"}, f"{_CLIP}.motion", "did you mean panUp?"),
    _bad("focus beside the picture", {f"{_CLIP}.focus": {"left": "130%"}}, f"{_CLIP}.focus.left", "is not a percentage from 0% to 100%"),
    _bad("focus as a share", {f"{_CLIP}.focus": {"top": 0.3}}, f"{_CLIP}.focus.top", "here 30%"),
    _bad("focus in words", {f"{_CLIP}.focus": "face"}, f"{_CLIP}.focus", "an object is needed"),
    _one("spec.audioBlocks[0].tracks", [], "is empty: give at least one element"),
    _one("spec.audioBlocks[0].tracks[0].url", "ftp://media/upbeat.mp3", "is not a URL that can be fetched"),
    _one("spec.speech[0].text", "", "is empty: give at least one character", "empty text"),
    _one("spec.speech[0].text", " \n ", "must hold a visible character", "blank text"),
    _one("spec.speech[0].text", "a\0b", "no control characters", "NUL in a text"),
    _one("spec.speech[0].text", "x" * 5001, "has 5,001 characters, at most 5,000", "long text"),
    _one("spec.speech[0].voice", "", "is empty: give at least one character", "no voice"),
    _one("spec.speech[0].language", "English", "must be a BCP 47 tag such as en, pt-BR or zh-Hans"),
    _one("spec.speech[0].language", "EN", "write en"),
    _one("spec.speech[0].language", "pt_br", "write pt-BR"),
    _one("spec.speech[0].language", "zh-hans", "write zh-Hans"),
    _one("spec.speech[0].language", "deu", "is not the shortest code of the language: write de"),
    _one("spec.speech[0].language", "en" + "-abcdefgh" * 4, "at most 35 are allowed", "endless language"),
    _one("spec.speech[0].text", "Caf\ufffd", "holds U+FFFD REPLACEMENT CHARACTER where a letter was lost", "lost letter"),
    _one("spec.speech[0].text", "\u200b\u00ad", "must hold a visible character", "invisible text"),
    _one("spec.speech[0].text", "[whispers] <break time='1s'/>", "holds nothing but directions for the voice", "only directions"),
    _bad("invisible title", {"spec.overlays": [{"text": "\u2060\ufe0f"}]}, "spec.overlays[0].text", "must hold a visible character"),
    _one("spec.variants.music", "even", "must be one of balanced, random, product"),
    _one("spec.variants.limit", 0, "must be from 1 to 10,000"),
    _one("spec.variants.limit", 10_001, "must be from 1 to 10,000"),
    _one("spec.variants.seed", -1, "must be from 0 to 2,147,483,647"),
    _one("spec.variants.history", "forget", "must be one of keep, ignore"),
    _bad("rule of both kinds", {"spec.variants": {"rules": [{"exclude": {"hook": ["b"]}, "require": {"hook": ["b"]}}]}}, "spec.variants.rules[0]", "give either exclude, or when and require"),
    _bad("rule names no block", {"spec.variants": {"rules": [{"exclude": {"hok": ["b"]}}]}}, "spec.variants.rules[0].exclude.hok[0]", "no block is called hok; there are: hook, product, music, speech"),
    _bad("only names no label", {"spec.variants": {"only": [{"hook": "hook-b"}]}}, "spec.variants.only[0].hook", "did you mean hook-a? there are: hook-a, b"),
    _bad("label in capitals", {"spec.variants": {"only": [{"hook": "B"}]}}, "spec.variants.only[0].hook", "must be a label as in the videos' names"),
    _bad("odd width", {"spec.picture": {"width": 1081, "height": 1920}}, "spec.picture.width", "must be even"),
    _bad("tiny height", {"spec.picture": {"width": 64, "height": 62}}, "spec.picture.height", "must be from 64 to 3,840"),
    _bad("huge width", {"spec.picture": {"width": 20_000, "height": 64}}, "spec.picture.width", "must be from 64 to 3,840"),
    _one("spec.picture.fps", 29.97, "must be one of 24, 25, 30, 48, 50, 60"),
    _one("spec.picture.fit", "crop", "must be one of contain, cover, blur, stretch"),
    _one("spec.picture.crop", "wide", 'is not a shape: write width:height in quotes, e.g. "4:5"'),
    _one("spec.picture.crop", "4x5", 'here "4:5"'),
    _one("spec.picture.crop", "Square", 'here "1:1"'),
    _one("spec.picture.crop", "0:5", "is not a shape"),
    _one("spec.picture.crop", "9:1", "must be from 1:4 to 4:1"),
    _one("spec.picture.background", "#ffff", 'write # and six hexadecimal digits in quotes, e.g. "#ffffff" for white'),
    _one("spec.picture.background", "White", 'here "#ffffff"'),
    _one("spec.picture.background", "#0af", 'here "#00aaff"'),
    _one("spec.picture.background", "rgb(255, 128, 0)", 'here "#ff8000"'),
    _one("spec.picture.background", None, "# begins a comment, so write a colour in quotes", "colour without quotes"),
    _transition("too short a transition", {"duration": "50ms"}, ".duration", "must be from 100ms to 2s"),
    _transition("too long a transition", {"duration": "3s"}, ".duration", "must be from 100ms to 2s"),
    _transition("a wipe to nowhere", {"kind": "wipe", "duration": "1s"}, ".kind", "did you mean wipeLeft?"),
    _transition("unknown transition", {"kind": "explode", "duration": "1s"}, ".kind", "must be one of crossfade, fade, dissolve"),
    _transition("transition without duration", {"kind": "crossfade"}, ".duration", "is missing: give how long the two clips overlap, e.g. 500ms"),
    _transition("cut that takes time", {"kind": "cut", "duration": "1s"}, ".duration", "a cut has none, leave it out"),
    _transition("fade through nothing", {"kind": "fade", "duration": "1s"}, ".color", "to fade from one clip into the next, write kind: crossfade"),
    _transition("colored wipe", {"kind": "wipeUp", "duration": "1s", "color": "#ffffff"}, ".color", "is for kind: fade, leave it out"),
    _transition("color by name", {"kind": "fade", "duration": "1s", "color": "red"}, ".color", 'here "#ff0000"'),
    _transition("color as a comment", {"kind": "fade", "duration": "1s", "color": None}, ".color", "# begins a comment, so write a colour in quotes"),
    _transition("transition of one block", {"duration": "1s", "between": ["hook"]}, ".between", "has 1 element, 2 are needed"),
    _transition("transition of three blocks", {"duration": "1s", "between": ["hook"] * 3}, ".between", "has 3 elements, at most 2"),
    _one("spec.captions.mode", "hard", "must be one of none, sidecar, soft, burned"),
    _one("spec.sound.musicVolume", 2.5, "must be from 0 to 2"),
    _one("spec.sound.clipVolume", -0.1, "must be from 0 to 2"),
    _one("spec.sound.musicVolume", float("nan"), "must be from 0 to 2"),
    _one("spec.sound.loudness", -5, "must be from -36 to -8"),
    _one("spec.sound.loudness", float("-inf"), "must be from -36 to -8"),
    _bad("line of no block", {"spec.speech": [{"voice": "v", "text": "t", "at": {"block": "hok"}}]}, "spec.speech[0].at.block", "a line names a block that does not exist; there are: hook, product"),
    _bad("line without a block", {"spec.speech": [{"voice": "v", "text": "t", "at": {"offset": "1s"}}]}, "spec.speech[0].at.block", "is missing"),
    _bad("clip's line without a text", {f"{_CLIP}.speech": {"voice": "v"}}, f"{_CLIP}.speech.text", "is missing"),
    _bad("a name of a block's line", {"spec.videoBlocks[0].speech": {"voice": "v", "text": "t", "name": "n"}}, "spec.videoBlocks[0].speech.name", "unknown field here"),
    _one("spec.sound.musicFadeIn", "31s", "must be at most 30s"),
    _one("spec.sound.musicFadeOut", "1m", "must be at most 30s"),
    _one("spec.sound.balance", "no", "is a text, true or false is needed"),
    _bad("track's trim backwards", {"spec.audioBlocks[0].tracks[0].trim": {"start": "5s", "end": "2s"}}, "spec.audioBlocks[0].tracks[0].trim.end", "must be after start"),
    _bad("a picture's volume", {"spec.sound": {"clipVolume": 1}, _CLIP: {"url": _URL, "duration": "3s", "volume": 1}}, f"{_CLIP}.volume", "is for a video with sound"),
    _bad("a picture's speed", {_CLIP: {"url": _URL, "duration": "3s", "speed": 2}}, f"{_CLIP}.speed", "is for a video: a picture is shown for its duration"),
    _one(f"{_CLIP}.speed", 5, "must be from 0.25 to 4"),
    _one(f"{_CLIP}.speed", 0.1, "must be from 0.25 to 4"),
    _one(f"{_CLIP}.speed", "2x", "is a text, a number is needed"),
    _bad("volume of dropped sound", {f"{_CLIP}.volume": 0.5}, f"{_CLIP}.volume", "sound.clipVolume is 0"),
    _bad("an asterisk alone", {"spec.speech": [{"voice": "x", "text": "A 5* hotel"}]}, "spec.speech[0].text", "ends what has not begun: *word* stresses a word in burned captions; for an asterisk that is read, write \\*"),
    _bad("a stress that does not end", {"spec.speech": [{"voice": "x", "text": "Only *today"}]}, "spec.speech[0].text", "has no other after it"),
    _bad("asterisks as in Markdown", {"spec.speech": [{"voice": "x", "text": "Only **today**"}]}, "spec.speech[0].text", "put one before the word and one after it"),
    _bad("a stress in a stress", {"spec.speech": [{"voice": "x", "text": "*Only *today**"}]}, "spec.speech[0].text", "begins anew before the last has ended"),
    _bad("words that nobody sees", {f"{_CLIP}.captions": {"url": _URL}}, f"{_CLIP}.captions", "captions.mode is none, which shows no words: set it, e.g. to burned"),
    _bad("a picture's words", {"spec.captions": {"mode": "soft"}, _CLIP: {"url": _URL, "duration": "3s", "captions": {"url": _URL}}}, f"{_CLIP}.captions", "nobody speaks in a picture"),
    _bad("words of no file", {"spec.captions": {"mode": "soft"}, f"{_CLIP}.captions": {"language": "en"}}, f"{_CLIP}.captions", "needs either url, a caption file, or transcribe: true"),
    _bad("words of a file and of a voice", {"spec.captions": {"mode": "soft"}, f"{_CLIP}.captions": {"url": _URL, "transcribe": True}}, f"{_CLIP}.captions", "needs either url"),
    _bad("words of neither", {"spec.captions": {"mode": "soft"}, f"{_CLIP}.captions": {"transcribe": False}}, f"{_CLIP}.captions", "needs either url"),
    _bad("a voice that nobody sees", {f"{_CLIP}.captions": {"transcribe": True}}, f"{_CLIP}.captions", "captions.mode is none, which shows no words"),
    _bad("a picture's voice", {"spec.captions": {"mode": "soft"}, _CLIP: {"url": _URL, "duration": "3s", "captions": {"transcribe": True}}}, f"{_CLIP}.captions", "nobody speaks in a picture"),
    _bad("words in no language", {"spec.captions": {"mode": "soft"}, f"{_CLIP}.captions": {"url": _URL, "language": "english"}}, f"{_CLIP}.captions.language", "must be a BCP 47 tag"),
    _bad("loud clip", {"spec.sound": {"clipVolume": 1}, f"{_CLIP}.volume": 3}, f"{_CLIP}.volume", "must be from 0 to 2"),
    _one("spec.sound.overflow", "trim", "did you mean Trim?"),
    _one("spec.output.uri", "https://bucket.example.com/x", "must be a folder such as file:///srv/campaigns"),
    _one("spec.output.uri", "gs://Bucket/x", "must be a folder such as file:///srv/campaigns"),
    _one("spec.output.uri", "s3://Bucket/x", "must be a folder such as file:///srv/campaigns"),
    _one("spec.output.uri", "s3://bucket?x", "must be a folder such as file:///srv/campaigns"),
    _one("spec.output.uri", "gs://bucket?x", "must be a folder such as file:///srv/campaigns"),
    *[
        _one("spec.output.uri", uri, "holds . or .. where a folder is to be named, or two slashes in a row")
        for uri in ("gs://bucket/a/../b", "gs://bucket/..", "gs://bucket/./a", "gs://bucket/%2e%2E/b", "gs://bucket/a%2F../b", "gs://bucket//a", "file:///srv/../etc", "file:////srv")
    ],
    _one("spec.output.uri", "gs://", "must be a folder such as file:///srv/campaigns", "no bucket"),
    *[
        _bad(name, {"spec.notify": [given]}, f"spec.notify[0]{below}", words)
        for name, given, below, words in (
            ("receiver without an address", {"phases": ["Failed"]}, "", "give a url, or a secretRef"),
            ("receiver of files", {"url": "file:///tmp/x"}, ".url", "must be a URL without a password"),
            ("receiver without a host", {"url": "https:///x"}, ".url", "must be a URL without a password"),
            ("receiver with a password", {"url": "https://me:secret@hooks.example.com/"}, ".url", "must be a URL without a password"),
            ("receiver with a space", {"url": "https://hooks.example.com/a b"}, ".url", "must be a URL without a password"),
            ("receiver at no port", {"url": "https://hooks.example.com:0/"}, ".url", "its host or its port is malformed"),
            ("Secret of no name", {"secretRef": {"name": "My_Secret"}}, ".secretRef.name", "must be the name of a Secret"),
            ("Secret with a key", {"secretRef": {"name": "a", "key": "b"}}, ".secretRef.key", "unknown field; allowed here: name"),
            ("phase that there is not", {"url": "https://h.example.com/", "phases": ["complete"]}, ".phases[0]", "did you mean Complete?"),
            ("no phase", {"url": "https://h.example.com/", "phases": []}, ".phases", "give at least one element"),
            ("template that is no JSON", {"url": "https://h.example.com/", "template": "Done: {{task}}"}, ".template", "is not JSON"),
            ("template with a column", {"url": "https://h.example.com/", "template": '{"text": "{{fail}}"}'}, ".template", "did you mean {{failed}}?"),
        )
    ],
    *[
        _bad(name, {"spec.disclosure": {"credentials": given}}, f"spec.disclosure.credentials{below}", words)
        for name, given, below, words in (
            ("credentials of nobody", {}, ".secretName", "is missing"),
            ("credentials of no Secret", {"secretName": "My_Secret"}, ".secretName", "must be the name of a Secret"),
            ("credentials with a key", {"secretName": "a", "key": "b"}, ".key", "unknown field; allowed here: secretName"),
        )
    ],
    _bad("11 receivers", {"spec.notify": [{"url": "https://h.example.com/"}] * 11}, "spec.notify", "has 11 elements, at most 10"),
    _one("spec.failurePolicy.onSourceError", "Ignore", "must be one of Fail, Skip"),
    _one("spec.execution.parallelism", 0, "must be from 1 to 2,000"),
    _one("spec.execution.parallelism", 2001, "must be from 1 to 2,000"),
    _one("spec.execution.variantsPerJob", 0, "must be a whole number from 1 to 10,000, or auto"),
    _one("spec.execution.variantsPerJob", 10_001, "must be a whole number from 1 to 10,000, or auto"),
    _one("spec.execution.variantsPerJob", 1.5, "must be a whole number from 1 to 10,000, or auto"),
    _one("spec.execution.variantsPerJob", "20", "or auto: write 20 without quotes"),
    _one("spec.execution.variantsPerJob", "Auto", "or auto: write auto"),
    _one("spec.execution.variantsPerJob", "all", "must be a whole number from 1 to 10,000, or auto"),
    _one("spec.execution.backoffLimit", -1, "must be from 0 to 10"),
    _one("spec.execution.activeDeadlineSeconds", 1, "must be from 10 to 86,400"),
    _one("spec.execution.ttlSecondsAfterFinished", 604_801, "must be from 0 to 604,800"),
    _one(f"{_REQUESTS}.cpu", "two", "is not an amount"),
    _one(f"{_REQUESTS}.cpu", "1,5", "is not an amount"),
    _one(f"{_REQUESTS}.cpu", 0, "must be from 1m to 1000 CPUs"),
    _one(f"{_REQUESTS}.cpu", "2Gi", "must be from 1m to 1000 CPUs", "memory as CPUs"),
    _one(f"{_REQUESTS}.memory", -1, "is not an amount"),
    _one(f"{_REQUESTS}.memory", "2GB", "is not an amount"),
    _one(f"{_REQUESTS}.memory", "512m", "must be from 16Mi to 16Ti, e.g. 512Mi or 2Gi", "half a byte"),
    _one("spec.execution.resources.limits.memory", 2, "must be from 16Mi to 16Ti", "two bytes"),
    _one("spec.execution.resources.limits.memory", "17Ti", "must be from 16Mi to 16Ti"),
    _one("spec.budget.bytes", "512m", "must be from 1Mi to 1000Ti, e.g. 20Gi", "half a byte of videos"),
    _one("spec.budget.bytes", 20, "must be from 1Mi to 1000Ti, e.g. 20Gi", "20 bytes"),
    _one("spec.budget.bytes", "20GB", "is not an amount"),
    _one("spec.budget.variants", 0, "must be from 1 to 100,000,000"),
]  # fmt: skip

_UNKNOWN = [
    _one("videoBlocks", [], "it belongs to spec", "videoBlocks beside spec"),
    _one("surplus", {}, "allowed here: apiVersion, kind, metadata, spec"),
    _one("spec.videoBlock", [], "did you mean videoBlocks?"),
    _one("spec.video_blocks", [], "did you mean videoBlocks?"),
    _one("spec.clips", [1], "it belongs to spec.videoBlocks[]"),
    _one("spec.quality", "1080p", "allowed here: videoBlocks, audioBlocks, speech"),
    _one(f"{_CLIP}.uri", _URL, "did you mean url?"),
    _one("spec.sound.music_volume", 1, "did you mean musicVolume?"),
    _one("spec.output.prunes", 1, "did you mean prune?"),
    _one("spec.output.region", "eu", "allowed here: uri, prune"),
    _one("spec.parallelism", 5, "it belongs to spec.execution"),
    _one("spec.execution.resources.cpu", "1", "it belongs to spec.execution.resources.requests or spec.execution.resources.limits"),
    _bad("snake_case of a Python name", {"spec.overlays": [{"text": "x", "from_": "1s"}]}, "spec.overlays[0].from_", "did you mean from?"),
]  # fmt: skip

_RELATIONS = [
    _bad("trim and duration", {f"{_CLIP}.trim": {"end": "1s"}, f"{_CLIP}.duration": "3s"}, _CLIP, "give one of them"),
    _bad("motion of a video", {f"{_CLIP}.motion": "zoomIn"}, f"{_CLIP}.motion", "give its duration too"),
    _bad("crop of what covers", {"spec.picture": {"fit": "cover", "crop": "4:5"}}, "spec.picture.crop", "is for contain and blur"),
    _bad("width alone", {"spec.picture.width": 1080}, "spec.picture", "give both width and height, or neither"),
    _bad("picture and pictures", {"spec.picture": {"fps": 30}, "spec.pictures": [_REELS]}, "spec.picture", "is for one form, pictures for several: give one of them"),
    _bad("two pictures of a name", {"spec.pictures": [_REELS, _REELS | {"width": 720}]}, "spec.pictures[1].name", "two pictures have the same name"),
    _bad("two pictures of a size", {"spec.pictures": [_REELS, _REELS | {"name": "story"}]}, "spec.pictures[1]", "has the size of another picture; spec.pictures[0] is as large"),
    _bad("two pictures of no size", {"spec.pictures": [{"name": "a"}, _REELS, {"name": "b"}]}, "spec.pictures[2]", "is not the only one without width and height"),
    _bad("pictures of two rates", {"spec.pictures": [_REELS | {"fps": 30}, {"name": "a", "fps": 25}]}, "spec.pictures[1].fps", "is another rate than that of another picture; all forms have one, as they share their soundtracks: write 30"),
    _bad("picture without a name", {"spec.pictures": [{"width": 1080, "height": 1920}]}, "spec.pictures[0].name", "is missing"),
    _bad("name of the one picture", {"spec.picture.name": "reels"}, "spec.picture.name", "unknown field here"),
    _bad("width of one of several alone", {"spec.pictures": [{"name": "a", "width": 1080}]}, "spec.pictures[0]", "give both width and height, or neither"),
    _bad("too many pictures", {"spec.pictures": [{"name": f"f{n}", "width": 100 + 2 * n, "height": 100} for n in range(9)]}, "spec.pictures", "8"),
    _bad("two blocks of a name", {"spec.videoBlocks[1].name": "hook"}, "spec.videoBlocks[1].name", "two video blocks have the same name"),
    _bad("two clips of a name", {f"{_CLIP}.name": "a", "spec.videoBlocks[0].clips[1].name": "a"}, "spec.videoBlocks[0].clips[1].name", "two clips of a block have the same name"),
    _bad("two audio blocks of a name", {"spec.audioBlocks": [{"name": "a", "tracks": [{"url": _URL}]}] * 2}, "spec.audioBlocks[1].name", "two audio blocks have the same name"),
    _bad("two tracks of a name", {"spec.audioBlocks[0].tracks": [{"url": _URL, "name": "a"}] * 2}, "spec.audioBlocks[0].tracks[1].name", "two tracks have the same name"),
    _bad("tracks of a name in two blocks", {"spec.audioBlocks": [{"name": n, "tracks": [{"url": _URL, "name": "a"}]} for n in "bc"]}, "spec.audioBlocks[1].tracks[0].name", "all audio blocks are one pool"),
    _bad("two lines of a name", {"spec.speech": [{"voice": "v", "text": "t", "name": "a"}] * 2}, "spec.speech[1].name", "two lines have the same name"),
    _bad("label without a text", {"spec.disclosure.label": {"position": "top"}}, "spec.disclosure.label.text", "is missing"),
    _bad("label of no block", {"spec.disclosure.label": {"text": "AI", "block": "hok"}}, "spec.disclosure.label.block", "the label names a block that does not exist; there are: hook, product"),
    _bad("label in no font", {"spec.disclosure.label": {"text": "AI", "style": {"font": "Anton2"}}}, "spec.disclosure.label.style.font", "names a font that there is not; did you mean Anton?"),
    _bad("label twice in a language", {"spec.disclosure.label": {"text": "AI", "translations": [{"language": "de", "text": "KI"}] * 2}}, "spec.disclosure.label.translations[1].language", "has a language twice; de: keep one"),
    _bad("label in a language of no video", {"spec.languages": ["en"], "spec.disclosure.label": {"text": "AI", "translations": [{"language": "de", "text": "KI"}]}}, "spec.disclosure.label.translations[0].language", "a translation is of none of spec.languages; there are: en: add de, or take it out"),
    _bad("label of a picture", {"spec.disclosure.label": {"text": "AI", "image": {"url": _URL}}}, "spec.disclosure.label.image", "unknown field"),
    _bad("mark in words", {f"{_CLIP}.synthetic": "yes"}, f"{_CLIP}.synthetic", "is a text, true or false is needed: write it without quotes"),
    _bad("mark of a line", {"spec.speech[0].synthetic": True}, "spec.speech[0].synthetic", "unknown field"),
    _bad("overlay of nothing", {"spec.overlays": [{"position": "top"}]}, "spec.overlays[0]", "give exactly one of text, image, counter and progress"),
    _bad("overlay of both", {"spec.overlays": [{"text": "x", "image": {"url": _URL}}]}, "spec.overlays[0]", "give exactly one of text, image, counter and progress"),
    _bad("overlay of a text and a bar", {"spec.overlays": [{"text": "x", "progress": {}}]}, "spec.overlays[0]", "give exactly one of text, image, counter and progress"),
    _bad("counter that stands", {"spec.overlays": [{"counter": {"to": 0}}]}, "spec.overlays[0].counter.to", "must differ from from"),
    _bad("counter without an end", {"spec.overlays": [{"counter": {"from": 1}}]}, "spec.overlays[0].counter.to", "is missing"),
    _bad("counter that blinks", {"spec.overlays": [{"counter": {"to": 9, "duration": "50ms"}}]}, "spec.overlays[0].counter.duration", "must be from 100ms to 1m"),
    _bad("counter beyond all bounds", {"spec.overlays": [{"counter": {"to": 2_000_000_000}}]}, "spec.overlays[0].counter.to", "must be from -1e+09 to 1e+09"),
    _bad("counter of another form", {"spec.overlays": [{"counter": {"to": 9, "form": "1_234"}}]}, "spec.overlays[0].counter.form", "must be one of 1234.5"),
    _bad("counter of a long unit", {"spec.overlays": [{"counter": {"to": 9, "suffix": "x" * 21}}]}, "spec.overlays[0].counter.suffix", "at most 20"),
    _bad("counter of two lines", {"spec.overlays": [{"counter": {"to": 9, "suffix": "a\nb"}}]}, "spec.overlays[0].counter.suffix", "must hold no line break"),
    _bad("bar that nobody sees", {"spec.overlays": [{"progress": {"height": "0.1%"}}]}, "spec.overlays[0].progress.height", "must be from 0.2% to 100%"),
    _bad("bar rounder than round", {"spec.overlays": [{"progress": {"radius": "51%"}}]}, "spec.overlays[0].progress.radius", "must be from 0% to 50%"),
    _bad("style of a bar", {"spec.overlays": [{"progress": {}, "style": {"weight": 400}}]}, "spec.overlays[0].style", "is for a text or a counter"),
    _bad("overlay backwards", {"spec.overlays": [{"text": "x", "from": "4s", "to": "1s"}]}, "spec.overlays[0].to", "must be after from"),
    _bad("overlay's place", {"spec.overlays": [{"text": "x", "position": "topleft"}]}, "spec.overlays[0].position", "did you mean topLeft?"),
    _bad("overlay of two places", {"spec.overlays": [{"text": "x", "position": "top", "place": {"x": "1%", "y": "1%"}}]}, "spec.overlays[0].place", "give position or place, not both"),
    _bad("half a place", {"spec.overlays": [{"text": "x", "place": {"x": "1%"}}]}, "spec.overlays[0].place.y", "is missing"),
    _bad("anchor of no name", {"spec.overlays": [{"text": "x", "place": {"x": "1%", "y": "1%", "anchor": "middle"}}]}, "spec.overlays[0].place.anchor", "must be one of topLeft"),
    *(_bad(f"place {given!r}", {"spec.overlays": [{"text": "x", "place": {"x": given, "y": "1%"}}]}, "spec.overlays[0].place.x", f'write a share or pixels, e.g. "50%" or "120px"{meant}')
      for given, meant in ((120, "; here 120px"), (0.25, "; here 25%"), ("50 %", "; here 50%"), ("12.6px", "; here 13px"), ("middle", ""), ("1000%", ""))),
    _bad("overlay of no width", {"spec.overlays": [{"text": "x", "width": "0.5%"}]}, "spec.overlays[0].width", "must be from 1% to 100%"),
    _bad("overlay too wide", {"spec.overlays": [{"text": "x", "width": "120%"}]}, "spec.overlays[0].width", "is not a percentage"),
    _bad("overlay that goes at no time", {"spec.overlays": [{"text": "x", "out": {"kind": "fade"}}]}, "spec.overlays[0].out", "give to as well"),
    _bad("picture that is typed", {"spec.overlays": [{"image": {"url": _URL}, "in": {"kind": "typewriter"}}]}, "spec.overlays[0]", "typewriter is how a text comes"),
    _bad("text that goes word by word", {"spec.overlays": [{"text": "x", "to": "2s", "out": {"kind": "typewriter"}}]}, "spec.overlays[0]", "typewriter is how a text comes"),
    _bad("entrance of no time", {"spec.overlays": [{"text": "x", "in": {"kind": "pop", "duration": "10ms"}}]}, "spec.overlays[0].in.duration", "must be from 50ms to 3s"),
    _bad("entrance of no kind", {"spec.overlays": [{"text": "x", "in": {"kind": "bounce"}}]}, "spec.overlays[0].in.kind", "must be one of fade"),
    _bad("invisible overlay", {"spec.overlays": [{"text": "x", "opacity": "0%"}]}, "spec.overlays[0].opacity", "must be from 1% to 100%"),
    _bad("turned too far", {"spec.overlays": [{"text": "x", "rotation": 200}]}, "spec.overlays[0].rotation", "must be from -180 to 180"),
    _bad("style of an image", {"spec.overlays": [{"image": {"url": _URL}, "style": {"weight": 400}}]}, "spec.overlays[0].style", "is for a text or a counter"),
    _bad("font that is not there", {"spec.overlays": [{"text": "x", "style": {"font": "montserrat"}}]}, "spec.overlays[0].style.font", "did you mean Montserrat?"),
    _bad("font that nobody gives", {"spec.overlays": [{"text": "x", "style": {"font": "brand"}}]}, "spec.overlays[0].style.font", "names a font that there is not; there are: Montserrat, Poppins, Anton, Noto Sans; give others under spec.fonts"),
    _bad("letters for emoji", {"spec.overlays": [{"text": "x", "style": {"emoji": "Noto Sans"}}]}, "spec.overlays[0].style.emoji", "names a font that there is not; there are: Noto Color Emoji, Noto Emoji; give others under spec.fonts"),
    _bad("emoji in other letters", {"spec.overlays": [{"text": "x", "style": {"emoji": "noto emoji"}}]}, "spec.overlays[0].style.emoji", "did you mean Noto Emoji?"),
    _bad("font of captions", {"spec.fonts": [{"name": "brand", "url": _URL}], "spec.captions": {"mode": "burned", "letters": {"font": "brant"}}}, "spec.captions.letters.font", "did you mean brand?"),
    _bad("emoji of captions", {"spec.captions": {"mode": "burned", "letters": {"emoji": "brand"}}}, "spec.captions.letters.emoji", "names a font that there is not"),
    _bad("two fonts of a name", {"spec.fonts": [{"name": "a", "url": _URL}] * 2}, "spec.fonts[1].name", "two fonts have the same name"),
    _bad("font with a family's name", {"spec.fonts": [{"name": "Noto Sans", "url": _URL}]}, "spec.fonts[0].name", "lower-case letters"),
    _bad("font without a file", {"spec.fonts": [{"name": "brand"}]}, "spec.fonts[0].url", "is missing"),
    _bad("weight in words", {"spec.overlays": [{"text": "x", "style": {"weight": "bold"}}]}, "spec.overlays[0].style.weight", "is a text, a whole number is needed"),
    _bad("weight of no font", {"spec.overlays": [{"text": "x", "style": {"weight": 450}}]}, "spec.overlays[0].style.weight", "must be a multiple of 100"),
    _bad("letters of no size", {"spec.overlays": [{"text": "x", "style": {"size": "0.5%"}}]}, "spec.overlays[0].style.size", "must be from 1% to 50%"),
    _bad("letters too large", {"spec.overlays": [{"text": "x", "style": {"size": "51%"}}]}, "spec.overlays[0].style.size", "must be from 1% to 50%"),
    *[
        _bad(f"colour {given!r}", {"spec.overlays": [{"text": "x", "style": {"color": given}}]}, "spec.overlays[0].style.color", words)
        for given, words in [("white", 'here "#ffffff"'), ("#ff", "or eight with its opacity"), ("#gggggg", "is not a colour"), (123456, "is not a colour"), (None, "# begins a comment, so write a colour in quotes")]
    ],
    *[
        _bad(f"{field} of captions that are no part of the picture", {"spec.captions": {"mode": "soft", field: value}}, "spec.captions", "are for burned captions")
        for field, value in [("style", "pop"), ("words", 3), ("lines", 1), ("position", "top"), ("accent", "#ffffff"), ("letters", {"weight": 400})]
    ],
    _bad("burned captions without their mode", {"spec.captions": {"style": "pop"}}, "spec.captions", "are for burned captions"),
    _bad("style of captions", {"spec.captions": {"mode": "burned", "style": "highlight"}}, "spec.captions.style", "must be one of"),
    _bad("several words one by one", {"spec.captions": {"mode": "burned", "style": "oneWord", "words": 3}}, "spec.captions.words", "oneWord shows one word at a time"),
    _bad("13 words at once", {"spec.captions": {"mode": "burned", "words": 13}}, "spec.captions.words", "must be from 1 to 12"),
    _bad("overlay of no block", {"spec.overlays": [{"text": "x", "block": "outro"}]}, "spec.overlays[0].block", "there are: hook, product"),
    _transition("transition of no block", {"duration": "1s", "between": ["hook", "outro"]}, ".between[1]", "names a block that does not exist; there are: hook, product"),
    _transition("transition backwards", {"duration": "1s", "between": ["product", "hook"]}, ".between", "write [hook, product]"),
    _transition("transition of a block with itself", {"duration": "1s", "between": ["hook", "hook"]}, ".between", "must be two blocks that follow each other, in their order; write [hook, product]"),
    _bad("transitions of all twice", {"spec.transitions": [{"duration": "1s"}] * 2}, "spec.transitions[1]", "spec.transitions[0] has no between, too: keep one of them, or give the others a between"),
    _bad("transitions of a pair twice", {"spec.transitions": [{"duration": d, "between": ["hook", "product"]} for d in ("1s", "2s")]}, "spec.transitions[1]", "spec.transitions[0] is between hook and product, too: keep one of them"),
    _bad("21 transitions", {"spec.transitions": [{"duration": "1s"}] * 21}, "spec.transitions", "has 21 elements, at most 20"),
    _bad("CPU above its limit", {f"{_REQUESTS}.cpu": 2, "spec.execution.resources.limits.cpu": "500m"}, f"{_REQUESTS}.cpu", "2 is more than 500m"),
    _bad("memory above its limit", {f"{_REQUESTS}.memory": "1.5Gi", "spec.execution.resources.limits.memory": "1536M"}, f"{_REQUESTS}.memory", "1.5Gi is more than 1536M"),
    _bad("text block with a block's name", {"spec.textBlocks": [{"name": "hook", "texts": [{"text": "x"}]}]}, "spec.textBlocks[0].name", "a text block has the name of something else; hook: call it otherwise"),
    _bad("text block called language", {"spec.textBlocks": [{"name": "language", "texts": [{"text": "x"}]}]}, "spec.textBlocks[0].name", "language: call it otherwise"),
    _bad("text block over no block", {"spec.textBlocks": [{"name": "headline", "block": "outro", "texts": [{"text": "x"}]}]}, "spec.textBlocks[0].block", "a text block names a block that does not exist; there are: hook, product"),
    _bad("two text blocks of a name", {"spec.textBlocks": [{"name": "a", "texts": [{"text": "x"}]}] * 2}, "spec.textBlocks[1].name", "two text blocks have the same name"),
    _bad("two texts of a name", {"spec.textBlocks": [{"name": "a", "texts": [{"text": "x", "name": "t"}] * 2}]}, "spec.textBlocks[0].texts[1].name", "two texts have the same name"),
    _bad("text block without texts", {"spec.textBlocks": [{"name": "a", "texts": []}]}, "spec.textBlocks[0].texts", "is empty: give at least one element"),
    _bad("text block backwards", {"spec.textBlocks": [{"name": "a", "texts": [{"text": "x"}], "from": "4s", "to": "1s"}]}, "spec.textBlocks[0].to", "must be after from"),
    _bad("texts in a font that is not there", {"spec.textBlocks": [{"name": "a", "texts": [{"text": "x"}], "style": {"font": "brand"}}]}, "spec.textBlocks[0].style.font", "names a font that there is not"),
    _bad("text of no language", {"spec.textBlocks": [{"name": "a", "texts": [{"text": "x", "language": "de"}]}]}, "spec.textBlocks[0].texts[0].language", "is none of spec.languages; there are none: add de"),
    _bad("line of another language", {"spec.languages": ["de"]}, "spec.speech[0].language", "is none of spec.languages; there are: de: add en"),
    _bad("language without a line", {"spec.languages": ["en", "de"]}, "spec.languages[1]", "a language cannot be made; de has not a line of spec.speech"),
    _bad("language without a text", {"spec.languages": ["en", "de"], "spec.speech": GONE, "spec.textBlocks": [{"name": "a", "texts": [{"text": "x", "language": "en"}]}]}, "spec.languages[1]", "de has not a text of a"),
    _bad("unknown target", {"spec.targets": ["tiktok", "reels"]}, "spec.targets[1]", "must be one of metaReels, metaStories, metaFeed, tiktok, youtubeShorts, snapchat, pinterest, linkedin"),
    _bad("mistyped target", {"spec.targets": ["TikTok"]}, "spec.targets[0]", "did you mean tiktok?"),
    _bad("one target without a list", {"spec.targets": "tiktok"}, "spec.targets", 'is a text, a list is needed: begin each element with "- "'),
    _bad("a target twice", {"spec.targets": ["tiktok", "tiktok"]}, "spec.targets[1]", "has a platform twice; tiktok: keep one"),
    _bad("a language twice", {"spec.languages": ["en", "en"]}, "spec.languages[1]", "has a language twice; en: keep one"),
    _bad("a language by its country", {"spec.languages": ["jp"]}, "spec.languages[0]", "is no language: write ja"),
    _bad("a block's line in several languages", {"spec.languages": ["en", "de"], "spec.speech": GONE, "spec.videoBlocks[0].speech": {"voice": "v", "text": "t"}}, "spec.videoBlocks[0].speech", "is said in every video, and the task has several languages; give a line of each language"),
    _bad("11 text blocks", {"spec.textBlocks": [{"name": f"t{n}", "texts": [{"text": "x"}]} for n in range(11)]}, "spec.textBlocks", "has 11 elements, at most 10"),
    _bad("rows and a table", {"spec.data": {"rows": [{"a": "b"}], "url": _URL}}, "spec.data", "give either rows or url"),
    _bad("data without rows", {"spec.data": {"combine": "product"}}, "spec.data", "give either rows or url"),
    _bad("a cell that is a number", {"spec.data": {"rows": [{"price": 9}]}}, "spec.data.rows[0].price", "is a whole number, a text is needed: put it in quotes"),
    _bad("1,001 rows", {"spec.data": {"rows": [{"a": "b"}] * 1001}}, "spec.data.rows", "has 1,001 elements, at most 1,000"),
    _bad("a row without cells", {"spec.data": {"rows": [{}]}}, "spec.data.rows[0]", "is empty"),
    _bad("rows that combine otherwise", {"spec.data": {"rows": [{"a": "b"}], "combine": "all"}}, "spec.data.combine", "must be one of product, zip, balanced"),
    _bad("name of nothing", {"spec.naming": {"name": "{hok}"}}, "spec.naming.name", "names what no video has; {hok}: did you mean {hook}? there are: task, hook, product, music, speech"),
    _bad("name by its key", {"spec.naming": {"name": "{hook}_{key8}"}}, "spec.naming.name", "{key8}: digits of the key follow every name: leave it out"),
    _bad("name with a slash", {"spec.naming": {"name": "{hook}/{product}"}}, "spec.naming.name", "may hold letters, digits, _.=+- and fields in braces"),
    _bad("parameters of nothing", {"spec.naming": {"name": "{hook}", "utm": "utm_source={x}"}}, "spec.naming.utm", "names what no video has; {x}: there are: task"),
    _bad("parameters without a name", {"spec.naming": {"name": "{hook}", "utm": "meta"}}, "spec.naming.utm", "must be parameters such as utm_source=meta&utm_content={name}"),
    _bad("21 overlays", {"spec.overlays": [{"text": "x"}] * 21}, "spec.overlays", "has 21 elements, at most 20"),
]  # fmt: skip

_GOOD_TEXT = yaml.safe_dump(GOOD, sort_keys=False)
_TEXTS = [
    BadTask("empty file", "", "", "is empty"),
    BadTask("only a comment", "# nothing\n", "", "is empty"),
    BadTask("a text", "hello\n", "", "is a text, an object is needed"),
    BadTask("a list", "- 1\n", "", "is a list, an object is needed"),
    BadTask("two documents", f"{_GOOD_TEXT}---\n{_GOOD_TEXT}", "", "write one ClipTask per file"),
    BadTask("a key twice", f"{_GOOD_TEXT}kind: ClipTask\n", "", 'the field "kind" stands twice'),
    BadTask("a deep key twice", "spec:\n  a: 1\n  a: 2\n", "spec", 'the field "a" stands twice'),
    BadTask("a key twice in JSON", '{"kind": "ClipTask", "kind": "ClipTask"}', "", 'the field "kind" stands twice'),
    BadTask("tabs", "spec:\n\tvideoBlocks: []\n", "", "indent with ordinary spaces"),
    BadTask("open bracket", "spec: [\n", "", "is not YAML"),
    BadTask("open brackets at the end", "{a,", "", "is not YAML"),
    BadTask("bad JSON", '{"kind": "ClipTask",, }', "", "is not YAML"),
    BadTask("colon in a text", "text: Now: half price: today\n", "", 'a text that holds ": " must stand in quotes'),
    BadTask("unknown alias", "spec: *nothing\n", "", "nothing above is called &nothing"),
    BadTask("alias inside itself", "spec: &a [*a]\n", "", "is nested more than 40 deep"),
    BadTask("merge into itself", "spec: &a {<<: *a}\n", "", "is nested more than 40 deep"),
    BadTask("merge of a text", "spec: {<<: hello}\n", "spec", "<< takes an alias of an object"),
    BadTask("deep nesting", "[" * 5000, "", "is nested more than 40 deep"),
    BadTask("deep nesting in JSON", '{"a":' * 100_000, "", "is nested more than 40 deep"),
    BadTask("100 deep in JSON", '{"a":' * 100 + "1" + "}" * 100, "", "is nested more than 40 deep"),
    BadTask("an object by tag", "spec: !!python/object/apply:os.system [ls]\n", "", "is not allowed"),
    BadTask("a binary", "spec: !!binary aGVsbG8=\n", "", "is not allowed"),
    BadTask("a list as a key", "? [a]\n: 1\n", "", "where a field's name is needed"),
    BadTask("a control character", "spec: a\x07b\n", "", "control character U+0007"),
    BadTask("a number without end", f"spec: {'9' * 5000}\n", "", "holds a number that is too long"),
    BadTask("a hexadecimal number without end", f"{yaml.safe_dump(GOOD)}  variants: {{seed: 0x{'f' * 5000}}}\n", "spec.variants.seed", "a whole number is needed"),
    _one("spec.variants.seed", 10**300, "(given 1000000000000000000000000000000000000000...)", "a long number"),
    _one("spec.variants.seed", "x" * 900_000, "a whole number is needed", "most of a megabyte of letters"),
    _one("spec.variants.seed", "?" * 900_000, "a whole number is needed", "most of a megabyte of question marks"),
    BadTask("a number without end in JSON", f'{{"spec": {"9" * 5000}}}', "", "holds a number that is too long"),
    BadTask("half a character", '{"kind": "\\ud83d"}', "", "half of a character"),
    BadTask("too large", "#" * 1_000_001, "", "at most 1,000,000 are read"),
    BadTask("another kind", "apiVersion: apps/v1\nkind: Deployment\n", "kind", 'is another resource, "Deployment"'),
    BadTask("another version", "apiVersion: cliptask.dev/v9\nkind: ClipTask\n", "apiVersion", "is a version that is not known here"),
    BadTask("the older service's request", json.dumps({"video_blocks": {}}), "", "turn it into a ClipTask with cliptask convert"),
]  # fmt: skip

BAD_TASKS: list[BadTask] = [
    *_MISSING,
    *_WRONG_TYPES,
    *_REMEDIES,
    *_OUT_OF_BOUNDS,
    *_UNKNOWN,
    *_RELATIONS,
    *_TEXTS,
]
