from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cliptask.errors import InputError, OutputError, SetupError, SourceError, SpeechError, TransientError
from cliptask.facts import SourceFacts, SpokenLine, Transcript
from cliptask.spec.task import ClipTaskSpec
from cliptask_operator.campaign.inputs import InputResolver, ResolvedInputs
from cliptask_operator.campaign.preflight import OverBudget, Policy, TooMuchTranscription, preflight
from cliptask_operator.controller.input_progress import InputProgress
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.sources.fetcher import Fetcher
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.speech.settings import SpeechSettings
from cliptask_operator.speech.speaker import Speaker
from cliptask_operator.speech.transcriber import Transcriber
from cliptask_renderer.storage.base import Store
from support.campaigns import task
from support.elevenlabs_stub import ElevenLabsStub
from support.http_server import MediaServer, Status

RARE, NOWHERE = "\ue001", "\ue002"
"""A sign that the brand's font has and no other, and one that none has."""
HELLO = {"voice": "Rachel", "text": "Hello."}


@dataclass
class Desk:
    """Resolves, and notes what it is told."""

    server: MediaServer
    speech: SpeechSettings
    store: Store
    told: list[tuple[str, int]] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)

    def spec(self, *clips: str, **changes: Any) -> ClipTaskSpec:  # noqa: ANN401  a spec's parts
        """A task of one block of these files of the server."""
        block = {"name": "a", "clips": [{"url": f"{self.server.url}/{each}"} for each in clips]}
        return task([1], **{"videoBlocks": [block], **changes}).spec

    async def resolve(
        self, spec: ClipTaskSpec, *, speak: bool = True, most_seconds: int | None = None
    ) -> ResolvedInputs:
        """As the operator does."""
        fetch = FetchSettings(
            open_hosts=frozenset({self.server.host}), allow_http=True, backoff_s=0.001, attempts=2
        )
        async with (
            Fetcher(fetch) as fetcher,
            Speaker(self.speech) as speaker,
            Transcriber(speaker.account) as transcriber,
        ):
            preflight(spec, Policy())
            progress = InputProgress(self.metrics, self._tell)
            resolver = InputResolver(fetcher, speaker, transcriber, most_seconds)
            inputs = await resolver.resolve(spec, self.store, progress, speak=speak)
        progress.end(inputs)
        if inputs.temporary_error is not None:
            raise inputs.temporary_error
        return inputs

    def counted(self, name: str, **labels: str) -> float:
        """A metric's value."""
        return self.metrics.registry.get_sample_value(name, labels) or 0

    def _tell(self, message: str, paid: int, _seconds: int) -> None:
        self.told.append((message, paid))


@pytest.fixture
def desk(server: MediaServer, settings: SpeechSettings, store: Store) -> Desk:
    """Everything that resolving takes."""
    return Desk(server, settings, store)


async def test_everything_comes_and_is_told(desk: Desk) -> None:
    """A person would see nothing move for minutes."""
    tone, logo = f"{desk.server.url}/tone.mp3", f"{desk.server.url}/logo.png"
    spec = desk.spec(
        "clip.mp4",
        audioBlocks=[{"name": "m", "tracks": [{"url": tone}]}],
        overlays=[{"image": {"url": logo}}],
        speech=[HELLO, {"voice": "Rachel", "text": "Bye."}],
    )

    found = await desk.resolve(spec)

    kinds = {url: facts.kind for url, facts in found.sources.items() if isinstance(facts, SourceFacts)}
    assert kinds == {f"{desk.server.url}/clip.mp4": "video", tone: "audio", logo: "still"}
    assert all(isinstance(line, SpokenLine) and line.duration_s for line in found.lines)
    assert (found.characters, found.characters_spoken) == (10, 10)
    assert len(desk.told) == 5
    assert desk.told[-1] == ("fetching: 0 sources and 0 lines to go", 10)


async def test_what_is_there_is_neither_fetched_nor_paid_for_again(desk: Desk, stub: ElevenLabsStub) -> None:
    """Each restart of the operator would pay for every line."""
    spec = desk.spec("clip.mp4", speech=[HELLO])
    first = await desk.resolve(spec)
    paid = stub.characters

    second = await desk.resolve(spec)

    assert second == first
    assert stub.characters == paid == 6
    assert desk.counted("cliptask_speech_characters_total") == 6
    assert desk.counted("cliptask_speech_lines_total", outcome="found") == 1
    assert desk.counted("cliptask_fetch_seconds_count", outcome="downloaded") == 1
    assert desk.counted("cliptask_fetch_seconds_count", outcome="unchanged") == 1


