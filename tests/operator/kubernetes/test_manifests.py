from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.orders import NamedVariant, WorkOrder
from cliptask.planning.plan import plan
from cliptask.spec.execution import Amounts, Execution, Resources
from cliptask.spec.quantities import amount
from cliptask_operator.kubernetes import job_status, manifests
from cliptask_operator.kubernetes.job_status import JobFacts, JobFailure
from cliptask_operator.kubernetes.manifests import UNKNOWN, Manifest, RendererSettings, Takes
from cliptask_operator.kubernetes.task_state import TaskRef
from support.campaigns import sources, task

TASK = TaskRef(
    "ads",
    "spring-sale",
    "0f0a7c1e-1111-2222-3333-444455556666",
    {
        manifests.QUEUE_LABEL: "team-a",
        manifests.PRIORITY_LABEL: "low",
        "app.kubernetes.io/instance": "campaigns",
        "argocd.argoproj.io/instance": "campaigns",
        "team": "a",
    },
)
RENDERER = RendererSettings("renderer:1", Amounts(cpu="1", memory="1Gi"), Amounts(cpu="2", memory="2Gi"))
BLANK = WorkOrder(cache="gs://campaigns/.cliptask", output="gs://campaigns", task="spring-sale")
SIGNED = {"credentials": {"secretName": "ads"}}
LONGEST_NAME = "n" * 40


def units(blocks: list[int], **spec: Any) -> list[WorkOrder]:  # noqa: ANN401  a spec's parts
    """A Job's work for each variant, then for each segment, of a campaign."""
    wanted = task(blocks, **spec)
    campaign = plan(wanted, sources(wanted), [])
    variants = [NamedVariant(name=each.name, order=each.order) for each in campaign.variants]
    return [
        *(BLANK.model_copy(update={"variants": (each,)}) for each in variants),
        *(BLANK.model_copy(update={"segments": (each,)}) for each in campaign.segments),
    ]


UNIT = units([1, 1])[0]


def manifest(
    unit: WorkOrder = UNIT,
    ref: TaskRef = TASK,
    execution: Execution | None = None,
    renderer: RendererSettings = RENDERER,
    packed: int = 0,
) -> Manifest:
    """The Job of a unit."""
    return manifests.job(unit, ref, execution or Execution(), "3/again", renderer, packed=packed)


def pod_of(made: Manifest) -> Manifest:
    """The pod's part of a Job."""
    pod: Manifest = made["spec"]["template"]["spec"]
    return pod


def container_of(made: Manifest) -> Manifest:
    """The only container."""
    (found,) = pod_of(made)["containers"]
    return dict(found)


def environment_of(made: Manifest) -> dict[str, str]:
    """Of the only container."""
    entries = container_of(made)["env"]
    found = {each["name"]: each["value"] for each in entries}
    assert len(found) == len(entries)
    return found


# Manifests


def test_a_manifest_is_the_same_each_time() -> None:
    """A Job sent twice would be two, or one that differs from what is in the cluster."""
    assert json.dumps(manifest()) == json.dumps(manifest())


def test_a_pod_is_as_restricted_as_namespaces_may_demand() -> None:
    """A namespace that enforces PodSecurity ``restricted`` would take no Job."""
    renderer = replace(RENDERER, service_account="renderer", pull_secrets=("registry",))
    pod = pod_of(manifest(renderer=renderer))

    container = container_of(manifest(renderer=renderer))
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys()
    assert [set(each) - {"name"} for each in pod["volumes"]] == [{"emptyDir"}]
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == "renderer"
    assert pod["imagePullSecrets"] == [{"name": "registry"}]


def test_what_a_program_writes_to_lies_on_its_volume() -> None:
    """Everything else is read-only: ffmpeg and fontconfig would find no place."""
    made = manifest(renderer=replace(RENDERER, scratch="7Gi"))

    (volume,), (mount,) = pod_of(made)["volumes"], container_of(made)["volumeMounts"]
    assert volume["name"] == mount["name"]
    assert volume["emptyDir"] == {"sizeLimit": "7Gi"}
    assert environment_of(made)["TMPDIR"] == environment_of(made)["HOME"] == mount["mountPath"]


