"""What a person types, and what they are told: exit codes of sysexits.h, one message, never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from cliptask_operator.cli import app
from support import media
from support.bad_tasks import BAD_TASKS, GOOD, BadTask
from support.elevenlabs_stub import KEY, ElevenLabsStub
from support.http_server import Content, MediaServer, Status, Stream, redirect
from support.imports import among, imported
from support.studio import Studio

MOST_BYTES = 3_000_000


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process; without a terminal, a key or settings, as in a script."""
    for name in [name for name in os.environ if name.startswith(("CLIPTASK_", "ELEVENLABS_"))]:
        monkeypatch.delenv(name)

    def command(*arguments: str | Path, **settings: str) -> Ran:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["cliptask", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            app.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture
def server(tmp_path: Path) -> Any:  # noqa: ANN401  a generator fixture
    """A server of sources, some of them bad."""
    with MediaServer(tmp_path) as running:
        yield running


@pytest.mark.parametrize("bad", BAD_TASKS, ids=[bad.id for bad in BAD_TASKS])
def test_a_bad_task_is_refused_with_its_path_and_the_remedy(run: Run, tmp_path: Path, bad: BadTask) -> None:
    """The author must see at once which field is wrong and what to write instead."""
    task = tmp_path / "cliptask.yaml"
    task.write_text(bad.text)

    ran = run("validate", task)

    assert ran.code == 65
    assert str(task) in ran.err
    assert bad.path in ran.err
    assert bad.words in ran.err


def _broken_mp4(folder: Path) -> bytes:
    whole = media.clip(folder / "whole.mp4", media.ClipLook(faststart=True))
    return media.cut_short(whole, folder / "cut.mp4", 0.6).read_bytes()


def _huge_picture(folder: Path) -> bytes:
    from PIL import Image  # noqa: PLC0415  only here

    Image.new("1", (20_000, 20_000)).save(folder / "huge.png")
    return (folder / "huge.png").read_bytes()


def _silence_of_no_length(folder: Path) -> bytes:
    return media.track(folder / "empty.wav", duration_s=0.001).read_bytes()[:44]


BAD_CLIPS: dict[str, tuple[Callable[[Path], Content | Status | Stream], str]] = {
    "missing": (lambda _: Status(404), "404"),
    "forbidden": (lambda _: Status(403), "403"),
    "gone": (lambda _: Status(410), "410"),
    "html": (lambda _: Content(b"<!DOCTYPE html><html><body>Please log in</body></html>"), "HTML"),
    "truncated": (lambda folder: Content(_broken_mp4(folder)), "cut short"),
    "ffconcat": (lambda _: Content(b"ffconcat version 1.0\nfile /etc/passwd\n"), "a playlist"),
    "playlist": (
        lambda _: Content(b"#EXTM3U\n#EXTINF:1,\nhttp://169.254.169.254/x.ts\n"),
        "playlist",
    ),
    "svg": (lambda _: Content(b'<svg xmlns="http://www.w3.org/2000/svg"/>'), "an SVG drawing"),
    "text": (lambda _: Content(b"hello"), 'it is text ("hello") and no media'),
    "zero bytes": (lambda _: Content(b""), "empty"),
    "audio": (lambda folder: Content(media.track(folder / "a.mp3").read_bytes()), "audioBlocks"),
    "still": (lambda folder: Content(media.picture(folder / "p.png").read_bytes()), "duration: 3s"),
    "huge picture": (lambda folder: Content(_huge_picture(folder)), "20000"),
    "endless": (lambda _: Stream(), "CLIPTASK_MAX_SOURCE_BYTES"),
    "redirect to metadata": (lambda _: redirect("http://169.254.169.254/latest"), "169.254.169.254"),
    "redirect to a file": (lambda _: redirect("file:///etc/passwd"), "file"),
    "redirect for ever": (lambda _: redirect("/bad.mp4"), "redirect"),
}


@pytest.mark.parametrize("kind", BAD_CLIPS)
def test_a_bad_clip_is_named_with_the_remedy(
    run: Run, server: MediaServer, tmp_path: Path, kind: str
) -> None:
    """Only the file can tell; nothing may be made, and the message says which file and why."""
    answer, words = BAD_CLIPS[kind]
    server.script("/bad.mp4", answer(tmp_path))
    task = _task(tmp_path, {"url": f"{server.url}/bad.mp4?token=secret"})

    ran = run(
        "render", task, "-d", tmp_path / "out",
        CLIPTASK_OPEN_HOSTS=server.host, CLIPTASK_ALLOW_HTTP="true", CLIPTASK_MAX_SOURCE_BYTES=str(MOST_BYTES),
    )  # fmt: skip

    assert ran.code == 65, ran.err
    assert "/bad.mp4" in ran.err
    assert words.lower() in ran.err.lower()
    assert "secret" not in ran.err + ran.out
    assert not list((tmp_path / "out").glob("t/*.mp4"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/a.mp4", "CLIPTASK_ALLOW_HTTP"),
        ("https://127.0.0.1:1/a.mp4", "CLIPTASK_OPEN_HOSTS"),
        ("https://2130706433/a.mp4", "CLIPTASK_OPEN_HOSTS"),
        ("https://[::ffff:169.254.169.254]/a.mp4", "CLIPTASK_OPEN_HOSTS"),
        ("https://no-such-host.invalid/a.mp4", "no-such-host.invalid"),
        ("file:///no/such/file.mp4", "/no/such/file.mp4"),
        ("file:///etc", "/etc"),
    ],
)
def test_a_source_that_may_not_or_cannot_be_reached_is_named(
    run: Run, tmp_path: Path, url: str, words: str
) -> None:
    """With the setting that would allow it, where there is one."""
    ran = run("render", _task(tmp_path, {"url": url}), "-d", tmp_path / "out")

    assert ran.code in (65, 75)
    assert words in ran.err


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"clip": {"trim": {"start": "5s"}}}, "clips[0].trim.start ("),
        ({"clip": {"duration": "3s"}}, "use trim to shorten it"),
        ({"audioBlocks": [{"name": "a", "tracks": [{"url": "CLIP"}]}]}, "has no sound"),
        ({"overlays": [{"image": {"url": "TRACK"}}]}, "is not a picture"),
        ({"overlays": [{"text": "hi", "from": "5s"}]}, "nobody would see it"),
        ({"overlays": [{"text": "\U00012000"}]}, "can write"),
        ({"overlays": [{"text": "\U0001faea", "style": {"emoji": "Noto Emoji"}}]}, "write: U+1FAEA"),
        (
            {
                "speech": [
                    {"voice": "espeak-ng", "text": "far too long for so short a clip, as anybody hears"}
                ]
            },
            "overflow to Trim",
        ),
        ({"speech": [{"voice": "espeak-ng", "text": "hello", "language": "qqq"}]}, "qqq"),
    ],
)
def test_what_only_the_files_can_tell_is_named_with_the_remedy(
    run: Run, tmp_path: Path, spec: dict[str, Any], words: str
) -> None:
    """Good YAML and good files that do not fit together."""
    path = media.clip(tmp_path / "clip.mp4", media.ClipLook(audio=False))
    clip = {"url": path.as_uri()} | spec.get("clip", {})
    text = json.dumps({name: value for name, value in spec.items() if name != "clip"}).replace(
        "CLIP", path.as_uri()
    )
    if "TRACK" in text:
        text = text.replace("TRACK", media.track(tmp_path / "track.mp3").as_uri())
    rest = json.loads(text)

    file = _task(tmp_path, clip, **rest)
    ran = run("render", file, "-d", tmp_path / "out")

    assert ran.code == 65, ran.err
    assert words in ran.err
    assert re.search(rf"error: {re.escape(str(file))}:[1-9]\d*:[1-9]\d*: spec\.", ran.err), ran.err


