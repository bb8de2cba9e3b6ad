"""How does a status come into the cluster? The newest snapshot, not too often, and only what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from cliptask.errors import ClipTaskError
from cliptask.spec.status import ClipTaskStatus
from cliptask_operator.controller.notices import Told
from cliptask_operator.controller.status_snapshot import StatusSnapshot, status_from
from cliptask_operator.kubernetes.cluster import Cluster
from cliptask_operator.kubernetes.task_state import attempt_of, ref_of, status_of

Announce = Callable[[Mapping[str, Any], StatusSnapshot, StatusSnapshot | None], None]
"""Told of a task (its body), where it is, and where it was when this was called last."""

log = structlog.get_logger("cliptask.status")


class StatusWriter:
    """Writes for one attempt: progress now and then, an end at once."""

    def __init__(
        self,
        cluster: Cluster,
        body: Mapping[str, Any],
        announce: Announce,
        on_gone: Callable[[], None],
        least_s: float,
        interval_s: Callable[[], float],
        told: Callable[[], Told],
    ) -> None:
        """``interval_s``: between two writes that only tell of progress; ``least_s``: before one that failed is tried again.

        ``told`` knows what others were told, which the status says too. ``on_gone`` is called where the task is no more.
        """
        self._cluster = cluster
        self._body = body
        self._announce = announce
        self._on_gone = on_gone
        self._least_s = least_s
        self._interval_s = interval_s
        self._told = told
        self._written = status_of(body)
        self._announced: StatusSnapshot | None = None
        self._next: StatusSnapshot | None = None
        self._news = asyncio.Event()
        self._final = asyncio.Event()
        self._closed = False

    def put(self, snapshot: StatusSnapshot) -> None:
        """Have it written soon."""
        self._next = snapshot
        self._news.set()
        if snapshot.is_final:
            self._final.set()
        else:
            self._final.clear()

    def close(self) -> None:
        """Let ``run`` return once all is written."""
        self._closed = True
        self._news.set()

    async def run(self) -> None:
        """Write what is put, until closed."""
        while not self._closed or self._news.is_set():
            await self._news.wait()
            self._news.clear()
            if not await self._write():
                self._news.set()
                await asyncio.sleep(self._least_s)
            elif not self._final.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval_s()):
                        await self._final.wait()

    async def _write(self) -> bool:
        """Write the newest, and tell of it; returns False where that has to be tried again."""
        snapshot = self._next
        if snapshot is None:
            return True
        made = status_from(snapshot, attempt_of(self._body), self._written, datetime.now(UTC))
        status = self._told().within(made)
        if status == self._written:
            return True
        try:
            is_there = await self._cluster.patch_status(ref_of(self._body), _patch(status))
        except ClipTaskError as error:
            log.warning("the status cannot be written", error=str(error))
            return False
        if not is_there:
            self._on_gone()
            return True
        self._written = status
        if self._announced is None or self._announced.phase != snapshot.phase:
            log.info("phase", phase=snapshot.phase, reason=snapshot.reason, message=snapshot.message)
        self._announce(self._body, snapshot, self._announced)
        self._announced = snapshot
        return True


def _patch(status: ClipTaskStatus) -> dict[str, Any]:
    """The whole status for a merge: what has no value is removed."""
    return status.model_dump(mode="json", by_alias=True)
