"""`--set` takes the names of kops' internal objects, not those of `-o yaml` (faults 66 and 78)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kled.kops.fields import internal_names, known_fields
from kled.kops.fields.known_fields import Kind
from kled.sandbox.definition import internal_fields, schema
from tests.sandbox.desk import Desk
from tests.sandbox.recorded import CAPTURES
from tests.sandbox.recordings import differences

C, GROUP = "prod-2", "nodes-us-east-1a"
NOT_CHECKED = frozenset(
    {
        # what kops checks of values: user data, a group that had a warm pool, ranges of networks
        "T-set-spec_additionalUserData_",
        "T-set-spec_maxPrice_0_05",
        "T-setc-spec_networking_networkCIDR_10_0_0_0_16",
    }
)
RECORDED = sorted(path.name for path in CAPTURES.glob("T-set*"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "box")
    desk.create(C, "--node-count=1")
    return desk


def edited(desk: Desk, *words: str) -> dict[str, Any]:
    """Edit the nodes' group and return its stored spec."""
    desk.must("edit", "ig", GROUP, f"--name={C}", *words)
    return spec(desk, f"instancegroup/{GROUP}")


def edited_cluster(desk: Desk, *words: str) -> dict[str, Any]:
    desk.must("edit", "cluster", f"--name={C}", *words)
    return spec(desk, "config")


def spec(desk: Desk, key: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((desk.state / C / key).read_text())["spec"]
    return found


@pytest.mark.parametrize("capture", [name for name in RECORDED if name not in NOT_CHECKED])
def test_kops_takes_and_refuses_the_names_that_were_recorded(desk: Desk, capture: str) -> None:
    assert differences(desk.replay(capture), capture) == []


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("spec.rootVolume.size=61", "rootVolumeSize", 61),
        ("spec.rootVolume.type=gp2", "rootVolumeType", "gp2"),
        ("spec.associatePublicIP=false", "associatePublicIp", False),
        ("spec.kubelet.clientCAFile=/x", "kubelet", {"clientCaFile": "/x"}),
        ("instancegroup.spec.maxSize=3", "maxSize", 3),
        ("spec/maxSize=3", "maxSize", 3),
        ("spec.cloudLabels=a=b", "cloudLabels", {"a": "b"}),
    ],
)
def test_a_group_s_field_is_stored_under_its_other_name(
    desk: Desk, setting: str, field: str, value: object
) -> None:
    assert edited(desk, f"--set={setting}")[field] == value


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("spec.api.publicName=x.example.com", "masterPublicName", "x.example.com"),
        ("spec.masterPublicName=x.example.com", "masterPublicName", "x.example.com"),
        ("spec.configStore.keypairs=s3://k", "keyStore", "s3://k"),
        ("spec.controlPlaneKubelet.maxPods=90", "masterKubelet", {"maxPods": 90}),
        ("spec.networking.networkID=vpc-1", "networkID", "vpc-1"),
        ("spec.externalDNS.provider=x", "externalDns", {"provider": "x"}),
        ("spec.networking.isolateControlPlane=true", "isolateMasters", True),
        ("spec.networking.tagSubnets=false", "DisableSubnetTags", True),
        (
            "spec.cloudProvider.aws.nodeTerminationHandler.enabled=false",
            "nodeTerminationHandler",
            {"enabled": False},
        ),
    ],
)
def test_a_cluster_s_field_is_stored_under_its_other_name(
    desk: Desk, setting: str, field: str, value: object
) -> None:
    assert edited_cluster(desk, f"--set={setting}")[field] == value


def test_every_field_is_stored_where_kops_own_code_was_seen_to_store_it() -> None:
    wrong = []
    for line in (CAPTURES / "field-names" / "differing.txt").read_text().splitlines():
        if line.startswith("#") or line.endswith(" -"):
            continue
        kind, inner, name = line.split()
        where = internal_fields.to_stored(
            kind, tuple("0" if part == "*" else part for part in inner.split("."))
        )
        negated = internal_fields.is_negated(kind, where)
        wanted = tuple("0" if part == "*" else part for part in name.removeprefix("!").split("."))
        if (where, negated) != (wanted, name.startswith("!")):
            wrong.append(inner)

    assert wrong == []


