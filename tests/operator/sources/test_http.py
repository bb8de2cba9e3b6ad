from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from cliptask.errors import DiskFull, SourceError, TransientError
from cliptask_operator.sources.http import download
from cliptask_operator.sources.partial_download import Validators
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.ssrf import guarded_transport
from support.http_server import Content, MediaServer, Status, Stream, redirect
from support.tls import contexts_for

BODY = bytes(range(256)) * 1024
SHA = hashlib.sha256(BODY).hexdigest()
QUICK = FetchSettings(allow_http=True, backoff_s=0.001, attempts=4)
MODIFIED = "Wed, 01 Jan 2025 00:00:00 GMT"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    """A server without any file yet."""
    with MediaServer() as running:
        yield running


@pytest.fixture
async def client(server: MediaServer) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may connect to that server."""
    async with httpx.AsyncClient(transport=guarded_transport({server.host}), trust_env=False) as opened:
        yield opened


async def test_the_bytes_arrive_with_their_hash(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """A source would lie under a name that is not its content's."""
    url = server.script("/a", Content(BODY, etag='"1"', last_modified=MODIFIED))

    arrival = await download(client, url, tmp_path / "a", QUICK)

    assert (tmp_path / "a").read_bytes() == BODY
    assert arrival is not None
    assert (arrival.sha256, arrival.size_bytes) == (SHA, len(BODY))
    assert arrival.validators == Validators('"1"', MODIFIED)


