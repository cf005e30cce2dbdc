"""Progress of a download: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from kled.cli.terminal.streams import Terminal
from kled.visible import visible

ShowBytes = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes of the whole, where they are known."""

_SHARE: Final = 0.1
_UNSAID: Final = 25_000_000


@contextmanager
def progress(to: Terminal, what: str) -> Iterator[ShowBytes]:
    """Yield a function that a download calls with its bytes; `what` names the download."""
    if not to.is_live:
        yield DownloadLines(to, what).update
        return
    from rich.progress import (  # noqa: PLC0415 - only where somebody looks
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    name = TextColumn("{task.description}", markup=False)
    with Progress(name, *columns, console=to.console()) as bar:
        task = bar.add_task(visible(what), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class DownloadLines:
    """One line per tenth of the whole, or per 25 MB where its length is not known."""

    def __init__(self, to: Terminal, what: str) -> None:
        self._to = to
        self._what = what
        self._next = 0.0

    def update(self, done: int, total: int | None) -> None:
        """Write a line where the progress is worth one."""
        if done < self._next and done != total:
            return
        step = total * _SHARE if total else _UNSAID
        self._next = (done // step + 1) * step if step else 0
        of = f" of {total / 1e6:.1f} MB ({done / total:.0%})" if total else " MB"
        self._to.say(f"{self._what}: {done / 1e6:.1f}{of}")
