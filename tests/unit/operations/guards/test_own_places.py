"""Where a cluster keeps its state no other cluster lives. Fault 2, case 04."""

from pathlib import Path

import pytest

from kled.errors import NotApproved
from kled.operations.credentials.secrets import CreateSecret, DeleteSecret
from kled.operations.guards import own_places
from kled.operations.guards.taken_snapshot import take_snapshot
from kled.operations.step import attempt
from kled.snapshot.verify.verify import CONTENTS, verify
from tests.sites import session_at

A, B = "a.example.com", "b.example.com"
API = "apiVersion: kops.k8s.io/v1alpha2\n"
GROUP = f"{API}kind: InstanceGroup\nmetadata: {{name: nodes}}\nspec: {{role: Node}}\n".encode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "snapshots").mkdir()
    for name in (A, B):
        put(tmp_path, name, f"configBase: {tmp_path}/state/{name}")
    return tmp_path


def put(root: Path, name: str, *fields: str) -> None:
    spec = "".join(f"  {one}\n" for one in fields)
    folder = root / "state" / name
    (folder / "instancegroup").mkdir(parents=True, exist_ok=True)
    text = f"{API}kind: Cluster\nmetadata:\n  name: {name}\nspec:\n  cloudProvider: aws\n{spec}"
    (folder / "config").write_text(text)
    (folder / "instancegroup" / "nodes").write_bytes(GROUP)


def test_clusters_that_keep_to_their_own_part_are_let_through(root: Path) -> None:
    assert own_places.require(session_at(root), B) == own_places.NOTHING
    assert own_places.require(session_at(root), B, deletes=True) == own_places.NOTHING
    assert own_places.require(session_at(root), "absent") == own_places.NOTHING


@pytest.mark.parametrize(
    "field",
    [
        "configBase: {state}/a.example.com",
        "keyStore: {state}/a.example.com/pki",
        "secretStore: {state}/a.example.com/secrets/",
        "secretStore: {state}",  # all clusters are below it, and kops deletes all below it
        "etcdClusters: [{{name: main, backups: {{backupStore: {state}/a.example.com/b}}}}]",
    ],
)
@pytest.mark.parametrize("deletes", [False, True])
def test_a_place_of_another_cluster_stops_updates_and_deletions(
    root: Path, field: str, deletes: bool
) -> None:
    put(root, B, field.format(state=f"{root}/state"))

    with pytest.raises(NotApproved) as caught:
        own_places.require(session_at(root), B, deletes=deletes)

    assert A in caught.value.message
    assert f"mend spec.{field.partition(':')[0]}" in str(caught.value.hint)
    assert "no-snapshot" not in str(caught.value.hint)


@pytest.mark.parametrize(
    "operation", [CreateSecret(B, "dockerconfig", Path("f"), force=True), DeleteSecret(B, "admin")]
)
def test_no_secret_of_another_cluster_is_replaced_or_deleted(
    root: Path, operation: CreateSecret | DeleteSecret
) -> None:
    """Fault 2, another member: a copied definition's secrets are the other cluster's."""
    put(root, B, f"configBase: {root}/state/{A}")

    with pytest.raises(NotApproved, match=f'cluster "{A}"'):
        for step in operation.steps():
            attempt(step, session_at(root))


def test_a_deletion_is_stopped_by_who_lives_within_what_it_deletes(root: Path) -> None:
    put(root, B, f"configBase: {root}/state/{A}")

    assert own_places.require(session_at(root), A) == own_places.NOTHING
    with pytest.raises(NotApproved) as caught:
        own_places.require(session_at(root), A, deletes=True)

    assert f'cluster "{B}"' in caught.value.message
    mend = f"kled kops edit-cluster --name={B} --state="
    assert mend in str(caught.value.hint)


def test_two_clusters_do_not_publish_their_issuers_in_one_place(root: Path) -> None:
    """kops keeps one file there, and deletes it with either cluster."""
    discovery = "serviceAccountIssuerDiscovery: {discoveryStore: s3://public/oidc}"
    for name in (A, B):
        put(root, name, discovery)

    with pytest.raises(NotApproved) as caught:
        own_places.require(session_at(root), B)

    assert "discoveryStore" in caught.value.message


def test_a_cluster_of_a_state_store_that_nobody_named_is_found_by_its_object(root: Path) -> None:
    other = root / "other-store" / "x.example.com"
    other.mkdir(parents=True)
    (other / "config").write_text("kind: Cluster\nmetadata: {name: x.example.com}\n")
    for field in (f"configBase: {other}", f"keyStore: {other}/pki"):
        put(root, B, field)
        for deletes in (False, True):
            with pytest.raises(NotApproved) as caught:
                own_places.require(session_at(root), B, deletes=deletes)
            assert 'cluster "x.example.com"' in caught.value.message


def test_a_place_that_cannot_be_asked_stops_a_deletion_alone(root: Path) -> None:
    put(root, B, "keyStore: vault://secret/b")

    assert "vault://secret/b" in own_places.require(session_at(root), B)
    with pytest.raises(NotApproved) as caught:
        own_places.require(session_at(root), B, deletes=True)

    assert "cannot be asked" in caught.value.message


def test_a_place_where_nobody_lives_is_said_and_no_snapshot_passes_for_whole(root: Path) -> None:
    put(root, B, f"configBase: {root}/elsewhere/b")

    assert f"spec.configBase is elsewhere, at {root}/elsewhere/b" in own_places.require(
        session_at(root), B
    )
    result = take_snapshot(session_at(root), B)
    assert result is not None
    assert result.level == 0
    (finding,) = result.findings
    assert finding.startswith(f"spec.configBase names {root}/elsewhere/b, which is not copied")
    kept = session_at(root).snapshot_store
    (ref,) = kept.list(B)
    report = verify(kept, ref, level=CONTENTS, by="test")
    assert not report.trustworthy
    assert finding in report.findings
