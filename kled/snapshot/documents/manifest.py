"""The manifest of a snapshot: what the snapshot holds, and the digests that prove it.

The format is that of docs/snapshot-format.md §4. A manifest is JSON; its `digest` is the SHA-256 of
the same JSON in canonical form (sorted keys, no spaces, UTF-8) without `digest` and `signature`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from kled.documents import parse_json
from kled.errors import DocumentDamaged, FormatUnknown, InvalidInput, SnapshotNotTrustworthy
from kled.kops.state_store import layout
from kled.kops.state_store.layout import ObjectKind
from kled.snapshot.documents import names

FORMAT: Final = 1
LIMIT: Final = 16 << 20
"""Bytes of a manifest: some 50,000 objects. A cluster has about a hundred."""
LARGEST_ARCHIVED: Final = 4 << 20
"""Bytes of an object in the archive; larger ones are blobs."""
LARGEST_ARCHIVE: Final = 256 << 20
"""Bytes of all objects in the archive: what a reader may have to hold."""
LARGEST_PACKED: Final = 2 * LARGEST_ARCHIVE
"""Bytes of an archive as it is stored: incompressible content grows a little. It is kept on disk,
not in memory."""
_LARGEST: Final = 1 << 50
"""Bytes of an object: no store takes more."""
_OUTSIDE: Final = ("digest", "signature")

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(strict=True, ge=0, le=_LARGEST)]


class _Frozen(BaseModel):
    """Ignores unknown fields: a later kled may add some within the same format."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Payload(_Frozen):
    """An object of the snapshot store that holds content: an archive or a blob."""

    key: str
    """In the snapshot store."""
    sha256: Digest
    """Of the plaintext; an archive's plaintext is the compressed tar."""
    size: Size
    stored_sha256: Digest
    """Of the stored bytes: the ciphertext where the payload is encrypted."""
    stored_size: Size
    encrypted: bool


class ObjectRecord(_Frozen):
    """One object of the state store."""

    key: str
    """Relative to the cluster's prefix."""
    size: Size
    sha256: Digest
    kind: ObjectKind
    tag: str
    """ETag or generation in the state store."""
    version: str | None = None
    modified: AwareDatetime | None = None
    blob: Digest | None = None
    """The plaintext digest of the blob that holds it; None where the archive holds it."""


class Skipped(_Frozen):
    """An object that was left out of the snapshot, and why."""

    key: str
    reason: str


class Damaged(_Frozen):
    """An object that was damaged when it was copied: a file of an etcd backup, or a derived one."""

    key: str
    reason: str


class Proof(_Frozen):
    """The record of a check: which level a snapshot reached, when, and by which tool."""

    level: Annotated[int, Field(ge=0, le=5)]
    at: AwareDatetime
    seconds: float
    by: str
    """The kled that checked, for example `kled 0.1.0`."""
    kops: str | None = None
    """The kops that read it, for example `1.36.2` or `1.36.2 (simulated)`."""


