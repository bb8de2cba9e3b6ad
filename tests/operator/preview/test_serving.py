"""Where a preview's page is, and who reaches it."""

from __future__ import annotations

import socket

import pytest

from cliptask.errors import SetupError
from cliptask_operator.preview.serving import Listening


@pytest.mark.parametrize(
    ("address", "is_open"),
    [("127.0.0.1", False), ("127.0.0.2", False), ("::1", False), ("0.0.0.0", True), ("192.168.1.20", True), ("::", True)],  # noqa: S104  nothing is bound
)  # fmt: skip
def test_what_others_reach_is_told_from_what_only_this_machine_does(address: str, *, is_open: bool) -> None:
    """It is to need a token."""
    assert Listening(address).is_open is is_open


def test_a_port_that_is_taken_is_refused_with_the_way_out() -> None:
    """A traceback would tell nobody what to type."""
    with Listening().bind() as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SetupError, match=f"127.0.0.1, port {port}: Address already in use: name another"):
            Listening(port=port).bind()


def test_answers_wait_for_nothing() -> None:
    """Without its protocol named, each would be held back for 40 ms: Nagle's algorithm, and a late acknowledgement."""
    with Listening().bind() as bound:
        assert bound.proto == socket.IPPROTO_TCP


def test_who_comes_before_the_server_does_is_not_turned_away() -> None:
    """The address is printed when somebody may open it."""
    with Listening().bind() as bound, socket.create_connection(bound.getsockname(), timeout=30):
        pass
