"""What is of one region or account is mapped, made anew by kops, or left to a person."""

import dataclasses
from typing import Any

import pytest

from kled.errors import InvalidInput
from kled.recovery.rewrite import Former, Rewritten, Target, rewrite
from tests.unit.recovery.rewrite.definitions import (
    CLOUDS,
    GONE,
    OLD,
    SECURITY_GROUPS,
    definition,
    edited,
    read,
)

AWS = CLOUDS["aws"]
CERTIFICATE = (
    "arn:aws-test:acm:us-test-1:000000000000:certificate/123456789012-1234-1234-1234-12345678"
)
KEY = "arn:aws-test:kms:us-test-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NEW_KEY = "arn:aws:kms:eu-west-1:000000000000:key/5678abcd-12ab-34cd-56ef-1234567890ab"
COMPLEX = dataclasses.replace(
    AWS,
    zones=AWS.zones,
    resources={
        **SECURITY_GROUPS,
        CERTIFICATE: "arn:aws:acm:eu-west-1:000000000000:certificate/x",
        KEY: NEW_KEY,
        "eipalloc-012345a678b9cdefa": "eipalloc-fedcba9876543210f",
        "access-log-example": "access-log-eu",
        "my-external-lb-1": "my-external-lb-eu",
        "tgw-0123456": "tgw-9876543",
        "pl-44444444": "pl-11111111",
        "pl-66666666": "pl-22222222",
    },
)


def move(name: str, target: Target, cloud: str = "aws", **fields: Any) -> Rewritten:
    cluster, groups = definition(name, cloud)
    return rewrite(edited(cluster, **fields) if fields else cluster, groups, target)


def spec_of(rewritten: Rewritten, key: str = "config") -> dict[str, Any]:
    spec: dict[str, Any] = read(rewritten.objects()[key])["spec"]
    return spec


def told(rewritten: Rewritten) -> dict[str, str]:
    return {each.field: each.option for each in rewritten.undecided}


def test_a_complex_definition_goes_once_everything_is_mapped() -> None:
    rewritten = move("complex", COMPLEX)
    spec, nodes = spec_of(rewritten), spec_of(rewritten, "instancegroup/nodes")

    assert spec["api"]["loadBalancer"] == {
        "type": "Public",
        "additionalSecurityGroups": ["sg-00000000000000005", "sg-00000000000000006"],
        "crossZoneLoadBalancing": True,
        "class": "Network",
        "sslCertificate": "arn:aws:acm:eu-west-1:000000000000:certificate/x",
        "sslPolicy": "ELBSecurityPolicy-2016-08",
        "subnets": [{"name": "eu-west-1a", "allocationId": "eipalloc-fedcba9876543210f"}],
        "accessLog": {"bucket": "access-log-eu"},
    }
    assert "egress" not in spec["subnets"][1]
    assert spec["subnets"][1]["additionalRoutes"][0]["target"] == "tgw-9876543"
    assert spec["sshAccess"] == ["1.1.1.1/32", "pl-22222222"]
    assert nodes["externalLoadBalancers"] == [{"loadBalancerName": "my-external-lb-eu"}]
    assert nodes["volumes"][0]["key"] == NEW_KEY
    assert nodes["suspendProcesses"] == ["AZRebalance"]


def test_each_thing_that_nobody_mapped_is_told_once() -> None:
    options = told(move("complex", AWS))

    assert options["spec.api.loadBalancer.sslCertificate"] == f"resources[{CERTIFICATE}]"
    assert options["nodes: spec.volumes[0].key"] == f"resources[{KEY}]"
    assert options["spec.subnets[1].additionalRoutes[0].target"] == "resources[tgw-0123456]"
    assert len(options) == len(move("complex", AWS).undecided)


def test_a_shared_network_is_made_anew_unless_it_is_mapped() -> None:
    made = move("private_shared_subnets", AWS)
    ids = {"vpc-12345678": "vpc-87654321", "subnet-1": "subnet-8", "subnet-2": "subnet-9"}
    mapped = move("private_shared_subnets", dataclasses.replace(AWS, resources=ids))

    assert "networkID" not in spec_of(made)
    assert [subnet.get("id") for subnet in spec_of(made)["subnets"]] == [None, None]
    assert [subnet["cidr"] for subnet in spec_of(made)["subnets"]] == [
        "10.10.0.0/24",
        "10.11.0.0/24",
    ]
    assert any("a network of its own" in line for line in made.differs)
    assert spec_of(mapped)["networkID"] == "vpc-87654321"
    assert [subnet["id"] for subnet in spec_of(mapped)["subnets"]] == ["subnet-8", "subnet-9"]