async def test_a_token_in_the_url_reaches_the_server(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Signed URLs would be refused by those who signed them."""
    url = server.script("/a", Content(BODY))

    await download(client, f"{url}?sig=a%2Fb", tmp_path / "a", QUICK)

    assert server.requests[0].query == "sig=a%2Fb"


@pytest.mark.parametrize(
    "content",
    [
        Content(BODY, etag='"1"', break_after=100_000),
        Content(BODY, last_modified=MODIFIED, break_after=100_000),
        Content(BODY, etag='W/"1"', last_modified=MODIFIED, break_after=100_000),
    ],
)
async def test_a_broken_download_goes_on_where_it_broke(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, content: Content
) -> None:
    """A large source behind a bad line would start over for ever."""
    url = server.script(
        "/a", content, replace(content, break_after=50_000), replace(content, break_after=None)
    )

    arrival = await download(client, url, tmp_path / "a", QUICK)

    assert arrival is not None
    assert arrival.sha256 == SHA
    assert [seen.headers["Range"] for seen in server.seen("/a")] == [None, "bytes=100000-", "bytes=150000-"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Content(b"x" * len(BODY), etag='"old"', break_after=1000), Content(BODY, etag='"new"')),
        (Content(BODY, etag='"1"', break_after=1000), Content(BODY, etag='"1"', ranges=False)),
        (Content(BODY, etag='W/"1"', break_after=1000), Content(BODY, etag='W/"1"')),
        (Content(BODY, break_after=1000), Content(BODY)),
    ],
)
async def test_a_broken_download_starts_over_where_it_cannot_go_on(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, first: Content, second: Content
) -> None:
    """Two halves of different files, or a beginning twice, would be stored as one source."""
    url = server.script("/a", first, second)

    arrival = await download(client, url, tmp_path / "a", QUICK)

    assert arrival is not None
    assert arrival.sha256 == SHA
    assert (tmp_path / "a").read_bytes() == BODY


@pytest.mark.parametrize(
    "wrong",
    [
        Status(416),
        Status(206, {"Content-Range": "bytes 5-9/10", "Content-Length": "5"}, b"wrong"),
        Status(206, {"Content-Length": "5"}, b"wrong"),
        Status(
            206, {"Content-Range": "bytes 1000-1004/1005", "ETag": '"2"', "Content-Length": "5"}, b"other"
        ),
        Status(206, {"Content-Range": "bytes 1000-1004/*", "Content-Length": "5"}, b"wrong"),
        Status(206, {"Content-Type": "multipart/byteranges; boundary=x", "Content-Length": "5"}, b"--x\r\n"),
        Status(416, {"Content-Range": f"bytes */{len(BODY)}"}),
    ],
)
async def test_a_wrong_part_is_not_taken_for_the_rest(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, wrong: Status
) -> None:
    """A server that answers another range than it was asked for would corrupt a source."""
    begun = Content(BODY, etag='"1"', break_after=1000)
    url = server.script("/a", begun, wrong, Content(BODY, etag='"1"'))

    arrival = await download(client, url, tmp_path / "a", QUICK)

    assert arrival is not None
    assert arrival.sha256 == SHA


@pytest.mark.parametrize(
    "known", [Validators(etag='"1"'), Validators(last_modified=MODIFIED), Validators('"1"', MODIFIED)]
)
async def test_what_has_not_changed_is_not_downloaded(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, known: Validators
) -> None:
    """Each look at a campaign would download all its sources."""
    url = server.script("/a", Content(BODY, etag='"1"', last_modified=MODIFIED))

    assert await download(client, url, tmp_path / "a", QUICK, known) is None
    assert (tmp_path / "a").stat().st_size == 0


async def test_what_has_changed_is_downloaded(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """A source that was replaced under its URL would keep its old content for ever."""
    url = server.script("/a", Content(BODY, etag='"2"', last_modified=MODIFIED))

    arrival = await download(client, url, tmp_path / "a", QUICK, Validators('"1"', MODIFIED))

    assert arrival is not None
    assert arrival.sha256 == SHA


@pytest.mark.parametrize(
    "failure",
    [
        Status(408),
        Status(425),
        Status(429),
        Status(429, {"Retry-After": "0"}),
        Status(503, {"Retry-After": MODIFIED}),
        Status(500),
        Status(502),
        Status(504),
        Status(520),
        Content(BODY, break_after=0),
    ],
)
async def test_what_may_pass_is_tried_again(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, failure: Status | Content
) -> None:
    """A server that is busy for a moment would fail a campaign."""
    url = server.script("/a", failure, failure, Content(BODY))

    arrival = await download(client, url, tmp_path / "a", QUICK)

    assert arrival is not None
    assert arrival.sha256 == SHA
    assert server.count("/a") == 3


async def test_the_server_says_how_long_to_wait(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """A server that asks for patience would be hammered; one that asks for an hour would hold a run for it."""
    url = server.script("/a", Status(429, {"Retry-After": "3600"}), Content(BODY))

    with pytest.raises(TransientError, match=r"429.* wait 3600 s"):
        await download(client, url, tmp_path / "a", replace(QUICK, timeout_s=30))

    assert server.count("/a") == 1


async def test_attempts_end(server: MediaServer, client: httpx.AsyncClient, tmp_path: Path) -> None:
    """A server that is down would be asked for ever, or its failure be called the author's."""
    url = server.script("/a", Status(503))

    with pytest.raises(TransientError, match="attempt 4 of 4"):
        await download(client, url, tmp_path / "a", QUICK)

    assert server.count("/a") == 4


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "check the URL"),
        (401, "login"),
        (403, "signed URL"),
        (404, "check the URL"),
        (410, "upload"),
        (418, "check the URL"),
        (460, "check the URL"),
        (204, "check the URL"),
        (304, "check the URL"),
    ],
)
async def test_what_does_not_pass_is_not_tried_again(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, status: int, remedy: str
) -> None:
    """A wrong URL would cost minutes of attempts before anybody hears of it."""
    url = server.script("/a", Status(status))

    with pytest.raises(SourceError, match=f"{status}.*{remedy}"):
        await download(client, url, tmp_path / "a", QUICK)

    assert server.count("/a") == 1


@pytest.mark.parametrize(
    "answer",
    [
        Stream(),
        Stream(10_000_000),
        Stream(10_000_000, announce=False),
        Content(BODY, etag='"1"', break_after=40_000),
    ],
)
async def test_too_many_bytes_are_cut(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, answer: Stream | Content
) -> None:
    """An endless stream would fill the disk."""
    url = server.script("/a", answer)

    with pytest.raises(SourceError, match="larger than the 100000 bytes"):
        await download(client, url, tmp_path / "a", replace(QUICK, max_bytes=100_000, timeout_s=20))

    assert (tmp_path / "a").stat().st_size <= 100_000
    assert server.count("/a") == 1


async def test_a_drip_is_cut(server: MediaServer, client: httpx.AsyncClient, tmp_path: Path) -> None:
    """A server that sends a byte now and then would hold a download for days."""
    url = server.script("/a", Stream(piece=1, pause_s=0.02))

    with pytest.raises(
        SourceError,
        match=r"did not arrive within 0.3 s \(\d+ bytes came\).*have CLIPTASK_FETCH_TIMEOUT_S raised",
    ):
        await download(client, url, tmp_path / "a", replace(QUICK, timeout_s=0.3))


