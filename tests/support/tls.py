"""Whom do tests trust? An authority of their own, a certificate for one name, and the two contexts that go with it."""

from __future__ import annotations

import ssl

import trustme


def contexts_for(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(server, client): a server that is ``name``, and a client that trusts its authority and nothing else."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(client)
    return server, client
