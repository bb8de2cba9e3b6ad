"""Can a task's own fonts, which have been fetched, write what they are to? Asked before anything is spoken or encoded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from cliptask import names
from cliptask.errors import ClipTaskError
from cliptask.facts import SourceFacts
from cliptask.spec.task import ClipTaskSpec
from cliptask_operator.campaign.letters import check_own_letters
from cliptask_renderer.lettering.faces import Family
from cliptask_renderer.lettering.own import family_of
from cliptask_renderer.storage.base import Store


async def check_own_fonts(
    spec: ClipTaskSpec, sources: Mapping[str, SourceFacts | ClipTaskError], cache: Store
) -> dict[str, Family]:
    """The fonts by their names. Raise ``InputError`` for texts whose letters neither their own font, nor one of the program, can write.

    ``sources`` are by URL, and in the ``cache``; of those that could not be had nothing is said. Raises the cache's errors.
    """
    return await asyncio.to_thread(_check, spec, sources, cache) if spec.fonts else {}


def _check(
    spec: ClipTaskSpec, sources: Mapping[str, SourceFacts | ClipTaskError], cache: Store
) -> dict[str, Family]:
    own = {}
    with cache.scratch() as work:
        for font in spec.fonts:
            facts = sources[font.url]
            if isinstance(facts, SourceFacts) and facts.kind == "font":
                with cache.local(names.source_object(facts.sha256)) as file:
                    own[font.name] = family_of(file, facts.sha256, work)
    check_own_letters(spec, own)
    return own