@pytest.mark.parametrize("command", ["validate", "plan", "render", "convert"])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_what_is_no_utf8_is_refused(run: Run, tmp_path: Path, command: str, encoding: str) -> None:
    """An accent would be spoken and shown as a replacement character."""
    file = tmp_path / "task"
    file.write_bytes('{"kind": "café"}'.encode(encoding))

    ran = run(command, file, *(["--output-uri", "file:///x"] if command == "convert" else []))

    assert ran.code == 65
    assert ": is not UTF-8 text (byte 0x" in ran.err
    assert "save it as UTF-8" in ran.err


def test_a_track_of_no_length_is_named(run: Run, tmp_path: Path) -> None:
    """It would be looped for ever."""
    (tmp_path / "empty.wav").write_bytes(_silence_of_no_length(tmp_path))
    clip = media.clip(tmp_path / "clip.mp4").as_uri()
    tracks = [{"name": "a", "tracks": [{"url": (tmp_path / "empty.wav").as_uri()}]}]

    ran = run("render", _task(tmp_path, {"url": clip}, audioBlocks=tracks), "-d", tmp_path / "out")

    assert ran.code == 65
    assert "empty.wav" in ran.err


def _spoken(run: Run, folder: Path, voice: str, key: str) -> tuple[Ran, ElevenLabsStub]:
    """Render one line in this voice with this key; returns the account as it is afterwards, too."""
    clip = media.clip(folder / "clip.mp4").as_uri()
    task = _task(folder, {"url": clip}, speech=[{"voice": voice, "text": "Hello."}])
    with ElevenLabsStub() as account:
        settings = {"ELEVENLABS_API_KEY": key, "CLIPTASK_ELEVENLABS_BASE_URL": account.url}
        return run("render", task, "-d", folder / "out", **settings), account


