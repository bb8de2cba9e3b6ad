from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import SourceError
from cliptask.spec.task import ClipTaskSpec
from cliptask_operator.campaign.preflight import (
    AddressNotAllowed,
    BucketNotAllowed,
    OverBudget,
    Refused,
    ResourcesNotAllowed,
    SecretNotAllowed,
    TooManyVariants,
    TooMuchSpeech,
    preflight,
)
from cliptask_operator.controller.status_snapshot import StatusSnapshot, admitted
from cliptask_operator.settings.operator import OperatorSettings
from support.campaigns import task

SPRING = {"voice": "Rachel", "text": "Spring is here."}


def settings(**changes: Any) -> OperatorSettings:  # noqa: ANN401  fields of many types
    """An installation in which everybody may use one bucket."""
    return OperatorSettings.model_validate(
        {"renderer_image": "renderer:1", "buckets": {"*": ["gs://campaigns"]}, **changes}
    )


def spec(
    blocks: list[int] | None = None,
    output: str = "gs://campaigns/spring",
    **changes: Any,  # noqa: ANN401  as above
) -> ClipTaskSpec:
    """A campaign for that bucket."""
    return task(blocks or [1], **{"output": {"uri": output}, **changes}).spec


def admit(wanted: ClipTaskSpec, namespace: str, by: OperatorSettings) -> StatusSnapshot:
    """Where the campaign is once it is taken."""
    return admitted(preflight(wanted, by.policy_for(namespace)))


def refusal(
    refused: type[Refused], wanted: ClipTaskSpec, by: OperatorSettings, namespace: str = "ads"
) -> str:
    """The words with which a task is refused; the reason must be the class's name."""
    with pytest.raises(refused) as raised:
        preflight(wanted, by.policy_for(namespace))
    assert raised.value.reason == refused.__name__
    return str(raised.value)


def test_a_good_task_is_taken_with_its_numbers() -> None:
    """Nobody would see what a campaign is going to cost while it is fetched."""
    snapshot = admit(spec([3, 2], speech=[SPRING]), "ads", settings())

    assert (snapshot.phase, snapshot.accepted, snapshot.sources) == ("Fetching", True, "False")
    assert (snapshot.counts.variants, snapshot.counts.speech_characters) == (6, 15)


# Buckets


@pytest.mark.parametrize(
    "uri",
    [
        "gs://campaigns-evil/x",
        "gs://campaigns.evil/x",
        "gs://campaign/x",
        "gs://other/campaigns",
        "gs://campaigns/team-b",
        "gs://campaigns/team-a-evil",
        "gs://campaigns",
        "file:///campaigns/team-a",
    ],
)
def test_what_only_looks_like_an_allowed_bucket_is_refused(uri: str) -> None:
    """The operator's own credentials would write there."""
    by = settings(buckets={"*": ["gs://campaigns/team-a"]})

    words = refusal(BucketNotAllowed, spec(output=uri), by)

    assert words == f"spec.output.uri: tasks in namespace ads may not use {uri}: use gs://campaigns/team-a"


@pytest.mark.parametrize(
    "uri",
    [
        "gs://campaigns/team-a/../team-b/clip.mp4",
        "gs://campaigns/team-a/%2e%2E/team-b/clip.mp4",
        "gs://campaigns/team-a%2F..%2Fteam-b/clip.mp4",
        "gs://campaigns/team-a%2fclip.mp4/../../b.mp4",
    ],
)
def test_no_source_leads_out_of_an_allowed_bucket(uri: str) -> None:
    """An object may be called so, but whoever resolves the name would read another team's."""
    by = settings(buckets={"*": ["gs://campaigns/team-a"]})
    clips = [{"name": "a", "clips": [{"url": uri}]}]

    words = refusal(BucketNotAllowed, spec(output="gs://campaigns/team-a/out", videoBlocks=clips), by)

    assert words.startswith(
        f"spec.videoBlocks[0].clips[0].url: tasks in namespace ads may not use {uri}: use gs://campaigns/team-a"
    )


@pytest.mark.parametrize("allowed", ["gs://campaigns/team-a", "gs://campaigns/team-a/", "gs://campaigns"])
@pytest.mark.parametrize(
    "uri", ["gs://campaigns/team-a", "gs://campaigns/team-a/", "gs://campaigns/team-a/x/y"]
)
def test_what_is_below_an_allowed_prefix_is_taken(allowed: str, uri: str) -> None:
    """A slash more or less would keep a team from its own bucket."""
    assert admit(spec(output=uri), "ads", settings(buckets={"*": [allowed]})).accepted


@given(st.text("ab/.-", max_size=8), st.text("ab/.-", max_size=8))
def test_an_allowed_prefix_reaches_no_further_than_its_own_folder(allowed: str, rest: str) -> None:
    """What is allowed is a folder, not the first letters of a name."""
    by = settings(buckets={"*": [f"gs://bucket/{allowed}"]})

    if by.policy_for("ads").may_use(f"gs://bucket/{allowed}{rest}"):
        assert allowed == "" or allowed.endswith("/") or rest[:1] in {"", "/"}
        assert ".." not in rest.split("/")


