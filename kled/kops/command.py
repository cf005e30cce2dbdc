"""The words after `kops` for each verb: pure, without secrets, every flag from kops' help pages.

Flags are always spelled `--flag=value` (`--yes true` would name a cluster, capture E11f) and
clusters always `--name=NAME` (else kops falls back to the current kubectl context, capture E11h).
"""

import io
from collections.abc import Iterable, Sequence
from datetime import timedelta

from kled.kops.state_store import layout
from kled.models.rolling import Roll

_REPEATABLE = frozenset({"set", "unset"})
_ROLL_DURATIONS = (
    "control_plane_interval",
    "node_interval",
    "bastion_interval",
    "drain_timeout",
    "validation_timeout",
    "post_drain_delay",
)
Argv = list[str]
FlagValues = Iterable[tuple[str, str]]
"""Flag names without dashes, and their values, in the order in which kops gets them."""


def version() -> Argv:
    """`kops version`: makes no call to the state store."""
    return ["version"]


def get_clusters(name: str | None = None) -> Argv:
    """All clusters of the state store, or one."""
    return ["get", "clusters", *([_name(name)] if name else []), "--output=json"]


def get_definition(name: str) -> Argv:
    """The cluster and its instance groups as they are stored, in one call."""
    return ["get", "all", _name(name), "--output=yaml"]


def dry_run(options: FlagValues, state: str) -> Argv:
    """The definition that `create_cluster` would store, stored nowhere.

    `state` must hold no cluster of that name: kops refuses to plan one that exists.
    """
    return [*create_cluster(options), f"--state={state}", "--dry-run=true", "--output=yaml"]


def create_cluster(options: FlagValues) -> Argv:
    """Store a definition and preview it; `options` hold the name."""
    return ["create", "cluster", *_flags(options)]


def update(
    name: str,
    *,
    yes: bool = False,
    admin: timedelta | None = None,
) -> Argv:
    """Preview what the cloud lacks, or with `yes` create it.

    Without `admin` no kubeconfig is written at all (kops would rewrite KUBECONFIG by default).
    """
    argv = ["update", "cluster", _name(name), *_yes(yes)]
    return [*argv, f"--admin={duration(admin)}" if admin else "--create-kube-config=false"]


def validate(name: str, api_server: str | None = None) -> Argv:
    """Ask the cloud and the Kubernetes API once whether the cluster is healthy."""
    return ["validate", "cluster", _name(name), *_api_server(api_server), "--output=json"]


def export_kubeconfig(
    name: str, path: str, admin: timedelta | None, api_server: str | None = None
) -> Argv:
    """Merge the cluster's context into the file at `path`."""
    argv = ["export", "kubeconfig", _name(name), f"--kubeconfig={path}", *_api_server(api_server)]
    return [*argv, *([f"--admin={duration(admin)}"] if admin else [])]


def delete_cluster(name: str, *, yes: bool = False) -> Argv:
    """Preview which cloud resources would go, or with `yes` delete them and the definition."""
    return ["delete", "cluster", _name(name), *_yes(yes)]


def unregister(name: str, *, yes: bool = False) -> Argv:
    """Delete the definition and keys alone; cloud resources stay."""
    return ["delete", "cluster", _name(name), "--unregister=true", *_yes(yes)]


def get_instance_groups(name: str) -> Argv:
    """The cluster's instance groups as they are stored."""
    return ["get", "instancegroups", _name(name), "--output=json"]


def get_instances(name: str, api_server: str | None = None) -> Argv:
    """The cluster's machines, from the cloud and, where it answers, the Kubernetes API."""
    return ["get", "instances", _name(name), *_api_server(api_server), "--output=json"]


def get_secrets(name: str) -> Argv:
    """The names of the cluster's secrets; kops has no other form of it than the table."""
    return ["get", "secrets", _name(name)]


def get_keypairs(name: str, *, distrusted: bool = False) -> Argv:
    """The cluster's certificates, without the distrusted ones unless asked for."""
    more = ["--distrusted=true"] if distrusted else []
    return ["get", "keypairs", _name(name), *more, "--output=json"]


def create_ssh_public_key(name: str, file: str) -> Argv:
    """Store the public key in `file`."""
    return ["create", "sshpublickey", _name(name), f"--ssh-public-key={file}"]


def toolbox_dump(name: str) -> Argv:
    """The cluster's resources as the cloud describes them."""
    return ["toolbox", "dump", _name(name), "--output=json"]


def replace(file: str) -> Argv:
    """Store the definitions in `file`, also those that are not stored yet."""
    return ["replace", f"--filename={file}", "--force=true"]


def edit_cluster(name: str, sets: Iterable[str], unsets: Iterable[str]) -> Argv:
    """Set and unset fields of the cluster, without an editor."""
    return ["edit", "cluster", _name(name), *_assignments(sets, unsets)]


