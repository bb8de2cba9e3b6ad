"""When the words of clips' own captions are shown, beside those of lines."""

from __future__ import annotations

from typing import Any

import pytest

from cliptask.caption_file import words_key
from cliptask.emoji import FONT
from cliptask.errors import SourceError, TransientError
from cliptask.facts import Transcript, Word
from cliptask.layers import SpokenAt
from cliptask.names import words_object
from cliptask.orders import VariantOrder
from cliptask.planning.bindings import Bound
from cliptask.planning.changes import changes
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.captions import ClipVoice
from support.campaigns import line, sha, sources, task, url

WORDS = url("words")
NAME = words_object(words_key(sha(WORDS)))
LINE = {"voice": "Rachel", "text": "a"}
FADE = {"kind": "crossfade", "duration": "1s"}


def planned(
    *clips: dict[str, Any],
    mode: str = "burned",
    lasts_s: float | None = 1.0,
    facts: dict[str, Any] | None = None,
    **spec: Any,  # noqa: ANN401  a spec's fields
) -> Campaign:
    """A campaign of blocks with one clip of 3 s each; its lines last one second."""
    blocks = [
        {"name": f"b{row}", "clips": [{"url": url(f"c{row}"), **clip}]} for row, clip in enumerate(clips)
    ]
    of = task([1], videoBlocks=blocks, captions={"mode": mode}, **spec)
    return plan(of, sources(of, **(facts or {})), [line(each.text, lasts_s) for each in of.spec.lines])


def order(campaign: Campaign) -> VariantOrder:
    """Of its one video."""
    (variant,) = campaign.variants
    return variant.order


def spoken(of: VariantOrder) -> list[list[SpokenAt]]:
    """What is shown in each of its segments."""
    return [list(each.captions.spoken) if each.captions else [] for each in of.segments]


def own(frame: int, start_ms: int, end_ms: int, speed: float = 1.0) -> SpokenAt:
    """The words of the clip."""
    return SpokenAt(words=NAME, language="en", frame=frame, speed=speed, start_ms=start_ms, end_ms=end_ms)


def test_the_words_of_a_clip_are_in_its_segments_alone() -> None:
    """They would be read while another clip is seen, whose segments no other video could share."""
    of = order(planned({}, {"captions": {"url": WORDS}}, {}))

    assert spoken(of) == [[], [own(0, 0, 3000)], []]


def test_trim_and_speed_move_words_with_the_picture() -> None:
    """The words would be those of another moment of the file."""
    trimmed = {"trim": {"start": "1s", "end": "3s"}, "speed": 2.0, "captions": {"url": WORDS}}

    of = order(planned({}, trimmed))

    assert spoken(of) == [[], [own(-15, 500, 1500, 2.0)]]


def test_where_a_line_is_said_its_words_are_shown() -> None:
    """Two texts would lie over each other."""
    speech = {**LINE, "offset": "1s"}

    of = order(planned({"speech": speech, "captions": {"url": WORDS}}))

    (found,) = spoken(of)
    frames = [each.frames(30) for each in found if each.words == NAME]
    assert frames == [range(30), range(60, 90)]


def test_after_lines_of_any_length_a_clip_is_the_same() -> None:
    """Each line would encode anew what is seen after all of them."""
    clip = {"trim": {"start": "0s", "end": "30s"}, "speech": LINE, "captions": {"url": WORDS}}

    short, long = (
        order(planned(clip, lasts_s=lasts_s, facts={"c0": {"duration_s": 30.0}})) for lasts_s in (1.0, 4.5)
    )

    same = [one.key == other.key for one, other in zip(short.segments, long.segments, strict=True)]
    assert same == [False, True, True, True, True]


def test_in_a_transition_words_change_in_its_middle() -> None:
    """The words of both clips would lie over each other."""
    both = {"captions": {"url": WORDS}}

    of = order(planned(both, both, transitions=[FADE], mode="soft"))

    assert of.captions is not None
    shown = [(each.at_ms, each.at_ms + each.start_ms, each.at_ms + each.end_ms) for each in of.captions.clips]
    assert shown == [(0, 0, 2500), (2000, 2500, 5000)]


def test_a_video_is_called_the_same_before_its_line_is_spoken() -> None:
    """A plan would promise other videos than are made."""
    clip = {"speech": LINE, "captions": {"url": WORDS}}
    for mode in ("burned", "soft", "sidecar"):
        before, after = (planned(clip, mode=mode, lasts_s=lasts) for lasts in (None, 1.5))

        assert [each.name for each in before.variants] == [each.name for each in after.variants]


