"""Which Jobs does each task have? Kept from watch events and corrected by listings, so that nobody has to ask often."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cliptask_operator.kubernetes import job_status
from cliptask_operator.kubernetes.job_status import JobFacts


class JobCache:
    """Facts of Jobs by the UID of their task, and for each task an event that tells of changes."""

    def __init__(self) -> None:
        self._jobs: dict[str, dict[str, JobFacts]] = defaultdict(dict)
        self._changed: dict[str, asyncio.Event] = {}
        self._at_work: set[str] = set()
        self._sequence = 0
        self._changed_at: dict[str, dict[str, int]] = defaultdict(dict)
        """For each Job, also for one that is gone, the number of its last change."""

    def of(self, uid: str) -> Mapping[str, JobFacts]:
        """A task's Jobs by name, as they are known now."""
        return dict(self._jobs.get(uid, {}))

    def active(self) -> int:
        """How many Jobs of all tasks run or wait. May be asked from any thread."""
        return sum(job.is_at_work for jobs in list(self._jobs.values()) for job in list(jobs.values()))

    def changed(self, uid: str) -> asyncio.Event:
        """Set when a Job of the task has changed, or a part that it waits for."""
        return self._changed.setdefault(uid, asyncio.Event())

    def notify(self, uid: str) -> None:
        """Wake whoever works on a task, if anybody does."""
        if uid in self._changed:
            self._changed[uid].set()

    def observe(self, body: Mapping[str, Any], *, gone: bool) -> None:
        """Note an event of a watch."""
        uid = job_status.owner_uid(body)
        if uid is None:
            return
        found = job_status.facts(body)
        known = self._jobs.get(uid, {}).get(found.name)
        found = _with_what_pods_said(found, known)
        if known == (None if gone else found):
            return
        self._touch(uid, found.name)
        if gone:
            self._remove(uid, found.name)
        else:
            self._jobs[uid][found.name] = found
        if gone or known is None or _acted_upon(known) != _acted_upon(found):
            self.notify(uid)

    def observe_pod(self, body: Mapping[str, Any]) -> None:
        """Note an event of a watch on pods: what one has made is there, some two seconds before its Job says so."""
        if (made := job_status.job_made_by(body)) is None:
            return
        name, job_uid = made
        for uid, jobs in self._jobs.items():
            known = jobs.get(name)
            if known is not None and known.uid == job_uid and known.is_at_work:
                self._touch(uid, name)
                jobs[name] = replace(known, made=True, started=True)
                self.notify(uid)

    def created(self, uid: str, job: JobFacts) -> None:
        """Note a Job that was created just now: its event may take a while."""
        self._touch(uid, job.name)
        self._jobs[uid].setdefault(job.name, job)

    def deleted(self, uid: str, name: str) -> None:
        """Note a Job that is being deleted; it is gone when the watch says so."""
        known = self._jobs.get(uid, {}).get(name)
        if known is not None:
            self._touch(uid, name)
            self._jobs[uid][name] = replace(known, deleting=True)

    def at_work(self, uid: str, *, begins: bool) -> None:
        """Note whether somebody goes by what a task's Jobs have done."""
        (self._at_work.add if begins else self._at_work.discard)(uid)

    def finished(self, namespace: str) -> list[tuple[str, JobFacts]]:
        """Jobs that nobody needs any more, those that succeeded first, each with the UID of its task."""
        found = [
            (uid, each)
            for uid, jobs in self._jobs.items()
            for each in jobs.values()
            if uid not in self._at_work and each.namespace == namespace
            and each.state != "active" and not each.deleting
        ]  # fmt: skip
        return sorted(found, key=lambda each: each[1].state == "failed")

    def mark(self) -> int:
        """The number of the last change: take it before a listing is asked for."""
        return self._sequence

    def listed(self, uid: str, bodies: Iterable[Mapping[str, Any]], since: int) -> None:
        """Replace what is known by a listing, which also forgets what was deleted while no watch ran.

        What changed after ``since`` is newer than the listing, and stays.
        """
        known = self._jobs.get(uid, {})
        newer = {name for name, number in self._changed_at.get(uid, {}).items() if number > since}
        found = [job_status.facts(body) for body in bodies if job_status.owner_uid(body) == uid]
        self._jobs[uid] = {
            each.name: _with_what_pods_said(each, known.get(each.name))
            for each in found
            if each.name not in newer
        } | {name: each for name, each in known.items() if name in newer}

    def _touch(self, uid: str, name: str) -> None:
        self._sequence += 1
        self._changed_at[uid][name] = self._sequence

    def _remove(self, uid: str, name: str) -> None:
        """Jobs outlive their task by a moment: with the last of them nothing is kept of it."""
        del self._jobs[uid][name]
        if not self._jobs[uid]:
            del self._jobs[uid]

    def forget(self, uid: str) -> None:
        """Drop a task that nobody works on."""
        self._jobs.pop(uid, None)
        self._changed.pop(uid, None)
        self._at_work.discard(uid)
        self._changed_at.pop(uid, None)


def _with_what_pods_said(found: JobFacts, known: JobFacts | None) -> JobFacts:
    """What the API says of a Job is older than what its pod has said, as long as it says active."""
    is_made = known is not None and known.made and known.uid == found.uid and found.state == "active"
    return replace(found, made=True, started=True) if is_made else found


def _acted_upon(job: JobFacts) -> JobFacts:
    """Without what is no reason to look at a campaign: that its pod runs, or that what is made is counted as well."""
    state = "succeeded" if job.has_succeeded else job.state
    return replace(job, uid="", state=state, made=False, started=False, took_s=None)
