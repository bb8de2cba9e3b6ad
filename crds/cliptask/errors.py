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
    ├── OutputError           the store cannot be written: permissions, no space                  (73)
    ├── MediaError            a made file failed its checks: a bug or a broken disk               (70)
    └── TransientError        nobody: try again later                                             (75)

Numbers are the exit codes of BSD's ``sysexits.h``. Every message says what happened, to which input, and what
the person can do about it.
"""

from __future__ import annotations

from typing import ClassVar


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


class MediaError(ClipTaskError):
    """A file that was made failed its checks."""

    reason = "CheckFailed"


class TransientError(ClipTaskError):
    """Retried in vain; the next run may succeed."""

    exit_code = 75
    reason = "Unavailable"
