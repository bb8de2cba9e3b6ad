"""Specs and facts for tests that need a campaign but no files."""

from __future__ import annotations

import hashlib
from typing import Any

from cliptask.facts import Recording, SourceFacts, SpokenLine, Word
from cliptask.names import speech_object
from cliptask.spec.task import ClipTask, ClipTaskSpec
from cliptask_renderer.storage.base import Store


def sha(text: str) -> str:
    """A content key that stands for ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()


def facts(name: str, **changes: Any) -> SourceFacts:  # noqa: ANN401  fields of many types
    """A video of 3 s at 320x180, 30 fps, unless ``changes`` say otherwise."""
    video = {
        "sha256": sha(name), "size_bytes": 1000, "kind": "video", "container": "mov", "duration_s": 3.0,
        "width": 320, "height": 180, "fps": 30.0,
    }  # fmt: skip
    return SourceFacts.model_validate(video | changes)


def line(text: str, duration_s: float | None = 1.0) -> SpokenLine:
    """A spoken line."""
    return SpokenLine(
        key=sha(text), extension="mp3", provider="elevenlabs", characters=len(text), duration_s=duration_s
    )


def speak_into(cache: Store, spoken: SpokenLine) -> None:
    """Keep what is known of a recording: its one word takes its first half second."""
    words = (Word(text=f"Word{spoken.key[:4]}.", start_s=0.0, end_s=0.5),)
    recording = Recording(line=spoken, voice="Rachel", text="", words=words)
    cache.put_bytes(speech_object(spoken.key, "json"), recording.model_dump_json().encode())


def url(name: str) -> str:
    """Where a source of this name lies."""
    return f"https://cdn.example.com/{name}.mp4"


def task(blocks: list[int], tracks: int = 0, lines: int = 0, **spec: Any) -> ClipTask:  # noqa: ANN401  as above
    """A task of ``blocks[j]`` clips in block j; clips are named b<block>c<clip>, tracks t<n>, lines 'line n'."""
    body = {
        "videoBlocks": [
            {"name": f"b{j}", "clips": [{"url": url(f"b{j}c{i}")} for i in range(count)]}
            for j, count in enumerate(blocks)
        ],
        "audioBlocks": [{"name": "pool", "tracks": [{"url": url(f"t{i}")} for i in range(tracks)]}]
        if tracks
        else [],
        "speech": [{"voice": "Rachel", "text": f"line {i}"} for i in range(lines)],
        "output": {"uri": "file:///out"},
    }
    return ClipTask.model_validate(
        {
            "apiVersion": "cliptask.dev/v1alpha1",
            "kind": "ClipTask",
            "metadata": {"name": "t"},
            "spec": body | spec,
        }
    )


def sources(of: ClipTask, **changes: Any) -> dict[str, SourceFacts]:  # noqa: ANN401  as above
    """Facts for every URL of the task; ``changes`` hold those of single names, e.g. ``b0c1={"fps": 50}``."""
    return sources_of(of.spec, **changes)


def sources_of(spec: ClipTaskSpec, **changes: Any) -> dict[str, SourceFacts]:  # noqa: ANN401  as above
    """The same for a spec."""
    found: dict[str, SourceFacts] = {}
    for each in spec.by_row:
        found |= _sources_of_row(each, changes)
    return found


def _sources_of_row(spec: ClipTaskSpec, changes: dict[str, Any]) -> dict[str, SourceFacts]:
    found = {}
    for block in spec.video_blocks:
        for clip in block.clips:
            name = clip.url.rsplit("/", 1)[-1].removesuffix(".mp4")
            found[clip.url] = facts(name, **changes.get(name, {}))
            for words in clip.urls[1:]:
                found[words] = facts(words, kind="captions", container="srt", width=0, height=0, fps=0)
    for track in spec.tracks:
        found[track.url] = facts(track.url, kind="audio", width=0, height=0, fps=0, sound_stream=0)
    for overlay in spec.overlays:
        if overlay.image:
            found[overlay.image.url] = facts(overlay.image.url, kind="still", duration_s=0, fps=0)
    for font in spec.fonts:
        given = {"kind": "font", "container": "ttf", "duration_s": 0, "width": 0, "height": 0, "fps": 0}
        found[font.url] = facts(font.url, **(given | changes.get(font.name, {})))
    return found
