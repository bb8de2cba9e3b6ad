from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cliptask.errors import ClipTaskError, SetupError, SpeechError, TransientError
from cliptask.spec.speech import Line
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.speaker import Speaker
from cliptask_renderer.storage.base import Store
from support.elevenlabs_stub import KEY, NONSENSE, RACHEL, ElevenLabsStub
from support.speaking import SPRING, speak, spoken


@pytest.mark.parametrize("fault", [429, 500, 503, 408, "drop"])
async def test_what_passes_is_tried_again(
    fault: int | str, stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """A hiccup of the network or the service must not fail a campaign."""
    stub.next(fault, fault)

    spoken(await speak([Line(voice=RACHEL, text="Hello.")], store, settings))

    assert stub.speech_calls == 3


@pytest.mark.parametrize("fault", [429, 503, "drop"])
async def test_what_does_not_pass_is_said(
    fault: int | str, stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """After the last attempt the next run may try, and the message says so."""
    stub.next(*[fault] * 3)

    (error,) = await speak(
        [Line(voice=RACHEL, text="Hello.", name="greeting")], store, replace(settings, attempts=3)
    )

    assert type(error) is TransientError
    assert "line 'greeting'" in str(error)
    assert "later" in str(error)
    assert stub.speech_calls == 3
    assert list(store.list("speech/")) == []


async def test_a_crowded_account_is_waited_for(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Others may use the same account: its real 429 means to wait, not to fail."""
    stub.concurrency, stub.older, stub.retry_after = 1, True, "0.02"
    lines = [Line(voice=RACHEL, text=f"Line {index}.") for index in range(4)]

    spoken(await speak(lines, store, replace(settings, concurrency=4, attempts=100_000)))

    assert stub.most_at_once == 1
    assert stub.characters == sum(len(line.text) for line in lines)


async def test_the_server_says_how_long_to_wait(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Knocking before the time that the service names is what it punishes."""
    stub.retry_after = "0"
    stub.next(429)

    # With the own back-off, this would take an hour.
    spoken(await speak([Line(voice=RACHEL, text="Hello.")], store, replace(settings, backoff_s=3600)))

    assert stub.speech_calls == 2


async def test_a_service_that_hangs_is_left(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """Without a time-out, one request that is never answered stops everything."""
    stub.delay_s = 60

    (error,) = await speak(
        [Line(voice=RACHEL, text="Hello.")], store, replace(settings, timeout_s=1, attempts=2)
    )

    assert type(error) is TransientError
    assert "within 1 s" in str(error)


async def test_nobody_there_is_said(store: Store) -> None:
    """A refused connection must name the base URL as what to look at."""
    settings = SpeechSettings(api_key=KEY, base_url="http://127.0.0.1:9", attempts=2, backoff_s=0.01)

    by_name, by_id = await speak([SPRING, Line(voice=RACHEL, text="Hello.")], store, settings)

    assert type(by_name) is type(by_id) is TransientError
    assert "base URL" in str(by_name)


@pytest.mark.parametrize("nonsense", sorted(NONSENSE))
async def test_nonsense_is_refused_and_not_paid_for_again(
    nonsense: str, stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """The SDK lets a null pass as audio; asking again at once might cost again."""
    stub.next(nonsense)

    (error,) = await speak([Line(voice=RACHEL, text="Hello.")], store, settings)

    assert type(error) is TransientError
    assert "cannot be used" in str(error)
    assert stub.speech_calls == 1
    assert list(store.list("speech/")) == []


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], type[ClipTaskError], str]] = {
    # what is changed of: the stub, the settings, the line; who must act, and what the message says
    "key": ({}, {"api_key": "wrong"}, {}, SetupError, "ELEVENLABS_API_KEY"),
    "quota": ({"quota": 5}, {}, {}, SetupError, "5 credits remaining"),
    "model": ({}, {"model": "none"}, {}, SetupError, "set another model"),
    "format": ({}, {"output_format": "mp3_44100_192"}, {}, SetupError, "mp3_44100_128 is on every plan"),
    "language": ({}, {}, {"language": "xxx"}, SpeechError, "language"),
    "length": ({"longest_text": 10}, {}, {}, SpeechError, "shorten the text"),
    "voice": ({}, {}, {"voice": "x" * 20}, SpeechError, "cliptask voices"),
}


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("case", REFUSALS)
async def test_each_refusal_says_who_must_act(
    case: str, older: bool, stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """An author cannot mend a quota, and an administrator no text; neither is helped by trying again."""
    of_stub, of_settings, of_line, kind, says = REFUSALS[case]
    vars(stub).update(of_stub, older=older)
    line = Line.model_validate({"voice": RACHEL, "text": "Spring is here.", **of_line})

    (error,) = await speak([line], store, replace(settings, **of_settings))

    assert type(error) is kind
    assert says in str(error)
    assert str(error).startswith("line 'spring-is-here'")
    assert stub.speech_calls <= 1
    assert list(store.list("speech/")) == []


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ("redirect", SetupError, "base URL"),
        (402, SetupError, "plan"),
        (403, SetupError, "permissions"),
        (405, SetupError, "base URL"),
        (400, SpeechError, "change the line"),
        (422, SpeechError, "change the line"),
    ],
)
async def test_refusals_without_a_known_code_go_by_status(
    fault: int | str, kind: type[ClipTaskError], says: str, stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:  # fmt: skip
    """The API grows new codes: they must still reach the person who can act, after one attempt."""
    stub.next(fault)

    (error,) = await speak([Line(voice=RACHEL, text="Hello.")], store, settings)

    assert type(error) is kind
    assert says in str(error)
    assert stub.speech_calls == 1


async def test_another_server_is_told_from_a_missing_voice(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings
) -> None:
    """A 404 of a wrong address is no fault of the task's author."""
    elsewhere = replace(settings, base_url=f"{stub.url}/elsewhere")

    (error,) = await speak([Line(voice=RACHEL, text="Hello.")], store, elsewhere)

    assert type(error) is SetupError
    assert "base URL" in str(error)


@pytest.mark.parametrize("key", ["secret-key-1", "secret-key-1\n", "secret\x00-key-1", "sécret-key-1"])
async def test_the_key_appears_nowhere(
    key: str, stub: ElevenLabsStub, store: Store, settings: SpeechSettings, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages end up in a status, a log and a bug report."""
    stub.key, stub.echo = "another", True
    caplog.set_level(0)

    try:
        other = replace(settings, api_key=key)
        results = await speak([SPRING, Line(voice=RACHEL, text="Hello.")], store, other)
        shown = [repr(other), *(f"{result!r} {result}" for result in results)]
    except SetupError as error:
        shown = [f"{error!r} {error}"]

    assert not any("-key-1" in text for text in [*shown, caplog.text])


async def test_a_key_that_is_replaced_is_used_at_once(
    stub: ElevenLabsStub, store: Store, settings: SpeechSettings, tmp_path: Path
) -> None:
    """Whoever rotates the account's key would have to restart the operator, or wait for campaigns that fail."""
    file = tmp_path / "api-key"
    file.write_text("first-key\n")
    stub.key = "first-key"
    mounted = replace(settings, api_key=None, api_key_file=file)

    async with Speaker(mounted) as speaker:
        (first,) = await speaker.speak_all([Line(voice=RACHEL, text="One.")], store)
        file.write_text("second-key\n")
        stub.key = "second-key"
        (second,) = await speaker.speak_all([Line(voice=RACHEL, text="Two.")], store)
        stub.key, stub.echo = "third-key", True
        (refused,) = await speaker.speak_all([Line(voice=RACHEL, text="Three.")], store)

    assert not isinstance(first, ClipTaskError)
    assert not isinstance(second, ClipTaskError)
    assert isinstance(refused, SetupError)
    assert "-key" not in str(refused)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"\n", "is empty"), (b"\xff", "it is no text"), ("schlüssel".encode(), "no key has")]
)  # fmt: skip
def test_a_key_file_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    """Requests would be made without a key, and their refusal blamed on the account."""
    if content is not None:
        (tmp_path / "api-key").write_bytes(content)

    with pytest.raises(SetupError, match=said):
        SpeechSettings(api_key_file=tmp_path / "api-key").key()


@pytest.mark.parametrize(
    "wrong",
    [{"base_url": "ftp://x"}, {"output_format": "pcm_44100"}, {"concurrency": 0}, {"attempts": 0}, {"timeout_s": 0}],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    """Found at the first line, after downloads, they would cost a run."""
    with pytest.raises(SetupError):
        SpeechSettings(api_key=KEY, **wrong)


def test_the_stub_runs_by_itself() -> None:
    """Others start it beside a cluster."""
    program = Path(__file__).parents[2] / "support" / "elevenlabs_stub.py"
    with subprocess.Popen([sys.executable, program, "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        script = "import httpx, sys; print(httpx.get(sys.argv[1] + '/v1/models', headers={'xi-api-key': sys.argv[2]}).text)"

        answer = subprocess.run(
            [sys.executable, "-c", script, url, KEY], capture_output=True, text=True, check=True, timeout=60,
            env={**os.environ, "NO_PROXY": "*"},
        )  # fmt: skip
        process.send_signal(signal.SIGINT)

        assert process.wait(30) == 0
    assert json.loads(answer.stdout)[0]["maximum_text_length_per_request"] == 10_000
