"""What does the preview's server answer? The page, the task, any combination as a video, and events; to this page alone."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Body, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from cliptask.errors import ClipTaskError, MediaError
from cliptask_operator.preview.board import Sought
from cliptask_operator.preview.films import Film
from cliptask_operator.preview.page import page_html, policy
from cliptask_operator.preview.ranges import Unsatisfiable, requested
from cliptask_operator.preview.session import Session

_PRIVATE = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_OWN_SITES = {"same-origin", "none"}
"""What a browser says in ``Sec-Fetch-Site`` of the page itself, and of an address that somebody has typed."""


def preview_app(session: Session, prefix: str = "") -> FastAPI:
    """The application. ``prefix`` begins every path, e.g. ``/<token>``: whoever does not know it gets nothing."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, exception_handlers={ClipTaskError: _shown})
    routes = APIRouter(prefix=prefix, dependencies=[Depends(_of_this_page)])

    @app.get(f"{prefix}/", dependencies=[Depends(_by_address)])
    async def page() -> Response:
        return HTMLResponse(
            page_html(),
            headers={**_PRIVATE, "Content-Security-Policy": policy(), "Cache-Control": "no-store"},
        )

    @routes.get("/board")
    async def board() -> Response:
        return _json(session.board())

    @routes.get("/combination")
    async def combination(
        clip: Annotated[list[str], Query()],
        other: Annotated[tuple[str, ...], Query()] = (),
        track: str | None = None,
        line: str | None = None,
        form: str | None = None,
    ) -> Response:
        return _json(session.look_at(Sought(clip, track, line, other), form))

    @routes.get("/events")
    async def events() -> Response:
        return StreamingResponse(
            session.events(),
            media_type="text/event-stream",
            headers={**_PRIVATE, "Cache-Control": "no-store"},
        )

    @routes.post("/speak")
    async def speak(line: Annotated[int, Body(embed=True)]) -> Response:
        await session.pay(line)
        return _json({})

    @routes.api_route("/videos/{key}.mp4", methods=["GET", "HEAD"])
    async def video(key: str, request: Request) -> Response:
        return _video(_film(session, key), request)

    @routes.get("/captions/{key}.vtt")
    async def captions(key: str) -> Response:
        return Response(_film(session, key).captions or "WEBVTT\n", media_type="text/vtt", headers=_PRIVATE)

    app.include_router(routes)
    return app


def _film(session: Session, key: str) -> Film:
    film = session.films.get(key)
    if film is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such video any more: ask for its combination")
    return film


def _video(film: Film, request: Request) -> Response:
    """A range of it, or all."""
    etag = f'"{film.key}"'
    headers = {
        **_PRIVATE, "ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, max-age=31536000, immutable",
    }  # fmt: skip
    asked = request.headers
    if etag in [each.strip() for each in asked.get("if-none-match", "").split(",")]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    try:
        part = requested(asked.get("range"), film.size_bytes, etag, asked.get("if-range"))
    except Unsatisfiable:
        headers |= {"Content-Range": f"bytes */{film.size_bytes}"}
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    wanted = range(film.size_bytes) if part is None else part
    headers |= {"Content-Length": str(len(wanted)), "Content-Type": "video/mp4"}
    status = HTTPStatus.OK
    if part is not None:
        headers |= {"Content-Range": f"bytes {part.start}-{part.stop - 1}/{film.size_bytes}"}
        status = HTTPStatus.PARTIAL_CONTENT
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    try:
        reading = film.open(wanted)
    except MediaError as error:
        raise HTTPException(HTTPStatus.GONE, str(error)) from error
    return StreamingResponse(reading.pieces(), status, headers)


def _by_address(request: Request) -> None:
    """Refuse what is asked for under a name: a stranger's may lead here (DNS rebinding)."""
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        host = ""
    if not _is_address(host):
        raise HTTPException(HTTPStatus.FORBIDDEN, "open the address that cliptask preview has printed")


def _of_this_page(request: Request) -> None:
    """Refuse what another page has a browser ask for."""
    _by_address(request)
    if request.headers.get("sec-fetch-site", "none") not in _OWN_SITES:
        raise HTTPException(HTTPStatus.FORBIDDEN, "this is for the preview's own page")


def _is_address(host: str) -> bool:
    """Whether it is none that a stranger's name server could answer for."""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _json(content: dict[str, Any]) -> Response:
    return JSONResponse(content, headers={**_PRIVATE, "Cache-Control": "no-store"})


async def _shown(_request: Request, error: Exception) -> Response:
    return JSONResponse({"message": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY, headers=_PRIVATE)
