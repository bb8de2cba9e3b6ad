"""Which files of a folder can a campaign use, and as what? Each is read, in a process of its own; what cannot be used says why."""

from __future__ import annotations

import asyncio
import hashlib
import stat
from pathlib import Path

from cliptask.errors import SourceError
from cliptask.facts import SourceFacts
from cliptask.spec.paths import file_url
from cliptask.spec.values import LONGEST_URL
from cliptask_operator.local.contents import Contents, Found, Unused
from cliptask_operator.local.progress import ProgressReporter
from cliptask_operator.local.walk import files_below
from cliptask_renderer.media.pictures import DAMAGE, opened
from cliptask_renderer.probe.limits import ProbeLimits, refuse
from cliptask_renderer.probe.process import Probes

LARGEST_LOGO = 1024
"""Pixels along an edge of what may be a logo."""
_OPAQUE = 255


async def find(folder: Path, without: Path, processes: int, progress: ProgressReporter) -> Contents:
    """Read every file in and below a folder but ``without``, as ``files_below`` has them, so many at a time.

    ``folder`` and ``without`` are absolute, without symbolic links. Raises ``SetupError`` where no file can be read at all,
    and what ``files_below`` raises.
    """
    paths = await asyncio.to_thread(files_below, folder, without)
    progress.begin("files", len(paths))
    probes, slots = Probes(processes), asyncio.Semaphore(processes)

    async def look(path: str) -> Found | Unused:
        async with slots:
            try:
                seen: Found | Unused = await _look(folder, path, probes)
            except SourceError as error:
                seen = Unused(path, str(error))
            progress.advance("files")
            return seen

    try:
        async with asyncio.TaskGroup() as group:
            looks = [group.create_task(look(path)) for path in paths]
    except ExceptionGroup as several:
        # One is enough to say why nothing can be read.
        raise several.exceptions[0] from several
    finally:
        await probes.aclose()
    seen = [each.result() for each in looks]
    return Contents(
        tuple(each for each in seen if isinstance(each, Found)),
        tuple(each for each in seen if isinstance(each, Unused)),
    )


async def _look(folder: Path, path: str, probes: Probes) -> Found | Unused:
    """What a file is. Raises ``SourceError`` for what no task can use."""
    file = folder / path
    try:
        if len(file_url(str(file.as_posix().encode(), "utf-8"))) > LONGEST_URL:
            return Unused(path, "its path is too long; move it up")
        mode = await asyncio.to_thread(file.stat)
        if not stat.S_ISREG(mode.st_mode):
            is_folder = stat.S_ISDIR(mode.st_mode)
            return Unused(
                path, "the folder cannot be read; correct its permissions" if is_folder else "it is no file"
            )
        facts = await probes.probe(file, await asyncio.to_thread(_sha256, file), ProbeLimits())
        if facts.kind == "font":
            refuse("it is a font", "name it under spec.fonts")
        return Found(path, facts, await asyncio.to_thread(_is_cut_out, file, facts))
    except UnicodeEncodeError:
        return Unused(ascii(path)[1:-1], "its name is not UTF-8; rename it")
    except FileNotFoundError:
        return Unused(path, "it is a link that leads nowhere; mend or remove it")
    except OSError as error:
        return Unused(path, f"it cannot be read ({error.strerror}); correct its permissions")


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _is_cut_out(file: Path, facts: SourceFacts) -> bool:
    """Of a file that has been read in a process of its own, and so is safe to decode here."""
    if facts.kind != "still" or max(facts.width, facts.height) > LARGEST_LOGO:
        return False
    try:
        with opened(file) as picture:
            pixels = picture.still(facts.width, facts.height)
            return "A" in pixels.getbands() and min(pixels.getchannel("A").tobytes()) < _OPAQUE
    except DAMAGE:
        return False
