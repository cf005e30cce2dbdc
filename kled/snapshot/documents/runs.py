"""Run documents: what one run saw of every cluster, so that the next one knows what is new.

`runs/<id>.json` is written last, after all manifests of the run. It carries on what earlier runs
knew of clusters that this run did not look at, so the newest run of a state store is enough. Each
run names its predecessor and counts one more: the order of runs is that of their numbers, whatever
the clocks of the machines said (docs/snapshot-format.md §6).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Final

from pydantic import AfterValidator, Field, TypeAdapter

from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.documents import manifest, names, signed
from kled.snapshot.repository import SnapshotStore

GONE: Final = "gone from the state store"
"""The error of a cluster that an earlier run saw."""
ENDED: Final = "deleted, and its epoch has ended"
"""The error of a cluster that kled deleted."""
MOST: Final = (1 << 53) - 1
"""The largest number that canonical JSON has: counting ends there."""

Id = Annotated[str, AfterValidator(names.check_id)]
ClusterName = Annotated[str, AfterValidator(names.check_cluster)]
Number = Annotated[int, Field(ge=0, le=MOST)]


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What a run knew of one cluster when it ended."""

    snapshot: Id | None
    """The newest snapshot that holds the cluster's state; None where there is none yet."""
    definition_digest: manifest.Digest | None = None
    etcd_digest: manifest.Digest | None = None
    archive_sha256: manifest.Digest | None = None
    run: Id | None = None
    """The run that looked at it last."""
    reused: bool = False
    fuzzy: bool = False
    level: Annotated[int, Field(ge=0, le=5)] = 0
    """The highest level proved at birth."""
    seconds: Annotated[float, Field(ge=0, le=MOST)] = 0.0
    error: str | None = None
    overtakes: tuple[Id, ...] = ()
    """Snapshots whose ids sort after `snapshot`'s, though they are older: a clock was ahead."""
    held: Number = 0
    """How many snapshots there were when the run ended (`history`); 0 where nobody counted them."""

    @property
    def is_alive(self) -> bool:
        """Whether the cluster existed, even where something went wrong with it."""
        return self.error not in {GONE, ENDED}


@dataclass(frozen=True, slots=True)
class Run:
    """One run over clusters of one state store."""

    id: Id
    state_store: str
    recipients: tuple[str, ...]
    clusters: Mapping[ClusterName, RunEntry] = field(default_factory=dict)
    orphans: tuple[str, ...] = ()
    number: Number = 0
    """One more than the number of its predecessor; 0 in format 1."""
    previous: Id | None = None
    """The newest run of any state store when this one began."""
    others: Mapping[str, Id] = field(default_factory=dict)
    """The newest run of each other state store that has its snapshots here."""
    overtakes: tuple[Id, ...] = ()
    """Runs whose ids sort after this one's, though they are older."""
    signed_since: Id | None = None
    """The first signed run of this snapshot store; None where runs are unsigned."""
    begins: Id | None = None
    """The run from which on every run must be there: the first one, or the last one by which a
    person settled a loss. None where that is unknown."""
    store: str | None = field(default=None, compare=False)
    """The identity of the snapshot store that it was written for."""
    signed: bool = field(default=False, compare=False)
    """Whether its signature was verified with a configured key."""


_model: Final = TypeAdapter(Run)


def read(snapshots: SnapshotStore, run_id: str) -> Run:
    """Return a run; unsigned ones say so. Raises `ObjectMissing` and `SnapshotNotTrustworthy`."""
    key = names.run_key(run_id)
    document = signed.read(snapshots.store, "run", key, snapshots.verification_keys)
    if document.format == manifest.FORMAT:
        _require_digest(document)
    run = document.require(_model)
    if run.id != run_id:
        raise SnapshotNotTrustworthy(f"{key} is the document of run {run.id}")
    return _bind_to_document(run, document)


def write(snapshots: SnapshotStore, run: Run) -> None:
    """Write the run's document, signed where there is a key; never over another one."""
    snapshots.store.put_if_absent(names.run_key(run.id), encode(snapshots, run))


def encode(snapshots: SnapshotStore, run: Run) -> bytes:
    """Return the document with its digest and, where there is a key, its signature."""
    fields = {name: value for name, value in asdict(run).items() if name not in _NOT_STORED}
    return signed.encode(
        "run",
        names.run_key(run.id),
        fields,
        store=run.store,
        signing_key=snapshots.keys.signing_key,
    )


_NOT_STORED: Final = frozenset({"store", "signed"})


def _bind_to_document(run: Run, document: signed.Document) -> Run:
    """Return the run with the store and the signature of the document that it was read from."""
    return Run(
        **{name: getattr(run, name) for name in Run.__slots__ if name not in _NOT_STORED},
        store=document.store,
        signed=document.signed,
    )


def _require_digest(document: signed.Document) -> None:
    """Prove a document of format 1 by the digest in it."""
    fields = signed.parse_object(document.body, document.key, signed.LIMITS["run"])
    if fields.get("digest") != manifest.digest_of(fields):
        raise SnapshotNotTrustworthy(f"{document.key} was changed after it was written")
