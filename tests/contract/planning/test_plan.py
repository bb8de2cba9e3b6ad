"""What a task wants made, from its spec and the facts of its files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import InvalidTask, SourceError, SpeechError, VariantError
from cliptask.facts import SourceFacts
from cliptask.orders import VariantOrder
from cliptask.planning.bindings import Bound
from cliptask.planning.choices import Labels, chosen
from cliptask.planning.history import History
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from support.campaigns import facts, line, sources, task, url


def planned(of: ClipTask) -> Campaign:
    """The campaign of a task whose files and lines are all ordinary."""
    return plan(of, sources(of), [line(each.text) for each in of.spec.lines])


def test_every_combination_is_a_variant_with_a_name_of_its_own() -> None:
    """Lost or doubled combinations, or names that overwrite one another, would show here."""
    campaign = planned(task([3, 2, 2], tracks=2, lines=3))

    assert len(campaign.variants) == 12
    assert len({variant.name for variant in campaign.variants}) == 12
    assert len({variant.clips for variant in campaign.variants}) == 12


def test_segments_are_the_sum_of_the_clips_and_not_their_product() -> None:
    """A segment that depended on its variant would be encoded again and again."""
    campaign = planned(task([3, 3, 3], tracks=2, lines=2))

    assert len(campaign.variants) == 27
    assert len(campaign.segments) == 9


def test_a_transition_adds_one_seam_for_each_pair_in_a_row() -> None:
    """Seams are shared by every variant with that pair; bodies lose what the seams show."""
    campaign = planned(task([3, 3, 3], transitions=[{"kind": "crossfade", "duration": "500ms"}]))

    seams = [segment for segment in campaign.segments if segment.is_seam]
    assert len(seams) == 9 + 9
    assert len(campaign.segments) - len(seams) == 9
    assert {segment.frames for segment in seams} == {15}
    assert all(variant.order.frames == 3 * 90 - 2 * 15 for variant in campaign.variants)


def test_an_appended_clip_makes_one_new_segment_and_keeps_every_earlier_variant() -> None:
    """The promise that an edit renders only what is new."""
    before = planned(task([3, 3, 3], tracks=2, lines=3))

    after = planned(task([3, 4, 3], tracks=2, lines=3))

    earlier = {variant.name for variant in before.variants}
    assert earlier < {variant.name for variant in after.variants}
    assert len(after.variants) - len(earlier) == 9
    assert len({each.key for each in after.segments} - {each.key for each in before.segments}) == 1


def test_balanced_uses_every_track_and_line_evenly() -> None:
    """Counts that differ by more than one would bias the test that the campaign is."""
    of = task([3, 3], tracks=2, lines=4)

    found = chosen(of.spec).choices

    for counts, levels in (
        (Counter(each.track for each in found), 2),
        (Counter(each.line for each in found), 4),
    ):
        assert len(counts) == levels
        assert max(counts.values()) - min(counts.values()) <= 1


def test_product_multiplies_by_tracks_and_lines() -> None:
    """Every combination with every track and every line, each once."""
    of = task([2, 2], tracks=3, lines=2, variants={"music": "product", "speech": "product"})

    found = chosen(of.spec).choices

    assert len(set(found)) == len(found) == 2 * 2 * 3 * 2


def test_product_of_one_and_balance_of_the_other() -> None:
    """Each of the two modes reads its own column."""
    of = task([2, 2], tracks=3, lines=2, variants={"music": "balanced", "speech": "product"})

    found = chosen(of.spec).choices

    assert len({(each.clips, each.line) for each in found}) == len(found) == 8
    assert sorted(Counter(each.track for each in found).values()) == [2, 3, 3]


def test_random_draws_follow_the_seed_and_music_and_speech_differ() -> None:
    """One stream for both would tie each track to one line."""
    mode = {"music": "random", "speech": "random"}

    first, again, other = (
        chosen(task([5, 5], tracks=2, lines=2, variants=mode | {"seed": seed}).spec).choices
        for seed in (1, 1, 2)
    )

    assert first == again != other
    assert len({(each.track, each.line) for each in first}) == 4


def test_too_many_combinations_are_refused_with_their_number_and_the_remedy() -> None:
    """A typing error must not become a million videos."""
    with pytest.raises(InvalidTask, match=r"1,000,000 combinations .* spec\.variants\.limit"):
        chosen(task([100, 100, 100]).spec)


def test_a_limit_makes_any_number_of_combinations_acceptable() -> None:
    """The remedy that the refusal names must work."""
    of = task([100, 100, 100], variants={"limit": 50})

    assert len(chosen(of.spec).choices) == 50


def test_all_bad_sources_are_named_at_once() -> None:
    """Whoever mends one file would otherwise learn of the next only by trying again."""
    of = task([2], lines=1)
    bad = {url("b0c0"): SourceError("first is bad"), url("b0c1"): SourceError("second is bad")}

    with pytest.raises(SourceError, match="first is bad\nsecond is bad\nno such voice"):
        plan(of, bad, [SpeechError("no such voice")])


def test_skip_leaves_out_and_names_what_needs_a_bad_source() -> None:
    """Nothing is dropped silently."""
    of = task([2, 2], failurePolicy={"onSourceError": "Skip"})
    found = sources(of) | {url("b0c1"): SourceError("gone")}

    campaign = plan(of, found, [])

    assert [variant.clips for variant in campaign.variants] == [("b0c0", "b1c0"), ("b0c0", "b1c1")]
    assert [(each.clips, str(each.error)) for each in campaign.skipped] == [
        (("b0c1", "b1c0"), "gone"),
        (("b0c1", "b1c1"), "gone"),
    ]


def test_speech_longer_than_the_picture_is_refused_with_both_lengths() -> None:
    """The older service let the sound outlive the picture."""
    of = task([1], lines=1)

    campaign = plan(of, sources(of), [line("line 0", duration_s=3.5)])

    assert not campaign.variants
    assert isinstance(campaign.skipped[0].error, VariantError)
    assert "takes 3.5 s, the picture 3.0 s" in str(campaign.skipped[0].error)


def test_speech_longer_than_the_picture_is_cut_where_the_task_says_so() -> None:
    """The other policy."""
    of = task([1], lines=1, sound={"overflow": "Trim"})

    campaign = plan(of, sources(of), [line("line 0", duration_s=3.5)])

    assert len(campaign.variants) == 1


def test_soundtracks_are_shared_by_variants_of_one_length() -> None:
    """A soundtrack depends on track, line and length, not on the pictures."""
    campaign = planned(task([4, 4], tracks=1, lines=2))

    assert len(campaign.soundtracks) == 2


@pytest.mark.parametrize("mode", ["soft", "sidecar", "burned"])
def test_what_several_variants_share_is_one_object(mode: str) -> None:
    """Thousands of equal orders would fill the memory, and each would have its key reckoned anew."""
    of = task([3, 3], tracks=2, lines=2, captions={"mode": mode})
    variants = plan(of, sources(of), [line("line 0"), line("line 1")]).variants

    for shared in (
        [each.order.soundtrack for each in variants],
        [each.order.captions for each in variants],
        [each.order.burned for each in variants],
        [each.captions for each in variants],
        [segment for each in variants for segment in each.order.segments],
    ):
        assert len({id(each) for each in shared}) == len({each and each.key for each in shared})


def test_settings_that_are_not_heard_change_no_soundtrack() -> None:
    """Ducking without speech, or music at volume 0, must not make anything anew."""
    plain, ducked = (planned(task([1], tracks=1, sound={"ducking": on})) for on in (False, True))
    faded = planned(task([1], lines=1, sound={"musicFadeIn": "1s", "musicVolume": 1}))

    assert plain.soundtracks[0].key == ducked.soundtracks[0].key
    assert planned(task([1], tracks=1, sound={"musicVolume": 0})).soundtracks == ()
    assert faded.soundtracks[0].key == planned(task([1], lines=1)).soundtracks[0].key


def test_music_is_a_part_of_its_track_with_its_fades() -> None:
    """In and out points that are lost play the long quiet begin of every track."""
    tracks = [{"url": url("t0"), "trim": {"start": "1.5s", "end": "2.25s"}}]
    of = task([1], audioBlocks=[{"name": "pool", "tracks": tracks}], sound={"musicFadeIn": "300ms"})

    (track,) = planned(of).soundtracks

    assert (track.track_start_us, track.track_end_us) == (1_500_000, 2_250_000)
    assert (track.music_fade_in_us, track.music_fade_out_us) == (300_000, 500_000)


@pytest.mark.parametrize(
    ("sound", "balanced", "loudness"),
    [
        ({}, True, -14),
        ({"balance": False}, False, None),
        ({"balance": False, "loudness": -20}, False, -20),
        ({"loudness": -18}, True, -18),
    ],
)
def test_a_video_is_as_loud_as_platforms_play_unless_the_task_says_otherwise(
    sound: dict[str, Any], balanced: bool, loudness: float | None
) -> None:
    """A quiet track would be a quiet video, or what was mastered by somebody would be changed."""
    (track,) = planned(task([1], tracks=1, sound=sound)).soundtracks

    assert (track.balanced, track.loudness) == (balanced, loudness)


def test_music_gives_way_to_clips_that_are_heard_too() -> None:
    """Who speaks in a clip would be drowned."""
    of = task([1], tracks=1, sound={"clipVolume": 1})

    heard, silent = (plan(of, sources(of, b0c0={"sound_stream": stream}), []) for stream in (1, None))

    assert heard.soundtracks[0].ducking
    assert not silent.soundtracks[0].ducking


def test_clips_of_one_name_in_different_folders_keep_apart() -> None:
    """Labels come from file names, which repeat."""
    of = task([1], videoBlocks=[{"name": "b", "clips": [{"url": url("x/a")}, {"url": url("y/a")}]}])

    campaign = plan(of, {url("x/a"): facts("1"), url("y/a"): facts("2")}, [])

    labels = [variant.clips[0] for variant in campaign.variants]
    assert len(set(labels)) == 2
    assert all(label.startswith("a-") for label in labels)


SIGNED = [
    url("x/a") + "?sig=1",
    url("y/a") + "?sig=1",
    url("a").replace("https://", "https://u:p@") + "?id=1",
]


def of_one_name(urls: Sequence[str], **spec: Any) -> ClipTask:  # noqa: ANN401  a spec's parts
    """A task whose clips, in one block, and tracks are all called the same."""
    block = {"name": "b", "clips": [{"url": each} for each in urls]}
    tracks = [{"url": each} for each in urls]
    return task([1], videoBlocks=[block], audioBlocks=[{"name": "pool", "tracks": tracks}], **spec)


@given(
    st.permutations(range(len(SIGNED))),
    st.lists(st.text("ab", min_size=1), min_size=len(SIGNED), max_size=len(SIGNED)),
)
def test_labels_come_from_bytes_and_never_from_signatures(order: list[int], signatures: list[str]) -> None:
    """Signed URLs change at every run: each run would rename, and so make anew, every video."""
    before = of_one_name(SIGNED)
    labels = Labels(before.spec, {each: facts(str(n), sound_stream=0) for n, each in enumerate(SIGNED)})

    again = [
        f"{SIGNED[n]}&X-Amz-Signature={signature}#x" for n, signature in zip(order, signatures, strict=True)
    ]
    renewed = Labels(
        of_one_name(again).spec,
        {each: facts(str(n), sound_stream=0) for n, each in zip(order, again, strict=True)},
    )

    assert len(set(labels.clips[0])) == len(set(labels.tracks)) == len(SIGNED)
    assert renewed.clips[0] == [labels.clips[0][n] for n in order]
    assert renewed.tracks == [labels.tracks[n] for n in order]


def test_every_input_has_its_place_in_the_spec() -> None:
    """An error of a Job could name a hash at most, or would tell a token."""
    of = task(
        [1], lines=2, videoBlocks=[{"name": "b", "clips": [{"url": url("a") + "?sig=1"}, {"url": url("b")}, {"url": url("c")}]}],
        audioBlocks=[{"name": "m", "tracks": [{"url": url("t")}]}, {"name": "n", "tracks": [{"url": url("u")}]}],
        overlays=[{"text": "Now"}, {"image": {"url": url("l")}}], failurePolicy={"onSourceError": "Skip"},
    )  # fmt: skip
    found: dict[str, Bound[SourceFacts]] = {
        **sources(of),
        url("b"): facts("a"),
        url("c"): SourceError("gone"),
    }
    found |= {each: facts(each, kind="audio", sound_stream=0) for each in (url("t"), url("u"))}

    campaign = plan(
        of, found | {url("a") + "?sig=1": facts("a")}, [line("line 0"), SpeechError("no such voice")]
    )

    assert sorted(campaign.places.values()) == [
        f"spec.audioBlocks[0].tracks[0] ({url('t')})",
        f"spec.audioBlocks[1].tracks[0] ({url('u')})",
        f"spec.overlays[1].image ({url('l')})",
        'spec.speech[0] ("line 0")',
        'spec.speech[0] ("line 0")',  # of its words
        f"spec.videoBlocks[0].clips[0] ({url('a')})",
    ]


def test_one_file_used_in_several_ways_is_several_clips() -> None:
    """Two parts of one file would be told apart by nothing."""
    clips = [{"url": SIGNED[0], "trim": {"end": end}} for end in ("1s", "1000ms", "2s")]
    of = task([1], videoBlocks=[{"name": "b", "clips": clips}])

    first, same, other = Labels(of.spec, {SIGNED[0]: facts("1")}).clips[0]

    assert first == same != other


def test_a_file_that_cannot_be_had_renames_no_other() -> None:
    """The videos of what is left would be made anew under other names, and again once it is back."""
    of = of_one_name(SIGNED, failurePolicy={"onSourceError": "Skip"})
    whole = {each: facts(str(n), sound_stream=0) for n, each in enumerate(SIGNED)}
    lacking = whole | {SIGNED[1]: SourceError("gone")}

    before, after = (Labels(of.spec, found).clips[0] for found in (whole, lacking))

    assert after[::2] == before[::2]
    assert after[1].startswith("a-")


def test_the_same_plan_comes_out_of_the_same_input() -> None:
    """Keys address the store: they may depend on nothing but the content."""
    first, second = (planned(task([3, 2], tracks=2, lines=2)) for _ in range(2))

    assert [variant.order.key for variant in first.variants] == [
        variant.order.key for variant in second.variants
    ]
    assert first == second


def test_a_variant_knows_its_language_and_is_another_in_another() -> None:
    """A file that says English would be kept for a line that turned out to be Ukrainian."""
    lines = [{"voice": "v", "text": "Hi", "language": language} for language in ("uk", "pt-BR", "pt-PT")]
    of = task([1], speech=lines, variants={"speech": "product"})

    same_recording = plan(of, sources(of), [line("Hi")] * 3)

    assert [each.order.language for each in same_recording.variants] == ["ukr", "por", "por"]
    assert len({each.order.key for each in same_recording.variants}) == 2
    (silent,) = planned(task([1])).variants
    assert silent.order.language is None


def test_a_title_is_one_however_its_accents_are_typed() -> None:
    """The same picture would be encoded twice."""
    texts = ("Caf\u00e9 Z\u00fcrich", "Cafe\u0301 Zu\u0308rich", "Caf\u00e9 Z\u00fc\u00adrich\u200b")

    keys = {planned(task([1], overlays=[{"text": text}])).segments[0].key for text in texts}

    assert len(keys) == 1


def test_what_is_said_leaves_directions_out() -> None:
    """The gallery and the index would show tags."""
    of = task([1], speech=[{"voice": "v", "text": "[whispers] Hi <break time='1s'/> there"}])

    (variant,) = planned(of).variants

    assert variant.text == "Hi there"


def test_lines_that_nobody_speaks_are_dealt_and_not_heard() -> None:
    """A silent draft would show other combinations than the campaign, or subtitle words that nobody says."""
    of = task([2, 2], tracks=2, lines=3, captions={"mode": "soft"})

    silent = plan(of, sources(of), [None] * 3)

    heard = planned(of)
    assert [(each.clips, each.track, each.line) for each in silent.variants] == [
        (each.clips, each.track, each.line) for each in heard.variants
    ]
    assert not {each.name for each in silent.variants} & {each.name for each in heard.variants}
    for each in silent.variants:
        assert each.order.soundtrack is not None
        assert each.order.soundtrack.speech == ()
        assert (each.order.captions, each.captions, each.order.language) == (None, None, None)


@pytest.mark.parametrize(("mode", "is_inside"), [("soft", True), ("sidecar", False)])
def test_captions_are_a_file_and_only_soft_ones_are_in_the_video(mode: str, *, is_inside: bool) -> None:
    """A video would be made anew for a file beside it, or hold captions that nobody wants in it."""
    of, plain = task([2, 1], lines=1, captions={"mode": mode}), task([2, 1], lines=1)

    videos, others = planned(of).variants, planned(plain).variants

    assert all(each.captions for each in videos)
    assert not any(each.captions for each in others)
    assert [bool(each.order.captions) for each in videos] == [is_inside] * 2
    assert ([each.name for each in videos] != [each.name for each in others]) == is_inside


def test_videos_that_are_longer_than_what_is_said_share_captions() -> None:
    """A bucket would hold a file for each video; or what is said would be cut off with another video's end."""
    of = task([3], lines=1, captions={"mode": "soft"})
    long, longer, short = (f"b0c{n}" for n in range(3))
    lengths = {long: {"duration_s": 3.0}, longer: {"duration_s": 5.0}, short: {"duration_s": 1.2}}

    captions = [
        each.captions for each in plan(of, sources(of, **lengths), [line("line 0", duration_s=1.0)]).variants
    ]

    assert [each and each.lines[0].end_ms for each in captions] == [2000, 2000, 1200]
    assert captions[0] == captions[1]


