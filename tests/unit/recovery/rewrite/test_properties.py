"""Whatever a definition holds: rewriting it there, back, and to where it is keeps its promises."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled import yaml_text
from kled.errors import InvalidInput, NotApproved
from kled.recovery.rewrite import Target, rewrite
from tests.unit.recovery.rewrite.definitions import (
    CLOUDS,
    STORES,
    definition,
    edited,
    read,
    stored,
)

NAMES = [
    *(("complex-private", "aws"), ("complex", "aws"), ("private_shared_subnets", "aws")),
    *(("ha_shared_zones", "aws"), ("irsa", "aws"), ("existing_iam", "aws"), ("ha_encrypt", "aws")),
    *(("many-addons", "aws"), ("mixed_instances_spot", "aws"), ("karpenter", "aws")),
    *(("externalpolicies", "aws"), ("bastionadditional_user-data", "aws"), ("ha", "aws")),
    *(("externallb", "aws"), ("ha_gce", "gce"), ("private_gce", "gce"), ("gossip-azure", "azure")),
]
REGIONS = {"aws": "us-test-1", "gce": "us-test1", "azure": "eastus"}
DROPPED = ("networkID", "subnets", "sshKeyName")
WORDS = st.text("abc-1./: us-east", max_size=12)
PLAIN = st.dictionaries(
    st.sampled_from(["kubeProxy", "kubelet", "cloudLabels", "ntp", "newField", "other"]),
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """Return the values of a document by their paths, another way than the code's."""
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {p: v for key, inner in items for p, v in leaves(inner, (*path, key)).items()}
    return {path: value}


