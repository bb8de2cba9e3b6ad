"""Where do the videos go?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import StringConstraints

from cliptask.spec.part import Part
from cliptask.spec.rules import Breach, rule, when
from cliptask.spec.values import BUCKET

OUTPUT_PATTERN = rf"^(file:///[^\s?#\x00-\x1f\x7f]*|{BUCKET}(/[^\s?#\x00-\x1f\x7f]*)?)$"
OUTPUT_WORDS = "must be a folder such as file:///srv/campaigns, gs://bucket/campaigns, s3://bucket/campaigns or az://container/campaigns, without spaces, ? and #"
_SLASH = "(/|%2[fF])"
_NO_FOLDER = f"^[a-z]+://.*{_SLASH}(([.]|%2[eE]){{1,2}}({_SLASH}|$)|{_SLASH}[^/])"
"""``.``, ``..`` or nothing where a folder's name should be, in bare letters or in percents; as CEL and Python read it."""


class Output(Part):
    """Where the videos go."""

    uri: Annotated[str, StringConstraints(pattern=OUTPUT_PATTERN, max_length=1024)]
    """Folder of the campaigns: gs://bucket/prefix, s3://bucket/prefix, az://container/prefix or, in local mode, a path, relative to the task's file, or e.g. file:///srv/campaigns; the videos lie in a folder of the task's name below it."""

    @rule(
        "holds . or .. where a folder is to be named, or two slashes in a row: write the folder itself",
        cel=f"!self.uri.matches('{_NO_FOLDER}')",
        field="uri",
    )
    def _named_folders(self) -> Iterable[Breach]:
        return when(re.search(_NO_FOLDER, self.uri) is not None)

    prune: bool = False
    """Remove videos that the task no longer wants, and all of them when the task is deleted. Sources, speech and segments stay in the cache."""
