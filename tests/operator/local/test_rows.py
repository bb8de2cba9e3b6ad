"""Rows from a table, in local mode: from the command line to the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.http_server import MediaServer
from support.studio import Studio

TITLE = {"text": "{{city}} {{price}}", "block": "b1"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """One folder of sources for all tests here."""
    return Studio(tmp_path_factory.mktemp("studio"))


def index(out: Path) -> dict[str, Any]:
    """What came of the campaign."""
    found: dict[str, Any] = json.loads((out / "camp" / "index.json").read_text())
    return found


def test_a_row_that_fails_fails_alone_and_is_made_alone(studio: Studio, tmp_path: Path) -> None:
    """A dead link of one city would stop all, or make the others anew once it is mended."""
    table = studio.folder / "cities.csv"
    table.write_text("city;price;clip\nKyiv;9;clip0.mp4\nLviv;8;gone.mp4\n")
    studio.clip(0)
    task = studio.write(
        [[0], [1]],
        videoBlocks=[
            {"name": "b0", "clips": [{"url": "./{{clip}}", "name": "town"}]},
            {"name": "b1", "clips": [{"url": studio.clip(1)}]},
        ],
        overlays=[TITLE],
        data={"url": "cities.csv"},
        naming={"name": "{task}_{row}_{row.price}", "utm": "utm_content={name}&utm_term={row.city}"},
    )

    first = studio.run("render", task, "-d", tmp_path)
    before = index(tmp_path)
    (studio.folder / "gone.mp4").write_bytes((studio.folder / "clip0.mp4").read_bytes())
    second = studio.render(task, tmp_path)

    assert first.returncode != 0
    assert "row lviv" in first.stderr
    assert [each["others"] for each in before["variants"]] == [{"row": "kyiv"}]
    assert [each["others"] for each in before["skipped"]] == [{"row": "lviv"}]
    assert "2 of 2 videos, 1 of them new (1 pieces" in second
    made = index(tmp_path)["variants"]
    assert [each["titles"] for each in made] == [["Kyiv 9"], ["Lviv 8"]]
    assert [each["adName"] for each in made] == ["camp_kyiv_9", "camp_lviv_8"]
    assert [each["utm"] for each in made] == [
        "utm_content=camp_kyiv_9&utm_term=Kyiv", "utm_content=camp_lviv_8&utm_term=Lviv"
    ]  # fmt: skip
    assert all(each["name"] == f"{each['adName']}-{each['key'][:8]}" for each in made)
    assert before["variants"][0] in made


def test_a_table_by_url_is_fetched_once_by_content(
    studio: Studio, server: MediaServer, tmp_path: Path
) -> None:
    """Each plan would download it anew, or an edit of it be overlooked."""
    assert server.folder is not None
    table = server.folder / "rows.json"
    table.write_text('[{"city": "Kyiv", "price": 9.90}]')
    studio.environment.update(CLIPTASK_ALLOW_HTTP="true", CLIPTASK_OPEN_HOSTS=server.host)
    task = studio.write([[0], [1]], overlays=[TITLE], data={"url": f"{server.url}/rows.json"})

    studio.render(task, tmp_path)
    planned = studio.run("plan", task, "-d", tmp_path, "-o", "json")
    table.write_text('[{"city": "Kyiv", "price": 9.90}, {"city": "Lviv", "price": 8}]')
    edited = studio.run("plan", task, "-d", tmp_path, "-o", "json")

    assert [each["titles"] for each in index(tmp_path)["variants"]] == [["Kyiv 9.90"]]
    assert [each["change"] for each in json.loads(planned.stdout)["variants"]] == ["stays"]
    changes = [(each["change"], each["because"]) for each in json.loads(edited.stdout)["variants"]]
    assert changes == [("stays", []), ("newCombination", ["row 'lviv' was added"])]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            "city,price\nKyiv,\n",
            "spec.data.url: row 1, column price: is empty, and spec.overlays[0].text needs it",
        ),
        ("city\nKyiv\n", 'there is no column "price"'),
        ("city,price\nKyiv\n", "spec.data.url: "),
        ("city,price\nKyiv,\ue001\n", "spec.data.url: row 1, column city: in spec.overlays[0].text: "),
    ],
)
def test_a_bad_row_is_refused_before_anything_is_spent(
    studio: Studio, tmp_path: Path, rows: str, words: str
) -> None:
    """Lines would be paid for, and clips be encoded, for a campaign that cannot be made."""
    (studio.folder / "bad.csv").write_text(rows)
    task = studio.write([[0], [1]], lines=1, overlays=[TITLE], data={"url": "bad.csv"})

    ran = studio.run("render", task, "-d", tmp_path)

    assert ran.returncode != 0
    assert words in ran.stderr
    assert not [*(tmp_path / ".cliptask").rglob("speech/*")]
    assert not [*(tmp_path / ".cliptask").rglob("segments/*")]
