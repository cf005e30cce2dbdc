"""`kops get all`, and `kops get` which is the same with a warning (captures 13*, E11c)."""

import json

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, yaml_form
from kled.sandbox.verbs.flags import Flags
from kled.sandbox.verbs.get_clusters import cluster_table
from kled.sandbox.verbs.get_instancegroups import group_table


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Print a cluster and its instance groups.

    Raises `KopsFailure`: no such cluster, or an unknown output format.
    """
    if flags["verb"] == "get":
        text = "`kops get [CLUSTER]` is deprecated: use `kops get all [CLUSTER]`"
        ctx.log("W", "get.go:78", text)
    name, output = flags["name"], flags["output"]
    cluster = definitions.find_cluster(ctx, name)
    if cluster is None:
        raise KopsFailure(f"Cluster.kops.k8s.io {json.dumps(name)} not found")
    groups = definitions.load_groups(ctx, cluster["metadata"]["name"])  # whatever it goes by (60m)
    if output == "yaml":
        ctx.stdout.write(yaml_form.dump_all([cluster, *groups]))
    elif output == "json":
        ctx.stdout.write(yaml_form.to_json_list([cluster, *groups]))
    elif output == "table":
        ctx.stdout.write(f"Cluster\n{cluster_table([cluster])}\n")
        ctx.stdout.write(f"Instance Groups\n{group_table(cluster, groups)}")
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    if not groups:
        ctx.stderr.write("No instance groups found\n")
    return 0
