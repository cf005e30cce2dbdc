"""Which labels a group's definition gives its nodes, and how they travel to a node on AWS.

kops turns them into tags of the autoscaling group; a machine takes the tags at its launch; and
kops-controller turns the machine's tags into its node's labels (kops 1.36.2: pkg/nodelabels,
pkg/model/context.go, pkg/nodeidentity/aws, cmd/kops-controller). Nothing on AWS says which group a
node belongs to but the group's own `spec.nodeLabels`.
"""

from collections.abc import Mapping
from typing import Any, Final

from kled.sandbox.definition.definitions import Document

TAG: Final = "k8s.io/cluster-autoscaler/node-template/label/"
"""What a tag that becomes a label begins with."""
CONTROL_PLANE: Final = "node-role.kubernetes.io/control-plane"
_NODE, _API_SERVER = "node-role.kubernetes.io/node", "node-role.kubernetes.io/api-server"
ROLES: Final = frozenset({CONTROL_PLANE, _NODE, _API_SERVER})
"""The labels that kops-controller removes where no tag asks for them."""
_SPOT = {"node-role.kubernetes.io/spot-worker": "true"}
_BY_ROLE: Mapping[str, Mapping[str, str]] = {
    "Master": {
        CONTROL_PLANE: "",
        "kops.k8s.io/kops-controller-pki": "",
        "node.kubernetes.io/exclude-from-external-load-balancers": "",
    },
    "Node": {_NODE: ""},
    "APIServer": {_API_SERVER: ""},
}


def wanted(cluster: Document, group: Document) -> dict[str, str]:
    """Return the labels that a group's definition asks for; the group's own word is the last."""
    spec = group["spec"]
    kubelet = "masterKubelet" if spec["role"] == "Master" else "kubelet"
    layers = (
        (cluster["spec"].get(kubelet) or {}).get("nodeLabels"),
        (spec.get("kubelet") or {}).get("nodeLabels"),
        _BY_ROLE.get(spec["role"]),
        spec.get("nodeLabels"),
    )
    return {name: str(value) for layer in layers for name, value in (layer or {}).items()}


def of_role(role: str) -> dict[str, str]:
    """Return the labels that every group of a role (v1alpha2) gives its nodes."""
    return dict(_BY_ROLE.get(role, {}))


def as_tags(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that carry labels."""
    return {f"{TAG}{name}": value for name, value in labels.items()}


def from_tags(tags: Mapping[str, Any], *, spot: bool) -> dict[str, str]:
    """Return the labels of the node of a machine with these tags."""
    carried = {
        name.removeprefix(TAG): str(value) for name, value in tags.items() if name.startswith(TAG)
    }
    return {**(_SPOT if spot else {}), **carried}
