"""Record what a real API server keeps in etcd: see README.md.

python -m tests.captures.etcd.record_api NAME
"""

import base64
import gzip
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from lightkube import Client
from lightkube.codecs import from_dict
from lightkube.resources.core_v1 import PersistentVolume, Service

from kled.kubernetes.client import Api
from tests.kubernetes import control_plane

HERE = Path(__file__).parent
ZONE = "topology.kubernetes.io/zone"
ADDRESSES = {"shop": [{"hostname": "shop-1234.elb.example.com"}], "api": [{"ip": "203.0.113.7"}]}


def volumes() -> Iterator[dict[str, Any]]:
    yield volume("pv-a", ebs("vol-0a"), zones(ZONE, "us-east-1a"), claim("data-0"))
    driver = zones("topology.ebs.csi.aws.com/zone", "us-east-1b")
    yield volume("pv-b", ebs("vol-0b"), driver, claim("data-1"))
    yield volume("pv-two", ebs("vol-0c"), zones(ZONE, "us-east-1a", "us-east-1b"))
    labelled = volume("pv-label", {"nfs": {"server": "192.0.2.4", "path": "/x"}})
    labelled["metadata"]["labels"] = {"failure-domain.beta.kubernetes.io/zone": "us-east-1c"}
    yield labelled
    yield volume("pv-host", {"hostPath": {"path": "/data"}})
    yield volume("pv-gone", ebs("vol-0d"), zones(ZONE, "us-east-1a"))


def volume(name: str, *parts: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}
    for part in parts:
        spec |= part
    meta = {"name": name}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta, "spec": spec}


def ebs(handle: str) -> dict[str, Any]:
    return {"csi": {"driver": "ebs.csi.aws.com", "volumeHandle": handle}}


def zones(key: str, *values: str) -> dict[str, Any]:
    rule = {"key": key, "operator": "In", "values": list(values)}
    return {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}}


def claim(name: str) -> dict[str, Any]:
    return {"claimRef": {"kind": "PersistentVolumeClaim", "namespace": "web", "name": name}}


def service(name: str, kind: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "web"}
    spec = {"type": kind, "ports": [{"port": 80}], "selector": {"app": name}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def fill(client: Client) -> None:
    made = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}}, *volumes()]
    made += [service(name, "LoadBalancer") for name in (*ADDRESSES, "gone")]
    made += [service("inner", "ClusterIP")]
    meta = {"name": "token", "namespace": "web"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta}
    made += [{**secret, "stringData": {"word": "made-up"}}]
    for document in made:
        client.create(from_dict(document))
    client.delete(PersistentVolume, "pv-gone")
    client.delete(Service, "gone", namespace="web")
    for name, ingress in ADDRESSES.items():
        status = {"status": {"loadBalancer": {"ingress": ingress}}}
        client.patch(Service.Status, name, status, namespace="web")


def facts(client: Client, masters: list[str]) -> dict[str, Any]:
    """Ask the API itself."""
    balancers = {
        name: [each.get("hostname") or each.get("ip") for each in ingress]
        for name, ingress in ADDRESSES.items()
    }
    return {
        "volumes": sorted(str(each.metadata.name) for each in client.list(PersistentVolume)),  # type: ignore[union-attr]
        "load_balancers": {f"web/{name}": reached for name, reached in balancers.items()},
        "masterleases": [key.rpartition("/")[2] for key in masters],
    }


def saved(etcd: str) -> bytes:
    """The database and its digest, as `etcdctl snapshot save` has it from the same call."""
    body = b""
    with httpx.stream("POST", f"{etcd}/v3/maintenance/snapshot", json={}, timeout=60) as answer:
        for line in filter(str.strip, answer.iter_lines()):
            body += base64.b64decode(json.loads(line)["result"].get("blob", ""))
    return body


def record(api: Api, plane: control_plane.ControlPlane, name: str) -> None:
    fill(api.client)
    time.sleep(10)  # the API server enters itself, and disks of what was deleted are let go
    told = facts(api.client, list(plane.etcd.keys("/registry/masterleases/")))
    (HERE / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n")
    (HERE / f"{name}.gz").write_bytes(gzip.compress(saved(plane.etcd.url), 9, mtime=0))


if __name__ == "__main__":
    with control_plane.running() as plane, plane.connect() as api:
        record(api, plane, sys.argv[1])
