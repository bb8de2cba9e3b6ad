from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator, Sequence

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import SourceError
from cliptask_operator.sources.ssrf import (
    OPEN_HOSTS_SETTING,
    AddressCheckingBackend,
    Resolver,
    SocketOption,
    guarded_transport,
    is_opened,
    is_public,
    resolve,
)
from support.http_server import Content, MediaServer, redirect
from support.tls import contexts_for

PUBLIC = "93.184.215.14"


class Dial(httpcore.AnyIOBackend):
    """Connects to one server whatever the address, and remembers what it was asked for."""

    def __init__(self, server: MediaServer) -> None:
        self.asked: list[str] = []
        self._port = server.port

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's interface)
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the server."""
        del port
        self.asked.append(host)
        return await super().connect_tcp("127.0.0.1", self._port, timeout, local_address, socket_options)


def answering(*answers: Sequence[str]) -> Resolver:
    """A name server that gives each answer once, the last for ever."""
    left = list(answers)

    async def resolver(host: str, port: int) -> Sequence[str]:
        del host, port
        return left.pop(0) if len(left) > 1 else left[0]

    return resolver


@pytest.fixture
def server() -> Iterator[MediaServer]:
    """A server that has one file."""
    with MediaServer() as running:
        running.script("/file", Content(b"content"))
        yield running


@pytest.fixture
def dial(server: MediaServer) -> Dial:
    """What reaches that server by any address."""
    return Dial(server)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 (an address that must be refused)
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    """A task could read what only this machine or its network may see."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", PUBLIC, "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111", "2a00:1450:4001::200e"],
)
def test_a_public_address_passes(address: str) -> None:
    """Sources on the web could not be fetched, nor any IPv4 host from a cluster that has IPv6 only."""
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_ipv4_inside_ipv6_counts_as_what_it_reaches(address: ipaddress.IPv4Address) -> None:
    """A private address would pass in the clothes of an IPv6 one."""
    plain = is_public(address)

    assert is_public(f"::ffff:{address}") == plain
    assert is_public(f"64:ff9b::{address}") == plain
    assert not is_public(ipaddress.IPv6Address(0x2002 << 112 | int(address) << 80))


@given(st.ip_addresses())
def test_nothing_passes_that_python_calls_local(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """The own table would be weaker than the standard library's."""
    embedded = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None

    if is_public(address) and not embedded:
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    ("host", "port", "opened", "expected"),
    [
        ("localhost", 80, {"localhost"}, True),
        ("LocalHost", 80, {"localhost:80"}, True),
        ("localhost.", 80, {"localhost"}, True),
        ("localhost", 81, {"localhost:80"}, False),
        ("sub.localhost", 80, {"localhost"}, False),
        ("::1", 80, {"[::1]:80"}, True),
        ("::1", 80, {"::1"}, True),
        ("127.0.0.1", 80, set(), False),
    ],
)
def test_a_setting_opens_exactly_the_host_it_names(
    host: str,
    port: int,
    opened: set[str],
    expected: bool,
) -> None:
    """Opening one port of one machine would open others, or not even that."""
    assert is_opened(host, port, opened) is expected


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "0",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
    ],
)
async def test_no_spelling_of_a_local_address_is_connected_to(
    server: MediaServer, dial: Dial, host: str
) -> None:
    """A check of the text instead of the address would let a decimal, octal or mapped one through."""
    async with httpx.AsyncClient(transport=guarded_transport(dial=dial), trust_env=False) as client:
        with pytest.raises((SourceError, httpx.InvalidURL)):
            await client.get(f"http://{host}:{server.port}/file")

    assert dial.asked == []
    assert server.count() == 0


@pytest.mark.parametrize("host", ["0177.0.0.1", "0x7f.0.0.1", "127.1", "2130706433"])
async def test_the_backend_itself_checks_what_the_system_makes_of_a_name(
    server: MediaServer, dial: Dial, host: str
) -> None:
    """Only the URL's parser would stand between an octal address and this machine."""
    backend = AddressCheckingBackend((), resolve, dial)

    with pytest.raises(SourceError):
        await backend.connect_tcp(host, server.port)

    assert dial.asked == []