def test_addresses_of_networks_stay() -> None:
    kept = ("nonMasqueradeCIDR", "networkCIDR", "additionalNetworkCIDRs")
    before = read(definition("complex")[0])["spec"]
    swapped = {"100.64.0.0/10": "10.0.0.0/8", "172.20.0.0/16": "10.9.0.0/16", **COMPLEX.resources}
    after = spec_of(move("complex", dataclasses.replace(COMPLEX, resources=swapped)))

    assert {field: after[field] for field in kept} == {field: before[field] for field in kept}


def test_a_way_out_that_others_made_stays_external() -> None:
    subnets = [
        {"name": "us-test-1a", "zone": "us-test-1a", "type": "Private", "egress": "External"},
        {"name": "us-test-1b", "zone": "us-test-1b", "type": "Private", "egress": "nat-01234567"},
    ]
    spec = spec_of(move("private", AWS, subnets=subnets))

    assert [subnet.get("egress") for subnet in spec["subnets"]] == ["External", None]


def test_an_image_of_one_region_has_to_be_mapped() -> None:
    cluster, groups = definition("private")
    groups = [edited(body, image=f"ami-0000000{number}") for number, body in enumerate(groups)]

    undecided = rewrite(cluster, groups, AWS)
    mapped = rewrite(
        cluster,
        groups,
        dataclasses.replace(
            AWS,
            images={
                "bastions": "ami-90000000",
                "ami-00000001": "ami-90000001",
                "nodes-us-test-1a": "ssm:/ours/image",
            },
        ),
    )

    assert set(told(undecided).values()) == {
        "images[bastions]",
        "images[control-plane-us-test-1a]",
        "images[nodes-us-test-1a]",
    }
    assert [group["spec"]["image"] for group in mapped.documents()[1:]] == [
        "ami-90000000",
        "ami-90000001",
        "ssm:/ours/image",
    ]


@pytest.mark.parametrize(
    "image", ["099720109477/ubuntu/images/x", "ssm:/aws/service/x", "ubuntu/images/x"]
)
def test_an_image_by_owner_and_name_stays(image: str) -> None:
    cluster, groups = definition("private")

    group = rewrite(cluster, [edited(groups[0], image=image), *groups[1:]], AWS).documents()[1]

    assert group["spec"]["image"] == image


def test_machine_types_go_by_group_or_by_type() -> None:
    cluster, groups = definition("mixed_instances_spot")
    target = dataclasses.replace(
        AWS, machine_types={"t2.medium": "t3.medium", "nodes": "m7i.large", "m4.large": "m6i.large"}
    )

    nodes = spec_of(rewrite(cluster, groups, target), "instancegroup/nodes")

    assert nodes["machineType"] == "m7i.large"
    assert nodes["mixedInstancesPolicy"]["instances"][:2] == ["m5.large", "m5.xlarge"]


def test_a_machines_key_of_the_old_region_is_dropped() -> None:
    rewritten = move("private", AWS, sshKeyName="ops")

    assert "sshKeyName" not in spec_of(rewritten)
    assert any("SSH key of the state store" in line for line in rewritten.differs)
    assert "sshKeyName" in spec_of(move("private", AWS, sshKeyName=""))


def test_another_account_has_policies_and_zones_of_its_own() -> None:
    target = dataclasses.replace(
        AWS, account="222222222222", former=Former(account="123456789012"), iam_isolation=None
    )
    fields: dict[str, Any] = {
        "externalPolicies": {
            "node": ["arn:aws:iam::123456789012:policy/x", "arn:aws:iam::aws:policy/y"]
        },
        "certManager": {"enabled": True, "hostedZoneIDs": ["ZONEID"]},
        "additionalPolicies": {"node": '[{"Resource": "arn:aws:s3:::acme-state/*"}]'},
        "dnsZone": "example.com",
    }
    rewritten = move("private", target, **fields)

    assert told(rewritten) == {
        "spec.externalPolicies.node[0]": "resources[arn:aws:iam::123456789012:policy/x]",
        "spec.certManager.hostedZoneIDs[0]": "resources[ZONEID]",
        "spec.additionalPolicies.node": "resources[arn:aws:s3:::acme-state/*]",
    }
    assert any("hosted zone example.com" in line for line in rewritten.differs)