def test_a_video_is_called_the_same_before_its_line_is_spoken() -> None:
    """A plan would promise other videos than are made."""
    of = task([2], lines=1, captions={"mode": "soft"})

    unspoken = plan(of, sources(of), [line("line 0", duration_s=None)])

    assert [each.name for each in unspoken.variants] == [each.name for each in planned(of).variants]


def test_each_clip_of_a_video_has_a_picture_and_no_transition_does() -> None:
    """A storyboard would show a clip twice, or none of it."""
    of = task([2, 1, 2], transitions=[{"duration": "500ms"}])

    variants = planned(of).variants

    assert all(len(each.order.segments) == 5 for each in variants)
    assert all(each.pictures == tuple(part.key for part in each.order.segments[::2]) for each in variants)


BURNED = {"mode": "burned"}


def burned(duration_s: float | None, **spec: Any) -> list[VariantOrder]:  # noqa: ANN401  a spec's parts
    """The variants of two by two clips of 3 s, in which one line is spoken that takes so long."""
    speech = [{"voice": "Rachel", "text": "Spring is here."}]
    fields = {"sound": {"overflow": "Trim"}, "captions": BURNED, **spec}
    of = task([2, 2], speech=speech, **fields)
    return [each.order for each in plan(of, sources(of), [line("Spring is here.", duration_s)]).variants]


