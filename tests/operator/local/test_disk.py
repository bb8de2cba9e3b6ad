"""What a person sees where there is no room: before the start and at any later moment, on small disks."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.disks import Disks, disks
from support.gcs import FakeGcs
from support.studio import PROGRAM, Studio, moments, objects

ROOM = r"\d[\d.]* [kMG]?B are free"
NO_ROOM = re.compile(rf"^error: (?P<folder>/\S*) [^:]+: {ROOM}, about \d[\d.]* [kMG]?B are needed: [^\n]+$")
KEPT = ("camp/*.mp4", ".cliptask/segments/*", ".cliptask/soundtracks/*", ".cliptask/sources/*")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture(scope="module")
def undisturbed(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the campaign comes to where there is room."""
    folder = tmp_path_factory.mktemp("undisturbed")
    studio.render(task(studio), folder)
    return folder


@pytest.fixture
def small() -> Iterator[Disks]:
    """Mounts small disks."""
    with disks() as mounted:
        yield mounted


def task(studio: Studio) -> Path:
    """Two clips by two, with music: some 700 kB."""
    return studio.write([[0, 1], [2, 3]], tracks=1)


def full(ran: subprocess.CompletedProcess[str], folder: Path) -> str:
    """The one line that a person is told, of a run that found no room in the folder or below it."""
    assert ran.returncode == 73, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    (line,) = (each for each in ran.stderr.splitlines() if each.startswith("error:"))
    told = NO_ROOM.match(line)
    assert told, line
    assert Path(told["folder"]).is_relative_to(folder), line
    return line


def kept(folder: Path) -> dict[str, tuple[int, int]]:
    """All that was made, and when."""
    return {name: when for pattern in KEPT for name, when in moments(folder, pattern).items()}


def assert_whole(folder: Path, undisturbed: Path) -> None:
    """Nothing is half-made, and nothing is left that was to go."""
    for pattern in KEPT:
        whole = objects(undisturbed, pattern)
        assert objects(folder, pattern).items() <= whole.items()
    assert not list(folder.glob("**/.store/tmp/*"))


SIZES_KIB = [4, 40, 160, 224, 288, 352, 416, 480, 560, 720, 1200]
BETWEEN_KIB = [16, 96, 256, 320, 384, 448, 512, 640, 800]
"""Tried by ``make matrix`` alone."""


@pytest.mark.parametrize(
    "size_kib", [*SIZES_KIB, *(pytest.param(size, marks=pytest.mark.matrix) for size in BETWEEN_KIB)]
)
def test_a_disk_of_any_size_ends_well_or_says_what_it_lacks(
    studio: Studio, undisturbed: Path, tmp_path: Path, small: Disks, size_kib: int
) -> None:
    """Wherever it is full, somebody would find a traceback, half a video, or work done twice."""
    disk = small.mount(tmp_path / "out", f"size={size_kib}k")

    ran = studio.run("render", task(studio), "-d", disk.folder)

    if ran.returncode != 0:
        full(ran, disk.folder)
    assert_whole(disk.folder, undisturbed)
    before = kept(disk.folder)
    disk.resize("size=64m")
    studio.render(task(studio), disk.folder)
    assert_whole(disk.folder, undisturbed)
    after = kept(disk.folder)
    assert set(after) == set(kept(undisturbed))
    assert {name: after[name] for name in before} == before


def test_before_the_start_it_is_said_what_is_needed_and_free(studio: Studio, tmp_path: Path) -> None:
    """Somebody would find out after an hour that a night is not enough."""
    ran = studio.run("render", task(studio), "-d", tmp_path)

    assert re.search(rf"^{tmp_path}: needs about \d[\d.]* [kM]B, {ROOM}$", ran.stderr, re.MULTILINE)


def test_what_cannot_fit_is_refused_by_plan_and_by_render_before_anything_is_made(
    studio: Studio, tmp_path: Path, small: Disks
) -> None:
    """An hour's work would end where it was certain from the start to end."""
    wanted = studio.write([[0, 1], [2, 3]], picture={"width": 1080, "height": 1920})
    disk = small.mount(tmp_path / "out", "size=420k")

    planned = studio.run("plan", wanted, "--folder", disk.folder, "-o", "json")
    rendered = studio.run("render", wanted, "-d", disk.folder)

    for ran in (planned, rendered):
        assert "has too little room" in full(ran, disk.folder)
    assert json.loads(planned.stdout)["exitCode"] == 73
    (room,) = json.loads(planned.stdout)["disks"]
    assert room["folder"] == str(disk.folder)
    assert room["neededBytes"] > 10 * room["freeBytes"]
    assert not list(disk.folder.glob(".cliptask/segments/*"))


