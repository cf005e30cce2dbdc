"""Which certificate a cluster's API is served with: a handshake, and nothing is sent or trusted."""

import ipaddress
import socket
import ssl
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

PATIENCE: Final = timedelta(seconds=3)
_HTTPS: Final = 443


def served_certificate(
    server: str, *, name: str | None = None, timeout: timedelta = PATIENCE
) -> bytes | None:
    """Return the certificate (DER) that answers at `https://host[:port]`; None: nothing does.

    `name` is the one that is asked for (SNI), where the host is called otherwise. No credentials
    are sent, and whoever answers is believed to be nobody. Raises nothing.
    """
    try:
        url = urlsplit(server)
        host, port = url.hostname, url.port or _HTTPS
        if url.scheme != "https" or not host:
            return None
        asked = name or (None if _is_address(host) else host)
        seconds = timeout.total_seconds()
        with (
            socket.create_connection((host, port), timeout=seconds) as connection,
            _context().wrap_socket(connection, server_hostname=asked) as wrapped,
        ):
            return wrapped.getpeercert(binary_form=True)
    except (OSError, ValueError):  # not there, no TLS, no URL
        return None


def _context() -> ssl.SSLContext:
    """Return a context that takes any certificate: it is looked at, not trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
