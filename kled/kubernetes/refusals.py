"""From the client's exceptions to kled's.

Meanings of statuses: kubernetes.io/docs/reference/using-api/api-concepts and apimachinery's
`metav1.StatusReason`. 429 is also what an eviction gets that a budget forbids; `drain` reads that.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from kled.errors import (
    ApiUnreachable,
    CredentialsRefused,
    KledError,
    KubernetesConflict,
    KubernetesMissing,
    KubernetesRefused,
    OutputUnreadable,
    Throttled,
)

NO_TRUST: Final = "no trust"
"""How the words begin for an API whose certificate this machine does not trust, or that does not
trust this machine's."""


def addresses(host: str) -> tuple[str, ...]:
    """Return what a host's name stands for, sorted; nothing where nobody knows."""
    try:
        addresses = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return ()
    return tuple(sorted({str(address[0]) for *_, address in addresses}))


_ANONYMOUS: Final = '"system:anonymous"'
"""Who asks for an API that accepts requests without credentials, and was given none it knows."""
Resolve = Callable[[str], Sequence[str]]


@contextmanager
def translated(what: str, server: str) -> Iterator[None]:
    """Raise what the client raises as a `KledError` about `what`, asked of `server`."""
    import httpx2  # noqa: PLC0415 - heavy, and loaded already where a client is
    from msgspec import MsgspecError  # noqa: PLC0415

    try:
        yield
    except httpx2.HTTPStatusError as error:
        raise refusal(error.response.status_code, str(error), what, server) from error
    except httpx2.TransportError as error:
        raise unreachable(error, server) from error
    except (httpx2.HTTPError, MsgspecError, ValueError) as error:
        raise OutputUnreadable(
            f"the Kubernetes API at {server} answered {what} in no known form:"
            f" {_short(str(error)) or type(error).__name__}",
            hint="something else may answer there: a proxy, or a load balancer without targets",
        ) from error


def refusal(status: int, message: str, what: str, server: str) -> KledError:
    """Return the error for a status that is no success; `message` is the API's own."""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return _denial(status, message, f"the Kubernetes API at {server} refuses {what}")
    if status == HTTPStatus.NOT_FOUND:
        return KubernetesMissing(f"{what} is not there: {_short(message)}")
    if status == HTTPStatus.CONFLICT:
        return KubernetesConflict(f"{what} was changed by somebody else: {_short(message)}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(f"the Kubernetes API at {server} asks to slow down: {_short(message)}")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ApiUnreachable(
            f"the Kubernetes API at {server} answered {what} with {status}: {_short(message)}"
        )
    return KubernetesRefused(f"the Kubernetes API refuses {what}: {_short(message)}")


def _denial(status: int, message: str, refused: str) -> KledError:
    """Return the error for a caller that the API does not know, or lets do something else only."""
    if status == HTTPStatus.FORBIDDEN and _ANONYMOUS not in message:
        return KubernetesRefused(
            f"{refused}: {_short(message)}",
            hint="it knows who asks: a role, an admission webhook, a policy or a quota says no",
        )
    return CredentialsRefused(
        f"{refused}: {_short(message)}",
        hint="kled exports a kubeconfig of its own for each run; the clocks of this machine and"
        " of the control plane may differ, or the cluster's CA was rotated meanwhile",
    )


def unreachable(error: Exception, server: str, resolve: Resolve = addresses) -> KledError:
    """Return the error for an API that does not answer; it says what its name stands for."""
    reason = _short(str(error)) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason or "alert" in reason:
        return CredentialsRefused(
            f"{NO_TRUST} between this machine and the Kubernetes API at {server}: {reason}",
            hint="another cluster may answer there, or the cluster's CA was rotated",
        )
    host = urlsplit(server).hostname or ""
    resolved = [address for address in resolve(host) if address != host]
    named = f"; {host} is {', '.join(resolved)}" if resolved else ""
    return ApiUnreachable(
        f"the Kubernetes API at {server} does not answer: {reason}{named}",
        hint="check the way to it (VPN, security groups), or name another address: --api-server",
    )


def _short(message: str) -> str:
    """Return the first line, without the client's own advice."""
    return message.strip().partition("\n")[0][:300]