async def test_a_suspended_task_spends_nothing(desk: Desk, stub: ElevenLabsStub) -> None:
    """It is to show what it would cost."""
    found = await desk.resolve(desk.spec("clip.mp4", speech=[HELLO]), speak=False)

    assert stub.speech_calls == 0
    assert (found.characters, found.characters_spoken) == (6, 0)
    assert desk.told == [("fetching: 0 sources and 0 lines to go", 0)]


async def test_what_cannot_be_had_takes_the_place_of_its_facts(desk: Desk) -> None:
    """By the task's policy the rest may be made without it."""
    speech = [HELLO, {"voice": "Nobody", "text": "Hello."}]

    found = await desk.resolve(
        desk.spec("clip.mp4", "missing.mp4", speech=speech, failurePolicy={"onSourceError": "Skip"})
    )

    good, bad = found.sources.values()
    assert isinstance(good, SourceFacts)
    assert isinstance(bad, SourceError)
    assert "/missing.mp4" in str(bad)
    assert isinstance(found.lines[0], SpokenLine)
    assert isinstance(found.lines[1], SpeechError)
    assert (found.characters, found.characters_spoken) == (6, 6)
    assert desk.told[-1][0] == "fetching: 0 sources and 0 lines to go"
    assert desk.counted("cliptask_speech_lines_total", outcome="spoken") == 1
    assert desk.counted("cliptask_speech_lines_total", outcome="SpeechUnusable") == 1


async def test_a_bad_line_is_refused_before_anything_is_fetched(desk: Desk, stub: ElevenLabsStub) -> None:
    """A mistyped voice would be found when everything is fetched, and the other lines are paid for."""
    speech = [HELLO, {"voice": "Rachell", "text": "Bye."}, {"voice": "Adan", "text": "Bye."}]

    with pytest.raises(SpeechError) as refused:
        await desk.resolve(desk.spec("clip.mp4", speech=speech))

    assert "'Rachell': did you mean 'Rachel'?" in str(refused.value)
    assert "'Adan': did you mean 'Adam'?" in str(refused.value)
    assert (desk.server.count(), stub.speech_calls) == (0, 0)
    assert desk.counted("cliptask_speech_lines_total", outcome="SpeechUnusable") == 2


async def test_lines_of_blocks_and_clips_are_spoken_once_and_named_by_their_place(
    desk: Desk, stub: ElevenLabsStub
) -> None:
    """A video would lack what belongs to its clip, or its author would look for the mistake among the other lines."""
    clips = [{"url": f"{desk.server.url}/clip.mp4", "speech": HELLO}]
    blocks, bad = [{"name": "a", "clips": clips, "speech": HELLO}], {"voice": "Rachell", "text": "Bye."}

    found = await desk.resolve(desk.spec(videoBlocks=blocks, speech=[HELLO]))
    with pytest.raises(SpeechError) as refused:
        await desk.resolve(desk.spec(videoBlocks=[{**blocks[0], "speech": bad}]))

    assert (len(found.lines), len(found.recordings), stub.speech_calls) == (3, 1, 1)
    assert str(refused.value).startswith("spec.videoBlocks[0].speech: ")


@pytest.mark.parametrize("policy", ["Fail", "Skip"])
async def test_without_an_account_nothing_is_fetched_for_lines_that_need_one(desk: Desk, policy: str) -> None:
    """It is nothing that the rest could be made without: whoever runs it has forgotten a key."""
    desk.speech = SpeechSettings()
    speech = [HELLO, {"voice": "Adam", "text": "Bye."}, {"voice": "Adam", "text": "Buy."}]

    with pytest.raises(
        SetupError, match=r"line 'hello' \(voice 'Rachel'\) and 2 more lines: there is no account"
    ):
        await desk.resolve(desk.spec("clip.mp4", speech=speech, failurePolicy={"onSourceError": policy}))

    assert desk.server.count() == 0
    assert desk.counted("cliptask_speech_lines_total", outcome="Misconfigured") == 1


