"""Two state stores with one cluster, of which no epoch was written yet."""

import shutil
from pathlib import Path

import pytest

from kled.errors import EpochMismatch
from kled.operations.guards.before_change import check_epoch
from kled.snapshot.documents import names
from kled.snapshot.epoch import epoch
from tests.unit.operations.test_side_left_behind import C, Unmoved


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
