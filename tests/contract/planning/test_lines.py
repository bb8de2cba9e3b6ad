"""What is said in a variant, and when."""

from __future__ import annotations

from typing import Any

import pytest

from cliptask.errors import VariantError
from cliptask.names import speech_object
from cliptask.orders import CaptionedWords
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from support.campaigns import line, sha, sources, task, url

CROSSFADE = {"duration": "500ms"}


def said(text: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  a line's fields
    """A line of speech."""
    return {"voice": "Rachel", "text": text, **more}


def of_lines(blocks: list[dict[str, Any]], **spec: Any) -> ClipTask:  # noqa: ANN401  a spec's fields
    """A task of blocks hook, product and so on, each of one clip of 3 s, with what is added to the blocks."""
    names = ["hook", "product", "offer"]
    return task(
        [1],
        videoBlocks=[
            {"name": name, "clips": [{"url": url(f"c{row}"), **block.pop("clip", {})}], **block}
            for row, (name, block) in enumerate(zip(names, blocks, strict=False))
        ],
        **spec,
    )


def planned(of: ClipTask, duration_s: float | None = 1.0, **durations_s: float) -> Campaign:
    """The campaign of a task whose lines last one second, or as it is said by their texts."""
    lines = [line(each.text, durations_s.get(each.text, duration_s)) for each in of.spec.lines]
    return plan(of, sources(of), lines)


def begins(campaign: Campaign) -> list[tuple[str, int]]:
    """Of the first variant, which lines begin at which frame."""
    texts = {sha(text): text for text in ("a", "b", "c")}
    soundtrack = campaign.variants[0].order.soundtrack
    assert soundtrack is not None
    return [(texts[each.line_key], each.at_frame) for each in soundtrack.speech]


@pytest.mark.parametrize(("transition", "at"), [(None, 90 + 9), (CROSSFADE, 75 + 9)])
def test_a_line_begins_where_its_block_does(transition: dict[str, str] | None, at: int) -> None:
    """Words about the product would be heard over the hook, or late by every transition before them."""
    line_at = said("a", at={"block": "product", "offset": "300ms"})
    of = of_lines([{}, {}], speech=[line_at], **({"transitions": [transition]} if transition else {}))

    assert begins(planned(of)) == [("a", at)]


def test_lines_of_clips_and_blocks_are_said_beside_the_one_that_is_chosen() -> None:
    """A video would lose what belongs to its clip, or say it over all of its blocks at once."""
    of = of_lines(
        [{}, {"speech": said("b")}, {"clip": {"speech": said("c", offset="1.5s")}}], speech=[said("a")]
    )

    campaign = planned(of)

    assert begins(campaign) == [("a", 0), ("b", 90), ("c", 180 + 45)]
    assert campaign.variants[0].text == "a b c"
    assert campaign.variants[0].line == "a"


def test_only_the_videos_of_a_clip_say_its_line() -> None:
    """Somebody would be heard who is not seen."""
    clips = [{"url": url("b0c0"), "speech": said("a")}, {"url": url("b0c1")}]
    of = task([1], videoBlocks=[{"name": "hook", "clips": clips}])

    first, second = planned(of).variants

    assert (first.text, second.text) == ("a", None)
    assert first.order.language == "eng"
    assert (second.order.language, second.order.soundtrack) == (None, None)


def test_two_lines_at_once_are_refused_with_both_places() -> None:
    """Two voices at once are understood by nobody."""
    of = of_lines([{}, {"clip": {"speech": said("b")}}], speech=[said("a")])

    (skipped,) = planned(of, a=3.5).skipped

    assert isinstance(skipped.error, VariantError)
    assert 'spec.speech[0] ("a") begins at 0.0 s and takes 3.5 s, ' in str(skipped.error)
    assert 'spec.videoBlocks[1].clips[0].speech ("b") begins at 3.0 s' in str(skipped.error)


def test_lines_whose_length_nobody_knows_are_refused_only_where_they_begin_together() -> None:
    """A plan before anything is spoken would refuse what can be made, or promise what cannot."""
    apart, together = (
        of_lines([{"speech": said("b", offset=offset)}], speech=[said("a")]) for offset in ("1s", "0s")
    )

    assert planned(apart, None).variants
    assert planned(together, None).skipped


def test_a_line_that_begins_after_its_clip_is_refused() -> None:
    """It would be heard over the next clip, or over nothing."""
    of = of_lines([{"clip": {"speech": said("b", offset="3s")}}, {}])

    (skipped,) = planned(of).skipped

    assert str(skipped.error) == (
        'spec.videoBlocks[0].clips[0].speech.offset ("b"): begins 3s after its clip does, which takes 3.0 s in this video: '
        "let it begin sooner"
    )


@pytest.mark.parametrize("overflow", ["Fail", "Trim"])
def test_a_late_line_ends_with_the_picture_or_is_refused(overflow: str) -> None:
    """A line that fits by its length alone would be cut off in its middle."""
    of = of_lines(
        [{}, {}], speech=[said("a", at={"block": "product", "offset": "2.5s"})], sound={"overflow": overflow}
    )

    campaign = planned(of)

    if overflow == "Trim":
        assert begins(campaign) == [("a", 165)]
    else:
        assert "takes 1.0 s from 5.5 s on, the picture 6.0 s" in str(campaign.skipped[0].error)


def test_captions_stand_where_their_lines_are_said_and_none_lasts_into_the_next() -> None:
    """Words would be read long before they are heard, or two cues lie over each other."""
    of = of_lines(
        [{}, {"speech": said("b", offset="500ms")}],
        speech=[said("a", at={"block": "hook", "offset": "2s"})], captions={"mode": "soft"},
    )  # fmt: skip

    (variant,) = planned(of, a=1.2).variants

    first, second = (sha(text) for text in ("a", "b"))
    assert variant.captions is not None
    assert variant.captions.lines == (
        CaptionedWords(words=speech_object(first, "json"), at_ms=2000, end_ms=1500),
        CaptionedWords(words=speech_object(second, "json"), at_ms=3500, end_ms=2000),
    )
    assert variant.order.captions is not None
    assert [each.end_ms for each in variant.order.captions.lines] == [1500, 2500]


def test_a_video_in_several_languages_says_so() -> None:
    """A player would read out Ukrainian as English."""
    of = of_lines([{"speech": said("b", language="uk")}, {}], speech=[said("a", at={"block": "product"})])

    assert planned(of).variants[0].order.language == "mul"


@pytest.mark.parametrize(("overflow", "held"), [("Freeze", [False, False, True]), ("Loop", [False] * 3)])
def test_a_picture_lasts_until_its_speech_ends(overflow: str, held: list[bool]) -> None:
    """The line would be cut off, or all of the last clip encoded anew for each line."""
    of = of_lines([{}, {}], speech=[said("a")], sound={"overflow": overflow})

    short, long = (planned(of, a=duration_s).variants[0].order for duration_s in (1.0, 6.51))

    assert (short.frames, long.frames) == (180, 196)
    assert [each.cuts[0].is_held for each in long.segments] == held
    assert long.segments[:2] == short.segments
    assert long.segments[2].cuts[0].first_frame == (89 if overflow == "Freeze" else 0)
    assert long.soundtrack is not None
    assert long.soundtrack.frames == 196


def test_a_clip_that_begins_anew_is_heard_anew() -> None:
    """Lips would move without a sound."""
    of = of_lines([{}], speech=[said("a")], sound={"overflow": "Loop", "clipVolume": 1})

    campaign = plan(of, sources(of, c0={"sound_stream": 1}), [line("a", 7.0)])

    (soundtrack,) = campaign.soundtracks
    assert [(each.at_frame, each.frames) for each in soundtrack.clips] == [(0, 90), (90, 90), (180, 30)]


def test_a_title_stays_over_a_picture_that_stands() -> None:
    """What to buy, and until when, would vanish while the voice still speaks of it."""
    titles = [{"text": "Now", "block": "hook"}, {"text": "Brief", "to": "2s"}]
    of = of_lines([{}], speech=[said("a")], sound={"overflow": "Freeze"}, overlays=titles)

    (variant,) = planned(of, a=4.0).variants

    (over,) = variant.order.segments[-1].cuts[0].overlays
    assert (over.text, over.start_frame, over.end_frame) == ("Now", 0, 30)


@pytest.mark.parametrize(("duration_s", "speed"), [(2.9, 1.0), (3.6, 1.2), (3.75, 1.25), (3.8, None)])
def test_speech_is_made_to_fit_as_long_as_it_sounds_like_speech(
    duration_s: float, speed: float | None
) -> None:
    """A line would be gabbled, or refused although nobody would hear the difference."""
    of = of_lines([{}], speech=[said("a")], sound={"overflow": "Speed"}, captions={"mode": "soft"})

    campaign = planned(of, a=duration_s)

    if speed is None:
        assert "it would have to be 1.267 times as fast, 1.25 is the most" in str(campaign.skipped[0].error)
    else:
        (variant,) = campaign.variants
        assert variant.order.soundtrack is not None
        assert variant.captions is not None
        assert variant.order.soundtrack.speech[0].speed == variant.captions.lines[0].speed == speed
        assert variant.order.frames == 90
