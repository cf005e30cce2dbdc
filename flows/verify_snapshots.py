"""Read the newest snapshot of every cluster back, and prove it."""

from typing import Literal

from prefect import flow

from kled.operations.keep_state import VerifySnapshots
from tasks import operation, snapshots
from tasks.operation import Outcome


@flow(name="verify-snapshots", flow_run_name="verify snapshots", persist_result=False)
@operation.reported
def verify_snapshots(level: Literal[0, 1, 2, 4] = 1) -> Outcome:
    """Prove the newest snapshot of every cluster, and that none was removed.

    Run it where the age identity is: encrypted snapshots can be proved at level 0 only without it.

    Args:
        level: 0 digests, 1 contents, 2 a kops reads it, 4 the etcd backups open.
    """
    verification = VerifySnapshots(level)
    outcome = operation.run(verification, then=("kled snapshot list",))
    snapshots.publish_verification(verification)
    return outcome
