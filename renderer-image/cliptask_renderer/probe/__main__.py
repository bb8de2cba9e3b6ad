"""What does a process do that reads files for another one? A line asks, a line answers, until nobody asks.

It may crash, hang or run out of memory, as hostile files have readers do: nothing but that file is lost.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import IO, Any, Final

from cliptask.errors import SourceError
from cliptask.facts import SourceFacts
from cliptask_renderer.media.ffmpeg import die_with_parent
from cliptask_renderer.probe.file import probe
from cliptask_renderer.probe.limits import ProbeLimits
from cliptask_renderer.probe.voice import write_voice

MEMORY_BYTES: Final = 1 << 30
"""Of data. A picture of 50 megapixels takes 0.2 GB, one of 4096x4096 in HDR as much."""

_SHARE: Final = 3
"""Two such processes and the one that asks share what the container may have."""

_CGROUPS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def main() -> None:
    """Answer until standard input ends."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks is interrupted, and ends this one
    memory_bytes = min(MEMORY_BYTES, *(bytes_ // _SHARE for bytes_ in _of_the_container()))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What a library prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _say(answers, ready=True)
    for line in sys.stdin:
        asked = json.loads(line)
        limits = ProbeLimits(**asked["limits"])
        _bound_time(limits.seconds)
        try:
            answer = _answer(asked, limits)
        except SourceError as error:
            _say(answers, refused=str(error))
        except MemoryError:
            _say(answers, refused="it takes too much memory to read; export it again, smaller")
        except Exception as error:  # noqa: BLE001  a file that confuses its reader is as bad as one that is refused
            what = f"it confuses its reader ({type(error).__name__})"
            _say(answers, refused=f"{what}; export it again, e.g. as MP4 (H.264 with AAC), WAV or PNG")
        else:
            _say(answers, **answer)


def _answer(asked: dict[str, Any], limits: ProbeLimits) -> dict[str, object]:
    """Raises ``SourceError`` for a file that is refused."""
    path = Path(asked["path"])
    if (voice := asked.get("voice")) is None:
        return {"facts": probe(path, asked["sha256"], limits).model_dump()}
    write_voice(path, Path(voice["target"]), SourceFacts.model_validate(voice["facts"]), limits)
    return {"written": voice["target"]}


def _say(answers: IO[str], **answer: object) -> None:
    answers.write(f"{json.dumps(answer)}\n")
    answers.flush()


def _bound_time(seconds: float) -> None:
    """End the process where a file takes twice as long as it may, should nobody be there to do so."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    end = int(used.ru_utime + used.ru_stime + 2 * seconds + 1)
    resource.setrlimit(resource.RLIMIT_CPU, (end, hard))


def _of_the_container() -> list[int]:
    """How much memory it may have, where that is said."""
    limits = []
    for name in _CGROUPS:
        try:
            limits.append(int(Path(name).read_text()))
        except (OSError, ValueError):
            continue  # there is none, or it says max
    return limits


if __name__ == "__main__":
    main()
