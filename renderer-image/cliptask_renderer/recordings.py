"""What is known of a recording? Its words with their times lie beside it in the cache: captions are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cliptask.errors import InputError
from cliptask.names import speech_object
from cliptask.orders import CaptionsOrder
from cliptask_renderer.storage.base import NamedObjects

if TYPE_CHECKING:
    from cliptask.captions import Cue
    from cliptask.facts import Recording


_REMEDY = "run the task again, which fetches or makes it anew"


def recording_of(cache: NamedObjects, line_key: str, remedy: str = _REMEDY) -> Recording:
    """What is known of a line's recording. Raises ``InputError`` with the remedy where it is gone."""
    from cliptask.facts import Recording  # noqa: PLC0415  for those videos only that have captions

    words = speech_object(line_key, "json")
    with needed(cache, words, remedy=remedy):
        return Recording.model_validate_json(cache.read(words))


def cues_of(order: CaptionsOrder, recording: Callable[[str], Recording]) -> tuple[Cue, ...]:
    """What stands on the screen when, of all lines; ``recording`` knows a line by its key."""
    from cliptask.captions import cues, moved, sooner  # noqa: PLC0415  Unicode's tables, for those videos only that have any

    return tuple(
        cue
        for each in order.lines
        for cue in moved(
            cues(sooner(recording(each.line_key).words, each.speed), each.end_ms / 1000), each.at_ms
        )
    )


@contextmanager
def needed(cache: NamedObjects, name: str, place: str | None = None, remedy: str = _REMEDY) -> Iterator[None]:
    """Raise ``InputError`` where an object turns out to be gone; ``place`` is what the task calls it."""
    try:
        yield
    except KeyError:
        what = f"{place}, kept in {cache.uri}," if place else f"{cache.uri}/{name}"
        message = f"{what} is gone: {remedy}"
        raise InputError(message) from None
