"""No plan ends machines with pods on them, unless somebody says that word. K6.

Bounds that an edit had lowered were applied by `update-cluster --yes`: the last node machines of a
cluster went undrained, with exit 0, and the cluster was called healthy afterwards.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from kled.cli.kops import delete_instance_group
from kled.operations.guards.overrides import Overrides
from tests.sandbox.line import Ended, typed
from tests.sandbox.test_previews import GROUP, Alone, C
from tests.sandbox.test_ways_back import NAME, NODES, commands, type_

__all__ = ["type_"]
Type = Callable[[str], Ended]
UPDATE: Final = f"kled kops update-cluster {NAME}"
DELETE: Final = f"kled kops delete-instance-group {NAME} --instance-group=spare"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """A cluster that was applied, with two groups of nodes."""
    desk = Alone(tmp_path_factory.mktemp("undrained") / "box")
    desk.create(C, "--node-count=1")
    desk.must("create", "ig", "spare", NAME, "--subnet=us-east-1a", "--edit=false")
    desk.apply(C)
    return desk


@pytest.fixture
def desk(whole: Alone) -> Iterator[Alone]:
    files = whole.files()
    yield whole
    whole.put_back(files)


def nodes(desk: Alone, group: str = GROUP) -> int:
    return sum(one == f"{group}.{C}" for one in desk.machines(C).values())


def applied(desk: Alone, type_: Type, *edits: str) -> Ended:
    for edit in edits:
        done = type_(f"kled kops edit-instance-group {NAME} {edit}")
        assert done.status == 0, done.stderr
    return type_(UPDATE)


def hint(ended: Ended) -> str:
    (line,) = [one for one in ended.stderr.splitlines() if one.startswith("hint: ")]
    return line


@pytest.mark.parametrize("command", ["update-cluster", "reconcile-cluster"])
def test_bounds_of_0_end_no_machine_undrained(desk: Alone, type_: Type, command: str) -> None:
    before = desk.machines(C)
    type_(f"kled kops edit-instance-group {NAME} {NODES} --min=0 --max=0")

    done = type_(f"kled kops {command} {NAME}")

    assert done.status == 6
    assert f"1 of {GROUP}" in done.stderr
    scale = f"kled kops scale-instance-group {NAME} {NODES} --min=0 --max=0 --yes"
    assert scale in hint(done)
    assert desk.machines(C) == before
    assert ", the last nodes of the cluster" not in done.stderr  # of "spare" 2 machines live on


def test_what_the_hint_says_is_typed_and_ends_it(desk: Alone, type_: Type) -> None:
    """Other changes wait, too: scaling refuses to apply them, and an update to end machines."""
    refused = applied(desk, type_, f"{NODES} --max=0 --min=0 --set=spec.machineType=t3.large")
    assert refused.status == 6
    back, update, scale, anyway = commands(hint(refused))
    for command in (back, update):
        done = type_(command.removesuffix("then drain and end them: "))
        assert done.status == 0, (command, done.stderr)
    assert nodes(desk) == 1
    assert scale == f"kled kops scale-instance-group {NAME} {NODES} --min=0 --max=0 --yes"
    assert anyway == f"{UPDATE} --yes --no-drain"


def test_two_groups_are_given_their_bounds_back_and_scaled_one_after_the_other(
    desk: Alone, type_: Type
) -> None:
    spare = "--instance-group=spare --min=0 --max=0"

    refused = applied(desk, type_, f"{NODES} --min=0 --max=0", spare)

    assert refused.status == 6
    assert f"1 of {GROUP}, 2 of spare, the last nodes of the cluster" in refused.stderr
    first, second, *_ = commands(hint(refused))
    for command in (first, second):
        assert type_(command).status == 0
    assert type_(UPDATE).status == 0
    assert (nodes(desk), nodes(desk, "spare")) == (1, 2)


def test_who_says_so_ends_them_all_the_same(desk: Alone, type_: Type) -> None:
    refused = applied(desk, type_, f"{NODES} --min=0 --max=0")
    *_, anyway = commands(hint(refused))

    done = type_(anyway)

    assert done.status == 0, done.stderr
    assert nodes(desk) == 0


@pytest.mark.parametrize("bounds", ["--min=0 --max=1", "--min=0", "--max=1"])
def test_bounds_above_what_runs_are_applied(desk: Alone, type_: Type, bounds: str) -> None:
    """An autoscaled group: its bounds say nothing of how many machines it has by now."""
    assert applied(desk, type_, f"{NODES} --min=1 --max=5").status == 0
    assert nodes(desk) == 1

    assert applied(desk, type_, f"{NODES} {bounds}").status == 0
    assert nodes(desk) == 1


def test_fewer_machines_are_followed_by_what_drains_them(desk: Alone, type_: Type) -> None:
    down = type_(f"kled kops edit-instance-group {NAME} {NODES} --max=0 --min=0")
    more = type_(f"kled kops edit-instance-group {NAME} {NODES} --max=3 --min=1")
    both = type_(
        f"kled kops edit-instance-group {NAME} {NODES} --max=1 --set=spec.machineType=t3.large"
    )

    drains = f"next: kled kops scale-instance-group {NAME} {NODES} --min=0 --max=0 --yes"
    assert drains in down.stderr.splitlines()
    for done in (more, both):
        assert f"next: {UPDATE}" in done.stderr.splitlines()


def test_what_the_last_groups_refusal_says_is_typed(desk: Alone, type_: Type) -> None:
    """A member more: it named `create-instance-group` without the options that it needs."""
    type_(f"{DELETE} --no-drain")

    refused = type_(f"kled kops delete-instance-group {NAME} {NODES}")

    assert refused.status == 1
    create, scale = commands(hint(refused))
    assert scale == f"kled kops scale-instance-group {NAME} {NODES} --size=0 --yes"
    made = type_(create)
    assert made.status == 0, made.stderr
    assert type_(f"kled kops delete-instance-group {NAME} {NODES} --no-drain").status == 0


def test_a_group_of_a_protected_cluster_goes_when_its_name_is_typed_again(
    desk: Alone, capsys: pytest.CaptureFixture[str]
) -> None:
    def delete(**more: Any) -> Ended:
        env = {**desk.stores, "KLED_PROTECTED": "f.*"}
        command = delete_instance_group.delete_instance_group
        overrides = Overrides(no_drain=True)
        told = {"name": C, "group": "spare", **more}
        return typed(capsys, desk, command, env=env, overrides=overrides, **told)

    shown = delete()
    refused = delete(yes=True)
    wrong = delete(yes=True, confirm="g.example.com")
    there = nodes(desk, "spare")
    done = delete(yes=True, confirm=C)

    assert shown.status == 0, shown.stderr
    assert "without draining them: up to 2" in shown.stderr
    assert f"--instance-group=spare --yes --confirm={C}" in shown.stderr
    assert (refused.status, wrong.status, there) == (6, 6, 2)
    assert f"--confirm={C}" in refused.stderr
    assert done.status == 0, done.stderr
    assert nodes(desk, "spare") == 0


# The deletion of a group ended its machines with the pods
# on them, exit 0, without a word but in its preview.


@pytest.mark.parametrize("yes", ["", " --yes"], ids=["preview", "act"])
def test_the_deletion_of_a_group_ends_no_machine_undrained(
    desk: Alone, type_: Type, yes: str
) -> None:
    before = desk.machines(C)

    done = type_(f"{DELETE}{yes}")

    assert done.status == 6
    assert 'the deletion of "spare" ends 2 machines without draining them' in done.stderr
    assert desk.machines(C) == before


def test_a_group_without_machines_goes_as_that_hint_says(desk: Alone, type_: Type) -> None:
    scale, delete, anyway = commands(hint(type_(DELETE)))
    assert scale.startswith(
        f"kled kops scale-instance-group {NAME} --instance-group=spare --size=0"
    )
    type_(f"kled kops edit-instance-group {NAME} --instance-group=spare --min=0 --max=0")
    type_(f"{UPDATE} --no-drain")  # in place of the scaling, which asks the Kubernetes API
    assert nodes(desk, "spare") == 0

    done = type_(delete)

    assert done.status == 0, done.stderr
    assert anyway == f"{DELETE} --yes --no-drain"


def test_who_says_so_deletes_the_group_with_its_machines(desk: Alone, type_: Type) -> None:
    assert type_(f"{DELETE} --no-drain").status == 0
    assert nodes(desk, "spare") == 0


def test_a_group_that_was_never_applied_goes_without_a_word(desk: Alone, type_: Type) -> None:
    """Another member; its definition says how many machines it would have."""
    type_(f"kled kops create-instance-group {NAME} --instance-group=fresh --subnet=us-east-1a")

    done = type_(f"kled kops delete-instance-group {NAME} --instance-group=fresh --yes")

    assert done.status == 0, done.stderr
