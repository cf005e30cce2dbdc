"""Which machine belongs to which group: the autoscaling group's name says so, nothing else does."""

from collections.abc import Iterable

from kled.sandbox.cloud.account import Cloud
from kled.sandbox.cloud.group_tasks import full_name
from kled.sandbox.cloud.instances import Machine
from kled.sandbox.context import Context
from kled.sandbox.definition.definitions import Document
from kled.sandbox.definition.validation import ROLES


def machines_of_groups(
    machines: Iterable[Machine], cluster: str, groups: Iterable[Document]
) -> dict[str, list[Machine]]:
    """Return the machines of each group, by the group's name, in their order.

    A machine of an autoscaling group that no definition names belongs to none, and kops neither
    lists, validates nor rolls it (kops 1.36.2: awsup/instancegroups.go): so it goes with a group
    whose role was edited.
    """
    names = {
        full_name(cluster, group): group["metadata"]["name"]
        for group in groups
        if group["spec"].get("role") in ROLES
    }
    members: dict[str, list[Machine]] = {name: [] for name in names.values()}
    for machine in machines:
        if machine.group in names:
            members[names[machine.group]].append(machine)
    return members


def warn(
    ctx: Context, cloud: Cloud, cluster: str, groups: Iterable[Document], *, unmatched: bool
) -> None:
    """Say of what the cloud has and the definitions do not explain what kops says of it.

    With `unmatched` also the autoscaling groups that no definition names (captures N-nl-*).
    """
    groups = list(groups)
    known = {full_name(cluster, g) for g in groups if g["spec"].get("role") in ROLES}
    records = cloud.read()["resources"].values()
    scaling_groups = [
        r for r in records if r["kind"] == "AutoscalingGroup" and r["cluster"] == cluster
    ]
    for record in scaling_groups:
        for group in groups:
            role = group["spec"].get("role", "")
            if role not in ROLES:
                told = f'Ignoring InstanceGroup of unknown role "{role}"'
                ctx.log("W", "instancegroups.go:41", told)
        if unmatched and record["name"] not in known:
            told = f'Found ASG with no corresponding instance group "{record["name"]}"'
            ctx.log("W", "aws_cloud.go:817", told)
