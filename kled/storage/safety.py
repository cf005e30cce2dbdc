"""Whether a state store is kept as something that holds every cluster's keys should be."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from kled import sentences
from kled.errors import CapabilityMissing, StoreDenied
from kled.files import private
from kled.files.beneath import PRIVATE, modes_below
from kled.sentences import word
from kled.storage.base import Location
from kled.storage.finding import Finding, Severity
from kled.storage.lifecycle_rules import Lifecycle
from kled.storage.url import S3_SCHEMES
from kled.store_urls import directory, is_directory


class Checked(Protocol):
    """A bucket, container or directory."""

    def check(self) -> list[Finding]:
        """Return what is wrong with it; nothing is changed."""

    def create(self) -> None:
        """Make it where it is absent, and mend what can be mended."""

    def lifecycle(self) -> Lifecycle:
        """Return what becomes of its objects by themselves; nothing is changed."""


def check(location: Location, *, env: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return what is wrong with the state store at `location`, worst first; nothing is changed.

    An absent store is a finding; wrong credentials and no answer are raised. Of gs:// the bucket's
    versioning, soft delete, public access and lifecycle rules are looked at; of azureblob:// the
    container's public access and the account's soft delete: the rest only Azure's management API
    tells.
    """
    order: tuple[Severity, ...] = ("danger", "warning", "unknown")
    findings = _place(location, env).check()
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def create(location: Location, *, env: Mapping[str, str]) -> tuple[Finding, ...]:
    """Make the store, and make it safe; return what is still wrong.

    Idempotent: a store that exists is only mended, objects are never touched, lifecycle rules are
    reported and left alone. Killed halfway, the next run does the rest.
    """
    _place(location, env).create()
    return check(location, env=env)


def lifecycle_of(location: Location, *, env: Mapping[str, str]) -> Lifecycle:
    """Return the lifecycle rules of the bucket at `location`; nothing is changed.

    A directory has none. Raises `CapabilityMissing` where nobody can tell from here, for which
    there is no other answer another day (azureblob:// keeps them in its management API),
    `StoreDenied` where the permission is missing, and what the store raises else.
    """
    return _place(location, env).lifecycle()


def encryption_refusal(location: Location, *, env: Mapping[str, str]) -> str | None:
    """Say why kops can write nothing into an `s3://` store; None where that is no reason.

    Nothing is written. Raises `StoreError` where the store does not answer or denies the try.
    """
    if urlsplit(location.url).scheme != "s3":
        return None
    from kled.storage.s3 import safety as safety_s3  # noqa: PLC0415 - brings boto3

    refusal = safety_s3.open_bucket(location, env).encryption_refusal()
    return f"{safety_s3.NOT_ENCRYPTED}: {refusal}" if refusal else None


def _place(location: Location, env: Mapping[str, str]) -> Checked:
    scheme = urlsplit(location.url).scheme
    if scheme in S3_SCHEMES:
        from kled.storage.s3 import safety as safety_s3  # noqa: PLC0415 - brings boto3

        return safety_s3.open_bucket(location, env)
    if scheme == "gs":
        from kled.storage.gcs import safety as safety_gcs  # noqa: PLC0415 - not for other stores

        return safety_gcs.open_bucket(location, env)
    if scheme == "azureblob":
        from kled.storage.azure import (  # noqa: PLC0415 - not for other stores
            safety as safety_azure,
        )

        return safety_azure.open_container(location, env)
    if is_directory(location.url):
        return _Directory(directory(location.url))
    return _Unknown(scheme)


class _Directory:
    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self) -> list[Finding]:
        return _check_directory(self._path)

    def create(self) -> None:
        _create_directory(self._path)

    def lifecycle(self) -> Lifecycle:
        return Lifecycle()


class _Unknown:
    def __init__(self, scheme: str) -> None:
        self._scheme = scheme

    def check(self) -> list[Finding]:
        return [Finding(f"kled cannot check {self._scheme}:// stores", "unknown")]

    def create(self) -> None:
        """Leave it to what made it."""

    def lifecycle(self) -> Lifecycle:
        raise CapabilityMissing(f"kled cannot ask {self._scheme}:// stores for lifecycle rules")


def _check_directory(path: Path) -> list[Finding]:
    if not path.is_dir():
        return [Finding(f"there is no directory {path}", "danger", f"mkdir -p -m 700 {word(path)}")]
    findings = []
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        findings.append(
            Finding(f"{path} cannot be written to", "danger", f"chmod u+rwx {word(path)}")
        )
    state = path.stat()
    mode = stat.S_IMODE(state.st_mode)
    if modes_below(state) is not PRIVATE and not mode & 0o007:
        findings.append(Finding(f"the group {state.st_gid} can read and change {path}", "warning"))
    elif mode & 0o077:
        findings.append(
            Finding(f"others can enter {path} (mode {mode:o})", "danger", f"chmod 700 {word(path)}")
        )
    return [*findings, Finding("a directory keeps no older versions", "warning")]


def _create_directory(path: Path) -> None:
    try:
        private.make_directory(path)
        if modes_below(path.stat()) is PRIVATE:
            path.chmod(0o700)
        else:
            path.chmod(0o2770)
    except OSError as error:
        reason = sentences.reason(error)
        raise StoreDenied(f"cannot make {path}: {reason}") from error
