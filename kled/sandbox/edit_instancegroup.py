"""`kops edit instancegroup --set/--unset` (captures 30c-edit-ig-set, E16b-edit-ig-missing)."""

from kled.sandbox import definitions, set_fields
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.flags import Flags


def run(ctx: Context, flags: Flags, args: list[str]) -> int:
    """Change fields of a stored instance group; silent on success, as kops is.

    Raises:
        KopsFailure: no such cluster or group, no such field, a value of another type, no fields.
    """
    if not args:
        raise KopsFailure("must specify the name of the instance group to edit")
    name = flags["name"]
    definitions.load_cluster(ctx, name)
    group = definitions.load_group(ctx, name, args[0])
    if not flags["set"] and not flags["unset"]:
        raise KopsFailure(
            'error launching editor: there was a problem with the editor "the simulator has none"'
        )
    set_fields.apply_flags(group, flags)
    definitions.store_group(ctx, name, group)
    return 0
