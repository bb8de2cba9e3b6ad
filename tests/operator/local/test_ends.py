"""How the program ends when somebody wants it to: Ctrl-C, kill, a closed terminal; at whatever it is."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from cliptask_operator.sources.ssrf import OPEN_HOSTS_SETTING
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.http_server import MediaServer, Stream
from support.studio import PROGRAM, Studio

GO_ON = "interrupted: nothing is lost; the same command goes on from here"
LARGE = {"width": 720, "height": 1280}
ALARMING = ("Traceback", "Warning", "resource_tracker", "never retrieved", "leaked")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture(autouse=True)
def a_hang_up_is_heard() -> Iterator[None]:
    """The program leaves ignored what whoever starts it ignores, as ``nohup make test`` does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@dataclass
class Running:
    """The program at work, and all processes that it was seen to have."""

    program: subprocess.Popen[bytes]
    log: Path
    out: Path
    children: list[psutil.Process]

    def until(self, reached: Callable[[Running], bool]) -> None:
        """Wait for a moment of its work."""
        while True:
            assert self.program.poll() is None, self.said
            with suppress(psutil.NoSuchProcess):
                self.children = psutil.Process(self.program.pid).children(recursive=True)
            if reached(self):
                return
            time.sleep(0.02)

    @property
    def said(self) -> str:
        """On standard error."""
        return self.log.read_text(errors="replace")

    def ended(self) -> int:
        """How it has ended, once nothing of it is left."""
        code = self.program.wait(timeout=60)
        _, alive = psutil.wait_procs(self.children, timeout=30)
        assert not alive
        assert not list(self.out.glob("**/.store/tmp/*"))
        assert not [word for word in ALARMING if word in self.said]
        return code


@contextmanager
def running(studio: Studio, task: Path, out: Path, **settings: str) -> Iterator[Running]:
    """Render, with what it says in a file."""
    log = out.with_suffix(".log")
    environment = studio.clean_environment() | settings | {"PYTHONWARNINGS": "default"}
    with log.open("wb") as said, subprocess.Popen(
        [PROGRAM, "render", task, "-d", out], env=environment, stdout=said, stderr=said
    ) as program:  # fmt: skip
        try:
            yield Running(program, log, out, [])
        finally:
            program.kill()


