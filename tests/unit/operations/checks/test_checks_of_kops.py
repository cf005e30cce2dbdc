"""The doctor holds kops against the clusters that it would drive. Fault 33."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kled.kops.state_store import identity
from kled.operations.checks.check import ok
from kled.operations.checks.clusters import driven_checks
from tests.unit.operations.replayed import session, store

if TYPE_CHECKING:
    from pathlib import Path

    from kled.operations.checks.check import Check

C = "demo.k8s.local"
LISTED = ("01-version", "10b-get-clusters-json")


def checked(tmp_path: Path, *captures: str) -> dict[str, Check]:
    checks, _ = driven_checks(session(tmp_path, *captures), ok("kops", "/bin/kops (PATH)"))
    return {one.name: one for one in checks}


def test_a_kops_that_fits_is_well(tmp_path: Path) -> None:
    store(tmp_path, f"{C}/config")
    store(tmp_path, f"{C}/kops-version.txt", text="1.36.2")

    found = checked(tmp_path, *LISTED)

    assert {one.state for one in found.values()} == {"ok"}
    assert found["kops for the clusters"].detail == "kops 1.36.2 serves 1 cluster"


@pytest.mark.parametrize("newer", ["1.36.3", "1.37.0", "1.37.0-alpha.1"])
def test_a_cluster_that_a_newer_kops_has_updated_is_named_with_the_way_on(
    tmp_path: Path, newer: str
) -> None:
    store(tmp_path, f"{C}/config")
    store(tmp_path, f"{C}/kops-version.txt", text=newer)

    found = checked(tmp_path, *LISTED)["kops for the clusters"]

    assert found.fails
    assert found.detail == f"{C} was last updated by kops {newer}, which is newer"
    assert found.hint == f"kled kops install --version={newer}"


@pytest.mark.parametrize("text", ["", "no version", "x" * 1000])
def test_a_version_that_is_none_says_nothing(tmp_path: Path, text: str) -> None:
    store(tmp_path, f"{C}/config")
    store(tmp_path, f"{C}/kops-version.txt", text=text)

    assert checked(tmp_path, *LISTED)["kops for the clusters"].state == "ok"


def test_clusters_that_are_not_known_are_not_held_against_anything(tmp_path: Path) -> None:
    found = checked(tmp_path, "01-version", "E04-unreachable-endpoint-s3")

    assert found["clusters"].fails
    assert found["kops for the clusters"].state == "not tried"


def test_a_kops_that_does_not_work_tries_nothing(tmp_path: Path) -> None:
    found = checked(tmp_path, "E01-no-state-store")

    assert found["kops"].fails
    assert (found["clusters"].state, found["kops for the clusters"].state) == (
        "not tried",
        "not tried",
    )


@pytest.mark.parametrize(("role", "group"), [("node", "nodes"), ("control-plane", "control-plane")])
def test_a_group_whose_machines_run_without_a_definition_is_wrong(
    tmp_path: Path, role: str, group: str
) -> None:
    """kops forgets it: nothing else tells a person that the file was lost."""
    store(tmp_path, f"{C}/config")
    store(tmp_path, f"{C}/igconfig/{role}/{group}-us-east-1a/nodeupconfig.yaml")
    store(tmp_path, f"{C}/igconfig/node/deleted/nodeupconfig.yaml")

    found = checked(tmp_path, *LISTED, "07-delete-preview")["clusters"]

    assert found.fails
    assert f"LOST: the state store of {C} has no definition of {group}-us-east-1a," in found.detail
    assert "deleted" not in found.detail


@pytest.mark.parametrize("part", ["pki", "secrets"])
def test_an_applied_cluster_whose_keys_or_secrets_are_gone_is_wrong(
    tmp_path: Path, part: str
) -> None:
    """It was green until somebody planned a change."""
    store(tmp_path, f"{C}/config")
    node = f"{C}/igconfig/control-plane/control-plane-us-east-1a/nodeupconfig.yaml"
    store(tmp_path, node, text="KeypairIDs: {kubernetes-ca: '1'}\n")
    store(tmp_path, f"{C}/instancegroup/control-plane-us-east-1a")
    if part == "pki":
        store(tmp_path, *(f"{C}/secrets/{name}" for name in identity.SECRETS_OF_ALL))
    else:
        store(tmp_path, f"{C}/pki/private/kubernetes-ca/keyset.yaml")

    found = checked(tmp_path, *LISTED)["clusters"]

    assert found.fails
    assert f'cluster "{C}" lives by ' in found.detail
    assert "no snapshot is known to have them" in found.hint
