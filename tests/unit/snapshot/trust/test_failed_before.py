"""Bytes that failed a check are not called sound again by the next run. K4."""

from collections import Counter
from collections.abc import Mapping

import pytest

from kled.snapshot.choosing import choose
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.verify.verify import KopsVerdict, verify
from kled.storage.memory import MemoryStore
from tests.stores import CountingStore
from tests.unit.snapshot.fleets import Runs, state
from tests.unit.snapshot.losses.test_lost_keysets import C, change, taken

FAILURE = "kops cannot read keyset kubernetes-ca"


def checked(runs: Runs, snapshot: str, *findings: str) -> None:
    """Check the snapshot as a machine does that has a real kops."""

    def read(_: str, __: Mapping[str, bytes]) -> KopsVerdict:
        return KopsVerdict("1.36.2", simulated=False, findings=findings)

    verify(runs.snapshots, SnapshotRef(C, snapshot), level=2, by="kled test", kops_check=read)


@pytest.fixture
def runs() -> Runs:
    return Runs(state(1), MemoryStore())


def test_a_run_without_a_kops_does_not_trust_what_a_kops_could_not_read(runs: Runs) -> None:
    first, level, _ = taken(runs)
    assert level == 1
    checked(runs, first, FAILURE)

    second, level, findings = taken(runs)

    assert (second != first, level) == (True, 0)
    assert f"the check of level 2 of snapshot {first}" in findings[0]
    assert FAILURE in findings[0]
    assert taken(runs) == (second, 0, findings)
    again = runs.run_by("another kled").clusters[0]
    assert (again.level, again.findings) == (0, findings)


def test_what_is_wrong_with_the_bytes_is_said_once(runs: Runs) -> None:
    """Not also as the finding of a check of the snapshot before."""
    taken(runs)
    runs.state.put(f"{C}/secrets/admin", b'{"Data":""}')
    bad, _, findings = taken(runs)
    checked(runs, bad)

    assert taken(runs)[1:] == (0, findings)


def test_other_bytes_are_judged_by_themselves(runs: Runs) -> None:
    first, _, _ = taken(runs)
    checked(runs, first, FAILURE)
    taken(runs)
    change(runs, "something else")

    mended, level, findings = taken(runs)

    assert (level, findings) == (1, ())
    assert choose(runs.snapshots, C, "latest").id == mended


def test_a_check_that_was_repeated_and_holds_counts_no_more(runs: Runs) -> None:
    """The failure was that of the kops: an old one, say."""
    first, _, _ = taken(runs)
    checked(runs, first, FAILURE)
    taken(runs)
    checked(runs, first)

    _, level, findings = taken(runs)

    assert (level, findings) == (1, ())


def test_a_run_asks_once_which_checks_of_a_snapshot_failed() -> None:
    """It was asked anew for each question: of its definition, twice, and of its backups of etcd."""
    runs = Runs(state(1), kept := CountingStore(MemoryStore()))
    first, _, _ = taken(runs)
    taken(runs)
    checked(runs, first, FAILURE)
    second, _, _ = taken(runs)
    assert second != first
    change(runs, "something else")
    kept.keys.clear()

    taken(runs)

    proofs = f"clusters/{C}/{first}/verified/"
    asked = [
        key for method, key in kept.keys if method in {"get", "read"} and key.startswith(proofs)
    ]
    assert set(Counter(asked).values()) == {2}  # the other time it is judged
