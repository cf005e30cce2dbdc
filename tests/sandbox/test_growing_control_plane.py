"""A control plane grows as with the real kops: first groups, then members that stand on them."""

from pathlib import Path

from tests.sandbox.desk import Desk

C = "growing.example.com"


def test_a_group_is_stored_before_a_member_stands_on_it_and_applied_after(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.create(C, "--zones=us-east-1b,us-east-1c", "--control-plane-zones=us-east-1a")
    for zone in "bc":
        made = ("create", "ig", f"plane-{zone}", f"--subnet=us-east-1{zone}", "--edit=false")
        desk.must(*made, f"--name={C}", "--role=control-plane")

    early = desk.run("update", "cluster", f"--name={C}")
    member = "cluster.spec.etcdClusters[{}].etcdMembers[{}].{}={}"
    sets = [
        f"--set={member.format(etcd, at, field, value)}"
        for etcd in (0, 1)
        for at, zone in enumerate("bc", 1)
        for field, value in (("name", zone), ("instanceGroup", f"plane-{zone}"))
    ]
    desk.must("edit", "cluster", f"--name={C}", *sets)
    late = desk.run("update", "cluster", f"--name={C}")

    assert "must have a member in etcd cluster" in early.stderr
    assert late.returncode == 0, late.stderr
    assert "plane-c.masters" in late.stdout