def test_only_what_is_seen_while_somebody_speaks_has_words() -> None:
    """The rest would be encoded once for each line."""
    orders = burned(2.0)

    assert [[bool(part.captions) for part in order.segments] for order in orders] == [[True, False]] * 4


def test_segments_with_the_same_words_are_shared() -> None:
    """Each variant would be encoded alone."""
    orders = burned(5.0)

    assert len({part.key for order in orders for part in order.segments}) == 4


def test_words_count_from_where_their_segment_begins() -> None:
    """They would begin anew at each cut."""
    first, second = burned(5.0)[0].segments

    assert [part.captions.spoken[0].frame for part in (first, second) if part.captions] == [0, -first.frames]


def test_what_takes_pictures_of_another_segment_comes_after_it() -> None:
    """Two processes would encode the same, each for itself."""
    of = task([1, 1], speech=[{"voice": "Rachel", "text": "Hi."}], captions=BURNED)
    campaign = plan(of, sources(of), [line("Hi.", 4.0)])

    (variant,) = campaign.variants
    whole, partly = variant.order.segments
    assert whole.base is None
    assert partly.base == partly.plain
    assert [part.key for part in campaign.encoded] == [whole.key, partly.plain.key, partly.key]
    assert [part.key for part in campaign.segments] == [whole.key, partly.key]
    assert partly.frames_said == 60


