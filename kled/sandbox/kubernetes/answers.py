"""From a request to its answer: reads with selectors and pages, writes, evictions."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import yaml

from kled.sandbox.kubernetes import budgets, nodes
from kled.sandbox.kubernetes.documents import CLUSTERWIDE, KINDS, SHORT, WRITTEN, everything, typed
from kled.sandbox.kubernetes.selectors import pick
from kled.sandbox.kubernetes.world import Json, World, moment, uid

Answer = tuple[int, Json]
_PATH: Final = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[a-z0-9.]+/v1))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[a-z]+))?/(?P<plural>[a-z]+)"
    r"(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?"
)
_APPLY, _STRATEGIC = "application/apply-patch+yaml", "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class Request:
    """One call: what it is about, and what it says."""

    method: str
    plural: str
    namespace: str
    name: str
    sub: str
    query: dict[str, str]
    content_type: str
    body: Json

    @property
    def where(self) -> str:
        """Where its object stands among those of its kind."""
        return self.name if self.plural in CLUSTERWIDE else f"{self.namespace}/{self.name}"


def answer(world: World, method: str, target: str, content_type: str, body: bytes) -> Answer:
    """Answer one request; what it changes is in `world.state`."""
    url = urlsplit(target)
    discovered = _discovery(url.path)
    if discovered is not None:
        return HTTPStatus.OK, discovered
    match = _PATH.fullmatch(url.path)
    version = match and (match["core"] or match["group"])
    if not match or KINDS.get(match["plural"], ("",))[0] != version:
        return failure(HTTPStatus.NOT_FOUND, "the server could not find the requested resource")
    request = Request(
        method,
        match["plural"],
        match["namespace"] or "",
        match["name"] or "",
        match["sub"] or "",
        {name: values[0] for name, values in parse_qs(url.query).items()},
        content_type.partition(";")[0],
        yaml.safe_load(body) or {} if body else {},
    )
    return _routed(world, request)


def failure(status: int, message: str, *, cause: str = "") -> Answer:
    """Return a `Status`, the API's way of saying no."""
    details = {"causes": [{"reason": "DisruptionBudget", "message": cause}]} if cause else {}
    return status, {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": HTTPStatus(status).phrase.title().replace(" ", ""),
        "details": details,
        "code": int(status),
    }


def _routed(world: World, request: Request) -> Answer:
    objects = everything(world, request.plural)
    if not request.name:
        is_new = request.method == "POST"
        return _create(world, request) if is_new else _list(objects, request)
    stored = objects.get(request.where)
    if request.content_type == _APPLY and request.plural in WRITTEN:
        return _write(world, request, stored or {})
    if stored is None:
        message = f'{request.plural} "{request.name}" not found'
        return failure(HTTPStatus.NOT_FOUND, message)
    if request.sub == "eviction":
        return _evict(world, request, stored)
    act = {"PATCH": _change, "PUT": _change, "DELETE": _delete}.get(request.method)
    return act(world, request, stored) if act else (HTTPStatus.OK, stored)


def _list(objects: dict[str, Json], request: Request) -> Answer:
    items = pick(objects.values(), request.namespace, request.query)
    start = int(request.query.get("continue", 0))
    limit = int(request.query.get("limit", 0)) or len(items)
    meta: Json = {"resourceVersion": "1"}
    if start + limit < len(items):
        meta["continue"] = str(start + limit)
    version, kind = KINDS[request.plural]
    shown = items[start : start + limit]
    return HTTPStatus.OK, {
        "kind": f"{kind}List",
        "apiVersion": version,
        "metadata": meta,
        "items": shown,
    }


def _create(world: World, request: Request) -> Answer:
    name = request.body.get("metadata", {}).get("name", "")
    with_name = Request(**{**vars(request), "name": name})
    if request.plural not in WRITTEN or not name:
        return failure(HTTPStatus.METHOD_NOT_ALLOWED, f"{request.plural} are not made by clients")
    if with_name.where in everything(world, request.plural):
        return failure(HTTPStatus.CONFLICT, f'{request.plural} "{name}" already exists')
    return _write(world, with_name, {})