def encodes(run: Running) -> bool:
    """Whether ffmpeg is at work."""
    for child in run.children:
        with suppress(psutil.NoSuchProcess):
            if "ffmpeg" in child.name():
                return True
    return False


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_every_signal_is_as_friendly_as_ctrl_c(
    studio: Studio, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """What a scheduler, a shell or a closed terminal sends would leave processes, half files and warnings."""
    task = studio.write([[0, 1, 2, 3], [4, 5, 6, 7]], picture=LARGE)
    with running(studio, task, tmp_path / "out") as run:
        run.until(encodes)
        run.program.send_signal(number)

        assert run.ended() == code
        assert run.said.endswith(f"{GO_ON}\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once(studio: Studio, tmp_path: Path, number: signal.Signals) -> None:
    """Who is impatient would see a traceback, or have processes left."""
    task = studio.write([[0, 1, 2, 3], [4, 5, 6, 7]], picture=LARGE)
    with running(studio, task, tmp_path / "out") as run:
        run.until(encodes)
        run.program.send_signal(number)
        run.program.send_signal(number)
        run.program.send_signal(number)
        code = run.program.wait(timeout=60)

        _, alive = psutil.wait_procs(run.children, timeout=30)
        assert (code, alive) == (128 + number, [])
        assert not [word for word in ALARMING if word in run.said]
        assert run.said.count(GO_ON) == 1
    studio.render(task, tmp_path / "out")
    assert not list((tmp_path / "out").glob("**/.store/tmp/*"))


def test_a_download_ends(studio: Studio, tmp_path: Path) -> None:
    """Somebody who has named the wrong file would wait for all of it, and processes that wait for work be left."""
    with MediaServer(tmp_path) as server:
        url = server.script("/endless.mp4", Stream())
        task = studio.write([[0]])
        task.write_text(task.read_text().replace(studio.clip(0), url))
        allowed = {"CLIPTASK_ALLOW_HTTP": "true", OPEN_HOSTS_SETTING: server.host}
        with running(studio, task, tmp_path / "out", **allowed) as run:
            run.until(lambda run: any(run.out.glob("**/.store/tmp/*/files/source")))
            own = psutil.Process(run.program.pid)
            assert [each for each in own.children() if each.cmdline() == own.cmdline()]
            run.program.send_signal(signal.SIGTERM)

            assert run.ended() == 143
            assert run.said.endswith(f"{GO_ON}\n")


_DEAF = """
import asyncio
from cliptask_operator.local.interruption import interruptible
from cliptask_operator.local.process_pool import Processes
async def work():
    print("works", flush=True)
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            print("goes on", flush=True)
if __name__ == "__main__":
    with interruptible() as interruption, Processes.forked(2):
        interruption.run(work())
"""


def test_a_second_signal_ends_it_while_processes_wait_for_work(tmp_path: Path) -> None:
    """They would be ended in its place, and it go on."""
    script = tmp_path / "deaf.py"
    script.write_text(_DEAF)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == "works\n"
        children = psutil.Process(program.pid).children()
        program.send_signal(signal.SIGTERM)
        assert program.stdout.readline() == "goes on\n"
        program.send_signal(signal.SIGTERM)
        try:
            _, said = program.communicate(timeout=30)
        finally:
            program.kill()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert (program.returncode, said, alive) == (143, f"{GO_ON}\n", [])
    assert len(children) >= 2


def test_speech_ends(studio: Studio, tmp_path: Path) -> None:
    """The provider's slowness would be everybody's."""
    with ElevenLabsStub() as account:
        account.delay_s = 30
        speaking = {"ELEVENLABS_API_KEY": KEY, "CLIPTASK_ELEVENLABS_BASE_URL": account.url}
        with running(
            studio, studio.write([[0]], lines=1, voice="Rachel"), tmp_path / "out", **speaking
        ) as run:
            account.wait_for_speech()
            began = time.monotonic()
            run.program.send_signal(signal.SIGTERM)

            assert run.ended() == 143
            assert time.monotonic() - began < account.delay_s
            assert run.said.endswith(f"{GO_ON}\n")


def test_publishing_ends_with_whole_pages(studio: Studio, tmp_path: Path) -> None:
    """The index would be cut short by whoever ends the program at the last moment."""
    task, index = studio.write([[0, 1], [2, 3]]), tmp_path / "out" / "camp" / "index.json"
    with running(studio, task, tmp_path / "out") as run:
        run.until(lambda run: "videos: 4 of 4" in run.said)
        run.program.send_signal(signal.SIGTERM)

        assert run.ended() in {0, 143}
    studio.render(task, tmp_path / "out")
    assert len(list(index.parent.glob("*.mp4"))) == 4


def test_what_nohup_has_ignored_stays_so(studio: Studio, tmp_path: Path) -> None:
    """A night's work would end with the terminal that it was to outlive."""
    task = studio.write([[0, 1], [2, 3]])
    command = ["nohup", str(PROGRAM), "render", str(task), "-d", str(tmp_path / "out")]
    with subprocess.Popen(
        command, env=studio.clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        assert program.stdout
        for line in program.stdout:
            if line.startswith("segments:"):
                program.send_signal(signal.SIGHUP)
                break
        said, _ = program.communicate(timeout=120)

    assert program.returncode == 0
    assert "4 of 4 videos" in said


class Terminal:
    """A terminal with the program in its foreground."""

    def __init__(self, studio: Studio, task: Path, out: Path) -> None:
        self.pid, self.end = pty.fork()
        if self.pid == 0:  # pragma: no cover  the program's own process
            command = [str(PROGRAM), "render", str(task), "-d", str(out)]
            os.execve(PROGRAM, command, studio.clean_environment())  # noqa: S606  the program under test
        self.process, self.shown = psutil.Process(self.pid), b""
        self.children: list[psutil.Process] = []

    def until_it_encodes(self) -> None:
        """Read what is shown, which else would stop the program."""
        os.set_blocking(self.end, False)
        while not any("ffmpeg" in name for name in self._names()):
            with suppress(BlockingIOError):
                self.shown += os.read(self.end, 65_536)
            time.sleep(0.02)
        os.set_blocking(self.end, True)

    def _names(self) -> list[str]:
        self.children, names = self.process.children(recursive=True), []
        for child in self.children:
            with suppress(psutil.NoSuchProcess):
                names.append(child.name())
        return names

    def read_to_the_end(self) -> None:
        """Until nobody has the terminal open any more, which Linux tells as an error."""
        with suppress(OSError):
            while piece := os.read(self.end, 65_536):
                self.shown += piece

    def code(self) -> int:
        """How it has ended, once nothing of it is left."""
        _, status = os.waitpid(self.pid, 0)
        _, alive = psutil.wait_procs(self.children, timeout=30)
        assert not alive
        return os.waitstatus_to_exitcode(status)


def test_ctrl_c_in_a_terminal_says_how_to_go_on(studio: Studio, tmp_path: Path) -> None:
    """There, every process hears of it, and each would complain; and the cursor would stay hidden."""
    task = studio.write([[0, 1, 2, 3], [4, 5, 6, 7]], picture=LARGE)
    terminal = Terminal(studio, task, tmp_path / "out")
    terminal.until_it_encodes()

    os.write(terminal.end, b"\x03")

    terminal.read_to_the_end()
    assert terminal.code() == 130
    shown = terminal.shown.decode(errors="replace")
    assert shown.rstrip().endswith(GO_ON)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert not [word for word in ALARMING if word in shown]
    assert not list((tmp_path / "out").glob("**/.store/tmp/*"))


def test_a_closed_terminal_ends_it_tidily(studio: Studio, tmp_path: Path) -> None:
    """Encodes would go on unseen, or leave what they have begun."""
    task = studio.write([[0, 1, 2, 3], [4, 5, 6, 7]], picture=LARGE)
    terminal = Terminal(studio, task, tmp_path / "out")
    terminal.until_it_encodes()

    os.close(terminal.end)

    assert terminal.code() == 129
    assert not list((tmp_path / "out").glob("**/.store/tmp/*"))
