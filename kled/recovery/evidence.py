"""What looks found of a cluster: typed values, each of which may be `Unknown`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar

from kled.kops.state_store.layout import ObjectKind
from kled.recovery.facts import Api, Cloud, End, Facts, Home, State
from kled.recovery.known import Unknown, known
from kled.snapshot.etcd.inside import EtcdInside
from kled.store_urls import is_same

T = TypeVar("T")
Look: TypeAlias = T | Unknown
_NOT_ASKED: Final = Unknown("nobody asked")


@dataclass(frozen=True, slots=True)
class BackupLeft:
    """A complete backup of one etcd cluster."""

    etcd: str
    """`main`, `events`, `cilium`."""
    name: str
    """As etcd-manager calls it; names sort by age."""
    at: datetime | None
    """When it was begun, by its name."""
    source: str
    """Where it is: `the state store`, or `snapshot ID`."""
    trouble: str = ""
    """Why it cannot be restored; empty: its gzip and SHA-256 hold, or nobody read it."""
    proved: bool = False
    """Whether its bytes were read and hold."""
    etcd_version: str | None = None
    """The etcd that wrote it, by its description."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class EtcdLeft:
    """What the newest backup of etcd main that opens holds."""

    tried: tuple[BackupLeft, ...] = ()
    """The backups that were read, newest first; each but the last has its trouble."""
    inside: EtcdInside | None = None
    """None where none of them opens."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class StateLeft:
    """What a state store has of the cluster."""

    url: str
    fact: State
    counts: Mapping[ObjectKind, int] = field(default_factory=dict)
    """Objects by what they are."""
    groups: tuple[str, ...] = ()
    """Instance groups with a definition, sorted."""
    findings: tuple[str, ...] = ()
    """What is wrong with what is there, in words."""
    damaged: tuple[ObjectKind, ...] = ()
    """Of what there is, the kinds that something is wrong with; sorted."""
    markers: tuple[str, ...] = ()
    """etcd-manager's control markers that are there, by key."""
    backups: tuple[BackupLeft, ...] = ()
    """The newest complete backups of each etcd cluster, a few, newest first."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class VersionsLeft:
    """What a bucket keeps of objects that were deleted."""

    keeps: bool
    """Whether the store is one that can keep earlier versions; a directory is not."""
    deleted: Mapping[ObjectKind, int] = field(default_factory=dict)
    """Objects of the cluster that are deleted and have an earlier version, by what they are."""
    whole: bool = False
    """Whether the definition, a keyset and an instance group are among them or there still."""
    last: datetime | None = None
    """When the last of those was deleted; None: nothing, or the store does not tell."""
    untold: str = ""
    """What was not asked, in words: objects that are kept by soft delete alone."""

    @property
    def count(self) -> int:
        """How many objects are deleted and have an earlier version."""
        return sum(self.deleted.values())

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class SnapshotsLeft:
    """What the snapshot store has of the cluster."""

    url: str
    count: int
    newest: str | None = None
    """The id of the newest one, trusted or not."""
    trusted: str | None = None
    """The id that `latest` means: the newest one that can be trusted."""
    why_none: str = ""
    """Why `latest` means none, in words."""
    passed_over: tuple[str, ...] = ()
    """Newer ones that cannot be trusted, each with the reason."""
    level: int | None = None
    """Of the trusted one."""
    created: datetime | None = None
    """When the trusted one was taken."""
    state_store: str = ""
    """The state store that the trusted one was taken from."""
    encrypted: bool = False
    readable: bool | None = None
    """Whether the trusted one can be opened here; None: nobody tried."""
    why_sealed: str = ""
    """Why it cannot be opened, in words."""
    backups: tuple[BackupLeft, ...] = ()
    """The newest etcd backup of each etcd cluster in the trusted one."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class CloudLeft:
    """What `kops delete cluster` lists, without `--yes`."""

    fact: Cloud
    counts: Mapping[str, int] = field(default_factory=dict)
    """Resources by kind."""
    groups: tuple[str, ...] = ()
    """Instance groups that have machines there, or what launches them, sorted."""
    asked_with: str = "the state store"
    """Whose definition kops was asked with: the state store's, or a snapshot's."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class ApiLeft:
    """Who answers at the addresses of the cluster's API."""

    fact: Api
    servers: tuple[str, ...] = ()
    """The addresses that were tried."""
    compared_with: str = ""
    """Whose authority the served certificate was held against."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class DnsLeft:
    """What the name of the API resolves to here."""

    name: str
    addresses: tuple[str, ...] = ()
    """Empty: the name is not known."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class HomeLeft:
    """Where the cluster lives, as its epoch says; without an epoch nothing is recorded."""

    number: int | None = None
    state_store: str = ""
    ends: End = "none"
    final: str | None = None
    """The final snapshot of a deletion that was proved."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class LeaseLeft:
    """Who holds the lease of the cluster."""

    holder: str = ""
    """In words; empty: nobody."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that looks found of one cluster, at one moment."""

    cluster: str
    at: datetime
    state_store: str = ""
    """The URL of the state store that was looked at; empty: nothing tells where it was."""
    state: Look[StateLeft] = _NOT_ASKED
    versions: Look[VersionsLeft] = _NOT_ASKED
    snapshots: Look[SnapshotsLeft] = _NOT_ASKED
    cloud: Look[CloudLeft] = _NOT_ASKED
    api: Look[ApiLeft] = _NOT_ASKED
    dns: Look[DnsLeft] = _NOT_ASKED
    home: Look[HomeLeft] = _NOT_ASKED
    lease: Look[LeaseLeft] = _NOT_ASKED
    etcd: Look[EtcdLeft] | None = None
    """None: the case needs no backup of etcd, and none was read."""
    deletion_on_record: Look[bool] = _NOT_ASKED
    """Whether the state store has the record of a deletion that has begun."""

    @property
    def facts(self) -> Facts:
        """What of it decides the case."""
        state, cloud, api = known(self.state), known(self.cloud), known(self.api)
        fact: State | None = state.fact if state else None
        if fact == "whole" and self.lost_groups:
            fact = "damaged"
        return Facts(
            state=fact,
            cloud=cloud.fact if cloud else None,
            api=api.fact if api else None,
            end=self._end,
            home=self._home,
        )

    @property
    def lost_groups(self) -> tuple[str, ...]:
        """Return the instance groups that run in the cloud and have no definition, sorted.

        kops forgets their machines, and calls the cluster healthy without them. Of a state that is
        not there at all none is told: all are.
        """
        state, cloud = known(self.state), known(self.cloud)
        if state is None or cloud is None or state.fact not in {"whole", "damaged"}:
            return ()
        return tuple(sorted(set(cloud.groups) - set(state.groups)))

    @property
    def unknown(self) -> dict[str, Unknown]:
        """Return the looks that could not tell, by name."""
        looks = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: seen for name, seen in looks.items() if isinstance(seen, Unknown)}

    @property
    def _end(self) -> End | None:
        """Return what was recorded of a deletion.

        A deletion writes the epoch before its record, and the next change of a cluster that stays
        takes only the epoch back: so the record counts where there is no epoch.
        """
        home = known(self.home)
        if home is None or home.number is not None:
            return home.ends if home is not None else None
        if isinstance(self.deletion_on_record, Unknown):
            return None
        return "begun" if self.deletion_on_record else home.ends

    @property
    def _home(self) -> Home | None:
        home = known(self.home)
        if home is None:
            return None
        if not (home.state_store and self.state_store):
            return "here"
        return "here" if is_same(home.state_store, self.state_store) else "elsewhere"

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return _plain(self)


def _plain(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the values above
    return {each.name: _plainly(getattr(value, each.name)) for each in fields(value)}


def _plainly(value: Any) -> Any:  # noqa: ANN401 - a field of a value above
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return round(value.total_seconds(), 3)
    if isinstance(value, tuple):
        return [_plainly(each) for each in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value.as_json() if hasattr(value, "as_json") else value
