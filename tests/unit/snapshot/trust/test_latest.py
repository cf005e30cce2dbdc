"""Whatever became of snapshots, `latest` means the newest good one (design D19)."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.errors import SnapshotMissing, SnapshotNotTrustworthy
from kled.snapshot.choosing import LATEST, choose, make_choice
from kled.snapshot.documents import names
from kled.snapshot.documents.manifest import Proof
from kled.snapshot.documents.proofs import record
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.trust.judging import judge_all, read_listing
from kled.snapshot.trust.ledger import read_ledger
from tests.unit.snapshot import restoring
from tests.unit.snapshot.restoring import CLUSTER, START, snapshot_store, take


@dataclass(frozen=True)
class Past:
    """What became of one snapshot."""

    level: int
    fuzzy: bool
    ahead: bool
    """Its clock was a day ahead."""
    removed: bool
    proofs: tuple[tuple[int, bool], ...]
    """Level and outcome of later checks, in their order."""
    archive_gone: bool

    @property
    def good(self) -> bool:
        """What D19 says, from scratch."""
        last = dict(self.proofs)
        return (
            self.level > 0
            and not self.fuzzy
            and not self.ahead
            and all(last.values())
            and not self.archive_gone
        )


_PASTS = st.builds(
    Past,
    level=st.sampled_from([0, 1, 1, 1, 2]),
    fuzzy=st.sampled_from([False, False, True]),
    ahead=st.sampled_from([False, False, False, True]),
    removed=st.sampled_from([False, False, False, True]),
    proofs=st.lists(st.tuples(st.sampled_from([0, 1, 2, 4, 5]), st.booleans()), max_size=3).map(
        tuple
    ),
    archive_gone=st.sampled_from([False, False, False, True]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_PASTS, min_size=1, max_size=5))
def test_whatever_happened_latest_is_the_newest_good_one(pasts: list[Past]) -> None:
    snapshots = snapshot_store()
    refs = [made(snapshots, past) for past in pasts]
    left = [(past, ref) for past, ref in zip(pasts, refs, strict=True) if not past.removed]
    good = [ref for past, ref in left if past.good]
    bad = {ref for past, ref in left if not past.good}

    named = read_ledger(snapshots).named
    shown = judge_all(snapshots, read_listing(snapshots, CLUSTER), named)
    assert {snapshot.ref for snapshot in shown if not snapshot.trust.trusted} == bad
    if good:
        chosen = make_choice(snapshots, CLUSTER, LATEST)
        assert chosen.ref == good[-1]
        assert {one.ref for one in chosen.passed} <= bad
    else:
        with pytest.raises((SnapshotNotTrustworthy, SnapshotMissing)):
            choose(snapshots, CLUSTER, LATEST)


def made(snapshots: SnapshotStore, past: Past) -> SnapshotRef:
    """Let one snapshot have that past."""
    proofs = [
        {"level": level, "at": START, "seconds": 0.1, "by": "kled test"}
        for level in range(past.level + 1)
    ]
    now = snapshots.now
    if past.ahead:
        snapshots.now = lambda: now() + timedelta(days=1)
    manifest = take(snapshots, restoring.plain_tree(), fuzzy=past.fuzzy, proofs=proofs)
    snapshots.now = now
    ref = SnapshotRef(CLUSTER, manifest.id)
    for level, held in past.proofs:
        proof = Proof(level=level, at=snapshots.now(), seconds=0.1, by="kled test")
        record(snapshots, manifest, proof, () if held else ("wrong",))
    if past.archive_gone:
        snapshots.store.delete(manifest.archive.key)
    if past.removed:
        snapshots.store.delete(names.manifest_key(CLUSTER, manifest.id))
    return ref
