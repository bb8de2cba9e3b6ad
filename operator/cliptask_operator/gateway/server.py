"""How does the gateway run? Its connections are opened, the application served, and all closed again."""

from __future__ import annotations

import asyncio

import uvicorn

from cliptask_operator.campaign.stores import open_stores
from cliptask_operator.gateway.app import gateway
from cliptask_operator.kubernetes.client import KubernetesClient
from cliptask_operator.settings import logs
from cliptask_operator.settings.gateway import GatewaySettings
from cliptask_operator.speech.speaker import Speaker

_AT_ONCE = 100
"""Requests answered side by side; more get 503 at once."""


def serve(settings: GatewaySettings) -> None:
    """Serve until a signal ends it. Raises ``SetupError`` where it cannot begin."""
    logs.configure(settings.log_format)
    asyncio.run(_serve(settings))


async def _serve(settings: GatewaySettings) -> None:
    settings.token()
    open_stores(settings.gateway_output_uri, settings.cache_uri)
    async with KubernetesClient() as cluster, Speaker(settings.speaking) as speaker:

        async def refresh_voices() -> int:
            # Opened each time: with the credentials of now.
            stores = await asyncio.to_thread(open_stores, settings.gateway_output_uri, settings.cache_uri)
            return len(await speaker.voices(stores.cache))

        server = uvicorn.Server(
            uvicorn.Config(
                gateway(settings, cluster, refresh_voices),
                host=settings.listen_address,
                port=settings.gateway_port,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                limit_concurrency=_AT_ONCE,
                timeout_graceful_shutdown=20,
            )
        )
        await server.serve()
