"""What can go wrong, and who has to act?

::

    ClipTaskError
    ├── InputError            the author of the task: final until the task or its files change   (65)
    │   ├── InvalidTask       the YAML itself                                                     (65)
    │   ├── SourceError       a file that the task names                                          (65)
    │   ├── SpeechError       a line: its voice, language or text                                 (65)
    │   └── VariantError      a combination that cannot be made, e.g. speech longer than picture  (65)
    ├── SetupError            whoever runs it: credentials, quota, permissions, a missing program (78)
    ├── MissingInput          a file on the command line does not exist                           (66)
    ├── OutputError           the store cannot be written: permissions                            (73)
    │   └── DiskFull          there is no room on a disk, or the quota is used up                 (73)
    ├── MediaError            a made file failed its checks: a bug or a broken disk               (70)
    │   └── PartLost          a part of the cache is gone or damaged: whoever runs again makes it (70)
    └── TransientError        nobody: try again later                                             (75)

Numbers are the exit codes of BSD's ``sysexits.h``. Every message says what happened, to which input, and what
the person can do about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

_NEXT_UNIT, _FRACTION = 999.5, 9.95
"""From where on a size is told in the next unit, and without a fraction."""


class ClipTaskError(Exception):
    """Anything this program says no to. ``str()`` is one message for a person."""

    exit_code: ClassVar[int] = 70
    reason: ClassVar[str] = "Internal"


class InputError(ClipTaskError):
    """The author of the task must act; trying again changes nothing."""

    exit_code = 65
    reason = "InvalidInput"


class InvalidTask(InputError):
    """The task's YAML breaks the schema or a rule between its fields."""

    reason = "InvalidTask"


class TooManyCombinations(InvalidTask):
    """There are more combinations than may be made."""


class SourceError(InputError):
    """A source cannot be had or is not what the task needs."""

    reason = "SourceUnusable"


class SpeechError(InputError):
    """A line of speech cannot be spoken as written."""

    reason = "SpeechUnusable"


class VariantError(InputError):
    """A combination of good inputs that cannot become a video."""

    reason = "VariantImpossible"


class SetupError(ClipTaskError):
    """Whoever runs the program must act: credentials, quota, permissions, a missing program."""

    exit_code = 78
    reason = "Misconfigured"


class MissingInput(ClipTaskError):
    """A file named on the command line is not there."""

    exit_code = 66
    reason = "NotFound"


class OutputError(ClipTaskError):
    """The store refuses a write."""

    exit_code = 73
    reason = "StoreUnwritable"


class DiskFull(OutputError):
    """There is no room for what is written, or not enough for what is about to be."""

    reason = "DiskFull"

    def __init__(self, state: str, free_bytes: int, remedy: str, needed_bytes: int | None = None) -> None:
        """``state``: the folder and what is wrong with it. ``needed_bytes``: how much more goes there, where that is known."""
        super().__init__(state, free_bytes, remedy, needed_bytes)
        self.state, self.free_bytes, self.remedy, self.needed_bytes = state, free_bytes, remedy, needed_bytes

    def __str__(self) -> str:
        needed = "" if self.needed_bytes is None else f", about {in_bytes(self.needed_bytes)} are needed"
        return f"{self.state}: {in_bytes(self.free_bytes)} are free{needed}: {self.remedy}"

    def needing(self, needed_bytes: int) -> DiskFull:
        """The same where so many bytes more are to come, at the least."""
        needed = max(needed_bytes, self.needed_bytes or 0) or None
        return DiskFull(self.state, self.free_bytes, self.remedy, needed)


def in_bytes(size_bytes: int) -> str:
    """A size for people: ``0 B``, ``1.5 MB``, ``23 GB``."""
    amount, units = float(size_bytes), ["B", "kB", "MB", "GB", "TB"]
    while amount >= _NEXT_UNIT and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return (
        f"{amount:.1f} {units[0]}" if amount < _FRACTION and units[0] != "B" else f"{amount:.0f} {units[0]}"
    )


class MediaError(ClipTaskError):
    """A file that was made failed its checks."""

    reason = "CheckFailed"


class PartLost(MediaError):
    """A segment or a soundtrack is not in the cache as it was made, or not any more, and not made anew by whom it fails."""


class TransientError(ClipTaskError):
    """Retried in vain; the next run may succeed."""

    exit_code = 75
    reason = "Unavailable"


def joined(found: Sequence[ClipTaskError]) -> ClipTaskError:
    """Several errors as one of the first one's kind, each message once."""
    return type(found[0])("\n".join(dict.fromkeys(map(str, found))))
