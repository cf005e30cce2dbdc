"""`kops get clusters` (captures 10*, 11*, 38i-k, E06-cluster-not-found-get, E06i, E14b)."""

from typing import Any

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, yaml_form
from kled.sandbox.definition.definitions import Document
from kled.sandbox.definition.go_quoted import quoted
from kled.sandbox.store import places
from kled.sandbox.verbs import tables
from kled.sandbox.verbs.flags import Flags

_WARNING = """
//
//   WARNING: Do not use a '--full' cluster specification to define a Kubernetes installation.
//   You may experience unexpected behavior and other bugs.  Use only the required elements
//   and any modifications that you require.
//
//   Use the following command to retrieve only the required elements:
//   $ kops get cluster -o yaml
//

"""


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Print all clusters, or those that are named.

    Raises `KopsFailure`: none at all, one that does not exist, an unknown output format.
    """
    if flags["name"]:
        if args:
            raise KopsFailure("cannot mix --name for cluster with positional arguments")
        args = [flags["name"]]
    clusters = _selected(ctx, args)
    if flags["full"]:
        clusters = [_full(ctx, cluster) for cluster in clusters]
    ctx.stdout.write(_rendered(clusters, flags, single=len(args) == 1))
    return 0


def zones(cluster: Document) -> str:
    """Return a cluster's zones as the table shows them: sorted, each once."""
    return ",".join(
        sorted({s["zone"] for s in cluster["spec"].get("subnets", ()) if s.get("zone")})
    )


def cluster_table(clusters: list[Document]) -> str:
    """Return the table NAME CLOUD ZONES."""
    rows = [
        (c["metadata"]["name"], str(c["spec"].get("cloudProvider", "")), zones(c)) for c in clusters
    ]
    return tables.render(("NAME", "CLOUD", "ZONES"), sorted(rows))


def _selected(ctx: Context, names: list[str]) -> list[Document]:
    if not names:
        clusters = _loadable(ctx)
        if not clusters:
            raise KopsFailure("no clusters found")
        return clusters
    clusters = []
    for name in names:
        cluster = definitions.find_cluster(ctx, name)
        if cluster is None or cluster["metadata"]["name"] != name:
            raise KopsFailure(f"cluster not found {quoted(name)}")
        clusters.append(cluster)
    return clusters


def _loadable(ctx: Context) -> list[Document]:
    """Return all clusters; one that cannot be read is left out with a warning (T-bad-list)."""
    clusters = []
    for name in definitions.cluster_names(ctx):
        try:
            clusters.append(definitions.load_cluster(ctx, name))
        except KopsFailure as failure:
            found_but = "found in state store listing, but cannot be loaded"
            told = f"cluster {quoted(name)} {found_but}: {failure}"
            ctx.log("W", "cluster.go:84", told)
    return clusters


def _full(ctx: Context, cluster: Document) -> Document:
    base = places.of(ctx, cluster).base
    body = base.read("cluster-completed.spec")
    if body is None:
        where = f"{base.url}/cluster-completed.spec"
        raise KopsFailure(f'error loading Cluster "{where}": file does not exist')
    document: dict[str, Any] = yaml_form.load(body.decode())
    return document


def _rendered(clusters: list[Document], flags: Flags, *, single: bool) -> str:
    output = flags["output"]
    if output == "table":
        return cluster_table(clusters)
    if output == "yaml":
        return (_WARNING if flags["full"] else "") + yaml_form.dump_all(clusters)
    if output == "json":
        if single:
            return yaml_form.to_json(clusters[0])
        return yaml_form.to_json_list(clusters)
    raise KopsFailure(f'unknown output format: "{output}"')
