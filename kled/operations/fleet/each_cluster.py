"""Reads one cluster, or every one; an unreadable one becomes a row that says what mends it.

Whatever is wrong with one cluster, the others are shown, and none is left out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from kled.config import Settings
from kled.errors import (
    DefinitionRejected,
    KledError,
    KopsCrashed,
    KopsError,
    NotYetApplied,
    OutputUnreadable,
    TextUnreadable,
)
from kled.models.cluster import Cluster
from kled.operations.fleet.listed_clusters import listed_clusters
from kled.operations.session import Session
from kled.sentences import enumerated

T = TypeVar("T")
UNREADABLE: Final = "(unreadable)"
NONE: Final = "(none)"
GONE: Final = "(gone)"
_OF_THE_DEFINITION: Final = (DefinitionRejected, OutputUnreadable, KopsCrashed, TextUnreadable)
_SHOWN: Final = 10


class ListedValue(Protocol):
    """A value that a list shows."""

    def as_json(self) -> dict[str, object]:
        """Plain data."""


@dataclass(frozen=True, slots=True)
class ListedFields:
    """What is listed of a cluster."""

    read: Callable[[Session, str], Sequence[ListedValue]]
    what: str = ""
    """The noun of a row, with which a problem begins."""
    none: str = ""
    """The problem of a cluster without any row; empty where having none is fine."""
    partly: bool = False
    """Whether a row with a problem leaves the rest of the cluster readable."""
    gone: Callable[[Session, str], KledError | None] | None = None
    """Returns the refusal for what the cluster had and has lost, which gets a row of its own."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with one cluster, and what to type next."""

    cluster: str
    problem: str
    """What is wrong, with the name of the object."""
    mend: str
    fatal: bool = True
    """Whether nothing of the cluster could be read; otherwise only the named object could not."""

    @property
    def line(self) -> str:
        """The line that a person reads."""
        return f"{self.cluster}: {self.problem}; {self.mend}"


@dataclass(frozen=True, slots=True)
class FleetRows:
    """The rows of a list, and what is wrong."""

    rows: tuple[dict[str, Any], ...]
    """Each row has `cluster`, or `name` for a cluster itself; a bad one has `problem` and
    `mend`."""
    troubles: tuple[Trouble, ...]
    """One for each row with a problem."""
    clusters: int
    """How many clusters were asked."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines for a person below the rows; for a single cluster the error says it."""
        return tuple(
            trouble.line for trouble in self.troubles if self.clusters > 1 or not trouble.fatal
        )

    def require(self) -> None:
        """Raise where a cluster could not be read: exit status 1."""
        require_read(self.troubles, self.clusters)


def require_read(troubles: Iterable[Trouble], clusters: int) -> None:
    """Raise where one of so many clusters could not be read: exit status 1."""
    fatal = [trouble for trouble in troubles if trouble.fatal]
    bad = list(dict.fromkeys(trouble.cluster for trouble in fatal))
    if clusters == 1 and fatal:
        problems = "; ".join(trouble.problem for trouble in fatal)
        raise KledError(f'cluster "{bad[0]}": {problems}', hint=fatal[0].mend)
    if bad:
        raise KledError(
            f"{len(bad)} of {clusters} clusters cannot be read: {enumerated(bad, _SHOWN)}",
            hint="the line of each says what is wrong with it and what to type next",
        )


def clusters(session: Session, name: str | None) -> FleetRows:
    """List the clusters of the state store, or the named one; raises `ClusterNotFound`."""
    listed = [cluster for cluster in listed_clusters(session) if name in (None, cluster.name)]
    if name is not None and not listed:
        session.kops.definition.get(name)  # raises ClusterNotFound as kops words it
    rows, troubles = [], []
    for cluster in listed:
        row = cluster.as_json()
        if cluster.problem:
            mend = restore_command(session.settings, cluster.name)
            row |= {"cloud": UNREADABLE, "mend": mend}
            troubles.append(Trouble(cluster.name, cluster.problem, mend))
        rows.append(row)
    return FleetRows(tuple(rows), tuple(troubles), len(rows))


def each_cluster(session: Session, name: str | None, listing: ListedFields) -> FleetRows:
    """Read the named cluster, which may raise, or every cluster of the state store. Only reads."""
    if name is not None:
        rows = _rows(session, name, listing)
        return FleetRows(tuple(rows), _troubles(rows, listing), 1)
    listed = listed_clusters(session)
    asked = ask_each(session, listed, lambda cluster: _rows(session, cluster, listing))
    rows = [
        row
        for answer in asked
        for row in ([_unread(answer)] if isinstance(answer, Trouble) else answer)
    ]
    return FleetRows(tuple(rows), _troubles(rows, listing), len(listed))


