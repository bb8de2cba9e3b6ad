"""What goes wrong in a fake? Errors for its next calls of a kind, or for all of them until it recovers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Faults:
    """The errors that calls of each kind shall meet, and how many calls there were."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._next: dict[str, list[Exception]] = defaultdict(list)
        self._answers: dict[str, list[Exception]] = defaultdict(list)
        self._always: dict[str, Exception] = {}

    def fail(self, call: str, *errors: Exception) -> None:
        """Let the next calls meet these errors, one each, and do nothing."""
        self._next[call] += errors

    def fail_afterwards(self, call: str, *errors: Exception) -> None:
        """Let the next calls do what they should, and raise these errors, one each."""
        self._answers[call] += errors

    def keep_failing(self, error: Exception, *calls: str) -> None:
        """Let every one of these calls meet this error."""
        self._always |= dict.fromkeys(calls, error)

    def recover(self) -> None:
        """Let everything pass again."""
        self._next.clear()
        self._answers.clear()
        self._always.clear()

    @contextmanager
    def met(self, call: str) -> Iterator[None]:
        """Around what a call does."""
        self.calls[call] += 1
        if self._next[call]:
            raise self._next[call].pop(0)
        if call in self._always:
            raise self._always[call]
        yield
        if self._answers[call]:
            raise self._answers[call].pop(0)
