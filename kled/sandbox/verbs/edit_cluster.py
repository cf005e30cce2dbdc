"""`kops edit cluster` (captures 30, 30b, 30e to 30j, E06h)."""

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, refusals, schema, set_fields, validation
from kled.sandbox.definition.definitions import Document
from kled.sandbox.verbs import editing
from kled.sandbox.verbs.flags import Flags


def run(ctx: Context, flags: Flags, _args: list[str]) -> int:
    """Change a stored cluster with --set and --unset, or in the editor; the cloud is not touched.

    Raises `KopsFailure`: no such cluster or field, or one that kops refuses; nothing is stored
    then.
    """
    name = flags["name"]
    cluster = definitions.load_cluster(ctx, name)
    groups = definitions.load_groups(ctx, name)

    def store(changed: Document) -> str:
        if failure := _unpopulated(ctx, changed):
            return f"error populating cluster spec: {failure}"
        if (own := changed["metadata"]["name"]) != name and not definitions.find_cluster(ctx, own):
            return f'Cluster.kops.k8s.io "{own}" not found'
        try:
            validation.check(ctx, changed, groups)
        except KopsFailure as failure:
            return f"validation failed: {failure}"
        if faults := validation.update_faults(changed):
            return validation.aggregate(faults)
        definitions.store_cluster(ctx, definitions.next_generation(cluster, changed))
        return ""

    if not flags["set"] and not flags["unset"]:
        return editing.edit(ctx, cluster, store)
    changed = schema.yaml_copy(cluster)
    set_fields.apply_flags(changed, flags)
    failure = store(changed)
    if failure:
        raise KopsFailure(failure)
    return 0


def _unpopulated(ctx: Context, changed: Document) -> str:
    """Return why kops cannot complete a definition, an empty text where it can."""
    try:
        validation.check_version(ctx, changed)
        if faults := validation.spec_faults(changed):
            return validation.aggregate(faults)
        refusals.check_etcd(ctx, changed["spec"])
    except KopsFailure as failure:
        return str(failure)
    return ""