def ask_each(
    session: Session, listed: Iterable[Cluster], ask: Callable[[str], T], *, at_once: int = 1
) -> Iterator[T | Trouble]:
    """Yield what `ask` returns for each cluster, or why that one cannot be read, in their order.

    An error of one cluster never hides the others. With `at_once` above 1, threads ask: `ask` may
    then only use parts of a session that keep no file of their own.
    """
    answer = partial(_answer, session, ask)
    if at_once == 1:
        yield from map(answer, listed)
        return
    from kled.pool import Pool  # noqa: PLC0415 - most ask one after the other

    with Pool(at_once, "kled-cluster") as pool:
        asked = [pool.submit(copy_context().run, answer, cluster) for cluster in listed]
        for each in asked:
            yield each.result()


def _answer(session: Session, ask: Callable[[str], T], cluster: Cluster) -> T | Trouble:
    from kled.operations.cluster.unreadable import explain_crash  # noqa: PLC0415 - loads YAML
    from kled.snapshot.create.row_words import explain_failure  # noqa: PLC0415 - a read of one does without

    if cluster.problem:
        return Trouble(
            cluster.name, cluster.problem, restore_command(session.settings, cluster.name)
        )
    try:
        return ask(cluster.name)
    except Exception as caught:  # noqa: BLE001 - one cluster never ends the list of a fleet
        error = explain_crash(session, cluster.name, explain_failure(caught))
        mend = mend_of(session.settings, cluster.name, error)
        return Trouble(cluster.name, error.message, mend)


def mend_of(settings: Settings, cluster: str, error: KledError) -> str:
    """Return what to do about an error of one cluster: its hint, or a restore."""
    if isinstance(error, _OF_THE_DEFINITION) or (type(error) is KopsError and not error.hint):
        return restore_command(settings, cluster)
    return error.hint or "kled doctor tries the stores and the cloud's variables"


def restore_command(settings: Settings, cluster: str) -> str:
    """Return the command that restores a cluster's good objects, as far as the settings tell."""
    if settings.snapshot_store:
        return (
            "mend that object, or see what the newest trusted snapshot puts back:"
            f" kled snapshot restore --name={cluster} --snapshot=latest"
        )
    return (
        f"mend that object below {settings.state_store}/{cluster}; the bucket's versions may have"
        " a good one (no snapshot store is named: kled doctor)"
    )


def _read(session: Session, cluster: str, listing: ListedFields) -> Sequence[ListedValue]:
    """Read the rows; a cluster that has lost its keys is told apart from one never applied."""
    try:
        return listing.read(session, cluster)
    except NotYetApplied:
        from kled.operations.identity.lost_keys import (  # noqa: PLC0415 - not for most reads
            tell_lost_keys_apart,
        )

        with tell_lost_keys_apart(session, cluster):
            raise


def _rows(session: Session, cluster: str, listing: ListedFields) -> list[dict[str, Any]]:
    """Return a cluster's rows.

    An object belongs to the cluster of its place, whatever its label.
    """
    rows = [{**row.as_json(), "cluster": cluster} for row in _read(session, cluster, listing)]
    if not rows and listing.none:
        rows = [{"cluster": cluster, "name": NONE, "problem": listing.none}]
    for row in rows:
        if row.get("problem"):
            row["mend"] = restore_command(session.settings, cluster)
    gone = listing.gone(session, cluster) if listing.gone else None
    if gone is None:
        return rows
    told = {"name": GONE, "problem": gone.message, "mend": gone.hint or ""}
    return [*rows, {"cluster": cluster, **told}]


def _unread(trouble: Trouble) -> dict[str, Any]:
    return {
        "cluster": trouble.cluster,
        "name": UNREADABLE,
        "problem": trouble.problem,
        "mend": trouble.mend,
    }


def _troubles(rows: Iterable[Mapping[str, Any]], listing: ListedFields) -> tuple[Trouble, ...]:
    troubles = []
    for row in rows:
        if row.get("problem"):
            whole = row["name"] in {UNREADABLE, NONE, GONE}
            about = row["problem"] if whole else f"{listing.what} {row['name']}: {row['problem']}"
            fatal = whole or not listing.partly or not row.get("readable", True)
            troubles.append(Trouble(row["cluster"], about, row["mend"], fatal))
    return tuple(troubles)
