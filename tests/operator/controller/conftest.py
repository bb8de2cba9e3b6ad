"""What do tests of the controller begin with? A bed in virtual time, with an operator that runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
from structlog.testing import capture_logs

from support.controller_bed import ControllerBed
from support.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The controller's minutes pass at once; its neighbours' tests are of real time."""
    of_controller = item.path.name.startswith("test_controller_")
    return {"time": VirtualTimeLoop if of_controller else asyncio.new_event_loop}


@pytest.fixture
async def bed() -> AsyncIterator[ControllerBed]:
    """A running operator without a task. Once it is closed nothing of it goes on."""
    made = ControllerBed()
    with capture_logs() as made.log:
        made.start()
        yield made
        await made.rest(1)  # what was deleted just now ends by itself
        await made.stop()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left
