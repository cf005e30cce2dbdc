"""Who serves a cluster's API: a handshake, without credentials, and nobody is trusted."""

import socket
from collections.abc import Sequence
from typing import Final

from kled.kops.state_store import issuers
from kled.kubernetes.served import served_certificate
from kled.recovery.evidence import ApiLeft, DnsLeft
from kled.recovery.known import Unknown

_NO_SUCH_NAME: Final = frozenset(
    {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
)
_HTTPS: Final = 443
_PLACEHOLDER: Final = "203.0.113.123"
"""What kops has a name resolve to until a control plane writes its own address."""

Address = tuple[str, str | None]
"""A server's URL, and the name that it is asked for where that is another one."""


def look_at_api(addresses: Sequence[Address], authority: bytes, whose: str) -> ApiLeft | Unknown:
    """Return who answers at the first of the addresses that answers.

    `authority` is the keyset of the certificate authority that is known, of `whose`. Three seconds
    for each address. Raises nothing.
    """
    if not addresses:
        return Unknown(
            "no address of its API is known here",
            "a kubeconfig of it, as ./kubeconfig-NAME",
        )
    if not authority:
        return Unknown(
            "no certificate authority of it can be read here, so whoever answers could be anybody",
            "what lets its snapshot be read (KLED_SNAPSHOT_IDENTITY, where it is encrypted)",
        )
    answered = False
    servers = tuple(server for server, _ in addresses)
    for server, name in addresses:
        served = served_certificate(server, name=name)
        if served is None:
            continue
        answered, issued = True, issuers.issued(served, authority)
        if issued != "unknown":
            return ApiLeft("ours" if issued == "ours" else "another", (server,), whose)
    if answered:
        return Unknown(
            f"what answers at {servers[0]} has a certificate of somebody else, such as a load"
            " balancer",
            "kubectl get nodes",
        )
    return ApiLeft("silent", servers, whose)


def look_at_dns(name: str) -> DnsLeft | Unknown:
    """Return what the name resolves to here; raises nothing."""
    try:
        resolved = socket.getaddrinfo(name, _HTTPS, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            return DnsLeft(name)
        return Unknown(f"{name} could not be looked up: {error.strerror}", f"dig {name}")
    except (OSError, UnicodeError) as error:
        return Unknown(f"{name} could not be looked up: {error}", f"dig {name}")
    addresses = sorted({str(each[4][0]) for each in resolved} - {_PLACEHOLDER})
    return DnsLeft(name, tuple(addresses))
