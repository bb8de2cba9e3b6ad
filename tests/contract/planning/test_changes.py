"""What an edit does to each variant, and what is said of it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import ClipTaskError, MediaError
from cliptask.index import campaign_index
from cliptask.index_history import history
from cliptask.planning.changes import Change, changes
from cliptask.planning.history import NOTHING, History
from cliptask.planning.plan import Campaign, plan
from cliptask.spec.task import ClipTask
from support.campaigns import line, sources, task
from support.edits import edits, shapes

Data = dict[str, Any]
Told = Counter[tuple[str, tuple[str, ...]]]
"""How many variants have become what, and why."""


def data(**spec: object) -> Data:
    """Three hooks, two products and two offers, two tracks and two lines: twelve videos."""
    of = task([3, 2, 2], tracks=2, lines=2, **spec).model_dump(
        mode="json", by_alias=True, exclude_defaults=True
    )
    for block, name in zip(of["spec"]["videoBlocks"], ("hook", "product", "offer"), strict=True):
        block["name"] = name
        for number, clip in enumerate(block["clips"]):
            clip["name"] = f"{name}{number}"
    for number, each in enumerate(of["spec"]["speech"]):
        each["name"] = f"line{number}"
    for number, each in enumerate(of["spec"]["audioBlocks"][0]["tracks"]):
        each["name"] = f"track{number}"
    return of


def silent(**spec: object) -> Data:
    """The same without lines."""
    of = data(**spec)
    del of["spec"]["speech"]
    return of


def planned(of: Data, before: History = NOTHING, **files: Any) -> Campaign:  # noqa: ANN401  fields of facts
    """The campaign of a task whose files and lines are all ordinary."""
    made = ClipTask.model_validate(of)
    return plan(made, sources(made, **files), [line(each.text) for each in made.spec.lines], history=before)


def made(campaign: Campaign, failed: dict[str, ClipTaskError] | None = None) -> History:
    """What its index says once it is made."""
    there = {each.name: 1 for each in campaign.variants if each.name not in (failed or {})}
    return history(campaign_index(campaign, there, failed or {}))


def edited(before: Data, edit: Callable[[Data], object]) -> tuple[Campaign, Campaign, dict[str, Change]]:
    """The campaigns before and after an edit of the spec, and what it did."""
    changed = copy.deepcopy(before)
    edit(changed["spec"])
    was = planned(before)
    now = planned(changed, made(was))
    return was, now, changes(now, {each.name for each in was.variants} & {each.name for each in now.variants})


def told(said: dict[str, Change]) -> Told:
    """Counted."""
    return Counter((each.kind, each.because) for each in said.values())


def clip(spec: Data, block: int, place: int) -> Data:
    """One of its clips."""
    found: Data = spec["videoBlocks"][block]["clips"][place]
    return found


def add_clip(spec: Data, place: int = 3) -> None:
    """A fourth hook."""
    new = {"name": "dawn", "url": "https://x/dawn.mp4"}
    spec["videoBlocks"][0]["clips"].insert(place, new)


def add_line(spec: Data) -> None:
    """A third line."""
    spec["speech"].append({"voice": "Rachel", "text": "ends tomorrow", "name": "tomorrow"})


def add_clip_and_line(spec: Data) -> None:
    """Both at once."""
    add_clip(spec)
    add_line(spec)


def add_track(spec: Data) -> None:
    """A third track."""
    spec["audioBlocks"][0]["tracks"].append({"name": "calm", "url": "https://x/calm.mp3"})


STAYS = ("stays", ())
ADDED_LINE, ADDED_TRACK = "line 'tomorrow' was added", "track 'calm' was added"

MATRIX: dict[str, tuple[Data, Callable[[Data], object], dict[tuple[str, tuple[str, ...]], int]]] = {
    "nothing": (data(), lambda _: None, {STAYS: 12}),
    "a clip more": (
        data(), add_clip, {STAYS: 12, ("newCombination", ("clip 'dawn' was added to hook",)): 4},
    ),
    "a clip more, put first": (
        data(), lambda spec: add_clip(spec, 0), {STAYS: 12, ("newCombination", ("clip 'dawn' was added to hook",)): 4},
    ),
    "a clip less": (data(), lambda spec: spec["videoBlocks"][0]["clips"].pop(1), {STAYS: 8}),
    "clips in another order": (data(), lambda spec: spec["videoBlocks"][0]["clips"].reverse(), {STAYS: 12}),
    "a clip renamed": (
        data(), lambda spec: clip(spec, 1, 0).update(name="bike"),
        {STAYS: 6, ("renamed", ("clip 'product0' of product is called 'bike' now",)): 6},
    ),
    "a clip trimmed": (
        data(), lambda spec: clip(spec, 0, 1).update(trim={"end": "2s"}),
        {STAYS: 8, ("changed", ("clip 'hook1' of hook has another trim, speed, duration, motion, focus, volume, captions, line or mark",)): 4},
    ),
    "another focus of a clip": (
        data(), lambda spec: (clip(spec, 0, 1).update(focus={"left": "30%"}), spec.update(picture={"fit": "cover"})),
        {
            ("changed", ("clip 'hook1' of hook has another trim, speed, duration, motion, focus, volume, captions, line or mark", "picture.fit was contain, is cover")): 4,
            ("changed", ("picture.fit was contain, is cover",)): 8,
        },
    ),
    "one shape for all clips, over white": (
        data(), lambda spec: spec.update(picture={"crop": "8:10", "background": "#FFFFFF"}),
        {("changed", ("picture.crop was unset, is 4:5", "picture.background was #000000, is #ffffff")): 12},
    ),
    "another file of a clip": (
        data(), lambda spec: clip(spec, 0, 1).update(url="https://x/other.mp4"),
        {STAYS: 8, ("changed", ("clip 'hook1' of hook has another file",)): 4},
    ),
    "a track more": (data(), add_track, {STAYS: 8, ("dealtAnew", (ADDED_TRACK,)): 4}),
    "a track less": (
        data(), lambda spec: spec["audioBlocks"][0]["tracks"].pop(),
        {STAYS: 6, ("dealtAnew", ("track 'track1' was removed",)): 6},
    ),
    "tracks in another order": (data(), lambda spec: spec["audioBlocks"][0]["tracks"].reverse(), {STAYS: 12}),
    "all music less": (
        data(), lambda spec: spec.pop("audioBlocks"),
        {("dealtAnew", ("track 'track0' was removed",)): 6, ("dealtAnew", ("track 'track1' was removed",)): 6},
    ),
    "a track renamed": (
        data(), lambda spec: spec["audioBlocks"][0]["tracks"][0].update(name="sunny"),
        {STAYS: 6, ("renamed", ("track 'track0' is called 'sunny' now",)): 6},
    ),
    "a line more": (data(), add_line, {STAYS: 8, ("dealtAnew", (ADDED_LINE,)): 4}),
    "a line less": (
        data(), lambda spec: spec["speech"].pop(), {STAYS: 6, ("dealtAnew", ("line 'line1' was removed",)): 6},
    ),
    "a line renamed": (
        data(), lambda spec: spec["speech"][0].update(name="hello"),
        {STAYS: 6, ("renamed", ("line 'line0' is called 'hello' now",)): 6},
    ),
    "another text of a line": (
        data(), lambda spec: spec["speech"][0].update(text="other words"),
        {STAYS: 6, ("changed", ("line 'line0' has another text",)): 6},
    ),
    "another language of a line": (
        data(), lambda spec: spec["speech"][0].update(language="uk"),
        {STAYS: 6, ("changed", ("line 'line0' has another voice, language or place",)): 6},
    ),
    "lines in another order": (data(), lambda spec: spec["speech"].reverse(), {STAYS: 12}),
    "a higher limit": (
        data(variants={"limit": 6}), lambda spec: spec["variants"].update(limit=9),
        {STAYS: 6, ("newCombination", ("the limit was raised from 6 to 9",)): 3},
    ),
    "no limit": (
        data(variants={"limit": 6}), lambda spec: spec.pop("variants"),
        {STAYS: 6, ("newCombination", ("the limit of 6 was lifted",)): 6},
    ),
    "a lower limit": (data(variants={"limit": 9}), lambda spec: spec["variants"].update(limit=6), {STAYS: 6}),
    "a limit": (data(), lambda spec: spec.update(variants={"limit": 6}), {STAYS: 6}),
    "all music with all": (
        data(), lambda spec: spec.update(variants={"music": "product"}),
        {STAYS: 12, ("newCombination", ("variants.music was balanced, is product",)): 12},
    ),
    "a track more where all go with all": (
        data(variants={"music": "product"}), add_track,
        {STAYS: 24, ("newCombination", (ADDED_TRACK,)): 12},
    ),
    "a rule more": (
        data(), lambda spec: spec.update(variants={"rules": [{"exclude": {"hook": ["hook0"], "speech": ["line0"]}}]}),
        {STAYS: 10, ("dealtAnew", ("variants.rules changed",)): 2},
    ),
    "another size": (
        data(), lambda spec: spec.update(picture={"width": 640, "height": 360}),
        {("changed", ("picture was 320x180 at 30 fps, is 640x360 at 30 fps",)): 12},
    ),
    "another fit": (
        data(), lambda spec: spec.update(picture={"fit": "cover"}),
        {("changed", ("picture.fit was contain, is cover",)): 12},
    ),
    "a wipe between two blocks": (
        data(), lambda spec: spec.update(transitions=[{"kind": "wipeUp", "duration": "500ms", "between": [each["name"] for each in spec["videoBlocks"][:2]]}]),
        {("changed", ("transitions was unset, is hook to product: wipeUp of 500ms, product to offer: cut",)): 12},
    ),
    "a crossfade": (
        data(), lambda spec: spec.update(transitions=[{"duration": "500ms"}]),
        {("changed", ("transitions was unset, is crossfade of 500ms",)): 12},
    ),
    "a title": (
        data(), lambda spec: spec.update(overlays=[{"text": "Spring"}]), {("changed", ("overlays changed",)): 12},
    ),
    "another title": (
        data(overlays=[{"text": "Spring"}]), lambda spec: spec["overlays"][0].update(text="Summer"),
        {("changed", ("overlays changed",)): 12},
    ),
    "louder music": (
        data(), lambda spec: spec.update(sound={"musicVolume": 0.3}),
        {("changed", ("sound.musicVolume was 0.4, is 0.3",)): 12},
    ),
    "ducking": (
        data(), lambda spec: spec.update(sound={"ducking": False}),
        {("changed", ("sound.ducking was true, is false",)): 12},
    ),
    "music that comes slowly": (
        data(), lambda spec: spec.update(sound={"musicFadeIn": "1s", "musicFadeOut": "2s"}),
        {("changed", ("sound.musicFadeIn was 0ms, is 1s", "sound.musicFadeOut was 500ms, is 2s")): 12},
    ),
    "sound as it was recorded": (
        data(), lambda spec: spec.update(sound={"balance": False}),
        {("changed", ("sound.balance was true, is false",)): 12},
    ),
    "a line at another place": (
        data(), lambda spec: spec["speech"][0].update(at={"block": "offer", "offset": "100ms"}),
        {STAYS: 6, ("changed", ("line 'line0' has another voice, language or place",)): 6},
    ),
    "a line of a block": (
        data(), lambda spec: spec["videoBlocks"][1].update(speech={"voice": "Rachel", "text": "x", "offset": "1s"}),
        {("changed", ("videoBlocks.speech changed",)): 12},
    ),
    "a clip played faster": (
        data(), lambda spec: clip(spec, 0, 0).update(speed=2),
        {STAYS: 8, ("changed", ("clip 'hook0' of hook has another trim, speed, duration, motion, focus, volume, captions, line or mark",)): 4},
    ),
    "a clip that AI made, in videos that speak": (
        data(), lambda spec: clip(spec, 0, 1).update(synthetic=True), {STAYS: 12},
    ),
    "a clip that AI made, in videos that do not": (
        silent(), lambda spec: clip(spec, 0, 1).update(synthetic=True),
        {STAYS: 8, ("changed", ("clip 'hook1' of hook has another trim, speed, duration, motion, focus, volume, captions, line or mark",)): 4},
    ),
    "a track that AI made": (
        silent(), lambda spec: spec["audioBlocks"][0]["tracks"][0].update(synthetic=True),
        {STAYS: 6, ("changed", ("track 'track0' has another trim or mark",)): 6},
    ),
    "a picture over it that AI made": (
        silent(overlays=[{"image": {"url": "https://x/logo.png"}}]), lambda spec: spec["overlays"][0]["image"].update(synthetic=True),
        {("changed", ("overlays changed",)): 12},
    ),
    "a label of what AI made": (
        data(), lambda spec: spec.update(disclosure={"label": {"text": "AI"}}),
        {("changed", ("disclosure.label changed",)): 12},
    ),
    "a label of what AI made, of which there is nothing": (
        silent(), lambda spec: spec.update(disclosure={"label": {"text": "AI"}}), {STAYS: 12},
    ),
    "what is done with long speech, of which there is none": (
        data(), lambda spec: spec.update(sound={"overflow": "Loop"}), {STAYS: 12},
    ),
    "a part of a track": (
        data(), lambda spec: spec["audioBlocks"][0]["tracks"][0].update(trim={"start": "1s"}),
        {STAYS: 6, ("changed", ("track 'track0' has another trim or mark",)): 6},
    ),
    "captions": (
        data(), lambda spec: spec.update(captions={"mode": "soft"}),
        {("changed", ("captions.mode was none, is soft",)): 12},
    ),
    "a block more": (
        data(), lambda spec: spec["videoBlocks"].append({"name": "end", "clips": [{"url": "https://x/end.mp4"}]}),
        {("newCombination", ("block 'end' was added",)): 12},
    ),
    "a block less": (
        data(), lambda spec: spec["videoBlocks"].pop(), {("newCombination", ("block 'offer' was removed",)): 6},
    ),
    "a block renamed": (data(), lambda spec: spec["videoBlocks"][0].update(name="start"), {STAYS: 12}),
    "blocks in another order": (
        data(), lambda spec: spec["videoBlocks"].reverse(),
        {("changed", ("the blocks stand in another order",)): 12},
    ),
    "a clip and a line more": (
        data(), add_clip_and_line,
        {STAYS: 11, ("newCombination", ("clip 'dawn' was added to hook",)): 4, ("dealtAnew", (ADDED_LINE,)): 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MATRIX)
def test_an_edit_is_told_with_what_it_does(name: str) -> None:
    """A pull request would say that videos change, and not why; or blame an edit that nobody made."""
    before, edit, expected = MATRIX[name]

    _, _, said = edited(before, edit)

    assert told(said) == Counter(expected)


def test_a_video_that_was_dealt_anew_names_the_one_in_whose_place_it_comes() -> None:
    """Nobody could tell which ad to take down for it."""
    was, now, said = edited(data(), add_line)

    clips = {each.name: each.clips for each in (*was.variants, *now.variants)}
    anew = {name: change.was for name, change in said.items() if change.kind == "dealtAnew"}
    assert {clips[name] for name in anew} == {clips[old] for old in anew.values()}
    assert not set(anew.values()) & {each.name for each in now.variants}
    assert len(set(anew.values())) == 4


def test_what_failed_before_and_what_was_removed_by_hand_is_missing() -> None:
    """A video that is only made again would pass for an effect of the edit."""
    first = planned(data())
    failed, removed, *_ = (each.name for each in first.variants)
    now = planned(data(), made(first, {failed: MediaError("broken")}))

    said = changes(now, {each.name for each in now.variants} - {failed, removed})

    assert said[failed] == Change("missing", because=("it was not made before",))
    assert said[removed] == Change("missing", removed, ("its video is no longer there",))
    assert told(said)[STAYS] == 10


def test_the_first_plan_blames_nobody() -> None:
    """Every first plan would tell of edits."""
    campaign = planned(data())

    assert told(changes(campaign, ())) == {("newCombination", ()): 12}


def test_ignored_history_is_the_reason() -> None:
    """Videos would be dealt anew at each edit, and nobody would see why."""
    before = data(variants={"history": "ignore", "music": "random"})

    _, _, said = edited(before, lambda spec: add_clip(spec, 0))

    reasons = {cause for each in said.values() if each.kind == "dealtAnew" for cause in each.because}
    assert reasons <= {"variants.history is ignore", "clip 'dawn' was added to hook"}


def test_what_no_index_tells_is_said_to_be_something_else() -> None:
    """A recording that a provider made otherwise would be blamed on an edit."""
    of = ClipTask.model_validate(data())
    first = plan(of, sources(of), [line(each.text) for each in of.spec.speech])
    now = plan(of, sources(of), [line(f"{each.text} again") for each in of.spec.speech], history=made(first))

    assert told(changes(now, ())) == {("changed", ("something else that goes into it",)): 12}


def test_any_edit_of_any_campaign_is_told() -> None:
    """A plan would fail, or say of a video that is there that it is new; of one that is new, nothing."""
    for number, shape in enumerate(shapes(20, seed=3)):
        for edit in edits(shape, number):
            was = planned(_task(shape.spec))
            now = planned(_task(edit.after.spec), made(was))
            there = {each.name for each in was.variants} & {each.name for each in now.variants}

            said = changes(now, there)

            assert [*said] == [each.name for each in now.variants]
            for name, change in said.items():
                assert (change.kind == "stays") == (name in there)
                assert bool(change.because) == (change.kind != "stays")
                assert "something else" not in " ".join(change.because), (shape, edit, change)


@given(st.data())
def test_whatever_an_index_says_changes_come_out(drawn: st.DataObject) -> None:
    """A forged or torn index would end every plan."""
    first = planned(data())
    before = made(first)
    labels = st.sampled_from(["hook0", "hook1", "product0", "line0", "gone", ""])
    rows = drawn.draw(
        st.lists(st.dictionaries(st.sampled_from([*before.parts, "other"]), labels), max_size=5)
    )
    forged = History(before.parts, rows, drawn.draw(st.lists(st.text(), max_size=7)), before.settings)

    now = planned(data(), forged)

    assert len(changes(now, ())) == len(now.variants)


def _task(spec: Any) -> Data:  # noqa: ANN401  a ClipTaskSpec
    return {
        "apiVersion": "cliptask.dev/v1alpha1",
        "kind": "ClipTask",
        "metadata": {"name": "t"},
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    }


def test_another_font_is_the_reason() -> None:
    """Every video would come anew, and nobody would know why."""
    brand = {"fonts": [{"name": "brand", "url": "https://cdn.example.com/brand.ttf"}]}
    before = data(**brand, overlays=[{"text": "Now", "style": {"font": "brand"}}])
    was = planned(before)

    now = planned(before, made(was), brand={"sha256": "f" * 64})

    told = changes(now, set())
    assert {(each.kind, each.because) for each in told.values()} == {("changed", ("fonts changed",))}


def test_a_font_that_nobody_names_changes_nothing() -> None:
    """All videos would be made anew for a line more in the task."""
    brand = {"fonts": [{"name": "brand", "url": "https://cdn.example.com/brand.ttf"}]}

    assert [each.name for each in planned(data()).variants] == [
        each.name for each in planned(data(**brand)).variants
    ]
