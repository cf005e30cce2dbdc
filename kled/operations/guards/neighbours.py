"""Deletions spare other clusters, some of whose resources kops finds by a part of their names.

kops has no option that leaves a resource out. So a deletion whose list holds another cluster's
resources is refused, and the refusal says what is possible. The list itself is the evidence: the
neighbour may be registered in no state store that kled knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from kled.errors import KledError, NotApproved
from kled.kops.facts import neighbours
from kled.kops.facts.neighbours import Neighbour, TakenResource
from kled.kops.state_store.locations import Home
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.operations.fleet import registered
from kled.operations.session import Session
from kled.operations.stores import require_state_store
from kled.sentences import enumerated, options

OWNER: Final = "owner"
"""The field of a planned deletion with the owner of a resource that is not the cluster's own."""
STORE: Final = "owner's state store"
_SHOWN: Final = 4


def mark_owners(
    session: Session, definition: Definition, listed: Iterable[Change]
) -> tuple[Change, ...]:
    """Return what kops lists for a deletion, each resource of others with its owner. Only reads."""
    changes = tuple(listed)
    owners = {
        (neighbour.kind, neighbour.name): neighbour
        for neighbour in look(session, definition, changes)
    }
    return tuple(_mark(change, owners.get((change.kind, change.name))) for change in changes)


def look(
    session: Session, definition: Definition, listed: Iterable[Change]
) -> tuple[TakenResource, ...]:
    """Return the listed resources that are not the cluster's own. Only reads."""
    home = Home(require_state_store(session.settings), definition.name, definition.cluster)
    return neighbours.taken(
        definition.name,
        neighbours.cloud_of(home),
        neighbours.regions_of(home),
        listed,
        _near(session, home),
    )


def mark_never_applied(cluster: str, listed: Iterable[Change]) -> tuple[Change, ...]:
    """Mark all that kops lists for a definition that was never applied as another cluster's.

    It belongs to a cluster of the same name in another state store, or is left of a deleted one.
    """
    return tuple(
        change
        if OWNER in change.fields or change.kind == "definition"
        else replace(change, fields={**change.fields, OWNER: cluster})
        for change in listed
    )


def require_own(plan: Plan, named: Sequence[str] = ()) -> str:
    """Say whose resources a deletion's plan takes, by its marks.

    Raises `NotApproved` unless every owner is `named`.
    """
    taken = [change for change in plan.changes if OWNER in change.fields]
    owners = sorted({change.fields[OWNER] for change in taken})
    if not owners:
        return "it takes nothing of another cluster"
    if set(owners) <= set(named):
        return f"TAKES resources of {', '.join(owners)}, as asked for"
    if plan.cluster in owners and plan.cluster not in named:
        raise _never_applied(plan.cluster, taken)
    raise _refusal(plan.cluster, taken, owners)


def words_of(change: Change) -> str:
    """Name the owner of a change's resource where it is not the cluster's own; else empty.

    An owner in a known state store is named with it: it may bear the name of the cluster itself.
    """
    if OWNER not in change.fields:
        return ""
    store = f" in {change.fields[STORE]}" if STORE in change.fields else ""
    return f" (NOT ITS OWN: of {change.fields[OWNER]}{store})"


def commands_that_make_again(plan: Plan) -> tuple[str, ...]:
    """Return the commands that rebuild what a deletion took from registered clusters."""
    owners = {
        change.fields[OWNER]: change.fields[STORE]
        for change in plan.changes
        if STORE in change.fields
    }
    return tuple(
        f"kled kops update-cluster {options(state=store, name=owner, yes=True)}"
        for owner, store in sorted(owners.items())
    )


def _near(session: Session, home: Home) -> list[Neighbour]:
    """Return the registered clusters of the same cloud, as far as state stores answer."""
    try:
        homes = list(registered.homes(session, but=home.name, everywhere=True))
    except KledError as error:
        session.note(f"not every state store was asked for neighbours: {error.message}")
        homes = list(registered.homes(session, but=home.name, everywhere=False))
    cloud = neighbours.cloud_of(home)
    return [
        Neighbour(home.name, home.state_store, neighbours.regions_of(home))
        for home in homes
        if neighbours.cloud_of(home) in {cloud, ""}
    ]


def _mark(change: Change, taken: TakenResource | None) -> Change:
    if taken is None:
        return change
    store = {STORE: taken.state_store} if taken.state_store else {}
    return replace(change, fields={**change.fields, OWNER: taken.owner, **store})


def _never_applied(cluster: str, taken: Sequence[Change]) -> NotApproved:
    unclaimed = [
        f"{change.kind} {change.name}" for change in taken if change.fields[OWNER] == cluster
    ]
    shown = enumerated(unclaimed, _SHOWN)
    return NotApproved(
        f'cluster "{cluster}" was never applied from this state store, and the cloud has resources'
        f" of that name: {shown}; they are those of a cluster of another state store, or left"
        " of a deleted one; nothing was changed",
        hint=f"to remove this definition alone: kled kops delete-cluster --name={cluster}"
        f" --unregister; to delete those resources, too: --with-resources-of={cluster}",
    )


def _refusal(cluster: str, taken: Sequence[Change], owners: Sequence[str]) -> NotApproved:
    resources = [f"{change.kind} {change.name} of {change.fields[OWNER]}" for change in taken]
    shown = enumerated(resources, _SHOWN)
    flags = options(with_resources_of=owners)
    stores = {change.fields[OWNER]: change.fields.get(STORE, "") for change in taken}
    known = [options(state=stores[owner], name=owner) for owner in owners if stores[owner]]
    again = (
        f"{flags}, and at once after it kled kops update-cluster {known[0]} --yes, which"
        " recreates them (until then nothing drains its machines before the cloud ends them)"
        if known
        else f"{flags}, once you know whose they are: nothing here can recreate them"
    )
    return NotApproved(
        f'deleting cluster "{cluster}" would also delete what is not its own, which kops finds by'
        f" a part of its name: {shown}; nothing was changed",
        hint=f"kops cannot leave them out; delete {' and '.join(owners)} first where that is to go,"
        f" too; else go on with {again}",
    )