@pytest.mark.parametrize(
    ("unit", "mounted"),
    [
        (units([1, 1], disclosure=SIGNED)[0], {"tls.crt", "tls.key"}),
        (units([1, 1], disclosure=SIGNED)[-1], {"tls.crt"}),
    ],
)
def test_who_signs_has_the_key_and_who_makes_parts_the_certificate(
    unit: WorkOrder, mounted: set[str]
) -> None:
    """Programs that decode strangers' files would lie beside the key, or an expired certificate show when all is encoded."""
    made = manifest(unit.model_copy(update={"signer": "ads", "secrets": manifests.SECRETS_FOLDER}))

    volume = next(each for each in pod_of(made)["volumes"] if "secret" in each)
    mount = next(each for each in container_of(made)["volumeMounts"] if each["name"] == volume["name"])
    told = WorkOrder.from_text(environment_of(made)["CLIPTASK_ORDER"])
    assert volume["secret"]["secretName"] == "ads"
    assert {each["key"] for each in volume["secret"]["items"]} == mounted
    assert {each["path"] for each in volume["secret"]["items"]} == {f"ads/{each}" for each in mounted}
    assert (told.secrets, told.signer, mount["readOnly"]) == (mount["mountPath"], "ads", True)


def test_a_job_of_another_signer_is_another() -> None:
    """Jobs that wait for a Secret that the task does not name any more would wait on."""
    plain, signed = (
        manifests.settings_of_jobs(TASK, Execution(), RENDERER, signer) for signer in ("", "ads")
    )

    assert plain != signed
    assert manifest()["metadata"]["annotations"][manifests.SETTINGS] == plain
    assert all("secret" not in each for each in pod_of(manifest())["volumes"])


def test_the_api_takes_its_failure_policy() -> None:
    """Exit codes that are unsorted, repeated or 0, or pods that restart, and the API refuses every Job."""
    spec = manifest()["spec"]

    ignored, final = spec["podFailurePolicy"]["rules"]
    codes = final["onExitCodes"]["values"]
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["podReplacementPolicy"] == "Failed"
    assert codes == sorted(set(codes))
    assert 65 in codes
    assert not {0, 1, 75, 137} & set(codes)
    assert final["onExitCodes"]["containerName"] == container_of(manifest())["name"]
    assert ignored == {
        "action": "Ignore",
        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
    }


def test_a_job_is_run_as_its_task_says() -> None:
    """A task's patience would be somebody else's."""
    execution = Execution(backoff_limit=7, active_deadline_seconds=33, ttl_seconds_after_finished=0)

    spec = manifest(execution=execution)["spec"]

    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (
        7,
        33,
        0,
    )


def test_a_job_belongs_to_its_task() -> None:
    """Deleted tasks would leave their Jobs behind, and Jobs would not be found."""
    made = manifest()

    assert made["metadata"]["namespace"] == "ads"
    assert made["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "cliptask.dev/v1alpha1", "kind": "ClipTask", "name": "spring-sale", "uid": TASK.uid,
            "controller": True, "blockOwnerDeletion": False,
        }
    ]  # fmt: skip
    assert job_status.owner_uid(made) == TASK.uid
    pod_labels = made["spec"]["template"]["metadata"]["labels"]
    assert made["metadata"]["labels"] | pod_labels == made["metadata"]["labels"]
    assert pod_labels == {manifests.TASK_LABEL: "spring-sale", manifests.STEP_LABEL: "variant"}


def test_of_the_tasks_labels_only_those_of_queues_come_along() -> None:
    """Argo CD prunes what bears its labels but is in no repository; Kueue queues what bears its own."""
    queued, plain = manifest(), manifest(ref=replace(TASK, labels={}))

    added = queued["metadata"]["labels"].items() - plain["metadata"]["labels"].items()
    assert dict(added) == {manifests.QUEUE_LABEL: "team-a", manifests.PRIORITY_LABEL: "low"}
    assert not [label for label in plain["metadata"]["labels"] if not label.startswith("cliptask.dev/")]
    assert "suspend" not in queued["spec"]


def test_argo_cd_is_told_that_most_updates_do_not_matter() -> None:
    """A thousand Jobs would make it look at their application at each of their steps."""
    job = manifest()

    for each in (job, job["spec"]["template"]):
        assert each["metadata"]["annotations"]["argocd.argoproj.io/ignore-resource-updates"] == "true"


def test_a_queue_of_the_installation_is_for_tasks_that_name_none() -> None:
    """Jobs of a task that nobody labelled would pass by the quota."""
    renderer = replace(RENDERER, queue="default")

    def queue(ref: TaskRef) -> str:
        return str(manifest(ref=ref, renderer=renderer)["metadata"]["labels"][manifests.QUEUE_LABEL])

    assert queue(replace(TASK, labels={})) == "default"
    assert queue(TASK) == "team-a"


