"""What examples/github and examples/gitlab do on a pull request: their own scripts, in a real repository, with the program itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.repository import SETTINGS, Repository
from support.studio import PROGRAM, Studio

EXAMPLES = Path(__file__).parents[2] / "examples"
GITHUB: dict[str, Any] = yaml.safe_load((EXAMPLES / "github" / "campaigns.yml").read_text())["jobs"]["diff"]
GITLAB: dict[str, Any] = yaml.safe_load((EXAMPLES / "gitlab" / "campaigns.yml").read_text())["campaigns"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A merge request that edits a campaign, renames one, deletes one, adds one, breaks one, and leaves one alone; merged."""
    folder = tmp_path_factory.mktemp("repository")
    repository, studio = Repository.begin(folder), Studio(folder / "media")
    studio.folder.mkdir()
    campaigns = folder / "campaigns"
    campaigns.mkdir()
    whole = studio.write([[0, 1], [2]]).read_text()
    studio.write([[0]]).unlink()
    for name in ("edited", "moved", "deleted", "broken", "same"):
        (campaigns / f"{name}.yaml").write_text(whole.replace("name: camp", f"name: {name}"))
    (folder / ".gitignore").write_text("build/\ncomment.md\nfound.md\nerrors.txt\n")
    repository.commit()
    repository.git("switch", "--quiet", "--create", "edit")
    edited = (campaigns / "edited.yaml").read_text().replace("clip1.mp4", "clip2.mp4", 1)
    (campaigns / "edited.yaml").write_text(edited)
    repository.git("mv", "campaigns/moved.yaml", "campaigns/here now.yaml")
    (campaigns / "deleted.yaml").unlink()
    # In JSON, which is YAML: git would take it for the deleted one under another name.
    fresh = yaml.safe_load(whole) | {"metadata": {"name": "fresh"}}
    (campaigns / "new.yml").write_text(json.dumps(fresh))
    (campaigns / "broken.yaml").write_text("kind: Nothing\n")
    (campaigns / "kustomization.txt").write_text("no campaign")
    repository.commit()
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--message", "merged", "edit")
    return repository


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Of a runner: the program, its repository, nobody's settings."""
    kept = {
        name: each
        for name, each in os.environ.items()
        if not name.startswith(("CLIPTASK_", "GITHUB_", "CI_"))
    }
    path = f"{folder}:{PROGRAM.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return kept | SETTINGS | {"PATH": path} | more


def judge(comment: str) -> None:
    """What every reviewer must read in it."""
    headings = re.findall(r"^### (.*)$", comment, re.MULTILINE)
    told = {heading.split(":")[0]: heading for heading in headings}

    assert sorted(told) == ["campaigns/broken.yaml", "deleted", "edited", "fresh", "moved"]
    assert told["moved"].endswith(":campaigns/moved.yaml → campaigns/here now.yaml")
    assert told["deleted"].endswith("/dev/null")
    assert told["fresh"] == "fresh: /dev/null → campaigns/new.yml"
    sections = dict(zip(told, re.split(r"^### .*$", comment, flags=re.MULTILINE)[1:], strict=True))
    assert "Nothing is made anew" in sections["moved"]
    assert "| videos | 2 | 0 | 0 | 2 |" in sections["deleted"]
    assert "| videos | 0 | 2 | 2 | 0 |" in sections["fresh"]
    assert "clip 'clip1' was removed from b0" in sections["edited"] or "was added to b0" in sections["edited"]
    assert "is another resource" in sections["campaigns/broken.yaml"]


