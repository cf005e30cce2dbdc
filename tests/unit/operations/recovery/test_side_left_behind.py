"""What a move, and a deletion, left behind is never put over the cluster that lives now."""

import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kled.errors import EpochMismatch, NotApproved
from kled.operations.cluster.delete_cluster import DeleteCluster
from kled.operations.guards import elsewhere
from kled.operations.guards.before_change import check_epoch
from kled.operations.guards.overrides import NOTHING
from kled.operations.preview import foreseen
from kled.operations.recovery.raise_epoch import FIRST, RaiseEpoch
from kled.operations.recovery.restorable import require_own_keys, require_trusted
from kled.operations.recovery.restore_state import RestoreState, Wish, settle
from kled.operations.recovery.restore_state import plan as planned
from kled.operations.runner import run
from kled.operations.session import Session
from kled.operations.snapshots.back_up import back_up
from kled.snapshot.create.results import RunResult
from kled.snapshot.documents import names
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from tests.key_pairs import keyset
from tests.sites import Site
from tests.unit.snapshot import fleets

C = fleets.name(1)
AUTHORITY = "pki/private/kubernetes-ca/keyset.yaml"


class Unmoved(Site):
    """A cluster with a snapshot, and an empty state store to move it into."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.write("old", fleets.objects(1))
        epoch.check(self.stores("old").snapshots, C, self.url("old"))
        self.before = self.back_up("old").clusters[0].snapshot or ""

    def restore(self, *, raises: bool = True) -> RestoreState:
        return RestoreState(Wish(C, self.before, to=self.url("new")), raise_epoch=raises)

    def move(self, how: str = "restore") -> None:
        """Move the cluster into the new state store, from a shell that names the old one."""
        run(self.restore(raises=how == "restore"), self.session("old"))
        if how != "restore":
            raising = RaiseEpoch(C, self.before, self.url("new"), self.url("old"))
            run(raising, self.session("old"))

    def write(self, state: str, objects: dict[str, bytes]) -> None:
        """Write objects of the cluster."""
        self.put(C, objects, state)

    def change(self, state: str) -> None:
        config_file = self.root / state / C / "config"
        config_file.write_bytes(config_file.read_bytes() + b"# changed\n")

    def back_up(self, state: str) -> RunResult:
        return back_up(self.stores(state), None, progress=Quiet())


class Moved(Unmoved):
    """A cluster whose state store was lost, and that a recovery moved into a new one."""

    def __init__(self, root: Path) -> None:
        for store in ("new", "snapshots"):
            (root / store).mkdir()
        super().__init__(root)
        self.move()
        self.after = self.back_up("new").clusters[0].snapshot or ""


@pytest.fixture
def moved(tmp_path: Path) -> Moved:
    return Moved(tmp_path)


def test_the_run_of_a_revived_old_side_is_not_green_and_says_where_the_cluster_lives(
    moved: Moved,
) -> None:
    moved.change("old")
    for _ in range(2):  # nothing is new in the second, and it says so again
        (row,) = moved.back_up("old").clusters
        assert not row.trusted
        assert row.reasons == (f"the cluster lives in {moved.url('new')} since epoch 2",)
        assert "kled snapshot epoch show --name=" in row.mend
    assert moved.back_up("new").clusters[0].trusted


@pytest.mark.parametrize("how", ["restore", "epoch raise"])
def test_the_old_sides_runs_say_so_from_the_raise_on_before_the_new_home_had_a_run(
    tmp_path: Path, how: str
) -> None:
    """K4: until the first run of the new home they were green."""
    for store in ("new", "snapshots"):
        (tmp_path / store).mkdir()
    old = Unmoved(tmp_path)
    assert old.back_up("old").clusters[0].trusted

    old.move(how)

    for _ in range(2):
        (row,) = old.back_up("old").clusters
        assert row.reasons == (f"the cluster lives in {old.url('new')} since epoch 2",)
        old.change("old")
    assert settle(old.stores("new"), Wish(C, "latest")).state_store == old.url("new")


def test_a_move_that_was_killed_before_the_raise_changes_nothing_for_the_old_side(
    tmp_path: Path,
) -> None:
    for store in ("new", "snapshots"):
        (tmp_path / store).mkdir()
    old = Unmoved(tmp_path)
    steps = old.restore().steps()
    for step in steps[:-1]:
        step.act(old.session("old"))
    assert steps[-2].name == FIRST

    assert old.back_up("old").clusters[0].trusted
    assert settle(old.stores("old"), Wish(C, "latest")).wish.snapshot == old.before
    old.move("restore")
    assert not old.back_up("old").clusters[0].trusted


def test_what_a_revived_old_side_takes_is_never_the_latest_nor_restored_over_the_living(
    moved: Moved,
) -> None:
    moved.change("new")
    newest = moved.back_up("new").clusters[0].snapshot
    moved.change("old")
    left_behind = moved.back_up("old").clusters[0].snapshot or ""

    assert settle(moved.stores("new"), Wish(C, "latest")).wish.snapshot == newest
    with pytest.raises(NotApproved, match=r"taken in \S+/old after the cluster had moved"):
        run(RestoreState(Wish(C, left_behind)), moved.session("new"))


def test_what_was_taken_in_the_old_home_before_the_move_still_counts(moved: Moved) -> None:
    assert not settle(moved.stores("new"), Wish(C, moved.before)).foreign


def test_a_way_back_into_the_old_home_counts_it_again(moved: Moved) -> None:
    kept = moved.stores("old").snapshots
    epoch.advance(kept, C, moved.url("old"), moved.url("new"))
    moved.change("old")
    taken = moved.back_up("old").clusters[0]

    assert taken.trusted
    assert settle(moved.stores("old"), Wish(C, "latest")).wish.snapshot == taken.snapshot
    moved.change("new")
    assert not moved.back_up("new").clusters[0].trusted


def test_an_epoch_of_before_which_says_nothing_of_the_move_is_read(moved: Moved) -> None:
    known = epoch.read(moved.stores("new").snapshots, C)
    assert known is not None
    assert known.left == {moved.url("old"): moved.before}
    assert not epoch.is_left_behind(replace(known, left={}), "z", moved.url("old"))


def away(session: Session) -> str:
    error = elsewhere.refusal(session, C)
    return f"{error.message} ({error.hint})" if error is not None else ""


def test_previews_say_that_the_cluster_lives_elsewhere(moved: Moved) -> None:
    assert f"lives in {moved.url('new')}" in away(moved.session("old"))
    assert away(moved.session("old", replace(NOTHING, no_epoch=True))) == ""
    assert away(moved.session("new")) == ""


def test_a_deletion_there_is_refused_for_that_and_offers_nothing_of_the_living(
    moved: Moved,
) -> None:
    error = foreseen.refusal(moved.session("old"), DeleteCluster(C))

    assert isinstance(error, EpochMismatch)
    assert f"lives in {moved.url('new')}" in error.message
    assert "--with-resources-of" not in str(error.hint)


def test_a_preview_writes_no_epoch(moved: Moved) -> None:
    path = moved.root / "snapshots" / "clusters" / C / "epoch.json"
    path.unlink()
    shutil.rmtree(moved.root / "old" / C)  # else nobody knows which of the two it lives in
    assert away(moved.session("new")) == ""
    assert not path.exists()


def test_an_earlier_clusters_keys_are_not_put_over_those_of_its_successor(moved: Moved) -> None:
    kept = moved.stores("new").snapshots
    epoch.vacate(kept, C, moved.url("new"))  # it was deleted, and made anew
    other = fleets.objects(2)[AUTHORITY].replace(fleets.name(2).encode(), C.encode())
    moved.write("new", {AUTHORITY: other})
    wish = Wish(C, moved.after, classes=("identity",))

    meant = settle(moved.stores("new"), wish)
    with pytest.raises(NotApproved, match="of an earlier cluster") as refused:
        stores = moved.stores("new")
        require_own_keys(stores.state, meant, planned(stores, meant.wish))
    with pytest.raises(NotApproved, match="of an earlier cluster"):
        run(RestoreState(wish), moved.session("new"))
    assert f"--new-identity={C}" in str(refused.value.hint)
    assert (moved.root / "new" / C / AUTHORITY).read_bytes() == other

    run(RestoreState(wish), moved.session("new", replace(NOTHING, new_identity=C)))
    assert (moved.root / "new" / C / AUTHORITY).read_bytes() == fleets.objects(1)[AUTHORITY]


def test_a_deleted_cluster_comes_back_where_nothing_is_in_its_place(moved: Moved) -> None:
    epoch.vacate(moved.stores("new").snapshots, C, moved.url("new"))
    for path in sorted((moved.root / "new" / C).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()

    run(RestoreState(Wish(C, moved.after)), moved.session("new"))

    assert (moved.root / "new" / C / AUTHORITY).read_bytes() == fleets.objects(1)[AUTHORITY]


def test_from_the_old_home_the_latest_is_that_of_the_living_cluster_too(moved: Moved) -> None:
    """Whoever recovers goes on in a shell that names the old state store."""
    moved.change("old")
    left_behind = moved.back_up("old").clusters[0].snapshot or ""
    moved.change("new")
    newest = moved.back_up("new").clusters[0].snapshot
    (moved.root / "third").mkdir()
    latest = Wish(C, "latest", to=moved.url("third"))

    for moves in (False, True):
        assert settle(moved.stores("old"), latest, moves=moves).wish.snapshot == newest
    over_the_living = Wish(C, left_behind, to=moved.url("new"))
    with pytest.raises(NotApproved, match="after the cluster had moved from there"):
        require_trusted(settle(moved.stores("old"), over_the_living))


def test_a_deleted_cluster_takes_no_epoch_from_its_successor(moved: Moved) -> None:
    epoch.vacate(moved.stores("new").snapshots, C, moved.url("new"))
    (moved.root / "third").mkdir()
    wish = Wish(C, moved.after, to=moved.url("third"))
    require_trusted(settle(moved.stores("new"), wish, moves=True))  # nobody is in its place

    epoch.check(moved.stores("new").snapshots, C, moved.url("new"))  # one was made anew

    with pytest.raises(NotApproved, match="would lock out the one that lives now"):
        require_trusted(settle(moved.stores("new"), wish, moves=True))
    require_trusted(settle(moved.stores("new"), wish))


def typed(hint: str | None) -> tuple[Wish, bool, str]:
    """Return what the restore command in a hint wishes, whether it raises the epoch, and where."""
    (command,) = re.findall(r"kled snapshot restore ([^;,]*)", str(hint))
    found = dict(one.lstrip("-").partition("=")[::2] for one in shlex.split(command))
    wish = Wish(
        found["name"],
        found["snapshot"],
        of=found["of-state-store"],
        rewrite_places="rewrite-places" in found,
    )
    return wish, "raise-epoch" in found, found.get("state", "")


def test_a_home_that_a_recovery_left_is_not_offered_to_take_it_back(moved: Moved) -> None:
    with pytest.raises(EpochMismatch) as refused:
        check_epoch(moved.session("old"), C)

    assert "kled snapshot epoch raise" not in str(refused.value.hint)


def test_a_definition_that_names_the_old_place_is_not_mended_by_what_names_it_too(
    moved: Moved,
) -> None:
    """The hint named a snapshot with the same configBase: typed, nothing changed."""
    old, new = f"{moved.url('old')}/{C}", moved.url("new")
    config_file = moved.root / "new" / C / "config"
    config_file.write_text(config_file.read_text().replace("{", f"{{configBase: {old}, ", 2))

    (row,) = moved.back_up("new").clusters

    assert not row.trusted
    assert f"kled snapshot restore --name={C} --snapshot=latest --rewrite-places" in row.mend
    former = f"--state={new} --former={moved.url('old')}"
    assert f"kled snapshot epoch raise --name={C} {former}" in row.mend


def test_a_cluster_that_was_applied_is_not_told_to_go_alone(moved: Moved) -> None:
    """Typed exactly, `delete-cluster --unregister` was refused with itself as the hint."""
    path = moved.root / "snapshots" / "clusters" / C / "epoch.json"
    path.unlink()
    stored = {key: body for key, body in fleets.objects(1).items() if key == "config"}
    moved.write("twin", stored)
    twin = away(moved.session("twin"))
    moved.write("applied", fleets.objects(1) | {AUTHORITY: keyset(("2", "theirs"))})
    applied = away(moved.session("applied"))

    assert f"delete-cluster --name={C} --state={moved.url('twin')} --unregister;" in twin
    assert f"lives in {moved.url('new')}" in applied
    assert "--unregister" not in applied


def forgotten(moved: Moved) -> None:
    """Take the epoch away, as whoever may delete in the snapshot store can."""
    (moved.root / "snapshots" / names.epoch_key(C)).unlink()


def test_an_epoch_that_somebody_removed_lets_neither_side_go_on(moved: Moved) -> None:
    """The old side was taken for the cluster's place, and wrote an epoch that said so."""
    forgotten(moved)

    for side in ("old", "new"):
        session = moved.session(side)
        with pytest.raises(EpochMismatch, match="runs saw it in both, and it has no epoch") as away:
            check_epoch(session, C)
        for state in ("old", "new"):
            raising = f"--name={C} --state={moved.url(state)}"
            assert f"kled snapshot epoch raise {raising}" in str(away.value.hint)
        assert elsewhere.refusal(session, C) is not None
        assert epoch.read(session.snapshot_store, C) is None

    run(RaiseEpoch(C, "latest", moved.url("new")), moved.session("new"))
    assert check_epoch(moved.session("new"), C) == "epoch 1"
    with pytest.raises(EpochMismatch, match="lives in"):
        check_epoch(moved.session("old"), C)


def test_a_side_that_lacks_the_cluster_keeps_nobody_from_going_on(moved: Moved) -> None:
    forgotten(moved)
    shutil.rmtree(moved.root / "old" / C)

    assert check_epoch(moved.session("new"), C).startswith("epoch 1, which begins now")


def test_a_side_that_cannot_be_asked_may_have_the_cluster(moved: Moved) -> None:
    forgotten(moved)
    shutil.rmtree(moved.root / "new")  # not mounted

    with pytest.raises(EpochMismatch, match="runs saw it in both"):
        check_epoch(moved.session("old"), C)
