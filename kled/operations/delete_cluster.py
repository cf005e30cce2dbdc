"""Delete a cluster: its cloud resources, its keys, its etcd backups and its definition."""

from dataclasses import dataclass

from kled.errors import KopsError, NotApproved
from kled.models.definition import Definition
from kled.operations.iam_fanout import roles_step
from kled.operations.protection import protection, require_confirmation
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE, READ

GONE = "already gone"
_NO_WAY_BACK = "kled snapshot restore brings the state back, where there was a snapshot"


@dataclass(frozen=True, slots=True)
class DeleteCluster:
    """Check that the deletion is meant, then delete.

    A cluster that is not there is done, so that a run after a kill ends well; whoever starts one
    looks first whether there is such a cluster.
    """

    cluster: str
    unregister: bool = False
    """Only forget the definition, keys and etcd backups; cloud resources stay."""
    confirm: str | None = None
    """The cluster's name once more; needed where it is protected."""
    name = "delete cluster"
    mutates = True
    destroys = True

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in their order."""
        roles = () if self.unregister else (roles_step(self.cluster),)
        return (*roles, guard_step(self), delete_step(self.cluster, unregister=self.unregister))


def guard_step(deletion: DeleteCluster) -> Step:
    """Look at protection under the lease, and whether the snapshot before this step was taken."""

    def act(session: Session) -> str:
        stored = session.kops.find_definition(deletion.cluster)
        if stored is None:
            return GONE
        why = protection(stored, session.settings.protected)
        require_confirmation(deletion.cluster, why, deletion.confirm)
        return _snapshot(session, stored)

    return Step("check protection", act, READ)


def _snapshot(session: Session, stored: Definition) -> str:
    """Say whether there is a snapshot, and stop where a protected cluster would have none."""
    if not session.who.snapshot_first:
        return "no snapshot: as asked for"
    if session.settings.snapshot_store is not None:
        return "its verified snapshot is taken"
    if protection(stored, session.settings.protected) is not None:
        raise NotApproved(
            f'cluster "{stored.name}" is protected, and no snapshot store is configured',
            hint="name one with KLED_SNAPSHOT_STORE, or pass --no-snapshot",
        )
    return "NO SNAPSHOT is taken: no snapshot store is configured"


def delete_step(cluster: str, *, unregister: bool) -> Step:
    """`kops delete cluster --yes`, with `--unregister` where only the definition is to go.

    Safe to repeat and to kill: kops looks for what is left in the cloud each time, and removes the
    definition last.
    """

    def done(session: Session) -> str | None:
        return GONE if session.kops.find_definition(cluster) is None else None

    def act(session: Session) -> str:
        if unregister:
            session.kops.unregister(cluster)
            return "unregistered; cloud resources stay"
        session.kops.delete_cluster(cluster)
        return "deleted"

    def proof(session: Session) -> None:
        if session.kops.find_definition(cluster) is not None:
            raise KopsError(
                f'kops reported success, but cluster "{cluster}" is still in the state store'
            )

    words = "unregister cluster" if unregister else "delete cluster"
    return Step(words, act, CHANGE, done=done, proof=proof, way_back=_NO_WAY_BACK)
