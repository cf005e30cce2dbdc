"""The process that watches a lease: `python -m kled.lease.watchdog`; `watch` says what it does.

It runs in a session of its own, so that neither a stopped terminal nor a signal to the run's
process group reaches it, and ignores the signals that ask for an end: only its holder, or the end
of its holder, ends it. It finds credentials in its environment, never in its arguments.
"""

import logging
import os
import signal
import sys
import time
from typing import Final

from kled.errors import KledError
from kled.lease import messages
from kled.lease.clock import boot_time
from kled.lease.messages import LeaseIsLost, Open
from kled.lease.watch import attend
from kled.redact import RedactingFilter, Redactor, log_strays, secret_values
from kled.retry import Clock
from kled.storage.base import Location, ObjectStore
from kled.storage.url import open_store
from kled.visible import VisibleFilter

_IGNORED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> int:
    """Watch over stdin and stdout."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    _log_without_secrets()
    clock = Clock(boot_time, time.sleep)

    def opened(place: Open) -> ObjectStore:
        location = Location(place.url, place.endpoint, place.region)
        return open_store(location, env=os.environ, clock=clock)

    # own files: a thread that still reads at the end would hold the lock of sys.stdin's buffer
    with os.fdopen(os.dup(1), "wb", buffering=0) as pipe:
        try:
            attend(os.fdopen(os.dup(0), "rb"), pipe, opened, clock)
        except KledError as error:
            messages.told(pipe, LeaseIsLost(error.message))
            return 1
    return 0


def _log_without_secrets() -> None:
    """Take secrets out of what reaches stderr, which is the holder's."""
    handler = logging.lastResort
    if handler is not None:
        handler.addFilter(RedactingFilter(Redactor(secret_values(os.environ))))
        handler.addFilter(VisibleFilter())
    log_strays()


if __name__ == "__main__":
    sys.exit(main())
