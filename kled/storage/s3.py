"""s3:// and what speaks its language: do:// scw:// hos:// (DigitalOcean, Scaleway, Hetzner).

The tag is the ETag as the service gives it; conditions are `If-None-Match: *` and `If-Match`.
Answers of a service that knows neither differ (501, 400, or silence): `probe` decides.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kled.storage.base import Location, Stored, checked
from kled.storage.s3_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Store:
    """Objects of one bucket below a prefix; safe for threads, as boto3's clients are."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str, location: Location) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._location = location

    @property
    def location(self) -> Location:
        """The URL, and the endpoint and region that were chosen for it."""
        return self._location

    def get(self, key: str) -> Stored:
        """GetObject; raise `ObjectMissing`."""
        with translated(self._where(key)):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(key))
            return Stored(answer["Body"].read(), answer["ETag"])

    def put_if_absent(self, key: str, body: bytes) -> str:
        """PutObject with `If-None-Match: *`."""
        with translated(self._where(key), conditional=True):
            answer = self._client.put_object(
                Bucket=self._bucket, Key=self._key(key), Body=body, IfNoneMatch="*"
            )
            return answer["ETag"]

    def replace(self, key: str, body: bytes, tag: str) -> str:
        """PutObject with `If-Match`; a missing object answers 404: that condition is lost, too."""
        with translated(self._where(key), conditional=True):
            answer = self._client.put_object(
                Bucket=self._bucket, Key=self._key(key), Body=body, IfMatch=tag
            )
            return answer["ETag"]

    def keys(self, prefix: str = "", *, start_after: str = "") -> Iterator[str]:
        """ListObjectsV2, a page at a time."""
        arguments = {"StartAfter": self._prefix + start_after} if start_after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=self._prefix + prefix,
            **arguments,  # type: ignore[arg-type]  # the stubs know no optional arguments
        )
        with translated(self._where(prefix)):
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"].removeprefix(self._prefix)

    def delete(self, key: str) -> None:
        """DeleteObject; in a versioned bucket a delete marker."""
        with translated(self._where(key)):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def _key(self, key: str) -> str:
        return self._prefix + checked(key)

    def _where(self, key: str) -> str:
        return f"{self._location.url}/{key}"
