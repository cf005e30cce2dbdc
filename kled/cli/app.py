"""The root command, and the one place where errors become messages and exit codes."""

import errno
import os
import re
import signal
import traceback
from collections.abc import Sequence
from typing import Final

import click

from kled import __version__, sentences
from kled.cli.frame.interruption import notes
from kled.cli.frame.lazy_group import LazyGroup
from kled.cli.frame.signals import CODES, LAST_WORDS, NAMES, hear_signals
from kled.cli.terminal import streams, typed_places
from kled.errors import KledError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_OTHERS: Final = 0o077
_FREE: Final = "free space, or mend the disk"
_CLOSED: Final = "what was done is done; leave stdout open, or send it to a file"
_VERBOSE: Final = re.compile(r"-v.*")
ASKS: Final = "_KLED_COMPLETE"
"""The variable by which a shell asks how its line could go on."""


_WIDE: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


KOPS = LazyGroup(
    "kops",
    path="kops.{}",
    help="One command per kops operation; each adds what kops lacks: a lease, checks, retries.",
    lazy={
        "configure-state-store": "Check (or make) the state store and remember it.",
        "create-cluster": "Store a cluster's definition; with --yes create it.",
        "create-instance-group": "Add an instance group to the definition.",
        "create-secret": "Store a dockerconfig, encryptionconfig or ciliumpassword.",
        "delete-cluster": "Show what deleting removes; with --yes delete.",
        "delete-instance-group": "Delete an instance group.",
        "delete-secret": "Delete a secret.",
        "edit-cluster": "Change a cluster's definition.",
        "edit-instance-group": "Change an instance group's definition.",
        "export-kubecfg": "Write a kubeconfig for a cluster.",
        "get-clusters": "List the clusters of the state store.",
        "get-instance-groups": "List instance groups.",
        "get-instances": "List a cluster's instances.",
        "get-keypairs": "List a cluster's keypairs.",
        "get-secrets": "List a cluster's secrets: names and types, never values.",
        "install": "Install a kops release, verified.",
        "reconcile-cluster": "Bring a cluster to its definition, rolling included.",
        "rolling-update": "Show which instances need a roll; with --yes roll them.",
        "rotate-keypairs": "Add, promote or distrust keypairs.",
        "scale-instance-group": "Change an instance group's size.",
        "toolbox-dump": "Dump a cluster's cloud resources.",
        "update-cluster": "Show what would change; with --yes apply it.",
        "upgrade-cluster": "Show newer versions; with --yes store them.",
        "validate-cluster": "Say whether a cluster is healthy (exit 3: not yet).",
    },
    context_settings=_WIDE,
)

EPOCH = LazyGroup(
    "epoch",
    path="snapshot.epoch",
    help="Which state store a cluster lives in: show it, or raise it after a recovery.",
    lazy={
        "raise": "Say that a cluster lives in this state store from now on.",
        "show": "Show which state store a cluster lives in.",
    },
    context_settings=_WIDE,
)

SNAPSHOT = LazyGroup(
    "snapshot",
    path="snapshot.{}",
    help="Verified snapshots of the state store: take, look, prove, restore, keep.",
    lazy={
        "create": "Take a snapshot of one cluster, or of all.",
        "diff": "Compare two snapshots, or one with what is live.",
        "list": "List snapshots with age, level and size.",
        "mirror": "Copy snapshots to a second snapshot store.",
        "prune": "Show what retention would remove; with --yes remove it.",
        "restore": "Show what a restore would write; with --yes restore.",
        "show": "Show one snapshot.",
        "verify": "Read snapshots back and prove them (exit 4: not trustworthy).",
    },
    groups=[EPOCH],
    context_settings=_WIDE,
)

RECOVER = LazyGroup(
    "recover",
    path="recover.{}",
    help="After a loss: what is left, which case it is, and the way back.",
    lazy={
        "plan": "Say which case it is, and what to type (exit 3: a recovery is planned).",
    },
    context_settings=_WIDE,
)

