"""What etcd-manager's two control objects say, and what is wrong with them. Pure.

`etcd-cluster-created` says that there is a cluster: without it, etcd-manager that finds
`etcd-cluster-spec` stops etcd and begins an empty one; an empty file is an error at which it stops.
`etcd-cluster-spec` says how many members of which version there are to be; kops writes it in each
update, etcd-manager acts on it (facts of the state-store layout).
"""

from dataclasses import dataclass
from typing import Final

from kled.documents import parse_json
from kled.errors import DocumentDamaged
from kled.kops.state_store import layout

_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """What `etcd-cluster-spec` asks etcd-manager for."""

    members: int
    version: str


def created_problem(body: bytes) -> str:
    """Say what keeps etcd-manager from reading `etcd-cluster-created`; empty: it can."""
    document = _mapping(body)
    if document is None:
        return f"{layout.CREATED_MARKER} holds no JSON object, at which etcd-manager stops"
    stamp = document.get("timestamp")
    if isinstance(stamp, bool) or not str(stamp).lstrip("-").isdecimal():
        return f"{layout.CREATED_MARKER} has no timestamp"
    return ""


def member_spec(body: bytes) -> MemberSpec | None:
    """Return what `etcd-cluster-spec` says; None where etcd-manager could not read it."""
    document = _mapping(body)
    members = document.get("memberCount") if document else None
    if document is None or isinstance(members, bool) or not isinstance(members, int):
        return None
    return MemberSpec(members, str(document.get("etcdVersion", ""))[:_LONGEST])


def _mapping(body: bytes) -> dict[str, object] | None:
    try:
        document = parse_json(body, what="a control object of etcd-manager")
    except DocumentDamaged:
        return None
    return document if isinstance(document, dict) else None
