"""A kubeconfig may name another server than the one that its address names."""

import base64
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from kled.errors import CredentialsRefused
from kled.kubernetes.client import connect
from kled.kubernetes.nodes import nodes
from tests.e2e.certificates import Authority, new_authority, server_context
from tests.unit.kubernetes.cluster import TOKEN, Cluster, _Handler

NAME = "api.internal.c.example.com"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return new_authority()


@pytest.fixture
def address(authority: Authority, tmp_path: Path) -> Iterator[str]:
    """A server whose certificate names `NAME` alone."""
    cluster = Cluster()
    cluster.node("n1")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
        http.cluster = cluster  # type: ignore[attr-defined]
        context = server_context(authority, NAME, tmp_path)
        http.socket = context.wrap_socket(http.socket, server_side=True)
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def kubeconfig(directory: Path, authority: Authority, server: str, **more: str) -> Path:
    data = base64.b64encode(authority.pem.encode()).decode()
    cluster: dict[str, Any] = {"server": server, "certificate-authority-data": data, **more}
    document = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return path


def test_the_named_server_is_expected_at_an_address_that_has_another_name(
    authority: Authority, address: str, tmp_path: Path
) -> None:
    file = kubeconfig(tmp_path, authority, address, **{"tls-server-name": NAME})

    with connect(file) as api:
        assert [one.name for one in nodes(api)] == ["n1"]


@pytest.mark.parametrize("more", [{}, {"tls-server-name": "api.internal.other.example.com"}])
def test_a_server_of_another_name_is_not_trusted(
    authority: Authority, address: str, tmp_path: Path, more: dict[str, str]
) -> None:
    with (
        connect(kubeconfig(tmp_path, authority, address, **more)) as api,
        pytest.raises(CredentialsRefused),
    ):
        nodes(api)


def test_a_named_server_of_another_authority_is_not_trusted(address: str, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, new_authority(), address, **{"tls-server-name": NAME})

    with connect(file) as api, pytest.raises(CredentialsRefused):
        nodes(api)
