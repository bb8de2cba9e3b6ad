"""Which addresses may be connected to? Public ones, checked after the name is resolved, and hosts that a setting opens.

A name is resolved once, and the connection is made to the very address that was checked, so that a name server gains
nothing by answering differently the second time. Redirects and resumed downloads come through the same door.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore
import httpx

from cliptask.errors import SourceError

OPEN_HOSTS_SETTING = "CLIPTASK_OPEN_HOSTS"
"""The setting that opens named hosts: ``host`` or ``host:port``, separated by commas."""

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) to addresses. Raises ``OSError`` as ``socket.getaddrinfo`` does."""

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

_CONNECT_TIMEOUT_S = 10.0

# What ``ipaddress.is_global`` of Python 3.11 calls global although no public server is there.
_REFUSED = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata is at .192
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # the host side of every virtual machine in one large cloud
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
]
# Global unicast is handed out of 2000::/3 alone (IANA), which leaves out multicast, fec0::/10, ULA and ::a.b.c.d.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str | ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether a server that anybody may talk to can be at this address. Raises ``ValueError`` for what is no address.

    IPv4 inside IPv6 (mapped, NAT64) counts as the IPv4 address that it reaches; 6to4 and Teredo never count.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(ip.ipv4_mapped)
        if ip in _NAT64:
            return is_public(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
        if ip not in _GLOBAL_V6:
            return False
    return ip.is_global and not any(ip in net for net in _REFUSED)


def is_opened(host: str, port: int, opened_hosts: Iterable[str]) -> bool:
    """Whether a setting names this host, or this host with this port. Case and the brackets of IPv6 do not count."""
    plain = host.lower().strip("[]").rstrip(".")
    names = {plain, f"[{plain}]", f"{plain}:{port}", f"[{plain}]:{port}"}
    return any(opened.strip().lower() in names for opened in opened_hosts)


async def resolve(host: str, port: int) -> list[str]:
    """Every address that the system knows for a name, as it would try them. Raises ``OSError``."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in infos))


class AddressCheckingBackend(httpcore.AsyncNetworkBackend):
    """The one place where connections are made: resolves, checks, connects to what it checked. No local sockets."""

    def __init__(
        self, opened_hosts: Iterable[str], resolver: Resolver, dial: httpcore.AsyncNetworkBackend
    ) -> None:
        self._opened_hosts = frozenset(opened_hosts)
        self._resolver = resolver
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's interface)
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers. Raises ``SourceError`` where any address is not public."""
        addresses = await self._addresses(host, port, timeout)
        refused = [address for address in addresses if not is_public(address)]
        if refused and not is_opened(host, port, self._opened_hosts):
            place = host if host == refused[0] else f"{host} (at {refused[0]})"
            message = (
                f"{place} is refused, as private, local and reserved addresses are; "
                f"use a public host, or open this one by the setting {OPEN_HOSTS_SETTING}={host}"
            )
            raise SourceError(message)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._dial.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _addresses(self, host: str, port: int, timeout: float | None) -> Sequence[str]:  # noqa: ASYNC109
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S if timeout is None else timeout):
                return await self._resolver(host, port)
        except TimeoutError as error:
            message = f"the name {host} was not resolved in time"
            raise httpcore.ConnectTimeout(message) from error
        except (UnicodeError, OSError) as error:
            # Only EAI_AGAIN, a name server that does not answer now, may pass; anything else is its answer.
            if isinstance(error, OSError) and error.errno == socket.EAI_AGAIN:
                message = f"the name {host} cannot be resolved now"
                raise httpcore.ConnectError(message) from error
            message = f"there is no host named {host}; check the name"
            raise SourceError(message) from error


def guarded_transport(
    opened_hosts: Iterable[str] = (),
    resolver: Resolver = resolve,
    dial: httpcore.AsyncNetworkBackend | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> httpx.AsyncHTTPTransport:
    """Httpx's own transport, connecting to public addresses and to ``opened_hosts`` (``host`` or ``host:port``) only.

    ``resolver`` and ``dial`` are how names and addresses are reached; ``ssl_context`` is whom to trust. SNI, Host and
    certificate checks keep to the name. A connection that is refused raises ``SourceError``, which names the host and
    the setting that opens it.
    """
    trusted = ssl_context or httpx.create_ssl_context(trust_env=False)
    # Neither proxies nor certificates nor passwords of the environment: a proxy would connect for us, unchecked.
    transport = httpx.AsyncHTTPTransport(verify=trusted, trust_env=False)
    backend = AddressCheckingBackend(opened_hosts, resolver, dial or httpcore.AnyIOBackend())
    # httpx has no parameter for httpcore's network backend, so the pool is made here.
    transport._pool = httpcore.AsyncConnectionPool(ssl_context=trusted, network_backend=backend)  # noqa: SLF001
    return transport
