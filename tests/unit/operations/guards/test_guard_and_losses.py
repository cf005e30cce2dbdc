"""No change lets it go unnoticed that the snapshot store was emptied, set back or swapped."""

import json
import shutil
from pathlib import Path

import pytest

from kled.errors import KledError, SnapshotMissing, SnapshotNotTrustworthy
from kled.operations.guards.guards import APPLIES, CREATES, DELETES, EDITS, ROLLS, Guards
from kled.operations.guards.overrides import Overrides
from kled.operations.recovery.restore_state import RESTORES
from kled.operations.runner import run
from kled.operations.session import Session
from kled.operations.snapshots.back_up import BackUpState
from kled.operations.snapshots.remembered_stores import say_all_gone
from kled.operations.snapshots.store_state import state_of
from kled.operations.step import Step
from tests.sites import Site
from tests.unit.operations.guards.test_guard import CLUSTER, Change
from tests.unit.snapshot import fleets

REFUSE = (APPLIES, ROLLS, CREATES, DELETES)
GO_ON = (EDITS, RESTORES)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A cluster that was backed up, and its store set aside."""
    for store in ("state", "snapshots"):
        (tmp_path / store).mkdir()
    site = Site(tmp_path)
    site.put(CLUSTER, fleets.objects(1))
    run(BackUpState(), site.session())
    return site


def files(site: Site) -> list[str]:
    root = site.root / "snapshots"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def remembered(site: Site) -> list[object]:
    return [
        json.loads(path.read_bytes())
        for path in (site.root / "state" / ".kled" / "snapshots").iterdir()
    ]


def empty(site: Site) -> None:
    (site.root / "snapshots").rename(site.root / "away")
    (site.root / "snapshots").mkdir()


def set_back(site: Site) -> None:
    shutil.copytree(site.root / "snapshots", site.root / "earlier")
    site.put(CLUSTER, {"instancegroup/nodes": fleets.group("maxSize: 9")})
    run(BackUpState(), site.session())
    shutil.rmtree(site.root / "snapshots")
    (site.root / "earlier").rename(site.root / "snapshots")


@pytest.mark.parametrize("guards", [*REFUSE, *GO_ON])
@pytest.mark.parametrize("overrides", [Overrides(), Overrides(no_snapshot=True)])
def test_no_change_begins_an_emptied_store_anew(
    site: Site, guards: Guards, overrides: Overrides
) -> None:
    seen = remembered(site)
    empty(site)
    change = Change(site, guards=guards)

    with pytest.raises(SnapshotNotTrustworthy, match=r"is empty, and run .* was written there"):
        run(change, site.session(overrides=overrides))

    assert (change.reached, files(site), remembered(site)) == (0, [], seen)
    with pytest.raises(SnapshotMissing, match="is empty, and run"):
        run(BackUpState(), site.session())


@pytest.mark.parametrize("guards", REFUSE)
def test_a_change_is_refused_where_the_store_was_set_back(site: Site, guards: Guards) -> None:
    set_back(site)
    seen, there, change = remembered(site), len(site.manifests()), Change(site, guards=guards)

    with pytest.raises(SnapshotNotTrustworthy, match="the state store remembers run") as raised:
        run(change, site.session())

    assert raised.value.exit_code == 4
    assert (change.reached, len(site.manifests()), remembered(site)) == (0, there, seen)
    assert "settle it" not in str(raised.value.hint)  # only --anew does
    assert "kled snapshot create --all --anew" in str(raised.value.hint)


@pytest.mark.parametrize("guards", GO_ON)
def test_an_edit_and_a_restore_go_on_and_say_so_and_the_loss_is_told_of_afterwards(
    site: Site, guards: Guards
) -> None:
    set_back(site)
    seen, change = remembered(site), Change(site, guards=guards)

    for reached in (1, 2):
        report = run(change, site.session())
        assert change.reached == reached
        assert "THE SNAPSHOT STORE MAY HAVE LOST SNAPSHOTS: the state store remembers" in (
            report.rows[1].words
        )
        assert remembered(site) == seen
    with pytest.raises(KledError, match="the state store remembers run") as raised:
        run(BackUpState(), site.session())
    assert raised.value.exit_code == 4


def test_the_first_snapshot_of_new_keys_is_taken_whatever_was_lost(site: Site) -> None:
    """The store is set back while the cluster is made: its keys exist nowhere else."""

    class Creation(Change):
        def steps(self) -> tuple[Step, ...]:
            return (Step("create", self._create),)

        def _create(self, _session: Session) -> str:
            set_back(self.site)
            return ""

    report = run(Creation(site, guards=CREATES), site.session())

    assert report.rows[-1].step == "take the first snapshot"
    assert "MAY HAVE LOST SNAPSHOTS" in report.rows[-1].words


def test_the_doctor_says_what_a_backup_says(site: Site) -> None:
    set_back(site)
    with pytest.raises(SnapshotNotTrustworthy, match="the state store remembers run"):
        state_of(site.session().stores)
    shutil.rmtree(site.root / "snapshots")
    (site.root / "snapshots").mkdir()
    with pytest.raises(SnapshotMissing, match=r"is empty, and run .* was written there"):
        state_of(site.session().stores)
    assert files(site) == []


def test_the_doctor_names_the_clusters_of_an_emptied_state_store(site: Site) -> None:
    shutil.rmtree(site.root / "state")
    (site.root / "state").mkdir()

    told = say_all_gone(site.session().stores)

    assert told is not None
    assert f'cluster "{CLUSTER}" is gone from' in told
    assert "kled snapshot restore" in told
