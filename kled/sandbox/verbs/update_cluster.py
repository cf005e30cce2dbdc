"""`kops update cluster`: preview what the definition changes, or carry it out."""

from collections.abc import Mapping
from typing import Any

from kled.sandbox.cloud import executor, plan
from kled.sandbox.cloud.account import Cloud, connect
from kled.sandbox.cloud.group_tasks import FIREWALLS
from kled.sandbox.cloud.tasks import Task
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition import validation, version_checks
from kled.sandbox.definition.definitions import load_cluster, load_groups, places_of
from kled.sandbox.store import keysets, kubeconfig, stored_cluster
from kled.sandbox.verbs.flags import Flags

_OF_GROUPS = frozenset({"AutoscalingGroup", "LaunchTemplate"})
_PHASES = ("cluster", "network", "security")
_FIRST_RUN = """Cluster is starting.  It should be ready in a few minutes.

Suggestions:
 * validate cluster: kops validate cluster --wait 10m
 * list nodes: kubectl get nodes --show-labels
 * {ssh}
 * the ubuntu user is specific to Ubuntu. If not using Ubuntu please use the appropriate user \
based on your OS.
 * read about installing addons at: https://kops.sigs.k8s.io/addons.
"""
_SSH = "ssh to a control-plane node: ssh -i ~/.ssh/id_rsa ubuntu@"
_SSH_BASTION = "to ssh to the bastion, you probably want to configure a bastionPublicName."
_LATER_RUN = """Cluster changes have been applied to the cloud.


Changes may require instances to restart: kops rolling-update cluster
"""


def run(ctx: Context, flags: Flags, args: list[str]) -> int:  # noqa: ARG001 - a verb's signature
    """Preview, or with --yes apply, the named cluster's changes."""
    _check_flags(flags)
    name: str = flags["name"]
    if not flags.get("yes"):
        preview(ctx, name, flags)
        return 0
    apply(ctx, name, flags)
    return 0


def preview(ctx: Context, name: str, flags: Mapping[str, Any] | None = None) -> None:
    """Print the preview of a stored cluster: what `update` without --yes, and `create`, show."""
    cloud = _begin(ctx, name, flags or {})
    tasks = _chosen(ctx, name, plan.tasks_of(ctx, name), flags or {})
    sizes = _sizes(ctx, name, flags or {})
    for number in range(len(sizes) + 1):
        executor.announce(ctx, sizes, number)
        if number == 0:
            _note_missing_authority(ctx, name)
    steps = plan.steps(ctx, cloud, name, tasks)
    if not steps:
        ctx.out("No changes need to be applied")
        return
    for line in plan.render(steps):
        ctx.out(line)
    ctx.out("Must specify --yes to apply changes")


def apply(ctx: Context, name: str, flags: Flags) -> None:
    """Carry out what the definition implies. Every creation is one save: run again after a kill."""
    cloud = _begin(ctx, name, flags)
    sizes = _sizes(ctx, name, flags)
    executor.announce(ctx, sizes, 0)
    _note_missing_authority(ctx, name)
    _note_missing_authority(ctx, name)  # kops looks for it twice (captures 03, 51, S04)
    for issued in keysets.ensure_keysets(ctx, load_cluster(ctx, name)):
        ctx.log("I", "keypair.go:296", f'Issuing new certificate: "{issued}"')
    tasks = _chosen(ctx, name, plan.tasks_of(ctx, name), flags)
    for number in range(executor.PHASES):
        due = [task for task in tasks if task.phase == number]
        for step in plan.steps(ctx, cloud, name, due):
            executor.apply(ctx, cloud, name, step)
        executor.take_time(ctx)
        if number < len(sizes):
            executor.announce(ctx, sizes, number + 1)
    _conclude(ctx, name, flags)


def _begin(ctx: Context, name: str, flags: Mapping[str, Any]) -> Cloud:
    cluster = load_cluster(ctx, name)
    if (actual := cluster["metadata"]["name"]) != name:
        raise KopsFailure(f"cluster name did not match expected name: {name} vs {actual}")
    allow_downgrade = bool(flags.get("allow-kops-downgrade"))
    groups = load_groups(ctx, name)
    version_checks.check(ctx, cluster, allow_downgrade=allow_downgrade)
    validation.check_applicable(cluster, groups)
    base = ctx.env.get("KOPS_BASE_URL")
    if base:
        ctx.log("W", "kopsassets.go:66", f'Using base url from env var: KOPS_BASE_URL="{base}"')
    return connect(ctx, cluster)


