"""Which parts does a cache hold, and which are being made for whom? What one task's Jobs make, another's need not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

PATIENCE_S = 120.0
"""Until a part that another task is making is made all the same: its Job may wait for a node, or in a queue."""


class ArtifactLeases:
    """Segments and soundtracks of one cache by their keys, for all tasks that use it."""

    def __init__(self, clock: Callable[[], float], ring: Callable[[str], None]) -> None:
        """``clock``: seconds, monotonic. ``ring`` is given the UID of each task that need not wait any more."""
        self._clock = clock
        self._ring = ring
        self._there: set[str] = set()
        self._making: dict[str, dict[str, float]] = {}
        """By the UID of the task: the parts that its Jobs make, and since when."""
        self._awaited: dict[str, AbstractSet[str]] = {}
        """By the UID of the task: the parts that it leaves to others."""

    @property
    def there(self) -> AbstractSet[str]:
        """Parts that were listed, or whose Jobs said that they made them."""
        return self._there

    def listed(self, there: Iterable[str], missing: Iterable[str]) -> None:
        """Take in a listing of some parts."""
        self._there.update(there)
        self._there.difference_update(missing)

    def made(self, keys: Iterable[str]) -> None:
        """A Job says that these are there now."""
        self._there.update(keys)

    def makes(self, uid: str, keys: AbstractSet[str]) -> None:
        """A task's Jobs are making these now, and nothing else."""
        before, now = self._making.pop(uid, {}), self._clock()
        if keys:
            self._making[uid] = {key: before.get(key, now) for key in keys}
        if released := before.keys() - keys:
            for other, awaited in self._awaited.items():
                if other != uid and not released.isdisjoint(awaited):
                    self._ring(other)

    def made_elsewhere(self, uid: str, wanted: AbstractSet[str]) -> AbstractSet[str]:
        """Those of the parts that Jobs of other tasks are making, for no longer than is worth waiting for."""
        latest = self._clock() - PATIENCE_S
        found = {
            key
            for other, parts in self._making.items() if other != uid
            for key, since in parts.items() if since > latest and key in wanted
        }  # fmt: skip
        self._awaited[uid] = found
        return found

    def leave(self, uid: str) -> None:
        """A task makes nothing any more, and waits for nothing."""
        self._awaited.pop(uid, None)
        self.makes(uid, frozenset())


class CacheLeases:
    """The shelf of each cache."""

    def __init__(self, clock: Callable[[], float], ring: Callable[[str], None]) -> None:
        self._clock, self._ring = clock, ring
        self._shelves: dict[str, ArtifactLeases] = {}

    def of(self, cache_uri: str) -> ArtifactLeases:
        """It lives as long as the operator, with some 100 bytes for each part."""
        return self._shelves.setdefault(cache_uri, ArtifactLeases(self._clock, self._ring))
