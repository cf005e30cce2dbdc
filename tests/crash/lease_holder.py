"""A run that holds a lease while a child sleeps: `lease_holder.py URL RUN TTL WAIT SECONDS`.

It says on stdout what happens: `held TOKEN`, `child PID`, then how it ended.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta

from kled import process
from kled.errors import KledError
from kled.lease import Terms, Writer, boot_time, hold
from kled.retry import Clock
from kled.storage.base import Location
from kled.storage.url import open_store

CLUSTER = "c.example.com"


def main(url: str, run: str, ttl: float, wait: float, seconds: str) -> int:
    clock = Clock(boot_time, time.sleep)
    store = open_store(Location(url), env=os.environ, clock=clock)
    writer = Writer(f"test of {run}", run, "here", os.getpid())
    terms = Terms(timedelta(seconds=ttl), timedelta(seconds=wait))
    try:
        with hold(
            store, CLUSTER, writer=writer, terms=terms, clock=clock, environment=os.environ
        ) as held:
            say(f"held {held.lease.token}")

            def started(pid: int) -> None:
                held.child_started(pid)
                say(f"child {pid}")

            process.run(["sleep", seconds], env=os.environ, timeout=timedelta(60), on_start=started)
    except KledError as error:
        say(f"{type(error).__name__}: {error.message}")
        return error.exit_code
    say("done")
    return 0


def say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), sys.argv[5]))