def test_a_voice_that_does_not_exist_is_named_with_those_that_do(run: Run, tmp_path: Path) -> None:
    """And nothing is paid for."""
    ran, account = _spoken(run, tmp_path, "Rachael", KEY)

    assert ran.code == 65
    assert "Rachael" in ran.err
    assert "Rachel" in ran.err
    assert account.speech_calls == 0


def test_a_wrong_key_is_the_administrators_to_mend(run: Run, tmp_path: Path) -> None:
    """Another exit code than for a bad task, and the key is shown nowhere."""
    ran, _ = _spoken(run, tmp_path, "Rachel", "wrong-key")

    assert ran.code == 78
    assert "wrong-key" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 0, "Usage:"),
        (("--version",), 0, "0.1.0"),
        (("bogus",), 64, "No such command 'bogus'"),
        (("render",), 64, "Missing argument"),
        (
            ("plan", "x", "-o", "xml"),
            64,
            "'xml' is not one of 'table', 'json', 'yaml', 'markdown'. Try cliptask plan -h.",
        ),
        (("render", "x", "-o", "out"), 64, "No such option: -o. Try cliptask render -h."),
        (("logs", "x", "--tail", "all"), 64, "'--tail': must be a whole number. Try cliptask logs -h."),
        (("logs", "x", "--tail", "0"), 64, "'--tail': must be 1 or more."),
        (("smoke-test", "gs://x", "--timeout", "soon"), 64, "'--timeout': must be a number."),
        (("completion", "tcsh"), 64, "'tcsh' is not one of 'bash', 'zsh', 'fish'."),
        (("validate", "/no/such.yaml"), 66, "/no/such.yaml"),
        (("validate", "/etc"), 66, "/etc"),
        (("convert", "/no/such.json", "--output-uri", "file:///x"), 66, "/no/such.json"),
    ],
)
def test_exit_codes_of_misuse(run: Run, arguments: tuple[str, ...], code: int, words: str) -> None:
    """Scripts tell by them who must act."""
    ran = run(*arguments)

    assert ran.code == code
    assert words in ran.out + ran.err


def _commands() -> dict[str, list[list[str]]]:
    """Every command of the program and of kubectl's plugin, each with the names of its options."""
    return {
        f"{name} {each}": [option.opts for option in command.params]
        for name, program in (("cliptask", app.app), ("kubectl clip", app.plugin))
        for each, command in typer.main.get_group(program).commands.items()
    }


def test_a_short_option_means_one_thing_in_every_command() -> None:
    """-o would be a folder here and a format there."""
    meanings: dict[str, set[str]] = {}
    for options in _commands().values():
        for names in options:
            for short in (each for each in names if re.fullmatch("-[a-z]", each)):
                meanings.setdefault(short, set()).add(max(names, key=len))

    assert {short: names for short, names in meanings.items() if len(names) > 1} == {}
    assert meanings["-o"] == {"--output"}


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), *((name.split()[-1],) for name in _commands())], ids=" ".join)
def test_every_command_has_help(run: Run, command: tuple[str, ...], option: str) -> None:
    """Half of all people type -h."""
    ran = run(*command, option)

    assert ran.code == 0
    assert ran.out.startswith(f"Usage: {' '.join(('cliptask', *command))} [OPTIONS]")
    assert "-h, --help" in ran.out


@pytest.mark.parametrize("command", [["kubectl-clip"], ["kubectl-clip", "logs"]], ids=" ".join)
def test_the_plugin_has_help(command: list[str]) -> None:
    """Kubectl starts it, and has no help of its own for it."""
    program = Path(sys.executable).with_name(command[0])

    ran = subprocess.run(
        [program, *command[1:], "-h"], capture_output=True, text=True, timeout=60, check=True
    )

    assert ran.stdout.startswith(f"Usage: {' '.join(('kubectl clip', *command[1:]))} [OPTIONS]")


