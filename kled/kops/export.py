"""Kubeconfigs: written whole, for their owner alone."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from kled.errors import DiskUnusable, InvalidInput
from kled.kops import command
from kled.kops.call import Calls


class Export(Calls):
    """Write kubeconfigs."""

    def export_kubeconfig(
        self,
        name: str,
        path: Path,
        admin: timedelta | None = None,
        api_server: str | None = None,
    ) -> None:
        """`kops export kubeconfig`: merge the cluster's context into `path`, mode 0600.

        Other contexts in the file are kept, and two exports to one file wait for each other.
        Atomic: the file is the old one or the new one, whatever kills this. Repeatable; each call
        signs new credentials. `admin` is their lifetime, None exports none. A link is followed.
        Raises `InvalidInput` for what is no regular file, `NotYetApplied` before the first update,
        and `DiskUnusable`.
        """
        target = path.resolve()
        if target.exists() and not target.is_file():  # a device would be read for ever
            raise InvalidInput("kubeconfig", f"{target} is no regular file")
        with _disk(target), _turn(target.parent), _draft(target) as draft:
            self.change(command.export_kubeconfig(name, str(draft), admin, api_server))
            draft.chmod(0o600)
            draft.replace(target)


@contextmanager
def _disk(target: Path) -> Iterator[None]:
    """Turn what the disk refuses into `DiskUnusable`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DiskUnusable(
            f"cannot write {target}: {reason}",
            hint="free space, mend the permissions, or name another file",
        ) from error


@contextmanager
def _turn(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, so that no other export reads what this one is replacing."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """Yield a private copy of `target` beside it, empty where there is none; remove it after."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    draft = Path(name)
    try:
        os.close(handle)
        if target.exists():
            shutil.copyfile(target, draft)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
