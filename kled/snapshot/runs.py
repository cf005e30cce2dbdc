"""Run documents: what one run saw of every cluster, so that the next one knows what is new.

`runs/<id>.json` is written last, when all manifests of the run are. It carries on what earlier runs
knew of clusters that this one did not look at, so the newest alone is enough; a manifest that it
names and that is not there was deleted by somebody (docs/snapshot-format.md §6).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

from kled.errors import InvalidInput, ObjectMissing, SnapshotNotTrustworthy
from kled.snapshot import names
from kled.snapshot.manifest import FORMAT, canonical, digest_of
from kled.snapshot.parallel import in_parallel
from kled.snapshot.repository import SnapshotRef, SnapshotStore, read_json

_RECENT: Final = timedelta(days=7)
"""Looking among the newest ones first keeps the search at one request."""


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What a run knew of one cluster when it ended."""

    snapshot: str | None
    """The newest snapshot that holds what was there; None: there is none yet."""
    definition_digest: str | None = None
    etcd_digest: str | None = None
    archive_sha256: str | None = None
    run: str | None = None
    """The run that looked at it last."""
    reused: bool = False
    fuzzy: bool = False
    level: int = 0
    """The highest level proved at birth."""
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run over clusters of one state store."""

    id: str
    state_store: str
    recipients: tuple[str, ...]
    clusters: Mapping[str, RunEntry] = field(default_factory=dict)
    orphans: tuple[str, ...] = ()


def newest(snapshots: SnapshotStore) -> Run | None:
    """Return the newest run; None where there is none. One LIST and one GET, as a rule.

    Raises `SnapshotNotTrustworthy` where its document is damaged.
    """
    recent = names.RUNS + names.new_id(snapshots.now() - _RECENT, b"\0\0")
    for after in (recent, ""):
        ids = [
            run_id
            for entry in snapshots.store.entries(names.RUNS, start_after=after)
            if (run_id := _run_id(entry.key))
        ]
        for run_id in reversed(ids):
            try:
                return read(snapshots, run_id)
            except ObjectMissing:
                continue  # pruned since it was listed
    return None


def recent(snapshots: SnapshotStore) -> list[Run]:
    """Return the readable runs of the last days, and the newest one in any case."""

    def look(run_id: str) -> Run | None:
        try:
            return read(snapshots, run_id)
        except (ObjectMissing, SnapshotNotTrustworthy):
            return None

    after = names.RUNS + names.new_id(snapshots.now() - _RECENT, b"\0\0")
    ids = [_run_id(one.key) for one in snapshots.store.entries(names.RUNS, start_after=after)]
    found = in_parallel((0, partial(look, one)) for one in ids if one)
    kept = [one for one in found if one is not None]
    if not kept and (last := newest(snapshots)) is not None:
        kept.append(last)
    return kept


def pruned(snapshots: SnapshotStore) -> set[SnapshotRef]:
    """Return the snapshots that prunes removed, as far back as their documents go."""
    found: set[SnapshotRef] = set()
    for entry in snapshots.store.entries(names.PRUNES):
        document = read_json(snapshots.store.get(entry.key).body, entry.key)
        found |= {SnapshotRef(*one) for one in document.get("removed", ())}
    return found


def read(snapshots: SnapshotStore, run_id: str) -> Run:
    """Return a run. Raises `ObjectMissing` and `SnapshotNotTrustworthy`."""
    key = names.run_key(run_id)
    return decode(snapshots.store.get(key).body, run_id)


def write(snapshots: SnapshotStore, run: Run) -> None:
    """Write the run's document; never over another one."""
    snapshots.store.put_if_absent(names.run_key(run.id), encode(run))


def encode(run: Run) -> bytes:
    """Return the document with its digest."""
    document = {"format": FORMAT, **asdict(run)}
    return canonical({**document, "digest": digest_of(document)}) + b"\n"


def decode(body: bytes, run_id: str) -> Run:
    """Return the run that `body` holds. Raises `SnapshotNotTrustworthy`."""
    key = names.run_key(run_id)
    document = read_json(body, key)
    claimed = document.pop("digest", None)
    if document.pop("format", None) != FORMAT or document.get("id") != run_id:
        raise SnapshotNotTrustworthy(f"{key} is not the document of that run")
    if claimed != digest_of({"format": FORMAT, **document}):
        raise SnapshotNotTrustworthy(f"{key} was changed after it was written")
    try:
        clusters = {name: RunEntry(**one) for name, one in document.pop("clusters").items()}
        recipients, orphans = (tuple(document.pop(name)) for name in ("recipients", "orphans"))
        return Run(**document, recipients=recipients, orphans=orphans, clusters=clusters)
    except (TypeError, KeyError, AttributeError) as error:
        raise SnapshotNotTrustworthy(f"{key} lacks a field, or has a foreign one") from error


def _run_id(key: str) -> str | None:
    name = key.removeprefix(names.RUNS).removesuffix(".json")
    try:
        names.moment(name)
    except InvalidInput:
        return None
    return name
