"""Documents of format 2: what a snapshot store keeps beside manifests, each bound to its purpose.

A document is JSON in RFC 8785's canonical form and a line feed. Its digest covers everything except
`digest` and `signature`. Its signature covers the kind of document, its key in the store, the
identity of the store and the digest, so that one document cannot pass for another
(snapshot-format.md §7). Documents of format 1, without signature and kind, remain readable.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import rfc8785
from pydantic import TypeAdapter, ValidationError

from kled.documents import parse_json, too_large
from kled.errors import DocumentDamaged, FormatUnknown, InvalidInput, SnapshotNotTrustworthy
from kled.snapshot.documents import signing
from kled.snapshot.documents.manifest import Signature, first_line
from kled.snapshot.trust.settling import OTHER_KEY
from kled.storage.base import ObjectStore

FORMAT: Final = 2
DocumentKind = Literal["root", "run", "prune", "proof", "epoch", "last-seen"]
LIMITS: Final[Mapping[DocumentKind, int]] = {
    "root": 64 << 10,
    "run": 16 << 20,
    "prune": 16 << 20,
    "proof": 256 << 10,
    "epoch": 64 << 10,
    "last-seen": 16 << 20,
}
"""Bytes of a document: a hundred times what a large fleet needs, and little memory."""
_OUTSIDE: Final = ("digest", "signature")
_LATER: Final = frozenset({"kind", "signature"})
"""Fields that no document of format 1 has."""
_PURPOSE: Final = "kled snapshot document 2"
_FIRST_FORMAT: Final = 1
_IDENTITY: Final = re.compile(r"[0-9a-f]{32}")

T = TypeVar("T")
_signature_of: Final = TypeAdapter(Signature)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read; its model says what its fields mean."""

    key: str
    body: bytes
    format: int
    signed: bool
    """Whether it is signed with a configured key; False where none is configured."""
    store: str | None
    """The identity of the store that it was written for."""
    tag: str = ""

    def require(self, model: "TypeAdapter[T]") -> T:
        """Return the value; raise `SnapshotNotTrustworthy` for a wrong type, naming the field."""
        try:
            return model.validate_json(self.body, strict=True)
        except (ValidationError, ValueError, InvalidInput) as error:
            raise SnapshotNotTrustworthy(f"{self.key} is damaged: {first_line(error)}") from error


def encode(
    kind: DocumentKind,
    key: str,
    fields: Mapping[str, Any],
    *,
    store: str | None,
    signing_key: Path | None,
) -> bytes:
    """Return the bytes to store at `key`; without a signing key they have a digest only."""
    document = {**fields, "format": FORMAT, "kind": kind, "store": store}
    digest = _digest(document)
    signature = None
    if signing_key is not None:
        signature = signing.signature_of(_message(kind, key, store, digest), signing_key)
    plain = signature.model_dump(mode="json") if signature else None
    return rfc8785.dumps({**document, "digest": digest, "signature": plain}) + b"\n"


def decode(
    kind: DocumentKind, key: str, body: bytes, keys: Collection[str], tag: str = ""
) -> Document:
    """Return the document, which says its format and whether it is signed; the caller decides.

    Raises `SnapshotNotTrustworthy` for a document of another kind or key, for one that was changed,
    and for one that is signed with a key that is not configured.
    """
    fields = parse_object(body, key, LIMITS[kind])
    version = fields.get("format", _FIRST_FORMAT)
    if _is_misnamed(fields):
        raise SnapshotNotTrustworthy(f"{key} was changed after it was written")
    if version == _FIRST_FORMAT and type(version) is int:
        return Document(key, body, _FIRST_FORMAT, signed=False, store=None, tag=tag)
    if version != FORMAT:
        raise FormatUnknown(
            f"{key} has format {version!r:.40}, and this kled reads {FORMAT}",
            hint="a newer kled wrote it: upgrade this one",
        )
    store = _store_of(fields, key)
    digest = _digest(fields)
    if (
        fields.get("kind") != kind
        or fields.get("digest") != digest
        or not _is_canonical(fields, body)
    ):
        raise SnapshotNotTrustworthy(f"{key} was changed after it was written")
    signed = _is_signed(fields.get("signature"), key, _message(kind, key, store, digest), keys)
    return Document(key, body, FORMAT, signed, store, tag)


def read(store: ObjectStore, kind: DocumentKind, key: str, keys: Collection[str]) -> Document:
    """Read a document within bounds. Raises `ObjectMissing` and as `decode` does."""
    body, tag = read_bounded(store, key, LIMITS[kind])
    return decode(kind, key, body, keys, tag)


def read_bounded(store: ObjectStore, key: str, limit: int) -> tuple[bytes, str]:
    """Return an object's bytes and its tag; `SnapshotNotTrustworthy` for more than `limit` bytes.

    At most that many bytes are held, whatever size the store claims. Something other than an
    object, such as a link in a directory, counts as damaged, too.
    """
    body = bytearray()
    try:
        with store.read(key) as reading:
            tag = reading.tag
            if reading.size <= limit:
                for chunk in reading.chunks():
                    body += chunk
                    if len(body) > limit:
                        break
            if max(reading.size, len(body)) > limit:
                raise SnapshotNotTrustworthy(too_large(key, limit).message)
    except DocumentDamaged as error:
        raise SnapshotNotTrustworthy(error.message, hint=error.hint) from error
    return bytes(body), tag


def parse_object(body: bytes, key: str, limit: int) -> dict[str, Any]:
    """Return the JSON object in `body`; raise `SnapshotNotTrustworthy` where there is none."""
    try:
        document = parse_json(body, what=key, limit=limit)
    except DocumentDamaged as error:
        raise SnapshotNotTrustworthy(error.message) from error
    if not isinstance(document, dict):
        raise SnapshotNotTrustworthy(f"{key} holds no JSON object")
    return document


def _is_misnamed(fields: Mapping[str, Any]) -> bool:
    """Say whether a document of format 2 was made to look like one of another format."""
    version = fields.get("format", _FIRST_FORMAT)
    if version == _FIRST_FORMAT:
        return bool(fields.keys() & _LATER)
    whole = {**fields, "format": FORMAT}
    return version != FORMAT and fields.get("digest") == _digest(whole) != ""


def _digest(document: Mapping[str, Any]) -> str:
    inside = {name: value for name, value in document.items() if name not in _OUTSIDE}
    try:
        return hashlib.sha256(rfc8785.dumps(inside)).hexdigest()
    except rfc8785.CanonicalizationError:
        return ""  # a number that has no canonical form: no document of ours


def _is_canonical(document: dict[str, Any], body: bytes) -> bool:
    try:
        return rfc8785.dumps(document) + b"\n" == body
    except rfc8785.CanonicalizationError:
        return False


def _message(kind: DocumentKind, key: str, store: str | None, digest: str) -> bytes:
    return "\n".join((_PURPOSE, kind, key, store or "", digest)).encode()


def _store_of(fields: Mapping[str, Any], key: str) -> str | None:
    store = fields.get("store")
    if store is not None and not (isinstance(store, str) and _IDENTITY.fullmatch(store)):
        raise SnapshotNotTrustworthy(f"{key} is damaged: its store is not an identity")
    return store


def _is_signed(value: object, key: str, message: bytes, keys: Collection[str]) -> bool:
    if value is None or not keys:
        return False
    try:
        signature = _signature_of.validate_python(value)
    except ValidationError as error:
        raise SnapshotNotTrustworthy(f"{key} has a damaged signature") from error
    if not signing.fits(signature, message, keys):
        raise SnapshotNotTrustworthy(f"{key} {OTHER_KEY}")
    return True
