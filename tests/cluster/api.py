"""How do many requests reach the API server cheaply? ``kubernetes.aio`` with plain dictionaries instead of its models."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, Self
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from kubernetes.aio import client, config

Document = dict[str, Any]
"""A Kubernetes object as JSON has it."""

_REQUEST_S = 30
_WATCH_S = 300
_PAGE = "500"


class Refused(RuntimeError):
    """The API server answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class _Protocol(ResponseHandler):
    """Tells of each connection that is made, also of one that nobody waits for any more."""

    def __init__(self, loop: asyncio.AbstractEventLoop, made: WeakSet[_Protocol]) -> None:
        super().__init__(loop)
        self._made = made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._made.add(self)


class _Connector(aiohttp.TCPConnector):
    """Knows when its connections are closed, also those that were given up while they were made, or amid an answer.

    A TLS connection closes some rounds of the loop later, and aiohttp waits for those only that nobody gave up.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(ssl=tls)
        self._protocols: WeakSet[_Protocol] = WeakSet()
        make: Callable[..., ResponseHandler] = _Protocol
        self._factory = partial(make, self._loop, self._protocols)

    async def hang_up(self) -> None:
        """End every connection, and wait until it is closed."""
        closing = [closed for protocol in self._protocols if (closed := protocol.closed) is not None]
        for protocol in self._protocols:
            protocol.abort()
        await asyncio.gather(*closing, return_exceptions=True)


class Api:
    """Requests by path, e.g. ``/api/v1/pods``. ``async with Api(kubeconfig) as api``; aiohttp's errors pass through."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig
        self._client: Any = None

    async def __aenter__(self) -> Self:
        settings = client.Configuration()
        await config.load_kube_config(str(self._kubeconfig), client_configuration=settings)
        self._client = client.ApiClient(settings)
        self._connector = _Connector(self._client.rest_client.ssl_context)
        # Made with its first request, hence with this connector.
        settings.client_session_kwargs = {"connector": self._connector}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
        await self._connector.hang_up()
        await self._connector.close()

    async def get(self, path: str, **query: str) -> Document:
        """Read. Raises Refused."""
        return await self._answer("GET", path, query=query)

    async def create(self, path: str, document: Document) -> Document:
        """Create. Raises Refused, 409 if it is there already."""
        return await self._answer("POST", path, body=document)

    async def merge(self, path: str, change: Document) -> Document:
        """Change by a JSON merge patch. Raises Refused."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return await self._answer("PATCH", path, body=change, headers=headers)

    async def delete(self, path: str) -> Document:
        """Delete. Raises Refused."""
        return await self._answer("DELETE", path)

    async def list(self, path: str, **query: str) -> tuple[list[Document], str]:
        """All objects, page by page, and the version at which they stood. Raises Refused."""
        found: list[Document] = []
        page = await self.get(path, limit=_PAGE, **query)
        found += page["items"]
        while more := page["metadata"].get("continue"):
            page = await self.get(path, **query, limit=_PAGE, **{"continue": more})
            found += page["items"]
        return found, page["metadata"]["resourceVersion"]

    async def watch(self, path: str, version: str, **query: str) -> AsyncIterator[tuple[str, Document]]:
        """Changes since a version as (type, object), until the server ends it. Raises Refused, 410 if it has forgotten."""
        query |= {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(_WATCH_S)}
        answer = await self._request("GET", path, query=query, timeout_s=_WATCH_S + _REQUEST_S)
        async with answer.response as response:
            if answer.status >= 400:
                raise Refused(answer.status, await response.text())
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise Refused(event["object"].get("code", 0), event["object"].get("message", ""))
                yield event["type"], event["object"]

    async def _answer(self, method: str, path: str, **how: Any) -> Document:  # noqa: ANN401  passed on
        answer = await self._request(method, path, **how)
        text = await answer.read()
        if answer.status >= 400:
            raise Refused(answer.status, text.decode(errors="replace"))
        parsed: Document = json.loads(text)
        return parsed

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Document | None = None,
        headers: dict[str, str] | None = None,
        timeout_s: int = _REQUEST_S,
    ) -> Any:  # noqa: ANN401  the client ships no types
        request = await self._client.param_serialize(
            method, path, query_params=list((query or {}).items()), header_params=headers, body=body,
            auth_settings=["BearerToken"],
        )  # fmt: skip
        return await self._client.call_api(*request, _request_timeout=timeout_s)
