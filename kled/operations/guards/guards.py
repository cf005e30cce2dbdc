"""What must hold before, while and after an operation acts: a value that each operation carries."""

from dataclasses import dataclass, replace
from typing import Final, Literal

Snapshot = Literal["none", "before", "final", "after", "keys"]
"""`before` every change; `final`: all of the cluster, read back, before it is deleted; `after`:
also one right after the operation has made the cluster, whose keys exist nowhere else; `keys`: also
one right after it, where it made or changed keys that the one before lacks."""
Epoch = Literal["none", "check", "end", "forget"]
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

    Both runners add the steps that these fields ask for (`guard.steps_of`), and commands offer the
    option that switches one of them off where it is set, and nowhere else.
    """

    lease: bool
    """Whether it writes: it holds the lease of its place (`--no-lease`)."""
    windows: bool
    """Whether maintenance windows bind it (`--no-window`)."""
    epoch: Epoch
    """`--no-epoch`"""
    snapshot: Snapshot
    """`--no-snapshot`"""
    needs_trusted: bool = False
    """Whether it refuses to go on where that snapshot cannot be trusted; else it says so."""
    roles: bool = False
    """Whether it may change IAM roles that other clusters use, too (`--no-role-check`)."""
    identity: bool = False
    """Whether it may make keysets, secrets or etcd volumes that a cluster had already
    (`--new-identity`)."""
    ends_machines: bool = False
    """Whether it may end machines whose pods nobody has moved (`--no-drain`)."""
    needs_kops: bool = True
    """False works on stores alone: no kops is looked for."""
    mends_loss: bool = False
    """Whether it is what brings back a cluster that is gone from the state store."""
    elsewhere: str = ""
    """What to type where the cluster lives in another state store; empty: what any change says."""
    place: LeasePlace | None = None
    """Where it writes; None: its cluster's own place in the configured state store."""

    def place_of(self, cluster: str) -> LeasePlace | None:
        """Return where an operation on `cluster` writes; None where it writes nowhere."""
        if not self.lease:
            return None
        return self.place or LeasePlace(cluster)

    def covers(self, other: "Guards") -> bool:
        """Return whether what this protects from is all that `other` protects from."""
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
"""Which snapshots one is as good as."""
READS: Final = Guards(lease=False, windows=False, epoch="none", snapshot="none")
"""It changes nothing, and drives kops to look."""
STORES: Final = Guards(lease=False, windows=False, epoch="none", snapshot="none", needs_kops=False)
"""It works on snapshot stores: no cluster changes."""
EDITS: Final = Guards(lease=True, windows=True, epoch="check", snapshot="before")
"""It changes what is stored of a cluster, or its machines."""
MOVES: Final = replace(EDITS, identity=True)
"""It edits what etcd lives by, too: names and zones of its members."""
ROLLS: Final = replace(EDITS, needs_trusted=True)
"""It replaces machines, versions or keys: nothing but a snapshot takes that back."""
ROTATES: Final = replace(ROLLS, snapshot="keys")
"""It changes keysets itself."""
APPLIES: Final = replace(ROTATES, roles=True, identity=True, ends_machines=True)
"""It lets kops make what the definition asks for: cloud resources, roles, keysets, secrets."""
SCALES: Final = replace(APPLIES, ends_machines=False)
"""It applies bounds below which it has drained machines itself."""
ENDS: Final = replace(EDITS, ends_machines=True)
"""It takes a group away, machines and all."""
CREATES: Final = replace(APPLIES, snapshot="after")
"""It may also make the cluster itself."""
DELETES: Final = Guards(lease=True, windows=True, epoch="end", snapshot="final", roles=True)
"""Afterwards nothing of the cluster is left."""
FORGETS: Final = replace(DELETES, epoch="forget")
"""Afterwards nobody knows how to change it, and its machines run on."""
