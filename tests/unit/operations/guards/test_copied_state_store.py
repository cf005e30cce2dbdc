"""Two state stores with one cluster, of which no epoch was written yet."""

import shutil
from pathlib import Path

import pytest

from kled.errors import EpochMismatch, SnapshotNotTrustworthy
from kled.operations.guards.before_change import check_epoch
from kled.operations.recovery.raise_epoch import RaiseEpoch
from kled.operations.runner import run, run_to_end
from kled.operations.snapshots.verify import VerificationReport, VerifySnapshots
from kled.snapshot.documents import names
from kled.snapshot.epoch import epoch
from tests.key_pairs import keyset
from tests.unit.operations.recovery.test_side_left_behind import C, Unmoved


def copied(root: Path) -> Unmoved:
    """A copy of a state store whose cluster no epoch was written of yet."""
    (root / "snapshots").mkdir()
    unmoved = Unmoved(root)
    (unmoved.root / "snapshots" / names.epoch_key(C)).unlink()
    shutil.copytree(unmoved.root / "old", unmoved.root / "copy")
    return unmoved


def test_a_copy_of_the_state_store_takes_no_epoch(tmp_path: Path) -> None:
    """It was refused for its places, had written the epoch by then, and locked out the living."""
    unmoved = copied(tmp_path)

    with pytest.raises(EpochMismatch, match="which has it still, and it has no epoch"):
        check_epoch(unmoved.session("copy"), C)

    assert epoch.read(unmoved.stores("copy").snapshots, C) is None
    assert check_epoch(unmoved.session("old"), C).startswith("epoch 1, which begins now")


def test_a_state_store_that_was_renamed_is_the_clusters_place(tmp_path: Path) -> None:
    unmoved = copied(tmp_path)
    shutil.rmtree(unmoved.root / "old")

    assert check_epoch(unmoved.session("copy"), C).startswith("epoch 1, which begins now")


# What a copy had backed up into the common snapshot store
# let each verification of the original end with 4, and nothing that was printed changed that.


def backed_up_in_both(root: Path) -> Unmoved:
    """A cluster whose definition names its places, and a copy that was backed up, too."""
    (root / "snapshots").mkdir()
    unmoved = Unmoved(root)
    config = unmoved.root / "old" / C / "config"
    base = f"{unmoved.url('old')}/{C}"
    config.write_text(config.read_text().replace("spec: {", f"spec: {{configBase: {base}, "))
    unmoved.back_up("old")
    shutil.copytree(unmoved.root / "old", unmoved.root / "copy")
    assert not unmoved.back_up("copy").clusters[0].trusted
    return unmoved


def checked(unmoved: Unmoved, state: str) -> VerificationReport:
    return run(VerifySnapshots(), unmoved.session(state)).result


def test_what_a_copy_backed_up_keeps_no_verification_of_the_original_red(tmp_path: Path) -> None:
    unmoved = backed_up_in_both(tmp_path)

    rows = checked(unmoved, "old").rows

    (copy,) = (row for row in rows if row["unproved"])
    assert f"it is of a copy of the cluster, which lives in {unmoved.url('old')}" in str(copy)
    assert len(rows) == 2


def test_the_copys_own_verification_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(SnapshotNotTrustworthy, match="configBase"):
        checked(backed_up_in_both(tmp_path), "copy")


def test_what_the_original_has_not_complete_stays_red_until_it_is_cured(tmp_path: Path) -> None:
    unmoved = backed_up_in_both(tmp_path)
    for lost in (unmoved.root / "old" / C).glob("pki/private/*/keyset.yaml"):
        lost.unlink()
    unmoved.back_up("old")

    with pytest.raises(SnapshotNotTrustworthy):
        checked(unmoved, "old")


def test_a_snapshot_of_a_copy_that_somebody_altered_stays_red(tmp_path: Path) -> None:
    """Another member: that is damage of the common store, whoever's it is."""
    unmoved = backed_up_in_both(tmp_path)
    newest = max((unmoved.root / "snapshots" / "clusters" / C).glob("*/state.tar.zst"))
    newest.write_bytes(newest.read_bytes()[:-1] + b"?")

    with pytest.raises(SnapshotNotTrustworthy):
        checked(unmoved, "old")


def test_a_namesake_is_no_copy_and_its_snapshot_stays_red(tmp_path: Path) -> None:
    unmoved = backed_up_in_both(tmp_path)
    for keys in (unmoved.root / "copy" / C).glob("pki/private/*/keyset.yaml"):
        keys.write_bytes(keyset(("9", f"their {keys.parent.name}")))
    unmoved.back_up("copy")

    with pytest.raises(SnapshotNotTrustworthy):
        checked(unmoved, "old")


def test_an_epoch_is_raised_for_the_original_where_the_copys_snapshots_cannot_be_trusted(
    tmp_path: Path,
) -> None:
    """Another member: the command that is printed where runs saw it in both ended with 4."""
    unmoved = backed_up_in_both(tmp_path)
    (unmoved.root / "snapshots" / names.epoch_key(C)).unlink()

    run(RaiseEpoch(C, "latest", unmoved.url("old")), unmoved.session("old"))

    known = epoch.read(unmoved.stores("old").snapshots, C)
    assert known is not None
    assert known.state_store == unmoved.url("old")


def test_without_an_epoch_nobody_knows_which_is_the_copy(tmp_path: Path) -> None:
    unmoved = backed_up_in_both(tmp_path)
    (unmoved.root / "snapshots" / names.epoch_key(C)).unlink()

    report = run_to_end(VerifySnapshots(), unmoved.session("old"))

    assert isinstance(report.error, SnapshotNotTrustworthy)
    assert "settled by the epoch of its original" in str(report.error.hint)
    assert report.result is not None
    (said,) = (row["findings"][-1] for row in report.result.rows if not row["trustworthy"])
    snapshot = said.partition("--snapshot=")[2]
    run(RaiseEpoch(C, snapshot, unmoved.url("old")), unmoved.session("old"))
    checked(unmoved, "old")
