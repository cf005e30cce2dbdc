"""kops reads and writes where the definition says, also where another cluster lives.

Faults 2 and 30, cases 04: `spec.configBase`, `keyStore`, `secretStore` and `backupStore` elsewhere.
"""

from pathlib import Path
from typing import Any

import pytest

from kled.sandbox.store.keysets import SECRETS
from tests.sandbox.desk import Desk
from tests.sandbox.recorded import PUBLIC_KEY
from tests.sandbox.recordings import CAPTURES, differences

A, B = "a.example.com", "b.example.com"
DERIVED = {"cluster-completed.spec", "kops-version.txt"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "box")
    desk.create(B)
    return desk


def point(desk: Desk, name: str, **fields: Any) -> None:
    desk.edit(f"{name}/config", lambda document: document["spec"].update(fields))


def below(directory: Path) -> set[str]:
    found = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)) for path in found}


def keysets(names: set[str]) -> set[str]:
    return {name.split("/")[-2] for name in names if name.endswith("/keyset.yaml")}


def move_base(desk: Desk, name: str, place: Path) -> None:
    point(desk, name, configBase=str(place))
    desk.apply(name)


@pytest.mark.parametrize("inside", [True, False])
def test_all_but_the_definition_lands_below_the_base(
    desk: Desk, tmp_path: Path, *, inside: bool
) -> None:
    place = desk.state / "elsewhere" / "b" if inside else tmp_path / "another-store" / "b"
    move_base(desk, B, place)

    groups = {"control-plane-us-east-1a", "nodes-us-east-1a"}
    own = {"config", "clusteraddons/default", *(f"instancegroup/{group}" for group in groups)}
    assert below(desk.state / B) == own
    there = below(place)
    assert there >= DERIVED | {f"secrets/{name}" for name in SECRETS}
    assert "kubernetes-ca" in keysets(there)
    assert "backups/etcd/main/control/etcd-cluster-spec" in there
    assert "No changes" in desk.must("update", "cluster", f"--name={B}")


def test_every_verb_reads_where_the_definition_says(desk: Desk, tmp_path: Path) -> None:
    move_base(desk, B, tmp_path / "elsewhere")

    assert "kubernetes-ca" in desk.must("get", "keypairs", f"--name={B}")
    assert "admin" in desk.must("get", "secrets", f"--name={B}")
    assert "keyStore" in desk.must("get", "cluster", B, "--full", "-o=yaml")
    desk.must("create", "keypair", "kubernetes-ca", f"--name={B}")
    keyset = (tmp_path / "elsewhere/pki/private/kubernetes-ca/keyset.yaml").read_text()
    assert keyset.count("publicMaterial") == 2
    (tmp_path / "key.pub").write_text("ssh-ed25519 AAAA me\n")
    desk.must("create", "sshpublickey", B, f"-i={tmp_path}/key.pub")
    assert any(key.startswith("pki/ssh/public/admin/") for key in below(tmp_path / "elsewhere"))
    desk.must("delete", "secret", "kube", f"--name={B}")
    assert "secrets/kube" not in below(tmp_path / "elsewhere")
    assert not (desk.state / B / "pki").exists()


def test_moving_the_base_makes_a_new_authority(desk: Desk, tmp_path: Path) -> None:  # fault 2
    desk.apply(B)
    point(desk, B, configBase=str(tmp_path / "elsewhere"))

    assert "Keypair/kubernetes-ca" in desk.must("update", "cluster", f"--name={B}")
    assert desk.run("get", "keypairs", f"--name={B}").stderr.endswith("no keypairs found\n")


def test_keys_secrets_and_backups_have_places_of_their_own(desk: Desk, tmp_path: Path) -> None:
    main = {"backups": {"backupStore": f"{tmp_path}/backups/main"}}

    def change(document: dict[str, Any]) -> None:
        spec = document["spec"]
        spec["keyStore"], spec["secretStore"] = f"{tmp_path}/keys", f"file://{tmp_path}/secrets"
        next(etcd for etcd in spec["etcdClusters"] if etcd["name"] == "main").update(main)

    desk.edit(f"{B}/config", change)
    preview = desk.must("update", "cluster", f"--name={B}")
    desk.apply(B)

    assert "kubernetes-ca" in keysets(below(tmp_path / "keys"))
    assert below(tmp_path / "secrets") == set(SECRETS)
    assert below(tmp_path / "backups/main") == {"control/etcd-cluster-spec"}
    own = below(desk.state / B)
    assert "backups/etcd/events/control/etcd-cluster-spec" in own
    assert not any(key.startswith(("pki/", "secrets/", "backups/etcd/main")) for key in own)
    assert f"Base                \t{tmp_path}/backups/main" in preview

    desk.must("delete", "cluster", f"--name={B}", "--yes")

    assert below(tmp_path / "keys") | below(tmp_path / "secrets") | below(desk.state) == set()
    assert below(tmp_path / "backups/main") == {"control/etcd-cluster-spec"}


def test_deleting_leaves_the_definition_whose_base_lies_elsewhere(
    desk: Desk, tmp_path: Path
) -> None:
    move_base(desk, B, tmp_path / "elsewhere")

    desk.must("delete", "cluster", f"--name={B}", "--yes")

    assert below(tmp_path / "elsewhere") == set()
    assert "config" in below(desk.state / B)
    assert B in desk.must("get", "clusters")