def test_pods_go_where_the_installation_sends_them() -> None:
    """Renderers would run on nodes that are dearer, or wait for ones that refuse them."""
    spot = {"key": "spot", "operator": "Exists"}
    renderer = replace(RENDERER, node_selector={"pool": "spot"}, tolerations=(spot,), priority_class="low")

    there, anywhere = pod_of(manifest(renderer=renderer)), pod_of(manifest())

    assert {name: there[name] for name in there.keys() - anywhere.keys()} == {
        "nodeSelector": {"pool": "spot"},
        "tolerations": [spot],
        "priorityClassName": "low",
    }


def test_a_clouds_identity_finds_its_label_and_replaces_none_of_ours() -> None:
    """Azure would give a pod no identity, or a Job's pods could not be found."""
    labels = {"azure.workload.identity/use": "true", "cliptask.dev/task": "another"}
    made = manifest(renderer=replace(RENDERER, pod_labels=labels))

    found = made["spec"]["template"]["metadata"]["labels"]

    assert found == {
        **manifest()["spec"]["template"]["metadata"]["labels"],
        "azure.workload.identity/use": "true",
    }


def test_a_key_file_is_found_where_the_environment_says() -> None:
    """Without an identity of its own, a pod would reach no bucket."""
    made = manifest(renderer=replace(RENDERER, credentials_secret="gcs"))  # noqa: S106  a Secret's name

    volumes = {each["name"]: each for each in pod_of(made)["volumes"]}
    mounted = {each["mountPath"]: volumes[each["name"]] for each in container_of(made)["volumeMounts"]}
    for name, key in {
        "GOOGLE_APPLICATION_CREDENTIALS": "key.json",
        "AWS_SHARED_CREDENTIALS_FILE": "aws-credentials",
        "CLIPTASK_AZURE_CONNECTION_STRING_FILE": "azure-connection-string",
    }.items():
        folder, _, file = environment_of(made)[name].rpartition("/")
        assert mounted[folder]["secret"] == {"secretName": "gcs"}
        assert file == key


def test_the_work_order_reaches_the_container_whole() -> None:
    """A renderer would make something else than was planned."""
    for unit in units([2, 1]):
        order = WorkOrder.from_text(environment_of(manifest(unit))["CLIPTASK_ORDER"])

        assert (order.cache, order.output, order.task) == (BLANK.cache, BLANK.output, TASK.name)
        assert (order.segments, order.variants) == (unit.segments, unit.variants)


def test_an_installations_environment_replaces_none_of_a_jobs_own() -> None:
    """A proxy's address is welcome, another work order is not."""
    environment = {"HTTPS_PROXY": "http://proxy:3128", "CLIPTASK_ORDER": "{}", "TMPDIR": "/tmp"}  # noqa: S108  that it is not used is the point

    found = environment_of(manifest(renderer=replace(RENDERER, environment=environment)))

    assert found["HTTPS_PROXY"] == "http://proxy:3128"
    assert found["CLIPTASK_ORDER"] != "{}"
    assert found["TMPDIR"] != environment["TMPDIR"]


def test_people_see_what_a_job_makes() -> None:
    """``kubectl describe`` would show digests alone."""
    annotations = manifest()["metadata"]["annotations"]

    assert annotations["cliptask.dev/makes"] == UNIT.variants[0].name
    many = BLANK.model_copy(update={"variants": UNIT.variants * 20})
    assert len(manifest(many)["metadata"]["annotations"]["cliptask.dev/makes"]) <= 1000


# Names


def test_names_are_fit_for_jobs_and_their_pods() -> None:
    """The API refuses longer ones, and a pod adds six characters to its Job's."""
    for unit in units([2, 2], transitions=[{"duration": "500ms"}]):
        name = manifests.job_name(unit, replace(TASK, name=LONGEST_NAME))

        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
        assert len(name) <= 63 - len("-abcde")
        assert name == manifest(unit, replace(TASK, name=LONGEST_NAME))["metadata"]["name"]


def test_another_work_or_another_task_has_another_name() -> None:
    """A Job of a deleted task would be taken for the new one's, or one work for another."""
    every = [*units([3, 2], transitions=[{"duration": "500ms"}]), *units([3, 1])]
    distinct = {unit.key: unit for unit in every}.values()

    names = {manifests.job_name(unit, TASK) for unit in distinct}

    assert len(names) == len(distinct)
    assert not names & {manifests.job_name(unit, replace(TASK, uid="another")) for unit in distinct}


