"""Verifies an installed kops again, against what is published or what was recorded."""

import logging

import httpx

from kled import retry
from kled.errors import (
    ChecksumMismatch,
    DeadlineExceeded,
    DownloadFailed,
    KopsMissing,
    ReleaseMissing,
)
from kled.files import private
from kled.install import managed, release
from kled.install.locate import INSTALL, current_version, managed_root
from kled.install.managed import Against, Installed, Request
from kled.install.published import published
from kled.retry import Clock

logger = logging.getLogger(__name__)


def verify(request: Request, *, http: httpx.Client, clock: Clock) -> Installed:
    """Hash an installed kops again; changes nothing.

    The digest that is published now decides; where the publisher does not answer or does not have
    the release any more, the one that was recorded at installation, and `against` says so. Raises
    `KopsMissing` where that version is not installed, `ChecksumMismatch`, `InvalidInput`.
    """
    root = managed_root(request.home)
    base = release.parse_mirror(request.mirror)
    version = _installed_version(request)
    path = managed.executable(root, version)
    expected, against = _expected(request, base, version, http, clock)
    actual = private.sha256(path)
    if actual != expected:
        raise ChecksumMismatch(
            f"{path} has the sha256 {actual}, {against} is {expected}",
            hint=f"replace it with `kled kops install --version={version}`",
        )
    return Installed(version, path, actual, "verified", against)


def _installed_version(request: Request) -> str:
    root = managed_root(request.home)
    chosen: str | None = request.version
    if chosen == release.LATEST:
        chosen = current_version(root)
    if chosen is None:
        raise KopsMissing(f"no kops is installed below {root}", hint=f"run `{INSTALL}`")
    version = release.parse_version(chosen)
    path = managed.executable(root, version)
    with private.guarded(path):
        is_there = path.is_file()
    if not is_there:
        raise KopsMissing(
            f"kops {version} is not installed below {root}",
            hint=f"run `kled kops install --version={version}`",
        )
    return version


def _expected(
    request: Request, base: str, version: str, http: httpx.Client, clock: Clock
) -> tuple[str, Against]:
    """Return the published digest; where the publisher does not say it, the recorded one."""
    try:
        checksum = retry.call(
            lambda: published(http, base, version, request.platform), retry.READ, clock
        )
    except (DownloadFailed, DeadlineExceeded, ReleaseMissing) as error:
        recorded = managed.recorded(managed_root(request.home), version)
        if recorded is None:
            raise
        logger.warning("verifying against the record of the installation: %s", error.message)
        return recorded, "recorded"
    return checksum.sha256, "published"
