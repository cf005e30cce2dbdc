"""What Prefect reads when it is first imported; set beforehand, and only where nobody else has.

Prefect's own defaults fail on a busy machine (an ephemeral server gets 20 seconds to migrate its
database) and report usage. Call `prepare` before the first import of prefect.
"""

import os
import pwd
import stat
import tempfile
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Final

LOGGER: Final = "kled"
_EXTRA_LOGGERS: Final = "PREFECT_LOGGING_EXTRA_LOGGERS"

DEFAULTS: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
}


def prepare(env: MutableMapping[str, str]) -> None:
    """Fill `env` with kled's defaults for Prefect; what somebody set stays. Idempotent."""
    _settle_home(env)
    for name, value in DEFAULTS.items():
        env.setdefault(name, value)
    loggers = [logger for logger in env.get(_EXTRA_LOGGERS, "").split(",") if logger]
    if LOGGER not in loggers:
        env[_EXTRA_LOGGERS] = ",".join([*loggers, LOGGER])


def _settle_home(env: MutableMapping[str, str]) -> None:
    """Give Prefect a directory to keep its things in, where the user has no home to write to.

    A container's user id often has no entry in passwd, and a HOME of `/` or none: Prefect needs a
    home even to be imported, and a server of its own needs to write there.
    """
    home = env.get("HOME") or _home_of_user()
    if home is None:
        home = env["HOME"] = os.sep
    if "PREFECT_HOME" not in env and not os.access(_existing(Path(home, ".prefect")), os.W_OK):
        env["PREFECT_HOME"] = str(_private(f"kled-prefect-{os.getuid()}"))


def _home_of_user() -> str | None:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return None


def _existing(path: Path) -> Path:
    """Return the nearest directory above that is there: what is missing would be made in it."""
    return next((parent for parent in (path, *path.parents) if parent.exists()), Path(os.sep))


def _private(name: str) -> Path:
    """Return a directory of that name in the system's temporary one, ours alone.

    Where somebody else has made one of that name, it is another.
    """
    wanted = Path(tempfile.gettempdir(), name)
    with suppress(FileExistsError):
        wanted.mkdir(mode=0o700)
    seen = wanted.lstat()
    ours = stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.getuid() and not seen.st_mode & 0o077
    return wanted if ours else Path(tempfile.mkdtemp(prefix=f"{name}-"))