def test_seconds_of_picture_count_what_pictures_are_copied_of_and_not_the_copies() -> None:
    """A budget would let through what is encoded beside the words, or count twice what is not."""
    of = task([1, 1], speech=[{"voice": "Rachel", "text": "Hi."}], captions=BURNED)
    campaign = plan(of, sources(of), [line("Hi.", 4.0)])

    (variant,) = campaign.variants
    whole, partly = variant.order.segments
    frames = whole.frames + partly.plain.frames + partly.frames_said
    assert campaign.encode_seconds == math.ceil(frames / whole.profile.fps)
    assert frames > whole.frames + partly.frames


def test_a_video_has_its_name_before_its_line_is_spoken() -> None:
    """What plan says would not be what is made."""
    names = [[order.key for order in burned(duration_s)] for duration_s in (None, 2.0, 5.0)]

    assert names[0] == names[1] == names[2]


@pytest.mark.parametrize("look", [{"style": "pop"}, {"words": 2}, {"accent": "#ff0000"}, {"letters": {"weight": 400}}, {"position": "top"}])  # fmt: skip
def test_another_look_is_another_video(look: dict[str, Any]) -> None:
    """An edit would change nothing."""
    of = [
        task([1], speech=[{"voice": "Rachel", "text": "Hi."}], captions=BURNED | each) for each in ({}, look)
    ]

    plain, other = (plan(each, sources(each), [line("Hi.")]).variants[0].order.key for each in of)
    assert plain != other


def test_without_a_line_nothing_is_burned() -> None:
    """A campaign without speech would be encoded again."""
    of = [task([2], captions=captions) for captions in (BURNED, {"mode": "none"})]

    with_captions, without = ([v.order.key for v in plan(each, sources(each), []).variants] for each in of)
    assert with_captions == without


@pytest.mark.parametrize(("kept", "remarks"), [("keep", ("Cannot be read.",)), ("ignore", ())])
def test_what_was_dealt_before_and_cannot_be_read_is_told(kept: str, remarks: tuple[str, ...]) -> None:
    """All videos would be other ones, and nobody know why."""
    of = task([2], variants={"history": kept})

    assert plan(of, sources(of), [], history=History(remark="Cannot be read.")).remarks == remarks
