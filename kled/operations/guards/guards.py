"""The guards of an operation: what must hold before, while and after it acts, as one value."""

from dataclasses import dataclass, replace
from typing import Final, Literal

Snapshot = Literal["none", "before", "final", "after", "keys"]
"""`before` every change; `final`: all of the cluster, read back, before it is deleted; `after`:
also one right after the operation has made the cluster, whose keys exist nowhere else; `keys`: also
one right after it, where it made or changed keys that the one before lacks."""
EpochGuard = Literal["none", "check", "end", "forget"]
"""`check` that the cluster lives in this state store; `end`: its deletion ends its epoch, too;
`forget`: its definition goes, and a cluster that was applied lives on."""


@dataclass(frozen=True, slots=True)
class LeasePlace:
    """The prefix of a state store that an operation writes to; its lease is kept in that store."""

    cluster: str
    """The prefix without its last slash: a cluster's name, or where a copy of it goes."""
    state_store: str | None = None
    """URL of the state store; None: the one that the settings name."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What protects a cluster from an operation; a required member of every `Operation`.

    Both runners add the steps that these fields ask for (`before_change.steps_of`), and a command
    offers the option that switches a guard off exactly where the guard is set.
    """

    lease: bool
    """Whether the operation writes, and so holds the lease of its place (`--no-lease`)."""
    windows: bool
    """Whether maintenance windows bind it (`--no-window`)."""
    epoch: EpochGuard
    """`--no-epoch`"""
    snapshot: Snapshot
    """`--no-snapshot`"""
    needs_trusted: bool = False
    """Whether an untrustworthy snapshot stops it; otherwise the run says so and goes on."""
    roles: bool = False
    """Whether it may change IAM roles that other clusters use, too (`--no-role-check`)."""
    identity: bool = False
    """Whether it may make keysets, secrets or etcd volumes that a cluster had already
    (`--new-identity`)."""
    ends_machines: bool = False
    """Whether it may end machines whose pods nobody has moved (`--no-drain`)."""
    needs_kops: bool = True
    """False for operations on stores alone, which look for no kops."""
    mends_loss: bool = False
    """Whether it brings back a cluster that is gone from the state store."""
    elsewhere: str = ""
    """The hint for a cluster that lives in another state store; empty: the usual one."""
    place: LeasePlace | None = None
    """Where it writes; None: the cluster's own place in the configured state store."""

    def place_of(self, cluster: str) -> LeasePlace | None:
        """Return where an operation on `cluster` writes; None where it only reads."""
        if not self.lease:
            return None
        return self.place or LeasePlace(cluster)

    def covers(self, other: "Guards") -> bool:
        """Say whether these guards protect from everything that `other` protects from."""
        switches = ("lease", "windows", "needs_trusted", "needs_kops", "mends_loss")
        return (
            all(getattr(self, name) or not getattr(other, name) for name in switches)
            and other.epoch in {"none", self.epoch}
            and other.snapshot in _COVERED[self.snapshot]
            and other.place in {None, self.place}
        )


_COVERED: Final[dict[Snapshot, frozenset[Snapshot]]] = {
    "none": frozenset({"none"}),
    "before": frozenset({"none", "before"}),
    "keys": frozenset({"none", "before", "keys"}),
    "after": frozenset({"none", "before", "keys", "after"}),
    "final": frozenset({"none", "before", "final"}),
}
"""For each kind of snapshot, the kinds that it can stand in for."""
READS: Final = Guards(lease=False, windows=False, epoch="none", snapshot="none")
"""Changes nothing, and drives kops to look."""
STORES: Final = Guards(lease=False, windows=False, epoch="none", snapshot="none", needs_kops=False)
"""Works on snapshot stores: no cluster changes."""
EDITS: Final = Guards(lease=True, windows=True, epoch="check", snapshot="before")
"""Changes what is stored of a cluster, or its machines."""
MOVES: Final = replace(EDITS, identity=True)
"""Also edits what etcd lives by: names and zones of its members."""
ROLLS: Final = replace(EDITS, needs_trusted=True)
"""Replaces machines, versions or keys, which only a snapshot can take back."""
ROTATES: Final = replace(ROLLS, snapshot="keys")
"""Changes keysets itself."""
APPLIES: Final = replace(ROTATES, roles=True, identity=True, ends_machines=True)
"""Lets kops make what the definition asks for: cloud resources, roles, keysets, secrets."""
SCALES: Final = replace(APPLIES, ends_machines=False)
"""Applies bounds that end only machines which it has drained itself."""
ENDS: Final = replace(EDITS, ends_machines=True)
"""Deletes an instance group with its machines."""
CREATES: Final = replace(APPLIES, snapshot="after")
"""May also make the cluster itself."""
DELETES: Final = Guards(lease=True, windows=True, epoch="end", snapshot="final", roles=True)
"""Leaves nothing of the cluster."""
FORGETS: Final = replace(DELETES, epoch="forget")
"""Leaves the machines running, with no stored definition to change them by."""
