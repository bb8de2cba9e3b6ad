from __future__ import annotations

import asyncio
import os
import signal
import sys
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from cliptask.errors import SetupError, SourceError
from cliptask.facts import SourceFacts
from cliptask_renderer.probe.limits import ProbeLimits
from cliptask_renderer.probe.process import Probes
from support.media import clip, track

SHA = "0" * 64

READER = """
import json, os, resource, signal, sys, time
print('{"ready": true}', flush=True)
for number, line in enumerate(sys.stdin):
    path = json.loads(line)["path"]
    if "crash" in path or ("fragile" in path and number):
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in path:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if "bomb" in path:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))
        held = [bytes(1 << 20) for _ in range(1 << 20)]
    facts = {"sha256": "0" * 64, "size_bytes": os.getpid(), "kind": "audio", "container": path}
    print(json.dumps({"facts": facts}), flush=True)
"""
"""What a hostile file would have a reader do, by the file's name. The size that it tells is its own process's number."""


def faked(**own: float) -> Probes:
    """Probes whose readers do as they are told."""
    return Probes(2, command=[sys.executable, "-I", "-c", READER], **own)


def readers() -> list[psutil.Process]:
    """Those that run now; what other tests of this process have started is none of ours."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            found += [child] if "-I" in child.cmdline() else []
    return found


@pytest.fixture
async def probes() -> AsyncIterator[Probes]:
    """The real ones."""
    own = Probes(2)
    yield own
    await own.aclose()
    assert not readers()


async def asked(probes: Probes, path: Path | str, limits: ProbeLimits | None = None) -> SourceFacts:
    """What they say of a file."""
    return await probes.probe(Path(path), SHA, limits or ProbeLimits())


async def refused(probes: Probes, path: Path | str, limits: ProbeLimits | None = None) -> str:
    """What they say of a file that is refused."""
    with pytest.raises(SourceError) as caught:
        await asked(probes, path, limits)
    return str(caught.value)


async def test_files_are_read_beside_this_process(tmp_path: Path, probes: Probes) -> None:
    """A decoder's crash would end the operator with all its campaigns."""
    paths = [clip(tmp_path / "a.mp4"), track(tmp_path / "b.mp3"), clip(tmp_path / "c\nd.webm")]

    found = await asyncio.gather(*(asked(probes, path) for path in paths))

    assert [facts.kind for facts in found] == ["video", "audio", "video"]
    assert len(readers()) == 2
    assert "text" in await refused(probes, _written(tmp_path / "e", b"hello"))


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "message"),
    [("crash", "crashes its reader (signal 11)"), ("bomb", "crashes its reader (exit 1)")],
)
async def test_a_crash_costs_one_source(name: str, message: str) -> None:
    """One hostile file would take others with it."""
    probes = faked()

    results = await asyncio.gather(refused(probes, name), asked(probes, "other"))

    assert message in results[0]
    assert "export it again" in results[0]
    assert (await asked(probes, "later")).container == "later"
    await probes.aclose()


async def test_a_hang_ends() -> None:
    """A reader that never returns would hold a place for ever."""
    probes = faked(grace_s=0.3)

    assert "too long" in await refused(probes, "hang", ProbeLimits(seconds=0))
    assert (await asked(probes, "later")).container == "later"
    await probes.aclose()
    assert not readers()


async def test_a_file_is_not_blamed_for_one_before_it() -> None:
    """A file may harm its reader, which then crashes at the next, innocent one."""
    probes = faked()
    await asked(probes, "first")

    assert (await asked(probes, "fragile")).container == "fragile"
    await probes.aclose()


async def test_a_fetch_that_is_given_up_ends_its_reader() -> None:
    """A task that is deleted would leave readers behind."""
    probes = faked()
    asking = asyncio.create_task(asked(probes, "hang"))
    while not readers():  # noqa: ASYNC110  nobody tells of it
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert not readers()
    await probes.aclose()


async def test_a_reader_that_rests_goes_home() -> None:
    """An operator that waits for tasks would hold the memory of readers for ever."""
    probes = faked(idle_s=0.05)
    number = (await asked(probes, "a")).size_bytes

    while psutil.pid_exists(number):  # noqa: ASYNC110  as above
        await asyncio.sleep(0.01)
    assert (await asked(probes, "b")).size_bytes != number
    await probes.aclose()


async def test_ctrl_c_does_not_reach_a_reader() -> None:
    """An interrupted render would call its sources damaged."""
    probes = faked()
    number = (await asked(probes, "a")).size_bytes

    assert os.getpgid(number) != os.getpgid(0)
    await probes.aclose()


async def test_a_reader_that_cannot_start_is_no_sources_fault() -> None:
    """A broken installation would call every source damaged."""
    probes = Probes(1, command=[sys.executable, "-c", "raise SystemExit(3)"])

    with pytest.raises(SetupError, match="exit 3"):
        await asked(probes, "a")


async def test_a_reader_is_told_nothing_secret(
    tmp_path: Path, probes: Probes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile file that takes its reader over would find the keys of the operator."""
    monkeypatch.setenv("ELEVENLABS_API_KEY", "secret")
    await asked(probes, track(tmp_path / "a.wav"))

    (reader,) = readers()
    assert "ELEVENLABS_API_KEY" not in reader.environ()


async def test_memory_is_bounded(tmp_path: Path, probes: Probes) -> None:
    """A few kilobytes of PNG would have the whole container killed."""
    side, packed = 40_000, zlib.compressobj(1)
    row = bytes(1 + side // 8)
    data = b"".join(packed.compress(row * 1000) for _ in range(side // 1000)) + packed.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    header = chunk(b"IHDR", side.to_bytes(4) * 2 + bytes([1, 0, 0, 0, 0]))
    path = _written(
        tmp_path / "bomb", b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    lax = ProbeLimits(still_pixels=side * side, side=side)

    await refused(probes, path, lax)

    (reader,) = readers()
    assert reader.memory_info().rss < 1 << 30
    assert (await asked(probes, track(tmp_path / "a.wav"))).kind == "audio"


async def test_the_process_that_asks_loads_no_decoder() -> None:
    """It would grow by what decoders leak, and hold what they could be made to do."""
    program = (
        "import sys, cliptask_operator.sources.fetcher; sys.exit('av' in sys.modules or 'PIL' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)

    assert await process.wait() == 0
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