def test_a_copied_definition_writes_over_the_other_cluster(desk: Desk) -> None:  # fault 2
    desk.create(A)
    desk.apply(A)
    before = below(desk.state / A)
    move_base(desk, B, desk.state / A)

    assert below(desk.state / A) == before
    assert below(desk.state / B).isdisjoint(DERIVED)
    assert f"clusterName: {B}" in (desk.state / A / "cluster-completed.spec").read_text()
    preview = desk.must("update", "cluster", f"--name={A}")
    assert "Keypair/" not in preview
    assert "ManagedFile/cluster-completed.spec" in preview.split("Will modify resources:")[1]


def test_deleting_the_copy_deletes_the_other_cluster_s_state(desk: Desk) -> None:  # fault 2
    desk.create(A)
    desk.apply(A)
    machines = desk.machines(A)
    move_base(desk, B, desk.state / A)

    desk.must("delete", "cluster", f"--name={B}", "--yes")

    assert below(desk.state / A) == set()
    assert desk.machines(A) == machines
    assert [row.split()[0] for row in desk.must("get", "clusters").splitlines()[1:]] == [B]


def test_a_base_that_holds_other_files_is_not_deleted(desk: Desk) -> None:
    move_base(desk, B, desk.state)

    done = desk.run("delete", "cluster", f"--name={B}", "--yes")

    assert done.returncode == 1
    assert "refusing to delete: unknown file found: " in done.stderr
    assert f"{B}/config" in below(desk.state)


def test_a_definition_that_names_no_base_has_it_beside_itself(desk: Desk) -> None:
    desk.edit(f"{B}/config", lambda document: document["spec"].pop("configBase"))
    desk.apply(B)

    assert below(desk.state / B) >= DERIVED
    assert f"configBase: {desk.state}/{B}" in desk.must("get", "cluster", B, "-o=yaml")


def tree(capture: str) -> set[str]:
    """The keys of the real state store after a recorded command."""
    return set((CAPTURES / capture / "tree").read_text().split())


def same(desk: Desk, *captures: str) -> None:
    for capture in captures:
        assert differences(desk.replay(capture), capture) == [], capture


def test_case_1_goes_as_recorded(desk: Desk) -> None:
    for name in (A, B):
        desk.run("delete", "cluster", f"--name={name}", "--unregister", "--yes")
        desk.create(name, "--node-count=1")
    desk.apply(A)
    move_base(desk, B, desk.state / "elsewhere" / "b")

    assert below(desk.state) == tree("N-ce-b-yes")
    same(desk, "N-ce-b-nochange", "N-ce-b-secrets", "N-ce-b-sshpublickeys")
    desk.must("delete", "cluster", f"--name={B}", "--yes")
    assert below(desk.state) == tree("N-ce-b-delyes")
    same(desk, "N-ce-b-getafter", "N-ce-b-delagain")
    assert below(desk.state) == tree("N-ce-b-delyes")


def test_case_2_goes_as_recorded(desk: Desk) -> None:
    c = "c.example.com"
    desk.create(A, "--node-count=1")
    desk.apply(A)
    desk.create(c, "--node-count=1")
    move_base(desk, c, desk.state / A)

    assert below(desk.state) == tree("N-ce-c-yes")
    desk.must("delete", "cluster", f"--name={c}", "--yes")
    assert below(desk.state) == tree("N-ce-c-delyes")
    same(desk, "N-ce-c-getafter", "N-ce-c-a-keypairs")


def test_stores_of_their_own_are_filled_and_emptied_as_recorded(desk: Desk) -> None:
    d, elsewhere = "d.example.com", desk.state / "elsewhere"
    desk.run("delete", "cluster", f"--name={B}", "--unregister", "--yes")
    desk.create(d, "--node-count=1")

    def change(document: dict[str, Any]) -> None:
        spec = document["spec"]
        spec["keyStore"], spec["secretStore"] = f"{elsewhere}/d-pki", f"{elsewhere}/d-secrets"
        main = next(etcd for etcd in spec["etcdClusters"] if etcd["name"] == "main")
        main["backups"] = {"backupStore": f"{elsewhere}/d-backups/main"}

    desk.edit(f"{d}/config", change)
    desk.apply(d)
    assert below(desk.state) == tree("N-ks-yes")
    (desk.directory / "home" / "id.pub").write_text(PUBLIC_KEY)
    same(desk, "N-ks-sshkey")
    assert below(desk.state) == tree("N-ks-sshkey")
    desk.must("delete", "cluster", f"--name={d}", "--yes")
    assert below(desk.state) == tree("N-ks-delyes")


def test_a_place_that_kops_does_not_know_is_refused_as_recorded(desk: Desk) -> None:
    desk.run("delete", "cluster", f"--name={B}", "--unregister", "--yes")
    desk.create("e.example.com", "--node-count=1")
    point(desk, "e.example.com", configBase="bananas://x/e")

    same(desk, "N-ks-f-prev", "N-ks-f-keypairs", "N-ks-f-get")