async def test_without_an_account_it_is_known_what_one_would_be_paid(desk: Desk) -> None:
    """Whoever decides about an account asks for the price first."""
    desk.speech = SpeechSettings()

    found = await desk.resolve(desk.spec("clip.mp4", speech=[HELLO]), speak=False)

    assert (found.characters, found.characters_spoken) == (6, 0)
    assert isinstance(found.refusal, SetupError)


async def test_where_nobody_is_to_speak_no_line_is_waited_for(desk: Desk) -> None:
    """A bar would stand at nought of one until the end."""
    desk.speech = SpeechSettings(by="none")

    found = await desk.resolve(desk.spec("clip.mp4", speech=[HELLO]))

    assert list(found.lines) == [None]
    assert desk.told == [("fetching: 0 sources and 0 lines to go", 0)]


async def test_a_server_that_is_busy_is_asked_again_later(desk: Desk) -> None:
    """A campaign would lose its videos to a bad minute of somebody's server."""
    desk.server.script("/busy.mp4", Status(503))

    with pytest.raises(TransientError, match=r"busy\.mp4"):
        await desk.resolve(desk.spec("busy.mp4", "clip.mp4"))


async def test_an_account_that_refuses_is_waited_for(desk: Desk, stub: ElevenLabsStub) -> None:
    """The administrator's mistake is no fault of the lines."""
    stub.key = "another"

    with pytest.raises(SetupError):
        await desk.resolve(desk.spec("clip.mp4", speech=[HELLO]))

    assert desk.counted("cliptask_speech_lines_total", outcome="Misconfigured") == 1


async def test_a_title_that_cannot_be_written_is_refused_before_anything_is_spent(
    desk: Desk, stub: ElevenLabsStub
) -> None:
    """A font without the letters would show boxes, in videos that were paid for."""
    spec = desk.spec("clip.mp4", overlays=[{"text": "\U00013000"}], speech=[HELLO])

    with pytest.raises(InputError):
        await desk.resolve(spec)

    assert (desk.server.count(), stub.speech_calls) == (0, 0)


async def test_when_the_store_fails_nothing_more_is_told(
    desk: Desk, stub: ElevenLabsStub, tmp_path: Path
) -> None:
    """The look that comes after would be overwritten by the words of the one that failed."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "urls").write_text("a file where a folder belongs")
    stub.delay_s = 0.5
    fetch = FetchSettings(open_hosts=frozenset({desk.server.host}), allow_http=True)
    told: list[str] = []

    async with (
        Fetcher(fetch) as fetcher,
        Speaker(desk.speech) as speaker,
        Transcriber(speaker.account) as transcriber,
    ):
        progress = InputProgress(desk.metrics, lambda words, *_: told.append(words))
        with pytest.raises(OutputError):
            await InputResolver(fetcher, speaker, transcriber).resolve(
                desk.spec("clip.mp4", speech=[HELLO]), desk.store, progress, speak=True
            )
        before = list(told)

    assert told == before


async def test_the_same_line_twice_is_one_recording(desk: Desk, stub: ElevenLabsStub) -> None:
    """It would be counted, and paid for, twice."""
    found = await desk.resolve(desk.spec("clip.mp4", speech=[HELLO, HELLO | {"text": " Hello. "}]))

    assert stub.characters == 6
    assert (found.characters, found.characters_spoken) == (6, 6)


@pytest.mark.parametrize("style", [{"font": "brand"}, {"emoji": "brand"}])
async def test_letters_of_an_own_font_are_judged_before_anything_is_spoken(
    desk: Desk, stub: ElevenLabsStub, style: dict[str, str]
) -> None:
    """Every line would be paid for, and then the title refused; or refused though the font has it."""
    own = [{"name": "brand", "url": f"{desk.server.url}/brand.ttf"}]
    title = {"text": f"{RARE} {NOWHERE}", "style": style}
    spec = desk.spec("clip.mp4", fonts=own, overlays=[title], speech=[HELLO])

    with pytest.raises(InputError, match=r"spec.overlays\[0\].text: .* write: .*U\+E002") as raised:
        await desk.resolve(spec)

    assert "U+E001" not in str(raised.value)
    assert stub.characters == 0


async def test_what_only_an_own_font_has_is_taken(desk: Desk) -> None:
    """A brand's own signs would be refused as letters that no font has."""
    own = [{"name": "brand", "url": f"{desk.server.url}/brand.ttf"}]
    spec = desk.spec("clip.mp4", fonts=own, overlays=[{"text": RARE, "style": {"font": "brand"}}])

    found = await desk.resolve(spec)

    facts = found.sources[own[0]["url"]]
    assert isinstance(facts, SourceFacts)
    assert (facts.kind, facts.container) == ("font", "ttf")


