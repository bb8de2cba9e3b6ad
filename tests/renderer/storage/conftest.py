"""Which stores do tests here try? A folder, a bucket of an emulator, and what stands for a store in tests without a disk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from cliptask_renderer.storage.azure import AzureContainer
from cliptask_renderer.storage.base import Store
from cliptask_renderer.storage.bucket import Bucket
from cliptask_renderer.storage.open import open_store
from cliptask_renderer.storage.s3 import S3Bucket
from support.azure import AzureProxy, FakeAzure, connection_string
from support.azure import connected as azure_connected
from support.gcs import FakeGcs, FaultyProxy
from support.memory_store import MemoryStore
from support.s3 import KEY, FakeS3, S3Proxy, connected


@pytest.fixture
def bucket(gcs: FakeGcs) -> str:
    """A fresh bucket."""
    return gcs.bucket()


@pytest.fixture
def s3_proxy(s3: FakeS3) -> Iterator[S3Proxy]:
    """What stands before it, and fails when told to."""
    with S3Proxy(s3.port) as running:
        yield running


@pytest.fixture
def s3_bucket(s3: FakeS3, s3_proxy: S3Proxy) -> Iterator[Bucket]:
    """A fresh bucket by way of the proxy."""
    connection = connected(s3_proxy.url, 10)
    yield S3Bucket(connection, s3.bucket())
    connection.client.close()


@pytest.fixture
def azure_proxy(azure: FakeAzure) -> Iterator[AzureProxy]:
    """What stands before it, does what it cannot do, and fails when told to."""
    with AzureProxy(azure.port) as running:
        yield running


@pytest.fixture
def azure_container(azure: FakeAzure, azure_proxy: AzureProxy) -> Iterator[Bucket]:
    """A fresh container by way of the proxy."""
    connection = azure_connected(azure_proxy.url, 10)
    yield AzureContainer(connection, azure.container())
    connection.client.close()


@pytest.fixture(params=["folder", "bucket", "s3", "az", "memory"])
def make_store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Store]:
    """What opens one and the same empty store, again and again: every implementation passes the whole suite."""
    if request.param == "memory":  # what tests take for a store must be one
        memory = MemoryStore()
        return lambda: memory
    odd = "höher & 100% #1"
    uri = (tmp_path / odd).as_uri()
    if request.param == "bucket":
        gcs: FakeGcs = request.getfixturevalue("gcs")
        proxy: FaultyProxy = request.getfixturevalue("proxy")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        uri = f"gs://{gcs.bucket()}/{quote(odd)}"
    if request.param == "s3":
        s3: FakeS3 = request.getfixturevalue("s3")
        s3_proxy: S3Proxy = request.getfixturevalue("s3_proxy")
        for name, value in {**KEY, "CLIPTASK_S3_ENDPOINT": s3_proxy.url}.items():
            monkeypatch.setenv(name, value)
        uri = f"s3://{s3.bucket()}/{quote(odd)}"
    if request.param == "az":
        azure: FakeAzure = request.getfixturevalue("azure")
        azure_proxy: AzureProxy = request.getfixturevalue("azure_proxy")
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(azure_proxy.url))
        uri = f"az://{azure.container()}/{quote(odd)}"
    return lambda: open_store(uri)


@pytest.fixture
def store(make_store: Callable[[], Store]) -> Store:
    """An empty store."""
    return make_store()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """What starts a Python program, which ends with the test at the latest."""
    with ExitStack() as stack:

        def run(code: str, *arguments: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", code, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            return process

        yield run
