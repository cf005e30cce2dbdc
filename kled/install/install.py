"""Installs kops below `KLED_HOME`: `<home>/kops/<X.Y.Z>/kops`, and `current` that names a version.

Versions lie side by side. A download becomes executable, and then visible, only after its sha256
is the published one; `current` moves last. Killed at any point, the kops that was in use still is,
and the next run goes on with what was downloaded. Two installations at once take turns.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx

from kled import retry
from kled.errors import ChecksumMismatch, DiskUnusable
from kled.files import private
from kled.install import download, managed, release
from kled.install.locate import CURRENT, current_version, managed_root, require_own
from kled.install.managed import Installed, Request
from kled.install.published import Published, latest, published
from kled.install.verify import verify
from kled.retry import Clock, Policy

logger = logging.getLogger(__name__)

DOWNLOAD: Final = Policy(
    8, timedelta(seconds=1), 2, timedelta(seconds=30), 0.2, timedelta(minutes=60)
)
"""Each attempt goes on where the one before broke off."""


def install(
    request: Request, *, http: httpx.Client, clock: Clock, progress: download.TellBytes
) -> Installed:
    """Install the version asked for and put it in use, or verify one that is installed.

    Idempotent: a version whose bytes still have the recorded digest is not downloaded again, a
    damaged one is replaced. `latest` asks the mirror; a version that is there already needs no
    network. Raises `InvalidInput`, `ReleaseMissing`, `ChecksumMismatch` (nothing was installed),
    `DownloadFailed` after all attempts, `DeadlineExceeded`, `DiskUnusable`, `KopsMissing` where
    there is nothing to verify, and `KledError` for a server that refuses for good.
    """
    if request.verify_only:
        return verify(request, http=http, clock=clock)
    version = _version(request, http, clock)
    root = managed_root(request.home)
    with _advised(), managed.turn(root, clock, DOWNLOAD.deadline):
        before = current_version(root)
        digest = managed.intact(root, version)
        outcome: managed.InstallOutcome = "already installed" if digest else "installed"
        _close_to_others(request.home, version)
        if digest is None:
            digest = _bring(request, root, version, http=http, clock=clock, progress=progress)
        if before != version:
            private.point(root / CURRENT, version)
        download.discard(_partial(root, version))  # what a killed run left after its last step
    return Installed(
        version,
        managed.executable(root, version),
        digest,
        outcome,
        "published" if outcome == "installed" else "recorded",
        before if before != version else None,
    )


def _close_to_others(home: Path, version: str) -> None:
    """Take the right to write from others; raise `KopsUnsafe` where that is not ours to take."""
    root = managed_root(home)
    places = [home, root, *(path for path in (root / version,) if path.exists())]
    for place in places:
        private.close_to_others(place)
    require_own(places[-1], home)


@contextmanager
def _advised() -> Iterator[None]:
    """Say what a disk that cannot be used means for an installation."""
    try:
        yield
    except DiskUnusable as error:
        error.advise("KLED_HOME names where; a broken-off download goes on where it stopped")
        raise


def _partial(root: Path, version: str) -> Path:
    return root / ".partial" / f"kops-{version}"


def _version(request: Request, http: httpx.Client, clock: Clock) -> str:
    base = release.parse_mirror(request.mirror)
    if request.version != release.LATEST:
        return release.parse_version(request.version)
    return retry.call(lambda: latest(http, base), retry.READ, clock)


def _bring(
    request: Request,
    root: Path,
    version: str,
    *,
    http: httpx.Client,
    clock: Clock,
    progress: download.TellBytes,
) -> str:
    """Download, verify and place `version`; return its digest. The lock is held."""
    base = release.parse_mirror(request.mirror)
    wanted = retry.call(lambda: published(http, base, version, request.platform), retry.READ, clock)
    partial = _partial(root, version)
    private.make_directory(partial.parent)
    transfer = _Transfer(http, wanted, partial, clock, progress)
    if not transfer.succeeds():
        logger.warning("the resumed download of kops %s is damaged: once more", version)
        transfer.start_anew()
    _place(partial, root, version, wanted.sha256)
    return wanted.sha256


@dataclass(frozen=True, slots=True)
class _Transfer:
    """One executable on its way into a partial file."""

    http: httpx.Client
    wanted: Published
    partial: Path
    clock: Clock
    progress: download.TellBytes

    def succeeds(self) -> bool:
        """Download what is missing; False where bytes of an earlier answer make it wrong."""
        resumed = self._fill()
        digest = private.sha256(self.partial)
        if digest == self.wanted.sha256:
            return True
        if resumed:
            return False
        download.discard(self.partial)
        raise ChecksumMismatch(
            f"{release.shown(self.wanted.address)} has the sha256 {digest}, "
            f"published is {self.wanted.sha256}",
            hint="nothing was installed; a proxy or the mirror changes files, or the upload is "
            "not complete",
        )

    def start_anew(self) -> None:
        """Download the whole again; raise `ChecksumMismatch` where that is wrong, too."""
        download.discard(self.partial)
        if not self.succeeds():
            download.discard(self.partial)
            raise ChecksumMismatch(
                f"{release.shown(self.wanted.address)} broke off and never came together right",
                hint="nothing was installed; run it again",
            )

    def _fill(self) -> bool:
        ends = self.clock.monotonic() + DOWNLOAD.deadline.total_seconds()

        def attempt() -> bool:
            pace = download.DownloadPace(self.clock, ends)
            return download.download(
                self.http, self.wanted, self.partial, pace=pace, progress=self.progress
            )

        return retry.call(attempt, DOWNLOAD, self.clock)


def _place(partial: Path, root: Path, version: str, digest: str) -> None:
    """Make the verified file executable and visible, in this order."""
    private.make_directory(root / version)
    managed.record(root, version, digest)
    with private.guarded(partial):
        partial.chmod(0o700)
    private.move(partial, managed.executable(root, version))
    with private.guarded(partial.parent):
        for left in partial.parent.iterdir():
            left.unlink()
