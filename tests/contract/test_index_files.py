from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cliptask.index import CampaignIndex
from cliptask.index_files import index_csv, index_json
from support.indexes import SPECS, indexed

Written = Callable[[CampaignIndex], Iterator[str]]


@pytest.mark.parametrize("there", [None, 2, 0])
@pytest.mark.parametrize("spec", SPECS)
def test_json_in_pieces_is_what_pydantic_writes_whole(spec: dict[str, Any], there: int | None) -> None:
    """Programs that read an index, and everybody's version control, would see another file."""
    index = indexed([2, 2], there, **spec)

    assert "".join(index_json(index)) == index.model_dump_json(by_alias=True, indent=2) + "\n"


@pytest.mark.parametrize("written", [index_json, index_csv])
def test_no_piece_grows_with_the_campaign(written: Written) -> None:
    """Ten thousand variants would stand in memory several times, as text and as bytes."""
    few, many = indexed([2, 2]), indexed([9, 9])

    assert max(map(len, written(many))) <= max(map(len, written(few)))


def test_variants_share_their_clips() -> None:
    """Ten thousand variants of forty clips would take forty thousand objects."""
    index = indexed([9, 9])

    assert len({id(clip) for each in index.variants for clip in each.clips}) == 18
