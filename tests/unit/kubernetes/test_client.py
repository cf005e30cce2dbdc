"""Connections, refusals, and keys that stay out of every message."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kled.errors import (
    ApiUnreachable,
    CredentialsRefused,
    InvalidInput,
    KledError,
    KubernetesConflict,
    KubernetesRefused,
    OutputUnreadable,
    Throttled,
)
from kled.kubernetes.apply import apply
from kled.kubernetes.client import connect
from kled.kubernetes.nodes import nodes
from tests.unit.kubernetes.cluster import (
    TOKEN,
    Cluster,
    connected,
    failure,
    kubeconfig,
    serving,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_long_lists_come_page_by_page(tmp_path: Path) -> None:
    cluster = Cluster()
    for number in range(1100):
        cluster.node(f"n{number:04}")

    with connected(cluster, tmp_path) as api:
        found = nodes(api)

    assert len({one.name for one in found}) == 1100
    assert len(cluster.asked) == 3


@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (401, CredentialsRefused, False),
        (403, KubernetesRefused, False),
        (409, KubernetesConflict, False),
        (422, KubernetesRefused, False),
        (429, Throttled, True),
        (500, ApiUnreachable, True),
        (503, ApiUnreachable, True),
    ],
)
def test_each_refusal_is_the_narrowest_error(
    tmp_path: Path, status: int, error: type[KledError], retryable: bool
) -> None:
    cluster = Cluster()
    cluster.answers.append(failure(status, "the API's own words"))

    with connected(cluster, tmp_path) as api, pytest.raises(KledError) as raised:
        nodes(api)

    assert type(raised.value) is error
    assert raised.value.retryable is retryable
    assert "the API's own words" in raised.value.message


def test_somebody_whom_the_api_does_not_know_needs_other_credentials(tmp_path: Path) -> None:
    """An API that takes requests without credentials answers 403 to those it does not know."""
    cluster = Cluster()
    cluster.answers.append(failure(403, 'User "system:anonymous" cannot list resource "nodes"'))

    with connected(cluster, tmp_path) as api, pytest.raises(CredentialsRefused):
        nodes(api)


def test_an_answer_of_something_else_is_not_taken_for_the_api_s(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.answers.append((200, {"kind": "NodeList", "items": "none"}, {}))

    with connected(cluster, tmp_path) as api, pytest.raises(OutputUnreadable, match="no known for"):
        nodes(api)


def test_an_api_that_is_not_there_is_unreachable_and_named(tmp_path: Path) -> None:
    with serving(Cluster()) as server:
        path = kubeconfig(tmp_path, server)

    with (
        connect(path, timeout=timedelta(seconds=2)) as api,
        pytest.raises(ApiUnreachable, match=server),
    ):
        nodes(api)


def test_a_wrong_token_is_refused_and_not_told(tmp_path: Path) -> None:
    with (
        serving(Cluster()) as server,
        connect(kubeconfig(tmp_path, server, token="another-" + TOKEN)) as api,
        pytest.raises(CredentialsRefused) as raised,
    ):
        nodes(api)

    assert TOKEN not in f"{raised.value} {raised.value.hint} {raised.value.__cause__!r}"


def broken(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "users": [{"name": "u", "user": {"token": TOKEN, "exec": TOKEN}}]}


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "- a list",
        f"{TOKEN}: [",
        f"current-context: {TOKEN}\nclusters: []\ncontexts: []",
        f"clusters: {TOKEN}",
        b"\xff\xfe",
        yaml.safe_dump(
            broken(
                {
                    "current-context": "c",
                    "clusters": [{"name": "c", "cluster": {"server": "https://x"}}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                }
            )
        ),
    ],
    ids=["absent", "empty", "list", "no yaml", "no context", "odd", "binary", "odd user"],
)
def test_a_kubeconfig_that_cannot_be_used_is_named_and_its_keys_are_not(
    tmp_path: Path, content: str | bytes | None
) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(InvalidInput) as raised:
        connect(path)

    assert raised.value.field == str(path)
    assert TOKEN not in f"{raised.value} {raised.value.__cause__!r}"


def test_a_kubeconfig_that_would_start_a_program_is_refused(tmp_path: Path) -> None:
    program = {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws"}

    with pytest.raises(InvalidInput, match="another program"):
        connect(kubeconfig(tmp_path, "https://c", exec=program))


def test_a_client_certificate_that_is_none_is_refused_without_telling_it(tmp_path: Path) -> None:
    data = base64.b64encode(TOKEN.encode()).decode()
    user = {"client-certificate-data": data, "client-key-data": data}

    with pytest.raises(InvalidInput) as raised:
        connect(kubeconfig(tmp_path, "https://c", **user))

    assert TOKEN not in str(raised.value)
    assert data not in str(raised.value)


def test_what_is_applied_carries_kled_s_name_and_may_be_applied_twice(tmp_path: Path) -> None:
    cluster = Cluster()
    wanted = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {}},
    }

    with connected(cluster, tmp_path) as api:
        apply(api, wanted)
        apply(api, wanted)

        with pytest.raises(InvalidInput, match="Widget"):
            apply(api, {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {}})

    assert cluster.objects["deployments"]["web"]["spec"]["replicas"] == 2
    assert [asked[0] for asked in cluster.asked] == ["PATCH", "PATCH"]
