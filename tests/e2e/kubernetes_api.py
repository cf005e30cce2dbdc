"""A small Kubernetes API over HTTP: what kops' validate, rolling-update and drain ask for.

A cluster's API is at `/<cluster name>/…`, so that one server stands in for all of them.
"""

from __future__ import annotations

import json
import re
import threading
from abc import ABC, abstractmethod
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.e2e.kubernetes_objects import VERSION, ClusterObjects, metadata, running_instances

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
Answer = tuple[HTTPStatus, Json]

NAMESPACES = ("default", "kube-system", "kube-node-lease", "kube-public")


class KubernetesApi:
    """The simulated APIs of all clusters of one cloud; `cluster(name).faults` breaks one."""

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2
        self._clusters: dict[str, ClusterObjects] = {}
        self.lock = threading.Lock()

    def cluster(self, name: str) -> ClusterObjects:
        """The objects of the named cluster, whether or not it exists in the cloud yet."""
        return self._clusters.setdefault(
            name, ClusterObjects(lambda: running_instances(self._ec2, name))
        )

    def answer(self, cluster: str, method: str, target: str, body: bytes) -> Answer:
        """The status and document for one request below a cluster's root."""
        url = urlsplit(target)
        request = Request(self.cluster(cluster), parse_qs(url.query), body)
        for pattern, respond in ROUTES:
            match = re.fullmatch(pattern, f"{method} {url.path}")
            if match:
                with self.lock:
                    return respond(request, *match.groups())
        return failure(HTTPStatus.NOT_FOUND, f"nothing at {method} {url.path}")


class Request:
    """One call: the cluster's objects, the query and the decoded body."""

    def __init__(self, objects: ClusterObjects, query: dict[str, list[str]], body: bytes) -> None:
        self.objects = objects
        self.fields = dict(
            f.split("=", 1) for f in query.get("fieldSelector", [""])[0].split(",") if f
        )
        self.body: Json = json.loads(body) if body.startswith(b"{") else {}


def failure(status: HTTPStatus, message: str) -> Answer:
    """A `Status` document, the API's way of saying no."""
    reason = status.phrase.title().replace(" ", "")
    document = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return status, document | {"message": message, "reason": reason, "code": status.value}


def _listed(kind: str, items: list[Json], version: str = "v1") -> Answer:
    meta = {"resourceVersion": "1"}
    return HTTPStatus.OK, {"kind": kind, "apiVersion": version, "metadata": meta, "items": items}


def _named(items: list[Json], name: str) -> Answer:
    found = [item for item in items if item["metadata"]["name"] == name]
    missing = failure(HTTPStatus.NOT_FOUND, f'"{name}" not found')
    return (HTTPStatus.OK, found[0]) if found else missing


def _version(_: Request) -> Answer:
    return HTTPStatus.OK, {"major": "1", "minor": "36", "gitVersion": VERSION}


def _legacy_group(_: Request) -> Answer:
    return HTTPStatus.OK, {"kind": "APIVersions", "versions": ["v1"]}


def _groups(_: Request) -> Answer:
    version = {"groupVersion": "policy/v1", "version": "v1"}
    group = {"name": "policy", "versions": [version], "preferredVersion": version}
    return HTTPStatus.OK, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}


def _core_resources(_: Request) -> Answer:
    plain = [("nodes", "Node", False), ("pods", "Pod", True), ("namespaces", "Namespace", False)]
    resources = [_resource(name, kind, namespaced=owned) for name, kind, owned in plain]
    eviction = _resource("pods/eviction", "Eviction", namespaced=True)
    resources.append(eviction | {"group": "policy", "version": "v1"})
    document = {"kind": "APIResourceList", "groupVersion": "v1", "resources": resources}
    return HTTPStatus.OK, document


def _policy_resources(_: Request) -> Answer:
    resources = [_resource("poddisruptionbudgets", "PodDisruptionBudget", namespaced=True)]
    document = {"kind": "APIResourceList", "groupVersion": "policy/v1", "resources": resources}
    return HTTPStatus.OK, document


def _resource(name: str, kind: str, *, namespaced: bool) -> Json:
    return {"name": name, "kind": kind, "namespaced": namespaced, "verbs": ["get", "list"]}