def test_github_comments_on_what_a_merge_would_make(repository: Repository, tmp_path: Path) -> None:
    """A reviewer would merge without knowing, or a broken file would pass for one that changes nothing."""
    compare, comment = (each for each in GITHUB["steps"] if each.get("name") in {"Compare", "Comment"})
    shown, asked = tmp_path / "summary.md", tmp_path / "asked"
    program = tmp_path / "gh"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{asked}\ncat comment.md >{tmp_path}/posted.md\n')
    program.chmod(0o755)
    runner = environment(tmp_path, BASE="trunk", GITHUB_STEP_SUMMARY=str(shown), NUMBER="7")

    # As runners start each step's script.
    ran = [
        subprocess.run(["bash", "-e", "-c", each["run"]], cwd=repository.folder, env=runner, capture_output=True, text=True, check=False)
        for each in (compare, comment)
    ]  # fmt: skip

    assert [each.returncode for each in ran] == [1, 0], ran[0].stderr + ran[1].stderr
    judge((tmp_path / "posted.md").read_text())
    assert shown.read_text() == (tmp_path / "posted.md").read_text()
    assert asked.read_text().split() == [
        "pr",
        "comment",
        "7",
        "--body-file",
        "comment.md",
        "--edit-last",
        "--create-if-none",
    ]
    assert "trunk:campaigns/moved.yaml" in shown.read_text()


class Notes:
    """The notes of a merge request, as GitLab keeps them."""

    def __init__(self) -> None:
        self.notes: dict[int, str] = {1: "looks good"}
        self.tokens: set[str | None] = set()
        self.methods: list[str] = []


@pytest.fixture
def gitlab() -> Iterator[tuple[str, Notes]]:
    """Its API, and what it holds."""
    notes = Notes()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            notes.tokens.add(self.headers["PRIVATE-TOKEN"])
            notes.methods.append(self.command)
            path = self.path.partition("?")[0].split("/")
            assert path[:7] == ["", "api", "projects", "3", "merge_requests", "5", "notes"]
            number = int(path[7]) if len(path) > 7 else max(notes.notes) + 1
            if self.command != "GET":
                notes.notes[number] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
            answer = json.dumps([{"id": key, "body": body} for key, body in notes.notes.items()]).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815  the base class's names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api", notes
        server.shutdown()
        thread.join()


def test_gitlab_notes_what_a_merge_would_make_and_writes_its_note_anew(
    repository: Repository, tmp_path: Path, gitlab: tuple[str, Notes]
) -> None:
    """As on GitHub; and each push would add a note."""
    url, notes = gitlab
    checkout = tmp_path / "checkout"
    shutil.copytree(repository.folder, checkout, symlinks=True)
    runner = environment(
        tmp_path, CI_MERGE_REQUEST_DIFF_BASE_SHA=repository.git("rev-parse", "HEAD^1"), CI_API_V4_URL=url,
        CI_PROJECT_ID="3", CI_MERGE_REQUEST_IID="5", CAMPAIGNS_TOKEN="token",  # noqa: S106  of the server above
    )  # fmt: skip

    def run(part: str) -> subprocess.CompletedProcess[str]:
        script = "\n".join(GITLAB[part])
        return subprocess.run(
            ["sh", "-e", "-c", script], cwd=checkout, env=runner, capture_output=True, text=True, check=False
        )

    ran = [run("script"), run("after_script"), run("after_script")]

    assert [each.returncode for each in ran] == [1, 0, 0], ran
    assert [*notes.notes] == [1, 2]
    assert notes.methods == ["GET", "POST", "GET", "PUT"]
    assert notes.tokens == {"token"}
    judge(notes.notes[2])


def test_both_compare_alike() -> None:
    """A mistake would be mended in one of them."""
    loops = [
        re.sub(r"\$(BASE|base)\b", "$base", re.split(r"failed=0\n", script)[1]).split("cat comment.md >>")[0].split("exit ")[0]
        for script in (GITLAB["script"][0], next(each["run"] for each in GITHUB["steps"] if each.get("name") == "Compare"))
    ]  # fmt: skip

    assert loops[0] == loops[1]


def test_no_secret_and_no_more_rights_than_a_comment_needs() -> None:
    """A pull request runs what its author has written."""
    whole = yaml.safe_load((EXAMPLES / "github" / "campaigns.yml").read_text())

    assert whole["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert "secrets." not in (EXAMPLES / "github" / "campaigns.yml").read_text()
    assert [*whole[True]] == ["pull_request"]
    assert not any("${{" in step.get("run", "") for step in whole["jobs"]["diff"]["steps"])
