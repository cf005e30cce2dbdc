"""A zone's region is in its name, and kops reads it there."""

import pytest

from kled.kops.facts import zones
from tests.unit.kops.replay import capture

REGIONS = {
    ("aws", "us-east-1a"): "us-east-1",
    ("aws", "ap-southeast-2c"): "ap-southeast-2",
    ("aws", "us-gov-west-1b"): "us-gov-west-1",
    ("aws", "cn-north-1a"): "cn-north-1",
    ("aws", "us-iso-east-1a"): "us-iso-east-1",
    ("aws", "eusc-de-east-1a"): "eusc-de-east-1",
    ("aws", "us-east-1-bos-1a"): "us-east-1",
    ("aws", "us-east-1-wl1-bos-wlz-1"): "us-east-1",
    ("gce", "us-central1-a"): "us-central1",
    ("gce", "europe-west12-c"): "europe-west12",
    ("gce", "northamerica-northeast1-b"): "northamerica-northeast1",
    ("azure", "eastus-1"): "eastus",
    ("azure", "westus2-3"): "westus2",
    ("digitalocean", "nyc1"): "nyc1",
    ("hetzner", "fsn1"): "eu-central",
    ("hetzner", "ash"): "us-east",
    ("scaleway", "fr-par-1"): "fr-par",
}


@pytest.mark.parametrize(("cloud", "zone"), REGIONS)
def test_a_zone_tells_its_region(cloud: str, zone: str) -> None:
    region = zones.region_of(cloud, zone)

    assert region == REGIONS[cloud, zone]
    assert zones.is_region(cloud, region)


@pytest.mark.parametrize(
    ("cloud", "zone"),
    [
        ("aws", "us-east-1"),
        ("aws", "us-central1-a"),
        ("aws", "bananas"),
        ("aws", "us-east-1a-utility"),
        ("gce", "us-east-1a"),
        ("gce", "us-central1"),
        ("azure", "us-east-1a"),
        ("azure", "eastus"),
        ("hetzner", "nyc1"),
        ("openstack", "nova"),
        ("aws", ""),
    ],
)
def test_what_is_no_zone_of_a_cloud_has_no_region(cloud: str, zone: str) -> None:
    assert zones.region_of(cloud, zone) is None


@pytest.mark.parametrize(
    ("name", "cloud", "zone"),
    [
        ("11-get-cluster-yaml", "aws", "us-east-1a"),
        ("C04b-do-dryrun", "digitalocean", "nyc1"),
        ("C05b-hetzner-dryrun", "hetzner", "fsn1"),
        ("C07b-scaleway-dryrun", "scaleway", "fr-par-1"),
    ],
)
def test_captured_definitions_lie_in_zones_that_are_known(name: str, cloud: str, zone: str) -> None:
    assert f"zone: {zone}\n" in capture(name).stdout
    assert f"cloudProvider: {cloud}\n" in capture(name).stdout
    assert zones.region_of(cloud, zone)


def test_kops_takes_no_local_zone() -> None:
    assert zones.takes_machines("aws", "us-east-1a")
    assert not zones.takes_machines("aws", "us-east-1-bos-1a")
    assert not zones.takes_machines("aws", "us-east-1-wl1-bos-wlz-1")
    assert zones.takes_machines("gce", "us-central1-a")


@pytest.mark.parametrize(
    ("region", "short"),
    [
        ("us-east-1", "use1"),
        ("ap-southeast-2", "apse2"),
        ("eu-central-1", "euc1"),
        ("us-gov-west-1", "usgw1"),
        ("bananas", ""),
    ],
)
def test_ids_of_zones_begin_with_a_short_form_of_their_region(region: str, short: str) -> None:
    assert zones.short_form("aws", region) == short
    assert zones.short_form("gce", region) == ""


def test_the_cloud_is_named_in_either_form() -> None:
    assert zones.cloud_of({"spec": {"cloudProvider": "aws"}}) == "aws"
    assert zones.cloud_of({"spec": {"cloudProvider": {"gce": {"project": "p"}}}}) == "gce"
    assert zones.cloud_of({"spec": {}}) == ""
    assert zones.cloud_of({}) == ""
