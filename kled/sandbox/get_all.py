"""`kops get` and `kops get all` (captures 13-get-all, 13b-get-all-yaml, 13c-get-name-yaml)."""

from kled.sandbox import definitions, yaml_form
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.flags import Flags
from kled.sandbox.get_clusters import cluster_table
from kled.sandbox.get_instancegroups import group_table


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Print a cluster and its instance groups.

    Raises:
        KopsFailure: no such cluster, an unknown output format.
    """
    name = flags["name"] or next(iter(args), "")
    if not name:
        raise KopsFailure("--name is required")
    cluster = definitions.find_cluster(ctx, name)
    if cluster is None:
        raise KopsFailure(
            f'error fetching cluster "{name}": Cluster.kops.k8s.io "{name}" not found'
        )
    groups, output = definitions.load_groups(ctx, name), flags["output"]
    if output == "table":
        tables = f"Cluster\n{cluster_table([cluster])}\nInstance Groups\n"
        ctx.stdout.write(tables + group_table(cluster, groups))
    elif output == "yaml":
        ctx.stdout.write(yaml_form.dump_all([cluster, *groups]))
    elif output == "json":
        ctx.stdout.write(yaml_form.to_json_list([cluster, *groups]))
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    return 0
