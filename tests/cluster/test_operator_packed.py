"""Packed campaigns against a real API server: whoever stores a video's last part joins it, and no second row of pods starts."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
import yaml

from cliptask.orders import WorkOrder
from cluster import outcomes
from cluster.api import Document
from cluster.bed import Bed
from cluster.outcomes import Outcome
from cluster.real_renderers import real
from support.elevenlabs_stub import KEY
from support.studio import Studio

AUTO = {"variantsPerJob": "auto"}
BLOCKS = [[0, 1], [2, 3, 4]]


def encoding_took(bed: Bed, seconds: float) -> None:
    """Let it be known from an earlier campaign that a segment of a clip takes so long."""
    noted = {"pixels": str(96 * 160 * 12), "frames": "12", "took": str(seconds)}
    cache = bed.renderers.store(f"gs://{bed.bucket}/out/.cliptask")
    cache.put_bytes(f"segments/{'0' * 64}.mp4", b"", noted)


def steps(bed: Bed) -> list[str]:
    """What kind of Jobs there are."""
    return sorted(each["metadata"]["labels"]["cliptask.dev/step"] for each in bed.jobs("camp"))


def parts_made(bed: Bed) -> set[int]:
    """How often segments were made; of videos two Jobs that end at once may both think that they are the last."""
    return {times for name, times in bed.renderers.made.items() if name.startswith("segments/")}


@pytest.mark.parametrize("took_s", [0.01, 60])
def test_jobs_that_make_parts_join_the_same_videos_as_a_laptop(
    bed: Bed, tmp_path: Path, took_s: float
) -> None:
    """A campaign would wait for pods that do next to nothing, or be another one than what was looked at."""
    encoding_took(bed, took_s)
    bed.renderers.judge = real(bed.gcs.url)
    task = bed.task("camp", BLOCKS, lines=2, execution=AUTO, captions={"mode": "burned"})

    bed.apply(task)
    status = bed.wait("camp", timeout_s=240)

    assert (status["succeeded"], status["failed"]) == (6, 0)
    assert set(steps(bed)) == {"segment"}
    assert len(steps(bed)) == 1 if took_s < 1 else len(steps(bed)) > 5
    studio = Studio(tmp_path, {**bed.environment, "ELEVENLABS_API_KEY": KEY})
    local = task | {"spec": task["spec"] | {"output": {"uri": (tmp_path / "out").as_uri()}}}
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(local))
    assert studio.run("render", tmp_path / "task.yaml").returncode == 0
    output = bed.renderers.store(f"gs://{bed.bucket}/out")
    assert {Path(name).name: output.read(name) for name in bed.videos("camp")} == {
        file.name: file.read_bytes() for file in (tmp_path / "out" / "camp").glob("*.mp4")
    }


def test_an_operator_that_is_killed_knows_its_jobs_again(bed: Bed) -> None:
    """What is half encoded would be ended, and begun anew in other Jobs."""
    opened = threading.Event()

    def judge(_order: WorkOrder, _pod: Document) -> Outcome | None:
        assert len(bed.renderers.orders) < 3 or opened.wait(240)
        return None

    encoding_took(bed, 60)
    bed.renderers.judge = judge
    bed.apply(bed.task("camp", BLOCKS, lines=2, execution=AUTO))
    bed.wait_for(lambda: len(bed.renderers.orders) == 5, "five Jobs")
    before = {each["metadata"]["uid"] for each in bed.jobs("camp")}

    bed.stop(kill=True)
    bed.start()
    bed.wait_for(lambda: "packed as those that run" in json.dumps(bed.status("camp")), "it has looked")
    opened.set()
    status = bed.wait("camp")

    assert status["succeeded"] == 6
    assert {each["metadata"]["uid"] for each in bed.jobs("camp")} == before
    assert parts_made(bed) == {1}


def test_a_pod_that_is_killed_before_it_has_joined_joins_when_it_comes_again(bed: Bed) -> None:
    """It would be the last one, and nobody look again."""
    killed = threading.Event()

    def judge(order: WorkOrder, _: Document) -> Outcome | None:
        if len(bed.renderers.orders) < 5 or killed.is_set():
            return None
        killed.set()
        bed.renderers.make(order.model_copy(update={"joins": ()}))
        return outcomes.evict()

    encoding_took(bed, 60)
    bed.renderers.judge = judge
    bed.apply(bed.task("camp", BLOCKS, execution=AUTO))
    status = bed.wait("camp")

    assert (status["succeeded"], steps(bed)) == (6, ["segment"] * 5)
    assert killed.is_set()
    assert parts_made(bed) == {1}