def test_a_mapped_text_is_replaced_within_longer_ones() -> None:
    cluster, groups = definition("private")
    hook = {"name": "x", "manifest": "[Service]\nExecStart=/bin/get s3://acme-state/tools/x\n"}
    target = dataclasses.replace(
        AWS, resources={**SECURITY_GROUPS, "s3://acme-state/tools": "s3://acme-eu/tools"}
    )

    rewritten = rewrite(cluster, [edited(groups[0], hooks=[hook]), *groups[1:]], target)
    (change,) = [each for each in rewritten.changes if "hooks" in each.field]

    assert (
        "s3://acme-eu/tools/x\n"
        in spec_of(rewritten, "instancegroup/bastions")["hooks"][0]["manifest"]
    )
    assert (change.old, change.new) == ("(hidden)", "(hidden)")


def test_mirrors_follow_by_their_url() -> None:
    assets = {
        "fileRepository": "https://mirror-us.example.com/us-test-1/files",
        "containerRegistry": "123456789012.dkr.ecr.us-test-1.amazonaws.com",
    }
    resources = {
        **SECURITY_GROUPS,
        "https://mirror-us.example.com/us-test-1": "https://mirror-eu.example.com",
    }
    rewritten = move("private", dataclasses.replace(AWS, resources=resources), assets=assets)

    assert told(rewritten) == {"spec.assets.containerRegistry": "resources[us-test-1]"}


def test_google_goes_to_another_project() -> None:
    target = dataclasses.replace(CLOUDS["gce"], account="newproject", iam_isolation=None)
    rewritten = rewrite(*definition("private_gce", "gce"), target)
    account = "test-account@testproject.iam.gserviceaccount.com"

    assert told(rewritten) == {"spec.cloudConfig.gceServiceAccount": f"resources[{account}]"}
    mapped = dataclasses.replace(
        target, resources={account: "kops@newproject.iam.gserviceaccount.com"}
    )
    spec = spec_of(rewrite(*definition("private_gce", "gce"), mapped))
    assert spec["project"] == "newproject"
    assert "testproject" not in str(spec)


