"""The evidence that a cluster's machines have run: traces in the store and in the cloud."""

from kled.kops.facts import plan_effects
from kled.kops.state_store import contents, identity, layout
from kled.kops.state_store.identity import IdentityEvidence
from kled.models.plan import Plan
from kled.operations.fleet.stored_names import identity_keys
from kled.operations.session import Session
from kled.storage.bounded import get_bounded


def evidence(session: Session, plan: Plan) -> IdentityEvidence:
    """Return what the state store tells of the cluster's former keys, and otherwise the cloud.

    Only reads. kops is asked only where nothing in the state store tells that the cluster ran.
    """
    cluster = plan.cluster
    named = node_keysets(session, cluster)
    lived = why_it_has_run(session, cluster, named)
    if not lived:
        definition = session.kops.definition.find(cluster)
        if definition is not None and identity.has_machines(plan, definition):
            lived = "its control plane is in the cloud already"
        elif definition is not None and _makes_authority(plan):
            lived = _machines_anywhere(session, cluster)
    return IdentityEvidence(
        stored=identity_keys(session.state_store, cluster),
        node_keysets=named,
        lived=lived,
    )


def _makes_authority(plan: Plan) -> bool:
    authority = identity.keyset_key(identity.AUTHORITY)
    return any(identity.key_of(made) == authority for made in identity.made(plan))


def _machines_anywhere(session: Session, cluster: str) -> str:
    """Say that the cloud has machines of the cluster, in whichever zone."""
    listed = session.kops.cluster.preview_delete(cluster).changes
    machines = sorted(
        {change.name for change in listed if change.kind in plan_effects.LISTED_MACHINES}
    )
    return f"the cloud has its machines already ({machines[0]})" if machines else ""


def why_it_has_run(session: Session, cluster: str, named: frozenset[str] | None = None) -> str:
    """Say by which trace the cluster's machines are known to have run; empty where there is none.

    `named` is the result of `node_keysets`, where it was asked for already.
    """
    if node_keysets(session, cluster) if named is None else named:
        return "its machines were configured"
    return "its etcd was running" if _etcd_left_something(session, cluster) else ""


def _etcd_left_something(session: Session, cluster: str) -> bool:
    keys = (entry.key for entry in session.state_store.entries(f"{cluster}/backups/etcd/"))
    relative = (key.removeprefix(f"{cluster}/") for key in keys)
    return any(
        layout.backup_place(key) or key.endswith(f"/{layout.CREATED_MARKER}") for key in relative
    )


def etcd_ran(session: Session, plan: Plan) -> bool:
    """Say whether etcd ran on its volumes: kops makes them with the first machines."""
    if _etcd_left_something(session, plan.cluster):
        return True
    definition = session.kops.definition.find(plan.cluster)
    return definition is not None and identity.has_machines(plan, definition)


def etcd_lives(session: Session, plan: Plan) -> bool:
    """Say whether etcd ran and the cloud still has machines of the cluster, and so its volumes."""
    if not _etcd_left_something(session, plan.cluster):
        return False
    definition = session.kops.definition.find(plan.cluster)
    if definition is not None and identity.has_machines(plan, definition):
        return True
    return bool(_machines_anywhere(session, plan.cluster))


def node_keysets(session: Session, cluster: str) -> frozenset[str]:
    """Return the keysets that the control plane's configuration names. Only reads."""
    store = session.state_store
    named: set[str] = set()
    for entry in store.entries(f"{cluster}/{identity.NODE_CONFIGS}"):
        named |= identity.node_keysets(contents.mapping(get_bounded(store, entry.key).body))
    return frozenset(named)