def test_the_same_work_has_the_same_name_whatever_the_task_says_of_its_jobs() -> None:
    """An edit of parallelism or of the text of an annotation would throw away what runs."""
    patient = manifest(execution=Execution(parallelism=7, backoff_limit=9))
    relabelled = manifest(ref=replace(TASK, labels={}))

    assert patient["metadata"]["name"] == relabelled["metadata"]["name"] == manifest()["metadata"]["name"]


@pytest.mark.parametrize(
    ("execution", "renderer"),
    [
        (Execution(), replace(RENDERER, image="renderer:2")),
        (Execution(), replace(RENDERER, pull_secrets=("registry",))),
        (Execution(), replace(RENDERER, credentials_secret="gcs")),  # noqa: S106  a Secret's name
        (Execution(), replace(RENDERER, node_selector={"pool": "spot"})),
        (Execution(resources=Resources(limits=Amounts(cpu="1"))), RENDERER),
        (Execution(active_deadline_seconds=77), RENDERER),
    ],
)
def test_other_settings_are_known_by_their_digest(execution: Execution, renderer: RendererSettings) -> None:
    """A Job that cannot start would stay as it is, though its cause was mended."""
    other = manifest(execution=execution, renderer=renderer)

    assert job_status.facts(other).settings == manifests.settings_of_jobs(TASK, execution, renderer)
    assert job_status.facts(other).settings != job_status.facts(manifest()).settings


def test_other_work_or_another_attempt_is_no_other_setting() -> None:
    """Every edit would have all waiting Jobs made anew."""
    later = manifests.job(units([1, 2])[1], TASK, Execution(parallelism=3), "4/", RENDERER)

    assert job_status.facts(later).settings == job_status.facts(manifest()).settings


def test_a_video_under_another_name_is_another_work() -> None:
    """A clip's new label gives videos new names: a Job that makes the old ones would be taken for theirs."""
    (variant,) = UNIT.variants
    renamed = BLANK.model_copy(update={"variants": (variant.model_copy(update={"name": "other-1234abcd"}),)})

    assert manifests.job_name(renamed, TASK) != manifests.job_name(UNIT, TASK)


def test_ten_thousand_names_are_distinct() -> None:
    """Of two Jobs with one name only one is made: with 8 digits that is 1 campaign of this size in 86."""
    digits = len(manifests.job_name(UNIT, TASK).rpartition("-")[2])

    variants = 10_000
    expected_collisions = variants * (variants - 1) / 2 / 16**digits

    assert expected_collisions < 1e-5


# Resources

cpus = st.sampled_from(["1m", "250m", "1", "1.5", "2", "1k"])
memories = st.sampled_from(["16Mi", "1000M", "1Gi", "1.5Gi", "2G", "4Gi"])
amounts = st.builds(Amounts, cpu=st.none() | cpus, memory=st.none() | memories)
defaults = st.builds(Amounts, cpu=cpus, memory=memories)


@st.composite
def wishes(draw: st.DrawFn) -> Resources:
    """What a task may wish: within one wish, requests are within limits."""
    requests, limits = draw(amounts), draw(amounts)
    for kind in ("cpu", "memory"):
        request, limit = getattr(requests, kind), getattr(limits, kind)
        if request and limit and amount(request) > amount(limit):
            requests = requests.model_copy(update={kind: limit})
    return Resources(requests=requests, limits=limits)


@given(wishes(), defaults, defaults)
def test_no_default_contradicts_a_wish(wish: Resources, requests: Amounts, limits: Amounts) -> None:
    """The API refuses a Job that requests more than its limit, and a wish that is not heard is a bug."""
    renderer = replace(RENDERER, requests=requests, limits=limits)

    found = manifests.resources(Execution(resources=wish), renderer)

    for kind in ("cpu", "memory"):
        assert amount(found["requests"][kind]) <= amount(found["limits"][kind])
        for which, wished in (("requests", wish.requests), ("limits", wish.limits)):
            assert getattr(wished, kind) in {None, found[which][kind]}
    if wish == Resources() and all(
        amount(getattr(requests, kind)) <= amount(getattr(limits, kind)) for kind in ("cpu", "memory")
    ):
        assert found == {"requests": requests.model_dump(), "limits": limits.model_dump()}


MB = 1_000_000


def memory(takes: Takes, most: str = "", **wish: Amounts) -> tuple[str, str]:
    """Request and limit of a Job where the installation gives 1Gi and 2Gi."""
    renderer = replace(
        RENDERER,
        requests=Amounts(cpu="1", memory="1Gi"),
        limits=Amounts(cpu="2", memory="2Gi"),
        most_memory=most,
    )
    found = manifests.resources(Execution(resources=Resources(**wish)), renderer, takes)
    return found["requests"]["memory"], found["limits"]["memory"]