ROOT = LazyGroup(
    "kled",
    path="{}",
    elsewhere={
        "approve": "flows.approve",
        "deploy": "flows.deploy",
        "flows": "flows.list",
        "run": "flows.run",
        "undeploy": "flows.undeploy",
    },
    help="Dependable, recoverable kops clusters.",
    lazy={
        "approve": "Look at a plan that waits for an approval, and answer.",
        "check-health": "Say whether clusters are healthy and recoverable (exit 3: not).",
        "completion": "Print what lets bash, zsh or fish complete kled's words.",
        "demo": "Watch a flow create a cluster in the sandbox.",
        "deploy": "Create or update the deployments of prefect.yaml.",
        "doctor": "Check tools, stores, server and clouds.",
        "flows": "List the flows with their parameters and deployments.",
        "plan": "Say what is pending for a cluster (exit 3: something is).",
        "run": "Run a flow here, or trigger its deployment.",
        "undeploy": "Remove what deploy made for an environment.",
        "sandbox": "A simulated kops and cloud to try things in.",
    },
    groups=[KOPS, RECOVER, SNAPSHOT],
    context_settings=_WIDE,
)
click.version_option(__version__, prog_name="kled", message="%(prog)s %(version)s")(ROOT)


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit code; raises only for a bug in itself."""
    if ASKS in os.environ:  # a shell's, on Tab
        from kled.cli.completion import answer  # noqa: PLC0415 - for this alone

        answer(ROOT, os.environ)
    os.umask(os.umask(_OTHERS) & _OTHERS)  # what is made here can be opened here again
    streams.prepare()
    typed_places.forget()
    LAST_WORDS.begun, LAST_WORDS.lines = False, LAST_WORDS.early
    verbose = _is_verbose(args)
    streams.log_to(streams.err, verbose=verbose)
    try:
        with hear_signals():
            return int(ROOT.main(list(args), prog_name="kled", standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except BaseException as error:  # noqa: BLE001 - the edge: each end has its words and its code
        return _ending(error, verbose=verbose)


def _is_verbose(args: Sequence[str]) -> bool:
    """Say whether tracebacks are wanted, even where the options cannot be parsed."""
    return any(arg == "--verbose" or _VERBOSE.fullmatch(arg) for arg in args)


def _ending(error: BaseException, *, verbose: bool) -> int:
    """Say how the command ended, and return its exit code."""
    if LAST_WORDS.number:  # whatever Python or kops made of it
        return _stopped(LAST_WORDS.number, error)
    match error:
        case click.ClickException():
            return _misused(error)
        case KledError():
            return _explain(error.message, error.hint, error.exit_code)
        case KeyboardInterrupt() | click.Abort():
            return _stopped(signal.SIGINT, error)
        case BrokenPipeError() | SystemExit():  # click ends with the latter where it meets EPIPE
            streams.close_pipe()
            streams.end()
            return 1
        case _:
            return _machine(error) or _bug(error, verbose=verbose)


def _stopped(number: int, error: BaseException) -> int:
    """Say that the command was stopped, how far it came, and what to do."""
    redact = streams.redactor().text
    told = notes(error) or LAST_WORDS.early()
    streams.end(f"kled: {NAMES[number]}", *map(redact, told))
    LAST_WORDS.told = True
    return CODES[number]


def _explain(message: str, hint: str | None, code: int = 1) -> int:
    redact = streams.redactor().text
    streams.end(f"kled: {redact(message)}", *([f"hint: {redact(hint)}"] if hint else ()))
    return code


def _misused(error: click.ClickException) -> int:
    """Say what click found wrong with the command line, and where its help is."""
    context = getattr(error, "ctx", None)
    usage = (
        (*context.get_usage().splitlines(), f"Try '{context.command_path} --help' for help.", "")
        if context is not None
        else ()
    )
    first, *more = streams.redactor().text(error.format_message()).splitlines()
    streams.end(*usage, f"Error: {first}", *(f"  {line.strip()}" for line in more))
    return error.exit_code


def _bug(error: BaseException, *, verbose: bool) -> int:
    """Report an unforeseen error in one line, with its traceback where `verbose`."""
    redact = streams.redactor().text
    if verbose:
        whole = redact("".join(traceback.format_exception(error)))
        streams.end(*(f"  {line}" for line in whole.rstrip().split("\n")))
    more = "the lines above" if verbose else "this line and what --verbose adds to it"
    where = streams.place_of(error)
    return _explain(
        f"unexpected {type(error).__name__} at {where}: {error}",
        f"this is a bug in kled; please report it with {more}",
    )


def _machine(error: BaseException) -> int:
    """Return 1, with a message, where the machine refuses a file or directory; else 0."""
    if not isinstance(error, OSError):
        return 0
    why = sentences.reason(error)
    if error.errno == errno.EBADF and error.filename is None:
        streams.close_pipe()
        return _explain("cannot write the output: stdout is closed", _CLOSED)
    if error.errno in _FULL:
        streams.close_pipe()  # it is most often stdout's
        return _explain(f"cannot write {error.filename or 'the output'}: {why}", _FREE)
    if error.filename is not None:
        return _explain(f"cannot use {os.fsdecode(error.filename)}: {why}", None)
    if isinstance(error, FileNotFoundError) and _is_nowhere():
        return _explain("the working directory is gone", "cd to one that is there")
    return 0


def _is_nowhere() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd does the same
    except FileNotFoundError:
        return True
    return False
