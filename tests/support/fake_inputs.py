"""What do sources and lines turn out to be in a test without files and an account? What campaigns.py says, at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from cliptask.errors import ClipTaskError
from cliptask.facts import SourceFacts, SpokenLine
from cliptask.spec.speech import Utterance
from cliptask.spec.task import ClipTask, ClipTaskSpec
from cliptask_operator.campaign.inputs import InputObserver, ResolvedInputs
from cliptask_operator.sources.fetcher import FetchEvent
from cliptask_operator.speech.speaker import SpeechEvent
from cliptask_renderer.storage.base import Store
from support.campaigns import line, sources_of, speak_into
from support.faults import Faults


class FakeInputs:
    """``Inputs``. Each call of ``resolve`` can be made to fail; so can single sources and lines."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.errors: dict[str, ClipTaskError] = {}
        """What stands in place of a URL's facts, or of a text's recording."""
        self.tables: dict[str, list[dict[str, str]]] = {}
        """Rows by the URL of their table."""
        self.spoken: Counter[str] = Counter()
        """How often each text was paid for."""
        self.opened = asyncio.Event()
        """While it is cleared, sources are being fetched."""
        self.opened.set()

    async def with_rows(self, task: ClipTask, cache: Store) -> ClipTask:  # noqa: ARG002  of the protocol
        """See ``Inputs``: what ``tables`` holds."""
        error = self.errors.get(task.spec.table_url or "")
        if error is not None:
            raise error
        return task.with_rows(self.tables[task.spec.table_url or ""])

    async def resolve(
        self, spec: ClipTaskSpec, cache: Store, observer: InputObserver, *, speak: bool
    ) -> ResolvedInputs:
        """See ``Inputs``."""
        with self.faults.met("resolve"):
            observer.begin(len(spec.urls), len(spec.lines) if speak else 0, 0)
            await self.opened.wait()
            if speak:
                unpaid = {each.text for each in spec.lines if not self.spoken[each.text]}
                await observer.allow(sum(map(len, unpaid)), 0)
            sources = {url: self._source(url, facts, observer) for url, facts in sources_of(spec).items()}
            lines = self._lines(spec.lines, observer, speak=speak)
            for spoken in (each for each in lines if isinstance(each, SpokenLine) and each.is_spoken):
                speak_into(cache, spoken)
            return ResolvedInputs(sources, lines)

    def _source(self, url: str, facts: SourceFacts, observer: InputObserver) -> SourceFacts | ClipTaskError:
        error = self.errors.get(url)
        observer.fetched(FetchEvent("started", url))
        observer.fetched(FetchEvent("failed" if error else "finished", url, size_bytes=facts.size_bytes))
        return error or facts

    def _lines(
        self, lines: Sequence[Utterance], observer: InputObserver, *, speak: bool
    ) -> list[SpokenLine | ClipTaskError]:
        found: list[SpokenLine | ClipTaskError] = []
        for text in (each.text for each in lines):
            if (error := self.errors.get(text)) is not None:
                found.append(error)
                continue
            is_new = not self.spoken[text]
            if speak:
                self.spoken[text] += is_new
                observer.spoke(SpeechEvent("spoken" if is_new else "found", text, len(text)))
            found.append(line(text, 1.0 if self.spoken[text] else None))
        return found
