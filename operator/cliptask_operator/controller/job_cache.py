"""Which Jobs does each task have? Kept from watch events and corrected by listings, so that nobody has to ask often."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cliptask_operator.kubernetes import manifests
from cliptask_operator.kubernetes.manifests import JobFacts


class JobCache:
    """Facts of Jobs by the UID of their task, and a bell for each task that rings when something changes."""

    def __init__(self) -> None:
        self._jobs: dict[str, dict[str, JobFacts]] = defaultdict(dict)
        self._bells: dict[str, asyncio.Event] = {}
        self._news = 0
        self._heard: dict[str, dict[str, int]] = defaultdict(dict)
        """For each Job, also for one that is gone, the number of the news that came of it last."""

    def of(self, uid: str) -> Mapping[str, JobFacts]:
        """A task's Jobs by name, as they are known now."""
        return dict(self._jobs.get(uid, {}))

    def active(self) -> int:
        """How many Jobs of all tasks run or wait. May be asked from any thread."""
        return sum(job.state == "active" for jobs in list(self._jobs.values()) for job in list(jobs.values()))

    def bell(self, uid: str) -> asyncio.Event:
        """Set when the task, or a Job of it, has changed."""
        return self._bells.setdefault(uid, asyncio.Event())

    def ring(self, uid: str) -> None:
        """Wake whoever works on a task, if anybody does."""
        if uid in self._bells:
            self._bells[uid].set()

    def saw(self, body: Mapping[str, Any], *, gone: bool) -> None:
        """Note an event of a watch."""
        uid = manifests.owner_uid(body)
        if uid is None:
            return
        found = manifests.facts(body)
        known = self._jobs.get(uid, {}).get(found.name)
        if known == (None if gone else found):
            return
        self._hear(uid, found.name)
        if gone:
            self._remove(uid, found.name)
        else:
            self._jobs[uid][found.name] = found
        self.ring(uid)

    def created(self, uid: str, name: str, attempt: str) -> None:
        """Note a Job that was created just now: its event may take a while."""
        self._hear(uid, name)
        self._jobs[uid].setdefault(name, JobFacts(name, "active", attempt))

    def deleted(self, uid: str, name: str) -> None:
        """Note a Job that is being deleted; it is gone when the watch says so."""
        known = self._jobs.get(uid, {}).get(name)
        if known is not None:
            self._hear(uid, name)
            self._jobs[uid][name] = replace(known, deleting=True)

    def mark(self) -> int:
        """Where the news stand: take it before a listing is asked for."""
        return self._news

    def listed(self, uid: str, bodies: Iterable[Mapping[str, Any]], since: int) -> None:
        """Replace what is known by a listing, which also forgets what was deleted while no watch ran.

        What was heard after ``since`` is newer than the listing, and stays.
        """
        known = self._jobs.get(uid, {})
        newer = {name for name, number in self._heard.get(uid, {}).items() if number > since}
        found = [manifests.facts(body) for body in bodies if manifests.owner_uid(body) == uid]
        self._jobs[uid] = {each.name: each for each in found if each.name not in newer} | {
            name: each for name, each in known.items() if name in newer
        }

    def _hear(self, uid: str, name: str) -> None:
        self._news += 1
        self._heard[uid][name] = self._news

    def _remove(self, uid: str, name: str) -> None:
        """Jobs outlive their task by a moment: with the last of them nothing is kept of it."""
        del self._jobs[uid][name]
        if not self._jobs[uid]:
            del self._jobs[uid]

    def forget(self, uid: str) -> None:
        """Drop a task that nobody works on."""
        self._jobs.pop(uid, None)
        self._bells.pop(uid, None)
        self._heard.pop(uid, None)
