"""How did the older service make a video? A worker that imports MoviePy once and then makes one video after another.

Run as a program. It says ``ready`` on standard output, then answers each line of standard input (JSON: ``clips``,
``music``, ``speech``, ``output``) with ``done`` when that video is written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from moviepy import AudioFileClip, CompositeAudioClip, VideoFileClip, afx, concatenate_videoclips

MUSIC_VOLUME = 0.2


def make(clips: Sequence[str], music: str, speech: str, output: str) -> None:
    """Write a video: the clips in a row on one canvas, the music looped to their length, the speech from the start."""
    video = concatenate_videoclips([VideoFileClip(clip) for clip in clips], method="compose")
    quiet = AudioFileClip(music).with_effects(
        [afx.AudioLoop(duration=video.duration), afx.MultiplyVolume(MUSIC_VOLUME)]
    )
    sound = CompositeAudioClip([quiet, AudioFileClip(speech)])
    video.with_audio(sound).write_videofile(output, codec="libx264", audio_codec="aac", logger=None)


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        make(**json.loads(line))
        print("done", flush=True)