def test_a_hook_is_negated_in_a_cluster_alone(desk: Desk) -> None:
    assert edited_cluster(desk, "--set=spec.hooks[0].enabled=true")["hooks"] == [
        {"disabled": False}
    ]
    assert edited(desk, "--set=spec.hooks[0].enabled=true")["hooks"] == [{"disabled": True}]


def test_claims_are_stored_in_the_form_of_the_api_server_s_flags(desk: Desk) -> None:
    oidc = "spec.authentication.oidc"
    stored = edited_cluster(
        desk,
        f"--set={oidc}.groupsClaims=a",
        f"--set={oidc}.groupsClaims=b",
        f"--set={oidc}.requiredClaims=k=2",
        f"--set={oidc}.requiredClaims=j=1",
        f"--set={oidc}.requiredClaims=k=3",
    )["kubeAPIServer"]

    assert stored["oidcGroupsClaim"] == "a,b"
    assert stored["oidcRequiredClaim"] == ["j=1", "k=3"]


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ("spec.networking.cilium.clusterID=4", "uint8"),
        ("spec.certManager.featureGates=a=true", "map[string]bool"),
    ],
)
def test_what_kops_cannot_set_is_refused(desk: Desk, setting: str, kind: str) -> None:
    done = desk.run("edit", "cluster", f"--name={C}", f"--set={setting}")

    name = setting.partition("=")[0]
    assert f'cannot set field "{name}": unhandled type "{kind}"' in done.stderr


def test_nested_names_differ_too(desk: Desk) -> None:
    one = edited_cluster(desk, "--set=spec.etcdClusters[0].etcdMembers[0].volumeIOPS=4000")
    assert one["etcdClusters"][0]["etcdMembers"][0]["volumeIops"] == 4000
    every = edited_cluster(desk, "--set=spec.etcdClusters[*].version=3.6.6")
    assert [etcd["version"] for etcd in every["etcdClusters"]] == ["3.6.6", "3.6.6"]
    subnet = edited_cluster(desk, "--set=spec.networking.subnets[0].type=Private")
    assert subnet["subnets"][0]["type"] == "Private"
    masquerade = edited_cluster(desk, "--set=spec.networking.cilium.masquerade=false")
    assert masquerade["networking"]["cilium"]["disableMasquerade"] is True


@pytest.mark.parametrize(
    "path",
    [
        "spec.rootVolumeEncryption",
        "spec.associatePublicIp",
        "spec.kubelet.clientCaFile",
        "spec.nodeLabels.a",
        "spec.maxSize[0]",
    ],
)
def test_the_stored_names_are_refused(desk: Desk, path: str) -> None:
    done = desk.run("edit", "ig", GROUP, f"--name={C}", f"--set={path}=x")

    assert done.returncode == 1
    assert done.stderr.endswith(f"Error: field {path} not found in *InstanceGroup\n")


def test_unset_takes_the_same_names(desk: Desk) -> None:
    edited(desk, "--set=spec.rootVolume.size=61", "--set=spec.rootVolume.type=gp2")

    assert "rootVolumeType" in edited(desk, "--unset=spec.rootVolume.size")
    assert "rootVolumeType" not in edited(desk, "--unset=spec.rootVolume")
    assert "nodeLabels" not in edited(desk, "--unset=spec.nodeLabels")
    assert "sshAccess" not in edited_cluster(desk, "--unset=spec.sshAccess")
    refused = desk.run("edit", "ig", GROUP, f"--name={C}", "--unset=spec.rootVolumeSize")
    assert "field spec.rootVolumeSize not found in *InstanceGroup" in refused.stderr


