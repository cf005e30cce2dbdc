"""`kops edit instancegroup` (captures 30c, 30d, 30k, E16b-edit-ig-missing, S08, S09)."""

from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import definitions, schema, set_fields, validation
from kled.sandbox.definition.definitions import Document
from kled.sandbox.verbs import editing
from kled.sandbox.verbs.flags import Flags, UsageFailure


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Change a stored group with --set and --unset, or in the editor; the cloud is not touched.

    Raises `KopsFailure`: no such group or field, or a group that kops refuses; nothing is stored
    then.
    """
    if len(args) != 1:
        told = "can only edit one instance group at a time"
        raise UsageFailure(told if args else "must specify name of instance group to edit")
    name = flags["name"]
    cluster = definitions.load_cluster(ctx, name)
    group = definitions.load_group(ctx, name, args[0])

    def store(changed: Document) -> str:
        if faults := validation.group_faults(changed):
            told = f"failed validating input specs: {validation.aggregate(faults)}"
            return f"error populating instance group spec: {told}"
        faults = validation.cross_faults(changed, cluster)
        if faults := faults or validation.machine_faults(changed, cluster):
            return f"validation failed: {validation.aggregate(faults)}"
        own = changed["metadata"]["name"]
        if own != args[0] and definitions.find_group(ctx, name, own) is None:
            return f'InstanceGroup.kops.k8s.io "{own}" not found'
        definitions.store_group(ctx, name, definitions.next_generation(group, changed))
        return ""

    if not flags["set"] and not flags["unset"]:
        return editing.edit(ctx, group, store)
    changed = schema.yaml_copy(group)
    set_fields.apply_flags(changed, flags)
    failure = store(changed)
    if failure:
        raise KopsFailure(failure)
    return 0
