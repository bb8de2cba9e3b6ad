from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from cliptask_renderer.storage.files import join
from support.disks import disks

PARTS = [b"a" * 70_001, b"", b"bc", b"d" * 4096]


def written(folder: Path, parts: list[bytes]) -> list[Path]:
    """Files with these contents."""
    folder.mkdir(exist_ok=True)
    files = [folder / str(number) for number in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        file.write_bytes(part)
    return files


def joined(files: list[Path], target: Path) -> bytes:
    """What comes of them."""
    with ExitStack() as stack:
        join(b"head", [stack.enter_context(file.open("rb", buffering=0)) for file in files], target)
    return target.read_bytes()


def test_files_are_joined_on_one_disk(tmp_path: Path) -> None:
    """A video would lack a part, or have its parts in another order."""
    assert joined(written(tmp_path / "parts", PARTS), tmp_path / "whole") == b"head" + b"".join(PARTS)


@pytest.mark.parametrize("there", ["parts", "whole"])
def test_files_are_joined_from_one_disk_to_another(tmp_path: Path, there: str) -> None:
    """A cache on a disk of its own would end every join: no kernel copies between file systems of two kinds."""
    with disks() as small:
        small.mount(tmp_path / there, "size=4m")
        (tmp_path / "whole").mkdir(exist_ok=True)

        whole = joined(written(tmp_path / "parts", PARTS), tmp_path / "whole" / "whole")

    assert whole == b"head" + b"".join(PARTS)


def test_what_the_kernel_takes_for_empty_is_read_all_the_same(tmp_path: Path) -> None:
    """Files whose size the kernel does not know, as on some network file systems, would be left out. Those of /proc are such."""
    version = Path("/proc/version")
    assert version.stat().st_size == 0

    assert joined([version, *written(tmp_path / "parts", PARTS)], tmp_path / "whole") == (
        b"head" + version.read_bytes() + b"".join(PARTS)
    )


def test_a_disk_without_room_is_no_success(tmp_path: Path) -> None:
    """What the disk did not take would be missing from the video."""
    with disks() as small:
        disk = small.mount(tmp_path / "whole", "size=40k")

        with pytest.raises(OSError, match=os.strerror(28)):
            joined(written(tmp_path / "parts", PARTS), disk.folder / "whole")
