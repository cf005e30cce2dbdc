"""The API's own certificate tells which authority machines run with, where nothing else does.

After a rotation that no snapshot has seen, with keyset and configuration lost, a restore put the
distrusted authority back with exit 0 (decision 50).
"""

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kled.errors import NotApproved
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.runner import run
from tests import key_pairs
from tests.unit.operations.identity.test_identity import CA_KEY, NODE_CONFIG, C, World, world

__all__ = ["world"]

OWN, NEXT = ("1", "OWN"), ("772", "NEXT")


@contextmanager
def api(
    directory: Path, authority: str, *, issuer: str | None = None, number: str = ""
) -> Iterator[str]:
    """Serve by a certificate of that authority, as kube-apiserver does; yield the URL."""
    issued = key_pairs.issued_by(authority, issuer=issuer, number=number)
    file = directory / "served.pem"
    file.write_bytes(issued.certificate + issued.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def known_at(world: World, server: str) -> None:
    """Write a kubeconfig where one of a flow that ran here is."""
    place = world.session().settings.home / "kubeconfigs" / C
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(
        f"current-context: {C}\n"
        f"contexts: [{{name: {C}, context: {{cluster: {C}, user: {C}}}}}]\n"
        f"clusters: [{{name: {C}, cluster: {{server: '{server}'}}}}]\n"
    )


@pytest.fixture
def lost(world: World) -> tuple[World, Wish]:
    """A cluster whose keyset and machines' configuration are gone, and the newest snapshot."""
    world.put(CA_KEY, key_pairs.authority(OWN))
    wish = Wish(C, world.snapshot(), classes=("identity",))
    world.lose(CA_KEY)
    world.lose(NODE_CONFIG)
    return world, wish


def said(world: World, wish: Wish) -> str:
    """Return what the restore says, which is what it leaves for the last line of a command."""
    report = run(RestoreState(wish), world.session())
    (words,) = (row.words for row in report.rows if row.step == "check restore")
    told = report.result.agreed.taken_out
    assert all(remark in words for remark in told)
    return "; ".join(told)


@pytest.mark.parametrize("number", ["", NEXT[0]], ids=["of an update", "of create keypair"])
def test_an_api_that_is_served_by_another_authority_stops_the_restore(
    lost: tuple[World, Wish], tmp_path: Path, number: str
) -> None:
    world, wish = lost
    with api(tmp_path, "NEXT", number=number) as server:
        known_at(world, server)
        with pytest.raises(NotApproved, match="served by another kubernetes-ca") as refused:
            world.run(RestoreState(wish))

        assert not (world.root / "state" / C / CA_KEY).exists()
        assert f"--new-identity={C}" in str(refused.value.hint)
        replace(world, new_identity=C).run(RestoreState(wish))


def test_an_api_that_is_served_by_it_proves_it(lost: tuple[World, Wish], tmp_path: Path) -> None:
    world, wish = lost
    with api(tmp_path, "OWN") as server:
        known_at(world, server)

        words = said(world, wish)

    assert f"the API at {server} is served by the kubernetes-ca that is restored" in words
    assert "NOT PROVED" not in words


def test_where_no_api_answers_it_is_said_that_nothing_proves_it(lost: tuple[World, Wish]) -> None:
    world, wish = lost
    known_at(world, "https://127.0.0.1:9")

    words = said(world, wish)

    assert "NOT PROVED: nothing tells whether the kubernetes-ca" in words
    assert "control plane's machine" in words


def test_somebody_elses_certificate_tells_nothing(lost: tuple[World, Wish], tmp_path: Path) -> None:
    """Another member: a load balancer has one of its own, which its cloud has issued."""
    world, wish = lost
    with api(tmp_path, "NEXT", issuer="Public CA") as server:
        known_at(world, server)

        assert "NOT PROVED" in said(world, wish)


@pytest.mark.parametrize("text", ["", "[]", "clusters: 1\ncurrent-context: x\n", "\0"])
def test_a_kubeconfig_that_is_none_tells_nothing(lost: tuple[World, Wish], text: str) -> None:
    world, wish = lost
    known_at(world, "https://127.0.0.1:9")
    (world.session().settings.home / "kubeconfigs" / C).write_text(text)

    assert "NOT PROVED" in said(world, wish)


def test_where_the_configuration_names_the_key_nothing_is_missing(world: World) -> None:
    world.put(CA_KEY, key_pairs.authority(OWN))
    wish = Wish(C, world.snapshot(), classes=("identity",))
    world.lose(CA_KEY)

    assert "NOT PROVED" not in said(world, wish)


def test_a_copy_elsewhere_asks_nobody(lost: tuple[World, Wish], tmp_path: Path) -> None:
    world, wish = lost
    (tmp_path / "drill").mkdir()
    with api(tmp_path, "NEXT") as server:
        known_at(world, server)

        assert "PROVED" not in said(world, replace(wish, to=(tmp_path / "drill").as_uri()))


def test_a_key_that_was_not_rolled_out_yet_is_ours(world: World, tmp_path: Path) -> None:
    """The snapshot has both: the API is served by the one before, until machines were rolled."""
    world.put(CA_KEY, key_pairs.authority(NEXT, OWN))
    wish = Wish(C, world.snapshot(), classes=("identity",))
    world.lose(CA_KEY)
    world.lose(NODE_CONFIG)
    with api(tmp_path, "OWN") as server:
        known_at(world, server)

        assert "is served by the kubernetes-ca" in said(world, wish)
