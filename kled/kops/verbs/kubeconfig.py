"""Kubeconfigs: written whole, for their owner alone."""

import os
import shutil
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from kled.errors import InvalidInput, TextUnreadable
from kled.files import private
from kled.files.locks import locked
from kled.kops import command
from kled.kops.call import KopsCalls
from kled.retry import Clock

_ANOTHER: Final = "name another file, or move this one away; nothing was changed"
_KIND: Final = "Config"
"""What a file without a `kind` is taken for, too (client-go's clientcmd.Load)."""
_PATIENCE: Final = timedelta(minutes=10)
"""With another export; anybody who may read the directory could hold its lock for ever."""


def require_target(path: Path) -> None:
    """Raise where a kubeconfig could not be merged into `path`; nothing is left of trying.

    Asked before a cluster is made for it. Raises `InvalidInput` for what is there and is no regular
    file, is somebody else's, or is no kubeconfig, and `DiskUnusable` where nothing can be written.
    """
    target = path.resolve()
    with private.guarded(target, doing="use"):
        exists = target.exists()
        if exists and not target.is_file():  # a device would be read for ever
            raise InvalidInput("kubeconfig", f"{target} is not a regular file", hint=_ANOTHER)
        if exists and target.stat().st_uid != os.geteuid():
            message = f"{target} is another user's, and would be replaced by a file of yours"
            raise InvalidInput("kubeconfig", message, hint=_ANOTHER)
    private.require_room(target)
    if exists:
        _require_kubeconfig(target)


def _require_kubeconfig(target: Path) -> None:
    """Raise `InvalidInput` for a file that no context can be added to; an empty one is taken."""
    from kled.yaml_text import document  # noqa: PLC0415 - not for a list of clusters

    with private.guarded(target, doing="read"):
        body = target.read_bytes()
    try:
        content = document(body)
    except TextUnreadable as error:
        message = f"{target} is not a kubeconfig: {error.message}"
        raise InvalidInput("kubeconfig", message, hint=_ANOTHER) from error
    kind = content.get("kind", _KIND) if isinstance(content, dict) else None
    if content is not None and kind != _KIND:
        raise InvalidInput("kubeconfig", f"{target} is not a kubeconfig", hint=_ANOTHER)


@dataclass(frozen=True, slots=True)
class KubeconfigVerbs:
    """Kubeconfigs, written whole."""

    _calls: KopsCalls

    def export(
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
        Raises as `require_target`, `NotYetApplied` before the first update, and `DeadlineExceeded`
        where another export holds the directory.
        """
        target = path.resolve()
        require_target(target)
        private.make_directory(target.parent)
        with self._turn(target.parent), private.draft(target) as draft:
            with private.guarded(target, doing="read"):
                if target.exists():
                    shutil.copyfile(target, draft)
            self._calls.change(command.export_kubeconfig(name, str(draft), admin, api_server))

    def export_privately(self, name: str, admin: timedelta, api_server: str | None = None) -> Path:
        """`kops export kubeconfig` to a file that is gone with the session; return it.

        Repeatable, as `export` is, and raises as it does.
        """
        path = self._calls.scratch / f"kubeconfig-{name}"
        self.export(name, path, admin, api_server)
        return path

    def _turn(self, directory: Path) -> AbstractContextManager[None]:
        """Hold the directory's lock, so that no other export reads what this one is replacing.

        The run's own scratch is left out: no other run writes there, and while this one lives it
        is locked (`kled.files.scratch`), so that waiting for it would be waiting for oneself.
        """
        if directory == self._calls.scratch.resolve():
            return nullcontext()
        return locked(
            directory,
            Clock(time.monotonic, time.sleep),
            patience=_PATIENCE,
            others="another export of a kubeconfig",
            hint=f"look for it: fuser {directory}",
        )