def spelled(owner: str, path: tuple[Any, ...]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{owner}: {text[1:]}" if owner else text[1:]


def same_place(cloud: str) -> Target:
    zones = {zone: zone for zone in CLOUDS[cloud].zones}
    return Target(region=REGIONS[cloud], zones=zones, state_store=STORES[cloud])


def back(cloud: str) -> Target:
    there = CLOUDS[cloud]
    return dataclasses.replace(
        there,
        region=REGIONS[cloud],
        zones={new: old for old, new in there.zones.items()},
        state_store=STORES[cloud],
        resources={new: old for old, new in there.resources.items()},
    )


def kept(name: str, cloud: str) -> Target:
    """Return the target with all that is undecided kept as it is."""
    cluster, groups = definition(name, cloud)
    open_fields = {each.field for each in rewrite(cluster, groups, CLOUDS[cloud]).undecided}
    keepable = {field for field in open_fields if "additionalServiceAccountIssuers" not in field}
    return dataclasses.replace(CLOUDS[cloud], kept=keepable)


@pytest.mark.parametrize(("name", "cloud"), NAMES)
def test_the_same_place_gives_the_same_bytes(name: str, cloud: str) -> None:
    cluster, groups = definition(name, cloud)

    rewritten = rewrite(cluster, groups, same_place(cloud))

    assert list(rewritten.objects().values()) == [cluster, *groups]
    assert rewritten.changes == ()


def test_the_same_place_gives_the_bytes_of_a_real_store() -> None:
    cluster, groups = stored()
    target = Target(region="us-east-1", zones={}, state_store="s3://kled-state/")

    assert list(rewrite(cluster, groups, target).objects().values()) == [cluster, *groups]


@pytest.mark.parametrize(("name", "cloud"), NAMES)
def test_each_change_is_a_difference_and_each_difference_is_listed(name: str, cloud: str) -> None:
    cluster, groups = definition(name, cloud)
    rewritten = rewrite(cluster, groups, kept(name, cloud))
    before = [read(cluster), *map(read, groups)]

    differing = {
        spelled("" if old is before[0] else old["metadata"]["name"], path)
        for old, new in zip(before, rewritten.documents(), strict=True)
        for was, now in [(leaves(old), leaves(new))]
        for path in was.keys() | now.keys()
        if (path in was, was.get(path)) != (path in now, now.get(path))
    }

    assert [each.field for each in rewritten.changes if each.old == each.new != "(hidden)"] == []
    assert sorted(each.field for each in rewritten.changes) == sorted(differing)
    assert all(each.why for each in rewritten.changes)


@pytest.mark.parametrize(("name", "cloud"), NAMES)
def test_what_was_rewritten_is_not_rewritten_again(name: str, cloud: str) -> None:
    target = kept(name, cloud)
    objects = rewrite(*definition(name, cloud), target).objects()
    cluster, groups = objects.pop("config"), list(objects.values())
    there = dataclasses.replace(
        target,
        zones={zone: zone for zone in target.zones.values()},
        former=dataclasses.replace(target.former, state_store=target.state_store),
        resources={},
        kept=frozenset(),
    )
    zones = {field for field in target.kept if field.endswith(".zone")}

    again = rewrite(cluster, groups, there)

    assert zones == set()
    assert again.changes == ()
    assert list(again.objects().values()) == [cluster, *groups]


@pytest.mark.parametrize(("name", "cloud"), NAMES)
def test_there_and_back_is_what_it_was_but_for_what_kops_makes(name: str, cloud: str) -> None:
    cluster, groups = definition(name, cloud)
    there = rewrite(cluster, groups, kept(name, cloud)).objects()
    body, bodies = there.pop("config"), list(there.values())
    first = rewrite(body, bodies, back(cloud))
    returned = rewrite(
        body,
        bodies,
        dataclasses.replace(back(cloud), kept={each.field for each in first.undecided}),
    ).documents()

    for before, after in zip([read(cluster), *map(read, groups)], returned, strict=True):
        assert after["metadata"]["name"] == before["metadata"]["name"]
        assert without_dropped(after["spec"]) == without_dropped(before["spec"])


def without_dropped(spec: dict[str, Any]) -> dict[str, Any]:
    subnets = [
        {key: value for key, value in subnet.items() if key not in {"id", "egress"}}
        for subnet in spec.get("subnets", [])
        if isinstance(subnet, dict)
    ]
    return {key: value for key, value in spec.items() if key not in DROPPED} | {
        "subnets": subnets or spec.get("subnets")
    }


@pytest.mark.parametrize(("name", "cloud"), NAMES)
def test_what_etcd_lives_by_stays(name: str, cloud: str) -> None:
    cluster, groups = definition(name, cloud)
    before = read(cluster)["spec"]
    after = rewrite(cluster, groups, kept(name, cloud)).documents()[0]["spec"]
    fields = (
        *("nonMasqueradeCIDR", "serviceClusterIPRange", "podCIDR"),
        *("networkCIDR", "additionalNetworkCIDRs", "masterPublicName"),
    )

    assert {field: after.get(field) for field in fields} == {
        field: before.get(field) for field in fields
    }
    assert members(after) == members(before)
    assert [subnet.get("cidr") for subnet in after["subnets"]] == [
        subnet.get("cidr") for subnet in before["subnets"]
    ]


def members(spec: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (etcd["name"], [member["name"] for member in etcd["etcdMembers"]])
        for etcd in spec["etcdClusters"]
    ]


@settings(deadline=None, max_examples=60)
@given(PLAIN, st.sampled_from(["aws", "gce"]))
def test_what_need_not_change_is_what_it_was(fields: dict[str, Any], cloud: str) -> None:
    cluster, groups = definition("private" if cloud == "aws" else "private_gce", cloud)
    cluster = edited(cluster, **fields)
    rewritten = rewrite(cluster, groups, CLOUDS[cloud])
    spec = read(yaml_text.to_text(rewritten.documents()).split("\n---\n")[0].encode())["spec"]

    assert rewritten.undecided == ()
    assert {field: spec[field] for field in fields} == {
        field: read(cluster)["spec"][field] for field in fields
    }


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "zone", "id", "zones", "*"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        *("subnets", "etcdClusters", "api", "iam", "topology", "cloudConfig", "configBase"),
        *("networkID", "kubeAPIServer", "serviceAccountIssuerDiscovery", "externalPolicies"),
        *("certManager", "sshKeyName", "clusterAutoscaler", "zones", "nodeLabels", "taints"),
        *("image", "machineType", "volumes", "warmPool", "mixedInstancesPolicy", "role"),
    ]
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(FIELDS, ODD, max_size=4), st.dictionaries(FIELDS, ODD, max_size=4))
def test_whatever_a_definition_holds_it_is_rewritten_or_refused(
    of_cluster: dict[str, Any], of_group: dict[str, Any]
) -> None:
    cluster, groups = definition("private")
    groups[0] = edited(groups[0], **of_group)
    groups[1] = groups[1].replace(
        b"labels:\n    kops.k8s.io/cluster: private.example.com", b"labels: null"
    )

    try:
        rewritten = rewrite(edited(cluster, **of_cluster), groups, CLOUDS["aws"])
    except (InvalidInput, NotApproved):
        return
    assert rewritten.as_json()


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["us-test-1", "us-test-1a", "s3://acme-state/x", "ami-0123456789abcdef0"]),
    st.text("abcxyz /.\n\"'=:,", max_size=20),
    st.text("abcxyz /.\n\"'=:,", max_size=20),
    st.lists(st.sampled_from(["base64", "lines", "gzip"]), max_size=3),
)
def test_no_leftover_escapes(old: str, before: str, after: str, layers: list[str]) -> None:
    text = f"{before} {old} {after}"
    for layer in layers:
        text = ENCODERS[layer](text)
    cluster, groups = definition("private")
    groups[0] = edited(groups[0], additionalUserData=[{"name": "x", "content": f"# {text}\n"}])

    rewritten = rewrite(cluster, groups, CLOUDS["aws"])

    assert {each.field for each in rewritten.undecided} == {
        "bastions: spec.additionalUserData[0].content"
    }


def _base64(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


def _lines(text: str) -> str:
    import textwrap

    return "\n" + "\n".join(textwrap.wrap(_base64(text), 40))


def _gzip(text: str) -> str:
    import base64
    import gzip

    return base64.b64encode(gzip.compress(text.encode())).decode()


ENCODERS = {"base64": _base64, "lines": _lines, "gzip": _gzip}