def test_a_later_run_knows_by_the_first_what_is_needed_and_how_long_it_takes(
    studio: Studio, tmp_path: Path
) -> None:
    """A guess would be told although the truth lies in the folder."""
    first = json.loads(studio.run("plan", task(studio), "--folder", tmp_path, "-o", "json").stdout)
    studio.render(task(studio), tmp_path)
    of_first = sum(path.stat().st_size for path in tmp_path.glob(".cliptask/segments/*.mp4"))

    more = studio.write([[0, 1], [2, 3, 4, 5, 6, 7]], tracks=1)
    planned = json.loads(studio.run("plan", more, "--folder", tmp_path, "-o", "json").stdout)

    assert first["needed"]["seconds"] is None
    assert planned["needed"]["seconds"] > 0
    assert planned["needed"]["cacheBytes"] == pytest.approx(of_first, rel=0.1)


def test_a_full_cache_is_said_where_it_has_a_disk_of_its_own(
    studio: Studio, undisturbed: Path, tmp_path: Path, small: Disks
) -> None:
    """Somebody would make room where there is plenty."""
    cache = small.mount(tmp_path / "out" / ".cliptask", "size=300k")

    ran = studio.run("render", task(studio), "-d", tmp_path / "out")

    full(ran, cache.folder)
    cache.resize("size=64m")
    studio.render(task(studio), tmp_path / "out")
    assert_whole(tmp_path / "out", undisturbed)


@pytest.mark.parametrize("how", ["option", "setting"])
def test_scratch_lies_where_it_is_told_and_says_when_it_is_full(
    studio: Studio, undisturbed: Path, tmp_path: Path, small: Disks, how: str
) -> None:
    """A small fast disk could not be used, or a full one would be looked for among the videos."""
    scratch, out = small.mount(tmp_path / "scratch", "size=32k"), tmp_path / "out"
    settings = {"CLIPTASK_SCRATCH": str(scratch.folder)} if how == "setting" else {}
    options = ["--scratch", str(scratch.folder)] if how == "option" else []
    chosen = Studio(studio.folder, settings)

    ran = chosen.run("render", task(studio), "-d", out, *options)
    full(ran, scratch.folder)
    assert_whole(out, undisturbed)
    assert not list(scratch.folder.glob("**/tmp/*"))

    scratch.resize("size=64m")
    again = chosen.run("render", task(studio), "-d", out, *options)
    assert again.returncode == 0, again.stderr
    assert_whole(out, undisturbed)
    assert not list(scratch.folder.glob("**/tmp/*"))


def test_a_buckets_scratch_is_said_when_it_is_full(studio: Studio, tmp_path: Path, small: Disks) -> None:
    """Everything passes through it, and no folder of the task's is to blame."""
    scratch = small.mount(tmp_path / "scratch", "size=32k")
    with FakeGcs() as gcs:
        cloudy = Studio(studio.folder, {"STORAGE_EMULATOR_HOST": gcs.url})
        command: list[str | Path] = [
            "render",
            task(studio),
            "-d",
            f"gs://{gcs.bucket()}/a",
            "--scratch",
            scratch.folder,
        ]

        full(cloudy.run(*command), scratch.folder)
        scratch.resize("size=64m")
        again = cloudy.run(*command)

    assert again.returncode == 0, again.stderr
    assert f"{scratch.folder}: needs about" in again.stderr
    assert not list(scratch.folder.glob("**/tmp/*"))


def test_what_the_log_of_a_tool_has_no_room_for_is_no_traceback(
    studio: Studio, tmp_path: Path, small: Disks
) -> None:
    """A full /tmp is nobody's idea of why a campaign cannot be made; another folder for temporary files will do."""
    temporary = small.mount(tmp_path / "tmp", "size=4k")
    (temporary.folder / "filled").write_bytes(b"x" * 4096)

    ran = Studio(studio.folder, {"TMPDIR": str(temporary.folder)}).run(
        "render", task(studio), "-d", tmp_path / "out"
    )

    assert ran.returncode == 0, ran.stderr


def test_a_disk_that_takes_no_more_files_is_said(studio: Studio, tmp_path: Path, small: Disks) -> None:
    """It would be called full with gigabytes free."""
    disk = small.mount(tmp_path / "out", "size=64m,nr_inodes=40")

    line = full(studio.run("render", task(studio), "-d", disk.folder), disk.folder)

    assert "has no room for another file" in line


def test_a_disk_that_is_mounted_read_only_is_said(studio: Studio, tmp_path: Path, small: Disks) -> None:
    """The remedy is another than that of a full one."""
    disk = small.mount(tmp_path / "out", "size=64m")
    disk.resize("ro")

    ran = studio.run("render", task(studio), "-d", disk.folder)

    assert ran.returncode == 73
    assert "it is mounted read-only: name a folder that can be written" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_report_that_finds_no_room_is_no_traceback(studio: Studio, tmp_path: Path) -> None:
    """A plan that is written into a file on a full disk would end as a bug."""
    command = [str(PROGRAM), "plan", str(task(studio)), "--folder", str(tmp_path), "-o", "json"]
    with Path("/dev/full").open("w") as nowhere:
        ran = subprocess.run(
            command, env=studio.clean_environment(), stdout=nowhere, stderr=subprocess.PIPE, text=True, check=False
        )  # fmt: skip

    assert ran.returncode == 73
    assert "No space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr
