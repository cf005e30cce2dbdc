"""What of a plan makes keys that a cluster had: told from kops' own words and files."""

import pytest
import yaml

from kled.kops.preview import update_plan
from kled.kops.state_store.identity import (
    IdentityEvidence,
    has_machines,
    key_of,
    keyset_key,
    made,
    node_keysets,
    reissued,
    told_apart,
)
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from tests.unit.kops.replay import CAPTURES, capture

C = "demo.k8s.local"
CA = Change("create", "Keypair", "kubernetes-ca")
CILIUM = Change("create", "Keypair", "etcd-clients-ca-cilium")
ADMIN = Change("create", "Secret", "admin")
CILIUM_SECRET = Change("create", "Secret", "ciliumpassword")
CONTROL = f"control-plane-us-east-1a.masters.{C}"


def first_plan() -> Plan:
    return update_plan(C, capture("02b-update-cluster-preview-all-new").stdout)


def lost(change: Change, evidence: IdentityEvidence) -> str:
    return "; ".join(why for _, why in told_apart([change], evidence).lost)


def definition(cloud: object, *roles: str) -> Definition:
    groups = [
        {"metadata": {"name": f"{role.lower()}-a"}, "spec": {"role": role, "maxSize": 1}}
        for role in roles
    ]
    return Definition({"metadata": {"name": C}, "spec": {"cloudProvider": cloud}}, tuple(groups))


def test_the_first_plan_of_a_cluster_makes_its_eight_keysets_and_nine_secrets() -> None:
    names = [f"{one.kind}/{one.name}" for one in made(first_plan())]

    assert len(names) == 17
    assert {"Keypair/kubernetes-ca", "Secret/system:scheduler"} <= set(names)
    assert told_apart(made(first_plan()), IdentityEvidence()).lost == ()


def test_the_configuration_of_the_nodes_names_the_keysets_that_a_cluster_had() -> None:
    path = CAPTURES / "state-store-1cp-after-update/igconfig/control-plane/nodeupconfig.yaml"

    names = node_keysets(yaml.safe_load(path.read_text()))

    assert names == {one.name for one in made(first_plan()) if one.kind == "Keypair"}
    assert node_keysets({"CAs": {}}) == node_keysets(None) == frozenset()


def test_what_the_nodes_run_with_was_there_and_a_new_feature_was_not() -> None:
    """Fault 1."""
    evidence = IdentityEvidence(node_keysets=frozenset({"kubernetes-ca"}), lived="it ran")

    assert lost(CA, evidence) == "its machines run with it"
    assert lost(ADMIN, evidence) == "it ran"
    assert told_apart([CILIUM, CILIUM_SECRET], evidence).new == (CILIUM, CILIUM_SECRET)


def test_a_keyset_that_is_stored_and_proposed_all_the_same_is_not_a_new_one() -> None:
    """Fault 1: kops proposes it for a keyset without a primary key, too (kops#18680)."""
    evidence = IdentityEvidence(stored=frozenset({keyset_key("kubernetes-ca")}))

    assert lost(CA, evidence) == "the state store has it"


def test_what_a_snapshot_holds_was_there_whatever_it_is() -> None:
    evidence = IdentityEvidence(
        snapshot="S", kept=frozenset({key_of(CILIUM), key_of(CILIUM_SECRET)})
    )

    assert lost(CILIUM, evidence) == lost(CILIUM_SECRET, evidence) == "snapshot S has it"
    assert lost(CA, evidence) == ""


def test_a_cluster_that_lived_without_telling_its_keysets_had_those_of_every_cluster() -> None:
    evidence = IdentityEvidence(lived="its etcd was running")

    assert lost(CA, evidence) == "its etcd was running"
    assert lost(Change("create", "Keypair", "etcd-peers-ca-events"), evidence)
    assert lost(CILIUM, evidence) == ""


@pytest.mark.parametrize(
    ("cloud", "created", "there"),
    [
        ("aws", Change("create", "AutoscalingGroup", f"master-a.masters.{C}"), False),
        ("aws", Change("create", "AutoscalingGroup", f"node-a.{C}"), True),
        ("aws", Change("modify", "AutoscalingGroup", f"master-a.masters.{C}"), True),
        ({"hetzner": {}}, Change("create", "ServerGroup", "master-a"), False),
        ("hetzner", CA, True),
        ("metal", CA, False),  # kops makes no machines there: nothing is known
    ],
    ids=lambda one: getattr(one, "name", str(one)),
)
def test_a_control_plane_that_a_plan_does_not_make_is_there(
    cloud: object, created: Change, there: bool
) -> None:
    found = has_machines(Plan(C, (CA, created)), definition(cloud, "Master", "Node"))

    assert found is there


def test_a_definition_without_a_control_plane_tells_nothing() -> None:
    assert not has_machines(Plan(C, (CA,)), definition("aws", "Node"))


def test_the_whole_first_plan_makes_the_control_plane() -> None:
    groups = ({"metadata": {"name": "control-plane-us-east-1a"}, "spec": {"role": "Master"}},)
    stored = Definition({"spec": {"cloudProvider": "aws"}}, groups)

    assert not has_machines(first_plan(), stored)


def test_a_certificate_that_is_issued_anew_is_told_from_one_that_is_stored_otherwise() -> None:
    issuer = Change("modify", "Keypair", "x", {"Issuer": "cn=a -> cn=b"})
    form = Change("modify", "Keypair", "y", {"LegacyFormat": "true -> false"})

    assert reissued(Plan(C, (issuer, form))) == (issuer,)
