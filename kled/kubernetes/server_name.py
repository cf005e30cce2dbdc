"""TLS to an address that its certificate does not name.

A kubeconfig that kops exports for a load balancer says `tls-server-name: api.internal.<cluster>`
(capture 28b): the client asks for that name and expects it, whatever host it connects to. The
client library knows no such field, so it is given a transport that does; also through a proxy.
"""

import base64
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kled.errors import SettingsError, TextUnreadable
from kled.files.given import given_text

if TYPE_CHECKING:
    import httpx2
    from lightkube.config.kubeconfig import SingleConfig


def server_name(document: Mapping[str, Any], cluster: str) -> str | None:
    """Return the `tls-server-name` of a cluster of a kubeconfig; None where it has none."""
    for entry in document.get("clusters") or ():
        if entry.get("name") == cluster:
            name = (entry.get("cluster") or {}).get("tls-server-name")
            return str(name) if name else None
    return None


def server_of(kubeconfig: Path) -> tuple[str, str | None] | None:
    """Return the server of a kubeconfig's current context, and the name that it is asked for.

    None where there is no such file, or it tells none. Reads no credentials of it.
    """
    from kled.yaml_text import document  # noqa: PLC0415 - only where a kubeconfig is read

    try:
        parsed = document(given_text(kubeconfig))
    except (SettingsError, TextUnreadable):
        return None
    entries = parsed if isinstance(parsed, Mapping) else {}
    contexts = _named(entries.get("contexts"), entries.get("current-context"), "context")
    cluster = str(contexts.get("cluster") or "")
    server = _named(entries.get("clusters"), cluster, "cluster").get("server")
    if not isinstance(server, str):
        return None
    return server, server_name({"clusters": entries.get("clusters")}, cluster)


def _named(entries: object, name: object, what: str) -> Mapping[str, Any]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and entry.get("name") == name:
            body = entry.get(what)
            return body if isinstance(body, Mapping) else {}
    return {}


def transport(config: "SingleConfig", name: str) -> "httpx2.BaseTransport":
    """Return a transport that expects `name`; proxies are those of the environment."""
    import httpx2  # noqa: PLC0415 - heavy, and loaded already where a client is
    from lightkube.config.client_adapter import user_cert  # noqa: PLC0415

    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = name
    authority = config.cluster.certificate_auth_data
    if authority:
        context.load_verify_locations(cadata=base64.b64decode(authority).decode())
    else:
        context.load_default_certs()
    certificate = user_cert(config.user, config.abs_file) if config.user else None
    if certificate:
        context.load_cert_chain(*certificate)
    return httpx2.HTTPTransport(verify=context, proxy=_proxy(config.cluster.server))


def _proxy(server: str) -> str | None:
    """Return the environment's proxy for `server`, as urllib reads HTTPS_PROXY and NO_PROXY."""
    url = urlsplit(server)
    if urllib.request.proxy_bypass(url.hostname or ""):
        return None
    return urllib.request.getproxies().get(url.scheme)


class _Named(ssl.SSLContext):
    """Asks for and expects one name, whatever host the caller thinks that it talks to."""

    server_name = ""

    def wrap_socket(self, *args: Any, **named: Any) -> ssl.SSLSocket:  # noqa: ANN401 - handed on
        named["server_hostname"] = self.server_name
        return super().wrap_socket(*args, **named)

    def wrap_bio(self, *args: Any, **named: Any) -> ssl.SSLObject:  # noqa: ANN401 - handed on
        named["server_hostname"] = self.server_name
        return super().wrap_bio(*args, **named)
