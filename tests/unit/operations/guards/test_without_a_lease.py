"""`--no-lease` is for stores that keep none, not past another writer."""

from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from kled.errors import LeaseHeld
from kled.lease.document import Lease, Writer, encode, key
from kled.operations.guards.guards import LeasePlace
from kled.operations.guards.overrides import Overrides
from kled.operations.session import Session, open_session
from tests.sites import CLOCK, WHO
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World, world

__all__ = ["world"]


def opened(world: World) -> AbstractContextManager[Session]:
    return open_session(
        world.settings,
        LeasePlace(CLUSTER),
        who=WHO,
        overrides=Overrides(no_lease=True),
        clock=CLOCK,
        on_line=lambda _line: None,
        with_kops=False,
    )


def test_a_session_without_a_lease_opens_where_nobody_has_one(world: World) -> None:
    path = world.root / "state" / key(CLUSTER)
    other = Lease(CLUSTER, Writer("somebody", "run 7", "host", 7), timedelta(minutes=1), 1)
    with opened(world) as session:
        assert session.lease is None
    path.parent.mkdir(parents=True)
    path.write_bytes(encode(other.released()))
    with opened(world) as session:
        assert session.lease is None

    path.write_bytes(encode(other))
    with pytest.raises(LeaseHeld, match="somebody"), opened(world):
        pass