@pytest.mark.parametrize(
    ("takes", "most", "request_and_limit"),
    [
        (UNKNOWN, "", ("1Gi", "2Gi")),
        (
            Takes(200 * MB),
            "",
            ("239Mi", "2Gi"),
        ),  # a quarter more than it took; it may use what the installation gives
        (Takes(10 * MB), "", ("128Mi", "2Gi")),
        (Takes(3000 * MB), "", ("3577Mi", "3577Mi")),
        (Takes(3000 * MB), "3Gi", ("3Gi", "3Gi")),
        (Takes(2 << 30, memory_limit="3Gi"), "", ("2560Mi", "3Gi")),  # it ran out of 2Gi
    ],
)
def test_what_such_jobs_took_is_set_aside_for_them(
    takes: Takes, most: str, request_and_limit: tuple[str, str]
) -> None:
    """A node would hold half of the Jobs that it has room for, or end those that it has no room for."""
    assert memory(takes, most) == request_and_limit


@pytest.mark.parametrize(
    ("takes", "requests"),
    [
        (Takes(encodes=False), ("100m", "256Mi")),
        (Takes(90 * MB, encodes=False), ("100m", "128Mi")),
        (Takes(500 * MB, encodes=False), ("100m", "597Mi")),
        (Takes(), ("1", "1Gi")),
    ],
)
def test_what_encodes_nothing_finds_room_beside_what_does(takes: Takes, requests: tuple[str, str]) -> None:
    """Each join would wait until an encode's place is free, though it is over in a second."""
    renderer = replace(
        RENDERER, requests=Amounts(cpu="1", memory="1Gi"), limits=Amounts(cpu="2", memory="2Gi")
    )

    found = manifests.resources(Execution(), renderer, takes)

    assert (found["requests"]["cpu"], found["requests"]["memory"]) == requests
    assert found["limits"] == {"cpu": "2", "memory": "2Gi"}


def test_nobody_gets_more_than_the_installation_says_for_encoding_nothing() -> None:
    """A node that has room for a Job by the installation's numbers would have none."""
    small = Amounts(cpu="50m", memory="64Mi")
    renderer = replace(RENDERER, requests=small, limits=Amounts(cpu="2", memory="2Gi"))

    found = manifests.resources(Execution(), renderer, Takes(encodes=False))

    assert found["requests"] == small.model_dump()


@pytest.mark.parametrize("takes", [Takes(200 * MB), Takes(3000 * MB), Takes(1, memory_limit="9Gi")])
def test_a_wish_is_above_what_is_known(takes: Takes) -> None:
    """Whoever knows better could do nothing about it."""
    own = Amounts(memory="512Mi")

    assert memory(takes, requests=own, limits=own) == ("512Mi", "512Mi")


@given(
    wishes(), defaults, defaults, st.integers(0, 10**12), st.booleans(), st.sampled_from(["", "1Gi", "4Gi"])
)
def test_what_is_known_contradicts_no_wish(
    wish: Resources, requests: Amounts, limits: Amounts, memory_bytes: int, encodes: bool, most: str
) -> None:
    """The API refuses a Job that requests more than its limit."""
    renderer = replace(RENDERER, requests=requests, limits=limits, most_memory=most)

    found = manifests.resources(Execution(resources=wish), renderer, Takes(memory_bytes, encodes=encodes))

    for kind in ("cpu", "memory"):
        assert amount(found["requests"][kind]) <= amount(found["limits"][kind])
        for which, wished in (("requests", wish.requests), ("limits", wish.limits)):
            assert getattr(wished, kind) in {None, found[which][kind]}


@pytest.mark.parametrize(
    ("limit", "most", "more"),
    [
        ("2Gi", "", "3Gi"),
        ("1Gi", "", "1536Mi"),
        ("2Gi", "2500Mi", "2500Mi"),
        ("2Gi", "2Gi", ""),
        ("2Gi", "1Gi", ""),
        ("16M", "", "23Mi"),
    ],
)
def test_who_ran_out_of_memory_gets_half_as_much_again(limit: str, most: str, more: str) -> None:
    """It would run out again, or take more than the installation gives."""
    assert manifests.more_memory(limit, most) == more


