"""The simulated kops: `python -m kled.sandbox ARGS…`, with kops' own command line.

KLED_SANDBOX names the sandbox (its bin/kops sets it). The first line of stderr of every call is
BANNER, so that nobody can take it for the real one.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TextIO

from kled.sandbox import clock
from kled.sandbox.context import Context, KopsFailure, KopsPanic
from kled.sandbox.faults import after_write, strike
from kled.sandbox.flags import UsageFailure, help_text, parse, usage_text
from kled.sandbox.names import resolve
from kled.sandbox.stores import LazyStore
from kled.sandbox.verbs import Verb, find

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
    words: tuple[str, ...] = ()
    try:
        verb = find(argv)
        words = verb.words
        return _run(ctx, verb)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        stdout.flush()
        told = f"{type(error).__name__}: {error}"
        stderr.write(f"Error: the simulated kops cannot read what is stored ({told})\n")
        return 1
    except KopsPanic as panic:
        stdout.flush()
        stderr.write(f"panic: {panic}\n\ngoroutine 1 [running]:\n")
        return 2
    except KopsFailure as failure:
        stdout.flush()
        if not failure.silent:
            stderr.write(f"Error: {failure}\n")
        if isinstance(failure, UsageFailure):
            stderr.write(usage_text(words))
        return 1


def _run(ctx: Context, verb: Verb) -> int:
    if any(word in {"-h", "--help"} for word in verb.rest) or not verb.runs:
        ctx.stdout.write(help_text(verb.words))
        return 0
    flags, args = parse(verb.rest, verb.flags)
    if isinstance(ctx.store, LazyStore):
        ctx.store.location = flags["state"] or ctx.env.get("KOPS_STATE_STORE", "")
    args = resolve(ctx, verb.words, flags, args)
    strike(ctx, verb.name)
    module = import_module(verb.module)
    flags.entries["verb"] = verb.name
    status: int = module.run(ctx, flags, args)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, (sys.stdin, sys.stdout, sys.stderr)))