async def test_a_full_disk_is_not_the_sources_fault(server: MediaServer, client: httpx.AsyncClient) -> None:
    """Every source of a campaign would be called bad, or the run end in a traceback."""
    url = server.script("/a", Content(BODY))

    with pytest.raises(DiskFull, match=r"^/dev is full: .* free"):
        await download(client, url, Path("/dev/full"), QUICK)


async def test_compressed_content_is_refused(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """A few kilobytes would become gigabytes, or the compressed bytes be taken for the source."""
    url = server.script("/a", Content(BODY, compressed=True))

    with pytest.raises(SourceError, match="compresses"):
        await download(client, url, tmp_path / "a", QUICK)


@pytest.mark.parametrize(
    "coding", ["gzip", "aws-chunked,GZip", "br", "x-gzip", "deflate", "zstd", "compress"]
)
async def test_every_name_of_a_compression_is_refused(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, coding: str
) -> None:
    """Compressed bytes would be called no media, which they are once they are unpacked."""
    url = server.script("/a", Content(BODY, headers={"Content-Encoding": coding}))

    with pytest.raises(SourceError, match=rf"compresses it \({coding.lower().rpartition(',')[2]}\)"):
        await download(client, url, tmp_path / "a", QUICK)


@pytest.mark.parametrize(
    "stored",
    [
        "", " ", "aws-chunked", "AWS-Chunked, ", "utf-8", "UTF-8", "binary", "Identity", "identity, identity", "8bit", "none",
        "base64", "aws-chunked,utf-8\r\nContent-Encoding: identity", "video/mp4",
    ],
)  # fmt: skip
async def test_a_stored_header_is_no_compression(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, stored: str
) -> None:
    """What a tool uploaded with a header that changes no byte could not be used."""
    content = Content(BODY, etag='"1"', headers={"Content-Encoding": stored})
    url = server.script("/a", replace(content, break_after=1000), content)

    arrival = await download(client, url, tmp_path / "a", QUICK)

    assert arrival is not None
    assert arrival.sha256 == SHA
    assert [seen.headers["Range"] for seen in server.seen("/a")] == [None, "bytes=1000-"]


CHUNKED = f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        Status(200, {"Transfer-Encoding": "chunked", "Content-Length": "7"}, CHUNKED),
        Status(206, {"Content-Range": f"bytes 0-{len(BODY) - 1}/{len(BODY)}"}, BODY),
        Status(203, {}, BODY),
    ],
)
async def test_odd_answers_that_hold_the_whole_are_taken(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, answer: Status
) -> None:
    """A file that every browser downloads could not be used."""
    url = server.script("/a", answer)

    arrival = await download(client, url, tmp_path / "a", QUICK)

    assert arrival is not None
    assert arrival.sha256 == SHA


@pytest.mark.parametrize(
    "marks",
    [
        {"ETag": '""'},
        {"ETag": 'W/""'},
        {"ETag": '"\xe9"'},
        {"ETag": "", "Last-Modified": ""},
        {"Last-Modified": "gestern fr\xfch"},
    ],
)
async def test_marks_that_tell_nothing_are_not_sent_back(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, marks: dict[str, str]
) -> None:
    """A header that cannot be sent would end the run, an empty one have everything called unchanged."""
    url = server.script("/a", Content(BODY, headers=marks))
    first = await download(client, url, tmp_path / "a", QUICK)
    assert first is not None

    again = await download(client, url, tmp_path / "a", QUICK, first.validators)

    assert again is not None
    assert again.sha256 == SHA
    assert [server.requests[1].headers[name] for name in ("If-None-Match", "If-Modified-Since")] == [
        None,
        None,
    ]


@pytest.mark.parametrize("retry_after", ["soon", "-5", "1e9", "", "Mon, 45 Jan 2025 00:00:00 GMT", "0"])
async def test_a_wait_that_cannot_be_read_is_none(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, retry_after: str
) -> None:
    """A busy server's slip of the pen would end in a traceback."""
    url = server.script("/a", Status(503, {"Retry-After": retry_after}), Content(BODY))

    assert await download(client, url, tmp_path / "a", QUICK)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "302 Found, and not to where; give the final URL"),
        ({"Location": "mailto:a@b"}, "redirects to what is no URL"),
    ],
)
async def test_a_redirect_without_a_target_is_refused(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, headers: dict[str, str], message: str
) -> None:
    """The task's URL would be blamed for what its host says."""
    url = server.script("/a", Status(302, headers))

    with pytest.raises(SourceError, match=message):
        await download(client, url, tmp_path / "a", QUICK)


