"""Snapshot stores as earlier versions wrote them, to be read, proved, restored and continued.

`bookkeeping-1-*`: manifests, runs, prunes, proofs, epochs and claims of format 1. Two clusters,
five runs, one prune of three snapshots, proofs of levels 0 and 1 of one of them. The keys beside
them open and sign nothing else.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from kled.snapshot.documents import signing
from kled.snapshot.documents.keys import Keys
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import API, name, objects

CAPTURES: Final = Path(__file__).parents[3] / "captures" / "snapshots"
KINDS: Final = ("plain", "sealed", "signed")
LAST_RUN: Final = datetime(2026, 11, 22, 12, 2, tzinfo=UTC)
"""After all that the stores hold."""


def store(kind: str) -> MemoryStore:
    """Return a copy of the store of that kind, written before `LAST_RUN`."""
    place = CAPTURES / f"bookkeeping-1-{kind}" / "store"
    now = [LAST_RUN - timedelta(minutes=1)]
    copy = MemoryStore(name=f"golden-{kind}-{id(now)}", now=lambda: now[0])
    for file in sorted(place.rglob("*")):
        if file.is_file():
            copy.put(file.relative_to(place).as_posix(), file.read_bytes())
    now[0] = LAST_RUN + timedelta(minutes=10)
    return copy


def keys(kind: str, directory: Path) -> Keys:
    """Return the keys that the store of that kind was written with."""
    place = CAPTURES / f"bookkeeping-1-{kind}"
    if kind == "sealed":
        identity = _private(place / "identity.txt", directory)
        public = identity.read_text().strip()
        return Keys((_recipient(public),), identity)
    if kind == "signed":
        key = _private(place / "signing-key.pem", directory)
        return Keys(signing_key=key, verification_keys=(signing.public_key(key),))
    return Keys()


def former(number: int, found: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return a cluster's objects as these stores hold them, definitions and keysets in their form.

    They have no apiVersion, the group has no name, and the certificates are made up: kops would
    crash of them, and level 1 says so today.
    """
    unnamed = f"kind: InstanceGroup\nspec: {{maxSize: {number}}}\n".encode()
    config = found["config"].removeprefix(API.encode())
    keysets = {key: _KEYSET.format(number).encode() for key in found if "/private/" in key}
    return {**found, **keysets, "config": config, "instancegroup/nodes": unnamed}


_KEYSET: Final = (
    "kind: Keyset\nspec: {{keys: [{{id: '{}', publicMaterial: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"
    "Ck1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=}}]}}\n"
)
_OF_A_KEYSET: Final = (
    "holds a key that cannot be read: the certificate of key",
    "has no private key for its primary key",
    "has no spec.type",
)
FINDINGS: Final = (
    "config has no api",
    "instancegroup/nodes has no api",
    "instancegroup/nodes has no m",
)
"""How the findings of level 1 begin for each cluster of these stores."""


def are_known(findings: Sequence[str]) -> bool:
    """Say whether these are the findings of level 1 for a cluster of these stores."""
    others = [one for one in findings if not any(part in one for part in _OF_A_KEYSET)]
    pairs = zip(others, FINDINGS, strict=True)
    return all(words.startswith(start) for words, start in pairs)


def state() -> MemoryStore:
    """Return the state store as the last run saw it: same URL, same tags."""
    kept = MemoryStore(name="golden", now=lambda: LAST_RUN - timedelta(hours=1))
    for number in range(2):
        for key, body in former(number, objects(number, backup=str.encode)).items():
            kept.put(f"{name(number)}/{key}", body)
    for at in range(4):
        kept.put(f"{name(0)}/addons/a.addons.k8s.io/v1.yaml", f"n: {at}".encode())
    return kept


def _private(file: Path, directory: Path) -> Path:
    copy = directory / file.name
    copy.touch(mode=0o600)
    copy.write_bytes(file.read_bytes())
    return copy


def _recipient(identity: str) -> str:
    import pyrage

    return str(pyrage.x25519.Identity.from_str(identity).to_public())
