"""How does the operator run? Everything is opened, wired together, handed to kopf, and closed again."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import kopf
import structlog

from cliptask.errors import TransientError
from cliptask_operator.campaign.inputs import InputResolver
from cliptask_operator.campaign.pipeline import Pipeline
from cliptask_operator.campaign.stores import open_stores
from cliptask_operator.concurrency.fair_semaphore import FairSemaphore
from cliptask_operator.controller import handlers
from cliptask_operator.controller.artifact_leases import CacheLeases
from cliptask_operator.controller.context import Context, Timing
from cliptask_operator.controller.job_cache import JobCache
from cliptask_operator.controller.ledger import Ledger
from cliptask_operator.controller.loop_monitor import LoopMonitor
from cliptask_operator.controller.metrics import Metrics
from cliptask_operator.controller.notifier import Notifier
from cliptask_operator.controller.task_controller import TaskController
from cliptask_operator.kubernetes.client import KubernetesClient
from cliptask_operator.notify.courier import Courier
from cliptask_operator.settings import logs
from cliptask_operator.sources.fetcher import Fetcher
from cliptask_operator.speech.speaker import Speaker
from cliptask_operator.speech.transcriber import Transcriber

if TYPE_CHECKING:
    from cliptask_operator.settings.operator import OperatorSettings

_CREATIONS = 8
"""Jobs created side by side: fewer than requests, so that others get through."""
_THREADS = 16
"""For what waits on disks and buckets; none of it computes for long."""
_TOLD_S = 3600.0
"""How long a receiver that does not take an event is tried."""
_CRD_S = 1.0
"""Between looks for the resource."""

log = structlog.get_logger("cliptask.operator")


def operate(settings: OperatorSettings) -> None:
    """Serve the cluster until a signal ends it. Raises ``SetupError`` where it cannot begin."""
    logs.configure(settings.log_format)
    asyncio.run(_operate(settings))


async def _operate(settings: OperatorSettings) -> None:
    if not settings.speaking.names_account:
        log.warning(
            "no account at ElevenLabs: tasks with lines for it, or clips to transcribe, wait until there is one"
        )
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    registry, kopf_settings, metrics = kopf.OperatorRegistry(), kopf.OperatorSettings(), Metrics()
    handlers.configure(kopf_settings, settings.watch_silence_s)
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(KubernetesClient(metrics.requested))
        fetcher = await stack.enter_async_context(Fetcher(settings.fetch))
        speaker = await stack.enter_async_context(Speaker(settings.speaking, metrics.speech_waits.observe))
        courier = await stack.enter_async_context(Courier(settings.fetch, _TOLD_S))
        timing = Timing()
        notifier = Notifier(cluster, courier, metrics, handlers.post, timing.status_s)
        stack.push_async_callback(notifier.close)
        transcriber = await stack.enter_async_context(Transcriber(speaker.account))
        resolver = InputResolver(fetcher, speaker, transcriber, settings.max_transcribed_seconds)
        job_cache, monitor = JobCache(), LoopMonitor()
        ledger = Ledger(cluster, settings.budgets_config_map, settings.budget_of, metrics)
        stack.push_async_callback(ledger.close)
        controller = TaskController(
            Context(
                cluster=cluster,
                job_cache=job_cache,
                leases=CacheLeases(time.monotonic, job_cache.notify),
                pipeline=Pipeline(resolver, settings.max_variants),
                settings=settings,
                metrics=metrics,
                notifier=notifier,
                ledger=ledger,
                job_creation=FairSemaphore(_CREATIONS),
                open_stores=open_stores,
                clock=time.monotonic,
                timing=timing,
            ),
            handlers.announce,
        )
        stack.push_async_callback(controller.close)
        stack.push_async_callback(controller.let_go)
        handlers.register(registry, controller, lambda: _until_served(cluster))
        beating = asyncio.create_task(monitor.beat())
        stack.callback(beating.cancel)
        metrics.count(controller.count, job_cache.active, lambda: monitor.late_s)
        if settings.metrics_port:
            stack.callback(metrics.serve(settings.metrics_port, settings.listen_address))
        kopf_settings.scanning.disabled = bool(settings.watch_namespaces)
        await kopf.operator(
            registry=registry,
            settings=kopf_settings,
            standalone=True,
            # Else kopf asks for the user's name, which an arbitrary UID in a container has not.
            identity="cliptask",  # type: ignore[arg-type]  # a NewType that kopf does not export
            clusterwide=not settings.watch_namespaces,
            namespaces=settings.watch_namespaces,
            liveness_endpoint=_liveness(settings),
        )


def _liveness(settings: OperatorSettings) -> str | None:
    """Where kopf answers that the event loop still moves: a probe of one that stands still runs into its time-out."""
    if not settings.health_port:
        return None
    address = settings.listen_address
    return f"http://{f'[{address}]' if ':' in address else address}:{settings.health_port}/healthz"


async def _until_served(cluster: KubernetesClient) -> None:
    """Wait for the CRD."""
    said = False
    while True:
        try:
            if await cluster.serves_tasks():
                return
            if not said:
                log.warning(
                    "the cluster does not know ClipTasks yet: apply the CRD (crds/ or the chart's); waiting for it"
                )
                said = True
        except TransientError as error:
            log.warning("the cluster cannot be asked yet: waiting for it", error=str(error))
        await asyncio.sleep(_CRD_S)
