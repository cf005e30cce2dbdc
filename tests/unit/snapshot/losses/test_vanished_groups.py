"""A run says once that a group's definition is gone: its machines may run on. It asks no cloud."""

from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, group, name, state

CLUSTER = name(0)
SPOT = group("role: Node, maxSize: 1").replace(b"name: nodes", b"name: spot")
APPLIED = f"{CLUSTER}/igconfig/node/spot/nodeupconfig.yaml"


def runs(*, applied: bool = True) -> Runs:
    store = state(1)
    store.put(f"{CLUSTER}/instancegroup/nodes", group("role: Node, maxSize: 1"))
    store.put(f"{CLUSTER}/instancegroup/spot", SPOT)
    if applied:
        store.put(APPLIED, b"ClusterName: c000.example.com\n")
    return Runs(store, MemoryStore())


def said(made: Runs) -> tuple[str, ...]:
    return tuple(one for one in made.run().require().warnings if "is gone since" in one)


def test_a_group_that_is_gone_is_named_with_the_way_back_once() -> None:
    made = runs()
    first = made.run().clusters[0].snapshot
    made.state.delete(f"{CLUSTER}/instancegroup/spot")

    (words,) = said(made)

    assert "the definition of spot is gone" in words
    back = f"--name={CLUSTER} --snapshot={first} --instance-group=spot --yes"
    assert f"kled snapshot restore {back}" in words
    assert said(made) == ()


def test_one_that_was_deleted_with_what_its_machines_boot_from_is_none() -> None:
    made = runs()
    made.run()
    made.state.delete(f"{CLUSTER}/instancegroup/spot")
    made.state.delete(APPLIED)

    assert said(made) == ()


def test_one_that_was_never_applied_is_none() -> None:
    made = runs(applied=False)
    made.run()
    made.state.delete(f"{CLUSTER}/instancegroup/spot")

    assert said(made) == ()
