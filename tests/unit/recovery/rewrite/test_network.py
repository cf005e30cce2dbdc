"""A definition goes to other zones: everything that is named after them follows, nothing else."""

import dataclasses
from typing import Any

import pytest

from kled.errors import InvalidInput
from kled.recovery.rewrite import rewrite
from tests.unit.recovery.rewrite.definitions import (
    CLOUDS,
    GONE,
    NEW,
    captured,
    definition,
    edited,
    read,
    stored,
)

AWS = CLOUDS["aws"]


def texts(value: Any) -> list[str]:
    """Return every text of a document, its keys, too."""
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [str(value)]


@pytest.mark.parametrize(
    ("name", "cloud", "old"),
    [
        ("complex-private", "aws", "us-test-1"),
        ("private", "aws", "us-test-1"),
        ("ha_shared_zones", "aws", "us-test-1"),
        ("ha_gce", "gce", "us-test1"),
        ("private_gce", "gce", "us-test1"),
        ("gossip-azure", "azure", "eastus"),
    ],
)
def test_nothing_of_a_plain_definition_names_the_old_region(
    name: str, cloud: str, old: str
) -> None:
    cluster, groups = definition(name, cloud)

    documents = [read(body) for body in rewrite(cluster, groups, CLOUDS[cloud]).objects().values()]

    assert old in "".join(texts([read(cluster), *map(read, groups)]))
    assert old not in "".join(texts(documents))
    assert len(documents) == 1 + len(groups)


def test_a_private_topology_goes_as_a_whole() -> None:
    objects = rewrite(*definition("complex-private"), AWS).objects()
    spec = read(objects["config"])["spec"]
    bastions = read(objects["instancegroup/bastions"])["spec"]

    assert spec["configBase"] == f"{NEW}/complex.example.com"
    assert spec["subnets"][3] == {
        "cidr": "10.1.0.0/16",
        "name": "eu-west-1a-1",
        "type": "Private",
        "zone": "eu-west-1a",
    }
    assert spec["subnets"][8]["name"] == "utility-eu-west-1b"
    assert [member["instanceGroup"] for member in spec["etcdClusters"][0]["etcdMembers"]] == [
        f"control-plane-eu-west-1{letter}" for letter in "abc"
    ]
    assert [member["name"] for member in spec["etcdClusters"][0]["etcdMembers"]] == ["a", "b", "c"]
    assert bastions["subnets"][3] == "eu-west-1a-1"
    assert set(objects) == {
        "config",
        "instancegroup/bastions",
        *(
            f"instancegroup/{name}-eu-west-1{zone}"
            for name in ("control-plane", "nodes")
            for zone in "abc"
        ),
    }


def test_groups_are_labelled_as_kops_wants_them_in_files() -> None:
    cluster, groups = stored()
    target = dataclasses.replace(
        AWS,
        zones={"us-east-1a": "eu-west-1a"},
        kept={"control-plane-us-east-1a: spec.image", "nodes-us-east-1a: spec.image"},
    )

    rewritten = rewrite(cluster, groups, target)
    bodies = rewritten.objects()

    assert all("labels" not in read(body)["metadata"] for body in groups)
    assert read(bodies["instancegroup/nodes-eu-west-1a"])["metadata"] == {
        "creationTimestamp": "2026-11-23T14:50:31Z",
        "generation": 1000,
        "labels": {"kops.k8s.io/cluster": "demo.k8s.local"},
        "name": "nodes-eu-west-1a",
    }
    assert "nodes-us-east-1a: metadata.labels.kops.k8s.io/cluster" in {
        change.field for change in rewritten.changes
    }


def test_two_zones_may_change_places() -> None:
    cluster, groups = definition("complex-private")
    target = dataclasses.replace(
        AWS,
        region="us-test-1",
        zones={"us-test-1a": "us-test-1b", "us-test-1b": "us-test-1a"},
        state_store="s3://acme-state",
    )

    spec = read(rewrite(cluster, groups, target).objects()["config"])["spec"]

    assert [subnet["zone"][-1] for subnet in spec["subnets"][:3]] == ["b", "a", "c"]
    assert [subnet["name"][-1] for subnet in spec["subnets"][:3]] == ["b", "a", "c"]


def test_labels_and_expanders_name_machines_of_the_new_zones() -> None:
    cluster, groups = definition("private")
    expander = {"customPriorityExpanderConfig": {"50": [".*nodes-us-test-1a.*"], "10": [".*"]}}
    cluster = edited(cluster, clusterAutoscaler=expander)
    labels = {"example.com/rack": "us-test-1a", "example.com/region": "us-test-1", "tier": "a"}
    groups[0] = edited(groups[0], nodeLabels=labels, taints=["zone=us-test-1a:NoSchedule"])

    objects = rewrite(cluster, groups, AWS).objects()
    group = read(objects["instancegroup/bastions"])["spec"]

    assert group["nodeLabels"] == {
        "example.com/rack": "eu-west-1a",
        "example.com/region": "eu-west-1",
        "tier": "a",
    }
    assert group["taints"] == ["zone=eu-west-1a:NoSchedule"]
    assert read(objects["config"])["spec"]["clusterAutoscaler"] == {
        "customPriorityExpanderConfig": {"50": [".*nodes-eu-west-1a.*"], "10": [".*"]}
    }


def test_a_short_form_of_a_zone_follows_it() -> None:
    cluster, groups = definition("private")
    groups[0] = groups[0].replace(b"name: bastions", b"name: bastions-use1a")
    cluster, *groups = (body.replace(b"us-test", b"us-east") for body in (cluster, *groups))
    target = dataclasses.replace(AWS, zones={"us-east-1a": "eu-west-1a"})

    objects = rewrite(cluster, groups, target).objects()

    assert "instancegroup/bastions-euw1a" in objects