class Signature(_Frozen):
    """An Ed25519 signature over the digest (docs/snapshot-format.md §7).

    It has exactly these three fields: the digest does not cover it, so an added field could not
    be told from an original one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: Literal["ed25519"]
    public_key: str
    """Base64 of the raw key. It is a hint only: what counts are the configured keys."""
    value: str


class Manifest(_Frozen):
    """One snapshot of one cluster's part of a state store."""

    format: int
    cluster: str
    id: str
    created: AwareDatetime
    state_store: str
    previous: str | None = None
    """The newest snapshot when this one was made."""
    run: str | None = None
    kops_version: str | None = None
    kubernetes_version: str | None = None
    quiescent: bool
    """Whether the definition had been left unchanged for a while when it was read."""
    fuzzy: bool
    """Whether it may mix two states: the state store changed during each attempt to read it."""
    definition_digest: Digest
    etcd_digest: Digest
    archive: Payload
    archive_of: str
    """The snapshot that the archive was written for: this one, or an earlier one."""
    objects: tuple[ObjectRecord, ...]
    blobs: tuple[Payload, ...] = ()
    etcd_backups: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Etcd cluster to the names of the backups taken, newest first."""
    keysets: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Keyset to the marks of its keys (`kops.state_store.keyset_keys`). They show whether a later
    keyset of that name has the same keys, without opening the archive."""
    skipped: tuple[Skipped, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    """Damaged etcd backups, beside which an older whole one was taken where there is one. They do
    not count in `etcd_digest`, so that the next run looks again. Also damaged objects of the kind
    `derived`, which the next update writes again."""
    findings: tuple[str, ...] = ()
    """What was wrong with the definition, each a sentence."""
    recipients: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    """The proofs of when it was made; later ones are kept beside the manifest."""
    digest: Digest
    signature: Signature | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Manifest":
        """Refuse keys outside of the snapshot, duplicate keys and missing blobs."""
        if self.format != FORMAT:
            raise ValueError(f"format {self.format} is not {FORMAT}")
        names.check_cluster(self.cluster)
        names.moment(self.id)
        keys = [record.key for record in self.objects]
        if keys != sorted(set(keys), key=str.encode):
            raise ValueError("the objects are out of order, or one is listed twice")
        for key in keys:
            _refuse_escape(key)
        self._check_payloads()
        self._check_sizes()
        return self

    def _check_sizes(self) -> None:
        """Refuse an archive that would take more memory than kled ever writes."""
        archived = [record.size for record in self.objects if record.blob is None]
        if max(archived, default=0) > LARGEST_ARCHIVED or sum(archived) > LARGEST_ARCHIVE:
            raise ValueError("the archive would hold more than an archive may")
        if max(self.archive.size, self.archive.stored_size) > LARGEST_PACKED:
            raise ValueError("the archive is larger than an archive may be")

    def _check_payloads(self) -> None:
        expected = names.archive_key(
            self.cluster, self.archive_of, encrypted=self.archive.encrypted
        )
        if self.archive.key != expected:
            raise ValueError(f"the archive's key is not {expected}")
        blobs = {blob.sha256: blob for blob in self.blobs}
        for blob in self.blobs:
            sealed = blob.stored_sha256 if blob.encrypted else None
            if blob.key != names.blob_key(blob.sha256, sealed=sealed):
                raise ValueError(f"{blob.key} is not the key of its blob")
        for record in self.objects:
            if record.blob is None:
                continue
            if (
                record.blob != record.sha256
                or record.blob not in blobs
                or blobs[record.blob].size != record.size
            ):
                raise ValueError(f"there is no blob for {record.key}")

    @property
    def payloads(self) -> tuple[Payload, ...]:
        """The payloads that a restore reads: the archive and the blobs."""
        return (self.archive, *self.blobs)

    @property
    def archived(self) -> tuple[ObjectRecord, ...]:
        """The objects that the archive holds, in its order."""
        return tuple(record for record in self.objects if record.blob is None)

    def whole_backups(self, etcd: str) -> tuple[str, ...]:
        """Return the names of an etcd cluster's undamaged backups, newest first."""
        bad = {
            backup.key.rpartition("/")[0].rpartition("/")[2] for backup in self._damaged_of(etcd)
        }
        return tuple(name for name in self.etcd_backups.get(etcd, ()) if name not in bad)

    def etcd_findings(self) -> dict[str, str]:
        """Return a finding for each etcd cluster that has damaged backups."""
        return {etcd: finding for etcd in self.etcd_backups if (finding := self._etcd_words(etcd))}

    def _etcd_words(self, etcd: str) -> str | None:
        bad = self._damaged_of(etcd)
        if not bad:
            return None
        taken, whole = self.etcd_backups[etcd], self.whole_backups(etcd)
        left = f"; it holds {whole[0]} whole" if whole else f"; there is no whole one of {etcd}"
        first = bad[-1].key.rpartition("/")[0].rpartition("/")[2]  # the newest: keys are sorted
        return (
            f"{len(bad)} of {len(taken)} etcd backups of {etcd} are damaged, {first}:"
            f" {bad[-1].reason}{left}"
        )

    @property
    def derived_damage(self) -> dict[str, str]:
        """The damaged derived objects, each key with the reason."""
        derived = (damage for damage in self.damaged if layout.kind_of(damage.key) == "derived")
        return {damage.key: damage.reason for damage in derived}

    def _damaged_of(self, etcd: str) -> list[Damaged]:
        place = f"backups/etcd/{etcd}/"
        return [damage for damage in self.damaged if damage.key.startswith(place)]

    @property
    def level(self) -> int:
        """The highest level proved at birth."""
        return max((proof.level for proof in self.proofs), default=0)


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the digest of a manifest's JSON document, whatever digest it claims."""
    inside = {name: value for name, value in document.items() if name not in _OUTSIDE}
    return hashlib.sha256(canonical(inside)).hexdigest()


def complete(fields: Mapping[str, Any]) -> Manifest:
    """Return the manifest of these fields with its digest; raise ValueError where they disagree."""
    unproved = Manifest.model_validate({**fields, "digest": "0" * 64})
    document = unproved.model_dump(mode="json")
    return Manifest.model_validate({**document, "digest": digest_of(document)})


def encode(manifest: Manifest) -> bytes:
    """Return the stored form: canonical JSON and a line feed."""
    return canonical(manifest.model_dump(mode="json")) + b"\n"


def decode(
    body: bytes,
    cluster: str,
    snapshot_id: str,
    require_signature: Callable[[object, str], None] | None = None,
) -> Manifest:
    """Return the manifest that `body` holds.

    Raises `SnapshotNotTrustworthy` where the format is unknown, the manifest belongs to another
    snapshot, or its form or digest shows that it was changed. `require_signature` is given the
    signature's field and the digest, and raises before anything else of the document is used.
    """
    where = f"the manifest of {cluster} {snapshot_id}"
    document = _parse(body, where)
    own = digest_of(document)
    if document.get("digest") != own or body != canonical(document) + b"\n":
        raise SnapshotNotTrustworthy(f"{where} was changed after it was written")
    if require_signature is not None:
        require_signature(document.get("signature"), own)
    try:
        manifest = Manifest.model_validate_json(body, strict=True)
    except (ValueError, ValidationError, InvalidInput) as error:
        raise SnapshotNotTrustworthy(f"{where} cannot be read: {first_line(error)}") from error
    if (manifest.cluster, manifest.id) != (cluster, snapshot_id):
        raise SnapshotNotTrustworthy(f"{where} is that of {manifest.cluster} {manifest.id}")
    return manifest


def _parse(body: bytes, where: str) -> dict[str, Any]:
    try:
        document = parse_json(body, what=where, limit=LIMIT)
    except DocumentDamaged as error:
        raise SnapshotNotTrustworthy(error.message) from error
    if not isinstance(document, dict):
        raise SnapshotNotTrustworthy(f"{where} is not a JSON object")
    if document.get("format", FORMAT) != FORMAT:
        raise FormatUnknown(
            f"{where} has format {document['format']!r:.40}, and this kled reads {FORMAT}",
            hint="a newer kled wrote it: upgrade, or restore by hand (docs/snapshot-format.md)",
        )
    return document


def listing_digest(lines: Iterable[tuple[str, int, str]]) -> str:
    """Return the digest of a listing of key, size and tag, in whichever order they come.

    SHA-256 over `key NUL size NUL tag LF`, sorted by the bytes of the keys.
    """
    total = hashlib.sha256()
    for key, size, tag in sorted(lines, key=lambda line: line[0].encode()):
        total.update(f"{key}\0{size}\0{tag}\n".encode())
    return total.hexdigest()


def _refuse_escape(key: str) -> None:
    if "\0" in key or any(part in {"", ".", ".."} for part in key.split("/")):
        raise ValueError(f"{key!r} is not the key of an object")


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the one form of a JSON document: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def first_line(error: Exception) -> str:
    """Return what is wrong in one line: the field and the reason, without the field's value."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}".removeprefix(": ")
    return str(error).partition("\n")[0]
