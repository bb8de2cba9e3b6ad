"""What must a storage of objects be able to do, that a store can be made of one of its buckets? One door for each cloud's client.

A door asks once, and says what came of it by its client's own errors, which ``explained`` turns into ours, or by one of
the conditions below, which are part of every conversation. Who tries again, and how long, is decided here for all of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, TypeVar

from cliptask_renderer.storage.joining import Limits
from cliptask_renderer.storage.labels import Label

Answer = TypeVar("Answer")

_FIRST_SHARE = 1 / 60
"""Of the deadline: the pause before the second attempt. Each is twice the one before it, less up to a half at random."""


class Condition(Exception):
    """What a request came to beside an answer."""


class Taken(Condition):
    """Something has the name already, which was to be made anew."""


class Gone(Condition):
    """There is no such object, or no such upload."""


class Changed(Condition):
    """The object is no more the one that was meant."""


class Damaged(Condition):
    """Content arrived with another checksum than was told, and is not stored."""


class Known(NamedTuple):
    """What a storage says of an object."""

    path: str
    size_bytes: int
    etag: str
    """Another one when the content is another."""
    label: Label = Label()
    coding: str = ""
    """Its Content-Encoding."""


class Upload(Protocol):
    """An object in the making, which nobody sees before ``commit``."""

    def send(self, number: int, content: bytes, crc32c: int) -> None:
        """The piece of that number, from 1 on. ``Damaged``: it did not arrive as it was."""

    def copy(self, number: int, bucket: str, source: Known, span: range) -> None:
        """The same from an object. ``Changed``, ``Gone``: it is not what it was."""

    def commit(self, *, replace: bool) -> None:
        """Make the object. ``Taken``: there is one. ``Gone``: the upload is no more, perhaps since it has been committed."""

    def abandon(self) -> None:
        """Remove the pieces as far as possible: raises nothing that ``explained`` knows."""


class Bucket(Protocol):
    """A bucket of some storage. Safe for any number of threads at once."""

    @property
    def scheme(self) -> str:
        """Of its URIs."""

    @property
    def name(self) -> str:
        """Its own."""

    @property
    def limits(self) -> Limits:
        """Of pieces."""

    @property
    def deadline_s(self) -> float:
        """How long is tried until a request passes for failed."""

    @property
    def storage(self) -> object:
        """Equal for buckets between which this storage copies."""

    def head(self, path: str) -> Known | None:
        """What there is, or None."""

    def list(self, prefix: str) -> Iterator[Known]:
        """Everything below, sorted by its path, with its label."""

    def open(
        self, path: str, span: range | None = None, etag: str | None = None
    ) -> AbstractContextManager[tuple[Known, Iterator[bytes]]]:
        """An object's content from somewhere on, in pieces. ``Gone``, ``Changed``; nothing comes from beyond its end."""

    def put(self, path: str, content: bytes, label: Label, *, replace: bool) -> None:
        """Make an object at once. ``Taken``, ``Damaged``."""

    def begin(self, path: str, label: Label) -> Upload:
        """Make one piece by piece."""

    def remove(self, path: str) -> None:
        """It need not be there."""

    def check(self) -> None:
        """Raise the client's error where there is no such bucket: a missing object may not tell."""

    def tidy(self, root: str) -> None:
        """Remove what crashes have left of uploads, now and then. Raises nothing that ``explained`` knows."""

    def is_passing(self, error: Exception) -> bool:
        """Whether another attempt may succeed."""

    def explained(self, what: str, *, reads: bool = False) -> AbstractContextManager[None]:
        """Turn the client's errors into ours, ``what`` being the message's beginning.

        ``SetupError``: no such bucket, no permission, no credentials. ``TransientError``: it did not answer, or not well.
        ``OutputError``: the request itself is refused. ``reads``: no more than a reader's permission is needed.
        """


def patiently(bucket: Bucket, call: Callable[[], Answer]) -> Answer:
    """A request's answer, or the error of its last attempt."""
    until, pause_s = time.monotonic() + bucket.deadline_s, bucket.deadline_s * _FIRST_SHARE
    while True:
        try:
            return call()
        except Exception as error:
            if not bucket.is_passing(error) or time.monotonic() + pause_s > until:
                raise
        time.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311  no secret
        pause_s *= 2


def download(
    bucket: Bucket,
    path: str,
    write: Callable[[bytes], object],
    span: range | None = None,
    etag: str | None = None,
) -> Known:
    """Write an object's bytes, or a span of them, piece by piece; a broken connection goes on where it was.

    Raises as ``Bucket.open``, and what the client raises where no attempt gets any further.
    """
    known: Known | None = None
    start = at = 0 if span is None else span.start

    def go_on() -> tuple[Known, bool]:
        nonlocal known, at
        before, rest = at, None
        if span is not None or at > start:
            rest = range(at, span.stop if span is not None else (known.size_bytes if known else at))
        try:
            with bucket.open(path, rest, known.etag if known else etag) as (known, pieces):
                for piece in pieces:
                    write(piece)
                    at += len(piece)
        except Exception as error:
            if known is None or at == before or not bucket.is_passing(error):
                raise
        end = known.size_bytes if span is None else min(known.size_bytes, span.stop)
        return known, at >= end

    while True:
        found, is_whole = patiently(bucket, go_on)
        if is_whole:
            return found
