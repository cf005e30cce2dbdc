"""A cluster is new where neither a snapshot nor the cloud has one of its name.

This is checked before its definition is stored: a new cluster over a living one would get keys that
none of the running machines trusts, in whichever zone they are.
"""

from typing import TYPE_CHECKING, Final

from kled.commands import CREATE_AGAIN
from kled.errors import IdentityAtRisk
from kled.kops.facts import plan_effects
from kled.models.plan import Change
from kled.operations.guards import lost_cluster, neighbours
from kled.operations.identity import kept_keys
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ
from kled.sentences import enumerated

if TYPE_CHECKING:
    from kled.models.spec import ClusterSpec  # imports pydantic

NAME: Final = "check that it is new"
_SHOWN: Final = 4


def step(spec: "ClusterSpec") -> Step:
    """Refuse to make a cluster over a living one; a stored definition is attached to instead.

    Safe to repeat: it only reads. Raises `NotApproved`, which names the snapshot to put back, and
    `IdentityAtRisk`, which names what the cloud has.
    """
    return Step(NAME, lambda session: _check(session, spec), READ, reads=True)


def _check(session: Session, spec: "ClusterSpec") -> str:
    if session.kops.definition.find(spec.name) is not None:
        return "it is stored already"
    if session.overrides.begins_anew(spec.name):
        return "NEW IDENTITY, as asked for"
    asked = ["the cloud"]
    if session.settings.snapshot_store is not None and not _without_snapshots(session):
        lost_cluster.refuse(session, spec.name)
        asked.insert(0, "the snapshot store")
    left = in_cloud(session, spec)
    if left:
        raise _refusal(session, spec.name, left)
    return f"no other of that name is known to {' or '.join(asked)}"


def _without_snapshots(session: Session) -> bool:
    """Say whether the run may ignore the snapshot store, as in an emergency."""
    return session.overrides.no_epoch and session.overrides.no_snapshot


def in_cloud(session: Session, spec: "ClusterSpec") -> tuple[Change, ...]:
    """Return what `kops delete cluster` would find for a cluster of these options. Only reads.

    Machines come first. Another cluster's resources, which kops finds by a part of the name, are
    left out.
    """
    planned = session.kops.definition.dry_run(spec)
    listed = session.kops.cluster.preview_delete_unstored(planned).changes
    others = {
        (neighbour.kind, neighbour.name) for neighbour in neighbours.look(session, planned, listed)
    }
    own = [change for change in listed if (change.kind, change.name) not in others]
    return tuple(
        sorted(
            (change for change in own if change.kind != "definition"),
            key=lambda change: (
                change.kind not in plan_effects.LISTED_MACHINES,
                change.kind,
                change.name,
            ),
        )
    )


def _refusal(session: Session, cluster: str, left: tuple[Change, ...]) -> IdentityAtRisk:
    shown = enumerated([f"{change.kind} {change.name}" for change in left], _SHOWN)
    advice = kept_keys.advice(session, cluster, frozenset({kept_keys.AUTHORITY_KEY}))
    return IdentityAtRisk(
        f'cluster "{cluster}" lives by keys that the state store lacks and kops would replace:'
        f" the cloud has {shown} of it already; nothing was changed",
        hint=f"no machine or kubeconfig of it trusts new ones; {advice}; where it was deleted and"
        " these are left, remove them in the cloud; only to begin again over them with other keys:"
        f" {CREATE_AGAIN} --new-identity={cluster}",
    )
