"""One mutation of one document of either store, as chance wants it."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal

from kled import yaml_text
from kled.errors import KledError
from kled.snapshot.create import archive
from kled.snapshot.documents import names
from kled.snapshot.repository import SnapshotRef
from kled.snapshot.verify.contents import archived_objects, packed_archive
from kled.yaml_text import to_text
from tests.crash.mutating import archives, forms, values
from tests.crash.mutating.odd_keys import ODD
from tests.crash.mutating.resigning import SIGNED, Attacker, Forger
from tests.crash.mutating.world import A, B, Scene, World, json_of

Side = Literal["state", "kept"]
HEAVY: Final = "240 MiB that are there"
VAST: Final = 400 << 20
_JSON: Final = frozenset(
    {*SIGNED, "manifest", "claim", "sweep", "lease", "record", "secret", "meta", "control"}
)
_YAML: Final = frozenset({"config", "completed spec", "group", "keyset", "node config", "add-on"})
_FOLDERS: Final = {
    "runs": "run",
    "prunes": "prune",
    "claims": "claim",
    "sweeps": "sweep",
    "blobs": "blob",
    "failed": "mark",
}
_OF_CLUSTER: Final = {
    "config": "config",
    "cluster-completed.spec": "completed spec",
    "instancegroup": "group",
    "pki": "keyset",
    "secrets": "secret",
    "addons": "add-on",
    "igconfig": "node config",
    "kops-version.txt": "kops-version.txt",
}


@dataclass(frozen=True)
class Mutation:
    """What is written where, and by whom."""

    side: Side
    kind: str
    key: str
    how: str
    writes: Mapping[str, bytes | None]
    attacker: Attacker | None = None
    """Who wrote digest and signature anew; None: nobody did."""
    vast: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)

    def apply(self, world: World) -> Scene:
        scene = world.scene.fork()
        store = scene.kept if self.side == "kept" else scene.state
        for key, body in self.writes.items():
            store.forge(key, body)
        for key, what in self.vast.items():
            store.forge(key, b"")
            store.vast[key] = what
        return scene

    @property
    def keys(self) -> frozenset[str]:
        return frozenset({*self.writes, *self.vast})

    def strict(self, scene: Scene) -> bool:
        """Whether whoever did it could not make anything that counts as the owner's."""
        if self.side == "state":
            return True
        return self.attacker is None or (scene.variant != "plain" and self.attacker != "the key")

    def __str__(self) -> str:
        return f"{self.side} {self.kind} {self.key[:120]!r}: {self.how} ({self.attacker})"


def kind_of(side: Side, key: str) -> str:
    first, _, rest = key.partition("/")
    if side == "kept":
        if first != "clusters":
            return _FOLDERS.get(first, key)
        name = rest.split("/")[-1]
        return {"epoch.json": "epoch", "manifest.json": "manifest"}.get(name) or (
            "archive" if "state.tar" in name else "proof"
        )
    if first == ".kled":
        folder = rest.partition("/")[0]
        return {"snapshots": "last-seen", "leases": "lease"}.get(folder, "record")
    if rest.startswith("backups/"):
        return "backup" if rest.endswith(".gz") else "meta" if rest.endswith(".meta") else "control"
    return (
        "ssh key"
        if rest.startswith("pki/ssh")
        else _OF_CLUSTER.get(rest.partition("/")[0], "add-on")
    )


