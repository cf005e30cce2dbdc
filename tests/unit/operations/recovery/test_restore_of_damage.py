"""A snapshot of a definition that nobody can read is restored, too: it is a backup (fault 80)."""

import pytest

from kled import config
from kled.operations.recovery.restore_approval import protection_of
from kled.snapshot.choosing import choose
from kled.snapshot.restore.restore_plan import plan_restore
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, name, state


@pytest.mark.parametrize("body", [b"garbage: [", b"[" * 100_000, b"\xff", b"kind: Other\n"])
def test_a_definition_that_cannot_be_read_counts_as_protected(body: bytes) -> None:
    store = state(1)
    store.put(f"{name(0)}/config", body)
    runs = Runs(store, MemoryStore())
    (row,) = runs.run().clusters
    kept = runs.snapshots

    manifest = kept.manifest(choose(kept, name(0), row.snapshot or ""))
    planned = plan_restore(kept, manifest, MemoryStore())

    words = protection_of(config.load({"HOME": "/nowhere"}), planned)
    assert words == "its definition cannot be read, which may have labelled it so"
    assert "config" in {one.record.key for one in planned.writes}
