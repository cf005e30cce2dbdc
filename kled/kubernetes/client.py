"""A connection to one cluster's API, from a kubeconfig that kops exported for this run.

Certificates and proxies are taken as kubectl takes them: the kubeconfig's CA, and the environment's
proxies. A kubeconfig that would start a program to get its credentials is refused: kops' do not.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kled.errors import InvalidInput, SettingsError, TextUnreadable
from kled.files.given import given_text
from kled.kubernetes import server_name
from kled.kubernetes.refusals import translated

if TYPE_CHECKING:
    import httpx2
    from lightkube import Client
    from lightkube.core.resource import GlobalResource, NamespacedResource

MANAGER: Final = "kled"
"""The field manager, under which the API keeps what kled wrote."""
TIMEOUT: Final = timedelta(seconds=15)
"""One request."""
_PAGE: Final = 500

Namespaced = TypeVar("Namespaced", bound="NamespacedResource")
Global = TypeVar("Global", bound="GlobalResource")


class Api:
    """One cluster's API. Threads may share it; close it when done."""

    def __init__(self, client: "Client", server: str) -> None:
        self.client = client
        self.server = server

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self.client.close()

    @contextmanager
    def asking(self, what: str) -> Iterator["Client"]:
        """Yield the client; raise its refusals and failures as `KledError`s about `what`."""
        with translated(what, self.server):
            yield self.client

    def everywhere(
        self, kind: type[Namespaced], *, fields: Mapping[str, str] | None = None
    ) -> list[Namespaced]:
        """List a kind in all namespaces, page by page."""
        with self.asking(f"the list of {kind.__name__.lower()}s") as client:
            objects = client.list(kind, namespace="*", fields=dict(fields or {}), chunk_size=_PAGE)
            return list(objects)

    def all(self, kind: type[Global]) -> list[Global]:
        """List a kind that has no namespaces, page by page."""
        with self.asking(f"the list of {kind.__name__.lower()}s") as client:
            return list(client.list(kind, chunk_size=_PAGE))


def connect(
    kubeconfig: Path,
    *,
    timeout: timedelta = TIMEOUT,
    transport: "httpx2.BaseTransport | None" = None,
) -> Api:
    """Return the API of the kubeconfig's current context; nothing is asked yet.

    Raises `InvalidInput` for a kubeconfig that cannot be used; its keys are in no message.
    """
    import httpx2  # noqa: PLC0415 - a quarter of a second, for those who talk to Kubernetes
    from lightkube import Client, KubeConfig  # noqa: PLC0415
    from lightkube.core.exceptions import ConfigError  # noqa: PLC0415

    document = _read(kubeconfig)
    try:
        config = KubeConfig.from_dict(document, kubeconfig).get()
        if config is None or config.user is None:
            raise InvalidInput(str(kubeconfig), "names no user for its current context")
        if config.user.exec or config.user.auth_provider:
            raise InvalidInput(
                str(kubeconfig),
                "gets its credentials from another program, which kled does not start",
                hint="export one with kops: kled kops export-kubeconfig --admin=1h",
            )
        _require_pem(config.user.client_cert_data, config.user.client_key_data)
        name = server_name.server_name(document, config.context.cluster)
        if name is not None and transport is None:
            transport = server_name.transport(config, name)
        client = Client(
            config,
            timeout=httpx2.Timeout(timeout.total_seconds()),
            field_manager=MANAGER,
            transport=transport,
        )
    except (ConfigError, KeyError, TypeError, ValueError, OSError) as error:
        # what was read holds keys: only the kind of the failure is told
        raise InvalidInput(
            str(kubeconfig), f"is not a kubeconfig that can be used ({type(error).__name__})"
        ) from None
    return Api(client, config.cluster.server)


def _require_pem(*data: str | None) -> None:
    """Raise `ValueError` for what is given and is no PEM in Base64."""
    for encoded in data:
        if encoded is not None and not base64.b64decode(encoded, validate=True).startswith(
            b"-----BEGIN "
        ):
            raise ValueError


def _read(kubeconfig: Path) -> dict[str, Any]:
    from kled.yaml_text import document  # noqa: PLC0415 - only where a kubeconfig is read

    try:
        parsed = document(given_text(kubeconfig))
    except SettingsError as error:
        raise InvalidInput(str(kubeconfig), error.message) from None
    except TextUnreadable:  # what it says may quote a key
        raise InvalidInput(str(kubeconfig), "is not YAML that can be used") from None
    if not isinstance(parsed, dict):
        raise InvalidInput(str(kubeconfig), "is not a kubeconfig")
    return parsed
