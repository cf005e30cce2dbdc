"""Before an operation goes on with a cluster: are the keys and secrets there that it lives by?

kops makes anew what it does not find, and goes on with whatever it finds under a name. So whoever
changes the cluster looks first, and a preview looks as the change would.
"""

from typing import Final

from kled.errors import KledError, NotApproved
from kled.operations.fleet import registered
from kled.operations.guards import applied_elsewhere, own_places
from kled.operations.identity import gone_keys, kept_keys
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ

NAME: Final = "check identity"


def step(cluster: str) -> Step:
    """Check that the state store has the keysets that the cluster's machines run with.

    Safe to repeat: it only reads. Raises `IdentityAtRisk`, which names the keysets that are gone or
    hold another identity's keys, and the snapshot that has them; and `NotApproved` where another
    cluster lives by the same keys, or the cluster was applied from another state store.
    """
    return Step(NAME, lambda session: check(session, cluster), READ, reads=True)


def check(session: Session, cluster: str) -> str:
    """Check at once, and return a sentence about the result; raises as `step` does."""
    where = own_places.require(session, cluster)
    applied_elsewhere.require_applied_here(session, cluster)
    gone = kept_keys.require_present(session, cluster)
    _require_secrets(session, cluster)
    kept_keys.require_previewable(session, cluster)
    others = kept_keys.require_own_keys(session, cluster)
    anew = f"{', '.join(gone)} will be replaced" if gone else ""
    if anew or others:
        return f"NEW IDENTITY, as asked for: {'; '.join(filter(None, (anew, others)))}"
    return "no keyset is missing" if where == own_places.NOTHING else where


def _require_secrets(session: Session, cluster: str) -> None:
    """Raise `IdentityAtRisk` for secrets that are gone, unless the cluster begins anew.

    Where the definition is gone, too, the whole cluster is lost, and kops says so: its secrets
    alone would make half a one.
    """
    if session.overrides.begins_anew(cluster):
        return
    refusal = gone_keys.secrets(session, cluster)
    if refusal is not None and registered.home(session.state_store, cluster) is not None:
        raise refusal


def words(session: Session, cluster: str) -> str | None:
    """Say, for a preview, why the cluster cannot be changed; None where it can. Only reads.

    A store that does not answer is left to the change itself to report.
    """
    try:
        check(session, cluster)
    except NotApproved as error:
        return f"{error.message} ({error.hint})"
    except KledError as error:
        session.note(f"whether the cluster has its keys is not known: {error.message}")
    return None
