"""Delete a cluster: its cloud resources, its keys, its etcd backups and its definition."""

from dataclasses import dataclass, replace
from typing import Final

from kled.errors import KopsError, NotApproved
from kled.kops.facts.versions import TESTED
from kled.kops.state_store import layout
from kled.models.definition import Definition
from kled.models.plan import Plan
from kled.operations import ways_back
from kled.operations.cluster import unregistration
from kled.operations.cluster.nothing_left import proof_step
from kled.operations.cluster.plan_deletion import plan_deletion
from kled.operations.cluster.unregistration import Unreadable
from kled.operations.guards import copies, elsewhere, neighbours, own_places
from kled.operations.guards.applied_elsewhere import require_applied_here
from kled.operations.guards.final_snapshot import kept_options, require_inside
from kled.operations.guards.guards import DELETES, FORGETS, Guards
from kled.operations.guards.protection import protection, require_confirmation
from kled.operations.guards.shared_iam_roles import roles_step
from kled.operations.records import approved_plan, begun_deletion
from kled.operations.records.approved_plan import Approved
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE, READ
from kled.sentences import number, options
from kled.visible import visible

GONE = "already gone"
_NO_WAY_BACK: Final = "none: no snapshot was taken of what was there before"


@dataclass(frozen=True, slots=True)
class DeleteCluster:
    """Check that the deletion is meant, delete, and prove that nothing is left.

    A cluster that is gone already counts as done, so that a run after a kill ends well; the
    commands check first that the cluster exists.
    """

    cluster: str
    unregister: bool = False
    """Only forget the definition, keys and etcd backups; cloud resources stay."""
    confirm: str | None = None
    """The cluster's name once more; needed where it is protected."""
    approved: Approved | None = None
    """Without it the deletion takes whatever is there at that moment."""
    with_resources_of: tuple[str, ...] = ()
    """Other clusters whose resources kops would delete, too, and may delete (`neighbours`)."""

    @property
    def guards(self) -> Guards:
        """The guards; an unregistered cluster keeps its epoch and its machines."""
        return FORGETS if self.unregister else DELETES

    @property
    def name(self) -> str:
        """The operation's name in reports."""
        return "unregister cluster" if self.unregister else "delete cluster"

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in their order."""
        roles = () if self.unregister else (roles_step(self.cluster),)
        return (
            *roles,
            places_step(self),
            guard_step(self),
            delete_step(self),
            proof_step(self.cluster, unregister=self.unregister),
        )


def places_step(deletion: DeleteCluster) -> Step:
    """Refuse a deletion that would take another cluster's state along, as `own_places.step` does.

    Forgetting a mere copy removes nothing outside of the copy's own prefix.
    """
    whole = own_places.step(deletion.cluster, deletes=True)

    def act(session: Session) -> str:
        if deletion.unregister and (home := copies.original_of(session, deletion.cluster)):
            return f"it is a copy of the one in {home}: what lies elsewhere is that one's and stays"
        return whole.act(session)

    return replace(whole, act=act)


def guard_step(deletion: DeleteCluster) -> Step:
    """Check under the lease that the deletion is meant and can be completed.

    Safe to repeat: it only reads. It comes before the snapshot, so that a refusal costs none.
    """

    def act(session: Session) -> str:
        stored = unregistration.look(session, deletion.cluster, unregister=deletion.unregister)
        if stored is None:
            return GONE
        require_confirmation(deletion.cluster, why_protected(session, stored), deletion.confirm)
        _require_no_foreign(session, deletion.cluster)
        if not deletion.unregister:
            require_applied_here(session, deletion.cluster, deletes=True)
        now = plan_deletion(session, deletion.cluster, unregister=deletion.unregister)
        others = neighbours.require_own(now, deletion.with_resources_of)
        if deletion.approved is not None:
            _require_approved(session, deletion, now, deletion.approved)
        kept = _snapshot(session, deletion, stored)
        return "; ".join((*_said(stored), kept, others))

    return Step("check protection", act, READ, reads=True)


def why_protected(session: Session, stored: Definition | Unreadable) -> str | None:
    """Say why a cluster is protected; None where it is not."""
    patterns = session.settings.protected
    if isinstance(stored, Unreadable):
        return stored.protection(patterns)
    return protection(stored, patterns)


def _said(stored: Definition | Unreadable) -> tuple[str, ...]:
    return (f"it cannot be read: {stored.why}",) if isinstance(stored, Unreadable) else ()


def _require_approved(
    session: Session, deletion: DeleteCluster, now: Plan, approved: Approved
) -> None:
    try:
        approved_plan.require(session, now, approved)
    except NotApproved as error:
        flag = " --unregister" if deletion.unregister else ""
        error.with_hint(
            f"look at it with kled kops delete-cluster --name={deletion.cluster}{flag} and approve"
            " that one; nothing was changed"
        )
        raise


def _require_no_foreign(session: Session, cluster: str) -> None:
    """Raise `NotApproved` for objects at which kops would stop halfway.

    kops deletes the cloud resources first, and then refuses the rest. A kops that is newer than
    kled may know more kinds of objects, and is not second-guessed.
    """
    store = session.state_store
    for entry in store.entries(f"{cluster}/"):
        foreign = layout.is_foreign(entry.key.removeprefix(f"{cluster}/"))
        if foreign and session.kops.version().minor <= TESTED:
            raise NotApproved(
                f"{store.location.url}/{visible(entry.key)} is not an object of kops, which would"
                " delete the cloud resources and then refuse the rest",
                hint="look what it is, move it away, and run this again",
            )


def _snapshot(session: Session, deletion: DeleteCluster, stored: Definition | Unreadable) -> str:
    """Say which snapshot is kept.

    Raises `NotApproved` where a protected cluster would have none.
    """
    cluster = deletion.cluster
    if session.overrides.no_snapshot:
        return "no snapshot: as asked for"
    if deletion.unregister and copies.original_of(session, cluster):
        return "no snapshot: the original has its keys"
    if session.settings.snapshot_store is not None:
        definition = stored.cluster if isinstance(stored, Unreadable) else stored
        if definition is None:
            return "may be unregistered when what is there is copied"
        require_inside(session, definition)
        return "may be deleted when its final snapshot is taken"
    why = why_protected(session, stored)
    if why is not None and why != unregistration.UNKNOWN:
        raise NotApproved(
            f'cluster "{cluster}" is protected, and no snapshot store is configured',
            hint="name one with KLED_SNAPSHOT_STORE, or pass --no-snapshot",
        )
    return "NO SNAPSHOT is taken: no snapshot store is configured"


def delete_step(deletion: DeleteCluster) -> Step:
    """`kops delete cluster --yes`, with `--unregister` where only the definition is to go.

    Safe to repeat and to kill: kops looks each time for what is left in the cloud, and removes the
    definition last. The deletion is put on record before kops is called.
    """
    cluster, approved = deletion.cluster, deletion.approved

    def found(session: Session) -> Definition | Unreadable | None:
        return unregistration.look(session, cluster, unregister=deletion.unregister)

    def done(session: Session) -> str | None:
        return GONE if found(session) is None else None

    back = ways_back.KnownWayBack()

    def act(session: Session) -> str:
        stored = found(session)
        back.are(_way_back(session, deletion))
        _remember(session, deletion, stored)
        if deletion.unregister:
            return _unregistered(session, cluster, stored)
        session.kops.cluster.delete(cluster)
        return "deleted"

    def proof(session: Session) -> None:
        if found(session) is not None:
            raise KopsError(
                f'kops reported success, but cluster "{cluster}" is still in the state store'
            )
        if approved is not None:
            approved_plan.forget(session, cluster)

    return Step(
        deletion.name,
        act,
        CHANGE,
        done=done,
        proof=proof,
        way_back=_NO_WAY_BACK,
        back=back,
        ends=("announce deletion",),
    )


def _way_back(session: Session, deletion: DeleteCluster) -> str:
    """Return the command that restores the state, not the machines.

    Empty where no snapshot has it. Of what is forgotten alone none was taken: those of that name
    are of the cluster itself.
    """
    if session.settings.snapshot_store is None or session.overrides.no_snapshot:
        return ""
    if deletion.unregister and elsewhere.is_forgotten_alone(session, deletion.cluster):
        return "none: what was here is kept by no snapshot; the cluster itself lives elsewhere"
    kept = kept_options(session, deletion.cluster)
    named = options(name=deletion.cluster, **kept, with_control=deletion.unregister)
    return f"the state, not the machines: kled snapshot restore {named}"


def _unregistered(session: Session, cluster: str, stored: Definition | Unreadable | None) -> str:
    by_kled = ""
    if home := copies.original_of(session, cluster):
        removed = unregistration.remove(session, cluster)
        return f"{number(removed, 'object')} removed; the cluster lives in {home}, as it was"
    if isinstance(stored, Unreadable):
        by_kled = unregistration.unregister(session, cluster, stored)
    else:
        session.kops.definition.unregister(cluster)
    return (
        f"unregistered{by_kled}; cloud resources stay, and etcd goes on without its markers:"
        f" {_back(session, cluster, stored)}"
    )


def _back(session: Session, cluster: str, stored: Definition | Unreadable | None) -> str:
    """Say how an unregistered cluster is brought back, or that this run kept no snapshot of it."""
    if session.settings.snapshot_store is None or session.overrides.no_snapshot:
        return "no snapshot was taken, so nothing here brings its keys back"
    named = {"name": cluster, **kept_options(session, cluster), "with_control": True}
    confirm = cluster if stored is not None and why_protected(session, stored) else None
    return f"back with kled snapshot restore {options(**named, yes=True, confirm=confirm)}"


def _remember(
    session: Session, deletion: DeleteCluster, stored: Definition | Unreadable | None
) -> None:
    """Put on record what is deleted, and the plan that was approved for it.

    A definition that cannot be read is not recorded: no cloud can be searched with it.
    """
    if isinstance(stored, Definition):
        begun_deletion.write(session, deletion.cluster, stored)
    if deletion.approved is not None:
        now = plan_deletion(session, deletion.cluster, unregister=deletion.unregister)
        approved_plan.require(session, now, deletion.approved)
        approved_plan.write(session, now, deletion.approved)
