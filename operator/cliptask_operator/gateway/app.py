"""What does the older HTTP service's API answer here? Its three calls make and refresh the same; a fourth tells how far a task is."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi_offline import FastAPIOffline
from pydantic import Field
from starlette.exceptions import HTTPException as HttpError

import cliptask
from cliptask.convert import UUID_ANNOTATION, ProcessMedia, as_task, read_request
from cliptask.errors import ClipTaskError, InputError, MissingInput, TransientError
from cliptask.names import slug
from cliptask.spec.status import ClipTaskStatus, Failure, Phase, Reported, Timestamp
from cliptask.spec.task import GROUP
from cliptask.spec.values import NAME_PATTERN
from cliptask_operator.concurrency.rate_limiter import RateLimiter
from cliptask_operator.kubernetes.client import KubernetesClient
from cliptask_operator.kubernetes.cluster import AlreadyExists
from cliptask_operator.kubernetes.task_state import is_observed, status_of
from cliptask_operator.settings.gateway import GatewaySettings

API = "/api/v1"
REQUEST_ANNOTATION = f"{GROUP}/request"
"""SHA-256 of the request that a ClipTask was made from: whether another one of its ``uuid_`` asks for the same."""

_BODY_S = 30.0
"""The longest that a body may take to arrive."""
_RETRY_S = 5
_STATUS: Mapping[type[ClipTaskError], int] = {
    InputError: 422,
    MissingInput: 404,
    AlreadyExists: 409,
    TransientError: 503,
}
"""The others are the installation's to mend: 500."""

_BEARER = HTTPBearer(auto_error=False, description="The installation's token.")

RefreshVoices = Callable[[], Awaitable[int]]
"""Asks the account for its voices, and keeps them; returns how many there are."""

log = structlog.get_logger("cliptask.gateway")


class ErrorBody(Reported):
    """Why a request was not granted."""

    reason: str = Field(description="In one word, for programs.")
    message: str = Field(description="What happened, and what to do about it.")


class Accepted(Reported):
    """A request that was taken."""

    id: str = Field(description="The request's uuid_, or the one that it got.")
    namespace: str = Field(description="Of the ClipTask.")
    task: str = Field(description="The ClipTask's name.")


class Progress(Accepted):
    """How far a request is."""

    phase: Phase = Field(description="For people; kubectl clip status shows more.")
    message: str = Field(description="What happens, or what to do.")
    variants: int = Field(description="Videos that the request asks for; 0 until they are counted.")
    succeeded: int = Field(description="Videos that are in the bucket.")
    failed: int = Field(description="Videos that could not be made.")
    failures: tuple[Failure, ...] = Field(description="The first of these.")
    index: str = Field(description="Where index.json is, which names every video; empty until the end.")
    start_time: Timestamp | None = Field(description="When work on it began.")
    completion_time: Timestamp | None = Field(description="When it ended.")


class Refreshed(Reported):
    """The account's voices were asked for anew."""

    voices: int = Field(description="How many there are.")


