"""One GET, its failures in kled's words.

What may pass by itself (429, 5xx, broken off, silent) is `DownloadFailed`; what is not there (404,
410, and 403, which object stores answer for absent files) is `ReleaseMissing`; the rest is final.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import httpx

from kled.errors import DownloadFailed, KledError, ReleaseMissing
from kled.install.patience import ConnectionDeadline
from kled.install.release import shown
from kled.sentences import duration, without_number

_ABSENT: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_LATER: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
_SILENCE: Final = httpx.Timeout(30.0, connect=15.0)
_SMALL: Final = 64 * 1024
ANSWER_SECONDS: Final = 60.0
"""For an answer with its redirects, and the body of a small one; a large one has a pace."""
HOPS: Final = 5


def client() -> httpx.Client:
    """Return a client that honours the process's proxy variables and `SSL_CERT_FILE`.

    To be called where the program is put together: it is the one place that reads the environment
    (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), through httpx.
    """
    return httpx.Client(timeout=_SILENCE, trust_env=True)


@contextmanager
def opened(
    http: httpx.Client,
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    follow: bool = True,
    small: bool = True,
    seconds: float = ANSWER_SECONDS,
) -> Iterator[httpx.Response]:
    """Open `address` and yield the answer, its body unread; 2xx, 416 and, unfollowed, 3xx.

    Each redirect is looked at before it is followed: none leads from https to http, nor by way of
    http to https, and there are at most `HOPS`. The answer with all its redirects comes within
    `seconds`, and a `small` one with its body. Failures while the block reads the body are
    translated as well. Raises `DownloadFailed` (retryable), `ReleaseMissing`, and `KledError` where
    trying again is in vain: credentials wanted, a certificate that is not trusted, a redirect away
    from https, or too many of them.
    """
    plain = {"Accept-Encoding": "identity", "User-Agent": "kled", "Connection": "close"}
    request = http.build_request("GET", address, headers={**plain, **(headers or {})})
    with ConnectionDeadline(seconds) as patience:
        try:
            with closing(_answered(http, request, patience, follow=follow)) as answer:
                _judge(answer, address)
                if not small:
                    patience.lift()
                yield answer
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _too_slow(address, patience) or _broken(error, address) from error


def _answered(
    http: httpx.Client, request: httpx.Request, patience: ConnectionDeadline, *, follow: bool
) -> httpx.Response:
    """Send it, and what it is redirected to; return the last answer, its body unread."""
    first = str(request.url)
    for _ in range(HOPS + 1):
        request.extensions = {**request.extensions, "trace": patience}
        answer = http.send(request, stream=True, follow_redirects=False)
        following = answer.next_request
        if following is None or not follow:
            return answer
        answer.close()
        same_safety(str(request.url), str(following.url))
        request = following
    raise KledError(
        f"{shown(first)} redirects more than {HOPS} times",
        hint="name a mirror that answers itself in KLED_KOPS_MIRROR",
    )


def _too_slow(address: str, patience: ConnectionDeadline) -> DownloadFailed | None:
    if not patience.over:
        return None
    return DownloadFailed(
        f"{urlsplit(address).hostname} did not answer whole within"
        f" {duration(timedelta(seconds=patience.seconds))}",
        hint=_proxy_hint(),
    )


def small_text(answer: httpx.Response) -> str:
    """Read a small text body; what is longer than 64 KiB is cut off there."""
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > _SMALL:
            break
    return bytes(body[:_SMALL]).decode("utf-8", errors="replace")


def same_safety(before: str, after: str) -> None:
    """Raise `KledError` where a redirect leads from https to http."""
    if urlsplit(before).scheme == "https" and urlsplit(after).scheme != "https":
        raise KledError(
            f"{shown(before)} redirects to {shown(after)}, which anybody on the way could change",
            hint="name a mirror that answers over https in KLED_KOPS_MIRROR",
        )


def _judge(answer: httpx.Response, address: str) -> None:
    status = answer.status_code
    message = f"{shown(address)} was answered with {status} {answer.reason_phrase}".rstrip().lower()
    if status in _ABSENT:
        raise ReleaseMissing(message, hint="the mirror may be incomplete, or forbid access")
    if status in _LATER or answer.is_server_error:
        raise DownloadFailed(message, hint="try again later, or name a mirror in KLED_KOPS_MIRROR")
    if answer.is_client_error and status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise KledError(message, hint=_credentials(status))


def _credentials(status: int) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return "the mirror wants credentials: KLED_KOPS_MIRROR=https://user:password@host/…"
    return "look at KLED_KOPS_MIRROR and the proxy variables"


def _broken(error: httpx.HTTPError | httpx.InvalidURL, address: str) -> KledError:
    host = urlsplit(address).hostname
    if isinstance(error, httpx.TimeoutException):
        return DownloadFailed(f"{host} was silent for too long", hint=_proxy_hint())
    message = f"{host}: {without_number(error).lower() or type(error).__name__}"
    if _is_final(error):
        return KledError(message, hint=_proxy_hint())
    return DownloadFailed(message, hint=_proxy_hint())


def _is_final(error: httpx.HTTPError | httpx.InvalidURL) -> bool:
    """Say whether the same request would fail in the same way again."""
    if isinstance(error, httpx.TransportError):
        text = str(error)
        refused = isinstance(error, httpx.ProxyError) and text[:1] == "4"  # "407 Proxy …"
        return refused or "CERTIFICATE_VERIFY_FAILED" in text
    return True


def _proxy_hint() -> str:
    return (
        "behind a proxy, set HTTPS_PROXY (and SSL_CERT_FILE for a certificate authority of your "
        "own), or name a mirror in KLED_KOPS_MIRROR"
    )
