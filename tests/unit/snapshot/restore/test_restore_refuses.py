"""Forged snapshots: whoever can write to the snapshot store can make all digests right again."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard

from kled.errors import KledError, PreconditionFailed, SnapshotNotTrustworthy
from kled.snapshot.create import archive
from kled.snapshot.documents import names
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.manifest import Manifest, complete, digest_of, encode
from kled.snapshot.repository import SnapshotRef, SnapshotStore
from kled.snapshot.restore.restore import apply_restore, plan_restore
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.restoring import CLUSTER, SPEC, put, read, snapshot_store, take

OBJECTS = {"config": b"config", "secrets/admin": b"secret"}


def refused(
    snapshots: SnapshotStore, manifest: Manifest, error: type[KledError] = SnapshotNotTrustworthy
) -> str:
    """Plan and apply; nothing may be written."""
    target = MemoryStore()
    put(target, {"config": b"mine"})
    with pytest.raises(error) as caught:
        found = snapshots.manifest(SnapshotRef(manifest.cluster, manifest.id))
        plan = plan_restore(snapshots, found, target, with_control=True)
        apply_restore(plan, snapshots, target)
    assert read(target) == {"config": b"mine"}
    return caught.value.message


def forged(change: Callable[[dict[str, Any]], None]) -> tuple[SnapshotStore, Manifest]:
    """A snapshot whose manifest was changed by somebody who knows how digests are made."""
    snapshots = snapshot_store()
    manifest = take(snapshots, OBJECTS)
    document = json.loads(encode(manifest))
    change(document)
    document["digest"] = digest_of(document)
    snapshots.store.put(names.manifest_key(CLUSTER, manifest.id), canonical(document))
    return snapshots, manifest


def with_archive(packed: bytes, objects: dict[str, bytes]) -> tuple[SnapshotStore, Manifest]:
    """A snapshot whose archive is `packed`, vouched for by a manifest that names `objects`."""
    snapshots = snapshot_store()
    manifest = take(snapshots, objects)
    snapshots.store.put(manifest.archive.key, packed)
    digest, size = hashlib.sha256(packed).hexdigest(), len(packed)

    def vouch(document: dict[str, Any]) -> None:
        document["archive"] |= {"sha256": digest, "size": size}
        document["archive"] |= {"stored_sha256": digest, "stored_size": size}

    document = json.loads(encode(manifest))
    vouch(document)
    again = complete({k: v for k, v in document.items() if k not in {"digest", "signature"}})
    snapshots.store.put(names.manifest_key(CLUSTER, manifest.id), encode(again))
    return snapshots, again


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w", format=tarfile.PAX_FORMAT) as made:
        for member, content in members:
            made.addfile(member, io.BytesIO(content))
    return zstandard.ZstdCompressor().compress(body.getvalue())


def member(name: str, content: bytes = b"config", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


@pytest.mark.parametrize(
    "key", ["../config", "/etc/passwd", "a/../../b", "a//b", "./config", "", "a/", "a\0b"]
)
def test_no_manifest_names_a_key_outside_of_its_prefix(key: str) -> None:
    snapshots, manifest = forged(lambda document: document["objects"][0].update(key=key))

    assert "cannot be read" in refused(snapshots, manifest)


@pytest.mark.parametrize(
    "fields",
    [
        {"cluster": "../up"},
        {"id": "latest"},
        {"archive_of": "../other"},
        {"archive": {}},
        {"objects": "all"},
        {"format": 2},
    ],
)
def test_a_manifest_that_says_what_none_can_say_is_not_trusted(fields: dict[str, Any]) -> None:
    refused(*forged(lambda document: document.update(fields)))


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (SPEC, "intent"),
        ("backups/etcd/main/control/2026-11-24T00:00:00Z-000000/_command.json", "control"),
        ("backups/etcd/main/control/etcd-cluster-spec/more", "control"),
        ("pki/private/kubernetes-ca/keyset.yaml", "derived"),
    ],
)
def test_no_manifest_passes_live_control_state_off_as_something_else(key: str, kind: str) -> None:
    snapshots = snapshot_store()
    objects = {**OBJECTS, key: b"{}"}
    manifest = take(snapshots, objects)
    document = json.loads(encode(manifest))
    for one in document["objects"]:
        one["kind"] = kind if one["key"] == key else one["kind"]
    again = complete({k: v for k, v in document.items() if k not in {"digest", "signature"}})
    snapshots.store.put(names.manifest_key(CLUSTER, manifest.id), encode(again))

    assert "passes" in refused(snapshots, manifest)


def test_a_changed_manifest_and_one_of_another_snapshot_are_refused() -> None:
    snapshots = snapshot_store()
    first, second = take(snapshots, OBJECTS), take(snapshots, OBJECTS | {"secrets/admin": b"2"})
    key = names.manifest_key(CLUSTER, first.id)
    body = snapshots.store.get(key).body

    snapshots.store.put(key, body.replace(b'"fuzzy":false', b'"fuzzy":true'))
    assert "changed after it was written" in refused(snapshots, first)
    snapshots.store.put(key, snapshots.store.get(names.manifest_key(CLUSTER, second.id)).body)
    assert f"is that of {CLUSTER} {second.id}" in refused(snapshots, first)
    snapshots.store.put(key, body)
    snapshots.store.put(second.archive.key, snapshots.store.get(first.archive.key).body)
    refused(snapshots, second)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"a":1e999}']
)
def test_what_is_no_manifest_is_refused(body: bytes) -> None:
    snapshots = snapshot_store()
    manifest = take(snapshots, OBJECTS)
    snapshots.store.put(names.manifest_key(CLUSTER, manifest.id), body)

    refused(snapshots, manifest)


def test_of_two_manifests_that_race_one_wins_whole() -> None:
    snapshots = snapshot_store()
    manifest = take(snapshots, OBJECTS)
    document = json.loads(encode(manifest)) | {"fuzzy": True}
    other = complete({k: v for k, v in document.items() if k not in {"digest", "signature"}})

    with pytest.raises(PreconditionFailed):
        snapshots.commit(other)

    assert snapshots.manifest(SnapshotRef(CLUSTER, manifest.id)) == manifest


def canonical(document: dict[str, object]) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


def test_with_a_verification_key_only_its_signatures_count(tmp_path: Path) -> None:
    mine, theirs = signing_keys(tmp_path / "mine"), signing_keys(tmp_path / "theirs")
    store = MemoryStore()
    trusting = replace(mine, signing_key=None)
    reader = snapshot_store(store, trusting)
    signed = take(snapshot_store(store, mine), OBJECTS)
    target = MemoryStore()

    plan = plan_restore(reader, reader.manifest(SnapshotRef(CLUSTER, signed.id)), target)
    apply_restore(plan, reader, target)
    assert read(target) == OBJECTS

    key = names.manifest_key(CLUSTER, signed.id)
    document = json.loads(store.get(key).body)
    store.put(key, canonical(document | {"signature": None}))
    assert "is not signed" in refused(reader, signed)
    changed = document | {"fuzzy": True}
    store.put(key, canonical(changed | {"digest": digest_of(changed)}))
    assert "not signed with a configured key" in refused(reader, signed)
    writer = SnapshotStore(store, theirs, now=reader.now, chance=lambda size: b"\x77" * size)
    assert "not signed with a configured key" in refused(reader, take(writer, OBJECTS))


@pytest.mark.parametrize(
    "packed",
    [
        tar(member("../config")),
        tar(member("/config")),
        tar(member("config"), member("config")),
        tar(member("config"), member("secrets/more")),
        tar(member("config", type=tarfile.SYMTYPE, linkname="/etc/passwd", size=0)),
        tar(member("config", type=tarfile.LNKTYPE, linkname="config", size=0)),
        tar(member("config", type=tarfile.DIRTYPE, size=0)),
        tar(member("config", type=tarfile.FIFOTYPE, size=0)),
        tar(member("config", type=tarfile.CHRTYPE, size=0)),
        tar(member("config", b"config and more")),
        tar(member("config", b"conf")),
        tar(member("config", b"comfig")),
        tar(),
        tar(member("config"))[:-4],
        tar(member("config")) + b"more",
        tar(member("config")) + tar(member("config")),
        zstandard.ZstdCompressor().compress(b"no tar at all" * 100),
        b"no zstd at all",
        b"",
    ],
)
def test_an_archive_holds_what_the_manifest_names_and_nothing_else(packed: bytes) -> None:
    refused(*with_archive(packed, {"config": b"config"}))


BOMBS = {
    "one member": lambda: bomb(member("config", b"")[0], 1 << 40),
    "a long name": lambda: bomb(_header("././@LongLink", b"L", 1 << 40), 0),
    "a pax header": lambda: bomb(_header("pax", b"x", 1 << 40), 0),
    "endless padding": lambda: bomb(member("config", b"config")[0], 0),
}


def bomb(info: tarfile.TarInfo, size: int) -> bytes:
    """Two GiB of zeros behind a header, in some 64 kB."""
    if size:
        info.size = size
    packed = io.BytesIO()
    with zstandard.ZstdCompressor(level=1).stream_writer(packed, closefd=False) as stream:
        stream.write(info.tobuf(tarfile.GNU_FORMAT))
        if not size and info.isreg():
            stream.write(b"config".ljust(512, b"\0"))
        for _ in range(2048):
            stream.write(bytes(1 << 20))
    return packed.getvalue()


def _header(name: str, kind: bytes, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info


CHILD = """
import pathlib, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from kled.errors import SnapshotNotTrustworthy
from kled.snapshot.create import archive
try:
    list(archive.unpack(sys.stdin.buffer.read(), [("config", 6)], "the archive"))
except SnapshotNotTrustworthy as error:
    print("refused:", error.message)
status = pathlib.Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])  # ru_maxrss would begin with the parent's
"""


@pytest.mark.parametrize("kind", sorted(BOMBS))
def test_a_bomb_is_refused_in_bounded_memory(kind: str) -> None:
    packed = BOMBS[kind]()

    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=packed, capture_output=True, check=False, timeout=120
    )

    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("refused:"), done.stderr.decode()
    assert int(lines[1]) < 150 << 10
    refused(*with_archive(packed, {"config": b"config"}))


def test_the_archive_of_the_right_bytes_is_taken() -> None:
    """The refusals above are of their content, not of how the test puts a snapshot together."""
    target = MemoryStore()
    snapshots, manifest = with_archive(archive.pack(OBJECTS), OBJECTS)

    apply_restore(plan_restore(snapshots, manifest, target), snapshots, target)

    assert read(target) == OBJECTS


def signing_keys(folder: Path) -> Keys:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from kled.snapshot.documents import signing

    folder.mkdir()
    file = folder / "key.pem"
    file.touch(0o600)
    file.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Keys(signing_key=file, verification_keys=(signing.public_key(file),))
