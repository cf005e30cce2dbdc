"""Restore a cluster's state from a snapshot."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from kled.operations.restore_state import RestoreState, Wish
from tasks import operation
from tasks.operation import Outcome


@flow(name="restore-state", flow_run_name="restore {cluster} from {snapshot}", persist_result=False)
@operation.reported
def restore_state(  # noqa: PLR0913 - what, and how much is meant
    cluster: str,
    snapshot: Annotated[str, Field(pattern=r"^(latest|\d{8}T\d{6}Z-[0-9a-f]{8})$")],
    confirm: str | None = None,
    digest: Annotated[str | None, Field(pattern=r"^[0-9a-f]{12,64}$")] = None,
    *,
    raise_epoch: bool = False,
    untrusted: bool = False,
    of_state_store: str | None = None,
    rewrite_places: bool = False,
) -> Outcome:
    """Put a cluster's state back as a snapshot has it; what is there now is snapshotted first.

    Nothing is deleted, and nothing is written before every byte was proved. Safe to run again.

    Args:
        cluster: The cluster's name.
        snapshot: `latest`, the newest that can be trusted, or an id of `kled snapshot list`.
        confirm: The cluster's name once more; a protected cluster needs it.
        digest: The digest of the plan that was approved, as `kled snapshot restore` prints it.
        raise_epoch: Also say that the cluster lives in this state store from now on.
        untrusted: Restore the snapshot of that id though it cannot be trusted.
        of_state_store: URL of the state store that the snapshot is of, where the cluster was moved.
        rewrite_places: Let the definition name this state store where it names the one before.
    """
    restoring = RestoreState(
        Wish(
            cluster,
            snapshot,
            untrusted=untrusted,
            of=of_state_store,
            rewrite_places=rewrite_places,
        ),
        confirm,
        digest,
        raise_epoch,
    )
    return operation.run(restoring, then=(f"kled kops update-cluster --name={cluster}",))
