"""Levels that were asked for and prove nothing say so, and count as nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from kled.snapshot.choosing import choose
from kled.snapshot.verify.verify import (
    CONTENTS,
    DIGESTS,
    ETCD,
    KOPS,
    KopsVerdict,
    VerifyReport,
    verify,
)
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, name, state
from tests.unit.snapshot.restoring import age_keys


def checked(level: int, verdict: KopsVerdict, *, backups: int = 2) -> tuple[Runs, VerifyReport]:
    runs = Runs(state(1, backups=backups), MemoryStore())
    runs.run().require()
    ref = choose(runs.snapshots, name(0), "latest")
    report = verify(
        runs.snapshots, ref, level=level, by="a test", kops_check=lambda _cluster, _objects: verdict
    )
    return runs, report


@pytest.mark.parametrize(("simulated", "level"), [(True, 1), (False, 2)])
def test_a_simulated_kops_proves_nothing_and_that_is_said(*, simulated: bool, level: int) -> None:
    runs, report = checked(KOPS, KopsVerdict("1.36.2", simulated, ()))

    assert report.trustworthy
    assert report.level == level
    assert any("simulated" in words for words in report.unproved) == simulated
    proofs = [one.key for one in runs.store.entries("clusters/") if "verified/" in one.key]
    assert any(key.endswith("2.json") for key in proofs) != simulated


def test_without_etcd_backups_level_4_proves_nothing_and_that_is_said() -> None:
    _, report = checked(ETCD, KopsVerdict("1.36.2", False, ()), backups=0)

    assert (report.level, report.etcd) == (2, None)
    assert report.unproved == ("level 4: the snapshot holds no etcd backup that could be opened",)
    assert report.as_json()["unproved"] == list(report.unproved)


def test_a_snapshot_for_other_recipients_is_one_row_and_no_failed_proof(tmp_path: Path) -> None:
    """It ended `verify --all` before any other cluster was looked at. Fault 10, another member."""
    for place in ("mine", "theirs"):
        (tmp_path / place).mkdir()
    mine, theirs = age_keys(tmp_path / "mine"), age_keys(tmp_path / "theirs")
    runs = Runs(state(1), MemoryStore())
    runs.keys = replace(theirs, identity=None)
    runs.run().require()
    runs.keys = mine
    ref = choose(runs.snapshots, name(0), "latest")

    report = verify(runs.snapshots, ref, level=CONTENTS, by="a test")

    assert report.level == DIGESTS
    assert not report.trustworthy
    assert "encrypted to others than this identity" in report.findings[0]
    runs.keys = theirs
    assert verify(runs.snapshots, ref, level=CONTENTS, by="a test").trustworthy
    assert choose(runs.snapshots, name(0), "latest") == ref
