"""Labels by which kops, the cloud and etcd-manager find what a cluster and a group have. Pure.

What people set as labels stands over the tags of kops' own (CloudTags and CloudTagsForInstanceGroup
in pkg/model/context.go), so a machine with another cluster's tag is that cluster's. kops refuses
some of these as it stores an edit (validateCloudLabels), and none as it makes a cluster.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kled.errors import InvalidInput
from kled.kops.fields.known_fields import Kind, NoSuchField, Path, field_of, spelled

Document = Mapping[str, Any]
Labels = Mapping[tuple[Path, str], str]
"""Values by the path of their map and their key."""
_CLOUD_LABELS: Final[Path] = ("spec", "cloudLabels")
_NODE_LABELS: Final[tuple[Path, ...]] = (
    ("spec", "nodeLabels"),
    ("spec", "kubelet", "nodeLabels"),
    ("spec", "controlPlaneKubelet", "nodeLabels"),
    ("spec", "masterKubelet", "nodeLabels"),
)
_GROUP: Final = "kops.k8s.io/instancegroup"
_OF_A_NODE: Final = "k8s.io/cluster-autoscaler/node-template/label/"
"""What stands before a node's label where a cloud keeps it as a tag."""
_NAMES: Final = frozenset({"Name", "KubernetesCluster"})
_PREFIXES: Final = (
    "kubernetes.io/cluster/",
    "k8s.io/role/",
    "k8s.io/etcd/",
    "k8s.io_role_",
    "k8s.io_etcd_",
    "kops.k8s.io/",
    "noprefix=kops.k8s.io/",
)
"""As AWS, OpenStack, Azure and Scaleway have them (upup/pkg/fi/cloudup)."""


def refuse_sets(kind: Kind, stored: Document, sets: Sequence[str]) -> None:
    """Raise `InvalidInput` where a `--set` gives a label of kops' own another value.

    What is no field is passed over.
    """
    before = labels_of(stored)
    _refuse(kind, stored, before, {**before, **dict(_set(kind, sets))})


def refuse_changes(kind: Kind, stored: Document, edited: Document) -> None:
    """Raise `InvalidInput` where an edited text gives a label of kops' own another value."""
    _refuse(kind, stored, labels_of(stored), labels_of(edited))


def labels_of(document: Document) -> dict[tuple[Path, str], str]:
    """Return the labels that a definition gives to machines and nodes."""
    labels = {}
    for path in (_CLOUD_LABELS, *_NODE_LABELS):
        value: Any = document
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, Mapping):
            labels.update({(path, str(key)): str(label) for key, label in value.items()})
    return labels


def _set(kind: Kind, sets: Sequence[str]) -> Iterator[tuple[tuple[Path, str], str]]:
    for text in sets:
        name, _, value = text.partition("=")
        try:
            field = field_of(kind, name)
        except NoSuchField:
            continue
        key = field.key
        if key is None:
            key, _, value = value.partition("=")
        if field.path in (_CLOUD_LABELS, *_NODE_LABELS):
            yield (field.path, key), value


def _refuse(kind: Kind, stored: Document, before: Labels, after: Labels) -> None:
    own = str((stored.get("metadata") or {}).get("name", "")) if kind == "InstanceGroup" else ""
    for (path, key), value in after.items():
        if before.get((path, key)) != value and _is_foreign(path, key, value, own):
            raise InvalidInput(
                f"{spelled(path)}[{key}]",
                f"is a label by which kops finds what is the cluster's; {value!r} is refused",
                hint="with it machines would count to another cluster or instance group; take a"
                " label of another name; nothing was stored",
            )


def _is_foreign(path: Path, key: str, value: str, own: str) -> bool:
    """Whether the label makes a machine another's; `own` is the group that may name itself."""
    if key.removeprefix(_OF_A_NODE) == _GROUP:
        return value != own
    return path == _CLOUD_LABELS and (key in _NAMES or key.startswith(_PREFIXES))
