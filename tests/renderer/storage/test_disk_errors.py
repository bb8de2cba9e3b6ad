from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path

import pytest

from cliptask.errors import DiskFull, OutputError
from cliptask_renderer.storage.disk_errors import disk_errors, free_bytes


def refused(code: int, folder: Path) -> OutputError:
    """What comes of an error of the system."""
    with pytest.raises(OutputError) as caught, disk_errors("it cannot be written", folder=folder):
        raise OSError(code, os.strerror(code))
    return caught.value


def test_a_used_up_quota_is_no_full_disk(tmp_path: Path) -> None:
    """Somebody would look for what to remove where there is plenty of room."""
    error = refused(errno.EDQUOT, tmp_path)

    assert isinstance(error, DiskFull)
    assert str(error).startswith(f"the quota of {tmp_path} is used up: ")


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.EIO])
def test_other_errors_are_called_what_they_are(tmp_path: Path, code: int) -> None:
    """Making room would not help."""
    error = refused(code, tmp_path)

    assert not isinstance(error, DiskFull)
    assert os.strerror(code) in str(error)
    assert error.exit_code == 73


def test_a_folder_that_is_yet_to_be_made_has_the_room_of_the_one_above(tmp_path: Path) -> None:
    """The first run of a campaign could not be told what is free."""
    assert free_bytes(tmp_path / "a" / "b") == pytest.approx(free_bytes(tmp_path), rel=0.1)


def test_it_says_the_same_in_the_process_that_hears_of_it(tmp_path: Path) -> None:
    """A worker's full disk would be a bug of the program."""
    error = DiskFull(f"{tmp_path} is full", 0, "free some space").needing(2_500_000)

    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301  our own
    assert str(error) == f"{tmp_path} is full: 0 B are free, about 2.5 MB are needed: free some space"
