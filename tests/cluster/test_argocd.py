from __future__ import annotations

import json
import logging
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from cliptask.orders import WorkReport
from cluster import outcomes
from cluster.api import Document
from cluster.argocd import EXAMPLES, ArgoCd, Repository, judged
from cluster.bed import Bed
from cluster.control_plane import ControlPlane
from cluster.gate import Gate
from cluster.helm import template
from cluster.kubectl import Cluster
from cluster.real_renderers import real
from support.studio import PROGRAM

pytestmark = pytest.mark.e2e
log = logging.getLogger(__name__)

TWO_BY_TWO = [[0, 1], [2, 3]]
"""Four variants of four segments."""
UNFIT = WorkReport(reason="SourceUnusable", message="its third picture is torn").model_dump_json()


CHECK = EXAMPLES / "resource_customizations" / "cliptask.dev" / "ClipTask"
CASES: list[Document] = yaml.safe_load((CHECK / "health_test.yaml").read_text())["tests"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: Path(case["inputPath"]).stem)
def test_the_health_check_says_what_its_test_data_say(case: Document, argocd_program: Path) -> None:
    """Argo CD would call a campaign healthy that nobody can make, or broken while it is being made."""
    said = case["healthStatus"]

    assert judged(argocd_program, CHECK / case["inputPath"]) == (said["status"], said["message"])


def test_the_chart_takes_the_values_of_the_operators_application() -> None:
    """Whoever starts from the example would begin with an error of Helm's."""
    application = yaml.safe_load((EXAMPLES / "operator.yaml").read_text())

    kinds = {each["kind"] for each in template(application["spec"]["source"]["helm"]["valuesObject"])}

    assert {"CustomResourceDefinition", "Deployment"} <= kinds


@pytest.fixture(scope="module")
def argocd(
    plane: Cluster, argocd_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ArgoCd]:
    """Argo CD, on a cluster of our own."""
    if not isinstance(plane, ControlPlane):
        pytest.skip("brings its own Argo CD")
    with ArgoCd(plane, argocd_program, tmp_path_factory.mktemp("argocd") / "run") as running:
        yield running


@dataclass
class Marketing:
    """Who writes campaigns to git, and sees what Argo CD says of them."""

    bed: Bed
    argocd: ArgoCd
    repository: Repository
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.bed.namespace

    def commit(self, *tasks: Document, gone: tuple[str, ...] = ()) -> None:
        """Push tasks, and see the revision synced."""
        files: dict[str, str | None] = {
            f"{each['metadata']['name']}.yaml": yaml.safe_dump(each) for each in tasks
        }
        revision = self.repository.commit(files | dict.fromkeys(f"{name}.yaml" for name in gone))
        self.argocd.refresh(self.name)
        self.bed.wait_for(lambda: self._synced() == ("Synced", revision), f"{revision} synced")

    def task(self, name: str, blocks: list[list[int]], **spec: object) -> Document:
        """As somebody writes it: the namespace is the Application's."""
        task = self.bed.task(name, blocks, **spec)  # type: ignore[arg-type]  # a spec's parts
        del task["metadata"]["namespace"]
        return task

    def health(self, task: str) -> tuple[str, str]:
        """What Argo CD says of a task."""
        return self.argocd.health(self.name, task)

    def wait(self, task: str, health: str) -> str:
        """Until a task has this health; returns the message."""
        self.bed.wait_for(
            lambda: self.health(task)[0] == health, f"{task}: {health}, not {self.health(task)}"
        )
        return self.health(task)[1]

    def refreshed(self, task: str) -> str:
        """The message, once it has looked again: progress alone is not worth a look to it, only another health."""
        self.argocd.refresh(self.name)
        return self.health(task)[1]

    def _synced(self) -> tuple[str, str]:
        sync = self.argocd.application(self.name).get("sync") or {}
        return sync.get("status", ""), sync.get("revision", "")


@pytest.fixture
def marketing(bed: Bed, argocd: ArgoCd, tmp_path: Path) -> Iterator[Marketing]:
    """An Application that follows an empty folder of a repository."""
    repository = Repository(tmp_path / "git")
    argocd.follow(bed.namespace, repository, bed.namespace)
    yield Marketing(bed, argocd, repository)
    argocd.forget(bed.namespace)


def test_a_commit_is_made_and_told_of_to_its_end(marketing: Marketing) -> None:
    """Argo CD would call a campaign healthy while nothing of it is there, or its spec changed by somebody."""
    gate = Gate(marketing.bed)
    marketing.commit(marketing.task("camp", TWO_BY_TWO))

    assert marketing.wait("camp", "Progressing")
    gate.open(4 + 3)
    marketing.bed.wait_for(lambda: marketing.refreshed("camp") == "rendering: 3 of 4 videos", "progress")
    gate.open()

    assert marketing.wait("camp", "Healthy") == "4 of 4 videos are there"
    told = marketing.argocd.application(marketing.name)
    assert (told["health"]["status"], told["sync"]["status"]) == ("Healthy", "Synced")