class Mutations:
    """Mutations of one world, drawn by chance."""

    def __init__(self, world: World, chance: random.Random, another_key: Any) -> None:
        self._world, self._chance = world, chance
        self._another_key = another_key
        self._by_kind: dict[tuple[Side, str], list[str]] = {}
        self._bodies: dict[Side, dict[str, bytes]] = {
            "kept": world.scene.kept.bodies(),
            "state": world.scene.state.bodies(),
        }
        for side, bodies in self._bodies.items():
            for key in sorted(bodies):
                self._by_kind.setdefault((side, kind_of(side, key)), []).append(key)

    def drawn(self) -> Iterator[Mutation]:
        """Yield them without end: each kind as often as the others."""
        while True:
            for side, kind in sorted(self._by_kind):
                yield self._one(side, kind, self._chance.choice(self._by_kind[side, kind]))
            yield self._odd_key()

    def _one(self, side: Side, kind: str, key: str) -> Mutation:
        lot = self._chance.random()
        if lot < 0.02:
            return Mutation(side, kind, key, "deleted", {key: None})
        if lot < 0.03:
            chunk = self._chance.choice((b"x" * (1 << 20), b'{"a":' * (1 << 18)))
            return Mutation(side, kind, key, "vast", {}, vast={key: (VAST, chunk)})
        forged = self._forged(side, kind, key) if lot > 0.35 else None
        if forged is not None:
            return forged
        return self._bytes(side, kind, key) if lot < 0.2 else self._raw(side, kind, key)

    def _forged(self, side: Side, kind: str, key: str) -> Mutation | None:
        """Return what somebody made who knows the form; None: there is none to know."""
        if kind == "archive":
            return self._archive(key)
        if kind in {"blob", "backup"} and self._chance.random() < 0.2:
            return self._bomb(side, kind, key)
        if kind in _JSON:
            return self._json(side, kind, key)
        return self._yaml(side, kind, key) if kind in _YAML else None

    def _raw(self, side: Side, kind: str, key: str) -> Mutation:
        how = self._chance.choice(sorted(forms.RAW))
        return Mutation(side, kind, key, how, {key: forms.RAW[how]})

    def _bytes(self, side: Side, kind: str, key: str) -> Mutation:
        bodies = self._bodies[side]
        other = bodies[self._chance.choice(sorted(bodies))]
        how, body = forms.damaged(self._chance, bodies[key], other)
        return Mutation(side, kind, key, how, {key: body})

    def _like(self, side: Side, kind: str) -> dict[str, object]:
        return json_of(self._bodies[side][self._chance.choice(self._by_kind[side, kind])])

    def _forger(self) -> Forger:
        attacker: Attacker = self._chance.choice(("no key", "another key", "the key", "the key"))
        own = self._world.scene.keys.signing_key
        return Forger(
            attacker, {"no key": None, "another key": self._another_key}.get(attacker, own)
        )

    def _json(self, side: Side, kind: str, key: str) -> Mutation:
        document: Any = json_of(self._bodies[side][key])
        if self._chance.random() < 0.1:
            how, body = forms.other_forms(self._chance, document)
            return Mutation(side, kind, key, how, {key: body})
        how, new = values.changed(self._chance, document, lambda: self._like(side, kind))
        if self._chance.random() < 0.3:
            more, new = values.changed(self._chance, new, lambda: self._like(side, kind))
            how += f", {more}"
        forger = self._forger()
        try:
            body = forger.written(kind, key, new)
        except (ValueError, RecursionError):  # no JSON has that
            body = json.dumps(new).encode()
        return Mutation(side, kind, key, how, {key: body}, forger.attacker)

    def _yaml(self, side: Side, kind: str, key: str) -> Mutation:
        body = self._bodies[side][key]
        try:
            document = yaml_text.documents(body)[0]
            how, new = values.changed(self._chance, document, lambda: document)
        except (KledError, IndexError):
            return self._bytes(side, kind, key)
        try:
            text = to_text([new]) if self._chance.random() < 0.5 else json.dumps(new) + "\n"
        except (ValueError, RecursionError):
            text = json.dumps(new) + "\n"
        return Mutation(side, kind, key, how, {key: text.encode(errors="replace")})

    def _archive(self, key: str) -> Mutation:
        refs = [ref for ref in self._world.good if self._manifest(ref)["archive"]["key"] == key]
        if not refs:
            return self._bytes("kept", "archive", key)
        ref = self._chance.choice(refs)
        evil = self._evil(ref)
        how = self._chance.choice(sorted(evil))
        sealed = self._world.scene.snapshots.sealer.seal(evil[how])
        document = self._manifest(ref)
        document["archive"] |= archives.payload(evil[how], sealed)
        if (
            how == HEAVY or self._chance.random() < 0.7
        ):  # so that nothing is refused for its size alone
            archives.declare(document["objects"])
        forger = self._forger()
        manifest = names.manifest_key(ref.cluster, ref.id)
        body = forger.written("manifest", manifest, document)
        return Mutation("kept", "archive", key, how, {key: sealed, manifest: body}, forger.attacker)

    def _bomb(self, side: Side, kind: str, key: str) -> Mutation:
        """A backup that grows a thousandfold, in the state store or behind right digests."""
        bomb = archives.gzip_bomb()
        if side == "state":
            return Mutation(side, kind, key, "gzip bomb", {key: bomb})
        ref = self._chance.choice(sorted(self._world.good))
        document = self._manifest(ref)
        sealed = self._world.scene.snapshots.sealer.seal(bomb)
        forged = archives.payload(bomb, sealed)
        big = max(document["blobs"], key=lambda one: one["size"])
        old, encrypted = big["sha256"], big["encrypted"]
        big |= {
            **forged,
            "key": names.blob_key(
                forged["sha256"], sealed=forged["stored_sha256"] if encrypted else None
            ),
        }
        for one in document["objects"]:
            if one["blob"] == old:
                one |= {"blob": big["sha256"], "sha256": big["sha256"], "size": big["size"]}
        forger = self._forger()
        manifest = names.manifest_key(ref.cluster, ref.id)
        body = forger.written("manifest", manifest, document)
        return Mutation(
            side, kind, key, "gzip bomb", {big["key"]: sealed, manifest: body}, forger.attacker
        )

    def _odd_key(self) -> Mutation:
        side: Side = self._chance.choice(("kept", "state"))
        ref = self._world.newest[self._chance.choice((A, B))]
        key = self._chance.choice(ODD[side]).replace("{id}", ref.id)
        bodies = self._bodies[side]
        body = self._chance.choice((b"", b"{}", bodies[self._chance.choice(sorted(bodies))]))
        return Mutation(side, "odd key", key, f"{len(body)} bytes", {key: body})

    def _manifest(self, ref: SnapshotRef) -> Any:
        return json_of(self._bodies["kept"][names.manifest_key(ref.cluster, ref.id)])

    @cache  # noqa: B019 - lives as long as the test
    def _evil(self, ref: SnapshotRef) -> dict[str, bytes]:
        kept = self._world.scene.snapshots
        manifest = kept.manifest(ref)
        packed = packed_archive(kept, manifest)
        objects = {one.key: body for one, body in archived_objects(manifest, packed)}
        more = {"as it was": archive.pack(objects), HEAVY: archives.heavy(objects)}
        return {**archives.members(objects), **more}
