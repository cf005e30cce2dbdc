"""Doctor asks the clusters' own APIs, where a kubeconfig is there."""

import socket
from collections.abc import Iterable
from pathlib import Path

import pytest

from kled.errors import ApiUnreachable
from kled.kubernetes.refusals import addresses, unreachable
from kled.models.cluster import Cluster as Listed
from kled.operations.checks.cluster_apis import cluster_api_checks
from kled.operations.health.cluster_api import explain_placeholder
from tests.unit.kubernetes.cluster import Cluster, kubeconfig, serving

LISTED = [Listed(name, "aws", (), "1.36.0") for name in ("a.example.com", "b.example.com")]
PLACEHOLDER = "203.0.113.123"


def places(root: Path) -> "dict[str, Path]":
    return {one.name: root / one.name / "kubeconfig" for one in LISTED}


def checked(root: Path) -> list[tuple[str, str, str]]:
    def where(name: str) -> Iterable[Path]:
        return root / "nowhere", places(root)[name]

    return [(one.name, one.state, one.detail) for one in cluster_api_checks(LISTED, where)]


def test_one_that_answers_is_well_and_those_without_a_kubeconfig_are_left_out(
    tmp_path: Path,
) -> None:
    cluster = Cluster()
    cluster.node("n1")
    cluster.node("n2")
    (tmp_path / "a.example.com").mkdir()
    with serving(cluster) as server:
        kubeconfig(tmp_path / "a.example.com", server)
        found = checked(tmp_path)

    assert found == [("API of a.example.com", "ok", "it answers, and has nodes")]
    assert len(cluster.asked) == 1


def test_without_a_kubeconfig_nothing_is_tried(tmp_path: Path) -> None:
    ((name, state, _),) = checked(tmp_path)

    assert (name, state) == ("cluster APIs", "not tried")


def test_credentials_that_expired_are_worth_a_look_alone(tmp_path: Path) -> None:
    cluster = Cluster()
    (tmp_path / "a.example.com").mkdir()
    with serving(cluster) as server:
        kubeconfig(tmp_path / "a.example.com", server, token="expired")
        found = checked(tmp_path)

    assert found[0][1] == "found"


def test_one_that_does_not_answer_is_wrong_and_the_others_are_asked(tmp_path: Path) -> None:
    for one in LISTED:
        (tmp_path / one.name).mkdir()
    with socket.socket() as taken, serving(Cluster()) as server:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        kubeconfig(tmp_path / "a.example.com", f"https://127.0.0.1:{taken.getsockname()[1]}")
        kubeconfig(tmp_path / "b.example.com", server)
        found = checked(tmp_path)

    assert [state for _, state, _ in found] == ["wrong", "ok"]


def test_a_file_that_is_no_kubeconfig_is_not_tried(tmp_path: Path) -> None:
    (tmp_path / "a.example.com").mkdir()
    (tmp_path / "a.example.com" / "kubeconfig").write_text("{")

    assert checked(tmp_path)[0][1] == "not tried"


@pytest.mark.parametrize("address", [PLACEHOLDER, "fd00:dead:add::"])
def test_a_name_that_has_kops_placeholder_is_called_that(address: str) -> None:
    with pytest.raises(ApiUnreachable) as raised, explain_placeholder():
        raise unreachable(
            TimeoutError("timed out"), "https://api.a.example.com:443", lambda _host: [address]
        )

    assert raised.value.message.endswith(f"timed out; api.a.example.com is {address}")
    assert f"{address} is the placeholder that kops puts into DNS" in str(raised.value.hint)


def test_any_other_address_is_named_and_explained_by_nothing() -> None:
    with pytest.raises(ApiUnreachable) as raised, explain_placeholder():
        raise unreachable(
            TimeoutError("x"), "https://api.a.example.com", lambda _: ["203.0.113.12"]
        )

    assert "203.0.113.12" in raised.value.message
    assert "placeholder" not in str(raised.value.hint)


@pytest.mark.parametrize("host", ["", "127.0.0.1", "localhost", "a" * 70, "x..y"])
def test_what_a_name_stands_for_is_looked_up_and_nothing_is_raised(host: str) -> None:
    assert all(isinstance(one, str) for one in addresses(host))
