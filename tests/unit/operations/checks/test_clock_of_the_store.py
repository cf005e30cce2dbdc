"""The doctor says that this machine's clock is not the store's, before a run is dated by it."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kled.config import load
from kled.operations import stores
from kled.operations.checks.snapshot_store import snapshot_store_checks
from kled.retry import Clock
from kled.storage.memory import named
from tests.stores import keys


@pytest.mark.parametrize("days", [3, -3, 0])
def test_the_doctor_compares_the_clock_with_the_stores(tmp_path: Path, days: int) -> None:
    store = named(f"clocks-{days}")
    store._now = lambda: datetime.now(UTC) + timedelta(days=days)
    env = {
        "HOME": str(tmp_path),
        "KOPS_STATE_STORE": tmp_path.as_uri(),
        "KLED_SNAPSHOT_STORE": f"memory://clocks-{days}",
    }
    opened = stores.Stores(load(env), Clock(time.monotonic, time.sleep))

    found = {one.name: one for one in snapshot_store_checks(opened, writes=True)}

    assert found["snapshot store"].state == "ok"
    told = found["snapshot store: clock"]
    if days:
        assert told.fails
        assert "clock of this machine is" in told.detail
        assert "set the clock" in told.hint
    else:
        assert told.state == "ok"
    assert keys(store) == []
