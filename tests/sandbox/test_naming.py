"""Names that kops derives from a cluster's name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.sandbox.cloud import naming


@pytest.mark.parametrize(
    ("prefix", "cluster", "expected"),
    [
        ("api", "demo.k8s.local", "api-demo-k8s-local-7ig276"),
        ("kops-controller", "demo.k8s.local", "kops-controller-demo-k8s--3lvlir"),
        ("tcp", "demo.k8s.local", "tcp-demo-k8s-local-g6v5cd"),
        ("api", "ha.k8s.local", "api-ha-k8s-local-3r5qp0"),
        ("kops-controller", "ha.k8s.local", "kops-controller-ha-k8s-lo-944iau"),
        ("api", "mycluster.example.com", "api-mycluster-example-com-5nnpoo"),
        ("kops-controller", "mycluster.example.com", "kops-controller-mycluster-pejec9"),
        ("tcp", "mycluster.example.com", "tcp-mycluster-example-com-8fd67q"),
        ("api", "cp.k8s.local", "api-cp-k8s-local-e10mll"),
    ],
)
def test_load_balancer_names_are_those_of_the_captures(
    prefix: str, cluster: str, expected: str
) -> None:
    assert naming.load_balancer(prefix, cluster) == expected


@given(st.text("abcdefghijklmnopqrstuvwxyz.-0123456789", min_size=1, max_size=120))
def test_no_name_is_longer_than_aws_allows(cluster: str) -> None:
    name = naming.load_balancer("kops-controller", cluster)

    assert len(name) <= 32
    assert name.endswith(f"-{naming.short_hash('kops-controller-' + cluster.replace('.', '-'))}")


def test_ssh_fingerprints_are_those_of_the_captures() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKCLSa3+QhFwebDYMK9iKYA6DlGi0YZ5DsET9f9XBC/l root@vm"

    colons, sha = naming.ssh_fingerprints(key)

    assert colons == "96:70:42:73:2e:8d:1b:4e:3a:28:1c:0c:da:8c:22:2c"
    assert sha == "SHA256:6i9/FDzlOW7FsOrA+/lGiMN8PAoPd4CA5fAxTXM3Fo0"


def test_only_the_control_plane_has_masters_in_its_groups_name() -> None:
    assert naming.group("c.example", "cp-a", "Master") == "cp-a.masters.c.example"
    assert naming.group("c.example", "nodes-a", "Node") == "nodes-a.c.example"
