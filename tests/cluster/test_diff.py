"""A file beside the task of the cluster: what applying it would change."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from cluster.bed import Bed
from cluster.test_operator_lifecycle import TWO_BY_TWO
from cluster.test_watch import PROGRAMS, run

ALLOWED = {"CLIPTASK_OPEN_HOSTS": "127.0.0.1", "CLIPTASK_ALLOW_HTTP": "true"}


def test_a_file_is_compared_with_the_task_of_the_cluster(bed: Bed, tmp_path: Path) -> None:
    """Somebody would apply a file that makes everything anew; or one that the cluster has would be told as new."""
    # As nobody wants it made: it is enough that the API has it.
    task = bed.task("camp", TWO_BY_TWO, execution={"suspend": True})
    bed.apply(task)
    file = tmp_path / "camp.yaml"
    options = ("-d", tmp_path / "out", "-o", "json", "-n", bed.namespace)

    file.write_text(yaml.safe_dump(task))
    same = run(bed, PROGRAMS / "cliptask", "diff", "--cluster", file, *options, **ALLOWED)
    task["spec"]["videoBlocks"][0]["clips"].append({"url": bed.clip(4)})
    file.write_text(yaml.safe_dump(task))
    more = run(bed, PROGRAMS / "cliptask", "diff", "--cluster", file, *options, **ALLOWED)
    task["metadata"]["name"] = "autumn"
    file.write_text(yaml.safe_dump(task))
    none = run(bed, PROGRAMS / "cliptask", "diff", "--cluster", file, *options, **ALLOWED)

    assert (same.returncode, more.returncode, none.returncode) == (0, 1, 66), same.stderr + more.stderr
    told = json.loads(more.stdout)
    assert told["old"] == {"file": "camp in the cluster", "task": "camp"}
    assert told["videos"] == {"before": 4, "after": 6, "toMake": 2, "toDrop": 0}
    assert told["pieces"]["toMake"] == 1
    assert f"there is no ClipTask autumn in the namespace {bed.namespace}" in none.stderr
    assert "compare with /dev/null" in none.stderr
