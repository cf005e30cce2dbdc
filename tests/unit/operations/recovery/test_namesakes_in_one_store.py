"""Two clusters of one name in two state stores, with one snapshot store: neither locks the other.

One backup of a namesake kept a cluster from every change
until somebody raised its epoch, and the command that was printed for it named the namesake's keys.
"""

from pathlib import Path

import pytest

from kled.commands import CREATE_AGAIN
from kled.errors import EpochMismatch, NotApproved
from kled.operations.guards.before_change import check_epoch
from kled.operations.recovery.raise_epoch import RaiseEpoch
from kled.operations.recovery.restorable import require_trusted
from kled.operations.recovery.restore_state import Wish, settle
from kled.operations.runner import run
from kled.snapshot.epoch import epoch
from tests.key_pairs import keyset
from tests.unit.operations.recovery.test_side_left_behind import AUTHORITY, C, Unmoved
from tests.unit.snapshot import fleets


class Namesakes(Unmoved):
    """One cluster with a snapshot and no epoch, and another of its name that was backed up, too."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("old", fleets.objects(1))
        self.before = self.back_up("old").clusters[0].snapshot or ""
        keysets = [key for key in fleets.objects(1) if key.startswith("pki/")]
        theirs = {key: keyset(("9", f"their {key}")) for key in keysets}
        self.write("new", fleets.objects(1) | theirs)
        self.theirs = self.back_up("new").clusters[0].snapshot or ""


@pytest.fixture
def two(tmp_path: Path) -> Namesakes:
    for store in ("new", "snapshots"):
        (tmp_path / store).mkdir()
    return Namesakes(tmp_path)


def test_the_backup_of_a_namesake_keeps_nobody_from_a_change(two: Namesakes) -> None:
    assert check_epoch(two.session("old"), C).startswith("epoch 1, which begins now")


def test_the_namesake_is_told_that_it_is_one_and_what_it_needs(two: Namesakes) -> None:
    """It was told that a recovery had moved it."""
    check_epoch(two.session("old"), C)

    with pytest.raises(EpochMismatch, match="another of that name") as refused:
        check_epoch(two.session("new"), C)

    assert "snapshot store of its own" in str(refused.value.hint)
    assert "a recovery moved it" not in str(refused.value.hint)


def test_an_epoch_is_raised_by_the_clusters_own_snapshot(two: Namesakes) -> None:
    """It was held against the namesake's, and the hint was to restore that one."""
    run(RaiseEpoch(C, "latest", two.url("old")), two.session("old"))

    known = epoch.read(two.session("old").snapshot_store, C)
    assert known is not None
    assert known.state_store == two.url("old")


def test_one_key_in_common_is_enough_to_doubt(two: Namesakes) -> None:
    """It may be the cluster that a recovery moved, and that was rotated since."""
    two.write("new", {AUTHORITY: fleets.objects(1)[AUTHORITY]})
    two.back_up("new")

    with pytest.raises(EpochMismatch, match="runs saw it in both"):
        check_epoch(two.session("old"), C)


def test_a_cluster_that_was_rotated_since_is_held_against_all_snapshots(two: Namesakes) -> None:
    two.write("old", {AUTHORITY: keyset(("12", "rotated"))})

    assert check_epoch(two.session("old"), C).startswith("epoch 1, which begins now")


def test_where_a_snapshot_cannot_be_read_nothing_is_known(two: Namesakes) -> None:
    manifest = two.root / "snapshots" / "clusters" / C / two.before / "manifest.json"
    manifest.write_bytes(b"{")

    with pytest.raises(EpochMismatch, match="is not known"):
        check_epoch(two.session("old"), C)


def test_what_is_printed_for_keys_alone_rewrites_no_definition(two: Namesakes) -> None:
    """Typed, it ended with 2: "no definition is restored"."""
    wish = Wish(C, two.theirs, classes=("identity",))

    with pytest.raises(NotApproved) as refused:
        require_trusted(settle(two.stores("old"), wish))

    assert "--raise-epoch" in str(refused.value.hint)
    assert "--rewrite-places" not in str(refused.value.hint)


def test_a_new_cluster_of_a_name_that_another_store_has_is_told_what_it_needs(
    two: Namesakes,
) -> None:
    """Nothing is stored here that could be forgotten; the hint named it, and led nowhere."""
    (two.root / "empty").mkdir()

    with pytest.raises(EpochMismatch) as refused:
        check_epoch(two.session("empty"), C)

    hint = str(refused.value.hint)
    assert "was never applied" not in hint
    assert f"{CREATE_AGAIN} --snapshot-store=URL" in hint
    assert f"{CREATE_AGAIN} --no-epoch --new-identity={C} --yes" in hint


def test_so_is_one_of_a_name_that_has_an_epoch(two: Namesakes) -> None:
    check_epoch(two.session("old"), C)
    (two.root / "empty").mkdir()

    with pytest.raises(EpochMismatch) as refused:
        check_epoch(two.session("empty"), C)

    assert f"{CREATE_AGAIN} --snapshot-store=URL" in str(refused.value.hint)