@pytest.mark.parametrize(("seconds", "deadline_s"), [(None, 900), (10.0, 900), (1000.0, 3000)])
def test_a_job_has_the_time_that_it_is_expected_to_take(seconds: float | None, deadline_s: int) -> None:
    """Of many videos in one Job the last would never be made."""
    made = manifests.job(UNIT, TASK, Execution(), "1/", RENDERER, takes=Takes(seconds=seconds))

    assert made["spec"]["activeDeadlineSeconds"] == deadline_s
    assert job_status.facts(made).deadline_s == deadline_s


def test_what_is_known_of_a_job_is_no_other_setting() -> None:
    """Jobs that wait would be made anew with every video."""
    made = manifests.job(UNIT, TASK, Execution(), "1/", RENDERER, takes=Takes(3000 * MB, 9000))

    assert job_status.facts(made).settings == job_status.facts(manifest()).settings


def test_a_second_try_is_told_as_one() -> None:
    """The next operator would try a third time."""
    second = manifests.job(UNIT, TASK, Execution(), "1/", RENDERER, takes=Takes(2 << 30, memory_limit="3Gi"))

    assert (job_status.facts(second).is_second_try, job_status.facts(second).memory_limit) == (True, "3Gi")
    assert not job_status.facts(manifest()).is_second_try


# Facts


def condition(kind: str, status: str = "True", reason: str = "", message: str = "") -> dict[str, str]:
    """As the Job controller writes it."""
    return {
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastProbeTime": "2025-01-01T00:00:00Z", "lastTransitionTime": "2025-01-01T00:00:00Z",
    }  # fmt: skip


def body(*conditions: Mapping[str, str], **status: object) -> Manifest:
    """A Job as the API gives it."""
    made = manifest()
    return {**made, "status": {"conditions": [*conditions], **status} if conditions or status else {}}


FAIL_JOB = "Container renderer for pod ads/spring-sale-1-abcde failed with exit code 65 matching FailJob rule at index 1"


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (body(), "active"),
        ({**manifest()}, "active"),
        (body(active=1, ready=1, startTime="2025-01-01T00:00:00Z"), "active"),
        (body(condition("Suspended", reason="JobSuspended")), "active"),
        (body(condition("Suspended", "False", "JobResumed"), active=1), "active"),
        (body(condition("FailureTarget", reason="PodFailurePolicy", message=FAIL_JOB), failed=1), "active"),
        (body(condition("FailureTarget", reason="DeadlineExceeded"), active=1), "active"),
        (body(condition("SuccessCriteriaMet", reason="CompletionsReached"), succeeded=1), "active"),
        (body(condition("Complete", "False"), condition("Failed", "False")), "active"),
        (body(condition("SuccessCriteriaMet"), condition("Complete"), succeeded=1), "succeeded"),
        (body(condition("Suspended", "False"), condition("Complete"), succeeded=1, failed=1), "succeeded"),
        (body(condition("FailureTarget"), condition("Failed"), failed=1), "failed"),
    ],
)
def test_a_job_has_ended_when_it_says_so(found: Manifest, state: str) -> None:
    """A Job whose pods are still ending would be judged before its last words are known."""
    assert job_status.facts(found).state == state


def test_a_job_that_somebody_holds_back_is_known() -> None:
    """Nobody would see that a campaign waits for its queue's quota, and not for a node."""
    held, plain = body(), body()
    held["spec"] = held["spec"] | {"suspend": True}
    plain["spec"] = plain["spec"] | {"suspend": False}

    assert (job_status.facts(held).suspended, job_status.facts(held).state) == (True, "active")
    assert not job_status.facts(plain).suspended


def test_a_failed_job_says_why() -> None:
    """People would have to ask the cluster."""
    failed = job_status.facts(
        body(
            condition("FailureTarget", reason="PodFailurePolicy", message=FAIL_JOB),
            condition("Failed", reason="PodFailurePolicy", message=FAIL_JOB),
        )
    )

    assert replace(failed, settings="", deadline_s=None, memory_limit="") == JobFacts(
        manifest()["metadata"]["name"],
        "failed",
        "3/again",
        "PodFailurePolicy",
        FAIL_JOB,
        namespace="ads",
        videos=1,
    )


@pytest.mark.parametrize("status", [{"succeeded": 1}, {"uncountedTerminatedPods": {"succeeded": ["pod"]}}])
def test_a_job_whose_pod_is_being_counted_has_made_everything(status: dict[str, Any]) -> None:
    """It would be waited for until all that the API notes of it is noted."""
    counted, failed = body(), body()
    counted["status"] |= status
    failed["status"] |= {"uncountedTerminatedPods": {"failed": ["pod"]}}

    assert (job_status.facts(counted).state, job_status.facts(counted).made) == ("active", True)
    assert not job_status.facts(failed).made
    assert not job_status.facts({**counted, **body(condition("Complete"))}).made


