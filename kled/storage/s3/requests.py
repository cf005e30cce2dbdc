"""Signed requests for listings: botocore's signing and sending without a client of botocore.

To make a client costs a quarter of a second of processor time (it reads the description of all that
S3 can do), which is more than to list a fleet. What a client adds for a listing is little: the
address, where the bucket went, and the errors, which are raised here as a client raises them.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from kled.storage.pages import came_instead, local_name
from kled.storage.s3 import page as s3_page
from kled.storage.s3.page import Page
from kled.storage.timeouts import CONNECTIONS, Timeouts

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.credentials import ReadOnlyCredentials
    from botocore.httpsession import URLLib3Session
    from obstore.store import S3Credential

_LIST: Final = "ListObjectsV2"
_ROOT: Final = "ListBucketResult"
_OK: Final = 200
_HIDDEN: Final = 500
"""The status of an error that S3 sends with 200, to botocore as to its clients."""


class ListRequests:
    """Asks one bucket for pages of its listing; safe for threads.

    `credentials` returns those of now, and `address` the endpoint and the region that the bucket is
    known to be in. `certificates` names a file of authorities to trust, else botocore's own are.
    The proxies that the environment names are used, as botocore's clients do. No request is tried
    twice.
    """

    def __init__(
        self,
        bucket: str,
        address: Callable[[], tuple[str, str]],
        credentials: "Callable[[], S3Credential]",
        *,
        certificates: str | None,
        timeouts: Timeouts,
    ) -> None:
        self._bucket = bucket
        self._address, self._credentials = address, credentials
        self._certificates, self._timeouts = certificates, timeouts
        self._lock = threading.Lock()
        self._session: URLLib3Session | None = None

    def page(self, parameters: Mapping[str, str]) -> Page:
        """Return the answer to ListObjectsV2 with these parameters of its query.

        Raises botocore's `ClientError` for a refusal and `BotoCoreError` where no answer came, as a
        client does, and `StoreUnavailable` for an answer that S3 never gives.
        """
        answer = self._sent().send(self._signed({"list-type": "2", **parameters}))
        body: bytes = answer.content
        try:
            page = s3_page.read(body.lstrip())
        except ET.ParseError:
            page = Page(ET.Element(""), [])
        root = local_name(page.root)
        if answer.status_code != _OK or root == "Error":
            raise _refusal(answer.status_code, answer.headers, page.root)
        if root != _ROOT:
            kind = str(answer.headers.get("content-type", ""))
            where = f"s3://{self._bucket} at {self._address()[0]}"
            raise came_instead(where, f"<{_ROOT}>", body, kind)
        return page

    def _signed(self, parameters: Mapping[str, str]) -> "AWSPreparedRequest":
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415 - slow to import
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.utils import percent_encode_sequence  # noqa: PLC0415

        endpoint, region = self._address()
        # as botocore's clients write a query: left to itself a request has `+` for a blank
        query = percent_encode_sequence(dict(parameters))
        request = AWSRequest("GET", f"{endpoint.rstrip('/')}/{quote(self._bucket)}?{query}")
        S3SigV4Auth(_keys(self._credentials()), "s3", region).add_auth(request)
        prepared: AWSPreparedRequest = request.prepare()
        return prepared

    def _sent(self) -> "URLLib3Session":
        from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - slow to import
        from botocore.utils import get_environ_proxies  # noqa: PLC0415

        with self._lock:
            if self._session is None:
                times = self._timeouts
                # its types know neither a bundle nor two times, which botocore itself hands to it
                verify: Any = self._certificates or True
                wait: Any = (times.connect.total_seconds(), times.silence.total_seconds())
                self._session = URLLib3Session(
                    verify=verify,
                    proxies=get_environ_proxies(self._address()[0]),
                    timeout=wait,
                    max_pool_connections=CONNECTIONS,
                )
            return self._session


def _keys(credential: "S3Credential") -> "ReadOnlyCredentials":
    from botocore.credentials import ReadOnlyCredentials  # noqa: PLC0415 - slow to import

    return ReadOnlyCredentials(
        credential["access_key_id"], credential["secret_access_key"], credential.get("token")
    )


def _refusal(status: int, headers: Mapping[str, str], root: ET.Element) -> Exception:
    """Return the error that botocore's client raises for this answer."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to import

    told = {local_name(child): child.text or "" for child in root}
    error: Any = {
        "Error": {"Code": told.get("Code") or str(status), "Message": told.get("Message", "")},
        "ResponseMetadata": {
            "HTTPStatusCode": _HIDDEN if status == _OK else status,
            "HTTPHeaders": {name.lower(): value for name, value in headers.items()},
        },
    }
    return ClientError(error, _LIST)
