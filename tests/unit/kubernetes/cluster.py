"""A Kubernetes API in this process: it remembers objects and evictions, and fails when told to."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import yaml

from kled.kubernetes.client import Api, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Json = dict[str, Any]
Answer = tuple[int, Json, dict[str, str]]
TOKEN = "a-token-that-nobody-may-see"
_KINDS = {
    "nodes": ("Node", "v1"),
    "pods": ("Pod", "v1"),
    "services": ("Service", "v1"),
    "poddisruptionbudgets": ("PodDisruptionBudget", "policy/v1"),
    "deployments": ("Deployment", "apps/v1"),
}


class Cluster:
    """Objects by plural and name; `answers` are given to the next requests instead of the truth."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Json]] = {plural: {} for plural in _KINDS}
        self.evictions: list[str] = []
        self.asked: list[tuple[str, str, Json]] = []
        self.answers: deque[Answer] = deque()
        self.on_evict: Callable[[str], Answer | None] = lambda _name: None
        """Answers an eviction; None evicts the pod at once."""
        self.down = False
        """Whether every request gets a 503."""
        self.lock = threading.Lock()

    def node(self, name: str, **spec: object) -> None:
        self.objects["nodes"][name] = {
            "metadata": {"name": name, "resourceVersion": "1", "labels": {"pool": "blue"}},
            "spec": {"providerID": f"aws:///us-east-1a/i-{name}", **spec},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }

    def pod(
        self,
        name: str,
        node: str,
        *,
        owner: tuple[str, str] | None = ("ReplicaSet", "web-5d"),
        labels: dict[str, str] | None = None,
        phase: str = "Running",
        ready: bool = True,
        **metadata: object,
    ) -> None:
        about: Json = {"name": name, "namespace": "shop", "uid": f"uid-{name}", **metadata}
        about["labels"] = {"app": "web"} if labels is None else labels
        if owner:
            kind, of = owner
            about["ownerReferences"] = [
                {"apiVersion": "v1", "kind": kind, "name": of, "uid": of, "controller": True}
            ]
        condition = {"type": "Ready", "status": str(ready)}
        self.objects["pods"][name] = {
            "metadata": about,
            "spec": {"nodeName": node, "containers": []},
            "status": {"phase": phase, "conditions": [condition]},
        }

    def budget(self, name: str, *, selector: Json | None, **status: int) -> None:
        self.objects["poddisruptionbudgets"][name] = {
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {} if selector is None else {"selector": selector},
            "status": {"expectedPods": 1, **status},
        }

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        with self.lock:
            url = urlsplit(target)
            document: Json = json.loads(body) if body else {}
            self.asked.append((method, url.path, document))
            if self.down:
                return failure(503, "the server is currently unable to handle the request")
            if self.answers:
                return self.answers.popleft()
            found = re.fullmatch(
                r"/apis?/[a-z0-9/]+?(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?(/eviction)?",
                url.path,
            )
            if found is None or found[2] not in _KINDS:
                return failure(404, "the server could not find the requested resource")
            return self._about(method, found[2], found[3], bool(found[4]), url.query, document)

    def _about(
        self, method: str, plural: str, name: str | None, evicts: bool, query: str, body: Json
    ) -> Answer:
        there = self.objects[plural]
        if name is None:
            return self._listed(plural, {k: v[0] for k, v in parse_qs(query).items()})
        if method == "PATCH" and name not in there and "fieldManager" in query:
            there[name] = body
        if name not in there:
            return failure(404, f'{plural} "{name}" not found')
        if evicts:
            return self._evict(name, body)
        if method == "DELETE":
            del there[name]
            return 200, {"kind": "Status", "status": "Success"}, {}
        if method == "PATCH":
            return self._patched(there[name], body)
        return 200, there[name], {}

    def _evict(self, name: str, body: Json) -> Answer:
        uid = body["deleteOptions"]["preconditions"]["uid"]
        if self.objects["pods"][name]["metadata"]["uid"] != uid:
            return failure(409, "the UID in the precondition does not match")
        answer = self.on_evict(name)
        if answer is not None:
            return answer
        self.evictions.append(name)
        self.objects["pods"].pop(name, None)
        return 201, {"kind": "Status", "status": "Success"}, {}

    def _patched(self, found: Json, body: Json) -> Answer:
        seen = body.get("metadata", {}).get("resourceVersion")
        now = found["metadata"].get("resourceVersion")
        if seen is not None and seen != now:
            return failure(409, "the object has been modified")
        found.setdefault("spec", {}).update(body.get("spec", {}))
        found["metadata"]["resourceVersion"] = str(int(now or 0) + 1)
        return 200, found, {}

    def _listed(self, plural: str, query: dict[str, str]) -> Answer:
        wanted = query.get("fieldSelector", "").removeprefix("spec.nodeName=")
        items = [
            one
            for one in self.objects[plural].values()
            if not wanted or one["spec"].get("nodeName") == wanted
        ]
        start, limit = int(query.get("continue", 0)), int(query.get("limit", 0)) or len(items)
        kind, version = _KINDS[plural]
        meta = {"resourceVersion": "1"}
        if start + limit < len(items):
            meta["continue"] = str(start + limit)
        document = {"kind": f"{kind}List", "apiVersion": version, "metadata": meta}
        return 200, {**document, "items": items[start : start + limit]}, {}


def failure(status: int, message: str, *, cause: str = "", **headers: str) -> Answer:
    """A `Status` as the API gives it."""
    details = {"causes": [{"reason": "DisruptionBudget", "message": cause}]} if cause else {}
    document = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": HTTPStatus(status).phrase.replace(" ", ""),
        "details": details,
        "code": status,
    }
    return status, document, headers


def held(name: str) -> Answer:
    """What an eviction gets that a budget forbids."""
    words = f"The disruption budget {name} needs 2 healthy pods and has 2 currently"
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return failure(429, message, cause=words)


@contextmanager
def serving(cluster: Cluster) -> Iterator[str]:
    """Yield the URL at which the cluster answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
        http.cluster = cluster  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


def kubeconfig(directory: Path, server: str, **user: object) -> Path:
    """Write a kubeconfig; its user has a token, unless told otherwise."""
    document = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user or {"token": TOKEN}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return path


@contextmanager
def connected(cluster: Cluster, directory: Path) -> Iterator[Api]:
    """Yield a connection to the cluster."""
    with serving(cluster) as server, connect(kubeconfig(directory, server)) as api:
        yield api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    """An answer is one packet: headers alone would wait for an acknowledgement."""

    def _answer(self) -> None:
        cluster: Cluster = self.server.cluster  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            status, document, headers = failure(401, "Unauthorized")
        else:
            status, document, headers = cluster.answer(self.command, self.path, body)
        sent = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Be quiet."""
