"""The lease as it stands in the store: a small JSON object, one per cluster.

Kept outside every cluster's prefix, because kops refuses to delete a cluster whose prefix holds
keys that it does not know ("refusing to delete: unknown file found").
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal, Self

from kled.documents import Fields, parse_json
from kled.errors import DocumentDamaged, StoreError
from kled.storage.base import checked

FORMAT: Final = "kled.io/lease/v1"
LeaseState = Literal["held", "released"]
_STATES: Final[dict[str, LeaseState]] = {"held": "held", "released": "released"}
_LONGEST: Final = timedelta(days=1)
LARGEST: Final = 64 * 1024
"""Bytes of a lease; no more than that is read of what stands in its place."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wants to change a cluster; all of it is shown to whoever has to wait."""

    owner: str
    """What runs, for people: the command or flow and who started it."""
    run_id: str
    """Unique per run. Nested operations of one run in one process share its lease."""
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things last."""

    ttl: timedelta = timedelta(seconds=60)
    """A lease that nobody renewed for this long may be taken over."""
    wait: timedelta = timedelta(seconds=65)
    """How long to wait for another writer; zero looks once."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One acquisition of a cluster and how often it was renewed.

    No two writes of a lease have the same body: the token rises with every acquisition, the
    renewals count within one, and the writer differs between two who try at once. That is what
    lets a tag stand for a write, and a retried write be recognised as one's own.
    """

    cluster: str
    writer: Writer
    ttl: timedelta
    token: int
    renewals: int = 0
    state: LeaseState = "held"

    def renewed(self) -> Self:
        """Return the lease's next beat."""
        return replace(self, renewals=self.renewals + 1)

    def released(self) -> Self:
        """Return the lease given back; the token stays, so that the next one is higher."""
        return replace(self, renewals=self.renewals + 1, state="released")

    def describe(self) -> str:
        """Name the holder for people."""
        who = self.writer
        return f"{who.owner} on {who.host} (pid {who.pid}, run {who.run_id})"


def key(cluster: str) -> str:
    """Return where the lease of `cluster` is; raise `InvalidInput` for an impossible name."""
    return checked(f".kled/leases/{checked(cluster)}.json")


def encode(lease: Lease) -> bytes:
    """Return the lease as JSON."""
    fields: dict[str, Any] = {
        "format": FORMAT,
        "cluster": lease.cluster,
        **asdict(lease.writer),
        "ttl_seconds": lease.ttl.total_seconds(),
        "token": lease.token,
        "state": lease.state,
        "renewals": lease.renewals,
    }
    return json.dumps(fields, indent=1).encode()


def decode(body: bytes, what: str = "the lease") -> Lease:
    """Read a lease; raise `StoreError` for one that this version of kled cannot understand.

    A lease that cannot be read is neither held nor free: guessing could let two writers in.
    `what` names it in the error, best by its URL.
    """
    try:
        return _lease(Fields(parse_json(body, what=what, limit=LARGEST), what))
    except DocumentDamaged as error:
        raise unreadable(what, error.reason) from error


def unreadable(what: str, reason: str) -> StoreError:
    """Return the error of a lease, named by `what`, that says neither held nor free."""
    return StoreError(
        f"{what} cannot be read: {reason}",
        hint="it was damaged or written by a newer kled; when nothing changes the cluster, "
        f"delete {what} and run again",
    )


def _lease(fields: Fields) -> Lease:
    if fields.text("format") != FORMAT:
        raise DocumentDamaged("the lease", f"its format is not {FORMAT}")
    state = _STATES.get(fields.text("state"))
    seconds = fields.number("ttl_seconds")
    ttl = timedelta(seconds=min(seconds, 2 * _LONGEST.total_seconds()))
    if state is None or not timedelta(0) < ttl <= _LONGEST:
        raise DocumentDamaged("the lease", "its state or its ttl_seconds is impossible")
    return Lease(
        fields.text("cluster"),
        Writer(
            fields.text("owner"), fields.text("run_id"), fields.text("host"), fields.whole("pid")
        ),
        ttl,
        fields.whole("token", least=1),
        fields.whole("renewals"),
        state,
    )
