"""Other clusters that share IAM roles with a cluster that is changed or deleted.

IAM is global within an AWS account and kops names roles after the cluster alone. So two clusters of
one name, in two regions with a state store each, have one set of roles: an update of one points the
roles to its own state store, and a deletion takes them from the other.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from kled.errors import (
    DocumentDamaged,
    KledError,
    NotApproved,
    ObjectMissing,
    OutputUnreadable,
    StoreError,
)
from kled.kops.facts import iam_roles as roles
from kled.kops.state_store import layout
from kled.models.definition import Definition
from kled.operations.fleet.registered import prefixes, state_stores
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import READ
from kled.sentences import options
from kled.storage.bounded import get_bounded, is_there

if TYPE_CHECKING:
    from kled.storage.base import ObjectStore

_AT_ONCE: Final = 16
_OVERRIDE: Final = "--no-role-check"
_ACCOUNTS: Final = (
    f"{_OVERRIDE}, or an `account` for each [state-stores] of the settings file, where they differ"
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A cluster as it is stored in a state store."""

    state_store: str
    definition: Definition


@dataclass(frozen=True, slots=True, order=True)
class Shared:
    """Another cluster whose machines use roles of the one that is changed."""

    cluster: str
    state_store: str
    roles: tuple[str, ...]
    """Sorted."""

    def __str__(self) -> str:
        return f'{", ".join(self.roles)} of cluster "{self.cluster}" in {self.state_store}'


def fan_out(owned: Iterable[str], others: Iterable[Registered]) -> tuple[Shared, ...]:
    """Return the clusters that use the roles in `owned`, sorted. Pure."""
    mine = frozenset(owned)
    users = (
        Shared(
            other.definition.name,
            other.state_store,
            tuple(sorted(mine & roles.used(other.definition))),
        )
        for other in others
    )
    return tuple(sorted(user for user in users if user.roles))


def shared_roles(session: Session, cluster: str) -> tuple[Shared, ...]:
    """Return the other registered clusters that use the roles of `cluster`. Only reads.

    Registered clusters are those in the session's state store, and in each state store of the
    settings file that does not say that its clusters are in another account. Raises `StoreError`
    where a state store does not answer.
    """
    others = tuple(registered_clusters(session, but=cluster))
    if not others:
        return ()
    stored = session.kops.definition.find(cluster)
    return fan_out(roles.named_after(cluster) if stored is None else roles.owned(stored), others)


def require_own_roles(session: Session, cluster: str) -> str:
    """Say that nobody else uses the cluster's roles. Only reads.

    Raises `NotApproved` where somebody does, unless the run goes without this check
    (`--no-role-check`).
    """
    if session.overrides.no_role_check:
        return "not looked at: as asked for"
    try:
        users = shared_roles(session, cluster)
    except StoreError as error:
        advice = f"{error.hint}; its" if error.hint else "mend it: its"
        error.with_hint(f"{advice} clusters may use the same IAM roles; not to ask: {_ACCOUNTS}")
        raise
    if users:
        raise _refusal(cluster, users)
    return "no other registered cluster uses its IAM roles"


def roles_step(cluster: str, *, where: Callable[[Session], bool] | None = None) -> Step:
    """Refuse while other clusters use the same IAM roles; `where` says whether they would change.

    Safe to repeat: it only reads.
    """

    def act(session: Session) -> str:
        try:
            return require_own_roles(session, cluster)
        except NotApproved:
            if where is None or where(session):
                raise
            return "others use its IAM roles, too; they stay as they are"

    return Step("check IAM roles", act, READ, reads=True)


def registered_clusters(session: Session, *, but: str) -> Iterator[Registered]:
    """Yield the clusters of the session's and the settings file's state stores, except `but`."""
    from kled.snapshot.parallel import in_parallel  # noqa: PLC0415 - not for --help

    here, profiles = session.settings.state_store, session.settings.profiles
    own = session.settings.profile.account
    same = (
        url for url, profile in profiles.items() if own is None or profile.account in {None, own}
    )
    for url, store in state_stores(session, same):
        names = (name for name in prefixes(store) if (url, name) != (here, but))
        tasks = ((0, partial(_definition, store, name)) for name in names)
        for definition in in_parallel(tasks, threads=_AT_ONCE):
            if definition is not None:
                yield Registered(url, definition)


def _refusal(cluster: str, users: tuple[Shared, ...]) -> NotApproved:
    first, more = users[0], f"; and {len(users) - 1} more clusters" if len(users) > 1 else ""
    again = options(state=first.state_store, name=first.cluster)
    return NotApproved(
        f'the IAM roles of cluster "{cluster}" are also {first}{more}; nothing was changed',
        hint="to isolate them: another account (say so by `account` of each [state-stores] in the"
        " settings file) or another name; instance profiles (spec.iam.profile) isolate only a"
        " cluster that has had them since its first update: where groups get their first one, kops"
        f" deletes the roles, by which both live; to go on all the same: {_OVERRIDE}, and at"
        f" once after it kled kops update-cluster {again} --yes --roll, which recreates its roles",
    )


def _definition(store: "ObjectStore", cluster: str) -> Definition | None:
    """Return a cluster with its groups; None where it does not exist, or disappears meanwhile."""
    from kled.kops.parse import definition  # noqa: PLC0415 - loads YAML

    try:
        keys = [f"{cluster}/{layout.CONFIG}"]
        if not is_there(store, keys[0]):
            return None
        groups = (entry.key for entry in store.entries(f"{cluster}/{layout.GROUPS}"))
        keys += [key for key in groups if layout.is_group(key.removeprefix(f"{cluster}/"))]
        bodies = [get_bounded(store, key).body.decode(errors="replace") for key in keys]
        return definition("\n---\n".join(bodies))
    except ObjectMissing:
        return None
    except (DocumentDamaged, OutputUnreadable) as error:
        raise KledError(
            f'the definition of cluster "{cluster}" in {store.location.url} cannot be read, so its'
            " IAM roles are not known",
            hint=f"mend or remove it, or go on without asking: {_OVERRIDE}",
        ) from error
