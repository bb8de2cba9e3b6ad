from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from cliptask.errors import MediaError, SourceError
from cliptask.index import CampaignIndex, campaign_index, index_schema
from cliptask.index_files import index_csv, index_json
from cliptask.names import captions_file, picture_file
from cliptask.planning.plan import Campaign, plan
from support.campaigns import line, sources, task

SCHEMA = Path(__file__).parents[2] / "crds" / "index.schema.json"


def campaign() -> Campaign:
    """Four variants of b0 x b1, with one track and two lines."""
    wanted = task([2, 2], tracks=1, lines=2, captions={"mode": "sidecar"})
    return plan(wanted, sources(wanted), [line("line 0"), line("line 1")])


def made(of: Campaign) -> CampaignIndex:
    """The index when all variants are there, with all that they share."""
    sizes = {variant.name: 1000 + n for n, variant in enumerate(of.variants)}
    return campaign_index(of, sizes, {}, shared(of))


def shared(of: Campaign) -> set[str]:
    """Names of all captions and pictures."""
    captions = {captions_file(each.captions.key) for each in of.variants if each.captions}
    return captions | {picture_file(key) for each in of.variants for key in each.pictures}


def rows(index: CampaignIndex) -> list[dict[str, str]]:
    """What a reader of the table sees."""
    return list(csv.DictReader(io.StringIO("".join(index_csv(index)), newline="")))


def changed(index: CampaignIndex, **changes: Any) -> CampaignIndex:  # noqa: ANN401  fields of many types
    """The index with its first variant changed, as if it had come so from a file."""
    data = json.loads("".join(index_json(index)))
    data["variants"][0] |= {to_camel(field): value for field, value in changes.items()}
    return CampaignIndex.model_validate(data)


class TestCampaignIndex:
    """The index of a plan."""

    def test_names_all_that_makes_a_variant(self) -> None:
        """Else a person could not tell which clips, track and line won."""
        of = campaign()

        index = made(of)

        first, variant = index.variants[0], of.variants[0]
        assert [each.name for each in index.variants] == [each.name for each in of.variants]
        assert [(clip.block, clip.clip) for clip in first.clips] == [("b0", "b0c0"), ("b1", "b1c0")]
        assert (first.track, first.line, first.text) == ("t0", variant.line, variant.text)
        assert first.file == f"{variant.name}.mp4"
        assert variant.captions is not None
        assert first.captions == f"captions/{variant.captions.key}.vtt"
        assert [clip.picture for clip in first.clips] == [
            f"pictures/{segment.key}.jpg" for segment in variant.order.segments
        ]
        assert (first.key, first.frames, first.size_bytes) == (variant.order.key, 180, 1000)
        assert first.duration_seconds == 6.0
        assert index.counts.model_dump() == {
            "variants": 4, "skipped": 0, "size_bytes": 4006, "duration_seconds": 24.0, "speech_characters": 12, "transcribed_seconds": 0,
            "encode_seconds": 12,
        }  # fmt: skip

    def test_names_captions_only_where_there_are_any(self) -> None:
        """Else a gallery would ask for files that nobody wrote."""
        silent = task([1])

        index = made(plan(silent, sources(silent), []))

        assert index.variants[0].captions is None
        assert (index.variants[0].track, index.variants[0].line, index.variants[0].text) == (None, None, None)

    def test_leads_only_to_files_that_are_there(self) -> None:
        """Else a gallery would show broken pictures, and a program would stop at the first of them."""
        of = campaign()
        lost = picture_file(of.variants[0].pictures[1])
        sizes = {variant.name: 1 for variant in of.variants}

        some, none = campaign_index(of, sizes, {}, shared(of) - {lost}), campaign_index(of, sizes, {})

        assert [clip.picture is None for clip in some.variants[0].clips] == [False, True]
        assert some.shared == shared(of) - {lost}
        assert none.shared == set()

    def test_names_what_is_missing_and_why(self) -> None:
        """Else a campaign would lose videos silently."""
        wanted = task([2, 2], failurePolicy={"onSourceError": "Skip"})
        facts = sources(wanted)
        bad = next(url for url in facts if "b0c1" in url)
        of = plan(wanted, {**facts, bad: SourceError("b0c1 is no video: replace it")}, [])
        there, broken = of.variants

        index = campaign_index(of, {there.name: 5}, {broken.name: MediaError("has black frames")})
        untried = campaign_index(of, {there.name: 5}, {})

        assert [each.name for each in index.variants] == [there.name]
        assert [(each.name, each.reason, each.message) for each in index.skipped] == [
            (None, "SourceUnusable", "b0c1 is no video: replace it"),
            (None, "SourceUnusable", "b0c1 is no video: replace it"),
            (broken.name, "CheckFailed", "has black frames"),
        ]
        assert [clip.clip for clip in index.skipped[0].clips] == ["b0c1", "b1c0"]
        assert (index.counts.variants, index.counts.skipped) == (1, 3)
        assert (untried.skipped[-1].name, untried.skipped[-1].reason) == (broken.name, "NotMade")

    def test_is_the_same_for_the_same_campaign(self) -> None:
        """Else every run would upload a new index and nobody could compare two."""
        assert "".join(index_json(made(campaign()))) == "".join(index_json(made(campaign())))

    @pytest.mark.parametrize("file", ["../a.mp4", "https://x/a.mp4", "a/b.mp4", "", ".a", "a\\b", "a\nb"])
    def test_refuses_files_elsewhere(self, file: str) -> None:
        """Else a forged index would make a gallery load a stranger's files."""
        index = made(campaign())

        with pytest.raises(ValidationError, match="file"):
            changed(index, file=file)

    @pytest.mark.parametrize(
        "file",
        [
            "../a.vtt",
            "https://x/a.vtt",
            "captions/a.vtt",
            f"captions/{'A' * 64}.vtt",
            f"captions/{'0' * 64}.vtt\n",
            f"pictures/{'0' * 64}.jpg",
            f"x/captions/{'0' * 64}.vtt",
        ],
    )
    def test_refuses_captions_elsewhere(self, file: str) -> None:
        """As above; and what is no content key would be removed with nobody's consent, or never."""
        index = made(campaign())

        with pytest.raises(ValidationError, match="captions"):
            changed(index, captions=file)

    def test_refuses_what_does_not_add_up(self) -> None:
        """Else counts and columns could tell something else than the variants."""
        index = made(campaign())

        with pytest.raises(ValidationError, match="counts must be the totals"):
            changed(index, size_bytes=1)
        with pytest.raises(ValidationError, match="one of each block, in order: b0, b1"):
            changed(index, clips=[{"block": "b1", "clip": "x"}, {"block": "b0", "clip": "y"}])