def gateway(settings: GatewaySettings, cluster: KubernetesClient, refresh_voices: RefreshVoices) -> FastAPI:
    """The application. Whoever has the token may create ClipTasks in one namespace, and see those so created."""
    app = FastAPIOffline(
        redoc_url=None,
        title="ClipTask gateway",
        version=cliptask.__version__,
        description="Takes requests of the older HTTP service, and makes them ClipTasks.",
        responses={code: {"model": ErrorBody} for code in (401, 429, 500, 503)},
        exception_handlers={ClipTaskError: _of_ours, HttpError: _of_http},
    )
    app.middleware("http")(_logged)
    guarded = [Depends(_has_token(settings)), Depends(_in_turn(settings))]
    namespace, output_uri = settings.gateway_namespace, settings.gateway_output_uri

    @app.get(f"{API}/")
    @app.get(API, include_in_schema=False)
    async def alive() -> Response:
        """Whether the gateway answers; the one call that needs no token."""
        return Response()

    @app.post(
        f"{API}/process_media",
        status_code=202,
        dependencies=guarded,
        responses={code: {"model": ErrorBody} for code in (409, 413, 422)},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": ProcessMedia.model_json_schema()}},
            }
        },
    )
    async def process_media(request: Request, response: Response) -> Accepted:
        """Make a campaign: every combination of the video blocks' clips, with the tracks and lines spread over them.

        The same request with the same `uuid_` may be sent again: it is taken once. Without a `uuid_` each is a new one.
        """
        wanted = read_request(await _body(request, settings.gateway_max_body_bytes))
        id_ = wanted.uuid_ or uuid.uuid4().hex
        accepted = Accepted(id=id_, namespace=namespace, task=task_name(id_))
        digest = hashlib.sha256(wanted.model_dump_json(exclude={"uuid_"}).encode()).hexdigest()
        task = as_task(wanted, output_uri, accepted.task)
        task["metadata"] |= {
            "namespace": namespace,
            "annotations": {UUID_ANNOTATION: id_, REQUEST_ANNOTATION: digest},
        }
        try:
            await cluster.create_task(task)
        except AlreadyExists:
            there = await cluster.task(namespace, accepted.task)
            if _annotation(there, REQUEST_ANNOTATION) != digest:
                message = f"uuid_: {id_!r} is that of another request: choose another, or none"
                raise AlreadyExists(message) from None
        response.headers["Location"] = f"{API}/tasks/{quote(id_)}"
        return accepted

    @app.get(
        f"{API}/tasks/{{id:path}}",
        dependencies=guarded,
        responses={code: {"model": ErrorBody} for code in (404, 422)},
    )
    async def progress(id_: Annotated[str, Path(alias="id")]) -> Progress:
        """How far a request is, by its `uuid_` or the id that it was given."""
        name = task_name(id_)
        body = await cluster.task(namespace, name)
        if _annotation(body, UUID_ANNOTATION) != id_:
            message = f"there is no request {id_!r}: ask by the id that process_media has answered"
            raise MissingInput(message)
        said = status_of(body) if is_observed(body) else ClipTaskStatus()
        shown = said.model_dump(include=set(Progress.model_fields))
        return Progress(id=id_, namespace=namespace, task=name, **shown)

    @app.put(f"{API}/update-voices", dependencies=guarded)
    async def update_voices() -> Refreshed:
        """Ask the account at ElevenLabs for its voices. Needed only where a name is to mean another voice: new names are looked up by themselves."""
        return Refreshed(voices=await refresh_voices())

    return app


def task_name(id_: str) -> str:
    """The ClipTask of a request: its ``uuid_``, if that can be a name; else what can be read of it, and digits."""
    if re.fullmatch(NAME_PATTERN, id_):
        return id_
    return f"{slug(id_, 27)}-{hashlib.sha256(id_.encode()).hexdigest()[:12]}"


def _annotation(body: Mapping[str, Any], name: str) -> str:
    return str((body["metadata"].get("annotations") or {}).get(name, ""))


def _has_token(settings: GatewaySettings) -> Callable[..., Awaitable[None]]:
    async def check(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
        given = credentials.credentials.encode() if credentials else b""
        if not hmac.compare_digest(given, settings.token().encode()):
            message = "this call needs the installation's token: Authorization: Bearer ..."
            raise HTTPException(401, message, {"WWW-Authenticate": "Bearer"})

    return check


def _in_turn(settings: GatewaySettings) -> Callable[[], Awaitable[None]]:
    per_minute = settings.gateway_requests_per_minute
    limiter = RateLimiter(per_minute / 60, burst=max(int(per_minute / 6), 1))

    async def check() -> None:
        if (wait_s := limiter.try_acquire()) > 0:
            message = f"more than {per_minute:g} requests a minute: come again in {wait_s:.1f} s"
            raise HTTPException(429, message, {"Retry-After": str(math.ceil(wait_s))})

    return check


async def _body(request: Request, most: int) -> bytes:
    content = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in request.stream():
                content += chunk
                if len(content) > most:
                    raise HTTPException(413, f"the request is larger than {most:,} bytes: make several of it")
    except TimeoutError:
        raise HTTPException(408, f"the request has not arrived within {_BODY_S:g} s: send it again") from None
    return bytes(content)


async def _logged(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    began = time.monotonic()
    response = await go_on(request)
    if request.url.path.removeprefix(API).strip("/"):  # not for probes, which come all the time
        log.info(
            "request",
            method=request.method,
            path=request.url.path,
            status=response.status_code,
            seconds=round(time.monotonic() - began, 3),
        )
    return response


async def _of_ours(_: Request, error: ClipTaskError) -> Response:
    code = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    headers = {"Retry-After": str(_RETRY_S)} if code == 503 else {}  # noqa: PLR2004  HTTP's own
    return _trouble(code, error.reason, str(error), headers)


async def _of_http(_: Request, error: HttpError) -> Response:
    reason = re.sub(r"\W", "", HTTPStatus(error.status_code).phrase)
    return _trouble(error.status_code, reason, str(error.detail), error.headers or {})


def _trouble(status: int, reason: str, message: str, headers: Mapping[str, str]) -> Response:
    content = ErrorBody(reason=reason, message=message).model_dump(by_alias=True)
    return JSONResponse(content, status, dict(headers))
