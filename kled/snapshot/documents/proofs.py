"""Later proofs: the results of checks that were made after the snapshot, kept beside its manifest.

`verified/<level>.json` holds the newest result of a level, whether the check passed or failed.
Where a verification key is configured, only a signed result is a proof; an unsigned one is a claim.
Each is bound to the digest of its manifest, so that it proves that snapshot only.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, TypeAdapter

from kled.errors import InvalidInput, ObjectMissing, SnapshotNotTrustworthy, StoreDenied
from kled.snapshot.documents import names, signed
from kled.snapshot.documents.manifest import Digest, Manifest, Proof
from kled.snapshot.documents.root import require_known, require_signing_key
from kled.snapshot.repository import SnapshotStore

LEVELS: Final = (0, 1, 2, 3, 4, 5)
_MOST, _LONGEST = 100, 500
"""How many findings are kept, and how many characters of each: a proof has at most 256 KiB."""
_MARK: Final = b"see verified/ of this snapshot\n"


@dataclass(frozen=True, slots=True)
class _Stored:
    """The fields of a proof's document, in either format."""

    level: Annotated[int, Field(ge=0, le=5)]
    at: AwareDatetime
    seconds: Annotated[float, Field(ge=0)]
    by: str
    kops: str | None = None
    manifest: Digest | None = None
    findings: tuple[str, ...] = ()


_model: Final = TypeAdapter(_Stored)


@dataclass(frozen=True, slots=True)
class FailedProof:
    """A check that failed, and what it found."""

    proof: Proof
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """The later results that are kept beside one manifest."""

    proved: tuple[Proof, ...] = ()
    claimed: tuple[Proof, ...] = ()
    """Results without a signature where a verification key is configured. They count neither as a
    proof nor as a failure."""
    failed: tuple[FailedProof, ...] = ()
    findings: tuple[str, ...] = ()
    """What is wrong with documents that could not be used."""


def record(
    snapshots: SnapshotStore, manifest: Manifest, proof: Proof, findings: Sequence[str] = ()
) -> str | None:
    """Keep the newest result of its level; return the reason where it is not kept, otherwise None.

    Where two are written at once, both are right, and one of them stays. In a store that may only
    be read the result is in the report alone.
    """
    key = names.proof_key(manifest.cluster, manifest.id, proof.level)
    fields = {
        **proof.model_dump(mode="json"),
        "manifest": manifest.digest,
        "findings": [finding[:_LONGEST] for finding in findings[:_MOST]],
    }
    try:
        require_known(snapshots.root)
        require_signing_key(snapshots, snapshots.root.root)
        store = snapshots.root.store  # who only reads brings no store to a newer form
    except (InvalidInput, SnapshotNotTrustworthy) as error:
        return f"level {proof.level} is not recorded: {error.message}"
    body = signed.encode("proof", key, fields, store=store, signing_key=snapshots.keys.signing_key)
    with suppress(StoreDenied):
        snapshots.store.put(key, body)
        if findings:
            snapshots.store.put(names.failed_key(manifest.cluster, manifest.id), _MARK)
    return None


def shorten_findings(findings: Iterable[str]) -> list[str]:
    """Return findings as a proof keeps them: limited in number and length."""
    return [finding[:_LONGEST] for finding in islice(findings, _MOST)]


def find_marked(snapshots: SnapshotStore) -> frozenset[tuple[str, str]]:
    """Return the clusters and ids of snapshots that once failed a check; one LIST.

    A mark proves nothing: it says which snapshots to look at with `read_later`.
    """
    entries = snapshots.store.entries(names.FAILED)
    return frozenset(filter(None, (names.failed_of(entry.key) for entry in entries)))


def read_later(
    snapshots: SnapshotStore,
    manifest: Manifest,
    levels: Collection[int] | None = None,
    *,
    but: Collection[int] = (),
) -> Later:
    """Return the later results of a snapshot; one LIST, and a GET for each document.

    `levels` are those that have a document, where a listing has told already; the documents of the
    levels `but` are left out. Raises what the store raises.
    """
    proved: list[Proof] = []
    claimed: list[Proof] = []
    failed: list[FailedProof] = []
    findings: list[str] = []
    present = _list_levels(snapshots, manifest) if levels is None else sorted(levels)
    for level in (level for level in present if level not in but):
        key = names.proof_key(manifest.cluster, manifest.id, level)
        try:
            document = signed.read(snapshots.store, "proof", key, snapshots.verification_keys)
            stored = _check(snapshots, document, manifest, level)
        except ObjectMissing:
            continue
        except SnapshotNotTrustworthy as error:
            findings.append(error.message)
            continue
        proof = Proof(
            level=level, at=stored.at, seconds=stored.seconds, by=stored.by, kops=stored.kops
        )
        if not document.signed and snapshots.verification_keys:
            claimed.append(proof)
        elif stored.findings:
            failed.append(FailedProof(proof, stored.findings))
        else:
            proved.append(proof)
    return Later(tuple(proved), tuple(claimed), tuple(failed), tuple(findings))


def proofs(snapshots: SnapshotStore, manifest: Manifest) -> tuple[Proof, ...]:
    """Return the proofs of a snapshot that stand, by level: those of its making and later ones.

    A later failure ends the proofs of its level and of the levels above it.
    """
    return find_standing(manifest.proofs, read_later(snapshots, manifest))


def find_standing(at_birth: Sequence[Proof], beside: Later) -> tuple[Proof, ...]:
    """Return the proofs that stand, by level; a failure ends older ones from its level up."""
    by_level = {proof.level: proof for proof in at_birth}
    for proof in beside.proved:
        by_level[proof.level] = proof
    for wrong in beside.failed:
        by_level = {
            level: proof
            for level, proof in by_level.items()
            if level < wrong.proof.level or proof.at > wrong.proof.at
        }
    return tuple(by_level[level] for level in sorted(by_level))


def _list_levels(snapshots: SnapshotStore, manifest: Manifest) -> tuple[int, ...]:
    prefix = names.snapshot_prefix(manifest.cluster, manifest.id) + names.VERIFIED
    keys = {entry.key for entry in snapshots.store.entries(prefix)}
    return tuple(
        level for level in LEVELS if names.proof_key(manifest.cluster, manifest.id, level) in keys
    )


def _check(
    snapshots: SnapshotStore, document: signed.Document, manifest: Manifest, level: int
) -> _Stored:
    stored = document.require(_model)
    identity = snapshots.root.store
    if identity and document.store and document.store != identity:
        raise SnapshotNotTrustworthy(f"{document.key} was written for another snapshot store")
    if stored.level != level or stored.manifest not in {None, manifest.digest}:
        raise SnapshotNotTrustworthy(f"{document.key} is the proof of something else")
    if document.signed and stored.manifest is None:
        raise SnapshotNotTrustworthy(f"{document.key} names no manifest")
    return stored
