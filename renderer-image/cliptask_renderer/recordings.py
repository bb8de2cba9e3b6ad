"""What is said when? Words with their times lie in the cache, of recordings and of clips' captions: captions are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cliptask.errors import InputError
from cliptask.orders import CaptionsOrder
from cliptask_renderer.storage.base import NamedObjects

if TYPE_CHECKING:
    from cliptask.captions import Cue
    from cliptask.facts import Word


_REMEDY = "run the task again, which fetches or makes it anew"


def words_of(cache: NamedObjects, name: str, remedy: str = _REMEDY) -> tuple[Word, ...]:
    """The words of a recording or of a clip's captions. Raises ``InputError`` with the remedy where they are gone."""
    from cliptask.facts import TimedWords  # noqa: PLC0415  for those videos only that have captions

    with needed(cache, name, remedy=remedy):
        return TimedWords.model_validate_json(cache.read(name)).words


def cues_of(order: CaptionsOrder, words: Callable[[str], Sequence[Word]]) -> tuple[Cue, ...]:
    """What stands on the screen when: of all lines, and of clips where no line is said. ``words`` has them by their names."""
    from cliptask.captions import cues, moved, one_after_another, sooner, within, without  # noqa: PLC0415  Unicode's tables, for those videos only that have any

    found: list[Cue] = []
    spoken: list[range] = []
    for each in (*order.lines, *order.clips):
        own, whole = sooner(words(each.words), each.speed), range(each.start_ms, each.end_ms)
        is_line = len(spoken) < len(order.lines)
        taken = () if is_line else (range(line.start - each.at_ms, line.stop - each.at_ms) for line in spoken)
        for free in without(whole, taken):
            found += moved(cues(within(own, free.start), free.stop / 1000), each.at_ms)
        if is_line:
            last_ms = max((round(word.end_s * 1000) for word in own), default=0)
            spoken.append(range(each.at_ms, each.at_ms + min(last_ms, each.end_ms)))
    return one_after_another(found)


@contextmanager
def needed(cache: NamedObjects, name: str, place: str | None = None, remedy: str = _REMEDY) -> Iterator[None]:
    """Raise ``InputError`` where an object turns out to be gone; ``place`` is what the task calls it."""
    try:
        yield
    except KeyError:
        what = f"{place}, kept in {cache.uri}," if place else f"{cache.uri}/{name}"
        message = f"{what} is gone: {remedy}"
        raise InputError(message) from None
