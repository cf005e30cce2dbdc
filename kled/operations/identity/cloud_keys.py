"""The authority that machines in the cloud trust, where the state store has lost every trace of it.

After a rotation that no snapshot has seen, the keyset may be lost together with the machines'
configuration. Then nothing in the store tells that a restored authority is the earlier one. The
cloud still has what machines start with, and an update would take from it the authority by which
they live.
"""

from contextlib import suppress
from typing import Final

from kled.errors import IdentityAtRisk, KledError, ObjectMissing
from kled.kops.facts import user_data
from kled.kops.state_store import contents, identity, keyset_keys
from kled.models.plan import Plan
from kled.models.rolling import Roll
from kled.operations.identity import put_back
from kled.operations.instance_group.machines import group_roles
from kled.operations.session import Session
from kled.storage.bounded import get_bounded

_KEY: Final = identity.keyset_key(identity.AUTHORITY)


def require(session: Session, plan: Plan) -> None:
    """Raise `IdentityAtRisk` for a plan that takes from machines an authority stored nowhere.

    A distrusted authority is still stored. One that is not stored was put aside on purpose where no
    machine of the control plane is up to date with what was applied last: a kops made it by
    mistake, and nothing runs with it. Only reads; asks the cloud only where a plan takes such an
    authority away. A cluster that begins again with other keys goes on.
    """
    if session.overrides.begins_anew(plan.cluster):
        return
    taken = {keyset_keys.of_certificate(certificate) for certificate in user_data.taken_away(plan)}
    unknown = frozenset(taken) - _stored(session, plan.cluster)
    if not unknown or not _runs_with_it(session, plan.cluster):
        return
    raise IdentityAtRisk(
        f'machines of cluster "{plan.cluster}" run with another authority than is stored as'
        f" {identity.AUTHORITY}, and the plan takes it from what they start with, as where a"
        " snapshot from before a rotation was restored; nothing was changed",
        hint=f"machines would distrust each other; {_way_on(session, plan.cluster, unknown)}; only"
        " where nothing lives by it any more:"
        f" kled kops update-cluster --name={plan.cluster} --yes --new-identity={plan.cluster}",
    )


def _way_on(session: Session, cluster: str, authority: frozenset[str]) -> str:
    try:
        return put_back.way_to_put_back(
            session, cluster, frozenset({_KEY}), {identity.AUTHORITY: authority}
        )
    except KledError as error:
        return f"which snapshot has it is not known: {error.message}"


def _stored(session: Session, cluster: str) -> frozenset[str]:
    """Return the marks of the stored authority, also where it is stored under its former name."""
    marks: frozenset[str] = frozenset()
    for key in (_KEY, identity.keyset_key(contents.OLD_NAMES[identity.AUTHORITY])):
        with suppress(ObjectMissing):
            marks |= keyset_keys.marks(get_bounded(session.state_store, f"{cluster}/{key}").body)
    return marks


def _runs_with_it(session: Session, cluster: str) -> bool:
    """Say whether a machine of the control plane is up to date with what the cloud has."""
    roles = group_roles(session, cluster)
    rows = session.kops.cluster.preview_rolling_update(cluster, Roll(cloudonly=True)).rows
    return any(row.ready and roles.get(row.instance_group) == "control-plane" for row in rows)