def edit_instance_group(name: str, group: str, sets: Iterable[str], unsets: Iterable[str]) -> Argv:
    """Set and unset fields of an instance group, without an editor."""
    return ["edit", "instancegroup", group, _name(name), *_assignments(sets, unsets)]


def create_instance_group(name: str, group: str, role: str, subnets: Sequence[str]) -> Argv:
    """Store a new instance group, without an editor."""
    places = [f"--subnet={subnet}" for subnet in subnets]
    argv = ["create", "instancegroup", group, _name(name), f"--role={role}"]
    return [*argv, *places, "--edit=false"]


def delete_instance_group(name: str, group: str) -> Argv:
    """Delete an instance group and its machines at once; kops has no preview of it."""
    return ["delete", "instancegroup", group, _name(name), *_yes(yes=True)]


def delete_instance(name: str, instance: str, *, cloudonly: bool, surge: bool, yes: bool) -> Argv:
    """Replace one machine; `surge` starts the new one first."""
    how = [*(["--cloudonly=true"] if cloudonly else []), f"--surge={str(surge).lower()}"]
    return ["delete", "instance", instance, _name(name), *how, *_yes(yes)]


def rolling_update(name: str, roll: Roll, *, yes: bool = False) -> Argv:
    """Preview which machines need to be replaced, or with `yes` replace them."""
    argv = ["rolling-update", "cluster", _name(name), *_yes(yes)]
    argv += [f"--instance-group={group}" for group in roll.instance_groups]
    argv += [f"--{flag}=true" for flag in ("cloudonly", "force") if getattr(roll, flag)]
    for field in _ROLL_DURATIONS:
        value = getattr(roll, field)
        argv += [f"--{field.replace('_', '-')}={duration(value)}"] if value is not None else []
    if roll.validate_count is not None:
        argv.append(f"--validate-count={roll.validate_count}")
    return [*argv, *_api_server(roll.api_server)]


def upgrade(
    name: str, kubernetes_version: str | None, channel: str | None, *, yes: bool = False
) -> Argv:
    """Preview a newer Kubernetes version in the definition, or with `yes` store it."""
    argv = ["upgrade", "cluster", _name(name), *_yes(yes)]
    argv += [f"--kubernetes-version={kubernetes_version}"] if kubernetes_version else []
    return [*argv, *([f"--channel={channel}"] if channel else [])]


def reconcile(name: str, *, yes: bool = False, api_server: str | None = None) -> Argv:
    """Update and roll in the order that Kubernetes' version skew asks for."""
    return ["reconcile", "cluster", _name(name), *_yes(yes), *_api_server(api_server)]


def create_secret(name: str, kind: str, file: str, *, force: bool) -> Argv:
    """Store the secret in `file`; with `force` in place of the one that is there."""
    argv = ["create", "secret", kind, _name(name), f"--filename={file}"]
    return [*argv, *(["--force=true"] if force else [])]


def delete_secret(name: str, secret: str) -> Argv:
    """Delete a secret at once; kops asks nothing."""
    return ["delete", "secret", secret, _name(name)]


def create_keypair(name: str, keyset: str) -> Argv:
    """Add a new certificate to a keyset, or to all of them (`all`)."""
    return ["create", "keypair", keyset, _name(name)]


def promote_keypair(name: str, keyset: str, keypair: str | None = None) -> Argv:
    """Issue with the newest certificate of a keyset from now on, or with the named one."""
    return ["promote", "keypair", keyset, *([keypair] if keypair else []), _name(name)]


def distrust_keypair(name: str, keyset: str, keypairs: Sequence[str] = ()) -> Argv:
    """Distrust what is older than the primary certificate, or the named ones."""
    return ["distrust", "keypair", keyset, *keypairs, _name(name)]


def duration(value: timedelta) -> str:
    """Spell a duration for kops, which refuses numbers without a unit (capture E13d)."""
    seconds = value.total_seconds()
    return f"{seconds:g}s" if seconds < 1e6 else f"{seconds:.0f}s"  # noqa: PLR2004 - no exponents


def quoted(value: str) -> str:
    """Quote one value of a repeatable flag, which kops splits at commas as CSV."""
    import csv  # noqa: PLC0415 - few commands have such a flag

    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([value])
    return out.getvalue()


def _flags(options: FlagValues) -> Argv:
    return [
        f"--{flag}={quoted(value) if flag in _REPEATABLE else value}" for flag, value in options
    ]


def _assignments(sets: Iterable[str], unsets: Iterable[str]) -> Argv:
    return [*(f"--set={quoted(each)}" for each in sets), *(f"--unset={each}" for each in unsets)]


def _name(name: str) -> str:
    return f"--name={layout.require_cluster_name(name)}"


def _yes(yes: bool) -> Argv:  # noqa: FBT001 - the flag itself
    return ["--yes=true"] if yes else []


def _api_server(api_server: str | None) -> Argv:
    return [f"--api-server={api_server}"] if api_server else []
