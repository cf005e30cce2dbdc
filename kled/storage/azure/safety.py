"""The safety of a container of Azure Blob Storage, as far as the storage itself tells.

Versioning and lifecycle rules are settings of the account, which Azure tells only through its
management API; kled has no client for that, so it names the commands.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kled.errors import (
    BucketMissing,
    CapabilityMissing,
    ObjectMissing,
    PreconditionFailed,
    StoreDenied,
)
from kled.sentences import word
from kled.storage.azure import client
from kled.storage.azure.errors import translated
from kled.storage.base import Location
from kled.storage.finding import Finding
from kled.storage.lifecycle_rules import Lifecycle


class Container:
    """One container's settings."""

    def __init__(self, access: client.AzureAccess) -> None:
        self._access = access
        self._clients = client.AzureClients(access)

    def check(self) -> list[Finding]:
        """Ask for each setting; one that may not be asked for is `unknown`."""
        try:
            with translated(self._access.container):
                told: Any = self._clients.container().get_container_properties()
        except (BucketMissing, ObjectMissing):
            create = self._az("container create", f"--name {self._quoted}")
            message = f"there is no container {self._access.container}"
            return [Finding(message, "danger", create)]
        findings = []
        if told.public_access:
            close = self._az("container set-permission", f"--name {self._quoted}")
            findings.append(Finding("strangers can read", "danger", f"{close} --public-access off"))
        return [*findings, *self._kept(), *self._not_told()]

    def create(self) -> None:
        """Make the container unless it is there, private; the account must exist."""
        try:
            with translated(self._access.container):
                self._clients.container().create_container()
        except PreconditionFailed:
            return

    def lifecycle(self) -> Lifecycle:
        """Raise `CapabilityMissing`: lifecycle rules are settings of the account (see above)."""
        raise CapabilityMissing(
            f"Azure tells the lifecycle rules of account {self._access.account} only through its"
            " management API",
            hint=f"look that none removes what lies in the container:"
            f" {self._az('account management-policy show', '')}",
        )

    def _kept(self) -> Iterator[Finding]:
        update = "account blob-service-properties update"
        mend = self._az(update, "--enable-delete-retention true --delete-retention-days 30")
        try:
            with translated(self._access.account):
                told: Any = self._clients.service().get_service_properties()
        except StoreDenied as error:
            yield Finding(f"soft delete could not be checked: {error.message}", "unknown", mend)
            return
        policy = told.get("delete_retention_policy")
        if not (policy and policy.enabled):
            yield Finding("soft delete is off: what is deleted is gone", "danger", mend)

    def _not_told(self) -> Iterator[Finding]:
        versioning = self._az("account blob-service-properties update", "--enable-versioning true")
        yield Finding("whether versioning is on is not told to kled", "unknown", versioning)
        rules = self._az("account management-policy show", "")
        message = "which lifecycle rules there are is not told to kled: look that none removes "
        yield Finding(f"{message}backups/etcd/*/control/", "unknown", rules)

    @property
    def _quoted(self) -> str:
        return word(self._access.container)

    def _az(self, command: str, options: str) -> str:
        account = word(self._access.account)
        return f"az storage {command} --account-name {account} {options}".rstrip()


def open_container(location: Location, env: Mapping[str, str]) -> Container:
    """Return the container of an azureblob:// URL; nothing is asked of it yet."""
    return Container(client.choose(location.url, env, endpoint=location.endpoint))
