"""`kops get instancegroups` (captures 12*, 53-ha-get-ig, E06c, E16-get-ig-missing, S07)."""

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, yaml_form
from kled.sandbox.definition.definitions import Document
from kled.sandbox.verbs import tables
from kled.sandbox.verbs.flags import Flags

_ROLES = {"Master": "ControlPlane"}


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Print a cluster's instance groups, or those that are named.

    Raises `KopsFailure`: no such cluster, no such group, an unknown output format.
    """
    name = flags["name"]
    cluster = definitions.find_cluster(ctx, name)
    if cluster is None:
        raise KopsFailure(
            f'error fetching cluster "{name}": Cluster.kops.k8s.io "{name}" not found'
        )
    groups = _selected(definitions.load_groups(ctx, name), args)
    output = flags["output"]
    if output == "table":
        ctx.stdout.write(group_table(cluster, groups))
    elif output == "yaml":
        ctx.stdout.write(yaml_form.dump_all(groups))
    elif output == "json":
        single = len(args) == 1
        text = yaml_form.to_json(groups[0]) if single else yaml_form.to_json_list(groups)
        ctx.stdout.write(text)
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    return 0


def group_table(cluster: Document, groups: list[Document]) -> str:
    """Return the table NAME ROLE MACHINETYPE MIN MAX ZONES."""
    header = ("NAME", "ROLE", "MACHINETYPE", "MIN", "MAX", "ZONES")
    return tables.render(header, sorted(_row(cluster, group) for group in groups))


def _row(cluster: Document, group: Document) -> tuple[str, ...]:
    spec = group["spec"]
    return (
        group["metadata"].get("name", ""),
        _ROLES.get(spec.get("role", ""), spec.get("role", "")),
        spec.get("machineType", ""),
        _count(spec, "minSize"),
        _count(spec, "maxSize"),
        _zones(cluster, spec),
    )


def _count(spec: Document, field: str) -> str:
    return str(spec[field]) if field in spec else "-"


def _zones(cluster: Document, spec: Document) -> str:
    if spec.get("zones"):
        return ",".join(sorted(spec["zones"]))
    subnets = {subnet["name"]: subnet.get("zone", "") for subnet in cluster["spec"]["subnets"]}
    return ",".join(sorted({subnets.get(name, "") for name in spec.get("subnets", [])}))


def _selected(groups: list[Document], names: list[str]) -> list[Document]:
    if not names:
        if not groups:
            raise KopsFailure("no InstanceGroup objects found")
        return groups
    by_name = {group["metadata"]["name"]: group for group in groups}
    for name in names:
        if name not in by_name:
            raise KopsFailure(f'instancegroup not found "{name}"')
    return [by_name[name] for name in names]
