"""`kops create cluster`: flags to a stored definition, then the preview, or with --yes the update.

It is no more atomic than kops: the definition is stored before the preview finds what is wrong
with the cloud (captures E09g, E09i, E09j). Captures: 02, 20*, 50, C01b to C11, C13*, E02b, E05b,
E07b, E08*, E09*, E12*, S02, S03.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from kled.sandbox.cloud import clouds, subnets
from kled.sandbox.cloud.account import connect
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import (
    definitions,
    new_cluster,
    new_groups,
    set_fields,
    validation,
    yaml_form,
)
from kled.sandbox.definition.definitions import Document
from kled.sandbox.verbs import update_cluster
from kled.sandbox.verbs.flags import Flags, grammar, parse

_DONE = """
Cluster configuration has been created.

Suggestions:
 * list clusters with: kops get cluster
 * edit this cluster with: kops edit cluster {name}
 * edit your node instance group: kops edit ig --name={name} {node}
 * edit your control-plane instance group: kops edit ig --name={name} {master}

Finally configure your cluster with: kops update cluster --name {name} --yes --admin

"""


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Create the definition; print it with --dry-run, else store it and preview or apply it.

    Raises `KopsFailure`: everything that kops refuses, with its words.
    """
    key = _ssh_key(ctx, flags["ssh-public-key"])
    if flags["dry-run"] and not flags["output"]:
        raise KopsFailure("unable to execute --dry-run without setting --output")
    name = flags["name"]
    if definitions.find_cluster(ctx, name) is not None:
        raise KopsFailure(
            f"cluster \"{name}\" already exists; use 'kops update cluster' to apply changes"
        )
    cluster, groups = _build(ctx, flags)
    if flags["dry-run"]:
        _print(ctx, flags["output"], [cluster, *_labelled(name, groups), *_credential(name, key)])
        return 0
    _store(ctx, cluster, groups, key)
    _continue(ctx, flags, name, groups)
    return 0


def _build(ctx: Context, flags: Flags) -> tuple[Document, list[Document]]:
    cluster = new_cluster.build(ctx, flags)
    groups = new_groups.build(ctx, flags, cluster)
    new_cluster.add_api(ctx, flags, cluster)
    new_groups.complete(ctx, flags, cluster, groups)
    _apply_options(flags, cluster["spec"], groups)
    set_fields.apply_flags(cluster, flags)
    cloud = new_cluster.cloud_of(cluster)
    clouds.check_credentials(ctx, cloud, flags["zones"], flags["project"])
    if cloud == "aws":
        connect(ctx, cluster)
    _assign(ctx, cluster)
    validation.check(ctx, cluster, groups)
    _require_hosted_zone(cluster)
    return cluster, groups


def _apply_options(flags: Flags, spec: dict[str, Any], groups: list[Document]) -> None:
    if flags["cloud-labels"]:
        spec["cloudLabels"] = _cloud_labels(flags["cloud-labels"])
    for group in groups:
        _group_options(flags, group["spec"])
    if flags["dns-zone"]:
        spec["dnsZone"] = flags["dns-zone"]
    for index, cidr in enumerate(flags["network-cidr"]):
        if index == 0:
            spec["networkCIDR"] = cidr
        else:
            spec.setdefault("additionalNetworkCIDRs", []).append(cidr)
    if flags["disable-subnet-tags"]:
        spec["tagSubnets"] = False
    if flags["api-public-name"]:
        spec["masterPublicName"] = flags["api-public-name"]


def _group_options(flags: Flags, spec: dict[str, Any]) -> None:
    if "associate-public-ip" in flags.changed:
        spec["associatePublicIp"] = flags["associate-public-ip"]
    side = {"Master": "control-plane", "Node": "node"}.get(spec["role"])
    if side is None:
        return
    if flags[f"{side}-tenancy"]:
        spec["tenancy"] = flags[f"{side}-tenancy"]
    if flags[f"{side}-security-groups"]:
        spec["additionalSecurityGroups"] = flags[f"{side}-security-groups"]
    if flags[f"{side}-volume-size"]:
        spec["rootVolumeSize"] = flags[f"{side}-volume-size"]
    if flags[f"{side}-volume-type"]:
        spec["rootVolumeType"] = flags[f"{side}-volume-type"]


def _cloud_labels(text: str) -> dict[str, str]:
    labels = {}
    for pair in text.split(","):
        name, equals, value = pair.strip().partition("=")
        if not equals:
            lines = text.replace(",", "\n")
            raise KopsFailure(
                "error parsing global cloud labels: one or more key=value pairs are malformed:\n"
                f"{lines}\n:record on line 1: wrong number of fields"
            )
        labels[name] = value.strip('"')
    return labels


