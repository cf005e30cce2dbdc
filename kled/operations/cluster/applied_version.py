"""The Kubernetes version that a cluster's machines were last told to run."""

from kled.kops.state_store import contents, layout
from kled.models.version import KubernetesVersion, stored_version
from kled.operations.session import Session
from kled.storage.bounded import get_if_readable


def applied_version(session: Session, cluster: str) -> KubernetesVersion | None:
    """Return the Kubernetes version of the last `update cluster --yes`.

    None where it is unreadable.

    It is older than the stored version where an upgrade was stored and never applied. One request.
    """
    body = get_if_readable(session.state_store, f"{cluster}/{layout.COMPLETED}")
    document = contents.mapping(body or b"") or {}
    spec = document.get("spec")
    text = spec.get("kubernetesVersion") if isinstance(spec, dict) else None
    return stored_version(text) if isinstance(text, str) else None
