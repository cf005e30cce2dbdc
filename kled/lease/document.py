"""The lease as it stands in the store: a small JSON object, one per cluster.

Kept outside every cluster's prefix, because kops refuses to delete a cluster whose prefix holds
keys that it does not know ("refusing to delete: unknown file found").
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal, Self, get_args

from kled.errors import StoreError
from kled.storage.base import checked

FORMAT: Final = "kled.io/lease/v1"
State = Literal["held", "released"]
_LONGEST: Final = timedelta(days=1)


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
    state: State = "held"

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


def decode(body: bytes) -> Lease:
    """Read a lease; raise `StoreError` for one that this version of kled cannot understand.

    A lease that cannot be read is neither held nor free: guessing could let two writers in.
    """
    try:
        return _lease(json.loads(body))
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"the lease cannot be read: {error!r}",
            hint="it was damaged or written by a newer kled; when nothing changes the cluster, "
            "delete the object and run again",
        ) from error


def _lease(fields: Any) -> Lease:  # noqa: ANN401 - whatever the JSON held
    if fields["format"] != FORMAT:
        raise ValueError(fields["format"])
    writer = Writer(
        _text(fields["owner"]), _text(fields["run_id"]), _text(fields["host"]), int(fields["pid"])
    )
    ttl = timedelta(seconds=float(fields["ttl_seconds"]))
    token, renewals, state = int(fields["token"]), int(fields["renewals"]), fields["state"]
    if not timedelta(0) < ttl <= _LONGEST or token < 1 or renewals < 0:
        raise ValueError([fields["ttl_seconds"], token, renewals])
    if state not in get_args(State):
        raise ValueError(state)
    return Lease(_text(fields["cluster"]), writer, ttl, token, renewals, state)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
