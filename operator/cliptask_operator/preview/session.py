"""What is played, what is made, and what does the page hear of it? The state of a preview; all of it in one thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from cliptask.errors import ClipTaskError, InputError
from cliptask.orders import VariantOrder
from cliptask_operator.preview.board import Combination, Sought
from cliptask_operator.preview.board_json import described
from cliptask_operator.preview.films import Films
from cliptask_operator.preview.making import Part, Shelf, parts_of
from cliptask_operator.preview.reading import Read, Reader
from cliptask_operator.preview.wanted import Stock, wanted
from cliptask_operator.preview.workshop import Workshop

POLL_S = 0.05
"""Between two looks at the files; what has changed is read once two looks show the same."""
_CALM_S = 0.03
"""Between two events, however much happens."""
_PULSE_S = 15
"""Between two signs of life."""


class Session:
    """One task's preview. What a method raises as ``ClipTaskError`` is for the page to show."""

    def __init__(self, reader: Reader, drafts: Path, scratch: Path | None, workers: int) -> None:
        self._reader, self._drafts, self._scratch = reader, drafts, scratch
        self.workshop = Workshop(workers, self._done)
        self.films = Films()
        self.revision = 0
        """Of the board: it counts what was read."""
        self._read: Read | None = None
        self._shelf: Shelf | None = None
        self._sought = Sought()
        self._form: str | None = None
        self._current: Combination | None = None
        self._campaign = Stock()
        self._there: set[str] = set()
        self._failed: dict[str, ClipTaskError] = {}
        self._refusal: ClipTaskError | None = None
        self._unseen: ClipTaskError | None = None
        self._is_reading = self._is_surveyed = False
        self._changed = asyncio.Event()
        self._is_open = True

    # ---- the file -----------------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Read the file, and again whenever it or one of its sources has changed, until cancelled."""
        read = before = self._reader.signatures
        reading = asyncio.create_task(self.load())
        try:
            while True:
                await asyncio.sleep(POLL_S)
                if reading.done():
                    reading.result()  # raises what is a bug
                now = self._reader.signatures
                # What it names only now was read as it is.
                read = {path: read.get(path, of) for path, of in now.items()}
                if now != read and now == before:
                    reading.cancel()
                    await asyncio.wait([reading])
                    read, reading = now, asyncio.create_task(self.load())
                before = now
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    async def load(self) -> None:
        """Read the file. What is wrong with it is a problem on the page, and what was read before stays."""
        self._is_reading = True
        self._tell()
        try:
            read = await self._reader.read()
        except ClipTaskError as error:
            self._refusal = error
        else:
            self._refusal = None
            self._take(read)
            self._is_reading = False
            await self._survey(read)
        finally:
            self._is_reading = False
            self._tell()

    def _take(self, read: Read) -> None:
        board = read.board
        self._read = read
        self._shelf = Shelf(read.stores, self._drafts, self._scratch, board.places)
        self._failed.clear()
        self._unseen, self._is_surveyed = None, False
        self._campaign = Stock()
        before, self._current = self._current, None
        if before is not None:  # begin before the page asks again: it stays at what it shows
            with suppress(ClipTaskError):
                self._current = board.combination(board.choice(self._sought), self._form)
        self.revision += 1
        self._want()
        self._tell()

    async def _survey(self, read: Read) -> None:
        """Find out what the whole campaign needs, and what of it is there."""
        shelf = self._shelf
        if shelf is None:
            return

        def look() -> tuple[Stock, set[str], ClipTaskError | None]:
            combinations = [*read.board.combinations()]
            stock = Stock.of(combinations)
            is_whole = len(combinations) == len(read.board.chosen) * len(read.board.forms)
            return (
                stock,
                {each.key for each in stock.parts if shelf.has(each)},
                read.board.unseen if is_whole else None,
            )

        stock, there, unseen = await asyncio.to_thread(look)
        if self._read is read:
            self._campaign, self._unseen, self._is_surveyed = stock, unseen, True
            self._there |= there
            self._want()

    # ---- what is played -----------------------------------------------------------------------------------------------

    def look_at(self, sought: Sought, form: str | None = None) -> dict[str, Any]:
        """A combination in a form, which is made before all others from now on. Raises why it cannot be made."""
        read, shelf = self._loaded()
        board = read.board
        choice = board.choice(sought)
        self._sought, self._form = sought, form
        try:
            self._current = current = board.combination(choice, form)
        except ClipTaskError as error:
            raise type(error)(read.script.located(str(error))) from error
        for part in Stock.of([current]).parts:
            (self._there.add if shelf.has(part) else self._there.discard)(part.key)
        self._want()
        film = full = self.films.ready(current.full, current.captions, shelf, is_draft=False)
        if full is None and current.draft is not None:
            film = self.films.ready(current.draft, current.captions, shelf, is_draft=True)
        return {
            "name": current.name,
            "durationSeconds": current.full.duration_s,
            "starts": current.starts_s,
            "film": film and film.key,
            "isDraft": full is None,
            "hasCaptions": bool(film and film.captions),
            "problems": [*map(self._located, self._failures(current.full, current.draft))],
        }

    def _failures(self, *orders: VariantOrder | None) -> list[ClipTaskError]:
        keys = {
            part.key
            for number, order in enumerate(orders)
            if order
            for part in parts_of(order, is_draft=bool(number))
        }
        return [error for key, error in self._failed.items() if key in keys]

    async def pay(self, line: int) -> None:
        """Have a line spoken by its voice, and read the file again with it. Raises why it cannot be."""
        read, _ = self._loaded()
        choice = self._current.choice if self._current else None
        await self._reader.pay(read.board.line(line, choice), read)
        await self.load()

    def _loaded(self) -> tuple[Read, Shelf]:
        if self._read is None or self._shelf is None:
            raise self._refusal or InputError("the task is still being read")
        return self._read, self._shelf

    # ---- what is made -------------------------------------------------------------------------------------------------

    def _want(self) -> None:
        if self._shelf is None:
            return
        current = Stock.of([self._current] if self._current else [])
        self.workshop.want(self._shelf, wanted(current, self._campaign, self._lacks))

    def _lacks(self, part: Part) -> bool:
        return part.key not in self._there and part.key not in self._failed

    def _done(self, shelf: Shelf, part: Part, error: ClipTaskError | None) -> None:
        if error is None:
            self._there.add(part.key)
        elif shelf is self._shelf:
            self._failed[part.key] = error
        else:
            self._want()  # it was begun before the file was read again, which has everything tried anew
        self._tell()

    # ---- what the page hears ------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let those who listen go."""
        self._is_open = False
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def events(self) -> AsyncIterator[bytes]:
        """The state, and again whenever it changes, as server-sent events."""
        said = ""
        while self._is_open:
            changed = self._changed
            state = json.dumps(self.state())
            if state != said:
                said = state
                yield f"data: {state}\n\n".encode()
                await asyncio.sleep(_CALM_S)
            try:
                await asyncio.wait_for(changed.wait(), _PULSE_S)
            except TimeoutError:
                yield b": still here\n\n"

    def state(self) -> dict[str, Any]:
        """What changes from moment to moment."""
        stock, there = self._campaign, self._there
        segments = [segment.key in there for segment, _ in stock.segments]
        drafts = [draft.key in there for draft in stock.drafts]
        sounds = [part.key in there for part in stock.soundtracks]
        return {
            "revision": self.revision,
            "isReading": self._is_reading,
            "isSurveyed": self._is_surveyed,
            "busy": self.workshop.busy,
            "parts": {"made": sum(segments) + sum(sounds), "total": len(segments) + len(sounds)},
            "drafts": {"made": sum(drafts), "total": len(drafts)},
            "made": len(there),
            "refusal": self._refusal and str(self._refusal),
            "problems": self._problems(),
        }

    def _problems(self) -> list[str]:
        of_inputs = self._read.problems if self._read else ()
        errors = filter(None, [self._unseen, *self._failed.values()])
        return [*dict.fromkeys([*of_inputs, *map(self._located, errors)])]

    def _located(self, error: ClipTaskError) -> str:
        return self._read.script.located(str(error)) if self._read else str(error)

    def board(self) -> dict[str, Any]:
        """What there is to combine, for the page. Raises why there is nothing."""
        return {"revision": self.revision, **described(self._loaded()[0], can_speak=self._reader.can_speak)}
