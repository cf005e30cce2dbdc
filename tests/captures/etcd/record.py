"""Record the etcd backups of this directory with a real etcd: see README.md.

python record.py NAME ETCD ETCDCTL ETCDUTL [--clear-secrets]
"""

import base64
import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

HERE = Path(__file__).parent
ENCRYPTED = b"k8s:enc:aescbc:v1:key1:"
VALUE = b"k8s\0\n\x0c\n\x02v1\x12\x06"
GROUPED = {
    "apiextensions.k8s.io/customresourcedefinitions": 12,
    "apiregistration.k8s.io/apiservices": 30,
    "cilium.io/ciliumendpoints/default": 25,
    "cert-manager.io/certificates/web": 3,
}
CORE = {
    "configmaps/kube-system": 40,
    "deployments/default": 60,
    "events/default": 120,
    "leases/kube-node-lease": 6,
    "minions": 6,
    "namespaces": 8,
    "pods/default": 180,
    "secrets/kube-system": 35,
    "services/endpoints/default": 20,
    "services/specs/default": 20,
}


def puts(clear_secrets: bool) -> Iterator[tuple[str, bytes]]:
    for prefix, count in {**GROUPED, **CORE}.items():
        for n in range(count):
            body = VALUE + prefix.encode() + b"\0" * (n % 7 * 60)
            if prefix.startswith("secrets") and not (clear_secrets and n % 5 == 0):
                body = ENCRYPTED + body
            yield f"/registry/{prefix}/object-{n:04}", body
    yield "/registry/ranges/serviceips", VALUE
    yield "/registry/configmaps/web/large", VALUE + b"L" * 700_000  # runs over many pages
    yield "compact_rev_key", b"100"


class Gateway:
    def __init__(self, address: str) -> None:
        self._http = httpx.Client(base_url=address, trust_env=False, timeout=30)

    def ready(self) -> bool:
        try:
            return "true" in self._http.get("/health").text
        except httpx.TransportError:
            return False

    def put(self, key: str, value: bytes) -> None:
        self._call("put", key=_text(key.encode()), value=_text(value))

    def delete(self, key: str) -> None:
        self._call("deleterange", key=_text(key.encode()))

    def compact(self, revision: int) -> None:
        self._call("compaction", revision=str(revision), physical=True)

    def swap(self, first: str, second: str) -> None:
        """Two changes in one transaction: one main revision, two subs."""
        changes = [
            {"requestPut": {"key": _text(k.encode()), "value": _text(VALUE)}}
            for k in (first, second)
        ]
        self._call("txn", success=changes)

    def _call(self, verb: str, **body: object) -> None:
        self._http.post(f"/v3/kv/{verb}", json=body).raise_for_status()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def fill(gateway: Gateway, clear_secrets: bool) -> None:
    for key, value in puts(clear_secrets):
        gateway.put(key, value)
    for n in range(30):  # changed several times; the older changes are compacted below
        for _ in range(3):
            gateway.put(f"/registry/pods/default/object-{n:04}", VALUE + b"again")
    gateway.compact(640)
    for n in range(150, 180):
        gateway.delete(f"/registry/pods/default/object-{n:04}")
    gateway.delete("/registry/secrets/kube-system/object-0000")
    gateway.put("/registry/pods/default/object-0150", VALUE + b"born again")
    gateway.swap("/registry/minions/object-0000", "/registry/minions/object-0001")


def counts(etcdctl: str, endpoint: str) -> dict[str, int]:
    """Ask etcd itself: live keys by the parts before the object's name."""
    keys = _run(etcdctl, f"--endpoints={endpoint}", "get", "", "--from-key", "--keys-only")
    found: dict[str, int] = {}
    for key in keys.split():
        prefix = key.rpartition("/")[0] or key
        found[prefix] = found.get(prefix, 0) + 1
    return dict(sorted(found.items()))


def _run(*argv: str) -> str:
    environment = {**os.environ, "ETCDCTL_API": "3"}
    return subprocess.run(argv, check=True, capture_output=True, text=True, env=environment).stdout


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def main(name: str, etcd: str, etcdctl: str, etcdutl: str, *flags: str) -> None:
    client, peer = (f"http://127.0.0.1:{_port()}" for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder, "snapshot.db")
        server = subprocess.Popen(
            [
                etcd,
                f"--data-dir={folder}/data",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            gateway = Gateway(client)
            while not gateway.ready():
                time.sleep(0.1)
            fill(gateway, "--clear-secrets" in flags)
            _run(etcdctl, f"--endpoints={client}", "snapshot", "save", str(snapshot))
            live = counts(etcdctl, client)
        finally:
            server.kill()
            server.wait()
        status = json.loads(_run(etcdutl, "snapshot", "status", str(snapshot), "-w", "json"))
        body = gzip.compress(snapshot.read_bytes(), 9, mtime=0)
    version = _run(etcd, "--version").split()[2]
    (HERE / f"{name}.gz").write_bytes(body)
    facts = {"etcd": version, "status": status, "live": live}
    (HERE / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
