"""What is this file, really? Told by its content, never by its name, and safe to ask of a hostile file.

Captions are read by the contract's own reader, pictures by Pillow, fonts by fontTools, everything else by PyAV with a whitelist of formats, so that no playlist, drawing or
subtitle is ever opened, and none of these can open another file. Limits hold before anything is decoded.
"""

from __future__ import annotations

from pathlib import Path

from cliptask.caption_file import is_captions
from cliptask.facts import SourceFacts
from cliptask_renderer.lettering.own import container_of
from cliptask_renderer.media.pictures import reader_for
from cliptask_renderer.probe.captions import probe_captions
from cliptask_renderer.probe.container import probe_container
from cliptask_renderer.probe.font import probe_font
from cliptask_renderer.probe.limits import ProbeLimits, refuse
from cliptask_renderer.probe.picture import probe_picture, refuse_moving_heic
from cliptask_renderer.probe.signature import HEAD_BYTES, text_of, what_instead


def probe(path: Path, sha256: str, limits: ProbeLimits | None = None) -> SourceFacts:
    """What a file is. ``sha256`` is that of its content, and stands in the facts.

    Raises ``SourceError`` for what no task can use; the message names neither the file nor its URL.
    """
    limits = limits or ProbeLimits()
    size = path.stat().st_size
    if size == 0:
        refuse("the file is empty", "upload it again")
    if size > limits.size_bytes:
        refuse(f"the file has {size} bytes, {limits.size_bytes} are allowed", "make it smaller")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    facts = SourceFacts(sha256=sha256, size_bytes=size, kind="still", container="?")
    if (font := container_of(head)) is not None:
        return probe_font(path, font, facts)
    if is_captions(text_of(head) or ""):
        return probe_captions(path, facts)
    if (instead := what_instead(head)) is not None:
        refuse(*instead)
    refuse_moving_heic(head)
    if (reader := reader_for(head)) is not None:
        return probe_picture(path, reader, facts, limits)
    return probe_container(path, head, facts, limits)
