"""Read snapshots back, and prove them."""

from typing import Literal

from kled.operations.keep_state import VerifySnapshots
from tasks.running import language, operation, snapshot_table
from tasks.running.forms import ClusterName, SnapshotName
from tasks.running.operation import Outcome


@language.flow(name="verify-snapshots", flow_run_name="verify snapshots")
@operation.reported
def verify_snapshots(
    name: ClusterName | None = None,
    snapshot: SnapshotName = "newest",
    level: Literal[0, 1, 2, 4] = 1,
) -> Outcome:
    """Prove the newest snapshot of every cluster, and that none was removed; or one snapshot.

    Run it where the age identity is: encrypted snapshots can be proved at level 0 only without it.

    Args:
        name: The cluster; all where none is named.
        snapshot: An id, `newest`, or `latest`: the newest that can be trusted.
        level: 0 digests, 1 contents, 2 a kops reads it, 4 the etcd backups open.
    """
    verification = VerifySnapshots(level, of=name, which=snapshot)
    outcome = operation.run(verification, then=("kled snapshot list",))
    snapshot_table.publish_verification(verification)
    return outcome
