from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.bed import Bed
from cluster.control_plane import ControlPlane


@pytest.fixture
def bed(fake_nodes: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Bed]:
    """A running operator."""
    with Bed(fake_nodes, namespace, tmp_path) as made:
        made.start()
        yield made


def test_a_task_becomes_videos(bed: Bed) -> None:
    """The product itself: applied, made, and told."""
    bed.apply(bed.task("camp", [[0, 1], [2, 3]], lines=2))

    status = bed.wait("camp")

    assert (status["phase"], status["variants"], status["succeeded"], status["failed"]) == (
        "Complete",
        4,
        4,
        0,
    )
    assert len(bed.videos("camp")) == 4
