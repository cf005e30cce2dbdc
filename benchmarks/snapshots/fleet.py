"""A fleet's state store, generated: shaped like the trees that kops 1.36.2 leaves in a bucket.

Each cluster has 90 objects of 5 KB on average besides its etcd backups, one of them empty; every
fortieth has an add-on of 1 MB. Living clusters list 300 objects of etcd backups, of which the
newest complete one per etcd cluster is worth reading.
"""

import base64
import gzip
import hashlib
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.pairs import once
from kled.sandbox import control

OBJECTS = 90
LISTED_BACKUPS = 300
NEWEST = "2026-11-24T23:45:00Z-000075"
"""The name of every etcd cluster's newest backup."""
_TEMPLATE = "c000.fleet.example.com"
_STORE = "s3://template"
"""Where the template's definition says that it is; each cluster says where it is put."""
_LARGE_EVERY = 40
_CHANNEL = "addons/bootstrap-channel.yaml"
"""Names each add-on's SHA-256."""


def cluster_name(number: int) -> str:
    """Return a name as long as the template's, so that sizes stay."""
    return f"c{number:03d}.fleet.example.com"


def template(env: Mapping[str, str]) -> dict[str, bytes]:
    """Return the objects of one cluster as the simulated kops stores them, by relative key."""
    with tempfile.TemporaryDirectory() as scratch:
        box = Path(scratch) / "box"
        control.start(box, speed=10_000)
        inside = {**env, **control.environment(box, path=env["PATH"])}
        kops, name = inside["KLED_KOPS"], f"--name={_TEMPLATE}"
        zones = "--zones=us-east-1a,us-east-1b,us-east-1c"
        once([kops, "create", "cluster", name, zones, "--cloud=aws"], inside)
        once([kops, "update", "cluster", name, "--yes"], inside)
        root = Path(inside["KOPS_STATE_STORE"].removeprefix("file://")) / _TEMPLATE
        stored = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and "backups" not in path.parts
        }
        control.stop(box)
    return _changed(stored, lambda body: _elsewhere(body, root.parent))


def objects(number: int, shared: Mapping[str, bytes], bucket: str) -> Iterator[tuple[str, bytes]]:
    """Yield key and body of every object of one cluster in `bucket`; the same for the same number.

    Its definition names that bucket: kled trusts no snapshot of one that lies elsewhere.
    """
    name, chance = cluster_name(number), random.Random(number)  # noqa: S311 - not for keys
    yield from _definition(name, shared, bucket)
    for at in range(OBJECTS - len(shared)):
        large = at == 0 and number % _LARGE_EVERY == 0
        size = 1_000_000 if large else int(chance.paretovariate(1.6) * 2000) % 40_000
        yield f"{name}/addons/extra-{at:02d}.addons.k8s.io/v1.yaml", _text(chance, size)
    yield from _backups(name, chance)


def large(shared: Mapping[str, bytes], bucket: str, size: int) -> Iterator[tuple[str, bytes]]:
    """Yield one cluster with four etcd clusters, whose newest backups have `size` bytes each."""
    name, chance = cluster_name(0), random.Random(0)  # noqa: S311 - not for keys
    yield from _definition(name, shared, bucket)
    for etcd in ("cilium", "events", "leases", "main"):
        place = f"{name}/backups/etcd/{etcd}/{NEWEST}"
        yield f"{place}/_etcd_backup.meta", f'{{"etcdVersion":"3.6.12","of":"{etcd}"}}'.encode()
        yield f"{place}/etcd.backup.gz", _backup(chance, size)


def _elsewhere(body: bytes, home: Path) -> bytes:
    """Return what lay in the directory `home` as it would be in `_STORE`; kops names both ways."""
    for spelled in (home.as_uri(), str(home)):
        body = body.replace(spelled.encode(), _STORE.encode())
    return body


def _definition(name: str, shared: Mapping[str, bytes], bucket: str) -> Iterator[tuple[str, bytes]]:
    def change(body: bytes) -> bytes:
        here = body.replace(_STORE.encode(), f"s3://{bucket}".encode())
        return here.replace(_TEMPLATE.encode(), name.encode())

    for key, body in _changed(shared, change).items():
        yield f"{name}/{key}", body


def _changed(objects: Mapping[str, bytes], change: Callable[[bytes], bytes]) -> dict[str, bytes]:
    """Return changed objects, whose channel names their digests: kled reads damaged ones again."""
    made = {key: change(body) for key, body in objects.items()}
    for key, body in objects.items():
        made[_CHANNEL] = made[_CHANNEL].replace(_digest(body), _digest(made[key]))
    return made


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _backups(name: str, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    for etcd in ("events", "main"):
        for at in range(1, LISTED_BACKUPS // 4 + 1):
            hour, quarter = divmod(at - 1, 4)
            stamp = f"2026-11-24T{5 + hour:02d}:{quarter * 15:02d}:00Z-{at:06d}"
            newest = at == LISTED_BACKUPS // 4
            label = NEWEST if newest else stamp
            place = f"{name}/backups/etcd/{etcd}/{label}"
            yield f"{place}/_etcd_backup.meta", b'{"etcdVersion":"3.6.12"}'
            yield f"{place}/etcd.backup.gz", _backup(chance, 20_000 if newest else 64)


def _backup(chance: random.Random, size: int) -> bytes:
    """Return an etcd backup of about `size` bytes that holds no database: its digest is right."""
    sectors = chance.randbytes(size // 512 * 512 or 512)
    return gzip.compress(sectors + hashlib.sha256(sectors).digest(), 1, mtime=0)


def _text(chance: random.Random, size: int) -> bytes:
    """Return YAML-like text that compresses as manifests do, about fourfold."""
    lines = [
        f"  key-{at % 37}: {base64.b64encode(chance.randbytes(9)).decode()}"
        f" # the quick brown fox jumps over the lazy dog"
        for at in range(size // 60 + 1)
    ]
    return "\n".join(lines).encode()[:size]