def _sizes(ctx: Context, name: str, flags: Mapping[str, Any]) -> list[int]:
    definition = stored_cluster.definition(ctx, name)
    has_key = stored_cluster.ssh_key(ctx, name) is not None
    groups = _meant(ctx, name, flags) and definition.groups
    return executor.count_rounds(definition.cluster, groups, ssh_key=has_key)


def _note_missing_authority(ctx: Context, name: str) -> None:
    keysets.note_absent(ctx, places_of(ctx, name).pki)


def _chosen(ctx: Context, name: str, tasks: list[Task], flags: Mapping[str, Any]) -> list[Task]:
    """Leave out the groups that are not meant, and the firewalls of roles that none is left of.

    What names no group means none, and that is no error (R-up-nosuch, R-up-role).
    """
    every, meant = load_groups(ctx, name), _meant(ctx, name, flags)
    left = {group["metadata"]["name"] for group in meant}
    out = [group["metadata"]["name"] for group in every if group["metadata"]["name"] not in left]
    roles = {group["spec"]["role"] for group in meant}
    walls = {f"{wall}.{name}" for role, wall in FIREWALLS.items() if meant != every}
    walls -= {f"{FIREWALLS[role]}.{name}" for role in roles if role in FIREWALLS}
    others = tuple(f"{group}." for group in out)
    configs = {f"nodeupconfig-{group}" for group in out}
    return [
        task
        for task in tasks
        if not (task.kind in _OF_GROUPS and task.name.startswith(others))
        and not (task.kind == "SecurityGroup" and task.name in walls)
        and task.name not in configs
    ]


def _meant(ctx: Context, name: str, flags: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the groups that --instance-group and --instance-group-roles mean; all without."""
    names, roles = (
        set(flags.get(flag) or ()) for flag in ("instance-group", "instance-group-roles")
    )
    spoken = {"Master": "control-plane"}
    return [
        group
        for group in load_groups(ctx, name)
        if (not names or group["metadata"]["name"] in names)
        and (not roles or spoken.get(r := group["spec"]["role"], r).lower() in roles)
    ]


def _conclude(ctx: Context, name: str, flags: Flags) -> None:
    known = kubeconfig.has_context(ctx, name)
    if flags.get("create-kube-config", True):
        ctx.log("I", "update_cluster.go:419", "Exporting kubeconfig for cluster")
        if not flags.get("admin") and not flags.get("user"):
            ctx.log(
                "W",
                "update_cluster.go:439",
                "Exported kubeconfig with no user authentication; use --admin, --user or "
                "--auth-plugin flags with `kops export kubeconfig`",
            )
        kubeconfig.export(ctx, name, flags)
        ctx.out(f"kOps has set your kubectl context to {name}")
        ctx.out()
    ctx.out(_LATER_RUN if known else _FIRST_RUN.format(ssh=_way_in(ctx, name)))


def _way_in(ctx: Context, name: str) -> str:
    """Say how to reach a machine by SSH (B-yes; kops: cmd/kops/update_cluster.go)."""
    spec = load_cluster(ctx, name)["spec"]
    if all(group["spec"].get("role") != "Bastion" for group in load_groups(ctx, name)):
        return f"{_SSH}{spec.get('masterPublicName', '')}"
    bastion = spec.get("topology", {}).get("bastion") or {}
    public = bastion.get("bastionPublicName")
    return (
        f"ssh to the bastion: ssh -A -i ~/.ssh/id_rsa ubuntu@{public}" if public else _SSH_BASTION
    )


def _check_flags(flags: Flags) -> None:
    """Refuse what captures E13 and E13b refuse."""
    if flags.get("target") == "terraform":
        raise KopsFailure("the simulated kops has no target terraform")
    phase = flags.get("phase")
    if phase and phase not in _PHASES:
        raise KopsFailure(f'unknown phase "{phase}", available phases: {",".join(_PHASES)}')
    for override in flags.get("lifecycle-overrides") or ():
        if override.count("=") != 1:
            raise KopsFailure(
                "incorrect syntax for lifecyle-overrides, correct syntax is "
                f'TaskName=lifecycleName, override provided: "{override}"'
            )
