"""Who runs an operation from this process, as other writers see them while they wait."""

import getpass
import os
import socket
import uuid
from datetime import timedelta
from typing import Final

from kled.config import Settings
from kled.operations.session import Who

LEASE_WAIT_SLACK: Final = timedelta(seconds=5)


def person() -> str:
    """Return who runs this process, as this machine names them: `USER@HOST`."""
    return f"{_user()}@{socket.gethostname()}"


def acting(settings: Settings, program: str, owner: str | None = None) -> Who:
    """Return who acts in this process: `owner`, by default the person, through `program`.

    By default a run waits for another writer until that writer's lease could be taken over.
    """
    run = f"{program}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    return Who(owner or person(), run, settings.lease_ttl + LEASE_WAIT_SLACK)


def _user() -> str:
    """Return the user's name, or a name made of the user id where the machine knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's runAsUser; Python 3.13 raises the latter
        return f"uid-{os.getuid()}"
