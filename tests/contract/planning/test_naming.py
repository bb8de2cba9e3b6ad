"""What variants are called by a task's template, and what their ads' links carry."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from cliptask.errors import InvalidTask
from cliptask.index import campaign_index
from cliptask.index_files import index_csv
from cliptask.index_history import history
from cliptask.planning.changes import changes
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from support.campaigns import line, sources, task

ROWS = {"rows": [{"city": "Kyiv", "note": "a b"}, {"city": "Lviv", "note": "c&d"}]}
HEADLINE = {"name": "headline", "texts": [{"text": "Half price"}, {"text": "Now"}]}


def planned(of: ClipTask, before: History = NOTHING) -> Campaign:
    """Of a task whose files and lines are all ordinary."""
    return plan(of, sources(of), [line(each.text) for each in of.spec.lines], history=before)


def named(template: str, utm: str | None = None, **spec: Any) -> ClipTask:  # noqa: ANN401  fields of many types
    """A task with two clips, two headlines and two rows: eight videos."""
    fields: dict[str, Any] = {"textBlocks": [HEADLINE], "variants": {"text": "product"}, "data": ROWS, **spec}
    return task([2, 1], 1, 1, naming={"name": template} | ({"utm": utm} if utm else {}), **fields)


def test_every_ingredient_can_stand_in_a_name() -> None:
    """An account's own scheme of names could not be kept."""
    campaign = planned(named("{task}_{b0}.{b1}_{music}+{speech}_{headline}={row}-{row.city}"))

    assert len(campaign.variants) == 8
    first = campaign.variants[0]
    assert first.ad_name == "t_b0c0.b1c0_t0+line-0_half-price=kyiv-Kyiv"
    assert first.name == f"{first.ad_name}-{first.order.key[:8]}"


def test_names_outlive_edits_of_what_they_hold() -> None:
    """Reports of an ad platform could not be joined with the videos of a later edit."""
    template = "{b0}_{headline}_{row}"
    first = planned(named(template))
    second = planned(named(template, picture={"width": 640, "height": 360}))

    assert [each.ad_name for each in first.variants] == [each.ad_name for each in second.variants]
    assert not {each.name for each in first.variants} & {each.name for each in second.variants}


def test_another_template_renames_and_encodes_nothing() -> None:
    """All videos would be told as changed."""
    first = planned(named("{b0}_{headline}_{row}"))
    before = history(campaign_index(first, {each.name: 1 for each in first.variants}, {}))
    second = planned(named("x_{b0}_{headline}_{row}"), before)

    told = changes(second, {each.name for each in first.variants})

    assert {each.kind for each in told.values()} == {"renamed"}
    assert {each.because for each in told.values()} == {
        ("naming.name was {b0}_{headline}_{row}, is x_{b0}_{headline}_{row}",)
    }
    assert {each.key for each in first.segments} == {each.key for each in second.segments}


@pytest.mark.parametrize(
    ("template", "spec", "words"),
    [
        ("{b0}", {}, r'^spec\.naming\.name: several videos would be called "b0c0": add {headline}|{row}'),
        ("{b0}_{headline}", {}, "add {row}$"),
        ("{b0}_{headline}_{row.note}", {}, r'^spec\.data\.rows\[0\]\.note: "a b" cannot be in a name, " " is no letter from a to z'),
        ("-{b0}_{headline}_{row}", {}, "begins with a sign"),
        ("x" * 180 + "{b0}_{headline}_{row}", {}, "at most 191 are allowed"),
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused_at_plan(template: str, spec: dict[str, Any], words: str) -> None:
    """Two ads would have one name, or a platform would refuse the import."""
    with pytest.raises(InvalidTask, match=words):
        planned(named(template, **spec))


def test_case_alone_tells_no_names_apart() -> None:
    """On a Mac one video would be written over the other."""
    rows = {"rows": [{"city": "KYIV", "id": "a"}, {"city": "Kyiv", "id": "b"}], "name": "{{id}}"}

    with pytest.raises(InvalidTask, match="several videos would be called"):
        planned(named("{b0}_{headline}_{row.city}", data=rows))


def test_links_carry_what_the_template_says() -> None:
    """Visits could not be told by the video that they come from."""
    campaign = planned(named("{b0}_{headline}_{row}", "utm_content={name}&utm_term={row.note}&x={task}"))

    carried = [dict(parse_qsl(each.utm or "", strict_parsing=True)) for each in campaign.variants]
    assert [each["utm_content"] for each in carried] == [each.ad_name for each in campaign.variants]
    assert {each["utm_term"] for each in carried} == {"a b", "c&d"}
    assert {each["x"] for each in carried} == {"t"}


def test_the_table_has_what_ad_platforms_import() -> None:
    """Somebody would have to put names and parameters together by hand."""
    campaign = planned(named("{b0}_{headline}_{row}", "utm_content={name}"))
    index = campaign_index(campaign, {each.name: 1 for each in campaign.variants}, {})

    heading, first, *_ = "".join(index_csv(index)).splitlines()

    assert heading.startswith("Variant,Name,Utm,b0,b1,Track,Line,Form,headline,Row,Text,Synthetic,File,")
    assert first.split(",")[1:3] == ["b0c0_half-price_kyiv", "utm_content=b0c0_half-price_kyiv"]
