"""`kops get instances` (captures 05, 17, 17b, 32b2, 56 and E14e)."""

import json
from typing import Any

from kled.sandbox.cloud import health
from kled.sandbox.cloud.account import connect
from kled.sandbox.cloud.file_tasks import document
from kled.sandbox.cloud.instances import Machine, api_answers, machines
from kled.sandbox.cloud.membership import machines_of_groups, warn
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition.definitions import load_cluster, load_groups
from kled.sandbox.verbs.flags import Flags
from kled.sandbox.verbs.tables import render

_COLUMNS = (
    "ID",
    "NODE-NAME",
    "STATUS",
    "ROLES",
    "STATE",
    "INTERNAL-IP",
    "EXTERNAL-IP",
    "INSTANCE-GROUP",
    "MACHINE-TYPE",
)


def run(ctx: Context, flags: Flags, args: list[str]) -> int:  # noqa: ARG001 - a verb's signature
    """Print the cluster's machines; node names only where its API answers."""
    name, output = flags["name"], flags["output"]
    cloud = connect(ctx, load_cluster(ctx, name))
    health.require_authority(ctx, name)
    answers = api_answers(ctx, cloud, name)
    if not answers:
        why = health.unreachable(cloud.region, name)
        text = f"cannot list node names. Kubernetes API unavailable: {why}"
        ctx.log("W", "get_instances.go:130", text)
    groups = load_groups(ctx, name)
    warn(ctx, cloud, name, groups, unmatched=False)
    members = machines_of_groups(machines(ctx, cloud, name), name, groups)
    instances = [_shown(machine, named=answers) for ours in members.values() for machine in ours]
    if output == "json":
        ctx.stdout.write(json.dumps(instances, separators=(",", ":")))
    elif output == "yaml":
        ctx.stdout.write(document(instances).decode())
    elif output == "table":
        ctx.stdout.write("\n" + render(_COLUMNS, sorted(_row(item) for item in instances)))
    else:
        raise KopsFailure(f'unknown output format: "{output}"')
    return 0


def _shown(machine: Machine, *, named: bool) -> dict[str, Any]:
    """Return one machine as kops marshals it; the control plane's role really is there twice."""
    node = {"nodeName": machine.id} if named and machine.joined else {}
    return {
        "id": machine.id,
        **node,
        "status": _status(machine),
        "roles": [health.role(machine)] * (2 if machine.control_plane else 1),
        "internalIP": machine.ip,
        "externalIP": "",
        "instanceGroup": machine.group,
        "machineType": machine.machine_type,
        "state": "",
    }


def _status(machine: Machine) -> str:
    if machine.detached:
        return "Detached"
    return "UpToDate" if machine.up_to_date else "NeedsUpdate"


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    return (
        item["id"],
        item.get("nodeName", ""),
        item["status"],
        ", ".join(item["roles"]),
        item["state"],
        item["internalIP"],
        item["externalIP"],
        item["instanceGroup"],
        item["machineType"],
    )