@pytest.mark.parametrize("kind", ["Cluster", "InstanceGroup"])
def test_every_name_that_kled_gives_to_kops_is_one_that_kops_has(kind: Kind) -> None:
    """Two readings of the source, made apart: what kled translates to, the sandbox knows."""
    apart = {"spec.externalDns.disable", "spec.cloudProvider"}
    """Set in another way (`kled.kops.fields.flags`)."""
    unknown = []
    for path in known_fields._everywhere(kind):
        field = known_fields.field_of(kind, known_fields.spelled(path))
        leaf = not known_fields.fields_of(field.kind.removeprefix("[]")) and field.kind != "any"
        if path[:1] != ("spec",) or field.dropped or not field.settable or not leaf:
            continue
        inner = internal_names.internal(kind, path)[0]
        if known_fields.spelled(path) not in apart and not is_internal(kind, inner):
            unknown.append(known_fields.spelled(inner))

    assert unknown == []


def is_internal(kind: str, path: tuple[str, ...]) -> bool:
    """Whether kops' internal types, as the sandbox holds them, have a field at `path`."""
    known = schema.fields({"kind": kind})
    of = ""
    for part in path:
        if part == "*":
            if not of.startswith("[]"):
                return False
            of = of[2:]
        elif part in known:
            of = known[part]
        else:
            return False
        known = schema.internal_types().get(of, {})
    return True


@pytest.mark.parametrize(
    ("setting", "field", "stored"),
    [
        ("spec.maxSize=4294967297", "maxSize", 1),
        ("spec.rootVolume.size=99999999999", "rootVolumeSize", 1215752191),
        ("spec.minSize=2147483648", "minSize", -2147483648),
        ("spec.autoscalePriority=65537", "autoscalePriority", 1),
        ("spec.kubelet.maxPods=+007", "kubelet", {"maxPods": 7}),
    ],
)
def test_a_number_is_cut_to_the_bits_of_its_field(
    desk: Desk, setting: str, field: str, stored: object
) -> None:
    """`int32(v)` of what Atoi reads (util/pkg/reflectutils/access.go); all of it can be read."""
    assert edited(desk, f"--set={setting}")[field] == stored
    desk.must("get", "ig", f"--name={C}")


def test_a_number_of_a_cluster_is_cut_likewise_and_one_that_may_be_a_text_is_one(
    desk: Desk,
) -> None:
    days = "spec.etcdClusters[0].manager.backupRetentionDays"
    etcd = edited_cluster(desk, f"--set={days}=-1")["etcdClusters"][0]
    assert etcd["manager"]["backupRetentionDays"] == 4294967295

    surge = "--set=spec.rollingUpdate.maxSurge=4294967297"
    done = desk.run("edit", "cluster", f"--name={C}", surge)
    assert "string is not a percentage" in done.stderr  # intstr.Parse


@pytest.mark.parametrize("value", ["99999999999999999999", "1" * 5000, "", " 5", "1_0", "٣"])
def test_what_is_no_number_of_64_bits_is_refused_and_nothing_is_stored(
    desk: Desk, value: str
) -> None:
    before = spec(desk, f"instancegroup/{GROUP}")

    done = desk.run("edit", "ig", GROUP, f"--name={C}", f"--set=spec.maxSize={value}")

    assert done.returncode == 1
    told = f'cannot set field "spec.maxSize": cannot interpret "{value}" value as integer'
    assert done.stderr.endswith(f"Error: {told}\n")
    assert spec(desk, f"instancegroup/{GROUP}") == before


def test_a_count_beyond_32_bits_is_no_flag_of_a_new_cluster(desk: Desk) -> None:
    done = desk.run("create", "cluster", "big.example.com", "--node-count=3000000000")

    assert done.returncode == 1
    assert (
        'invalid argument "3000000000" for "--node-count" flag: strconv.ParseInt: parsing'
        ' "3000000000": value out of range'
    ) in done.stderr
    assert not (desk.state / "big.example.com").exists()
