"""The simulated kops: `python -m kled.sandbox ARGS…`, with kops' own command line.

KLED_SANDBOX names the sandbox (its bin/kops sets it). The first line of stderr of every call is
BANNER, so that nobody can take it for the real one.
"""

import contextlib
import io
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TextIO

from kled.sandbox import clock
from kled.sandbox import directory as own
from kled.sandbox.context import Context, KopsFailure, KopsPanic
from kled.sandbox.directory import NotOwn
from kled.sandbox.faults import after_write, strike
from kled.sandbox.store.open_store import LazyStore
from kled.sandbox.verbs.flags import UsageFailure, help_text, parse, usage_text
from kled.sandbox.verbs.named_cluster import resolve
from kled.sandbox.verbs.table import Verb, find

BANNER = "(simulated kops, no real cloud)"


def main(
    argv: Sequence[str], env: Mapping[str, str], streams: tuple[TextIO, TextIO, TextIO]
) -> int:
    """Run one command line and return kops' exit status: 0, or 1 for every failure."""
    stdin, stdout, stderr = streams
    stderr.write(BANNER + "\n")
    stderr.flush()
    sandbox = Path(env.get("KLED_SANDBOX") or ".")

    def log(level: str, source: str, text: str) -> None:
        ctx.log(level, source, text)

    command: tuple[str, ...] = ()
    try:
        own.check(sandbox)
        ctx = Context(
            env=env,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            now=lambda: datetime.now(UTC),
            sleep=clock.sleeper(clock.speed(sandbox)),
            sandbox=sandbox,
            store=LazyStore(env, log, after_write=lambda: after_write(sandbox)),
        )
        verb = find(argv)
        command = verb.command
        return _run(ctx, verb)
    except Exception as error:  # noqa: BLE001 - the edge: nobody is shown a traceback
        with contextlib.suppress(OSError):  # whoever read it may be gone
            stdout.flush()
        return _ending(error, command, stderr)


def _ending(error: Exception, command: tuple[str, ...], stderr: TextIO) -> int:
    """Say why a call ended, as kops does; return its exit status."""
    match error:
        case KopsPanic():
            stderr.write(f"panic: {error}\n\ngoroutine 1 [running]:\n")
            return 2
        case KopsFailure(silent=True):
            return 1
        case KopsFailure():
            stderr.write(f"Error: {error}\n")
        case _:
            stderr.write(f"Error: {_told(error)}\n")
    if isinstance(error, UsageFailure):
        stderr.write(usage_text(command))
    return 1


def _told(error: Exception) -> str:
    """Word what the simulation did not foresee, and where, for those who mend it."""
    match error:
        case NotOwn() | FileNotFoundError(errno=None):
            return f"the simulated kops has no sandbox to work in: {error}"
        case OSError():
            return f"{error.filename or 'the sandbox'}: {(error.strerror or str(error)).lower()}"
        case KeyError():
            what = f"{error} is missing"
        case RecursionError():
            what = "it is nested too deep"
        case _:
            what = "a value is not what its field holds"
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).stem}:{frames[-1].lineno}" if frames else "?"
    return f"the simulated kops cannot use what is stored: {what} (at {place})"


def _streams() -> tuple[TextIO, TextIO, TextIO]:
    """Return the process' streams, which speak UTF-8 whatever the locale says, as Go's do."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    return sys.stdin, sys.stdout, sys.stderr


def _run(ctx: Context, verb: Verb) -> int:
    if any(word in {"-h", "--help"} for word in verb.rest) or not verb.runs:
        ctx.stdout.write(help_text(verb.command))
        return 0
    flags, args = parse(verb.rest, verb.flags)
    if isinstance(ctx.store, LazyStore):
        ctx.store.location = flags["state"] or ctx.env.get("KOPS_STATE_STORE", "")
    args = resolve(ctx, verb.command, flags, args)
    strike(ctx, verb.name)
    module = import_module(verb.module)
    flags.entries["verb"] = verb.name
    status: int = module.run(ctx, flags, args)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, _streams()))
