"""Campaigns with everything that a picture and a sound may have, drawn by a number, and their videos made here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, get_args

from cliptask import names
from cliptask.caption_file import words_key
from cliptask.facts import SourceFacts, SpokenLine, TimedWords, Word
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.loading import load_data
from cliptask.spec.position import CaptionStyle, PassageKind
from cliptask.spec.transitions import OverlapKind
from cliptask_renderer.probe.file import probe
from cliptask_renderer.storage.folder import FolderStore
from support import media

SIZE = {"width": 96, "height": 160, "fps": 30}
_WORDS = ("Spring", "is", "here.", "Go", "outside,", "now", "or", "never!")


@dataclass(frozen=True)
class Looks:
    """Sources, lines and a spec; ``words`` has what is said by its name in the cache."""

    folder: Path
    media: Path
    spec: Mapping[str, Any]
    lines: tuple[SpokenLine, ...]
    words: Mapping[str, tuple[Word, ...]]

    def planned(self, *without: str, **changed: Any) -> Campaign:  # noqa: ANN401  a spec's fields
        """Without some fields of the spec, or with others."""
        body = {key: value for key, value in {**self.spec, **changed}.items() if key not in without}
        task = load_data(
            {
                "apiVersion": "cliptask.dev/v1alpha1",
                "kind": "ClipTask",
                "metadata": {"name": "t"},
                "spec": body,
            },
            "drawn task",
        )
        facts = {url: self._facts(Path(url.removeprefix("file://"))) for url in task.spec.urls}
        return plan(task, facts, self.lines[: len(task.spec.lines)])

    def store(self, name: str) -> FolderStore:
        """A cache with the sources, the lines, and nothing made of them."""
        cache = FolderStore(self.folder / name)
        for file in [*self.media.iterdir(), *self.folder.glob("*.vtt")]:
            cache.put(names.source_object(_sha256(file)), file)
        for line in self.lines:
            cache.put(names.speech_object(line.key, "wav"), self.folder / f"{line.key[:8]}.wav")
        for key, words in self.words.items():
            cache.put_bytes(key, TimedWords(words=words).model_dump_json().encode())
        return cache

    def _facts(self, file: Path) -> SourceFacts:
        return probe(file, _sha256(file))


def footage(folder: Path) -> Path:
    """What all of these campaigns are made of."""
    for place in range(2):
        look = media.ClipLook(width=96, height=160, fps=30, duration_s=9, hue=place * 90)
        media.clip(folder / f"c{place}.mp4", look)
    media.animation(folder / "logo.gif")
    media.picture(folder / "logo.png")
    media.track(folder / "t.mp3", 2)
    return folder


def drawn(number: int, sources: Path, folder: Path) -> Looks:
    """Two clips with titles, captions, transitions, overlays, music and a line; the same for the same number.

    ``sources`` has the ``footage``, ``folder`` gets the rest.
    """
    dice = Random(number)  # noqa: S311  the same each time
    clips = [_clip(sources, dice, place) for place in range(2)]
    said = _said(dice, 0.3 + dice.random() * 3, dice.randint(1, 5))
    line_s = said[-1].end_s + 0.2
    line = SpokenLine(key=hashlib.sha256(str(said).encode()).hexdigest(), extension="wav", provider="espeak-ng", characters=9, duration_s=line_s)  # fmt: skip
    media.track(folder / f"{line.key[:8]}.wav", line_s, 330)
    words = {names.speech_object(line.key, "json"): said}
    if dice.random() < 0.5:
        captions, own = _captions(folder, dice)
        clips[1]["captions"] = {"url": captions.as_uri()}
        words[names.words_object(words_key(_sha256(captions)))] = own
    logo = sources / dice.choice(["logo.gif", "logo.png"])
    kind = dice.choice(get_args(OverlapKind))
    passage = dice.choice([each for each in get_args(PassageKind) if each != "typewriter"])
    spec = {
        "videoBlocks": [{"name": f"b{place}", "clips": [clip]} for place, clip in enumerate(clips)],
        "audioBlocks": [{"name": "m", "tracks": [{"url": (sources / "t.mp3").as_uri()}]}],
        "speech": [{"voice": "espeak-ng", "text": "x", "at": {"block": dice.choice(["b0", "b1"]), "offset": f"{dice.randint(0, 900)}ms"}}],
        "transitions": [{"kind": kind, **({"color": "#112233"} if kind == "fade" else {}), "duration": f"{dice.randint(2, 9) * 100}ms"}],
        "overlays": [
            {"text": "Now", "block": "b0", "from": f"{dice.randint(0, 500)}ms", "to": "1200ms", "in": {"kind": passage, "duration": "200ms"}},
            {"image": {"url": logo.as_uri()}, "block": "b1", "from": "4s", "to": "4800ms", "position": "topRight", "opacity": "80%"},
        ],
        "captions": {"mode": "burned", "style": dice.choice(get_args(CaptionStyle)), "position": dice.choice(["bottom", "center"])},
        "sound": {"clipVolume": 0.5, "overflow": "Trim"},
        "picture": dict(SIZE),
        "output": {"uri": "file:///srv/campaigns"},
    }  # fmt: skip
    return Looks(folder, sources, spec, (line,), words)


def _clip(sources: Path, dice: Random, place: int) -> dict[str, Any]:
    start = dice.randint(0, 30) * 100
    return {
        "url": (sources / f"c{place}.mp4").as_uri(),
        "trim": {"start": f"{start}ms", "end": f"{start + dice.randint(50, 60) * 100}ms"},
    }


def _said(dice: Random, from_s: float, count: int) -> tuple[Word, ...]:
    """Words one after the other, with a long pause now and then."""
    words, at = [], from_s
    for _ in range(count):
        end = at + 0.1 + dice.random() * 0.4
        words.append(Word(text=dice.choice(_WORDS), start_s=round(at, 3), end_s=round(end, 3)))
        at = end + (dice.random() * 4 if dice.random() < 0.2 else 0.05)
    return tuple(words)


def _captions(folder: Path, dice: Random) -> tuple[Path, tuple[Word, ...]]:
    own = _said(dice, 3.2 + dice.random() * 1.2, 2)
    file = folder / "c1.vtt"
    cues = (f"{_clock(word.start_s)} --> {_clock(word.end_s)}\n{word.text}" for word in own)
    file.write_text("\n\n".join(["WEBVTT", *cues]) + "\n")
    return file, own


def _clock(seconds: float) -> str:
    return f"00:{seconds:06.3f}"


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