def test_a_job_tells_how_long_it_took_and_how_much_it_made() -> None:
    """Nothing would be known of what a pod's start costs."""
    done = body(condition("Complete"))
    done["status"] |= {"startTime": "2026-01-01T00:00:59Z", "completionTime": "2026-01-01T00:01:07Z"}

    assert (job_status.facts(done).took_s, job_status.facts(done).videos) == (8.0, 1)
    assert job_status.facts(body(condition("Complete"))).took_s is None


def test_a_job_tells_how_others_are_packed() -> None:
    """The next operator would pack what is left in another way, and end what runs."""
    alone, packed = manifest(), manifest(packed=7)

    assert job_status.facts({**alone, "status": {}}).packed == 0
    assert job_status.facts({**packed, "status": {}}).packed == 7
    assert alone["metadata"]["name"] == packed["metadata"]["name"]


def test_a_job_that_goes_is_not_counted_on() -> None:
    """With finalizers a deleted Job is seen for a while."""
    leaving = body(condition("Complete"))
    leaving["metadata"] = leaving["metadata"] | {"deletionTimestamp": "2025-01-01T00:00:00Z"}

    assert job_status.facts(leaving).deleting


def test_a_job_that_somebody_else_made_has_no_task_and_no_attempt() -> None:
    """The operator would stop at a Job that only bears its label."""
    stranger = {"metadata": {"name": "x", "annotations": None, "ownerReferences": None}, "status": None}
    of_cron = {"metadata": {"name": "x", "ownerReferences": [{"kind": "CronJob", "uid": "u"}]}}

    assert job_status.owner_uid(stranger) is None
    assert job_status.owner_uid(of_cron) is None
    assert job_status.facts(stranger) == JobFacts("x", "active")


# Verdicts


def pod(
    code: int, message: str | None = None, reason: str = "Error", at: str = "2025-01-01T00:00:01Z"
) -> Manifest:
    """A pod that has ended."""
    terminated: dict[str, object] = {"exitCode": code, "reason": reason, "finishedAt": at}
    if message is not None:
        terminated["message"] = message
    return {
        "metadata": {"name": "p"},
        "status": {
            "phase": "Failed",
            "containerStatuses": [
                {"name": "sidecar", "state": {"terminated": {"exitCode": 3, "message": "not me"}}},
                {"name": manifests.CONTAINER, "state": {"terminated": terminated}},
            ],
        },
    }


def verdict(*pods: Manifest, reason: str = "PodFailurePolicy", message: str = FAIL_JOB) -> JobFailure:
    """Why a Job failed whose pods ended so."""
    return job_status.failure_of(
        JobFacts("j", "failed", "1/", reason, message), pods, Execution(active_deadline_seconds=33)
    )


REPORT = json.dumps({"reason": "CheckFailed", "message": "video v: 24 frames instead of 25"})


def test_a_report_is_taken_at_its_word() -> None:
    """The person would read of exit codes instead of a file."""
    assert verdict(pod(65, REPORT)) == JobFailure("CheckFailed", "video v: 24 frames instead of 25")


def test_the_last_of_several_attempts_counts() -> None:
    """A failure that has passed would be shown for the one that has not."""
    first = pod(75, '{"reason": "Unavailable", "message": "the bucket does not answer"}')
    last = pod(65, REPORT, at="2025-01-01T00:00:09Z")
    assert verdict(first, last).reason == verdict(last, first).reason == "CheckFailed"


def test_attempts_in_vain_end_with_the_last_ones_words() -> None:
    """``BackoffLimitExceeded`` names no cause."""
    words = '{"reason": "Unavailable", "message": "the bucket does not answer"}'

    found = verdict(
        pod(75, words), reason="BackoffLimitExceeded", message="Job has reached the specified backoff limit"
    )

    assert found == JobFailure("Unavailable", "the bucket does not answer")


def test_of_several_videos_each_has_its_own_reason() -> None:
    """One bad video would lend its words to the others."""
    said = json.dumps({"reason": "CheckFailed", "message": "first", "failed": {"a": "first", "b": "second"}})

    assert verdict(pod(70, said)).failed == {"a": "first", "b": "second"}


@pytest.mark.parametrize("code", [137, 70, 1])
def test_memory_is_named_where_it_ran_out(code: int) -> None:
    """The kernel may kill the encoder alone, and the renderer then tells of a broken encode."""
    found = verdict(pod(code, "ffmpeg: killed", reason="OOMKilled"), reason="BackoffLimitExceeded")

    assert found.reason == "OutOfMemory"
    assert "spec.execution.resources.limits.memory" in found.message