@pytest.mark.parametrize("module", ["cliptask_operator", "cliptask_renderer"])
def test_a_package_that_is_started_has_help(module: str) -> None:
    """Somebody who looks at a container would see only that something is not set."""
    ran = subprocess.run(
        [sys.executable, "-m", module, "-h"], capture_output=True, text=True, timeout=60, check=True
    )

    assert ran.stdout.startswith("Usage: ")


def test_an_output_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "out").write_text("in the way")
    clip = media.clip(tmp_path / "clip.mp4").as_uri()

    ran = run("render", _task(tmp_path, {"url": clip}), "-d", tmp_path / "out")

    assert ran.code == 73
    assert str(tmp_path / "out") in ran.err


def test_a_wrong_setting_is_named(run: Run, tmp_path: Path) -> None:
    """Settings are the administrator's input, and as often mistyped."""
    clip = media.clip(tmp_path / "clip.mp4").as_uri()

    ran = run("render", _task(tmp_path, {"url": clip}), "-d", tmp_path / "out", CLIPTASK_DOWNLOADS="many")

    assert ran.code == 78
    assert "CLIPTASK_DOWNLOADS" in ran.err


def test_validate_counts_the_videos_without_fetching(run: Run, tmp_path: Path) -> None:
    """The sources of this task do not exist."""
    task = tmp_path / "cliptask.yaml"
    task.write_text(yaml.safe_dump(GOOD))

    ran = run("validate", task)

    assert (ran.code, ran.out) == (0, f"{task}: ClipTask spring-sale is valid; 2 videos\n")


def test_validate_says_that_it_knows_no_rows_of_a_table(run: Run, tmp_path: Path) -> None:
    """Two videos of a table with a thousand rows would be taken for all that there are."""
    spec = GOOD["spec"] | {"data": {"url": "https://x.example/rows.csv"}, "overlays": [{"text": "{{price}}"}]}
    (tmp_path / "cliptask.yaml").write_text(yaml.safe_dump(GOOD | {"spec": spec}))

    ran = run("validate", tmp_path / "cliptask.yaml")

    assert ran.code == 0
    assert ran.out.endswith(
        "is valid; 2 videos with one row: validate does not fetch its table, whose rows plan checks and counts\n"
    )


def test_validate_refuses_a_title_that_nobody_can_write(run: Run, tmp_path: Path) -> None:
    """It would be valid, and fail on the cluster when everything is fetched."""
    spec = GOOD["spec"] | {"overlays": [{"text": "\U00012000"}]}
    (tmp_path / "cliptask.yaml").write_text(yaml.safe_dump(GOOD | {"spec": spec}))

    ran = run("validate", tmp_path / "cliptask.yaml")

    assert ran.code == 65
    assert "give a title as an image" in ran.err.replace("\n", " ")


def test_a_converted_request_is_a_valid_task(run: Run, tmp_path: Path) -> None:
    """What comes from the older service goes straight into the new one."""
    request = {
        "uuid_": "a1b2", "task_name": "Spring Sale", "video_blocks": {"Hook 1": ["https://x.example/a.mp4"]},
        "audio_blocks": {}, "text_to_speach": [{"voice": "Rachel", "text": "Hello."}],
    }  # fmt: skip
    (tmp_path / "request.json").write_text(json.dumps(request))
    converted = run("convert", tmp_path / "request.json", "--output-uri", "file:///srv/campaigns")
    (tmp_path / "cliptask.yaml").write_text(converted.out)

    ran = run("validate", tmp_path / "cliptask.yaml")

    assert (converted.code, ran.code) == (0, 0)
    assert "ClipTask spring-sale is valid; 1 video\n" in ran.out


def test_voices_lists_the_accounts_and_the_local_one(run: Run) -> None:
    """Names as lines may use them, for people and for scripts."""
    with ElevenLabsStub() as account:
        ran = run("voices", "-o", "json", ELEVENLABS_API_KEY=KEY, CLIPTASK_ELEVENLABS_BASE_URL=account.url)

    listed = {each["name"]: each["provider"] for each in json.loads(ran.out)}
    assert listed["Rachel"] == "elevenlabs"
    assert listed["espeak-ng"] == "espeak-ng"


def test_without_an_account_the_local_voice_alone_is_listed(run: Run) -> None:
    """Whoever keeps the key in a file would look for it in the wrong variable."""
    ran = run("voices", "-o", "json")

    assert ran.code == 0
    assert "neither ELEVENLABS_API_KEY nor ELEVENLABS_API_KEY_FILE is set" in ran.err.replace("\n", " ")
    assert [each["name"] for each in json.loads(ran.out)] == ["espeak-ng"]


