"""Which words of a recording in the cache are shown when? What its captions are made of, in a video and beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cliptask.errors import InputError
from cliptask.names import speech_object
from cliptask_renderer.storage.base import Store

if TYPE_CHECKING:
    from cliptask.captions import Cue


_REMEDY = "run the task again, which fetches or makes it anew"


def cues_of(cache: Store, line_key: str, end_s: float, remedy: str = _REMEDY) -> tuple[Cue, ...]:
    """Cues of a line, as ``captions.cues`` makes them. Raises ``InputError`` with the remedy where its recording is gone."""
    from cliptask.captions import cues  # noqa: PLC0415  Unicode's tables, for those videos only that have any
    from cliptask.facts import Recording  # noqa: PLC0415  as above

    words = speech_object(line_key, "json")
    with needed(cache, words, remedy=remedy):
        recording = Recording.model_validate_json(cache.read(words))
    return cues(recording.words, end_s)


@contextmanager
def needed(cache: Store, name: str, place: str | None = None, remedy: str = _REMEDY) -> Iterator[None]:
    """Raise ``InputError`` where an object turns out to be gone; ``place`` is what the task calls it."""
    try:
        yield
    except KeyError:
        what = f"{place}, kept in {cache.uri}," if place else f"{cache.uri}/{name}"
        message = f"{what} is gone: {remedy}"
        raise InputError(message) from None
