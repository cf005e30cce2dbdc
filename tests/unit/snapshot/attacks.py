"""A store of signed snapshots, and somebody who may write to it but has no key."""

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import rfc8785

from kled.snapshot.choosing import choose
from kled.snapshot.documents.keys import Keys
from kled.snapshot.epoch import epoch
from kled.snapshot.progress import Quiet
from kled.snapshot.retention.prune import apply_prune, plan_prune
from kled.snapshot.retention.retention import RetentionPolicy
from kled.snapshot.verify.verify import verify
from kled.storage.base import ObjectStore
from kled.storage.memory import MemoryStore
from tests.stores import keys
from tests.unit.snapshot.fleets import Runs, name, state
from tests.unit.snapshot.signing_keys import signing_key

ADDON: Final = "addons/a.addons.k8s.io/v1.yaml"
ONLY_LAST: Final = RetentionPolicy(last=1, hourly=0, daily=0, weekly=0, monthly=0, yearly=0)
OLD, NEW = b"secret: old", b"secret: new"


def copied(store: ObjectStore) -> dict[str, bytes]:
    return {key: store.get(key).body for key in keys(store)}


def signed_world(directory: Path) -> tuple[Runs, dict[str, bytes]]:
    """Two clusters, each document kind there; and the store as it was before the last change.

    The newest snapshot of the first cluster holds `NEW`, the one before it `OLD`.
    """
    runs = Runs(state(2), MemoryStore(), Keys(signing_key=signing_key(directory)))
    for at, body in enumerate((b"secret: older", OLD)):
        runs.state.put(f"{name(0)}/{ADDON}", body)
        runs.run().require_whole()
        if at == 0:
            for number in range(2):
                epoch.check(runs.snapshots, name(number), runs.state.location.url)
    runs.later += timedelta(days=3)
    prune(runs)
    before = copied(runs.store)
    runs.state.put(f"{name(0)}/{ADDON}", NEW)
    runs.run().require_whole()
    verify(runs.snapshots, choose(runs.snapshots, name(0), "latest"), level=1, by="test")
    return runs, before


def prune(runs: Runs) -> int:
    plan = plan_prune(runs.snapshots, ONLY_LAST, state=runs.state)
    return len(apply_prune(runs.snapshots, plan, Quiet()).removed)


def documents(runs: Runs) -> Iterator[tuple[str, str]]:
    """Yield a kind and the newest key of it."""
    found = keys(runs.store)
    newest = choose(runs.snapshots, name(0), "latest").id
    yield "kled.json", "kled.json"
    yield "run", max(key for key in found if key.startswith("runs/"))
    yield "prune", max(key for key in found if key.startswith("prunes/"))
    yield "epoch", f"clusters/{name(0)}/epoch.json"
    yield "proof", f"clusters/{name(0)}/{newest}/verified/1.json"
    yield "manifest", f"clusters/{name(0)}/{newest}/manifest.json"


def unsigned(body: bytes, **changes: object) -> bytes:
    """Return the document with other fields, right digests of both formats, and no signature."""
    document = json.loads(body) | changes
    inside = {key: one for key, one in document.items() if key not in {"digest", "signature"}}
    digest = hashlib.sha256(rfc8785.dumps(inside)).hexdigest()
    return rfc8785.dumps({**inside, "digest": digest, "signature": None}) + b"\n"
