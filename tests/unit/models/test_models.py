import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.errors import InvalidInput
from kled.models.clouds import CLOUDS, missing_variables
from kled.models.definition import Definition, object_name
from kled.models.plan import Change, Plan
from kled.models.spec import parse_spec
from kled.models.zones import cloud_of, example_zone, is_zone_of

BASE = {"name": "demo.k8s.local", "zones": ["us-east-1a"]}


def definition(*groups: str, version: str = "1.36.0", size: int = 1) -> Definition:
    cluster = {"metadata": {"name": "c", "generation": 1}, "spec": {"v": version, "e": {}}}
    return Definition(
        cluster,
        tuple({"metadata": {"name": name}, "spec": {"sizes": [size]}} for name in groups),
    )


def test_differences_name_the_dotted_fields_and_missing_groups() -> None:
    left, right = definition("a", "b"), definition("a", version="1.35.0", size=2)

    assert left.differences(right) == ("a: spec.sizes[0]", "instance group b", "spec.v")
    assert left.differences(left) == ()
    assert left.name == "c"


def test_a_half_stored_definition_is_part_of_the_whole() -> None:
    whole = definition("a", "b")

    assert definition("a").is_part_of(whole)
    assert not whole.is_part_of(whole)
    assert not definition("a", size=3).is_part_of(whole)
    assert not definition("a", version="1").is_part_of(whole)


def test_a_document_without_metadata_has_no_name() -> None:
    assert object_name({}) == ""


@given(st.permutations(["a: 1", "b: 2", "c: 3"]), st.permutations([0, 1, 2]))
def test_a_digest_ignores_the_order_of_maps_and_changes(tags: list[str], order: list[int]) -> None:
    def plan(entries: list[str], indices: list[int]) -> Plan:
        value = "{" + ", ".join(entries) + "}"
        return Plan("c", tuple(Change("create", "K", str(i), {"Tags": value}) for i in indices))

    assert plan(tags, order).digest == plan(["a: 1", "b: 2", "c: 3"], [0, 1, 2]).digest


def test_a_digest_changes_with_what_would_change() -> None:
    one = Plan("c", (Change("modify", "K", "n", {"Size": "1 -> 2"}),))

    assert one.digest != Plan("c", (Change("modify", "K", "n", {"Size": "1 -> 3"}),)).digest
    assert one.digest != Plan("d", one.changes).digest


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": "nodots"}, "name", "at least one dot"),
        ({"name": "Big.example.com"}, "name", "domain name"),
        ({"zones": ["us-east-1a"], "cloud": "gce"}, "zones", "looks like one of aws"),
        ({"cloud": "linode"}, "cloud", "etcd-manager"),
        ({"cloud": "metal"}, "cloud", "not supported"),
        ({"cloud": "foo"}, "cloud", "'foo' is none of 'aws', 'gce'"),
        ({"kubernetes_version": "1.36"}, "kubernetes_version", "three numbers"),
        ({"control_plane_count": 2}, "control_plane_count", "odd"),
        (
            {"control_plane_zones": ["us-east-1a", "us-east-1b"]},
            "control_plane_zones",
            "even number",
        ),
        ({"project": "p"}, "project", "only gce"),
        ({"zones": ["us-central1-a"]}, "project", "gce needs"),
        ({"bastion": True}, "bastion", "topology private"),
        ({"set": ["spec.a"]}, "set", "FIELD=VALUE"),
        ({"labels": ["a=b,c"]}, "labels", "KEY=VALUE"),
        ({"zones": ["us-east-1a", "us-east-1a"]}, "zones", "twice"),
        ({"zones": ["us-east-1a", ""]}, "zones", "empty"),
        ({"zones": []}, "zones", ""),
        ({"zones": ["bananas"]}, "zones", "not a zone of aws"),
        ({"nope": 1}, "nope", "is not known here"),
        *(
            ({field: 2**31 + 1}, field, "is above 2147483647")
            for field in (
                "node_count",
                "control_plane_count",
                "node_volume_size",
                "control_plane_volume_size",
            )
        ),
    ],
)
def test_a_wrong_spec_names_the_field_and_the_fix(
    values: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_spec({**BASE, **values})

    assert caught.value.field == field
    assert words in caught.value.message


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_spec({**BASE, "name": "x", "node_count": 0}, name_of=lambda field: f"--{field}")

    assert caught.value.field == "--name"
    assert "--node_count" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("zone", "cloud"),
    [
        ("us-east-1a", "aws"),
        ("us-west-2-lax-1a", "aws"),
        ("fsn1", "hetzner"),
        ("nyc1", "digitalocean"),
        ("fr-par-1", "scaleway"),
        ("eastus-1", "azure"),
    ],
)
def test_the_cloud_is_inferred_from_the_zone(zone: str, cloud: str) -> None:
    assert parse_spec({**BASE, "zones": zone}).cloud == cloud


@pytest.mark.parametrize("cloud", [name for name, each in CLOUDS.items() if not each.refused])
def test_every_cloud_has_an_example_zone_of_its_own(cloud: str) -> None:
    zone = example_zone(cloud)

    assert is_zone_of(zone, cloud)
    assert cloud_of(zone) in {cloud, None}


def test_missing_variables_are_named_with_their_alternatives() -> None:
    assert missing_variables("hetzner", {}) == ("HCLOUD_TOKEN",)
    assert missing_variables("hetzner", {"HCLOUD_TOKEN": "x"}) == ()
    assert missing_variables("aws", {}) == ()
    assert "OS_PASSWORD or OS_APPLICATION_CREDENTIAL_SECRET" in missing_variables("openstack", {})
