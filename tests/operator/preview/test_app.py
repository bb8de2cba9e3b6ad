"""What the preview's server answers: any bytes of any combination, to its own page alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import httpx
import pytest

from cliptask.names import segment_object
from cliptask.orders import SOURCE_TYPES
from cliptask_operator.preview.app import preview_app
from cliptask_operator.preview.session import Session
from support.previewing import Made

FIRST = {"clip": ["clip0", "clip2"], "track": "track0", "line": "line0"}


@pytest.fixture
async def client(session: Session) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that has opened the printed address."""
    async with client_of(session) as opened:
        yield opened


def client_of(session: Session, prefix: str = "", host: str = "127.0.0.1:8000") -> httpx.AsyncClient:
    """What talks to a session's server."""
    transport = httpx.ASGITransport(preview_app(session, prefix))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}{prefix}/")


async def film(client: httpx.AsyncClient, **parts: Any) -> str:  # noqa: ANN401  labels
    """Where a combination is played."""
    answer = (await client.get("combination", params=FIRST | parts)).json()
    assert answer["film"], answer
    return f"videos/{answer['film']}.mp4"


async def test_every_video_is_what_render_has_written(made: Made, client: httpx.AsyncClient) -> None:
    """Byte for byte, under the same name: what somebody has looked at is what goes out."""
    for clips in product(["clip0", "clip1"], ["clip2", "clip3"]):
        answer = (await client.get("combination", params=FIRST | {"clip": list(clips)})).json()

        sent = await client.get(f"videos/{answer['film']}.mp4")

        assert (sent.status_code, sent.headers["content-type"]) == (200, "video/mp4")
        assert sent.content == (made.out / "camp" / f"{answer['name']}.mp4").read_bytes()
        assert SOURCE_TYPES.encode() in sent.content  # somebody speaks


async def test_any_range_is_that_slice_of_the_whole(client: httpx.AsyncClient) -> None:
    """A player seeks to anywhere; a byte too many or too few, and it stops. Edges of all parts are among these."""
    url = await film(client)
    whole = (await client.get(url)).content
    edges = [0, 1, *(found.start() - 4 for found in re.finditer(b"ftyp|mdat|moov", whole)), len(whole)]
    places = sorted({min(max(edge + by, 0), len(whole) - 1) for edge in edges for by in (-1, 0, 1)})

    for first in places:
        for last in (first, first + 1, first + 70_000, *places[-3:]):
            if last >= first:
                answer = await client.get(url, headers={"Range": f"bytes={first}-{last}"})
                end = min(last + 1, len(whole))

                assert answer.status_code == 206
                assert answer.content == whole[first : last + 1]
                assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{len(whole)}"
                assert answer.headers["content-length"] == str(end - first)


async def test_a_browser_that_has_it_asks_for_no_byte_again(client: httpx.AsyncClient) -> None:
    """Its name is its content."""
    url = await film(client)
    etag = (await client.head(url)).headers["etag"]

    assert (await client.get(url, headers={"If-None-Match": etag})).status_code == 304
    assert (await client.get(url, headers={"If-None-Match": '"other"'})).status_code == 200
    assert (await client.get(url, headers={"Range": "bytes=1-2", "If-Range": etag})).status_code == 206
    assert (await client.get(url, headers={"Range": "bytes=1-2", "If-Range": '"other"'})).status_code == 200


async def test_the_header_alone_says_how_long_it_is(client: httpx.AsyncClient) -> None:
    """Players ask so before they ask for anything."""
    url = await film(client)

    answer = await client.head(url)

    assert answer.content == b""
    assert answer.headers["accept-ranges"] == "bytes"
    assert int(answer.headers["content-length"]) == len((await client.get(url)).content)


async def test_bytes_past_the_end_are_refused_with_the_size(client: httpx.AsyncClient) -> None:
    """RFC 9110: whoever asks learns how much there is."""
    url = await film(client)
    size = int((await client.head(url)).headers["content-length"])

    answer = await client.get(url, headers={"Range": f"bytes={size}-"})

    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")


async def test_a_part_that_was_deleted_is_told_before_the_first_byte(
    made: Made, session: Session, client: httpx.AsyncClient
) -> None:
    """A cache is safe to delete: half a video is not what follows."""
    url = await film(client)
    assert session._current is not None  # noqa: SLF001  as above
    gone = made.out / ".cliptask" / segment_object(session._current.full.segments[-1].key)  # noqa: SLF001  as above
    aside = gone.with_suffix(".aside")
    gone.rename(aside)
    try:
        answer = await client.get(url)
    finally:
        aside.rename(gone)

    assert answer.status_code == 410
    assert (await client.get(url)).status_code == 200


async def test_captions_go_with_a_video(client: httpx.AsyncClient) -> None:
    """Browsers show none of those that lie within an MP4."""
    url = await film(client)

    answer = await client.get(url.replace("videos", "captions").replace(".mp4", ".vtt"))

    assert answer.text.startswith("WEBVTT")
    assert "Line 0." in answer.text


@pytest.mark.parametrize(
    "path", [f"videos/{'0' * 64}.mp4", "videos/..%2f..%2fetc%2fpasswd.mp4", "captions/x.vtt"]
)
async def test_nothing_but_what_was_asked_for_is_served(client: httpx.AsyncClient, path: str) -> None:
    """It is a server on somebody's own machine."""
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::1", ""]
)
async def test_a_strangers_name_that_leads_here_gets_nothing(session: Session, host: str) -> None:
    """DNS rebinding: another page would read the task through the browser of whoever opens it."""
    async with client_of(session) as client:
        for path in ("", "board"):
            assert (await client.get(path, headers={"Host": host})).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "[::1]:8000", "192.168.1.20:8000"])
async def test_any_address_of_this_machine_does(session: Session, host: str) -> None:
    """A phone reaches it at another than the browser here."""
    async with client_of(session) as client:
        assert (await client.get("board", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_page_can_ask_for_nothing(client: httpx.AsyncClient, site: str) -> None:
    """It could show the videos, or have lines spoken and paid for."""
    headers = {"Sec-Fetch-Site": site}

    assert (await client.get("board", headers=headers)).status_code == 403
    assert (await client.post("speak", json={"line": 0}, headers=headers)).status_code == 403
    assert (
        await client.get("", headers=headers)
    ).status_code == 200  # a link to the page is none to what it shows


async def test_a_form_of_another_page_is_none_of_ours(client: httpx.AsyncClient) -> None:
    """Browsers send text anywhere without asking, and old ones do not say from where."""
    answer = await client.post("speak", content='{"line": 0}', headers={"Content-Type": "text/plain"})

    assert answer.status_code == 422


async def test_with_a_token_nothing_is_there_without_it(session: Session) -> None:
    """Everybody in the network reaches the port."""
    async with client_of(session, "/secret") as client:
        assert (await client.get("board")).status_code == 200
        for path in ("/", "/board", "/events", "/wrong/board"):
            assert (await client.get(f"http://127.0.0.1:8000{path}")).status_code == 404


async def test_the_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    """What is previewed is nobody else's business."""
    answer = await client.get("")

    assert not re.search(r"(src|href)=[\"']?(https?:)?//", answer.text)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
