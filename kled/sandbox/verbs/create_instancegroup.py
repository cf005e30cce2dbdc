"""`kops create instancegroup` (captures 33, 33b, 33c)."""

from kled.sandbox.cloud import clouds, node_labels
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, validation, yaml_form
from kled.sandbox.definition.definitions import Document
from kled.sandbox.definition.new_cluster import cloud_of
from kled.sandbox.verbs import editing
from kled.sandbox.verbs.flags import Flags, UsageFailure

_ROLES = {
    "node": "Node",
    "control-plane": "Master",
    "controlplane": "Master",
    "master": "Master",
    "bastion": "Bastion",
}


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Store a new group with kops' defaults; --edit (the default) opens it in the editor first.

    Raises `KopsFailure`: no such cluster, a group of that name, or an unknown role or subnet.
    """
    if len(args) != 1:
        told = "can only create one instance group at a time"
        raise UsageFailure(told if args else "must specify name of instance group to create")
    name, group = flags["name"], args[0]
    cluster = definitions.load_cluster(ctx, name)
    if definitions.find_group(ctx, name, group) is not None:
        raise KopsFailure(f'instance group "{group}" already exists')
    document = _document(flags, cluster, group)
    faults = validation.fitting_faults(document, cluster)
    if faults:
        raise KopsFailure(", ".join(faults))
    if flags["dry-run"]:
        _print(ctx, flags["output"], document, name)
        return 0

    def store(chosen: Document) -> str:
        definitions.store_group(ctx, name, chosen)
        return ""

    if flags["edit"]:
        return editing.edit(ctx, document, store)
    store(document)
    return 0


def _document(flags: Flags, cluster: Document, group: str) -> Document:
    role = _ROLES.get(flags["role"].lower())
    if role is None:
        raise KopsFailure(f'unknown role "{flags["role"]}"')
    spec = cluster["spec"]
    cloud, size = cloud_of(cluster), 2 if role == "Node" else 1
    machine = "t3.micro" if role == "Bastion" else clouds.DEFAULTS[cloud].machine
    usable = [s["name"] for s in spec["subnets"] if s["type"] not in {"DualStack", "Utility"}]
    if role == "Master" and not flags["subnet"]:
        raise KopsFailure(f"control-plane InstanceGroup {group} did not specify any Subnets")
    labels = node_labels.of_role(role)
    return {
        "apiVersion": "kops.k8s.io/v1alpha2",
        "kind": "InstanceGroup",
        "metadata": {"name": group},
        "spec": {
            "role": role,
            "image": clouds.default_image(cloud, spec["kubernetesVersion"], machine),
            "kubelet": spec.get("kubelet", {}) | ({"nodeLabels": labels} if labels else {}),
            "machineType": machine,
            "manager": "CloudGroup",
            "minSize": size,
            "maxSize": size,
            "nodeLabels": {"kops.k8s.io/instancegroup": group},
            "subnets": flags["subnet"] or usable,
        },
    }


def _print(ctx: Context, output: str, document: Document, name: str) -> None:
    document["metadata"]["labels"] = {definitions.CLUSTER_LABEL: name}
    if output == "yaml":
        ctx.stdout.write(yaml_form.dump(document))
    elif output == "json":
        ctx.stdout.write(yaml_form.to_json(document))
    else:
        told = (
            f'unsupported output type "{output}"'
            if output
            else "must set output flag; yaml or json"
        )
        raise KopsFailure(told)
