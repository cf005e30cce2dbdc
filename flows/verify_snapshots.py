"""Read snapshots back, and prove them."""

from functools import partial
from typing import Literal

from kled.operations.snapshots.verify import VerifySnapshots
from tasks import snapshots
from tasks.guards import STORES
from tasks.running import language, snapshot_table
from tasks.running.block import reading
from tasks.running.edge import FlowOutcome, reported
from tasks.running.parameter_types import ClusterName, SnapshotName
from tasks.running.results import afterwards


@language.flow(name="verify-snapshots", flow_run_name="verify snapshots")
@reported
def verify_snapshots(
    name: ClusterName | None = None,
    snapshot: SnapshotName = "newest",
    level: Literal[0, 1, 2, 4] = 1,
) -> FlowOutcome:
    """Prove the newest snapshot of every cluster, and that none was removed; or one snapshot.

    Run it where the age identity is: encrypted snapshots can be proved at level 0 only without it.

    Args:
        name: The cluster; all where none is named.
        snapshot: An id, `newest`, or `latest`: the newest that can be trusted.
        level: 0 digests, 1 contents, 2 a kops reads it, 4 the etcd backups open.
    """
    verification = VerifySnapshots(level, of=name, which=snapshot)
    tell = partial(snapshot_table.publish_verification, verification)
    publish = afterwards(snapshots.verify_snapshots, tell)
    cluster, then = verification.cluster, ("kled snapshot list",)
    with reading(cluster, STORES, called=verification.name, then=then, publish=publish) as done:
        snapshots.verify_snapshots(verification)
    return done.outcome
