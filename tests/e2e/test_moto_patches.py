"""Each patch of the moto server, seen in what AWS' own client gets from it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.e2e.cloud import REGION, aws_client

if TYPE_CHECKING:
    from collections.abc import Callable

ZONE = f"{REGION}a"
IMAGE_ID = "ami-785db401"
# `ssh-keygen -lf` prints the same fingerprint, without the padding that AWS adds
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOoaVw9/q9+Vj3YbjLstlVueS+W/lg4LBB6v2BPAfNqs kled"
ED25519_FINGERPRINT = "OG4NYXRDH8vpQAOmPF5YcnX1OhHxOzvN8KJySpA+TFw="


@pytest.fixture
def client(moto_endpoint: str) -> Callable[[str], Any]:
    return lambda service: aws_client(service, moto_endpoint)


@pytest.fixture
def subnet(client: Callable[[str], Any]) -> dict[str, str]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="172.20.0.0/24", AvailabilityZone=ZONE)
    return {"vpc": vpc, "id": made["Subnet"]["SubnetId"]}


@pytest.mark.parametrize("verb", ["describe_warm_pool", "delete_warm_pool", "put_warm_pool"])
def test_the_warm_pool_of_a_missing_group_is_a_validation_error(client: Any, verb: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client("autoscaling"), verb)(AutoScalingGroupName="absent")

    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_target_group_name_may_hold_two_hyphens(client: Any, subnet: dict[str, str]) -> None:
    elb = client("elbv2")
    name = "kops-controller-demo-k8s--3lvlir"

    made = elb.create_target_group(Name=name, Protocol="TCP", Port=3988, VpcId=subnet["vpc"])

    assert made["TargetGroups"][0]["TargetGroupName"] == name


@pytest.mark.parametrize("name", ["-leading", "under_score", "trailing-"])
def test_other_bad_target_group_names_are_still_refused(
    client: Any, subnet: dict[str, str], name: str
) -> None:
    with pytest.raises(ClientError):
        client("elbv2").create_target_group(Name=name, Protocol="TCP", Port=80, VpcId=subnet["vpc"])


def test_a_subnet_keeps_its_private_dns_options(client: Any, subnet: dict[str, str]) -> None:
    ec2 = client("ec2")

    ec2.modify_subnet_attribute(
        SubnetId=subnet["id"], PrivateDnsHostnameTypeOnLaunch="resource-name"
    )
    ec2.modify_subnet_attribute(
        SubnetId=subnet["id"], EnableResourceNameDnsAAAARecordOnLaunch={"Value": True}
    )

    (seen,) = ec2.describe_subnets(SubnetIds=[subnet["id"]])["Subnets"]
    assert seen["PrivateDnsNameOptionsOnLaunch"]["HostnameType"] == "resource-name"
    assert seen["PrivateDnsNameOptionsOnLaunch"]["EnableResourceNameDnsAAAARecord"] is True


def test_an_ed25519_key_has_the_fingerprint_of_its_openssh_form(client: Any) -> None:
    name = f"key-{uuid4()}"

    client("ec2").import_key_pair(KeyName=name, PublicKeyMaterial=ED25519.encode())

    (seen,) = client("ec2").describe_key_pairs(KeyNames=[name])["KeyPairs"]
    assert seen["KeyFingerprint"] == ED25519_FINGERPRINT


def test_an_rsa_key_keeps_motos_own_fingerprint(client: Any) -> None:
    name = f"key-{uuid4()}"
    client("ec2").create_key_pair(KeyName=name)

    (seen,) = client("ec2").describe_key_pairs(KeyNames=[name])["KeyPairs"]

    assert ":" in seen["KeyFingerprint"]


def test_a_deleted_subnet_leaves_its_route_table(client: Any, subnet: dict[str, str]) -> None:
    ec2 = client("ec2")
    table = ec2.create_route_table(VpcId=subnet["vpc"])["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet["id"])

    ec2.delete_subnet(SubnetId=subnet["id"])

    ec2.delete_route_table(RouteTableId=table)
    with pytest.raises(ClientError):
        ec2.describe_route_tables(RouteTableIds=[table])


@pytest.mark.parametrize(("kind", "part"), [("network", "net"), ("application", "app")])
def test_the_arn_of_a_load_balancer_tells_its_kind(
    client: Any, subnet: dict[str, str], kind: str, part: str
) -> None:
    made = client("elbv2").create_load_balancer(
        Name=f"api-{uuid4().hex[:8]}", Subnets=[subnet["id"]], Type=kind
    )

    assert f":loadbalancer/{part}/api-" in made["LoadBalancers"][0]["LoadBalancerArn"]


def test_a_deleted_vpc_leaves_its_dhcp_options(client: Any) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="172.21.0.0/16")["Vpc"]["VpcId"]
    wanted = [{"Key": "domain-name", "Values": ["ec2.internal"]}]
    options = ec2.create_dhcp_options(DhcpConfigurations=wanted)["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)

    ec2.delete_vpc(VpcId=vpc)

    assert ec2.describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"]
    ec2.delete_dhcp_options(DhcpOptionsId=options)


@pytest.fixture
def group(client: Any, subnet: dict[str, str]) -> dict[str, str]:
    """A group of one instance that runs version 1 of a template."""
    name = f"nodes-{uuid4()}"
    data = {"ImageId": IMAGE_ID, "InstanceType": "t3.medium", "UserData": _user_data("one")}
    client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=1,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        VPCZoneIdentifier=subnet["id"],
    )
    return {"name": name}


def _user_data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _members(client: Any, name: str) -> list[dict[str, Any]]:
    described = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    members: list[dict[str, Any]] = described["AutoScalingGroups"][0]["Instances"]
    return members


def _use_second_version(client: Any, name: str) -> None:
    data = {"ImageId": IMAGE_ID, "InstanceType": "t3.large", "UserData": _user_data("two")}
    client("ec2").create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=data)
    client("ec2").modify_launch_template(LaunchTemplateName=name, DefaultVersion="2")
    client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=name, LaunchTemplate={"LaunchTemplateName": name, "Version": "2"}
    )


def test_a_running_instance_keeps_the_version_it_was_launched_with(
    client: Any, group: dict[str, str]
) -> None:
    _use_second_version(client, group["name"])

    (member,) = _members(client, group["name"])

    assert member["LaunchTemplate"]["Version"] == "1"


def test_an_ended_instance_is_replaced_by_one_of_the_new_version(
    client: Any, group: dict[str, str]
) -> None:
    _use_second_version(client, group["name"])
    (before,) = _members(client, group["name"])

    client("ec2").terminate_instances(InstanceIds=[before["InstanceId"]])

    (after,) = _members(client, group["name"])
    assert after["InstanceId"] != before["InstanceId"]
    assert after["LaunchTemplate"]["Version"] == "2"


def test_offerings_are_of_the_type_that_was_asked_for(client: Any) -> None:
    described = client("ec2").describe_reserved_instances_offerings(InstanceType="t3.medium")

    offered = described["ReservedInstancesOfferings"]
    assert {each["InstanceType"] for each in offered} == {"t3.medium"}
    assert ZONE in {each["AvailabilityZone"] for each in offered}


def test_an_unknown_type_has_no_offerings(client: Any) -> None:
    described = client("ec2").describe_reserved_instances_offerings(InstanceType="t99.huge")

    assert described["ReservedInstancesOfferings"] == []
