"""Who serves a cluster's API, and what its name resolves to."""

import socket

from kled.recovery.evidence import ApiLeft, DnsLeft
from kled.recovery.known import Unknown
from kled.recovery.looks.api import look_at_api, look_at_dns

AUTHORITY = b"kind: Keyset\n"


def free_port() -> int:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return int(closed.getsockname()[1])


def test_without_an_address_nothing_can_be_asked() -> None:
    left = look_at_api([], AUTHORITY, "snapshot S")

    assert isinstance(left, Unknown)
    assert "kubeconfig" in left.ask


def test_without_an_authority_whoever_answers_could_be_anybody() -> None:
    left = look_at_api([("https://127.0.0.1:1", None)], b"", "")

    assert isinstance(left, Unknown)
    assert "could be anybody" in left.because


def test_where_nobody_answers_at_any_address_it_is_silent() -> None:
    servers = [(f"https://127.0.0.1:{free_port()}", None) for _ in range(2)]

    left = look_at_api(servers, AUTHORITY, "snapshot S")

    assert left == ApiLeft("silent", tuple(server for server, _ in servers), "snapshot S")


def test_a_name_that_resolves_is_told_with_its_addresses() -> None:
    left = look_at_dns("localhost")

    assert isinstance(left, DnsLeft)
    assert "127.0.0.1" in left.addresses


def test_a_name_that_is_none_is_not_known() -> None:
    assert isinstance(look_at_dns("a" * 300), Unknown)