def _write(world: World, request: Request, stored: Json) -> Answer:
    """Merge what was sent into what is there, or make it."""
    about: Json = {
        "uid": uid(request.plural, request.where, str(world.next_number())),
        "creationTimestamp": moment(world.now),
        **stored.get("metadata", {}),
        **request.body.get("metadata", {}),
        "name": request.name,
        "resourceVersion": str(world.next_number()),
    }
    if request.plural not in CLUSTERWIDE:
        about["namespace"] = request.namespace
    merged = {**merge(stored, request.body), **typed(request.plural), "metadata": about}
    merged.pop("status", None)
    world.state["objects"].setdefault(request.plural, {})[request.where] = merged
    return HTTPStatus.OK if stored else HTTPStatus.CREATED, merged


def _change(world: World, request: Request, stored: Json) -> Answer:
    sent = request.body.get("metadata", {}).get("resourceVersion")
    if sent is not None and sent != stored["metadata"].get("resourceVersion"):
        message = "the object has been modified; please apply your changes to the latest version"
        return failure(HTTPStatus.CONFLICT, message)
    if request.plural == "nodes":
        strategic = request.content_type == _STRATEGIC
        nodes.change(world, request.name, request.body, strategic=strategic)
        return HTTPStatus.OK, nodes.document(world, request.name)
    if request.plural not in WRITTEN:
        return failure(HTTPStatus.METHOD_NOT_ALLOWED, f"{request.plural} are not changed so")
    return _write(world, request, {} if request.method == "PUT" else stored)


def _delete(world: World, request: Request, stored: Json) -> Answer:
    if request.plural == "nodes":
        world.state["nodes"].setdefault(request.name, {})["deleted"] = True
    elif request.plural == "pods":
        world.state["pods"][request.where]["leaving"] = world.now
    else:
        world.state["objects"].get(request.plural, {}).pop(request.where, None)
    return HTTPStatus.OK, stored


def _evict(world: World, request: Request, stored: Json) -> Answer:
    wanted = (request.body.get("deleteOptions") or {}).get("preconditions") or {}
    if wanted.get("uid", stored["metadata"]["uid"]) != stored["metadata"]["uid"]:
        return failure(HTTPStatus.CONFLICT, "Precondition failed: UID in precondition differs")
    refused = budgets.evict(world, request.where)
    if refused is not None:
        return failure(refused.status, refused.message, cause=refused.cause)
    return HTTPStatus.CREATED, {"kind": "Status", "apiVersion": "v1", "status": "Success"}


def merge(stored: Any, sent: Any) -> Any:  # noqa: ANN401 - any JSON
    """Merge as RFC 7396 says: null removes, objects merge, all else replaces."""
    if not isinstance(stored, dict) or not isinstance(sent, dict):
        return sent
    merged = dict(stored)
    for name, value in sent.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def _discovery(path: str) -> Json | None:
    if path == "/version":
        return {"major": "1", "minor": "35", "gitVersion": "v1.35.5", "platform": "linux/amd64"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    groups = sorted({version for version, _ in KINDS.values()})
    if path == "/apis":
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [_group(group) for group in groups if "/" in group],
        }
    version = path.removeprefix("/apis/").removeprefix("/api/")
    if version in groups and path != version:
        return {
            "kind": "APIResourceList",
            "groupVersion": version,
            "resources": _resources(version),
        }
    return None


def _group(version: str) -> Json:
    served = {"groupVersion": version, "version": version.rpartition("/")[2]}
    return {"name": version.partition("/")[0], "versions": [served], "preferredVersion": served}


def _resources(version: str) -> list[Json]:
    verbs = ["create", "delete", "get", "list", "patch", "update"]
    return [
        {
            "name": plural,
            "singularName": kind.lower(),
            "kind": kind,
            "namespaced": plural not in CLUSTERWIDE,
            "shortNames": [SHORT[plural]] if plural in SHORT else [],
            "verbs": verbs,
        }
        for plural, (of, kind) in KINDS.items()
        if of == version
    ]