def test_an_id_of_a_zone_is_left_to_a_person() -> None:
    cluster, groups = definition("private")
    cluster, *groups = (body.replace(b"us-test", b"us-east") for body in (cluster, *groups))
    groups[0] = edited(groups[0], nodeLabels={"zone-id": "use1-az4"})
    target = dataclasses.replace(AWS, zones={"us-east-1a": "eu-west-1a"})

    (undecided,) = rewrite(cluster, groups, target).undecided

    assert undecided.field == "bastions: spec.nodeLabels.zone-id"
    assert undecided.names == "zone use1-az4"


def test_the_cluster_keeps_its_name_whatever_is_in_it() -> None:
    cluster, groups = definition("private_gce", "gce")
    cluster, *groups = (
        body.replace(b"private.example.com", b"prod.us-test1.example.com").replace(
            b"- us-test1\n", b"- prod.us-test1.example.com\n"
        )
        for body in (
            cluster.replace(b"name: us-test1\n", b"name: prod.us-test1.example.com\n"),
            *groups,
        )
    )

    objects = rewrite(cluster, groups, CLOUDS["gce"]).objects()
    document = read(objects["config"])

    assert document["metadata"]["name"] == "prod.us-test1.example.com"
    assert document["spec"]["subnets"][0]["name"] == "prod.us-test1.example.com"
    assert document["spec"]["configBase"] == "gs://acme-state-eu/prod.us-test1.example.com"
    assert read(objects["instancegroup/bastions"])["spec"]["subnets"] == [
        "prod.us-test1.example.com"
    ]


def test_zones_that_become_one_need_names() -> None:
    cluster, groups = definition("complex-private")
    one_zone = dict.fromkeys(AWS.zones, "eu-west-1a")

    with pytest.raises(InvalidInput, match=r"names\[us-test-1a\].*us-test-1a and us-test-1b"):
        rewrite(cluster, groups, dataclasses.replace(AWS, zones=one_zone))

    named = {
        f"{start}us-test-1{letter}{end}": f"{start}eu-west-1a-{letter}{end}"
        for start in ("", "utility-", "control-plane-", "nodes-")
        for letter in "abc"
        for end in ("", "-1", "-2", "-3", "-4")
    }
    target = dataclasses.replace(AWS, zones=one_zone, names=named)
    spec = read(rewrite(cluster, groups, target).objects()["config"])["spec"]

    assert {subnet["zone"] for subnet in spec["subnets"]} == {"eu-west-1a"}
    assert len({subnet["name"] for subnet in spec["subnets"]}) == len(spec["subnets"])


@pytest.mark.parametrize(
    ("field", "target"),
    [
        ("cloud", dataclasses.replace(AWS, cloud="gce")),
        ("region", dataclasses.replace(AWS, region="europe")),
        (r"zones\[us-test-1a\]", dataclasses.replace(AWS, zones={"us-test-1a": "eu-west-2a"})),
        (r"zones\[us-test-1a\]", dataclasses.replace(AWS, zones={"us-test-1a": "bananas"})),
        (
            r"zones\[us-test-1a\]",
            dataclasses.replace(AWS, region="us-east-1", zones={"us-test-1a": "us-east-1-bos-1a"}),
        ),
        ("state store", dataclasses.replace(AWS, state_store="gs://acme")),
    ],
)
def test_a_target_that_kops_could_not_run_at_is_refused(field: str, target: Any) -> None:
    with pytest.raises(InvalidInput, match=f"^{field}:"):
        rewrite(*definition("private"), target)


@pytest.mark.parametrize("name", ["C08b-linode-dryrun", "C09-metal-dryrun"])
def test_a_cloud_whose_definitions_tell_no_region_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="does not say which region"):
        rewrite(*captured(name), AWS)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("C04b-do-dryrun", {"region": "fra1", "zones": {"nyc1": "fra1"}}),
        ("C05b-hetzner-dryrun", {"region": "us-east", "zones": {"fsn1": "ash"}}),
        ("C07b-scaleway-dryrun", {"region": "nl-ams", "zones": {"fr-par-1": "nl-ams-2"}}),
    ],
)
def test_other_clouds_go_by_their_zones(name: str, target: dict[str, Any]) -> None:
    cluster, groups = captured(name)
    old, new = next(iter(target["zones"].items()))
    store = read(cluster)["spec"]["configBase"].rpartition("/")[0]

    objects = rewrite(
        cluster, groups, dataclasses.replace(AWS, state_store=store, iam_isolation=GONE, **target)
    ).objects()

    assert read(objects["config"])["spec"]["subnets"][0]["zone"] == new
    assert f"instancegroup/nodes-{new}" in objects
    assert old not in "".join(texts([read(body) for body in objects.values()]))


def test_a_definition_in_two_regions_is_refused() -> None:
    cluster, groups = definition("complex-private")
    split = cluster.replace(b"zone: us-test-1c", b"zone: us-test-2c")

    with pytest.raises(InvalidInput, match="us-test-1 and us-test-2"):
        rewrite(split, groups, AWS)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"kind: [", "cannot be read"),
        (b"kind: Secret\n", "no Cluster"),
        (b"apiVersion: kops.k8s.io/v1alpha3\nkind: Cluster\n", "kops.k8s.io/v1alpha3"),
    ],
)
def test_what_is_no_stored_cluster_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        rewrite(body, [], AWS)


def test_groups_of_one_name_are_refused() -> None:
    cluster, groups = definition("private")

    with pytest.raises(InvalidInput, match="two have one name"):
        rewrite(cluster, [*groups, groups[0]], AWS)
