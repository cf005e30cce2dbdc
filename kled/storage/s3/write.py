"""Writes to S3 that boto3 does: of any size, and with retention."""

import base64
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from kled.errors import StoreDenied, StoreError
from kled.pool import Pool
from kled.storage.pages import without_header
from kled.storage.parts import Again, first_part
from kled.storage.s3.errors import translated

if TYPE_CHECKING:
    from concurrent.futures import Future

    from mypy_boto3_s3 import S3Client

PART: Final = 5 << 20
"""Bytes of a part; the smallest that S3 takes."""
WHOLE: Final = 64 << 20
"""Bytes of what is sent in one request, where its size is known: a third of the time that parts
take, and no parts in memory. More than that is not sent once again for one lost connection."""
_GROWS_EVERY: Final = 1000
"""Parts; each thousand is larger by one `PART`, so that the 10,000 allowed hold 275 GB."""
_AT_ONCE: Final = 2
"""Parts under way, while the next one is read."""


def parts(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes] | None]:
    """Return the first part, and those that follow; None where the first is all."""
    return first_part(chunks, lambda number: PART * (1 + number // _GROWS_EVERY))


class Upload:
    """One object on its way; every method may raise what boto3 raises."""

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        key: str,
        *,
        absent: bool,
        retain_until: datetime | None,
    ) -> None:
        self._client = client
        self._object: Any = {"Bucket": bucket, "Key": key}
        self._condition: Any = {"IfNoneMatch": "*"} if absent else {}
        self._lock: Any = {}
        if retain_until is not None:
            mode = _lock_mode(client, bucket)
            self._lock = {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": retain_until}

    def single(self, body: bytes) -> str:
        """Write it in one request and return its tag."""
        answer = self._client.put_object(
            **self._object, Body=body, ContentMD5=_md5(body), **self._condition, **self._lock
        )
        return self._tag(answer)

    def whole(self, body: Again) -> str:
        """Write it in one request, as it is read, and return its tag.

        It is read twice: to be signed, then to be sent.
        """
        lock = {**self._lock}
        if lock:  # S3 wants it with one, though what is signed has the SHA-256 of all bytes
            total = hashlib.md5(usedforsecurity=False)
            while chunk := body.read(1 << 20):
                total.update(chunk)
            body.seek(0)
            lock["ContentMD5"] = base64.b64encode(total.digest()).decode()
        file: Any = body  # boto3 takes what reads, tells and seeks; its types ask for all of IO
        answer = self._client.put_object(**self._object, Body=file, **self._condition, **lock)
        return self._tag(answer)

    def multipart(self, first: bytes, rest: Iterator[bytes]) -> str:
        """Write it in parts and return its tag; give up what was sent where anything fails."""
        begun = self._client.create_multipart_upload(**self._object, **self._lock)
        upload: Any = {**self._object, "UploadId": begun["UploadId"]}
        try:
            sent = self._send(upload, itertools.chain([first], rest))
            answer = self._client.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": sent}, **self._condition
            )
        except Exception:  # an interruption asks nothing more of a store that may hang
            with suppress(StoreError), translated("what was sent"):
                self._client.abort_multipart_upload(**upload)
            raise
        return self._tag(answer)

    def _tag(self, answer: Mapping[str, Any]) -> str:
        """Return the ETag of what was written; every answer of S3 to a write has one."""
        tag = answer.get("ETag")
        if not tag:
            where = f"s3://{self._object['Bucket']}/{self._object['Key']}"
            raise without_header(where, "ETag")
        return str(tag)

    def _send(self, upload: Any, bodies: Iterable[bytes]) -> list[Any]:  # noqa: ANN401
        def send(number: int, body: bytes) -> Any:  # noqa: ANN401 - a part as boto3 wants it
            answer = self._client.upload_part(
                **upload, PartNumber=number, Body=body, ContentMD5=_md5(body)
            )
            return {"PartNumber": number, "ETag": self._tag(answer)}

        sent: list[Future[Any]] = []
        with Pool(_AT_ONCE, "kled-part") as pool:
            for number, body in enumerate(bodies, 1):
                if number > _AT_ONCE:
                    sent[-_AT_ONCE].result()
                sent.append(pool.submit(send, number, body))
        return [future.result() for future in sent]


def _lock_mode(client: "S3Client", bucket: str) -> str:
    """Return the mode of the bucket's default retention; GOVERNANCE where it has none.

    What is locked in COMPLIANCE mode nobody can delete, not even the account's owner: whoever set
    up the bucket decides that. Raises `CapabilityMissing` where it has no object lock: a service
    that knows none might ignore that it is asked for.
    """
    try:
        with translated(bucket):
            answer: Any = client.get_object_lock_configuration(Bucket=bucket)
    except StoreDenied:
        answer = {}  # it may not be asked for; AWS refuses the write where there is no lock
    rule = answer.get("ObjectLockConfiguration", {}).get("Rule", {})
    return str(rule.get("DefaultRetention", {}).get("Mode", "GOVERNANCE"))


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
