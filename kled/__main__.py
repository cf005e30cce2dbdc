"""`python -m kled` and the console script `kled`."""

import atexit
import gc
import os
import signal
import sys
from typing import Final

_INTERRUPTED: Final = 130
_UNLOOKED_AT: Final = 10_000
"""New objects before Python looks for unreachable circles among them. Its own 700 cost a command
that lists a fleet a quarter of its processor time, and leave it no less memory."""


def main() -> None:
    """Run the command line and exit with its code (design D14)."""
    gc.set_threshold(_UNLOOKED_AT, *gc.get_threshold()[1:])
    status: list[int] = []
    atexit.register(_keep, status)  # what is registered first is called last
    try:
        _speak_unicode()
        from kled.cli.app import run  # noqa: PLC0415 - importing this module must cost nothing

        code = run(sys.argv[1:])
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # all is said: no traceback any more
    except KeyboardInterrupt:  # while it was imported; later ones are `run`'s
        sys.stderr.write("kled: interrupted\nnothing was changed\n")
        code = _INTERRUPTED
    status[:] = [code]
    sys.exit(code)


def _keep(status: list[int]) -> None:
    """End an interrupted process with its own status, the last of all that is done at its exit.

    Python would kill itself by the signal where it came while a module was imported.
    """
    if status == [_INTERRUPTED]:
        os._exit(_INTERRUPTED)


def _speak_unicode() -> None:
    """Begin anew in UTF-8 mode where the locale gives file names another encoding.

    The names in a directory store are UTF-8 whoever looks, or a snapshot taken in another locale
    would leave them out. What is written to the terminal keeps the locale's encoding.
    """
    if sys.flags.utf8_mode or sys.getfilesystemencoding() == "utf-8":
        return
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    os.environ.setdefault("PYTHONIOENCODING", f"{encoding}:backslashreplace")
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - itself


if __name__ == "__main__":
    main()
