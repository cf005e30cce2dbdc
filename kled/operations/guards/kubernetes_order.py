"""Kubernetes only goes forward: no change takes a cluster to an earlier minor version.

Edits and upgrades refuse an earlier version when they store it. A definition also comes into the
state store in other ways: by a restore of the definition alone, by `kops replace`, by an editor.
kops applies it, and API servers that do not know the form of what etcd keeps lose it.
"""

from kled.errors import NotApproved
from kled.kops.state_store import contents, layout
from kled.models.version import KubernetesVersion, stored_version
from kled.operations.cluster.applied_version import applied_version
from kled.operations.session import Session
from kled.sentences import options
from kled.storage.bounded import get_if_readable


def require(session: Session, cluster: str) -> None:
    """Raise `NotApproved` where the stored minor version is before the one that was applied last.

    Patch versions may go back. Two requests; only reads. A restore of the whole cluster brings the
    applied version along with the definition, and the etcd backups of that time with both.
    """
    now, applied = _stored_version(session, cluster), applied_version(session, cluster)
    if now is None or applied is None or now.minor >= applied.minor:
        return
    back = options(name=cluster, set=f"spec.kubernetesVersion={applied}")
    raise NotApproved(
        f'cluster "{cluster}" was applied with Kubernetes {applied}, and its definition says {now}:'
        " a downgrade, which Kubernetes does not support; nothing was changed",
        hint=f"put the version back: kled kops edit-cluster {back}; a cluster goes back by a"
        " restore of a whole snapshot and of its etcd backup (docs/recovery.md)",
    )


def _stored_version(session: Session, cluster: str) -> KubernetesVersion | None:
    body = get_if_readable(session.state_store, f"{cluster}/{layout.CONFIG}")
    spec = (contents.mapping(body or b"") or {}).get("spec")
    text = spec.get("kubernetesVersion") if isinstance(spec, dict) else None
    return stored_version(str(text)) if text is not None else None
