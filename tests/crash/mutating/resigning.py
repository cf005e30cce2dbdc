"""Documents written again as whoever forges them would: canonical, with a right digest, signed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import rfc8785

from kled.snapshot.documents import manifest, signing
from kled.snapshot.documents.signed import DocumentKind

Attacker = Literal["no key", "another key", "the key"]
SIGNED: Mapping[str, DocumentKind] = {
    "kled.json": "root",
    "run": "run",
    "prune": "prune",
    "proof": "proof",
    "epoch": "epoch",
    "last-seen": "last-seen",
}
"""Kinds of this test to those of documents of format 2."""
_OUTSIDE = ("digest", "signature")


@dataclass(frozen=True)
class Forger:
    """Somebody who knows the format, and has a key or none."""

    attacker: Attacker
    key: Path | None

    def written(self, kind: str, key: str, document: Any) -> bytes:
        """Return the document's bytes as they would be stored at `key`."""
        if not isinstance(document, dict):
            return json.dumps(document).encode() + b"\n"
        if kind == "manifest":
            return self._manifest(document)
        if kind in SIGNED:
            return self._document(SIGNED[kind], key, document)
        return json.dumps(document).encode() + b"\n"

    def _manifest(self, document: dict[str, Any]) -> bytes:
        inside = {name: one for name, one in document.items() if name not in _OUTSIDE}
        digest = manifest.digest_of(inside)
        purpose = b"kled snapshot manifest 1\n" + digest.encode()
        return manifest.canonical({**inside, **self._outside(digest, purpose)}) + b"\n"

    def _document(self, kind: DocumentKind, key: str, document: dict[str, Any]) -> bytes:
        inside = {name: one for name, one in document.items() if name not in _OUTSIDE}
        try:
            digest = hashlib.sha256(rfc8785.dumps(inside)).hexdigest()
        except rfc8785.CanonicalizationError:
            return json.dumps(document).encode() + b"\n"
        store = inside.get("store")
        lines = (
            "kled snapshot document 2",
            kind,
            key,
            store if isinstance(store, str) else "",
            digest,
        )
        outside = self._outside(digest, "\n".join(lines).encode())
        return rfc8785.dumps({**inside, **outside}) + b"\n"

    def _outside(self, digest: str, message: bytes) -> dict[str, Any]:
        if self.key is None:
            return {"digest": digest, "signature": None}
        signature = signing.signature_of(message, self.key)
        return {"digest": digest, "signature": signature.model_dump(mode="json")}
