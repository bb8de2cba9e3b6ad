from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from cliptask.index_files import index_json
from cliptask.index_history import history, history_in
from cliptask.planning.history import NOTHING
from support.indexes import SPECS, indexed

Data = dict[str, Any]


@pytest.mark.parametrize("there", [None, 2, 0])
@pytest.mark.parametrize("spec", SPECS)
def test_a_file_tells_what_its_index_does(spec: Data, there: int | None) -> None:
    """The next run would deal anew what this one has made."""
    index = indexed([2, 2], there, **spec)

    told = history_in("".join(index_json(index)).encode(), index.task)

    assert told == history(index)
    assert len(told.rows) == len(told.videos) == len(index.variants) + len(index.skipped)


def test_a_file_of_another_task_tells_nothing() -> None:
    """A folder that somebody copied would decide what is made."""
    assert history_in("".join(index_json(indexed([2, 2]))).encode(), "other") == NOTHING


@pytest.mark.parametrize(
    "changes",
    [
        {"name": None},
        {"clips": None},
        {"clips": [{"block": "b0"}]},
        {"clips": [{"block": "b0", "clip": ["a"]}]},
        {"others": {"language": 1}},
        {"track": {"label": "t"}},
        {"file": "../other.mp4"},
        {"later": "field"},
    ],
)
def test_an_entry_that_is_none_is_refused(changes: Data) -> None:
    """What a later version or a damaged file says would be taken for what was dealt."""
    index = indexed([2, 2])
    data = json.loads("".join(index_json(index)))
    data["variants"][1] |= changes

    with pytest.raises(ValidationError):
        history_in(json.dumps(data).encode(), index.task)


@pytest.mark.parametrize("entry", [{}, ["name", {"b0": "a"}, ""], "a", None, {"name": "a"}])
def test_what_has_no_clips_is_no_entry(entry: object) -> None:
    """As above, of what looks like what an entry becomes while it is read."""
    index = indexed([2, 2])
    data = json.loads("".join(index_json(index)))
    data["variants"][1] = entry

    with pytest.raises(ValidationError):
        history_in(json.dumps(data).encode(), index.task)
