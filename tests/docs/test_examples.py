"""Whether every YAML of the documentation is what the program takes: tasks and parts of tasks are planned, values judged by their schema."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from cliptask.spec.loading import load_data
from cliptask_operator.campaign.forecast import Forecast
from cliptask_operator.campaign.stores import open_stores
from cliptask_operator.local.render import plan
from cliptask_operator.settings.environment import Settings
from cliptask_renderer.signing import certificate
from docs.markdown import PAGES, ROOT, Block, blocks
from support import fonts, media

Data = dict[str, Any]

EXAMPLES = [each for page in PAGES for each in blocks(page) if each.language == "yaml"]
WITH_KUEUE = "kueue.x-k8s.io"
"""What an administrator applies is tried with the real Kueue, by ``tests/cluster/test_kueue.py``."""
WITH_CERT_MANAGER = "cert-manager.io"
"""What a certificate must be for is tried by ``tests/renderer/signing``."""


def clips(*names: str) -> list[Data]:
    """Each of its own file."""
    return [{"name": each, "url": f"https://cdn.example.com/{each}.mp4"} for each in names]


AROUND: Data = {
    "apiVersion": "cliptask.dev/v1alpha1",
    "kind": "ClipTask",
    "metadata": {"name": "spring-sale"},
    "spec": {
        "videoBlocks": [
            {"name": "hook", "clips": clips("price", "winter", "smile")},
            {"name": "product", "clips": clips("bikes")},
            {"name": "offer", "clips": clips("free-trial", "gift", "skis")},
        ],
        "audioBlocks": [
            {"name": "music", "tracks": [{"name": "calm", "url": "https://cdn.example.com/calm.mp3"}]}
        ],
        "speech": [{"name": each, "voice": "Rachel", "text": each} for each in ("snow", "sun")],
        "picture": {"width": 1080, "height": 1920},
        "output": {"uri": "gs://campaigns"},
    },
}
"""A task that a part of another can be a part of: it has what such parts name."""


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """A file here for each URL or path of an example that names media, of its kind and name."""
    folder = tmp_path_factory.mktemp("footage")
    look = media.ClipLook(width=96, height=160, fps=30, duration_s=7)
    kinds: dict[str, Callable[[Path], object]] = {
        ".mp4": lambda path: media.clip(path, look),
        ".mp3": lambda path: media.track(path, duration_s=15),
        ".jpg": media.picture,
        ".png": media.picture,
        ".srt": lambda path: path.write_text("1\n00:00:00,000 --> 00:00:06,000\nAnna says that\n"),
        ".woff2": fonts.brand,
        ".ttf": fonts.colours,
    }

    def of(url: str) -> str:
        name = Path(urlsplit(url).path).name
        kind = Path(name).suffix
        if kind not in kinds:
            return url
        pattern, file = folder / f"pattern{kind}", folder / name
        if not pattern.exists():
            kinds[kind](pattern)
        if not file.exists():
            shutil.copy(pattern, file)
        return file.as_uri()

    return of


def whole(document: Data) -> Data:
    """A task of which the document is a part, or which it is."""
    if document.get("kind") == "ClipTask" or "metadata" in document:
        task = copy.deepcopy(AROUND) | {name: each for name, each in document.items() if name != "spec"}
        task["metadata"] = AROUND["metadata"] | document["metadata"]
        return task | ({"spec": document["spec"]} if "videoBlocks" in document.get("spec", {}) else {})
    task = copy.deepcopy(AROUND)
    if "clips" in document:
        task["spec"]["videoBlocks"][0] |= document
        task["spec"]["captions"] = {"mode": "soft"}
    else:
        task["spec"] |= document
    if "pictures" in task["spec"]:
        del task["spec"]["picture"]
    return task


def here(value: Any, footage: Callable[[str], str]) -> Any:  # noqa: ANN401  any plain value
    """The same with files of this machine."""
    if isinstance(value, list):
        return [here(each, footage) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: footage(each)
        if isinstance(each, str)
        and (name == "url" or each.startswith("https://"))  # a row's cell may be a URL
        else here(each, footage)
        for name, each in value.items()
    }


def planned(data: Data, footage: Callable[[str], str], out: Path) -> Forecast:
    """What the program would make of it. Raises what is wrong with it."""
    data["spec"]["output"]["uri"] = out.as_uri()
    task = load_data(here(data, footage), "the example")
    settings = Settings(speech="espeak", elevenlabs_api_key=None)
    return plan(task, open_stores(out.as_uri()), settings, Silent())


class Silent:
    """Nobody watches."""

    def begin(self, kind: str, total: int) -> None:
        """As all below."""

    def advance(self, kind: str) -> None:
        """As above."""

    def drop(self, kind: str) -> None:
        """As above."""

    def note(self, text: str) -> None:
        """As above."""


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_every_yaml_is_taken(example: Block, footage: Callable[[str], str], tmp_path: Path) -> None:
    """Whoever copies it would begin with an error."""
    documents = [*yaml.safe_load_all(example.text)]
    for document in documents:
        if WITH_KUEUE in document.get("apiVersion", ""):
            assert {"kind", "metadata"} <= document.keys()
        elif WITH_CERT_MANAGER in document.get("apiVersion", ""):
            spec = document["spec"]
            assert f"credentials: {{secretName: {spec['secretName']}}}" in example.page.read_text()
            assert f"usages: [{', '.join(spec['usages'])}]" in certificate.USAGES
        elif example.page.parent.parent.name == "charts" or {"image", "budgets"} & document.keys():
            schema = json.loads((ROOT / "charts" / "cliptask" / "values.schema.json").read_text())
            jsonschema.validate(document, schema)
        else:
            forecast = planned(whole(document), footage, tmp_path)
            assert forecast.campaign.variants
            assert not forecast.campaign.skipped


def test_a_part_that_is_wrong_is_found(footage: Callable[[str], str], tmp_path: Path) -> None:
    """Else the test above could not fail."""
    with pytest.raises(Exception, match="whipAround"):
        planned(whole({"transitions": [{"kind": "whipAround", "duration": "1s"}]}), footage, tmp_path)


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "how-to").glob("*.md")), ids=lambda page: page.stem)
def test_every_page_of_how_to_is_in_the_list_and_has_a_whole_task_to_copy(page: Path) -> None:
    """Nobody would find it, or somebody would have to guess what stands around a line."""
    listed = (page.parent / "index.md").read_text()
    whole_tasks = [each for each in blocks(page) if "kind: ClipTask" in each.text]

    if page.stem != "index":
        assert f"]({page.name})" in listed
        assert f"how-to/{page.name}" in (ROOT / "mkdocs.yml").read_text()
    assert whole_tasks or page.stem in {"index", "review"}
    assert page.stem == "index" or re.search(r"^More: \[", page.read_text(), re.MULTILINE)