def test_a_video_in_which_only_a_clip_speaks_has_its_captions_and_language() -> None:
    """Its words would be in no file, and its sound in no language."""
    campaign = planned({"captions": {"url": WORDS, "language": "uk"}}, mode="sidecar")

    (variant,) = campaign.variants
    assert variant.order.language == "ukr"
    assert variant.captions is not None
    assert [each.words for each in variant.captions.clips] == [NAME]
    assert planned({}, mode="sidecar").variants[0].captions is None


def test_a_clip_that_begins_anew_is_shown_without_its_words() -> None:
    """They would lie over those of the line that is still said."""
    speech = {**LINE, "offset": "2s"}

    of = order(planned({"speech": speech, "captions": {"url": WORDS}}, sound={"overflow": "Loop"}, lasts_s=3))

    first, again = spoken(of)
    assert [each.words == NAME for each in first] == [False, True]
    assert [each.words == NAME for each in again] == [False]


@pytest.mark.parametrize(
    ("of_clip", "of_captions", "words"),
    [
        ({}, {"kind": "video"}, "clips[0].captions (https://cdn.example.com/words.mp4) is no caption file"),
        ({}, {"first_word_s": 3.0}, "says nothing while the clip is shown: its words are from 3.0 to 3.0 s, the clip's part"),
        ({"kind": "captions"}, {}, "is a caption file: name it as the captions of its clip"),
        ({"kind": "animation"}, {}, "clips[0].captions (https://cdn.example.com/c.mp4): captions are for a video"),
    ],
)  # fmt: skip
def test_what_has_no_words_is_refused_by_name(
    of_clip: dict[str, Any], of_captions: dict[str, Any], words: str
) -> None:
    """The clip would be shown without, or a text be taken for a video."""
    clip = {"url": url("c"), "captions": {"url": WORDS}}
    of = task(
        [1], videoBlocks=[{"name": "b", "clips": [clip, {"url": url("d")}]}], captions={"mode": "soft"},
        failurePolicy={"onSourceError": "Skip"},
    )  # fmt: skip
    found = sources(of, c=of_clip)
    found[WORDS] = found[WORDS].model_copy(update=of_captions)

    campaign = plan(of, found, [])

    assert [words in str(each.error) for each in campaign.skipped] == [True]
    assert len(campaign.variants) == 1


def test_another_caption_file_changes_only_the_videos_of_its_clip() -> None:
    """A correction would not be seen, or cost the whole campaign."""
    clips = [{"url": url("c"), "captions": {"url": WORDS}}, {"url": url("d")}]
    of = task([1], videoBlocks=[{"name": "b", "clips": clips}], captions={"mode": "burned"})
    found = sources(of)
    before = plan(of, found, [])

    after = plan(of, {**found, WORDS: found[WORDS].model_copy(update={"sha256": sha("new")})}, [])

    same = {each.name for each in before.variants} & {each.name for each in after.variants}
    assert len(same) == 1
    parts = [{part.label: part.content for part in each.parts["b"]} for each in (before, after)]
    assert {label for label in parts[0] if parts[0][label] != parts[1][label]} == {"c"}
    assert set(changes(after, same)) == {each.name for each in after.variants}


HEARD = {"captions": {"transcribe": True, "language": "de"}}


def transcript(*words: tuple[float, float] | None) -> Transcript:
    """Of a clip of 3 s, in which something is said at these times; with None one that is not there yet."""
    spoken = [
        Word(text=f"w{n}", start_s=each[0], end_s=each[1]) for n, each in enumerate(words) if each is not None
    ]
    return Transcript(key=sha("said"), seconds=3.0, words=None if None in words else tuple(spoken))


def transcribed(said: Bound[Transcript] | None, stream: int | None = 1, **clip: Any) -> Campaign:  # noqa: ANN401  a clip's fields
    """A campaign of one clip whose voice is to be written down."""
    blocks = [{"name": "b0", "clips": [{"url": url("c0"), **HEARD, **clip}]}]
    of = task([1], videoBlocks=blocks, captions={"mode": "burned"})
    found = sources(of, c0={"sound_stream": stream})
    return plan(of, found, [], transcripts={ClipVoice(url("c0"), "de"): said})