async def test_the_refusal_names_the_host_and_the_setting(server: MediaServer) -> None:
    """Whoever runs an intranet would not learn how to open it."""
    async with httpx.AsyncClient(transport=guarded_transport(), trust_env=False) as client:
        with pytest.raises(SourceError) as caught:
            await client.get(f"{server.url}/file?token=secret")

    assert f"{OPEN_HOSTS_SETTING}=127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_an_opened_host_is_reached(server: MediaServer) -> None:
    """Neither the demonstration nor an intranet would work."""
    async with httpx.AsyncClient(transport=guarded_transport({server.host}), trust_env=False) as client:
        response = await client.get(f"{server.url}/file")

    assert response.content == b"content"


async def test_a_name_that_changes_its_mind_gains_nothing(server: MediaServer, dial: Dial) -> None:
    """A name server could show a public address to the check and a private one to the connection."""
    resolver = answering([PUBLIC], ["127.0.0.1"])
    url = f"http://rebind.example:{server.port}/file"

    async with httpx.AsyncClient(transport=guarded_transport(resolver=resolver, dial=dial)) as client:
        first = await client.get(url, headers={"Connection": "close"})
        with pytest.raises(SourceError):
            await client.get(url)

    assert first.content == b"content"
    assert dial.asked == [PUBLIC]


async def test_one_bad_address_among_good_ones_is_enough(dial: Dial) -> None:
    """A client that tries one address after the other would end at the private one."""
    resolver = answering([PUBLIC, "10.0.0.1"])

    async with httpx.AsyncClient(transport=guarded_transport(resolver=resolver, dial=dial)) as client:
        with pytest.raises(SourceError, match=r"10\.0\.0\.1"):
            await client.get("http://mixed.example/file")

    assert dial.asked == []


async def test_a_redirect_passes_the_same_door(server: MediaServer) -> None:
    """An opened or public host could send the fetch to the metadata server."""
    server.script("/away", redirect("http://169.254.169.254/latest/meta-data/"))
    transport = guarded_transport({server.host})

    async with httpx.AsyncClient(transport=transport, follow_redirects=True) as client:
        with pytest.raises(SourceError, match=r"169\.254\.169\.254"):
            await client.get(f"{server.url}/away")


async def test_a_name_that_does_not_exist_is_the_authors_error() -> None:
    """A typing error in a host's name would be retried as if the network were down."""

    async def resolver(host: str, port: int) -> Sequence[str]:
        del port
        raise socket.gaierror(socket.EAI_NONAME, host)

    async with httpx.AsyncClient(transport=guarded_transport(resolver=resolver)) as client:
        with pytest.raises(SourceError, match="no host named typo"):
            await client.get("https://typo.example/file")


async def test_a_name_server_that_is_away_is_a_connection_error() -> None:
    """A moment without a name server would fail a campaign for good."""

    async def resolver(host: str, port: int) -> Sequence[str]:
        del port
        raise socket.gaierror(socket.EAI_AGAIN, host)

    async with httpx.AsyncClient(transport=guarded_transport(resolver=resolver)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("https://cdn.example/file")


async def test_the_certificate_is_checked_against_the_name() -> None:
    """Connecting to an address instead of a name would break SNI, or accept anybody's certificate."""
    server_context, client_context = contexts_for("cdn.example")
    with MediaServer(tls=server_context) as server:
        server.script("/file", Content(b"content"))
        dial = Dial(server)
        transport = guarded_transport(resolver=answering([PUBLIC]), dial=dial, ssl_context=client_context)

        async with httpx.AsyncClient(transport=transport) as client:
            good = await client.get("https://cdn.example/file")
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get("https://other.example/file")

    assert good.content == b"content"
    assert server.requests[0].headers["Host"] == "cdn.example"
    assert dial.asked == [PUBLIC, PUBLIC]


async def test_a_proxy_of_the_environment_is_not_used(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would connect to any address on our behalf, unchecked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async with httpx.AsyncClient(transport=guarded_transport({server.host})) as client:
        response = await client.get(f"{server.url}/file")

    assert response.content == b"content"
