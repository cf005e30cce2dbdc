"""The snapshot before a restore is no way to write keys in clear (fault 24)."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled import config
from kled.errors import InvalidInput
from kled.operations.guards.overrides import Overrides
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.runner import run
from kled.operations.session import Session, Who
from kled.operations.snapshots.back_up import back_up
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.snapshot.progress import Quiet
from tests.unit.snapshot import fleets
from tests.unit.snapshot.restoring import age_keys

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = Clock(time.monotonic, lambda _: None)
CLUSTER = fleets.name(1)


def files(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_a_restore_without_recipients_is_refused_before_keys_are_written_in_clear(
    tmp_path: Path,
) -> None:
    state, kept = tmp_path / "state", tmp_path / "kept"
    kept.mkdir()
    for key, body in fleets.objects(1).items():
        (state / CLUSTER / key).parent.mkdir(parents=True, exist_ok=True)
        (state / CLUSTER / key).write_bytes(body)
    sealed = age_keys(tmp_path)
    env = {
        "HOME": str(tmp_path),
        "KOPS_STATE_STORE": state.as_uri(),
        "KLED_SNAPSHOT_STORE": kept.as_uri(),
        "KLED_SNAPSHOT_IDENTITY": str(sealed.identity),
    }
    writer = config.load(env | {"KLED_SNAPSHOT_RECIPIENTS": sealed.recipients[0]})
    (taken,) = back_up(Stores(writer, CLOCK), [CLUSTER], progress=Quiet()).require().clusters
    (state / CLUSTER / "config").write_bytes(b"damaged")
    before = files(state) | files(kept)
    who = Who("t", "a run", timedelta(0))
    session = Session(config.load(env), None, CLOCK, who, None, overrides=Overrides())

    with pytest.raises(InvalidInput, match="KLED_SNAPSHOT_RECIPIENTS"):
        run(RestoreState(Wish(CLUSTER, taken.snapshot or ""), confirm=CLUSTER), session)

    after = {key: body for key, body in (files(state) | files(kept)).items() if key not in before}
    assert all("/.kled/" in key or key.endswith("/epoch.json") for key in after), after.keys()
    assert (state / CLUSTER / "config").read_bytes() == b"damaged"