def test_a_failed_campaign_says_why_and_is_tried_again_by_git(marketing: Marketing) -> None:
    """Whoever merged it would have to look for the reason with kubectl, and could not try again without."""
    marketing.bed.renderers.judge = lambda order, _: (
        outcomes.fail(65, UNFIT)
        if any(each.name.startswith("clip0-clip3") for each in order.variants)
        else None
    )
    task = marketing.task("camp", TWO_BY_TWO)
    marketing.commit(task)

    message = marketing.wait("camp", "Degraded")
    assert message.startswith("VariantsFailed: 3 of 4 videos are there")
    assert message.endswith("SourceUnusable: its third picture is torn")

    marketing.bed.renderers.judge = lambda _order, _pod: None
    task["metadata"]["annotations"] = {"cliptask.dev/retry": "1"}
    marketing.commit(task)

    assert marketing.wait("camp", "Healthy") == "4 of 4 videos are there"
    assert marketing.bed.renderers.made.total() == 4 + 2 * 4


def test_a_suspended_campaign_is_suspended(marketing: Marketing) -> None:
    """A plan that waits for somebody's word would look like work that hangs."""
    marketing.commit(marketing.task("camp", TWO_BY_TWO, execution={"suspend": True}))

    assert "4 videos and 4 segments would be made" in marketing.wait("camp", "Suspended")

    marketing.commit(marketing.task("camp", TWO_BY_TWO))
    marketing.wait("camp", "Healthy")


def test_an_edit_in_git_makes_only_what_is_new(marketing: Marketing) -> None:
    """Each merge would pay for the whole campaign again."""
    marketing.commit(marketing.task("camp", TWO_BY_TWO))
    marketing.wait("camp", "Healthy")
    before = {each["metadata"]["name"] for each in marketing.bed.jobs("camp")}

    marketing.commit(marketing.task("camp", [[0, 1, 4], [2, 3]]))
    marketing.bed.wait_for(lambda: marketing.health("camp") == ("Healthy", "6 of 6 videos are there"), "edit")

    new = {each["metadata"]["name"] for each in marketing.bed.jobs("camp")} - before
    assert len(new) == 1 + 2
    assert set(marketing.bed.renderers.made.values()) == {1}


@pytest.mark.timeout(600)
def test_a_merge_changes_what_the_plan_of_the_pull_request_said_and_no_more(
    marketing: Marketing, tmp_path: Path
) -> None:
    """Who approves a third line for twelve ads would find more of them replaced than they were told."""
    bed = marketing.bed
    bed.renderers.judge = real(bed.gcs.url)
    blocks = [[0, 1, 2], [3, 4], [5, 6]]
    marketing.commit(marketing.task("camp", blocks, lines=2))
    bed.wait_for(lambda: marketing.health("camp") == ("Healthy", "12 of 12 videos are there"), "made", 300)
    before = _objects(bed)
    edit = marketing.task("camp", blocks, lines=3)

    said = _planned(bed, edit, tmp_path / "pull-request.yaml")
    assert _objects(bed) == before
    marketing.commit(edit)
    bed.wait("camp", timeout_s=300)

    after = _objects(bed)
    new = {each["name"] for each in said["variants"] if each["isNew"]}
    stays = {each["name"] for each in said["variants"]} - new
    assert (len(new), len(stays)) == (4, 8)
    assert {each["change"] for each in said["variants"]} == {"stays", "dealtAnew"}
    assert {tuple(each["because"]) for each in said["variants"] if each["isNew"]} == {
        ("line 'camp-2' was added",)
    }
    # What is new is there, and nothing else came or went.
    assert after.keys() == before.keys() | {f"{name}.mp4" for name in new}
    # What stays, and what was there before the edit, was not written again.
    videos = [*stays, *said["earlier"]["names"]]
    assert {each["was"] for each in said["variants"] if each["isNew"]} == {*said["earlier"]["names"]}
    for name in (f"{video}.mp4" for video in videos):
        assert after[name] == before[name], name
    assert {name for name in before if after[name] != before[name]} == {
        "index.json", "index.csv", "gallery.html",
    }  # fmt: skip
    index = json.loads(bed.gcs.open(bed.bucket).blob("out/camp/index.json").download_as_bytes())
    assert [each["name"] for each in index["variants"]] == [each["name"] for each in said["variants"]]
    assert index["skipped"] == []
    made = bed.gcs.open(bed.bucket).blob(f"out/camp/{min(new)}.mp4").download_as_bytes()
    assert made[4:8] == b"ftyp"


