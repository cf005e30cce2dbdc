"""Kubeconfigs: written whole, for their owner alone."""

import shutil
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Final

from kled.errors import InvalidInput
from kled.files import private
from kled.files.locks import locked
from kled.kops import command
from kled.kops.call import Calls
from kled.retry import Clock

_PATIENCE: Final = timedelta(minutes=10)
"""With another export; anybody who may read the directory could hold its lock for ever."""


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
        `DeadlineExceeded` where another export holds the directory, and `DiskUnusable`.
        """
        target = path.resolve()
        if target.exists() and not target.is_file():  # a device would be read for ever
            raise InvalidInput("kubeconfig", f"{target} is no regular file")
        private.make_directory(target.parent)
        with self._turn(target.parent), private.draft(target) as draft:
            with private.guarded(target, doing="read"):
                if target.exists():
                    shutil.copyfile(target, draft)
            self.change(command.export_kubeconfig(name, str(draft), admin, api_server))

    def _turn(self, directory: Path) -> AbstractContextManager[None]:
        """Hold the directory's lock, so that no other export reads what this one is replacing.

        The run's own scratch is left out: no other run writes there, and while this one lives it
        is locked (`kled.files.scratch`), so that waiting for it would be waiting for oneself.
        """
        if directory == self.scratch.resolve():
            return nullcontext()
        return locked(
            directory,
            Clock(time.monotonic, time.sleep),
            patience=_PATIENCE,
            others="another export of a kubeconfig",
            hint=f"look for it: fuser {directory}",
        )
