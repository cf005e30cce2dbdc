"""The clients for Azure Blob Storage: which account, where, and with which credentials.

The account stands in the URL, as kops wants it; kops refuses AZURE_STORAGE_ACCOUNT, and so does
kled. Credentials are the first of AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, and what the package
azure-identity finds (environment, workload or managed identity, the login of the Azure CLI).
AZURE_STORAGE_BLOB_ENDPOINT names another endpoint than the public cloud's.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from kled.errors import InvalidInput, StoreDenied
from kled.storage import obstore_calls, obstore_loading
from kled.storage.base import Location
from kled.storage.timeouts import CONNECTIONS, DEFAULT, Timeouts

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient, ContainerClient
    from obstore.store import AzureCredential, AzureStore

_SCOPE: Final = "https://storage.azure.com/.default"
_FORM: Final = "write azureblob://ACCOUNT/CONTAINER or azureblob://ACCOUNT/CONTAINER/PREFIX"


@dataclass(frozen=True, slots=True)
class AzureAccess:
    """How to reach one container; secrets stay out of `repr`."""

    account: str
    container: str
    prefix: str
    """Without slashes at its ends."""
    endpoint: str
    """Of the account, without a slash at its end."""
    custom: bool
    """Whether the endpoint is another than the public cloud's."""
    key: str | None = field(repr=False)
    sas: str | None = field(repr=False)

    @property
    def location(self) -> Location:
        """The URL, and the endpoint where it is another than the public cloud's."""
        url = f"azureblob://{self.account}/{self.container}/{self.prefix}".rstrip("/")
        return Location(url, self.endpoint if self.custom else None)


def choose(url: str, env: Mapping[str, str], *, endpoint: str | None) -> AzureAccess:
    """Decide from the URL and the variables, then from `endpoint` (a profile's or a location's).

    Raises `InvalidInput` for a URL of another form, and where AZURE_STORAGE_ACCOUNT is set.
    """
    parts = urlsplit(url)
    container, _, prefix = parts.path.strip("/").partition("/")
    if not (parts.netloc and container) or parts.username or parts.query or parts.fragment:
        raise InvalidInput("state store", f"{url} names no account and container", hint=_FORM)
    if env.get("AZURE_STORAGE_ACCOUNT"):
        raise InvalidInput(
            "AZURE_STORAGE_ACCOUNT",
            "must not be set: kops refuses it",
            hint="unset it; the account belongs in the URL",
        )
    custom = env.get("AZURE_STORAGE_BLOB_ENDPOINT") or endpoint
    return AzureAccess(
        parts.netloc,
        container,
        prefix.strip("/"),
        (custom or f"https://{parts.netloc}.blob.core.windows.net").rstrip("/"),
        custom is not None,
        env.get("AZURE_STORAGE_KEY") or None,
        env.get("AZURE_STORAGE_SAS_TOKEN") or None,
    )


class AzureClients:
    """The clients of one container, made when they are first needed; safe for threads."""

    def __init__(self, access: AzureAccess, timeouts: Timeouts = DEFAULT) -> None:
        self._access = access
        self.timeouts = timeouts
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}

    @property
    def endpoint(self) -> str:
        """Who is asked."""
        return self._access.endpoint

    def service(self) -> "BlobServiceClient":
        """Return azure-storage-blob's client of the account, which tries each request once."""
        client: BlobServiceClient = self._once("azure", self._connect)
        return client

    def container(self) -> "ContainerClient":
        """Return its client of the container."""
        return self.service().get_container_client(self._access.container)

    def data(self) -> "AzureStore":
        """Return obstore's, for reading."""
        store: AzureStore = self._once("obstore", self._open)
        return store

    def _once(self, name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - one of several
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]

    def _connect(self) -> "BlobServiceClient":
        import requests  # noqa: PLC0415 - slow to import
        from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415
        from azure.storage.blob import BlobServiceClient  # noqa: PLC0415
        from requests.adapters import HTTPAdapter  # noqa: PLC0415

        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS))
        connect, silence = self.timeouts.pair()
        transport = RequestsTransport(  # the client's own time-outs are for a transport of its own
            session=session, session_owner=False, connection_timeout=connect, read_timeout=silence
        )
        return BlobServiceClient(
            self._access.endpoint,
            credential=self._credential(),
            transport=transport,
            retry_total=0,
        )

    def _credential(self) -> Any:  # noqa: ANN401 - one of the SDK's kinds
        from azure.core.credentials import (  # noqa: PLC0415 - slow to import
            AzureNamedKeyCredential,
            AzureSasCredential,
        )

        if self._access.key:
            return AzureNamedKeyCredential(self._access.account, self._access.key)
        if self._access.sas:
            return AzureSasCredential(self._access.sas)
        return _identity()

    def _open(self) -> "AzureStore":
        obstore_loading.load()
        from obstore.store import AzureStore  # noqa: PLC0415 - only where a store is used

        # each setting is given: obstore would find it in this process's own environment
        return AzureStore(
            self._access.container,
            config={
                "account_name": self._access.account,
                "endpoint": self._access.endpoint,
                "use_emulator": False,
                "skip_signature": False,
            },
            credential_provider=self._provider(),
            client_options=obstore_calls.client_options(self._access.endpoint, self.timeouts),
            retry_config=obstore_calls.no_retries(),
        )

    def _provider(self) -> "Callable[[], AzureCredential]":
        if self._access.key:
            key = self._access.key
            return lambda: {"access_key": key, "expires_at": None}
        if self._access.sas:
            sas = self._access.sas.removeprefix("?")
            return lambda: {"sas_token": sas, "expires_at": None}
        identity = _identity()

        def current() -> "AzureCredential":
            token = identity.get_token(_SCOPE)
            return {
                "token": token.token,
                "expires_at": datetime.fromtimestamp(token.expires_on, UTC),
            }

        return current


def _identity() -> Any:  # noqa: ANN401 - of a package that may be absent
    try:
        from azure.identity import (  # type: ignore[import-not-found,import-untyped,unused-ignore] # noqa: PLC0415 - optional
            DefaultAzureCredential,
        )
    except ImportError:
        raise StoreDenied(
            "there are no credentials for Azure Blob Storage",
            hint="set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, "
            "or install azure-identity beside kled to use identities and az login",
        ) from None
    return DefaultAzureCredential()
