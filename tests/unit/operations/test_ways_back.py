"""A way back is the complete command, with the values that were there before."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kled.kops.facts.plan_effects import makes_control_plane
from kled.kops.fields.known_fields import Kind
from kled.models.plan import Change, Plan
from kled.operations import ways_back
from kled.operations.cluster import update_cluster
from kled.operations.cluster.edit_cluster import EditCluster
from kled.operations.cluster.update_cluster import Applied
from kled.operations.cluster.upgrade_cluster import UpgradeCluster
from kled.operations.credentials.secrets import KEEPING, CreateSecret, DeleteSecret
from kled.operations.guards.overrides import NOTHING, Overrides
from kled.operations.instance_group.edit_instance_group import EditInstanceGroup
from kled.operations.instance_group.scaling_bounds import next_command
from kled.operations.runner import Row, run
from kled.operations.step import Operation
from tests.unit.operations.test_nothing_to_take_back import GROUP, C, Kops, Only, session

BEFORE = "20261125T034149Z-a1b2c3d4"
RESTORE = f"kled snapshot restore --name={C} --snapshot={BEFORE}"


class Secrets(Kops):
    """Forgets secrets, too."""

    def credentials_delete_secret(self, _name: str, kind: str) -> None:
        self.secrets.remove(kind)


def ended(root: Path, kops: Any, operation: Operation, before: str | None = BEFORE) -> Row:
    """Run the last step that changes the cluster, behind the snapshot `before`."""
    opened = session(root, kops)
    opened.before = before
    changing = [step for step in operation.steps() if step.name != KEEPING]
    return run(Only(replace(changing[-1])), opened).rows[-1]


def test_an_edit_of_a_cluster_is_taken_back_by_the_very_command(tmp_path: Path) -> None:
    kops = Kops({"kubernetesVersion": "1.36.0", "channel": "stable"})
    was = dict(kops.spec)

    row = ended(tmp_path, kops, EditCluster(C, ("spec.channel=alpha",)))

    assert row.way_back == f"kled kops edit-cluster --name={C} --set=spec.channel=stable"
    typed = tuple(
        one.removeprefix("--set=") for one in shlex.split(row.way_back) if one.startswith("--set=")
    )
    ended(tmp_path, kops, EditCluster(C, typed))
    assert kops.spec == was


def test_an_edit_of_a_group_is_taken_back_by_the_very_command(tmp_path: Path) -> None:
    row = ended(tmp_path, Kops(), EditInstanceGroup(C, GROUP, ("spec.maxSize=3",)))

    assert row.way_back == (
        f"kled kops edit-instance-group --name={C} --instance-group={GROUP} --set=spec.maxSize=2"
    )


def test_what_was_not_there_is_unset(tmp_path: Path) -> None:
    row = ended(tmp_path, Kops(), EditInstanceGroup(C, GROUP, ("spec.machineType=t3.large",)))

    assert row.way_back.endswith(f"--instance-group={GROUP} --unset=spec.machineType")


@pytest.mark.parametrize(
    ("before", "sets"),
    [
        ({"sshAccess": ["0.0.0.0/0"]}, "spec.sshAccess=10.0.0.0/8"),  # --set would add to a list
        ({"cloudLabels": {"password": "hunter22"}}, "spec.cloudLabels=x"),  # never a secret
        ({"additionalSans": "x" * 2000}, "spec.additionalSans=y"),  # nobody looks that over
    ],
)
def test_what_no_option_can_say_comes_back_from_the_snapshot_before(
    tmp_path: Path, before: dict[str, Any], sets: str
) -> None:
    row = ended(tmp_path, Kops(before), EditCluster(C, (sets,)))

    assert row.way_back == f"{RESTORE} --class=intent"
    assert "hunter22" not in row.way_back


def test_without_a_snapshot_it_is_left_to_an_editor(tmp_path: Path) -> None:
    kops = Kops({"sshAccess": ["0.0.0.0/0"]})

    row = ended(tmp_path, kops, EditCluster(C, ("spec.sshAccess=10.0.0.0/8",)), None)

    assert (
        row.way_back == f"put back what the step says was there: kled kops edit-cluster --name={C}"
    )


@pytest.mark.parametrize("value", ["a b", "it's", "$HOME"])
def test_earlier_values_are_quoted_for_a_shell(tmp_path: Path, value: str) -> None:
    kops = Kops({"channel": value})

    row = ended(tmp_path, kops, EditCluster(C, ("spec.channel=stable",)))

    assert shlex.split(row.way_back)[-1] == f"--set=spec.channel={value}"


def test_an_upgrade_names_the_version_that_was(tmp_path: Path) -> None:
    row = ended(tmp_path, Kops(), UpgradeCluster(C, "1.36.1"))

    assert row.way_back == (
        f"before update-cluster: kled kops edit-cluster --name={C}"
        " --set=spec.kubernetesVersion=1.36.0; after it there is none"
    )


def test_a_deleted_secret_comes_back_from_the_snapshot_that_has_it(tmp_path: Path) -> None:
    kops = Secrets(secrets=["dockerconfig"])

    row = ended(tmp_path, kops, DeleteSecret(C, "dockerconfig"))

    assert row.way_back == f"{RESTORE} --class=identity"


def test_a_secret_that_was_replaced_comes_back_from_there_too(tmp_path: Path) -> None:
    kops = Kops(secrets=["dockerconfig"])

    row = ended(tmp_path, kops, CreateSecret(C, "dockerconfig", tmp_path / "f", force=True))

    assert row.way_back == f"{RESTORE} --class=identity"


def test_commands_of_several_objects_are_typed_one_after_the_other(tmp_path: Path) -> None:
    opened = session(tmp_path, Kops())
    old = Kops({"channel": "stable"}, {"maxSize": 2}).definition.get(C)
    new = Kops({"channel": "alpha"}, {"maxSize": 3}).definition.get(C)

    told = ways_back.of_definitions(opened, old, new)

    assert told == (
        f"kled kops edit-cluster --name={C} --set=spec.channel=stable && kled kops"
        f" edit-instance-group --name={C} --instance-group={GROUP} --set=spec.maxSize=2"
    )


@pytest.mark.parametrize("kind", ["Cluster", "InstanceGroup"])
def test_nothing_that_differs_is_nothing_to_type(tmp_path: Path, kind: Kind) -> None:
    one = Kops().definition.get(C)

    assert ways_back.edit(kind, {"name": C}, one.cluster, one.cluster) == ""


def test_what_was_made_with_another_identity_is_not_taken_back_by_a_restore(tmp_path: Path) -> None:
    """The update behind such a restore is refused, and the definition names what never ran."""
    opened = session(tmp_path, Kops())
    opened.before, opened.overrides = BEFORE, Overrides(new_identity=C)

    for told in (ways_back.of_update(opened, C), ways_back.of_roll(opened, C)):
        assert RESTORE not in told
        assert f"update again, each with --new-identity={C}" in told


def test_the_command_after_an_edit_repeats_that_it_was_meant() -> None:
    before = {"metadata": {"name": GROUP}, "spec": {"subnets": ["us-east-1a"]}}
    after = {"metadata": {"name": GROUP}, "spec": {"subnets": ["us-east-1b"]}}

    told = next_command(C, before, after, new_identity=C)

    assert told == f"kled kops update-cluster --name={C} --new-identity={C}"


@pytest.mark.parametrize(
    ("overrides", "more"), [(NOTHING, ""), (Overrides(new_identity=C), " --cloudonly --force")]
)
def test_machines_of_an_earlier_identity_are_replaced_without_asking_their_api(
    overrides: Overrides, more: str
) -> None:
    wish = update_cluster.update_meant(C, None, None, None)

    told = update_cluster.next_command(wish, Applied(is_anew=False), overrides)

    assert told == f"kled kops rolling-update --name={C}{more}"


@pytest.mark.parametrize(
    ("made", "anew"),
    [
        ((), False),
        (("nodes",), False),
        (("plane-a",), False),  # one more than there is
        (("nodes", "plane-a", "plane-b"), True),
    ],
)
def test_a_plan_that_makes_the_whole_control_plane_is_of_a_cluster_that_does_not_run(
    made: tuple[str, ...], anew: object
) -> None:
    names = (f"{name}.{C}" if name == "nodes" else f"{name}.masters.{C}" for name in made)
    changes = tuple(Change("create", "AutoscalingGroup", name) for name in names)
    plan = Plan(
        C,
        changes,
        roles={"plane-a": "control-plane", "plane-b": "control-plane", "nodes": "node"},
    )

    assert makes_control_plane(plan) is anew
    assert not makes_control_plane(Plan(C, ()))
