"""Who else lives by the IAM roles of a cluster that is changed or deleted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.kops.facts import iam_roles
from kled.models.definition import Definition
from kled.operations.guards.shared_iam_roles import Registered, fan_out

C = "c.example.com"
ARN = "arn:aws:iam::123456789012:instance-profile"
FIRST, SECOND = "s3://first", "s3://second"


def cluster(name: str, *profiles: str, cloud: Any = "aws", accounts: Any = None) -> Definition:
    """A cluster of one control plane and one group of nodes, each with a profile, `""` for none."""
    wanted = (*profiles, "", "")[:2]
    groups = [
        {"metadata": {"name": role}, "spec": {"role": role} | _profile(profile)}
        for role, profile in zip(("Master", "Node"), wanted, strict=True)
    ]
    iam = {"iam": {"serviceAccountExternalPermissions": accounts}} if accounts else {}
    spec = {"cloudProvider": cloud} | iam
    return Definition({"metadata": {"name": name}, "spec": spec}, tuple(groups))


def _profile(arn: str) -> dict[str, Any]:
    return {"iam": {"profile": arn}} if arn else {}


def test_a_cluster_of_the_same_name_in_another_store_uses_the_same_roles() -> None:
    (found,) = fan_out(iam_roles.owned(cluster(C)), [Registered(SECOND, cluster(C))])

    assert str(found) == f'masters.{C}, nodes.{C} of cluster "{C}" in {SECOND}'


def test_another_name_has_roles_of_its_own() -> None:
    assert (
        fan_out(iam_roles.owned(cluster(C)), [Registered(FIRST, cluster("other.example.com"))])
        == ()
    )


def test_instance_profiles_of_its_own_isolate_a_cluster() -> None:
    isolated = cluster(C, f"{ARN}/own-masters", f"{ARN}/path/own-nodes")

    assert fan_out(iam_roles.owned(cluster(C)), [Registered(SECOND, isolated)]) == ()


def test_a_cluster_whose_groups_have_profiles_still_deletes_the_roles_of_its_name() -> None:
    isolated = cluster(C, f"{ARN}/own-masters", f"{ARN}/own-nodes")

    (found,) = fan_out(iam_roles.owned(isolated), [Registered(SECOND, cluster(C))])

    assert found.roles == (f"masters.{C}", f"nodes.{C}")


def test_a_profile_of_another_cluster_that_a_group_borrows_is_found() -> None:
    borrower = cluster("b.example.com", "", f"{ARN}/nodes.{C}")

    (found,) = fan_out(iam_roles.owned(cluster(C)), [Registered(FIRST, borrower)])

    assert (found.cluster, found.roles) == ("b.example.com", (f"nodes.{C}",))


def test_roles_of_service_accounts_count() -> None:
    both = cluster(C, "", accounts=[{"name": "dns", "namespace": "kube-system"}])

    (found,) = fan_out(iam_roles.owned(both), [Registered(SECOND, both)])

    assert f"dns.kube-system.sa.{C}" in found.roles


@pytest.mark.parametrize("cloud", ["gce", {"hetzner": {}}, None])
def test_other_clouds_have_no_such_roles(cloud: Any) -> None:
    assert fan_out(iam_roles.owned(cluster(C)), [Registered(SECOND, cluster(C, cloud=cloud))]) == ()
    assert iam_roles.owned(cluster(C, cloud=cloud)) == frozenset()


names = st.sampled_from(["a.example.com", "b.example.com", "c.example.com"])


@given(names, st.lists(st.tuples(names, st.sampled_from([FIRST, SECOND]))))
def test_exactly_the_clusters_of_the_same_name_are_found(
    name: str, others: list[tuple[str, str]]
) -> None:
    found = fan_out(
        iam_roles.owned(cluster(name)), [Registered(store, cluster(one)) for one, store in others]
    )

    assert [(one.cluster, one.state_store) for one in found] == sorted(
        one for one in others if one[0] == name
    )
