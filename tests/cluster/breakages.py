"""What makes each alert go off? A set-up that is really broken, by the alert's name.

Each is a generator without an end: its first step breaks something, further ones keep it broken for as long as the test
waits, and closing it mends what has to be mended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from itertools import repeat

from cluster import outcomes
from cluster.bed import Bed
from cluster.control_plane import ControlPlane
from cluster.prometheus import Prometheus
from support.gcs import FaultyProxy, Refuse
from support.receiver import Answer, ReceivingServer


@dataclass(frozen=True)
class Scene:
    """An operator at work, all that is around it, and Prometheus, which watches it."""

    bed: Bed
    plane: ControlPlane
    store: FaultyProxy
    """Between operator and bucket."""
    prometheus: Prometheus

    def wait_for(self, so: Callable[[], object], what: str) -> None:
        """Until something is so."""
        self.bed.wait_for(so, what, 120)


Breaking = Generator[None, None, None]
Breakage = Callable[[Scene], Breaking]


def killed(scene: Scene) -> Breaking:
    """The operator is no more."""
    scene.bed.stop(kill=True)
    yield from repeat(None)


def restarting(scene: Scene) -> Breaking:
    """It is killed whenever Prometheus has seen it."""
    while True:
        started = scene.prometheus.query("process_start_time_seconds")
        scene.bed.stop(kill=True)
        scene.bed.start()
        scene.wait_for(lambda: scene.prometheus.query("process_start_time_seconds") != started, "seen")  # noqa: B023  called at once
        yield


def starved(scene: Scene) -> Breaking:
    """It gets to run for a fifth of a second in every two and a half, as on a node without CPU."""
    assert scene.bed.operator
    while True:
        scene.bed.operator.freeze()
        try:
            time.sleep(2.3)  # it is the time that it stands still that is tried
        finally:
            scene.bed.operator.thaw()
        time.sleep(0.2)
        yield


def silent_api(scene: Scene) -> Breaking:
    """The API server takes requests and answers none, while campaigns run."""
    bed = scene.bed
    bed.renderers.judge = lambda _order, _pod: outcomes.hang()
    bed.apply(*(bed.task(f"camp{number}", [[number]]) for number in range(4)))
    scene.wait_for(lambda: len(bed.renderers.orders) == 4, "Jobs run")
    scene.plane.freeze_apiserver()
    try:
        yield from repeat(None)
    finally:
        scene.plane.thaw_apiserver()


def broken_store(fault: Refuse) -> Breakage:
    """The bucket does so to every request."""

    def broken(scene: Scene) -> Breaking:
        scene.store.keep_failing("", fault)
        scene.bed.apply(scene.bed.task("camp", [[0]]))
        try:
            yield from repeat(None)
        finally:
            scene.store.recover()

    return broken


def contradiction(scene: Scene) -> Breaking:
    """The bucket lists captions that it does not have, which no part of the operator expects."""
    scene.bed.apply(scene.bed.task("camp", [[0]], lines=1, captions={"mode": "sidecar"}))
    scene.bed.wait("camp")
    scene.store.keep_failing(".vtt", Refuse(404))
    scene.bed.kubectl("annotate", "clip", "camp", "cliptask.dev/retry=1")
    try:
        yield from repeat(None)
    finally:
        scene.store.recover()


def hanging(scene: Scene) -> Breaking:
    """Jobs run and never end."""
    scene.bed.renderers.judge = lambda _order, _pod: outcomes.hang()
    scene.bed.apply(scene.bed.task("camp", [[0, 1]]))
    yield from repeat(None)


def missing_sources(scene: Scene) -> Breaking:
    """Tasks name files that are not there."""
    clips = [{"url": f"{scene.bed.web.url}/missing{number}.mp4"} for number in range(2)]
    tasks = [scene.bed.task(f"camp{number}", []) for number in range(4)]
    for task in tasks:
        task["spec"]["videoBlocks"] = [{"name": "b", "clips": clips}]
    scene.bed.apply(*tasks)
    yield from repeat(None)


def out_of_memory(scene: Scene) -> Breaking:
    """Jobs need more memory than they have."""
    scene.bed.renderers.judge = lambda _order, _pod: outcomes.oom()
    scene.bed.apply(scene.bed.task("camp", [[0, 1, 2, 3]], execution={"backoffLimit": 0}))
    yield from repeat(None)


def revoked_key(scene: Scene) -> Breaking:
    """ElevenLabs knows the key no more."""
    scene.bed.account.key = "another"
    scene.bed.apply(scene.bed.task("camp", [[0]], lines=5))
    yield from repeat(None)


def slow_account(scene: Scene) -> Breaking:
    """One line at a time, and each takes long."""
    scene.bed.account.delay_s = 10
    scene.bed.apply(scene.bed.task("camp", [[0]], lines=9))
    yield from repeat(None)


def deaf_receivers(scene: Scene) -> Breaking:
    """Who is to be told of campaigns is gone for good."""
    with ReceivingServer() as receiver:
        url = receiver.script("/hook", Answer(410))
        scene.bed.apply(
            *(scene.bed.task(f"camp{each}", [[each]], notify=[{"url": url}]) for each in range(3))
        )
        yield from repeat(None)


BREAKAGES: Mapping[str, Breakage] = {
    "ClipTaskOperatorAbsent": killed,
    "ClipTaskOperatorRestarts": restarting,
    "ClipTaskOperatorSlow": starved,
    "ClipTaskKubernetesApiFails": silent_api,
    "ClipTaskMisconfigured": broken_store(Refuse(403)),
    "ClipTaskUnavailable": broken_store(Refuse(503)),
    "ClipTaskBug": contradiction,
    "ClipTaskStuck": hanging,
    "ClipTaskTasksFail": missing_sources,
    "ClipTaskJobsFail": out_of_memory,
    "ClipTaskFetchesFail": missing_sources,
    "ClipTaskSpeechFails": revoked_key,
    "ClipTaskSpeechWaits": slow_account,
    "ClipTaskNotificationsFail": deaf_receivers,
}
