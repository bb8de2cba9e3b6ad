"""Which parts does a cache hold, and which are being made for which task? What one task's Jobs make, another's need not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

PATIENCE_S = 120.0
"""How long a lease is respected: the Job that makes the part may wait for a node, or in a queue."""


class ArtifactLeases:
    """Segments and soundtracks of one cache by their keys, for all tasks that use it."""

    def __init__(self, clock: Callable[[], float], notify: Callable[[str], None]) -> None:
        """``clock``: seconds, monotonic. ``notify`` is given the UID of each task that need not wait any more."""
        self._clock = clock
        self._notify = notify
        self._stored: set[str] = set()
        self._held: dict[str, dict[str, float]] = {}
        """By the UID of the task: the parts that its Jobs make, and since when."""
        self._awaited: dict[str, AbstractSet[str]] = {}
        """By the UID of the task: the parts that it leaves to others."""

    @property
    def stored(self) -> AbstractSet[str]:
        """Parts that were listed, or that Jobs made since."""
        return self._stored

    def listed(self, stored: Iterable[str], missing: Iterable[str]) -> None:
        """Take in a listing of some parts."""
        self._stored.update(stored)
        self._stored.difference_update(missing)

    def made(self, keys: Iterable[str]) -> None:
        """Take in what a Job says it made."""
        self._stored.update(keys)

    def hold(self, uid: str, keys: AbstractSet[str]) -> None:
        """The leases of a task: its Jobs are making these parts now, and no other."""
        before, now = self._held.pop(uid, {}), self._clock()
        if keys:
            self._held[uid] = {key: before.get(key, now) for key in keys}
        if released := before.keys() - keys:
            for other, awaited in self._awaited.items():
                if other != uid and not released.isdisjoint(awaited):
                    self._notify(other)

    def held_by_others(self, uid: str, wanted: AbstractSet[str]) -> AbstractSet[str]:
        """Those of the parts that Jobs of other tasks are making, for no longer than is worth waiting for."""
        oldest = self._clock() - PATIENCE_S
        found = {
            key
            for other, parts in self._held.items() if other != uid
            for key, since in parts.items() if since > oldest and key in wanted
        }  # fmt: skip
        self._awaited[uid] = found
        return found

    def release(self, uid: str) -> None:
        """A task makes nothing any more, and waits for nothing."""
        self._awaited.pop(uid, None)
        self.hold(uid, frozenset())


class CacheLeases:
    """The leases of each cache."""

    def __init__(self, clock: Callable[[], float], notify: Callable[[str], None]) -> None:
        self._clock, self._notify = clock, notify
        self._caches: dict[str, ArtifactLeases] = {}

    def of(self, cache_uri: str) -> ArtifactLeases:
        """They live as long as the operator, with some 100 bytes for each part."""
        return self._caches.setdefault(cache_uri, ArtifactLeases(self._clock, self._notify))