def test_azure_goes_to_another_subscription() -> None:
    target = dataclasses.replace(CLOUDS["azure"], account="sub-999", iam_isolation=None)

    unmapped = dataclasses.replace(target, resources={})

    spec = spec_of(rewrite(*definition("gossip-azure", "azure"), target))
    (undecided,) = rewrite(*definition("gossip-azure", "azure"), unmapped).undecided

    assert spec["cloudConfig"]["azure"]["subscriptionId"] == "sub-999"
    assert undecided.field == "spec.cloudConfig.azure.storageAccountID"


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ("spec.sshAccess[9]", {"kept": {"spec.sshAccess[9]"}}),
        ("spec", {"kept": {"spec"}}),
        ("bastions: spec.nodeLabels", {"kept": {"bastions: spec.nodeLabels"}}),
        ("nobody: spec.image", {"kept": {"nobody: spec.image"}}),
        ("nobody: spec.image", {"values": {"nobody: spec.image": "x"}}),
        ("metadata.name", {"values": {"metadata.name": "other"}}),
        ("spec.nonMasqueradeCIDR", {"values": {"spec.nonMasqueradeCIDR": "10.0.0.0/8"}}),
        ("spec.etcdClusters", {"values": {"spec.etcdClusters": None}}),
        (
            "spec.etcdClusters[0].etcdMembers[0].name",
            {"values": {"spec.etcdClusters[0].etcdMembers[0].name": "z"}},
        ),
        ("spec..x", {"values": {"spec..x": "y"}}),
        ("spec.subnets[9].cidr", {"values": {"spec.subnets[9].cidr": "y"}}),
        ("spec.subnets.cidr", {"values": {"spec.subnets.cidr": "y"}}),
        ("spec.channel.x", {"values": {"spec.channel.x": "y"}}),
        ("spec.iam[0]", {"values": {"spec.iam[0]": "y"}}),
    ],
)
def test_fields_that_nobody_may_choose_are_refused(fields: str, target: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        move("private", dataclasses.replace(AWS, **target))

    assert refused.value.field.endswith(f"[{fields}]")


def test_a_person_may_choose_any_other_field() -> None:
    values = {
        "spec.cloudLabels.foo/bar": "other",
        "spec.cloudLabels.dn": None,
        "spec.assets.fileRepository": "https://mirror-eu.example.com",
        "bastions: spec.machineType": "t3.micro",
    }
    rewritten = move("private", dataclasses.replace(AWS, values=values))
    spec = spec_of(rewritten)

    assert spec["cloudLabels"] == {"Owner": "John Doe", "foo/bar": "other"}
    assert spec["assets"] == {"fileRepository": "https://mirror-eu.example.com"}
    assert spec_of(rewritten, "instancegroup/bastions")["machineType"] == "t3.micro"
    assert {each.why for each in rewritten.changes if each.field in values} == {"a person chose it"}


def test_a_move_of_the_store_alone_touches_nothing_else() -> None:
    target = dataclasses.replace(
        AWS, region="us-test-1", zones={}, iam_isolation=None, resources={}
    )
    changes = move("complex", target).changes

    assert [each.field for each in changes] == ["spec.configBase"]
    assert changes[0].old == f"{OLD}/complex.example.com"
    assert GONE.statement


def test_what_a_person_gave_may_name_the_old_side_and_is_told() -> None:
    resources = {
        **SECURITY_GROUPS,
        "https://mirror.example.com/us-test-1": "https://us-test-1.mirror.example.com",
    }
    target = dataclasses.replace(
        AWS,
        state_store="s3://acme-us-test-1-dr",
        resources=resources,
        values={"spec.cloudLabels.Owner": "us-test-1"},
    )
    assets = {"fileRepository": "https://mirror.example.com/us-test-1/files"}

    rewritten = move("private", target, assets=assets)
    spec = spec_of(rewritten)

    assert spec["configBase"] == "s3://acme-us-test-1-dr/private.example.com"
    assert spec["assets"]["fileRepository"] == "https://us-test-1.mirror.example.com/files"
    assert spec["cloudLabels"]["Owner"] == "us-test-1"
    said = ", which was given for the new side, names region us-test-1"
    assert [line.removesuffix(said) for line in rewritten.differs if line.endswith(said)] == [
        "https://us-test-1.mirror.example.com",
        "s3://acme-us-test-1-dr",
        "us-test-1",
    ]


@pytest.mark.parametrize("given", ["us", "us-test-1", "test"])
def test_what_was_given_hides_nothing_elsewhere(given: str) -> None:
    cluster, groups = definition("private")
    groups[0] = edited(groups[0], newField="in us-test-1")
    target = dataclasses.replace(AWS, resources={**SECURITY_GROUPS, "some text": given})

    assert told(rewrite(cluster, groups, target)) == {
        "bastions: spec.newField": "resources[us-test-1]"
    }


def test_the_addresses_of_subnets_stay_unless_the_field_is_chosen() -> None:
    old = "172.20.128.0/17"
    mapped = dataclasses.replace(AWS, resources={**SECURITY_GROUPS, old: "10.0.0.0/17"})
    chosen = dataclasses.replace(AWS, values={"spec.subnets[0].cidr": "172.20.64.0/18"})

    assert spec_of(move("private", mapped))["subnets"][0]["cidr"] == old
    assert spec_of(move("private", chosen))["subnets"][0]["cidr"] == "172.20.64.0/18"


def test_a_storage_account_of_azure_is_found_in_hosts() -> None:
    cluster, groups = definition("gossip-azure", "azure")
    groups[0] = edited(groups[0], newField="https://acme.blob.core.windows.net/tools")

    assert told(rewrite(cluster, groups, CLOUDS["azure"])) == {
        "control-plane-eastus-1: spec.newField": "resources[acme]"
    }
