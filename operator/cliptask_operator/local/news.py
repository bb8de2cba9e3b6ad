"""Who is told of what was rendered here? The task's receivers, of its end, where the person asks for that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from cliptask.errors import ClipTaskError, SetupError
from cliptask.spec.notify import Receiver
from cliptask.spec.status import MOST_FAILURES, Failure, shortened
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.ending import ending
from cliptask_operator.campaign.pipeline import Outcome
from cliptask_operator.local.interruption import interruptible
from cliptask_operator.local.progress import ProgressReporter
from cliptask_operator.notify.courier import Courier, NotDelivered
from cliptask_operator.notify.event import Event, News, id_of
from cliptask_operator.notify.signing import SIGNING_KEY
from cliptask_operator.secret_file import read_secret
from cliptask_operator.settings.environment import Settings

_PATIENCE_S = 30.0
"""Somebody waits."""


def of_outcome(task: ClipTask, outcome: Outcome, uri: str) -> Event:
    """What is told of a campaign that was made, as far as it could be. Of the same videos it is the same event."""
    campaign, skips = outcome.campaign, outcome.campaign.skipped
    end = ending(campaign, outcome.failed, skips=task.spec.failure_policy.on_source_error == "Skip")
    failures = [
        *(("-".join([*each.clips, *filter(None, (each.track, each.line))]), each.error) for each in skips),
        *outcome.failed.items(),
    ]
    news = News(
        *(campaign.task, *end),
        variants=len(campaign.variants) + len(skips),
        succeeded=len(campaign.variants) - len(outcome.failed),
        failed=len(failures),
        failures=tuple(
            Failure(variant=shortened(name, 253), reason=error.reason, message=shortened(str(error)))
            for name, error in failures[:MOST_FAILURES]
        ),
        bytes=outcome.index.counts.size_bytes,
        index=f"{uri}/{PurePosixPath(campaign.task, 'index.json')}",
    )
    return _event(news, uri, *sorted(each.name for each in campaign.variants), *sorted(outcome.failed))


def of_error(task: ClipTask, error: ClipTaskError, uri: str) -> Event:
    """What is told of a campaign of which nothing was made."""
    news = News(task.metadata.name, "Failed", error.reason, shortened(str(error)))
    return _event(news, uri, news.message)


def _event(news: News, uri: str, *of: str) -> Event:
    folder = f"{uri}/{news.task}"
    return Event(id_of(folder, news.phase, news.reason, *of), folder, datetime.now(UTC), news)


def tell(task: ClipTask, event: Event, settings: Settings, progress: ProgressReporter) -> None:
    """Tell the receivers who want to hear of it; notes what could not be told, which is no failure of the campaign."""
    receivers = {at: each for at, each in enumerate(task.spec.notify) if event.news.phase in each.phases}
    with interruptible() as interruption:
        interruption.run(_tell(event, receivers, settings, progress))


async def _tell(
    event: Event, receivers: Mapping[int, Receiver], settings: Settings, progress: ProgressReporter
) -> None:
    async with Courier(settings.fetch, _PATIENCE_S) as courier:

        async def deliver(at: int, receiver: Receiver) -> None:
            try:
                await courier.deliver(event, receiver, partial(_secret, settings.secrets), lambda _: None)
            except NotDelivered as error:
                progress.note(f"spec.notify[{at}] was not told: {error}")

        await asyncio.gather(*(deliver(at, each) for at, each in receivers.items()))


async def _secret(folder: Path | None, name: str) -> Mapping[str, str]:
    """What stands for a Secret here: a folder of its name with a file for each key."""
    if folder is None:
        message = f"the Secret {name} is not known here: name a folder in CLIPTASK_SECRETS, and put {name}/{SIGNING_KEY} there"
        raise SetupError(message)
    files = [file for key in (SIGNING_KEY, "url") if (file := folder / name / key).exists()]
    return {file.name: await asyncio.to_thread(read_secret, file) for file in files}