def _assign(ctx: Context, cluster: Document) -> None:
    spec, cloud = cluster["spec"], new_cluster.cloud_of(cluster)
    if cloud == "gce":
        raise KopsFailure(_unreachable_gce(spec["project"], cluster["metadata"]["name"]))
    if cloud == "azure":
        _refuse_azure(ctx, spec)
    if cloud == "aws":
        _assign_network(spec)
    spec.setdefault("nonMasqueradeCIDR", "100.64.0.0/10")
    if spec["topology"]["dns"]["type"] == "Public":
        spec.setdefault("masterPublicName", f"api.{cluster['metadata']['name']}")
    if cloud == "aws":
        subnets.assign_cidrs(ctx, spec)


def _assign_network(spec: dict[str, Any]) -> None:
    if "networkCIDR" in spec:
        return
    if "networkID" in spec:
        raise KopsFailure(
            f'error populating configuration: unable to find Network ID "{spec["networkID"]}"'
        )
    spec["networkCIDR"] = "172.20.0.0/16"
    if "amazonvpc" in spec["networking"] and spec.get("nonMasqueradeCIDR") != "::/0":
        spec["nonMasqueradeCIDR"] = spec["networkCIDR"]


def _refuse_azure(ctx: Context, spec: dict[str, Any]) -> None:
    """End as kops ends where the state store is not in Azure (capture C03-azure-dryrun-noflag)."""
    spec.setdefault("networkCIDR", "10.0.0.0/16")
    subnets.assign_cidrs(ctx, spec)
    raise KopsFailure(
        "error populating configuration: expected azureblob:// ConfigStore.Base for Azure "
        f'cluster, got "{spec["configBase"]}"'
    )


def _unreachable_gce(project: str, name: str) -> str:
    network = name.replace(".", "-")
    url = f"https://compute.googleapis.com/compute/v1/projects/{project}/global/networks/{network}?alt=json&prettyPrint=false"
    return (
        f'error populating configuration: error fetching network "{network}": Get "{url}": '
        "dial tcp: lookup compute.googleapis.com: no such host"
    )


def _require_hosted_zone(cluster: Document) -> None:
    name = cluster["metadata"]["name"]
    published = cluster["spec"]["topology"]["dns"]["type"] != "None"
    if published and not name.endswith(".k8s.local") and "dnsZone" not in cluster["spec"]:
        parent = name.partition(".")[2]
        raise KopsFailure(
            f'error determining default DNS zone: No matching hosted zones found for ".{name}"; '
            f'please create one (e.g. "{parent}") first'
        )


def _ssh_key(ctx: Context, path: str) -> str:
    if not path:
        return ""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise KopsFailure(f'error reading SSH key file "{path}": open {path}: {reason}') from error
    ctx.log("I", "create_cluster.go:934", f"Using SSH public key: {path}")
    return text


def _labelled(name: str, groups: list[Document]) -> list[Document]:
    label = {"labels": {definitions.CLUSTER_LABEL: name}}
    return [group | {"metadata": group["metadata"] | label} for group in groups]


def _credential(name: str, key: str) -> list[Document]:
    if not key:
        return []
    return [
        {
            "apiVersion": "kops.k8s.io/v1alpha2",
            "kind": "SSHCredential",
            "metadata": {"labels": {definitions.CLUSTER_LABEL: name}, "name": "admin"},
            "spec": {"publicKey": key.strip()},
        }
    ]


def _print(ctx: Context, output: str, documents: list[Document]) -> None:
    if output == "yaml":
        ctx.stdout.write(yaml_form.dump_all(documents))
    elif output == "json":
        text = yaml_form.to_json_list(documents)
        ctx.stdout.write(text[1:-1])  # kops forgets the brackets (capture 20b-dry-run-json)
    else:
        raise KopsFailure(f'unsupported output type "{output}"')


def _store(ctx: Context, cluster: Document, groups: list[Document], key: str) -> None:
    name = cluster["metadata"]["name"]
    counted = Counter(group["metadata"]["name"] for group in groups)
    for twice in (group for group, count in counted.items() if count > 1):
        told = f'duplicate InstanceGroup Name found: "{twice}"'
        raise KopsFailure(f"error writing updated configuration: {told}")
    definitions.store_cluster(ctx, cluster)
    for group in groups:
        definitions.store_group(ctx, name, group)
    ctx.store.write(f"{name}/clusteraddons/default", b"")
    if key:
        definitions.store_ssh_key(ctx, name, key)


def _continue(ctx: Context, flags: Flags, name: str, groups: list[Document]) -> None:
    if flags["yes"]:
        update = grammar(("update", "cluster"))
        update_cluster.apply(ctx, name, parse(["--yes", "--admin"], update)[0])
        return
    ctx.out("Previewing changes that will be made:\n")
    ctx.stdout.flush()
    update_cluster.preview(ctx, name)
    names = {group["spec"]["role"]: group["metadata"]["name"] for group in reversed(groups)}
    ctx.stdout.write(_DONE.format(name=name, node=names["Node"], master=names["Master"]))