class TestJson:
    """``index.json`` and its schema."""

    def test_comes_back_as_it_was(self) -> None:
        """Else the next run could not read what the last one wrote."""
        index = made(campaign())

        text = "".join(index_json(index))

        assert CampaignIndex.model_validate_json(text) == index
        assert text.endswith("}\n")
        assert json.loads(text)["variants"][0]["durationSeconds"] == 6.0
        assert json.loads(text)["apiVersion"] == "cliptask.dev/v1alpha1"

    def test_keeps_the_committed_schema(self) -> None:
        """Else the schema that programs rely on would speak of another index."""
        printed = subprocess.run(
            [sys.executable, "-m", "cliptask.index"], check=True, capture_output=True, text=True
        )

        assert SCHEMA.read_text() == index_schema() == printed.stdout, (
            "write it anew: python -m cliptask.index > crds/index.schema.json"
        )
        jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))
        jsonschema.validate(json.loads("".join(index_json(made(campaign())))), json.loads(SCHEMA.read_text()))
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"task": "t"}, json.loads(SCHEMA.read_text()))


class TestCsv:
    """``index.csv``."""

    def test_has_a_row_for_each_variant(self) -> None:
        """Else a person could not join the campaign with the numbers of an ad platform."""
        index = made(campaign())

        first = rows(index)[0]

        assert len(rows(index)) == 4
        assert (first["b0"], first["b1"], first["Track"]) == ("b0c0", "b1c0", "t0")
        assert (first["File"], first["Captions"]) == (index.variants[0].file, index.variants[0].captions)
        assert first["Pictures"].split() == [clip.picture for clip in index.variants[0].clips]
        assert (first["Seconds"], first["Bytes"], first["Frames"]) == ("6.0", "1000", "180")
        assert first["Text"] == index.variants[0].text

    @pytest.mark.parametrize(
        "text",
        ["=1+1", "+49", "-20 % now", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1+1", "\uff0d1"],
    )
    def test_disarms_formulas(self, text: str) -> None:
        """Else opening the table would run what a stranger wrote into a task."""
        index = changed(made(campaign()), text=text, track=text)

        assert rows(index)[0]["Text"] == f"'{text}"
        assert rows(index)[0]["Track"] == f"'{text}"

    @given(text=st.text())
    def test_keeps_any_other_text(self, text: str) -> None:
        """Else quotes, commas or line breaks in a line would shift the columns."""
        read = rows(changed(made(campaign()), text=text))

        assert read[0]["Text"] in {text, f"'{text}"}
        assert len(read) == 4
        assert None not in read[0]