HEARD: dict[str, Any] = {"captions": {"transcribe": True}}


def heard_spec(desk: Desk, *clips: str, **changes: Any) -> ClipTaskSpec:  # noqa: ANN401  a spec's parts
    """A task whose clips are all to be transcribed."""
    given = [{"url": f"{desk.server.url}/{each}", **HEARD} for each in clips]
    return task(
        [1], **{"videoBlocks": [{"name": "a", "clips": given}], "captions": {"mode": "soft"}, **changes}
    ).spec


async def test_what_is_said_in_clips_comes_is_told_and_counted(desk: Desk, stub: ElevenLabsStub) -> None:
    """Nobody would see what an account is paid for."""
    spec = heard_spec(desk, "clip.mp4", speech=[HELLO])

    before = await desk.resolve(spec, speak=False)
    found = await desk.resolve(spec)
    again = await desk.resolve(spec)

    (written,) = found.transcripts.values()
    assert isinstance(written, Transcript)
    assert written.is_written
    assert (before.seconds, before.seconds_written) == (1, 0)
    assert (found.seconds, found.seconds_written) == (again.seconds, again.seconds_written) == (1, 1)
    assert stub.transcriptions == 1
    assert desk.counted("cliptask_transcripts_total", outcome="transcribed") == 1
    assert desk.counted("cliptask_transcripts_total", outcome="found") == 1
    assert desk.counted("cliptask_transcribed_seconds_total") == pytest.approx(1.0, abs=0.1)


async def test_more_sound_than_the_installation_gives_is_refused_before_anything_is_paid_for(
    desk: Desk, stub: ElevenLabsStub
) -> None:
    """A slip in a task would cost what a month does."""
    spec = heard_spec(desk, "clip.mp4", speech=[HELLO])

    with pytest.raises(TooMuchTranscription, match="take 1 s, more than the 0 s"):
        await desk.resolve(spec, most_seconds=0)
    await desk.resolve(spec, most_seconds=1)

    assert (stub.speech_calls, stub.transcriptions) == (1, 1)


async def test_without_an_account_nothing_is_paid_and_clips_are_told(desk: Desk) -> None:
    """The task would fail, where only an administrator can mend it."""
    desk.speech = SpeechSettings()
    spec = heard_spec(desk, "clip.mp4")

    planned = await desk.resolve(spec, speak=False)
    with pytest.raises(
        SetupError, match=r"captions\.transcribe: what is said in the clip is not written down"
    ):
        await desk.resolve(spec)

    assert isinstance(planned.refusal, SetupError)
    assert planned.seconds == 1


async def test_of_a_task_with_a_bad_file_nothing_is_transcribed(desk: Desk, stub: ElevenLabsStub) -> None:
    """It would be paid for in vain; where bad files are skipped the others are."""
    clips = ("clip.mp4", "gone.mp4")

    await desk.resolve(heard_spec(desk, *clips))
    failed = stub.transcriptions
    await desk.resolve(heard_spec(desk, *clips, failurePolicy={"onSourceError": "Skip"}))

    assert (failed, stub.transcriptions) == (0, 1)


async def test_more_sound_than_the_task_has_a_budget_for_is_refused_before_anything_is_paid_for(
    desk: Desk, stub: ElevenLabsStub
) -> None:
    """Its author would learn of it from the bill; how long a file is nobody knows before it is there."""
    lines = [HELLO]

    with pytest.raises(OverBudget, match="the task needs 1 s of clips transcribed, its budget gives 0"):
        await desk.resolve(heard_spec(desk, "clip.mp4", speech=lines, budget={"transcribedSeconds": 0}))
    await desk.resolve(heard_spec(desk, "clip.mp4", speech=lines, budget={"transcribedSeconds": 1}))

    assert (stub.speech_calls, stub.transcriptions) == (1, 1)
