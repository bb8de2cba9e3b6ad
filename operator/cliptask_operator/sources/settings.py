"""How much may a fetch take, and from where? In a module of its own, as reading settings needs no HTTP client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FetchSettings:
    """What may be fetched, and how much patience, disk and bandwidth it may take."""

    open_hosts: frozenset[str] = frozenset()
    """Hosts (``host`` or ``host:port``) that may be private."""
    allow_http: bool = False
    allow_file: bool = False
    """``file://``, for who runs on a machine of their own only."""
    max_bytes: int = 4 << 30
    """Of one source."""
    timeout_s: float = 900.0
    """For one source, all attempts together."""
    silence_s: float = 30.0
    """Without a single byte, after which a connection counts as broken."""
    max_redirects: int = 5
    parallel: int = 4
    attempts: int = 5
    backoff_s: float = 0.5
    """Before the second attempt, doubled before each further one, with as much again of jitter."""
