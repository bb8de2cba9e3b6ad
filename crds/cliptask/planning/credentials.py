"""What do the content credentials of a combination say?"""

from __future__ import annotations

from collections.abc import Iterator

from cliptask import names
from cliptask.credentials import Component, CredentialsOrder
from cliptask.orders import SoundtrackOrder
from cliptask.planning.choices import Choice
from cliptask.planning.lines import Said
from cliptask.planning.timeline import Timeline
from cliptask.spec.speech import Line


def credentials_of(
    timeline: Timeline, choice: Choice, said: Said, heard: SoundtrackOrder | None
) -> CredentialsOrder | None:
    """Of a combination in which this is said and heard; None where the task wants none. What is not heard went into nothing."""
    if timeline.spec.signer is None:
        return None
    components = tuple(dict.fromkeys(_components(timeline, choice, said, heard)))
    return CredentialsOrder(signer=timeline.spec.signer, components=components)


def _components(
    timeline: Timeline, choice: Choice, said: Said, heard: SoundtrackOrder | None
) -> Iterator[Component]:
    spec, bindings = timeline.spec, timeline.bindings
    for row, (block, index) in enumerate(zip(spec.video_blocks, choice.clips, strict=True)):
        clip, facts = block.clips[index], bindings.clip(row, index).facts
        yield Component(title=clip.title, content=facts.sha256, is_synthetic=bool(clip.synthetic))
    if choice.track is not None and heard and heard.track:
        track = spec.tracks[choice.track]
        yield Component(title=track.title, content=heard.track, is_synthetic=bool(track.synthetic))
    for each in said.lines:
        line = each.utterance
        title = line.title if isinstance(line, Line) else names.title_of_text(line.said)
        yield Component(title=title, content=each.line.key, is_synthetic=True)
