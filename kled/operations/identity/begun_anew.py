"""A cluster that began again with other keys: later checks compare it with nothing from before."""

from typing import Final

from kled.operations.identity import etcd_zones, other_identity
from kled.operations.recovery.known_epoch import here
from kled.operations.session import Session
from kled.operations.step import ADDS_ONLY, Step
from kled.retry import READ

ANEW: Final = "begin again"


def begin_anew_step(cluster: str) -> Step:
    """Record that the cluster has other keys, or etcd elsewhere, from now on, if that is so.

    Earlier snapshots then belong to a past cluster, as if it had been deleted: the next snapshot is
    judged without them. Safe to repeat and to kill: the same command with `--new-identity` does
    what is left.
    """

    def act(session: Session) -> str:
        from kled.snapshot.epoch import epoch  # noqa: PLC0415

        others = other_identity.compare(session, cluster)
        moved = etcd_zones.moved_members(session, cluster)
        if not (others.of_snapshot or others.unknown or others.gone or moved):
            values = ", ".join(others.secrets)
            more = f"; other values from now on: {values}" if values else ""
            return f"its keys are those that it had: its snapshots go on{more}"
        newest = epoch.begin_anew(session.snapshot_store, cluster, here(session))
        return (
            f"snapshots up to {newest} are those of a past cluster" if newest else "nothing to do"
        )

    return Step(ANEW, act, READ, way_back=ADDS_ONLY)