async def test_redirects_are_followed(server: MediaServer, client: httpx.AsyncClient, tmp_path: Path) -> None:
    """Most CDNs could not be used."""
    server.script("/b", redirect("/c?x=1", 307))
    server.script("/c", Content(BODY))
    url = server.script("/a", redirect(f"{server.url}/b"))

    arrival = await download(client, url, tmp_path / "a", QUICK)

    assert arrival is not None
    assert arrival.sha256 == SHA


@pytest.mark.parametrize(
    ("location", "what"),
    [
        ("/a", "redirects more than 5 times"),
        ("http://169.254.169.254/latest/", r"169\.254\.169\.254 is refused"),
        ("http://2852039166/latest/", r"169\.254\.169\.254"),
        ("http://[::ffff:127.0.0.1]:1/", "refused"),
        ("http://localhost:1/", "refused"),
        ("file:///etc/passwd", "file:// is not supported"),
        ("ftp://cdn.example/a", "ftp:// is not supported"),
    ],
)
async def test_a_redirect_to_nowhere_good_is_refused(
    server: MediaServer, client: httpx.AsyncClient, tmp_path: Path, location: str, what: str
) -> None:
    """A host could send the fetch in circles, to a file, or to the machine's own network."""
    url = server.script("/a", redirect(location))

    with pytest.raises(SourceError, match=what):
        await download(client, url, tmp_path / "a", QUICK)


async def test_a_redirect_does_not_leave_https(server: MediaServer, tmp_path: Path) -> None:
    """A source could be changed on its way, though its author asked for https."""
    server.script("/a", Content(BODY))
    server_context, client_context = contexts_for("localhost")
    with MediaServer(tls=server_context) as secure:
        secure.script("/a", redirect(f"{server.url}/a?token=secret"))
        transport = guarded_transport({"localhost", "127.0.0.1"}, ssl_context=client_context)
        async with httpx.AsyncClient(transport=transport) as client:
            with pytest.raises(SourceError, match="from https to http://127") as caught:
                await download(client, f"https://localhost:{secure.port}/a", tmp_path / "a", QUICK)

    assert "secret" not in str(caught.value)
    assert server.count() == 0


async def test_a_certificate_that_nobody_vouches_for_is_final(tmp_path: Path) -> None:
    """A wrong certificate would be reported as a broken line, after minutes of attempts."""
    server_context, _ = contexts_for("localhost")
    with MediaServer(tls=server_context) as secure:
        url = f"https://localhost:{secure.port}/a"
        async with httpx.AsyncClient(transport=guarded_transport({"localhost"})) as client:
            with pytest.raises(SourceError, match="unable to get local issuer certificate"):
                await download(client, url, tmp_path / "a", QUICK)

    assert secure.count() == 0


async def test_nobody_listening_is_a_transient_error(tmp_path: Path) -> None:
    """A restarting server would be called the author's mistake."""
    with MediaServer() as gone:
        url = f"{gone.url}/a"

    async with httpx.AsyncClient(transport=guarded_transport({gone.host})) as reaching:
        with pytest.raises(TransientError, match="attempt 4 of 4"):
            await download(reaching, url, tmp_path / "a", QUICK)


_GROWTH = """
import asyncio, resource, sys, httpx
from pathlib import Path
from cliptask_operator.sources.http import download
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.ssrf import guarded_transport

async def main(warm, url, host, target):
    settings = FetchSettings(allow_http=True)

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

    async with httpx.AsyncClient(transport=guarded_transport({host}), trust_env=False) as client:
        await download(client, warm, Path(target), settings)
        before = peak()
        arrival = await download(client, url, Path(target), settings)
    print(arrival.size_bytes, before, peak())

asyncio.run(main(*sys.argv[1:]))
"""


def test_a_large_source_takes_no_memory(server: MediaServer, tmp_path: Path) -> None:
    """A few large sources at once would end the operator."""
    size = 512 << 20
    warm = server.script("/warm", Content(BODY))
    url = server.script("/large", Stream(size, piece=1 << 18))
    program = [sys.executable, "-c", _GROWTH, warm, url, server.host, str(tmp_path / "large")]

    done = subprocess.run(program, check=True, capture_output=True, text=True, timeout=240)
    (tmp_path / "large").unlink()

    arrived, before, peak = map(int, done.stdout.split())
    assert arrived == size
    assert 0 < peak < before + (64 << 20)
