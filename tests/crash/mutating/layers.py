"""How far a mutated document gets: which check refuses it, or none."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Literal

from kled.errors import KledError
from kled.kops.state_store import contents
from kled.lease.document import decode as decode_lease
from kled.operations.records.all_records import ALL
from kled.snapshot.documents import last_seen, names, prunes, runs
from kled.snapshot.documents.proofs import read_later
from kled.snapshot.epoch import epoch
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.retention import claims
from kled.snapshot.trust.ledger import read_ledger
from kled.snapshot.verify.contents import (
    archived_objects,
    blob_file,
    packed_archive,
    require_stored,
)
from tests.crash.mutating.mutations import Mutation
from tests.crash.mutating.world import Scene, World

Layer = Literal["size", "parse", "digest", "signature", "model", "meaning", "accepted"]
FORMS: Final[Mapping[Layer, tuple[str, ...]]] = {
    "size": (r"is larger than \d+ bytes", r"claims \d+ bytes", "larger than its manifest"),
    "parse": (
        *("not the JSON", "not UTF-8", "nests deeper", "JSON object", "(has|another) format"),
        *("is no YAML", "nested more", "stands twice", "holds more than", "is longer than"),
        *("unpacked", "decrypted", "inside its gzip", "is no (Keyset|Cluster|InstanceGroup)"),
        *("is no (keyset|secret|bool)", "not an object", "anchor", "<<", "cannot be a key"),
    ),
    "digest": (
        *("was changed after", "manifest's digest", "does not hold what", "another content"),
        *("bytes do not have", "the SHA-256", "digest of its plan"),
    ),
    "signature": ("is not signed", "damaged signature"),
    "model": (
        *("cannot be read", "is damaged", "its field", "is impossible", "not a snapshot id"),
        *(
            "no(t a)? cluster name",
            "an action of",
            "has no role",
            "no state that",
            "by what is not an id",
        ),
        "no name that a cluster",
    ),
}
"""What the words of a refusal say of the check that it comes from; else it is of the meaning."""
LAYERS: Final[tuple[Layer, ...]] = (*FORMS, "meaning", "accepted")
FIRST: Final = frozenset({"size", "parse", "digest"})
"""What the first check refuses: no document of kled's, or not the one that was written."""
OPAQUE: Final = frozenset(
    {"mark", "odd key", "add-on", "backup", "control", "meta", "ssh key", "kops-version.txt"}
    | {"completed spec", "node config"}
)
"""Kinds that no reader refuses for what they hold."""


def layer_of(world: World, mutation: Mutation) -> Layer:
    """Read the document as its own reader does, and say by its words what refuses it."""
    if mutation.writes and set(mutation.writes.values()) == {None}:
        return "meaning"
    if mutation.kind in OPAQUE:
        return "accepted"
    scene = mutation.apply(world)
    try:
        words = _READERS.get(mutation.kind, _of_cluster)(scene, mutation)
    except KledError as error:
        words = f"{error.message} {error.hint or ''}"
    if not words:
        return "accepted"
    forms = ((one, "|".join(found)) for one, found in FORMS.items())
    return next((one for one, form in forms if re.search(form, words)), "meaning")


def _payloads(scene: Scene, mutation: Mutation) -> str:
    kept = scene.snapshots
    for ref in kept.list():
        key = names.manifest_key(ref.cluster, ref.id)
        if mutation.kind == "manifest" and key != mutation.key:
            continue
        manifest = kept.manifest(ref)
        if mutation.keys & {key, manifest.archive.key}:
            for _ in archived_objects(manifest, packed_archive(kept, manifest)):
                pass
        for blob in manifest.blobs:
            if mutation.keys & {key, blob.key}:
                require_stored(kept, blob, "a blob")
                blob_file(kept, blob).close()
    return ""


def _root(scene: Scene, _mutation: Mutation) -> str:
    return scene.snapshots.root.finding or ""


def _run(scene: Scene, mutation: Mutation) -> str:
    runs.read(scene.snapshots, mutation.key.removeprefix(names.RUNS).removesuffix(".json"))
    return " ".join(read_ledger(scene.snapshots, scene.state).doubts)


def _prune(scene: Scene, _mutation: Mutation) -> str:
    kept = scene.snapshots
    found = prunes.read(kept, "", kept.root, read_ledger(kept).signed_since)
    return " ".join(found.findings)


def _proof(scene: Scene, mutation: Mutation) -> str:
    _, cluster, snapshot, *_ = mutation.key.split("/")
    kept = scene.snapshots
    found = read_later(kept, kept.manifest(SnapshotRef(cluster, snapshot)))
    return " ".join(found.findings) or ("is not signed" if found.claimed else "")


def _epoch(scene: Scene, mutation: Mutation) -> str:
    epoch.read(scene.snapshots, mutation.key.split("/")[1])
    return ""


def _keys(scene: Scene, mutation: Mutation) -> str:
    vast = mutation.key in scene.kept.vast
    claims._decode(mutation.key, b"x" * (17 << 20) if vast else scene.kept.get(mutation.key).body)
    return ""


def _last_seen(scene: Scene, _mutation: Mutation) -> str:
    last_seen.read(scene.state, scene.snapshots)
    return ""


def _lease(scene: Scene, mutation: Mutation) -> str:
    if mutation.key not in scene.state.vast:
        decode_lease(scene.state.get(mutation.key).body)
    return "is larger than 1 bytes" if mutation.vast else ""


def _record(scene: Scene, mutation: Mutation) -> str:
    _, folder, name = mutation.key.split("/")
    if mutation.vast:
        return "is larger than 1 bytes"
    record = next(one for one in ALL if one.name == folder)
    record.decode(scene.state.get(mutation.key).body, name.removesuffix(".json"), mutation.key)
    return ""


def _of_cluster(scene: Scene, mutation: Mutation) -> str:
    if mutation.vast:
        return "is larger than 1 bytes"
    cluster, _, key = mutation.key.partition("/")
    bodies = {
        one.removeprefix(f"{cluster}/"): body
        for one, body in scene.state.bodies().items()
        if one.startswith(f"{cluster}/") and "/backups/" not in one
    }
    with suppress(KledError):
        return " ".join(one for one in contents.findings(bodies, cluster=cluster) if key in one)
    return ""


_READERS: Final[Mapping[str, Callable[[Scene, Mutation], str]]] = {
    **dict.fromkeys(("manifest", "archive", "blob"), _payloads),
    "kled.json": _root,
    "run": _run,
    "prune": _prune,
    "proof": _proof,
    "epoch": _epoch,
    "claim": _keys,
    "sweep": _keys,
    "last-seen": _last_seen,
    "lease": _lease,
    "record": _record,
}
