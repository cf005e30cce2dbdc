"""One bad instance group stops that group alone: members of fault 10."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kled.kops import parse
from kled.kops.state_store import contents
from tests.unit.kops.replay import capture
from tests.unit.kops.state_store.test_layout_and_stored import complete

NO_NAME = "67-get-ig-no-name"
GROUP = complete()["instancegroup/nodes"]
API = b"apiVersion: kops.k8s.io/v1alpha2"


def test_a_group_without_a_name_is_a_row_beside_the_others() -> None:
    good, bad = parse.instance_groups(capture(NO_NAME).stdout)

    assert (good.name, good.problem) == ("control-plane-us-east-1a", "")
    assert (bad.name, bad.max_size) == (parse.NAMELESS, 2)
    assert "metadata.name" in bad.problem


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"metadata": None}, "metadata.name"),
        ({"metadata": []}, "metadata.name"),
        ({"spec": {"role": "Node", "minSize": "two"}}, "spec.minSize is no whole number"),
        ({"spec": {"role": "Node", "maxSize": True}}, "spec.maxSize is no whole number"),
        ({"spec": {"role": "Node", "maxSize": {}}}, "spec.maxSize is no whole number"),
        ({"spec": {"role": "Node", "zones": "us-east-1a"}}, "spec.zones is no list"),
        ({"spec": {"role": "Node", "nodeLabels": ["a"]}}, "spec.nodeLabels is no map"),
        ({"spec": ["a"]}, "has no role"),
    ],
)
def test_whatever_a_group_holds_the_others_are_listed(damage: dict[str, Any], words: str) -> None:
    listed = json.loads(capture("12b-get-ig-json").stdout)
    listed[0] = {**listed[0], **damage}

    bad, *good = parse.instance_groups(json.dumps(listed))

    assert words in bad.problem
    assert good
    assert not any(one.problem for one in good)
    json.dumps([one.as_json() for one in (bad, *good)])


def test_a_cluster_of_no_known_form_hides_no_other() -> None:
    listed = json.loads(capture("38k-get-clusters-two-json").stdout)
    del listed[0]["spec"]

    bad, good = parse.clusters(json.dumps(listed))

    assert (bad.name, good.problem) == (listed[0]["metadata"]["name"], "")
    assert "no known form" in bad.problem


@pytest.mark.parametrize("version", [b"v1", b"cluster.x-k8s.io/v1beta1", b"kops.k8s.io/v9", b"1"])
@pytest.mark.parametrize("key", ["config", "instancegroup/nodes"])
def test_another_api_version_is_a_finding(key: str, version: bytes) -> None:
    """kops panics at it (captures 67d, 67f), and the snapshot was called trustworthy."""
    body = complete()[key].replace(API, b"apiVersion: " + version)

    (finding,) = contents.findings({**complete(), key: body})

    assert finding.startswith(f'{key} has the apiVersion "{version.decode()}"')


@pytest.mark.parametrize("key", ["config", "instancegroup/nodes"])
def test_no_api_version_is_a_finding(key: str) -> None:
    body = complete()[key].replace(API + b"\n", b"")

    assert [one.partition(",")[0] for one in contents.findings({**complete(), key: body})] == [
        f"{key} has no apiVersion"
    ]


@pytest.mark.parametrize("version", [b"kops/v1alpha2", b'"kops/v1alpha2"', b"kops.k8s.io/v1alpha3"])
def test_what_kops_reads_is_none(version: bytes) -> None:
    body = GROUP.replace(API, b"apiVersion: " + version)

    assert list(contents.findings({**complete(), "instancegroup/nodes": body})) == []


def test_the_old_group_in_a_form_that_kops_does_not_rewrite_is_a_finding() -> None:
    body = GROUP.replace(API, b'"apiVersion": kops/v1alpha2')

    assert list(contents.findings({**complete(), "instancegroup/nodes": body}))


@pytest.mark.parametrize(
    "body",
    [GROUP.replace(b"{name: nodes}", b"{}"), GROUP.replace(b"metadata: {name: nodes}\n", b"")],
)
def test_a_group_without_a_name_is_a_finding(body: bytes) -> None:
    (finding,) = contents.findings({**complete(), "instancegroup/nodes": body})

    assert finding.startswith("instancegroup/nodes has no metadata.name")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"role: Node", b'role: Node, maxSize: "2"', "spec.maxSize is not a whole number"),
        (b"role: Node", b"role: Node, maxSize: 2.5", "spec.maxSize is not a whole number"),
        (b"role: Node", b"role: Node, maxSize: 99999999999", "spec.maxSize is not a whole number"),
        (b"role: Node", b"role: Node, autoscale: 1", "spec.autoscale is not true or false"),
        (b"role: Node", b"role: 7", "spec.role is not a text"),
        (b"role: Node", b"role: Node, zones: a", "spec.zones is no list"),
        (b"role: Node", b"role: Node, nodeLabels: {a: 1}", "spec.nodeLabels[a] is not a text"),
        (b"role: Node", b"role: Node, maxInstanceLifetime: 5", "is not a duration"),
        (b"role: Node", b"role: Node, maxInstanceLifetime: soon", "is not a duration"),
        (b"role: Node", b"role: Node, kubelet: [a]", "spec.kubelet is no map"),
        (b"name: nodes", b"name: 5", "metadata.name is not a text"),
        (b"name: nodes", b"name: nodes, labels: [a]", "metadata.labels is no map"),
        (b"name: nodes", b"name: nodes, creationTimestamp: now", "creationTimestamp is no time"),
    ],
)
def test_a_value_that_kops_cannot_read_is_a_finding(old: bytes, new: bytes, words: str) -> None:
    """kops refuses the object for it, and with a group all groups of its cluster (67c)."""
    found = list(contents.findings({**complete(), "instancegroup/nodes": GROUP.replace(old, new)}))

    assert any(words in finding for finding in found)


@pytest.mark.parametrize(
    "new",
    [
        b"role: Node, maxSize: null, minSize: 2.0, zones: , unknown: {a: [1]}",
        b"role: Node, maxInstanceLifetime: 1h30m, autoscale: yes, maxPrice: '0.05'",
        b"role: Node, rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}",
    ],
)
def test_what_kops_can_read_of_any_form_is_none(new: bytes) -> None:
    body = GROUP.replace(b"role: Node", new).replace(
        b"name: nodes", b"name: nodes, creationTimestamp: 2018-01-23T10:00:05Z"
    )

    assert list(contents.findings({**complete(), "instancegroup/nodes": body})) == []
