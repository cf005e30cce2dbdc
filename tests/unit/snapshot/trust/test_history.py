"""The history of a store is not destroyed unnoticed: its runs, and its older snapshots.

Whoever may delete and has no key leaves the newest snapshots and the newest run alone, and takes
what came before; the run that is left counts what there was.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kled import config
from kled.errors import KledError, SnapshotNotTrustworthy
from kled.operations.snapshots import list_snapshots, verify
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.runs import encode, read
from kled.snapshot.losses.losses import find_older_lost, losses_of
from kled.snapshot.progress import Quiet
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.trust.ledger import read_ledger
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.attacks import ADDON, ONLY_LAST
from tests.unit.snapshot.fleets import Runs, name, state
from tests.unit.snapshot.signing_keys import signing_key


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Five runs, each with a snapshot of the first cluster, in a store that is signed."""
    runs = Runs(state(2), MemoryStore(), Keys(signing_key=signing_key(tmp_path)))
    for number in range(5):
        change(runs, number)
        runs.run().require_whole()
    return runs


def change(runs: Runs, number: int) -> None:
    runs.state.put(f"{name(0)}/{ADDON}", b"version %d" % number)


def run_keys(runs: Runs) -> list[str]:
    return keys(runs.store, "runs/")


def manifests(runs: Runs) -> list[str]:
    return [
        key for key in keys(runs.store, f"clusters/{name(0)}/") if key.endswith("manifest.json")
    ]


def delete(runs: Runs, found: list[str]) -> None:
    for key in found:
        directory = key.removesuffix("manifest.json")
        for one in keys(runs.store, directory):
            runs.store.delete(one)


def older_snapshots(runs: Runs) -> None:
    delete(runs, manifests(runs)[:-1])


def one_between(runs: Runs) -> None:
    delete(runs, manifests(runs)[2:3])


def older_runs(runs: Runs) -> None:
    delete(runs, run_keys(runs)[:-1])


def first_runs(runs: Runs) -> None:
    delete(runs, run_keys(runs)[:2])


def run_between(runs: Runs) -> None:
    delete(runs, run_keys(runs)[2:3])


def both(runs: Runs) -> None:
    older_snapshots(runs)
    older_runs(runs)


def newest_snapshot(runs: Runs) -> None:
    delete(runs, manifests(runs)[-1:])


ATTACKS = [older_snapshots, one_between, older_runs, first_runs, run_between, both]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("remembering", [True, False])
def test_what_is_gone_of_the_history_is_told_by_each_command_in_each_run(
    runs: Runs, attack: Callable[[Runs], None], *, remembering: bool
) -> None:
    attack(runs)
    if not remembering:
        for key in keys(runs.state, ".kled/"):
            runs.state.delete(key)

    for number in range(5, 8):
        with pytest.raises(SnapshotNotTrustworthy, match="no prune removed") as stopped:
            plan_prune(runs.snapshots, ONLY_LAST)
        assert "kled snapshot create --all --anew" in str(stopped.value.hint)
        ledger = read_ledger(runs.snapshots, runs.state)
        assert find_older_lost(ledger, tuple(runs.snapshots.list()))
        settings, there = config.load({}), runs.snapshots
        rows = verify.verify_snapshots(settings, there, level=0, progress=Quiet(), state=runs.state)
        assert any("no prune removed" in words for row in rows for words in row["findings"])
        told = list_snapshots.find_missing(
            runs.snapshots, list_snapshots.list_snapshots(runs.snapshots, None), None, runs.state
        )
        assert any("no prune removed" in words for words in told.warnings)
        with pytest.raises(SnapshotNotTrustworthy, match="no change begins"):
            before = CreateOptions(by="test", before_change=True)
            create(runs.state, runs.snapshots, [name(0)], options=before, progress=Quiet())
        change(runs, number)
        with pytest.raises(KledError, match="no prune removed") as raised:
            runs.run().require_whole()
        assert raised.value.exit_code == 4


@pytest.mark.parametrize("attack", [*ATTACKS, newest_snapshot])
def test_a_person_settles_it(runs: Runs, attack: Callable[[Runs], None]) -> None:
    attack(runs)
    options = CreateOptions(by="test", reuse=False, settles=True)

    create(runs.state, runs.snapshots, None, options=options, progress=Quiet()).require_whole()

    runs.run().require_whole()
    assert plan_prune(runs.snapshots, ONLY_LAST, state=runs.state).kept
    settings, there = config.load({}), runs.snapshots
    rows = verify.verify_snapshots(settings, there, level=0, progress=Quiet(), state=runs.state)
    assert all(row["trustworthy"] for row in rows), rows


def test_what_prunes_remove_is_no_loss_snapshots_and_runs(runs: Runs) -> None:
    for days in (0, 3, 60, 61, 100, 101, 200):
        runs.later = timedelta(days=days)
        change(runs, days)
        runs.run().require_whole()
        apply_prune(runs.snapshots, plan_prune(runs.snapshots, ONLY_LAST), Quiet())
        runs.run().require_whole()
        assert losses_of(read_ledger(runs.snapshots, runs.state)).reasons == ()

    delete(runs, manifests(runs)[:1])
    assert losses_of(read_ledger(runs.snapshots, runs.state)).reasons


def test_two_runs_at_once_and_a_run_of_one_cluster_are_no_loss(runs: Runs) -> None:
    last = read(runs.snapshots, run_keys(runs)[-1][5:-5])
    twin = runs.snapshots.new_id()
    runs.store.put(
        f"runs/{twin}.json",
        encode(
            runs.snapshots,
            type(last)(
                **{field: getattr(last, field) for field in last.__slots__ if field != "id"},
                id=twin,
            ),
        ),
    )
    runs.run([name(1)]).require_whole()
    runs.run([name(0)]).require_whole()

    runs.run().require_whole()


def test_a_store_that_nobody_counted_in_goes_on() -> None:
    """As an earlier kled left it, and as a mirror is that becomes the first store."""
    runs = Runs(state(1), MemoryStore())
    runs.run().require_whole()
    change(runs, 1)
    runs.run().require_whole()
    for key in [*run_keys(runs), *keys(runs.state, ".kled/")]:
        (runs.state if key.startswith(".kled") else runs.store).delete(key)
    delete(runs, manifests(runs)[:1])

    runs.run().require_whole()
    runs.run().require_whole()
    assert read_ledger(runs.snapshots, runs.state).newest.begins is None  # type: ignore[union-attr]
