"""What etcd-manager's control objects say."""

import pytest

from kled.kops.state_store.etcd_markers import MemberSpec, created_problem, member_spec


@pytest.mark.parametrize("body", [b'{"timestamp":1763909400000000000}', b'{"timestamp":"17"}'])
def test_a_created_marker_that_etcd_manager_reads_has_no_problem(body: bytes) -> None:
    assert created_problem(body) == ""


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{", b"{}", b'{"timestamp":true}'])
def test_a_created_marker_that_it_cannot_read_has_one(body: bytes) -> None:
    assert created_problem(body).startswith("etcd-cluster-created ")


def test_the_spec_says_how_many_members_of_which_version_there_are_to_be() -> None:
    body = b'{\n  "memberCount": 3,\n  "etcdVersion": "3.6.12"\n}'

    assert member_spec(body) == MemberSpec(3, "3.6.12")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"memberCount": true}', b'{"memberCount": "3"}'])
def test_a_spec_that_cannot_be_read_is_none(body: bytes) -> None:
    assert member_spec(body) is None
