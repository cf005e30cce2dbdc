"""The words after `kops` for each verb: pure, without secrets, every flag from kops' help pages.

Flags are always spelled `--flag=value` (`--yes true` would name a cluster, capture E11f) and
clusters always `--name=NAME` (else kops falls back to the current kubectl context, capture E11h).
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import timedelta

_REPEATABLE = frozenset({"set", "unset"})
Argv = list[str]
Options = Iterable[tuple[str, str]]
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


def dry_run(options: Options, state: str) -> Argv:
    """The definition that `create_cluster` would store, stored nowhere.

    `state` must hold no cluster of that name: kops refuses to plan one that exists.
    """
    return [*create_cluster(options), f"--state={state}", "--dry-run=true", "--output=yaml"]


def create_cluster(options: Options) -> Argv:
    """Store a definition and preview it; `options` hold the name."""
    return ["create", "cluster", *_flags(options)]


def update(
    name: str,
    *,
    yes: bool = False,
    admin: timedelta | None = None,
    instance_groups: Sequence[str] = (),
    phase: str | None = None,
) -> Argv:
    """Preview what the cloud lacks, or with `yes` create it.

    Without `admin` no kubeconfig is written at all (kops would rewrite KUBECONFIG by default).
    """
    words = ["update", "cluster", _name(name), *_yes(yes)]
    words += [f"--instance-group={group}" for group in instance_groups]
    words += [f"--phase={phase}"] if phase else []
    return [*words, f"--admin={duration(admin)}" if admin else "--create-kube-config=false"]


def validate(name: str, api_server: str | None = None) -> Argv:
    """Ask the cloud and the Kubernetes API once whether the cluster is healthy."""
    return ["validate", "cluster", _name(name), *_api_server(api_server), "--output=json"]


def export_kubeconfig(
    name: str, path: str, admin: timedelta | None, api_server: str | None = None
) -> Argv:
    """Merge the cluster's context into the file at `path`."""
    words = ["export", "kubeconfig", _name(name), f"--kubeconfig={path}", *_api_server(api_server)]
    return [*words, *([f"--admin={duration(admin)}"] if admin else [])]


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


def get_ssh_public_keys(name: str) -> Argv:
    """The public key that may log in to the machines."""
    return ["get", "sshpublickeys", _name(name), "--output=json"]


def create_ssh_public_key(name: str, file: str) -> Argv:
    """Store the public key in `file`."""
    return ["create", "sshpublickey", _name(name), f"--ssh-public-key={file}"]


def toolbox_dump(name: str) -> Argv:
    """The cluster's resources as the cloud describes them."""
    return ["toolbox", "dump", _name(name), "--output=json"]


def replace(file: str) -> Argv:
    """Store the definitions in `file`, creating what is missing."""
    return ["replace", f"--filename={file}", "--force=true"]


def duration(value: timedelta) -> str:
    """Spell a duration for kops, which refuses numbers without a unit (capture E13d)."""
    seconds = value.total_seconds()
    return f"{seconds:g}s" if seconds < 1e6 else f"{seconds:.0f}s"  # noqa: PLR2004 - no exponents


def quoted(value: str) -> str:
    """Quote one value of a repeatable flag, which kops splits at commas as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([value])
    return out.getvalue()


def _flags(options: Options) -> Argv:
    return [
        f"--{flag}={quoted(value) if flag in _REPEATABLE else value}" for flag, value in options
    ]


def _name(name: str) -> str:
    return f"--name={name}"


def _yes(yes: bool) -> Argv:  # noqa: FBT001 - the flag itself
    return ["--yes=true"] if yes else []


def _api_server(api_server: str | None) -> Argv:
    return [f"--api-server={api_server}"] if api_server else []