def _namespaces(_: Request) -> Answer:
    items = [
        {"metadata": metadata(n, labels={}), "status": {"phase": "Active"}} for n in NAMESPACES
    ]
    return _listed("NamespaceList", items)


def _nodes(request: Request) -> Answer:
    return _listed("NodeList", request.objects.nodes())


def _node(request: Request, name: str) -> Answer:
    return _named(request.objects.nodes(), name)


def _patch_node(request: Request, name: str) -> Answer:
    request.objects.patch_node(name, request.body)
    return _node(request, name)


def _delete_node(request: Request, name: str) -> Answer:
    answer = _node(request, name)
    request.objects.delete_node(name)
    return answer


def _pods(request: Request, namespace: str | None = None) -> Answer:
    wanted_node = request.fields.get("spec.nodeName")
    items = [
        pod
        for pod in request.objects.pods()
        if namespace in {None, pod["metadata"]["namespace"]}
        and wanted_node in {None, pod["spec"]["nodeName"]}
    ]
    return _listed("PodList", items)


def _pod(request: Request, namespace: str, name: str) -> Answer:
    return _named(_pods(request, namespace)[1]["items"], name)


def _evict(request: Request, namespace: str, name: str) -> Answer:
    status, document = _pod(request, namespace, name)
    if status is not HTTPStatus.OK:
        return status, document
    request.objects.evict(name)
    return HTTPStatus.CREATED, {"kind": "Status", "apiVersion": "v1", "status": "Success"}


def _budgets(_: Request) -> Answer:
    return _listed("PodDisruptionBudgetList", [], "policy/v1")


def _services(_: Request) -> Answer:
    return _listed("ServiceList", [])


ROUTES: tuple[tuple[str, Callable[..., Answer]], ...] = (
    (r"GET /version", _version),
    (r"GET /api", _legacy_group),
    (r"GET /apis", _groups),
    (r"GET /api/v1", _core_resources),
    (r"GET /apis/policy/v1", _policy_resources),
    (r"GET /apis/policy/v1/poddisruptionbudgets", _budgets),
    (r"GET /api/v1/namespaces", _namespaces),
    (r"GET /api/v1/services", _services),
    (r"GET /api/v1/nodes", _nodes),
    (r"GET /api/v1/nodes/([^/]+)", _node),
    (r"PATCH /api/v1/nodes/([^/]+)", _patch_node),
    (r"DELETE /api/v1/nodes/([^/]+)", _delete_node),
    (r"GET /api/v1/pods", _pods),
    (r"GET /api/v1/namespaces/([^/]+)/pods", _pods),
    (r"GET /api/v1/namespaces/([^/]+)/pods/([^/]+)", _pod),
    (r"POST /api/v1/namespaces/([^/]+)/pods/([^/]+)/eviction", _evict),
)


class JsonHandler(BaseHTTPRequestHandler, ABC):
    """Speaks HTTP for `respond(method, path, body)`; subclasses say what to answer."""

    protocol_version = "HTTP/1.1"

    @abstractmethod
    def respond(self, method: str, target: str, body: bytes) -> Answer | None:
        """The answer to one request; None hangs up without one."""

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def do_PATCH(self) -> None:
        self._reply()

    def do_DELETE(self) -> None:
        self._reply()

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        answer = self.respond(self.command, self.path, body)
        if answer is None:
            self.close_connection = True
            return
        status, document = answer
        payload = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the answers are what tests look at."""


class ApiServer(ThreadingHTTPServer):
    """Plain HTTP for `--api-server http://127.0.0.1:PORT/<cluster>`."""

    daemon_threads = True

    def __init__(self, api: KubernetesApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), ApiHandler)

    def url(self, cluster: str) -> str:
        """What `--api-server` takes for the named cluster."""
        return f"http://127.0.0.1:{self.server_port}/{cluster}"


class ApiHandler(JsonHandler):
    """Takes the cluster's name from the first part of the path."""

    server: ApiServer

    def respond(self, method: str, target: str, body: bytes) -> Answer | None:
        """Hang up where the cluster is unreachable."""
        cluster, _, rest = target.removeprefix("/").partition("/")
        if self.server.api.cluster(cluster).faults.unreachable:
            return None
        return self.server.api.answer(cluster, method, f"/{rest}", body)