def test_a_key_that_is_in_a_file_is_an_account(run: Run, tmp_path: Path) -> None:
    """As above: the command would say that there is none."""
    (tmp_path / "key").write_text(f"{KEY}\n")
    with ElevenLabsStub() as account:
        settings = {"CLIPTASK_ELEVENLABS_BASE_URL": account.url}
        ran = run("voices", ELEVENLABS_API_KEY_FILE=str(tmp_path / "key"), **settings)

    assert (ran.code, ran.err) == (0, "")
    assert "Rachel" in ran.out


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_plan_prints_what_is_asked_for(run: Run, tmp_path: Path, form: str) -> None:
    """Three forms of the same counts."""
    task = Studio(tmp_path).write([[0, 1], [2]], tracks=1)

    ran = run("plan", task, "-o", form, "--folder", tmp_path / "out")

    assert ran.code == 0
    if form == "table":
        assert [line.split() for line in ran.out.splitlines() if line.startswith("videos")] == [
            ["videos", "2", "0", "2"]
        ]
    else:
        assert yaml.safe_load(ran.out)["videos"] == {"total": 2, "toMake": 2}


def _task(folder: Path, clip: dict[str, Any], **spec: Any) -> Path:  # noqa: ANN401  a spec's parts
    blocks = {"videoBlocks": [{"name": "b", "clips": [clip]}], "output": {"uri": "file:///nowhere"}}
    task = {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": {"name": "t"},
        "spec": blocks | spec,
    }
    path = folder / "cliptask.yaml"
    path.write_text(yaml.safe_dump(task, allow_unicode=True))
    return path


def test_a_task_names_files_by_their_paths(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Own files could only be named by URLs; moved as a whole, a campaign would be made anew."""
    folder = tmp_path / "my campaign"
    (folder / "50% off").mkdir(parents=True)
    media.clip(folder / "50% off" / "wald #1?.mp4", media.ClipLook(width=90, height=160))
    media.track(folder / "ton.mp3")
    tracks = [{"name": "a", "tracks": [{"url": "./ton.mp3"}]}]
    clip, out = {"url": "50% off/wald #1?.mp4"}, {"uri": "out put"}
    task = _task(folder, clip, audioBlocks=tracks, output=out)
    monkeypatch.chdir(folder)

    first = run("render", task.name)
    folder.rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    again = run("render", "moved/cliptask.yaml")

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert "1 of 1 videos, 1 of them new" in first.out
    assert "1 of 1 videos, 0 of them new" in again.out
    (video,) = (tmp_path / "moved" / "out put" / "t").glob("*.mp4")
    assert video.name.startswith("wald-1-ton-")


@pytest.mark.parametrize("command", ["validate", "plan", "render"])
def test_a_path_that_leads_nowhere_is_told_before_anything_is_fetched(
    run: Run, server: MediaServer, tmp_path: Path, command: str
) -> None:
    """Other sources would be downloaded first, and the line would not be named."""
    media.clip(tmp_path / "hook.mp4")
    url = server.script("/b.mp4", Content(b""))
    blocks = [{"name": "b", "clips": [{"url": url}, {"url": "hok.mp4"}]}]
    task = _task(tmp_path, {}, videoBlocks=blocks, output={"uri": "out"})
    line = task.read_text()[: task.read_text().index("hok.mp4")].count("\n") + 1

    ran = run(command, task, CLIPTASK_OPEN_HOSTS=server.host, CLIPTASK_ALLOW_HTTP="true")

    assert ran.code == 65
    field = "spec.videoBlocks[0].clips[1].url"
    assert f'{task}:{line}:7: {field}: "hok.mp4" leads to no file ({tmp_path}/hok.mp4); did you mean hook.mp4?' in ran.err  # fmt: skip
    assert server.requests == []
    assert not (tmp_path / "out").exists()


CLIENTS = (
    "av",
    "elevenlabs",
    "google.cloud",
    "httpx",
    "jinja2",
    "kopf",
    "kubernetes",
    "moviepy",
    "numpy",
    "prometheus_client",
)


@pytest.mark.parametrize("command", ["--help", "--version", "validate"])
def test_what_asks_nobody_starts_without_clients(command: str, tmp_path: Path) -> None:
    """Who mistypes a field would wait for libraries that only making videos needs."""
    studio = Studio(tmp_path)
    file = [str(studio.write([[0]]))] if command == "validate" else []

    modules = imported(["cliptask_operator", command, *file], studio.clean_environment())

    assert among(modules, CLIENTS) == set()