def _objects(bed: Bed) -> dict[str, int]:
    """The generation of each object in the campaign's folder: another one whenever it is written."""
    prefix = "out/camp/"
    return {
        each.name.removeprefix(prefix): each.generation
        for each in bed.gcs.open(bed.bucket).list_blobs(prefix=prefix)
    }


def _planned(bed: Bed, task: Document, file: Path) -> Document:
    """What ``cliptask plan`` says of an edited file, on the machine of whoever wrote it."""
    file.write_text(yaml.safe_dump(task))
    ran = subprocess.run(
        [PROGRAM, "plan", file, "--folder", f"gs://{bed.bucket}/out", "-o", "json"],
        env=bed.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said: Document = json.loads(ran.stdout)
    return said


def test_what_somebody_does_by_hand_is_undone_and_costs_nothing(marketing: Marketing) -> None:
    """A slip of the hand in the cluster would end a campaign that is still in git, or have it paid for twice."""
    marketing.commit(marketing.task("camp", TWO_BY_TWO))
    marketing.wait("camp", "Healthy")
    uid, made = marketing.bed.get("camp")["metadata"]["uid"], marketing.bed.renderers.made.total()

    marketing.bed.kubectl("delete", "clip", "camp")
    marketing.bed.wait_for(
        lambda: "camp" in marketing.bed.kubectl("get", "clip", "-o", "name"), "applied again"
    )
    marketing.bed.wait_for(
        lambda: marketing.health("camp") == ("Healthy", "4 of 4 videos are there"), "healthy"
    )

    assert marketing.bed.get("camp")["metadata"]["uid"] != uid
    assert marketing.bed.renderers.made.total() == made


def test_a_file_that_goes_takes_the_task_along_and_videos_only_by_policy(marketing: Marketing) -> None:
    """Videos would be lost with a file, or be paid for when nobody wants them any more."""
    output = {"uri": f"gs://{marketing.bed.bucket}/out", "prune": True}
    marketing.commit(marketing.task("kept", TWO_BY_TWO), marketing.task("swept", TWO_BY_TWO, output=output))
    for name in ("kept", "swept"):
        marketing.wait(name, "Healthy")

    marketing.commit(gone=("kept", "swept"))
    marketing.bed.wait_for(lambda: not marketing.bed.kubectl("get", "clip", "-o", "name"), "pruned")

    assert (len(marketing.bed.videos("kept")), len(marketing.bed.videos("swept"))) == (4, 0)
    marketing.bed.wait_for(lambda: not marketing.bed.jobs(), "Jobs gone")


@pytest.mark.timeout(900)
def test_hundreds_of_jobs_do_not_make_the_application_churn(marketing: Marketing) -> None:
    """Argo CD would compare with git at each status and redraw at each Job's step, and other applications would wait."""
    handful = _cost(marketing, marketing.task("handful", TWO_BY_TWO))
    blocks = [[*range(8)], [*range(8, 16)], [*range(16, 24)]]
    large = _cost(marketing, marketing.task("large", blocks, execution={"parallelism": 200}))
    log.info("%s\n%s", handful, large)  # pytest --log-cli-level=INFO shows it

    assert (handful.jobs, large.jobs) == (8, 8**3 + 24 - 4)
    # What is new in git, what was applied, what changed its health: no more for five hundred Jobs than for eight.
    assert large.comparisons <= handful.comparisons + 4 < large.jobs / 20
    # A Job asks for a redraw when it is new and when its health changes; so does its pod, and with its node and finalizer: six
    # in all, nine without the annotation. How many of these one redraw answers is a matter of the machine.
    assert large.requests["Job"] + large.requests["Pod"] < 7 * large.jobs


@dataclass(frozen=True)
class Cost:
    """Of a campaign, from the commit to Healthy, to Argo CD's controller."""

    jobs: int
    seconds: float
    cpu_s: float
    reconciles: int
    comparisons: int
    requests: Counter[str]


def _cost(marketing: Marketing, task: Document) -> Cost:
    name, argocd = task["metadata"]["name"], marketing.argocd
    began, cpu_s = time.monotonic(), argocd.cpu_s()
    reconciles, comparisons, requests = argocd.reconciles(), argocd.comparisons(), argocd.requests()
    marketing.commit(task)
    marketing.bed.wait_for(lambda: marketing.health(name)[0] == "Healthy", name, 600)
    return Cost(
        len(marketing.bed.jobs(name)), time.monotonic() - began, argocd.cpu_s() - cpu_s,
        argocd.reconciles() - reconciles, argocd.comparisons() - comparisons,
        argocd.requests() - requests,
    )  # fmt: skip
