"""`--set` and `--unset` take the names that `-o yaml` shows (fault 66)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kled.errors import InvalidInput
from kled.kops.fields import internal_names, known_fields
from kled.kops.fields.flags import flags_for
from kled.models.spec import ClusterSpec
from tests.unit.kops.replay import CAPTURES, Replay, capture

if TYPE_CHECKING:
    from pathlib import Path

    from kled.kops.fields.known_fields import Kind

RECORDED: list[tuple[Kind, str, str]] = [
    tuple(line.split())  # type: ignore[misc]
    for line in (CAPTURES / "field-names" / "differing.txt").read_text().splitlines()
    if not line.startswith("#") and not line.endswith(" -")
]
GROUP: dict[str, Any] = {
    "metadata": {"name": "nodes", "labels": {"kops.k8s.io/cluster": "c"}},
    "spec": {
        "machineType": "t3.medium",
        "nodeLabels": {"node-role.kubernetes.io/spot": "true", "team": "a,b"},
        "rootVolumeSize": 40,
        "taints": ["a=b:NoSchedule"],
    },
}
CLUSTER: dict[str, Any] = {
    "spec": {
        "additionalPolicies": {"master": "[]", "node": "[1]"},
        "api": {"loadBalancer": {"type": "Public"}},
        "cloudProvider": "aws",
        "kubeAPIServer": {"oidcGroupsClaim": "a", "logLevel": 2},
        "kubernetesApiAccess": ["0.0.0.0/0"],
        "networkCIDR": "172.20.0.0/16",
        "networking": {"cilium": {"enableNodePort": True}},
    }
}


def set_(kind: Kind, *sets: str) -> list[str]:
    flags = flags_for(kind, sets, (), GROUP if kind == "InstanceGroup" else CLUSTER)
    assert flags.unsets == []
    return flags.sets


def refused(kind: Kind, *sets: str, unsets: tuple[str, ...] = (), **more: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        flags_for(kind, sets, unsets, GROUP if kind == "InstanceGroup" else CLUSTER, **more)
    assert caught.value.field == ("--set" if sets else "--unset")
    return caught.value


def test_every_name_is_translated_as_kops_own_code_was_seen_to_do() -> None:
    wrong = []
    for kind, internal, stored in RECORDED:
        name = stored.removeprefix("!")
        field = known_fields.field_of(kind, name.replace(".*", "[0]"))
        wanted = tuple("0" if part == "*" else part for part in internal.split("."))
        if internal_names.internal(kind, field.path) != (wanted, stored.startswith("!")):
            wrong.append(name)
        if internal_names.stored(kind, wanted) != field.path:
            wrong.append(internal)

    assert len(RECORDED) > 250
    assert wrong == []


@pytest.mark.parametrize(
    ("setting", "flag"),
    [
        ("spec.rootVolumeSize=60", "spec.rootVolume.size=60"),
        ("spec.rootVolumeType=gp2", "spec.rootVolume.type=gp2"),
        ("instancegroup.spec/maxSize=3", "spec.maxSize=3"),
        ("spec.machineType=t3.large", "spec.machineType=t3.large"),
        ("spec.minSize=0", "spec.minSize=0"),
        ("spec.associatePublicIp=false", "spec.associatePublicIP=false"),
        ("spec.kubelet.clientCaFile=/x", "spec.kubelet.clientCAFile=/x"),
        ("spec.nodeLabels.team=core", "spec.nodeLabels=team=core"),
        ("spec.nodeLabels.a-b.io/c.d=x=y", "spec.nodeLabels=a-b.io/c.d=x=y"),
        ("spec.nodeLabels[a-b.io/c.d]=", "spec.nodeLabels=a-b.io/c.d="),
        ('spec.cloudLabels["kubernetes.io/x y"]=1,2', "spec.cloudLabels=kubernetes.io/x y=1,2"),
        ("spec.cloudLabels=a=b", "spec.cloudLabels=a=b"),
        ("metadata.labels.a.b/c=d", "metadata.labels=a.b/c=d"),
        ("spec.hooks[0].disabled=true", "spec.hooks[0].enabled=true"),
        ("spec.hooks[0].roles=Node,Master", "spec.hooks[0].roles=Node,ControlPlane"),
        ("spec.externalLoadBalancers[0].targetGroupArn=x",
         "spec.externalLoadBalancers[0].targetGroupARN=x"),
    ],
)  # fmt: skip
def test_a_group_s_fields_go_to_kops_by_its_own_names(setting: str, flag: str) -> None:
    assert set_("InstanceGroup", setting) == [flag]


@pytest.mark.parametrize(
    ("setting", "flag"),
    [
        ("spec.kubernetesApiAccess=10.0.0.0/8,::/0", "spec.api.access=10.0.0.0/8,::/0"),
        ("spec.sshAccess=10.0.0.0/8", "spec.sshAccess=10.0.0.0/8"),
        ("spec.api.loadBalancer.type=Internal", "spec.api.loadBalancer.type=Internal"),
        ("spec.masterPublicName=a.b", "spec.api.publicName=a.b"),
        ("spec.etcdClusters[0].etcdMembers[1].volumeIops=9",
         "spec.etcdClusters[0].etcdMembers[1].volumeIOPS=9"),
        ("spec.etcdClusters[*].version=3.6.6", "spec.etcdClusters[*].version=3.6.6"),
        ("spec.subnets[0].cidr=10.0.0.0/24", "spec.networking.subnets[0].cidr=10.0.0.0/24"),
        ("spec.networking.calico=", "spec.networking.calico="),
        ("spec.networking.amazonvpc.imageName=x", "spec.networking.amazonVPC.image=x"),
        ("spec.networking.cilium.disableMasquerade=1", "spec.networking.cilium.masquerade=false"),
        ("spec.DisableSubnetTags=0", "spec.networking.tagSubnets=true"),
        ("spec.DisableSubnetTags=maybe", "spec.networking.tagSubnets=maybe"),
        ("spec.hooks[0].disabled=true", "spec.hooks[0].enabled=false"),
        ("spec.topology.dns.type=None", "spec.networking.topology.dns=None"),
        ("spec.additionalPolicies.master=[]", "spec.additionalPolicies=control-plane=[]"),
        ("spec.cloudConfig.elbSecurityGroup=sg", "spec.cloudProvider.aws.elbSecurityGroup=sg"),
        ("spec.externalDns.disable=true", "spec.externalDNS.provider=none"),
        ("spec.kubeAPIServer.oidcIssuerURL=https://x", "spec.authentication.oidc.issuerURL=https://x"),
        ("spec.kubeAPIServer.env=A=b", "spec.kubeAPIServer.env=A=b"),
    ],
)  # fmt: skip
def test_a_cluster_s_fields_go_to_kops_by_its_own_names(setting: str, flag: str) -> None:
    assert set_("Cluster", setting) == [flag]


def test_what_kops_keeps_in_another_form_is_set_in_that_form() -> None:
    flags = flags_for("Cluster", ["spec.kubeAPIServer.oidcGroupsClaim=b,c"], (), CLUSTER)
    claims = "spec.authentication.oidc.groupsClaims"
    assert (flags.unsets, flags.sets) == ([claims], [f"{claims}=b,c"])
    inner = "spec.authentication.oidc.requiredClaims"
    assert set_("Cluster", "spec.kubeAPIServer.oidcRequiredClaim=a=1,b=2") == [
        f"{inner}=a=1",
        f"{inner}=b=2",
    ]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("spec.rootVolumeSiez", "spec.rootVolumeSize"),
        ("rootVolumeSize", "spec.rootVolumeSize"),
        ("minSize", "spec.minSize"),
        ("spec.minsize", "spec.minSize"),
        ("spec.kubelet.maxpods", "spec.kubelet.maxPods"),
        ("spec.nodeLabel.a", "spec.nodeLabels"),
        ("spec.nodeLabels.", "spec.nodeLabels.KEY"),
        ("min", "spec.minSize (--min)"),  # as get-instance-groups shows it
        ("spec.max", "spec.maxSize (--max)"),
        ("node_labels.a", "spec.nodeLabels.a"),
        ("spec.machine_type", "spec.machineType"),
        ("max-size", "spec.maxSize (--max)"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_right_one(name: str, nearest: str) -> None:
    for error in (refused("InstanceGroup", f"{name}=1"), refused("InstanceGroup", unsets=(name,))):
        assert name.removesuffix(".a") in error.message
        assert f"did you mean {nearest}" in str(error.hint)
        assert "nothing was changed" in str(error.hint)


@pytest.mark.parametrize("name", ["kubernetes_version", "spec.kubernetesversion"])
def test_the_short_names_of_get_clusters_lead_to_the_definitions(name: str) -> None:
    assert "did you mean spec.kubernetesVersion?" in str(refused("Cluster", f"{name}=1").hint)


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("spec.etcdClusters[main].version", "spec.etcdClusters[0].version"),
        ("spec.etcdClusters[events].version", "spec.etcdClusters[1].version"),
        ('spec.etcdClusters["events"].version', "spec.etcdClusters[1].version"),
        ("spec.etcdClusters.events.version", "spec.etcdClusters[1].version"),
        ("spec.etcdClusters.version", "spec.etcdClusters[0].version"),
        ("spec.etcdClusters[nosuch].version", "spec.etcdClusters[0].version"),
        ("spec.subnets[us-east-1b].cidr", "spec.subnets[1].cidr"),
        ("spec.etcdClusters[main", "spec.etcdClusters[0]"),
        ("spec.etcdClusters[]", "spec.etcdClusters[0]"),
    ],
)
def test_an_element_of_a_list_is_named_by_its_number_which_the_hint_says(
    typed: str, right: str
) -> None:
    spec = {
        "etcdClusters": [{"name": "main"}, {"name": "events"}],
        "subnets": [{"name": "us-east-1a"}, {"name": "us-east-1b"}],
    }

    with pytest.raises(InvalidInput, match="is a list, whose elements are numbered") as caught:
        flags_for("Cluster", [f"{typed}=1"], (), {"spec": spec})

    assert f"write {right}, or" in str(caught.value.hint)
    assert "[1] is " in str(caught.value.hint)
    known_fields.field_of("Cluster", right)  # it can be typed


def test_an_element_is_explained_where_nothing_is_stored_yet() -> None:
    error = refused("InstanceGroup", "spec.volumes.size=1")

    assert str(error.hint).startswith("write spec.volumes[0].size, or spec.volumes[*].size")


def test_a_version_of_kubernetes_is_stored_without_its_v() -> None:
    """kops stores what it is given, and then looks for images of version `vv1.36.2`."""
    assert set_("Cluster", "spec.kubernetesVersion=v1.36.2") == ["spec.kubernetesVersion=1.36.2"]
    url = "spec.kubernetesVersion=https://dl.example.com/release/v1.36.2"
    assert set_("Cluster", url) == [url]


@pytest.mark.parametrize(
    "name", ["", "spec.what", "spec", "?", "spec.maxSize[0]", "spec.maxSize.x"]
)
def test_what_resembles_nothing_is_refused_all_the_same(name: str) -> None:
    refused("InstanceGroup", f"{name}=1")


@pytest.mark.parametrize(
    ("kind", "internal", "stored"),
    [
        ("InstanceGroup", "spec.rootVolume.size", "spec.rootVolumeSize"),
        ("InstanceGroup", "instancegroup.spec/rootVolume/type", "spec.rootVolumeType"),
        ("Cluster", "spec.api.access", "spec.kubernetesApiAccess"),
        ("Cluster", "spec.networking.subnets[0].cidr", "spec.subnets[0].cidr"),
        ("Cluster", "spec.networking.topology.dns", "spec.topology.dns.type"),
        ("Cluster", "spec.controlPlaneKubelet.maxPods", "spec.masterKubelet.maxPods"),
        ("Cluster", "spec.configStore.base", "spec.configBase"),
    ],
)
def test_an_internal_name_is_refused_with_the_stored_one(
    kind: Kind, internal: str, stored: str
) -> None:
    """One field has one name; both would make two ways to say the same, and two of few differ."""
    for error in (refused(kind, f"{internal}=1"), refused(kind, unsets=(internal,))):
        assert "is what kops calls it inside" in error.message
        assert f"its name is {stored}" in str(error.hint)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("spec.containerRuntime=docker", "stores nothing of it"),
        ("spec.docker.version=1", "stores nothing of it"),
        ("spec.networking.cilium.clusterID=4", "cannot set spec.networking.cilium.clusterID"),
        ("spec.cloudConfig.multizone=true", "a field of clusters on gce; this one is on aws"),
        ("spec.project=p", "a field of clusters on gce"),
        ("spec.cloudProvider=gce", "stays what it is"),
        ("spec.kubelet=5", "holds fields: set one of them"),
        ("spec.masterPublicName=a\r\n", r"masterPublicName: it holds the control character \r"),
        ("spec.masterPublicName=a\0b", r"the control character \x00"),
        ("spec.masterPublicName=a\udcffb", "is not text"),
        ("spec.masterPublicName", "is not PATH=VALUE"),
    ],
)
def test_what_kops_would_drop_or_take_for_something_else_is_refused(
    setting: str, problem: str
) -> None:
    """Members of fault 66: of a field of another cloud kops makes a cluster of that cloud."""
    assert problem in refused("Cluster", setting).message


def test_the_cloud_that_a_cluster_has_may_be_said_again() -> None:
    assert set_("Cluster", "spec.cloudProvider=aws") == []


@pytest.mark.parametrize(
    ("unset", "flags"),
    [
        ("spec.rootVolumeSize", ["spec.rootVolume.size"]),
        ("spec.machineType", ["spec.machineType"]),
        ("spec.taints", ["spec.taints"]),
        ("spec.kubelet.maxPods", []),
        ("spec.rootVolumeType", []),
        ("spec.nodeLabels.absent", []),
    ],
)
def test_what_a_group_has_is_unset_and_what_it_has_not_is_left_out(
    unset: str, flags: list[str]
) -> None:
    """Kops fails for a field of an object that is not there."""
    found = flags_for("InstanceGroup", (), [unset], GROUP)
    assert (found.unsets, found.sets) == (flags, [])


def test_one_entry_of_a_map_is_unset_by_setting_the_others_anew() -> None:
    """Kops can name no entry; it unsets before it sets, in one write."""
    spot = "spec.nodeLabels.node-role.kubernetes.io/spot"

    found = flags_for("InstanceGroup", ["spec.nodeLabels.new=1"], [spot], GROUP)

    assert found.unsets == ["spec.nodeLabels"]
    assert found.sets == ["spec.nodeLabels=team=a,b", "spec.nodeLabels=new=1"]
    both = flags_for("InstanceGroup", (), [spot, "spec.nodeLabels.team"], GROUP)
    assert (both.unsets, both.sets) == (["spec.nodeLabels"], [])
    policies = flags_for("Cluster", (), ["spec.additionalPolicies.node"], CLUSTER)
    assert policies.sets == ["spec.additionalPolicies=control-plane=[]"]


@pytest.mark.parametrize(
    ("unset", "flags"),
    [
        ("spec.networking", ["spec.networking.cilium"]),
        ("spec.api", ["spec.api.loadBalancer"]),
        ("spec.networkCIDR", ["spec.networking.networkCIDR"]),
        ("spec.kubeAPIServer", ["spec.authentication.oidc.groupsClaims",
                                "spec.kubeAPIServer.logLevel"]),
    ],
)  # fmt: skip
def test_no_more_is_unset_than_stands_below_the_stored_name(unset: str, flags: list[str]) -> None:
    """A member of fault 66: kops keeps subnets and addresses below its own `spec.networking`."""
    assert flags_for("Cluster", (), [unset], CLUSTER).unsets == flags


def test_an_element_of_a_list_is_not_unset() -> None:
    assert "element of a list" in refused("InstanceGroup", unsets=("spec.taints[0]",)).message


def test_a_newer_kops_judges_the_names_that_kled_does_not_know() -> None:
    asked = []

    def newer() -> bool:
        asked.append(True)
        return True

    found = flags_for(
        "InstanceGroup", ["spec.flux=1", "spec.minSize=1"], ["spec.x.y"], GROUP, knows_more=newer
    )

    assert (found.sets, found.unsets) == (["spec.flux=1", "spec.minSize=1"], ["spec.x.y"])
    assert len(asked) == 2
    refused("InstanceGroup", "spec.rootVolume.size=1", knows_more=newer)


def test_create_cluster_gives_kops_its_own_names(tmp_path: Path) -> None:
    from kled.kops.call import KopsCalls
    from kled.kops.client import Kops

    replay = Replay([capture("20-dry-run-yaml"), capture("01-version")])
    kops = Kops(KopsCalls("kops", run=replay, env={}, state_store="s3://b", scratch=tmp_path))
    sets = ["spec.kubernetesApiAccess=10.0.0.0/8", "spec.cloudLabels.a.b/c=d,e"]
    spec = ClusterSpec(name="c.example.com", zones=("us-east-1a",), set=sets)

    kops.definition.dry_run(spec)

    assert "--set=spec.api.access=10.0.0.0/8" in replay.words
    assert '--set="spec.cloudLabels=a.b/c=d,e"' in replay.words
    wrong = ClusterSpec(name="c.example.com", zones=("us-east-1a",), set=["spec.nope=1"])
    with pytest.raises(InvalidInput, match=r"spec\.nope is not a field of a cluster"):
        kops.definition.create(wrong)
    assert replay.words == ["version"]


@pytest.mark.parametrize("sign", ["\n", "\r", "\0", "\t", "\x1b", "\x7f", "\x85", "\x9b"])
@pytest.mark.parametrize(
    ("kind", "way"), [("Cluster", "kops edit cluster"), ("InstanceGroup", "--file=FILE")]
)
def test_a_control_character_is_refused_with_its_field_and_the_way(
    kind: Kind, way: str, sign: str
) -> None:
    """kops would read the first line of it, or nothing, and store that."""
    text = f"spec.cloudLabels.f=a{sign}b: c"

    for error in (refused(kind, text), refused(kind, unsets=(text,))):
        assert "spec.cloudLabels.f: it holds the control character" in error.message
        assert sign not in error.message
        assert way in str(error.hint)