@pytest.mark.parametrize("clip", [{}, {"trim": {"start": "500ms", "end": "2s"}}, {"speed": 2.0}])
def test_a_video_is_called_the_same_before_its_clips_are_transcribed(clip: dict[str, Any]) -> None:
    """A plan would announce other videos than those that are made."""
    before, after = transcribed(transcript(None), **clip), transcribed(transcript((1.0, 1.5)), **clip)

    assert [each.name for each in before.variants] == [each.name for each in after.variants]
    (words,) = spoken(order(after))[0]
    assert (words.words, words.language) == (words_object(sha("said")), "de")
    assert after.places[words.words].startswith("spec.videoBlocks[0].clips[0].captions.transcribe")


@pytest.mark.parametrize(
    ("words", "clip", "where"),
    [
        ([], {}, "the file"),
        ([(0.2, 0.4)], {"trim": {"start": "1s"}}, "the part that is shown"),
        ([(2.0, 2.4)], {"trim": {"end": "1s"}}, "the part that is shown"),
        # Of a word that is cut, the greater part counts.
        ([(0.2, 1.1)], {"trim": {"start": "1s"}}, "the part that is shown"),
        ([(0.9, 2.1)], {"trim": {"start": "1s"}}, ""),
        ([(1.5, 1.6)], {"speed": 2.0}, ""),
        ([None], {}, ""),
    ],
)
def test_where_nothing_is_said_there_are_no_captions_and_that_is_told(
    words: list[tuple[float, float] | None], clip: dict[str, Any], where: str
) -> None:
    """A video would have an empty track, and its author would look for the words."""
    campaign = transcribed(transcript(*words), **clip)

    assert [each.partition("nothing is said in ")[2] for each in campaign.remarks] == (
        [f"{where}: it shows no words"] if where else []
    )
    assert (order(campaign).burned is None) == bool(where)
    assert (campaign.variants[0].captions is None) == bool(where)


def test_what_nobody_writes_down_shows_no_words() -> None:
    """A draft would lead to words that are not there."""
    assert order(transcribed(None)).burned is None


def test_a_silent_clip_and_a_transcript_that_cannot_be_had_are_unusable() -> None:
    """The video would be made without the captions that it was to have."""
    with pytest.raises(SourceError, match=r"captions\.transcribe .*nothing is heard in the file"):
        transcribed(transcript(None), stream=None)
    with pytest.raises(TransientError, match="later"):
        transcribed(TransientError("later"))


def test_a_transcribed_clip_is_another_part_than_a_plain_one() -> None:
    """The two are told apart in names, and an edit is told as one."""
    clips = [{"url": url("c0")}, {"url": url("c0"), **HEARD}]
    of = task([1], videoBlocks=[{"name": "b0", "clips": clips}], captions={"mode": "soft"})

    campaign = plan(of, sources(of, c0={"sound_stream": 1}), [], transcripts={})

    assert len({each.clips for each in campaign.variants}) == 2


@pytest.mark.parametrize(
    ("emoji", "drawn"), [(None, FONT), ("Noto Color Emoji", FONT), ("Noto Emoji", None), ("brand", None)]
)
def test_words_with_emoji_name_what_draws_them(emoji: str | None, drawn: str | None) -> None:
    """What is said without any would be encoded anew for a font that it does not use."""
    letters = {"letters": {"emoji": emoji}} if emoji else {}
    fonts: Any = {"fonts": [{"name": "brand", "url": url("brand")}]} if emoji == "brand" else {}
    clips = [{"url": url("c0"), "captions": {"url": WORDS}}]
    blocks = [
        {"name": "hook", "clips": clips},
        {"name": "offer", "clips": [{"url": url("c1")}], "speech": LINE | {"text": "Hot 🔥"}},
    ]
    of = task([1], videoBlocks=blocks, captions={"mode": "burned", **letters}, **fonts)

    def emoji_of(*, has_emoji: bool) -> list[list[str | None]]:
        known = sources(of)
        known[WORDS] = known[WORDS].model_copy(update={"has_emoji": has_emoji})
        planned = plan(of, known, [line(each.text) for each in of.spec.lines])
        return [[each.emoji for each in shown] for shown in spoken(order(planned))]

    assert emoji_of(has_emoji=True) == [[drawn], [drawn]]
    assert emoji_of(has_emoji=False) == [[None], [drawn]]


@pytest.mark.parametrize(("text", "drawn"), [("Hot🔥", FONT), ("Hot", None)])
def test_a_transcript_with_emoji_names_what_draws_them(text: str, drawn: str | None) -> None:
    """One of a caption file and one of a transcript would look otherwise."""
    words = (Word(text=text, start_s=1.0, end_s=1.5),)

    of = order(transcribed(Transcript(key=sha("said"), seconds=3.0, words=words)))

    assert [each.emoji for each in spoken(of)[0]] == [drawn]
