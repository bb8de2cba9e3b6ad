from __future__ import annotations

import re

import yaml

from cliptask.planning.plan import plan
from cliptask.planning.reception import received, told
from cliptask.spec.task import ClipTask
from docs.markdown import ROOT, blocks
from support.campaigns import sources

PAGE = ROOT / "docs" / "how-to" / "targets.md"


def test_the_page_shows_what_is_told_of_its_task() -> None:
    """A reader would learn sentences that the program does not say."""
    (example,) = (each for each in blocks(PAGE) if each.language == "yaml")
    task = ClipTask.model_validate(yaml.safe_load(example.text))
    (shown,) = re.findall(r"```\n(tiktok .*?)```", PAGE.read_text(), re.DOTALL)

    campaign = plan(task, sources(task), [])

    def anonymous(text: str) -> str:
        return re.sub("-[0-9a-f]{8}", "", text).strip()

    assert anonymous("\n".join(told(campaign, received(campaign, {})))) == anonymous(shown)