def test_sources_in_buckets_are_guarded_like_outputs() -> None:
    """A task could have the operator read what its author may not."""
    secret = "gs://payroll/salaries.mp4"  # noqa: S105  a file
    block = {"name": "a", "clips": [{"url": "gs://campaigns/a.mp4"}, {"url": secret}]}
    for wanted in (
        spec(videoBlocks=[block]),
        spec(audioBlocks=[{"name": "a", "tracks": [{"url": secret}]}]),
        spec(overlays=[{"image": {"url": secret}}]),
    ):
        assert secret in refusal(BucketNotAllowed, wanted, settings())


def test_each_namespace_has_its_own_buckets_beside_everybodys() -> None:
    """Teams would read each other's campaigns."""
    by = settings(buckets={"*": ["gs://shared"], "ads": ["gs://team-ads"], "film": ["gs://team-film"]})

    assert admit(spec(output="gs://team-ads/x"), "ads", by).accepted
    assert admit(spec(output="gs://shared/x"), "ads", by).accepted
    words = refusal(BucketNotAllowed, spec(output="gs://team-film/x"), by)
    assert (
        words
        == "spec.output.uri: tasks in namespace ads may not use gs://team-film/x: use gs://shared, gs://team-ads"
    )
    assert refusal(BucketNotAllowed, spec(output="gs://team-ads/x"), by, namespace="film")


def test_where_no_bucket_is_allowed_somebody_must_be_asked() -> None:
    """An empty list is no remedy."""
    words = refusal(BucketNotAllowed, spec(), settings(buckets={"film": ["gs://campaigns"]}))

    assert words.endswith("may not use gs://campaigns/spring: ask the administrator to allow a bucket for it")


def test_a_refusal_shows_no_token() -> None:
    """The query of a URL may carry one."""
    wanted = spec(videoBlocks=[{"name": "a", "clips": [{"url": "gs://private/a.mp4?token=s3cret"}]}])

    assert "s3cret" not in refusal(BucketNotAllowed, wanted, settings())


# Resources, numbers


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"limits": {"cpu": "4"}}, "spec.execution.resources.limits.cpu: 4 is more than the 2"),
        ({"requests": {"cpu": "2001m"}}, "spec.execution.resources.requests.cpu: 2001m is more than the 2"),
        ({"limits": {"memory": "3Gi"}}, "spec.execution.resources.limits.memory: 3Gi is more than the 2Gi"),
        ({"requests": {"memory": "3G"}}, "spec.execution.resources.requests.memory: 3G is more than the 2Gi"),
    ],
)
def test_nobody_gets_more_than_the_installations_most(resources: Mapping[str, Any], words: str) -> None:
    """One task could take whole nodes, or wait for ever for one that there is not."""
    by = settings(most_cpu="2", most_memory="2Gi")

    said = refusal(ResourcesNotAllowed, spec(execution={"resources": resources}), by)

    assert said.startswith(words)
    assert "ask for less" in said


def test_wishes_up_to_the_most_are_granted() -> None:
    """Quantities are compared as numbers, not as texts."""
    resources = {
        "requests": {"cpu": "1900m", "memory": "900Mi"},
        "limits": {"cpu": "2000m", "memory": "2048Mi"},
    }
    wanted = spec(execution={"resources": resources})

    assert admit(wanted, "ads", settings(most_cpu="2", most_memory="2Gi")).accepted
    assert admit(wanted, "ads", settings()).accepted


def test_too_many_videos_are_refused_with_the_remedy() -> None:
    """A slip of one block would make a thousand videos too many."""
    words = refusal(TooManyVariants, spec([5, 5]), settings(max_variants=24))

    assert "25 combinations are more than the 24 allowed" in words
    assert "spec.variants.limit" in words
    assert admit(spec([5, 5], variants={"limit": 24}), "ads", settings(max_variants=24)).counts.variants == 24


def test_too_much_speech_is_refused_before_it_is_paid_for() -> None:
    """A pasted book would empty the account."""
    wanted = spec(speech=[SPRING, {"voice": "Rachel", "text": "x" * 1000}])

    words = refusal(TooMuchSpeech, wanted, settings(max_speech_characters=1014))

    assert words == (
        "spec: its lines have 1,015 characters, more than the 1,014 that this installation speaks for one task: shorten it"
    )
    assert admit(wanted, "ads", settings(max_speech_characters=1015)).counts.speech_characters == 1015


def test_lines_of_clips_and_blocks_are_paid_for_too() -> None:
    """An account would be charged for what no limit has counted; a line of two places is paid for once."""
    clips = [{"url": "https://x/a.mp4", "speech": SPRING}, {"url": "https://x/b.mp4"}]
    own = [{"name": "b", "clips": clips, "speech": {"voice": "Rachel", "text": "x" * 100}}]

    demand = admit(spec(speech=[SPRING], videoBlocks=own), "ads", settings())

    assert demand.counts.speech_characters == len(SPRING["text"].strip()) + 100


