"""Judges etcd's control markers and backups of one cluster. Pure, but for `read_etcd`.

A marker that is missing is the most dangerous thing that a state store can show: nothing is wrong
until etcd-manager restarts, which then takes the cluster for a new one (kops#16416).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from kled.errors import KledError
from kled.kops.facts import etcd_members
from kled.kops.state_store import etcd_catalogue, etcd_markers, layout
from kled.kops.state_store.etcd_catalogue import AHEAD, Backup, EtcdCatalogue, Marker
from kled.models.health_finding import HealthFinding, Look, State
from kled.operations.health.looks.ages import ago, length
from kled.operations.health.looks.stored import StoredCluster
from kled.sentences import and_more, number, options
from kled.snapshot.etcd.stored import EtcdPlace, OpenUrl, StoredEtcd, read_catalogues
from kled.storage.base import ObjectStore
from kled.storage.bounded import get_if_readable

NEWBORN: Final = timedelta(minutes=30)
"""How long machines may take until etcd-manager has written its marker and its first backup."""
KEEP_STILL: Final = "do not restart etcd-manager or a control plane's machine, and do not update"
_MARKERS: Final[Look] = "etcd markers"
_BACKUPS: Final[Look] = "etcd backups"
_STARTING: Final = "the control plane of a new cluster writes it when etcd has started"


@dataclass(frozen=True, slots=True)
class ReadEtcd:
    """What is stored of one etcd cluster, with what its control objects hold."""

    stored: StoredEtcd
    bodies: Mapping[str, bytes]
    """What the markers hold, by their names; one that is missing or too large is left out."""

    @property
    def about(self) -> str:
        """What findings call it."""
        return f"etcd {self.stored.place.etcd}"


@dataclass(frozen=True, slots=True)
class Judging:
    """What all judgements of one etcd cluster share."""

    cluster: str
    about: str
    now: datetime
    is_new: bool
    """Whether the cluster was made, or put here, so recently that nothing is late yet."""

    def finding(
        self,
        look: Look,
        state: State,
        message: str,
        mend: str = "",
        *,
        age: timedelta | None = None,
        danger: bool = False,
    ) -> HealthFinding:
        """Return a finding about it."""
        finding = HealthFinding(self.cluster, look, self.about, state, message, mend, age)
        return replace(finding, danger=danger)


def read_etcd(store: ObjectStore, known: StoredCluster, open_other: OpenUrl) -> list[ReadEtcd]:
    """Read the catalogue and the markers of each etcd cluster that kops applied.

    Two requests for each etcd cluster, and a LIST for one that is kept elsewhere. What cannot be
    asked is the problem of that one.
    """
    found_etcds = read_catalogues(store, known.cluster, known.document, open_other, known.listing)
    return [_with_markers(store, known.cluster, stored, open_other) for stored in found_etcds]


def _with_markers(
    store: ObjectStore, cluster: str, stored: StoredEtcd, open_other: OpenUrl
) -> ReadEtcd:
    if stored.catalogue is None:
        return ReadEtcd(stored, {})
    bodies: dict[str, bytes] = {}
    try:
        for marker in (stored.catalogue.created, stored.catalogue.spec):
            if marker.state == "present":
                body = _read_marker(store, cluster, stored.place, marker.name, open_other)
                bodies |= {marker.name: body} if body is not None else {}
    except KledError as error:
        return ReadEtcd(StoredEtcd(stored.place, None, error), {})
    return ReadEtcd(stored, bodies)


def _read_marker(
    store: ObjectStore, cluster: str, place: EtcdPlace, name: str, open_other: OpenUrl
) -> bytes | None:
    if place.prefix is None:
        return get_if_readable(open_other(place.url), f"control/{name}")
    return get_if_readable(store, f"{cluster}/{place.prefix}control/{name}")


def judge_etcd(
    known: StoredCluster, etcds: list[ReadEtcd], now: datetime, intervals: int
) -> Iterator[HealthFinding]:
    """Yield what is wrong, or right, with each etcd cluster of an applied cluster.

    A backup is overdue after so many `intervals` of etcd-manager's.
    """
    since, wanted = known.since, members_of(known.document)
    every = etcd_catalogue.intervals(known.document)
    is_new = since is not None and now - since < NEWBORN
    for read in etcds:
        judging = Judging(known.cluster, read.about, now, is_new)
        catalogue, name = read.stored.catalogue, read.stored.place.etcd
        if catalogue is None:
            yield from _unread(judging, read.stored)
            continue
        yield judge_markers(judging, catalogue, read.bodies, wanted.get(name, 0))
        patience = intervals * every.get(name, etcd_catalogue.INTERVAL)
        yield judge_backups(judging, catalogue, patience)


def members_of(document: Mapping[str, object]) -> dict[str, int]:
    """Return how many members each etcd cluster of a definition has."""
    return {etcd: len(members) for etcd, members in etcd_members.names(document).items()}


def _unread(judging: Judging, stored: StoredEtcd) -> Iterator[HealthFinding]:
    problem = stored.problem
    why = problem.message if problem is not None else "it could not be listed"
    mend = (problem.hint if problem is not None else "") or "kled doctor tries the stores"
    for look in (_MARKERS, _BACKUPS):
        yield judging.finding(look, "unknown", f"{stored.place.url} cannot be read: {why}", mend)


def judge_markers(
    judging: Judging, catalogue: EtcdCatalogue, bodies: Mapping[str, bytes], members: int
) -> HealthFinding:
    """Say whether etcd-manager would know its cluster if it restarted now. Pure."""
    created, spec = catalogue.created, catalogue.spec
    if created.state == "missing" and judging.is_new and not catalogue.has_run:
        message = f"{created.name} is not there yet: {_STARTING}"
        return judging.finding(_MARKERS, "warning", message, _validating(judging.cluster))
    if created.state == "missing":
        return _gone(judging, catalogue)
    problem = _why_unreadable(created, bodies) or etcd_markers.created_problem(bodies[created.name])
    if problem:
        mend = _put_back(judging.cluster)
        return judging.finding(_MARKERS, "failed", problem, mend, danger=True)
    if spec.state == "missing":
        message = f"{spec.name} is missing: etcd-manager takes no backups without it"
        return judging.finding(_MARKERS, "failed", message, _put_back(judging.cluster))
    return _judge_spec(judging, catalogue, bodies, members)


def _gone(judging: Judging, catalogue: EtcdCatalogue) -> HealthFinding:
    both = catalogue.spec.state == "missing"
    names = " and ".join([catalogue.created.name, *([catalogue.spec.name] if both else [])])
    verb = "are" if both else "is"
    message = (
        f"{names} {verb} missing: etcd-manager that restarts takes the cluster for a new one, and"
        " may begin an empty etcd"
    )
    mend = _put_back(judging.cluster)
    return judging.finding(_MARKERS, "failed", message, mend, danger=True)


def _judge_spec(
    judging: Judging, catalogue: EtcdCatalogue, bodies: Mapping[str, bytes], members: int
) -> HealthFinding:
    problem = _why_unreadable(catalogue.spec, bodies)
    asked = None if problem else etcd_markers.member_spec(bodies[catalogue.spec.name])
    if asked is None:
        problem = problem or f"{catalogue.spec.name} holds no member count that can be read"
        return judging.finding(_MARKERS, "failed", problem, _put_back(judging.cluster))
    if members and asked.members != members:
        message = (
            f"{catalogue.spec.name} asks for {number(asked.members, 'member')}, and kops applied"
            f" {members}: etcd-manager acts on it"
        )
        mend = f"kled plan {options(name=judging.cluster)} shows what the next update writes there"
        return judging.finding(_MARKERS, "failed", message, mend)
    if catalogue.commands:
        message = f"a command waits for etcd-manager, which obeys it: {catalogue.commands[0]}"
        mend = "see that a restore of etcd is under way, and who began it"
        return judging.finding(_MARKERS, "warning", message, mend)
    message = f"both are there, for {number(asked.members, 'member')} of etcd {asked.version}"
    return judging.finding(_MARKERS, "ok", message)


def _why_unreadable(marker: Marker, bodies: Mapping[str, bytes]) -> str:
    if marker.state == "empty":
        return f"{marker.name} is empty, at which etcd-manager stops"
    return "" if marker.name in bodies else f"{marker.name} is larger than etcd-manager writes it"


def judge_backups(judging: Judging, catalogue: EtcdCatalogue, patience: timedelta) -> HealthFinding:
    """Say how old the newest complete backup is, and whether that is too old. Pure."""
    newest, now = catalogue.newest, judging.now
    if newest is None:
        return _no_backup(judging, catalogue)
    age = newest.age(now)
    told = f"the newest complete backup, {newest.name},"
    if age is None:
        mend = "look whether etcd-manager works: kubectl logs of etcd-manager"
        return judging.finding(_BACKUPS, "unknown", f"{told} has no date", mend)
    when = f"{told} is {ago(age)}"
    if age > patience:
        late = f"{when}; one is due every {length(patience)} at the latest"
        return judging.finding(
            _BACKUPS, "failed", late, _looking_after(judging.cluster, catalogue), age=age
        )
    odd = _odd(catalogue, newest, now)
    if odd:
        return judging.finding(_BACKUPS, "warning", f"{when}; {odd[0]}", odd[1], age=age)
    return judging.finding(_BACKUPS, "ok", when, age=age)


def _no_backup(judging: Judging, catalogue: EtcdCatalogue) -> HealthFinding:
    halves = catalogue.halfway(judging.now)
    if judging.is_new and not halves:
        message = "there is no backup yet: etcd-manager takes the first one soon after etcd starts"
        return judging.finding(_BACKUPS, "warning", message, _validating(judging.cluster))
    some = f" ({len(halves)} {'is' if len(halves) == 1 else 'are'} halfway)" if halves else ""
    message = f"there is no complete backup{some}: with its volumes etcd would be lost"
    return judging.finding(_BACKUPS, "failed", message, _looking_after(judging.cluster, catalogue))


def _odd(catalogue: EtcdCatalogue, newest: Backup, now: datetime) -> tuple[str, str] | None:
    """Return what is odd about backups that are young enough, and what to do; None: nothing."""
    ahead = [backup for backup in catalogue.backups if backup.is_ahead(now)]
    if ahead:
        message = (
            f"{ahead[0].name} is named in the future{and_more(len(ahead), 1)}: etcd-manager's"
            f" clock is ahead, or this one is behind by more than {length(AHEAD)}"
        )
        return message, "set the clocks: a restore goes by these names"
    halves = [half for half in catalogue.halfway(now) if _is_later(half, newest)]
    if halves:
        lacks = " and ".join(halves[0].lacks)
        message = f"{halves[0].name} is halfway: it lacks {lacks}{and_more(len(halves), 1)}"
        return message, "it cannot be restored; the next complete one mends it"
    return None


def _is_later(half: Backup, newest: Backup) -> bool:
    return half.taken is None or newest.taken is None or half.taken > newest.taken


def _put_back(cluster: str) -> str:
    return (
        f"{KEEP_STILL}; put it back: kled snapshot restore"
        f" {options(name=cluster, snapshot='latest', with_control=True)} shows what it would write"
    )


def _looking_after(cluster: str, catalogue: EtcdCatalogue) -> str:
    if catalogue.spec.state == "missing":
        return f"etcd-manager takes none without {layout.SPEC_MARKER}"
    return (
        "look at the log of etcd-manager on a control plane's machine, and whether it may write to"
        f" the store; {_validating(cluster)}"
    )


def _validating(cluster: str) -> str:
    return f"kled kops validate-cluster {options(name=cluster)}"
