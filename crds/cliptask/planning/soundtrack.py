"""What is heard in a variant? From its track, its lines and its clips to the order of its soundtrack."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cliptask.orders import SoundtrackOrder
from cliptask.planning.choices import Choice
from cliptask.planning.lines import Said
from cliptask.planning.timeline import Timeline


def soundtrack(timeline: Timeline, choice: Choice, said: Said) -> SoundtrackOrder | None:
    """Only what is heard is in the order, so that what is not heard changes no key; None where nothing is.

    Raises what makes the track unusable.
    """
    sound, clips = timeline.spec.sound, timeline.sounds(choice.clips, said.more)
    music = _music(timeline, choice.track)
    if not music and not said.lines and not clips:
        return None
    order = SoundtrackOrder(
        fps=timeline.profile.fps,
        frames=said.frames,
        **music,
        speech=said.refs,
        clips=clips,
        balanced=sound.balance,
        ducking=sound.ducking and bool(music) and bool(said.lines or clips),
        loudness=sound.lufs,
    )
    return timeline.one(order)


def _music(timeline: Timeline, index: int | None) -> dict[str, Any]:
    """The order's fields of a track; none where it is not heard."""
    if index is None:
        return {}
    sound, track, facts = timeline.spec.sound, timeline.spec.tracks[index], timeline.bindings.track(index)
    if not sound.music_volume:
        return {}
    end = track.trim.end if track.trim else None
    return {
        "track": facts.sha256,
        "track_stream": facts.sound_stream or 0,
        "track_start_us": _microseconds(track.trim.start) if track.trim else 0,
        "track_end_us": _microseconds(end) if end else None,
        "music_volume": sound.music_volume,
        "music_fade_in_us": _microseconds(sound.music_fade_in),
        "music_fade_out_us": _microseconds(sound.music_fade_out),
    }


def _microseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