def test_what_is_paid_once_is_counted_once() -> None:
    """The same line is spoken once, but in another voice or language it is another."""
    lines = [
        SPRING,
        SPRING | {"text": " Spring is here. "},
        SPRING | {"voice": "Adam"},
        SPRING | {"language": "de"},
    ]

    assert admit(spec(speech=lines), "ads", settings()).counts.speech_characters == 45


# Sources


def test_urls_that_may_not_be_fetched_are_all_named_before_anything_is_spent() -> None:
    """Speech would be paid for, and every other source be fetched, for a campaign that cannot be made."""
    clips = [{"url": each} for each in ("https://h/a.mp4", "http://h/b.mp4?token=secret", "file:///c.mp4")]
    wanted = spec(videoBlocks=[{"name": "a", "clips": clips}])

    with pytest.raises(SourceError) as refused:
        preflight(wanted, settings().policy_for("ads"))

    first, second = str(refused.value).splitlines()
    assert first.startswith(
        "spec.videoBlocks[0].clips[1].url: http://h/b.mp4: plain http:// is not allowed; "
    )
    assert "CLIPTASK_ALLOW_HTTP" in first
    assert second.startswith(
        "spec.videoBlocks[0].clips[2].url: file:///c.mp4: file:// is read in local mode only; "
    )


def test_a_bad_url_that_is_to_be_skipped_refuses_nothing() -> None:
    """The rest of the campaign could not be made."""
    clips = [{"url": "https://h/a.mp4"}, {"url": "http://h/b.mp4"}]
    wanted = spec(videoBlocks=[{"name": "a", "clips": clips}], failurePolicy={"onSourceError": "Skip"})

    assert admit(wanted, "ads", settings()).counts.variants == 2


# Signers


@pytest.mark.parametrize(
    ("allowed", "remedy"),
    [((), "ask the administrator"), (("brand", "test"), "use brand or test, or ask the administrator")],
)
def test_videos_are_signed_by_listed_secrets_alone(allowed: tuple[str, ...], remedy: str) -> None:
    """Whoever writes tasks could have anything said in the name of each certificate of the namespace."""
    wanted = spec(disclosure={"credentials": {"secretName": "web-tls"}})

    words = refusal(SecretNotAllowed, wanted, settings(credentials_secrets=allowed))

    assert words == (
        "spec.disclosure.credentials.secretName: this installation has no videos signed by the Secret web-tls: "
        f"{remedy} to add it to the chart's credentials.secretNames"
    )
    admit(wanted, "ads", settings(credentials_secrets=["web-tls"]))


# Receivers


def test_news_go_over_plain_http_only_where_that_is_allowed() -> None:
    """It would be found out when the campaign has ended; and a token in the URL is nobody's to read."""
    wanted = spec(notify=[{"url": "https://h/a"}, {"url": "http://h/b/token"}])

    words = refusal(AddressNotAllowed, wanted, settings())

    assert words == (
        "spec.notify[1].url: plain http:// is not allowed; use https://, or allow it by the setting CLIPTASK_ALLOW_HTTP=true"
    )
    admit(wanted, "ads", settings(allow_http=True))


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ({"variants": 3}, "spec.budget.variants: the task needs 4 videos, its budget gives 3: set variants.limit, or raise it"),
        ({"speechCharacters": 14}, "spec.budget.speechCharacters: the task needs 15 characters to be spoken, its budget gives 14"),
    ],
)  # fmt: skip
def test_more_than_its_author_wants_to_spend_is_refused(budget: dict[str, int], says: str) -> None:
    """A slip in a list of clips or lines would be paid for."""
    lines = [SPRING, {**SPRING, "name": "again"}, {"voice": "espeak-ng", "text": "For nothing."}]

    assert says in refusal(OverBudget, spec([2, 2], speech=lines, budget=budget), settings())


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("languages", [1, 2])
@pytest.mark.parametrize("forms", [1, 2])
def test_every_row_form_and_language_counts(rows: int, languages: int, forms: int) -> None:
    """A campaign of ten videos would become one of a thousand within its budget; what several forms share is paid once."""
    tongues = ["en", "de"][:languages]
    wanted: dict[str, Any] = {
        "languages": tongues,
        "speech": [{"voice": "Rachel", "text": "Hi {{city}}!", "language": each} for each in tongues],
        "data": {"rows": [{"city": f"C{each}"} for each in range(rows)]},
        "pictures": [{"name": f"f{each}", "width": 180, "height": 320 + 2 * each} for each in range(forms)],
    }
    videos, characters = 2 * rows * languages * forms, len("Hi C0!") * rows * languages

    exact = spec([2], **wanted, budget={"variants": videos, "speechCharacters": characters})
    assert preflight(exact, settings().policy_for("ads")).variants == videos
    for less in ({"variants": videos - 1}, {"speechCharacters": characters - 1}):
        refusal(OverBudget, spec([2], **wanted, budget=less), settings())


def test_a_budget_that_is_just_enough_is_kept() -> None:
    """A limit that refuses what it allows is of no use."""
    exact = {"variants": 4, "speechCharacters": 15}

    assert preflight(spec([2, 2], speech=[SPRING], budget=exact), settings().policy_for("ads")).variants == 4
