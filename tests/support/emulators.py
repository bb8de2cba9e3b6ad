"""Which emulators do tests of several rooms ask for? One of each for all tests of a process, and what stands before Google's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cliptask_renderer.storage.gcs_client import Connection, connect
from support.azure import FakeAzure
from support.gcs import FakeGcs, FaultyProxy
from support.s3 import FakeS3


@pytest.fixture(scope="session")
def gcs() -> Iterator[FakeGcs]:
    """Of Google's storage. In memory: on a disk it has no names as long as the real one's."""
    with FakeGcs() as running:
        yield running


@pytest.fixture
def proxy(gcs: FakeGcs) -> Iterator[FaultyProxy]:
    """What stands before it: refuses what the real one does, and fails when told to."""
    with FaultyProxy(gcs.port) as running:
        yield running


@pytest.fixture
def connection(proxy: FaultyProxy) -> Iterator[Connection]:
    """A client by way of the proxy."""
    opened = connect(proxy.url, deadline_s=10)
    yield opened
    opened.client.close()


@pytest.fixture(scope="session")
def s3() -> Iterator[FakeS3]:
    """Of S3's protocol."""
    with FakeS3() as running:
        yield running


@pytest.fixture(scope="session")
def azure() -> Iterator[FakeAzure]:
    """Of Azure's blob storage."""
    with FakeAzure() as running:
        yield running
