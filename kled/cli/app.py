"""The root command and the one place where errors become words and exit codes."""

import contextlib
import errno
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import click

from kled import __version__
from kled.cli.lazy import LazyGroup
from kled.errors import KledError
from kled.redact import Redactor, secret_values

INTERRUPTED: Final = 130
TERMINATED: Final = 143
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


_WIDE: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived; leaves through every `finally`, so that children are stopped."""


KOPS = LazyGroup(
    "kops",
    help="One command per kops operation; each adds what kops lacks: a lease, checks, retries.",
    lazy={
        "configure-state-store": (
            "state_store",
            "Check (or make) the state store and remember it.",
        ),
        "create-cluster": ("create", "Store a cluster's definition; with --yes create it."),
        "create-instance-group": ("instance_groups", "Add an instance group to the definition."),
        "create-secret": ("secrets", "Store a dockerconfig, encryptionconfig or ciliumpassword."),
        "delete-cluster": ("delete", "Show what deleting removes; with --yes delete."),
        "delete-instance-group": ("instance_groups", "Delete an instance group."),
        "delete-secret": ("secrets", "Delete a secret."),
        "edit-instance-group": ("edit", "Change an instance group's definition."),
        "export-kubecfg": ("access", "Write a kubeconfig for a cluster."),
        "get-clusters": ("reads", "List the clusters of the state store."),
        "get-instance-groups": ("reads", "List instance groups."),
        "get-instances": ("reads", "List a cluster's instances."),
        "get-keypairs": ("reads", "List a cluster's keypairs."),
        "get-secrets": ("reads", "List a cluster's secrets: names and types, never values."),
        "install": ("install", "Install a kops release, verified."),
        "reconcile-cluster": ("upgrade", "Bring a cluster to its definition, rolling included."),
        "rolling-update": ("rolling", "Show which instances need a roll; with --yes roll them."),
        "rotate-keypairs": ("secrets", "Add, promote or distrust keypairs."),
        "scale-instance-group": ("edit", "Change an instance group's size."),
        "toolbox-dump": ("reads", "Dump a cluster's cloud resources."),
        "update-cluster": ("update", "Show what would change; with --yes apply it."),
        "upgrade-cluster": ("upgrade", "Show newer versions; with --yes store them."),
        "validate-cluster": ("access", "Say whether a cluster is healthy (exit 3: not yet)."),
    },
    context_settings=_WIDE,
)

EPOCH = LazyGroup(
    "epoch",
    help="Which state store a cluster lives in: show it, or raise it after a recovery.",
    lazy={
        "raise": ("epoch", "Say that a cluster lives in this state store from now on."),
        "show": ("epoch", "Show which state store a cluster lives in."),
    },
    context_settings=_WIDE,
)

SNAPSHOT = LazyGroup(
    "snapshot",
    help="Verified snapshots of the state store: take, look, prove, restore, keep.",
    lazy={
        "create": ("snapshot", "Take a snapshot of one cluster, or of all."),
        "diff": ("snapshot_restore", "Compare two snapshots, or one with what is live."),
        "list": ("snapshot", "List snapshots with age, level and size."),
        "mirror": ("snapshot_keep", "Copy snapshots to a second snapshot store."),
        "prune": ("snapshot_keep", "Show what retention would remove; with --yes remove it."),
        "restore": ("snapshot_restore", "Show what a restore would write; with --yes restore."),
        "show": ("snapshot", "Show one snapshot."),
        "verify": ("snapshot", "Read snapshots back and prove them (exit 4: not trustworthy)."),
    },
    groups=[EPOCH],
    context_settings=_WIDE,
)

ROOT = LazyGroup(
    "kled",
    help="Dependable, recoverable kops clusters.",
    lazy={
        "demo": ("demo", "Watch a flow create a cluster in the sandbox."),
        "deploy": ("run", "Create or update the deployments of prefect.yaml."),
        "doctor": ("doctor", "Check tools, stores, server and clouds."),
        "flows": ("run", "List the flows with their parameters and deployments."),
        "plan": ("pending", "Say what is pending for a cluster (exit 3: something is)."),
        "run": ("run", "Run a flow here, or trigger its deployment."),
        "sandbox": ("sandbox", "A simulated kops and cloud to try things in."),
    },
    groups=[KOPS, SNAPSHOT],
    context_settings=_WIDE,
)
click.version_option(__version__, prog_name="kled", message="%(prog)s %(version)s")(ROOT)


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit code; never raises but for a bug in itself."""
    _open_closed()
    try:
        with _signals():
            return int(ROOT.main(list(args), prog_name="kled", standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except BaseException as error:  # noqa: BLE001 - the edge: each end has its words and its code
        return _ending(error)


def _ending(error: BaseException) -> int:
    """Say in words how the command ended, and return its exit code."""
    match error:
        case click.UsageError():
            error.show()
            return error.exit_code
        case KledError():
            return _explain(error)
        case KeyboardInterrupt() | click.Abort():
            click.echo("kled: interrupted", err=True)
            return INTERRUPTED
        case Terminated():
            click.echo("kled: terminated", err=True)
            return TERMINATED
        case BrokenPipeError() | SystemExit():  # click ends with the latter where it meets EPIPE
            return _closed_pipe()
        case _:
            return _full(error) or _bug(error)


def _explain(error: KledError) -> int:
    redact = Redactor(secret_values(os.environ)).text
    click.echo(f"kled: {redact(error.message)}", err=True)
    if error.hint:
        click.echo(f"hint: {redact(error.hint)}", err=True)
    return error.exit_code


def _bug(error: BaseException) -> int:
    redact = Redactor(secret_values(os.environ)).text
    click.echo(redact("".join(traceback.format_exception(error))), err=True)
    click.echo("kled: this is a bug in kled; please report it with the lines above", err=True)
    return 1


def _closed_pipe() -> int:
    """The reader (`head`, `less`) went away: end quietly, and keep Python from flushing to it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _open_closed() -> None:
    """Give those that were closed (`>&-`) a place to write to: what is done counts."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - for the whole process


def _full(error: BaseException) -> int:
    """Return 1, said in words, for a full or read-only disk (most often stdout's); else 0."""
    if not isinstance(error, OSError) or error.errno not in _FULL:
        return 0
    _closed_pipe()
    where, why = error.filename or "the output", (error.strerror or str(error)).lower()
    click.echo(f"kled: cannot write {where}: {why}", err=True)
    click.echo("hint: free space, or mend the disk", err=True)
    return 1


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