def test_a_kill_without_a_word_is_the_memorys() -> None:
    """The runtime may be late with the reason; "exit code 137" would tell nobody what to raise."""
    assert verdict(pod(137), reason="BackoffLimitExceeded").reason == "OutOfMemory"
    assert verdict(pod(137, "the bucket is away"), reason="BackoffLimitExceeded").reason == "RendererFailed"


EVICTIONS = [
    'Usage of EmptyDir volume "work" exceeds the limit "2Gi". ',
    'Container renderer exceeded its local ephemeral storage limit "2Gi". ',
    "Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. ",
]


@pytest.mark.parametrize("words", EVICTIONS)
def test_a_pod_that_wrote_too_much_is_told_from_one_that_took_too_much_memory(words: str) -> None:
    """Its container is killed as for memory, and somebody would raise the memory in vain."""
    evicted = pod(137)
    evicted["status"] |= {"reason": "Evicted", "message": words}

    found = verdict(evicted, reason="BackoffLimitExceeded")

    assert found.reason == "ScratchFull"
    assert "CLIPTASK_RENDERER_SCRATCH" in found.message


def test_a_node_that_lacks_room_is_not_the_pods_fault() -> None:
    """The installation would be said to give too little, where another node would have done."""
    evicted = pod(137, "the bucket is away")
    evicted["status"] |= {"reason": "Evicted", "message": "The node was low on resource: ephemeral-storage. "}

    assert verdict(evicted, reason="BackoffLimitExceeded").reason == "RendererFailed"


def test_a_deadline_says_how_long_it_was_and_what_to_do() -> None:
    """Its pod was killed and has no words of its own."""
    found = verdict(pod(137, ""), reason="DeadlineExceeded", message="Job was active longer than deadline")

    assert found.reason == "DeadlineExceeded"
    assert "33 s" in found.message
    assert "spec.execution.activeDeadlineSeconds" in found.message


@pytest.mark.parametrize(
    "said",
    [
        "Traceback (most recent call last):\nKeyError: 'x'",
        REPORT[:40],
        "[]",
        "5",
        "null",
        '"text"',
        "{}",
        '{"message": "without a reason"}',
        '{"reason": 5}',
        '{"reason": null, "message": "x"}',
        '{"reason": "X", "message": null}',
        '{"reason": "X", "failed": ["a"]}',
        '{"reason": "X", "failed": {"a": null}}',
        '{"reason": "", "message": "x"}',
        json.dumps({"reason": "x" * 100, "message": "longer than a reason may be"}),
        '{"reason": "two words"}',
        "[" * 100_000,
    ],
)
def test_garbage_is_shown_as_what_it_is(said: str) -> None:
    """A message of another program would end the operator's work on the task."""
    found = verdict(pod(1, said), reason="BackoffLimitExceeded")

    assert found.reason == "RendererFailed"
    assert found.message.startswith("exit code 1: ")
    assert found.message.endswith(said[-100:])
    assert len(found.message) < 700
    assert found.failed == {}


@pytest.mark.parametrize(
    "pods",
    [
        [],
        [{"metadata": {"name": "p"}}],
        [{"metadata": {"name": "p"}, "status": {"containerStatuses": None}}],
        [
            {
                "metadata": {},
                "status": {"containerStatuses": [{"name": manifests.CONTAINER, "state": {"waiting": {}}}]},
            }
        ],
    ],
)
def test_without_last_words_the_jobs_own_message_is_shown(pods: list[Manifest]) -> None:
    """Pods may be gone with their node, or never have begun."""
    found = verdict(
        *pods, reason="BackoffLimitExceeded", message="Job has reached the specified backoff limit"
    )

    assert found.reason == "RendererFailed"
    assert "Job has reached the specified backoff limit" in found.message


def test_even_nothing_is_said_in_words() -> None:
    """An empty message helps nobody."""
    assert "nothing is known" in verdict(reason="", message="").message


def test_a_pod_without_its_last_words_shows_its_code() -> None:
    """There may be nothing but that."""
    assert verdict(pod(139), message="m").message == "exit code 139: m"


def test_a_verdict_becomes_an_error_of_the_index() -> None:
    """One verdict's reason would become every error's."""
    error = JobFailure("OutOfMemory", "it needed more").as_error()

    assert (error.reason, str(error)) == ("OutOfMemory", "it needed more")
    assert type(error).reason == "Internal"
