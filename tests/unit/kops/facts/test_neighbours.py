"""What a deletion takes of others, by the names that kops gives. Fault 61."""

import pytest

from kled.kops.facts.neighbours import Neighbour, TakenResource, taken
from kled.kops.facts.truncated import truncated
from kled.kops.preview import delete_plan
from kled.models.plan import Change
from tests.unit.kops.replay import capture

A, AU = "a.example.com", "a.example.com.au"
STORE = "s3://state"
EAST, WEST = frozenset({"us-east-1"}), frozenset({"us-west-2"})
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/{}-nth"
FINGERPRINT = "96:70:42:73:2e:8d:1b:4e:3a:28:1c:0c:da:8c:22:2c"


def neighbour(name: str, regions: frozenset[str] = EAST) -> Neighbour:
    return Neighbour(name, STORE, regions)


def look(
    cluster: str, cloud: str, rows: list[tuple[str, str]], *names: str
) -> list[tuple[str, str]]:
    """Return owner and name of what is taken."""
    listed = [Change("delete", kind, name) for kind, name in rows]
    found = taken(cluster, cloud, EAST, listed, [neighbour(one) for one in names])
    return sorted([(one.owner, one.name) for one in found], key=lambda pair: pair[1])


def test_nothing_of_a_cluster_alone_is_anybody_elses() -> None:
    plan = delete_plan("demo.k8s.local", capture("07-delete-preview").stdout)

    assert {"sqs", "eventbridge-rule", "keypair"} <= {one.kind for one in plan.changes}
    assert taken(plan.cluster, "aws", EAST, plan.changes, [neighbour("other.k8s.local")]) == ()


def test_a_longer_name_is_another_cluster_registered_or_not() -> None:
    rows = [
        ("sqs", QUEUE.format("a-example-com")),
        ("sqs", QUEUE.format("a-example-com-au")),
        ("eventbridge-rule", f"{A}-ASGLifecycle"),
        ("eventbridge-rule", f"{AU}-ASGLifecycle"),
        ("vpc", AU),  # found by tags: kops tells it
    ]

    assert look(A, "aws", rows, AU) == [
        (AU, f"{AU}-ASGLifecycle"),
        (AU, QUEUE.format("a-example-com-au")),
    ]
    assert look(A, "aws", rows) == [
        (AU, f"{AU}-ASGLifecycle"),
        ("a-example-com-au", QUEUE.format("a-example-com-au")),
    ]
    assert look(AU, "aws", rows[1::2], A) == []


def test_what_is_no_clusters_at_all_is_not_this_clusters_either() -> None:
    rows = [("sqs", QUEUE.removesuffix("-nth").format("production-orders"))]

    assert look("prod", "aws", rows) == [("production-orders", rows[0][1])]


@pytest.mark.parametrize(
    ("cluster", "kind", "name", "owner"),
    [
        ("prod", "eventbridge-rule", "prod-2-SpotInterruption", "prod-2"),
        ("prod", "eventbridge-rule", "prod-SomeLaterEvent", None),
        ("prod", "eventbridge-rule", "prod-nightly", "prod-nightly"),
        (A, "keypair", f"kubernetes.{A}-{FINGERPRINT}", None),
        (A, "keypair", f"kubernetes.{A}", None),
        (A, "keypair", f"kubernetes.{A}-2-{FINGERPRINT}", f"{A}-2"),
        (A, "route53-record", f"api.internal.{A}.", None),
        (A, "route53-record", f"aaaa-api.{A}.", None),
        (A, "route53-record", f"etcd-events-1.internal.{A}.", None),
        (A, "route53-record", f"etcd-a.internal.b.{A}.", f"b.{A}"),
        (A, "route53-record", f"api.internal.{A}.", f"internal.{A}"),  # the API of both
    ],
)
def test_the_other_kinds_that_aws_lists_by_name(
    cluster: str, kind: str, name: str, owner: str | None
) -> None:
    neighbours = [owner] if owner else []

    found = look(cluster, "aws", [(kind, name)], *neighbours)

    assert found == ([(owner, name)] if owner else [])


def test_clusters_whose_names_differ_in_dots_alone_have_one_queue() -> None:
    row = ("sqs", QUEUE.format("a-b-example-com"))

    assert look("a.b.example.com", "aws", [row], "a-b.example.com") == [("a-b.example.com", row[1])]
    far = [neighbour("a-b.example.com", WEST)]
    listed = [Change("delete", *row)]
    assert taken("a.b.example.com", "aws", EAST, listed, far) == ()


def test_names_are_cut_as_kops_cuts_them() -> None:
    assert truncated("kops-controller-demo-k8s-local", 24)[-6:] == "3lvlir"  # capture 02b
    long = f"{'x' * 40}.example.com"

    assert look(long, "aws", [("eventbridge-rule", f"{truncated(long, 40)}-ASGLifecycle")]) == []
    assert truncated(A, 40) == A


@pytest.mark.parametrize(
    ("cloud", "kind", "own", "other", "owner"),
    [
        ("digitalocean", "loadbalancer", "api-prod", "api-prod-2", "prod-2"),
        ("digitalocean", "volume", "kops-1-etcd-main-prod", "kops-1-etcd-main-prod-2", "prod-2"),
        ("openstack", "ServerGroup", "prod-nodes", "prod-2-nodes", "prod-2"),
        ("openstack", "SecurityGroup", "nodes.prod", "nodes.x.prod", "x.prod"),
        ("openstack", "SSHKey", "kubernetes-prod-aa_bb", "kubernetes-prod-2-aa_bb", "prod-2"),
        ("openstack", "DNSRecord", "api.prod.", "api.myprod.", "myprod"),
        ("gce", "ForwardingRule", "api-prod", "api-x-prod", "x.prod"),
        ("gce", "FirewallRule", "k8s-fw-a0b1", "node-to-node-x-prod", "x.prod"),
    ],
)
def test_other_clouds(cloud: str, kind: str, own: str, other: str, owner: str) -> None:
    assert look("prod", cloud, [(kind, own), (kind, other)], owner) == [(owner, other)]
    assert look(owner, cloud, [(kind, other)], "prod") == []


def test_a_zones_records_bear_their_names_without_it() -> None:
    rows = [("dns-record", name) for name in ("api.a", "api", "api.internal.a", "api.xa", "www")]

    assert look(A, "digitalocean", rows, f"x{A}") == [
        (f"x{A}", "api.xa"),
        ("www", "www"),
    ]


def test_it_says_what_it_is_and_whose() -> None:
    assert str(TakenResource("prod-2", "sqs", "q", STORE)) == 'sqs q of cluster "prod-2"'
    assert str(TakenResource("orders", "sqs", "q")) == "sqs q"
