"""State stores that speak S3: s3://, and do://, scw://, linode://, hos:// with an S3_ENDPOINT.

Settings are kops' own: S3_ENDPOINT with S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and S3_REGION, else
the AWS chain (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and so on). Messages: captures C12f, E02*, E04,
E05.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kled.sandbox.context import KopsFailure

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 3
_NO_BUCKET = "NoSuchBucket: The specified bucket does not exist"


class BucketStore:
    """A state store in a bucket, objects as kops writes them: octet-stream, AES256 on s3://."""

    def __init__(self, client: "S3Client", base: tuple[str, str], prefix: str) -> None:
        self._client = client
        self._scheme, self._bucket = base
        self._prefix = f"{prefix}/" if prefix else ""

    @property
    def url(self) -> str:
        """The store as kops writes it into a spec, without a slash at its end."""
        return f"{self._scheme}://{self._bucket}/{self._prefix}".rstrip("/")

    def read(self, key: str) -> bytes | None:
        """Return the object's bytes, None where there is none.

        Raises `KopsFailure`: the bucket is missing or the endpoint does not answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only with S3

        where = f"{self.url}/{key}"
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            told = f"operation error S3: GetObject, {_told(error)}"
            raise KopsFailure(_reading(key, where, f"error fetching {where}: {told}")) from error
        except BotoCoreError as error:
            told = f"operation error S3: GetObject, {_unsent(error)}"
            raise KopsFailure(_reading(key, where, f"error fetching {where}: {told}")) from error
        return answer["Body"].read()

    def write(self, key: str, body: bytes) -> None:
        """Write one object; S3 makes it appear whole."""
        extra: dict[str, Any] = {"ServerSideEncryption": "AES256"} if self._scheme == "s3" else {}
        self._asked(
            "PutObject",
            lambda: self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=body,
                ContentType="application/octet-stream",
                **extra,
            ),
        )

    def delete(self, key: str) -> None:
        """Delete one object; absent is fine."""
        self._asked(
            "DeleteObject",
            lambda: self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key),
        )

    def keys(self, prefix: str) -> Iterable[str]:
        """Return all keys that start with `prefix`, sorted."""
        pages = self._client.get_paginator("list_objects_v2")
        keys: list[str] = []

        def collect() -> None:
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                keys.extend(item["Key"] for item in page.get("Contents", ()))

        self._asked("ListObjectsV2", collect)
        return sorted(key.removeprefix(self._prefix) for key in keys)

    def _asked(self, operation: str, call: Callable[[], object]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only with S3

        base = f"error reading state store: error listing {self._scheme}://{self._bucket}/: "
        try:
            call()
        except ClientError as error:
            raise KopsFailure(f"{base}operation error S3: {operation}, {_told(error)}") from error
        except BotoCoreError as error:
            raise KopsFailure(f"{base}operation error S3: {operation}, {_unsent(error)}") from error


def open_bucket(scheme: str, path: str, env: Mapping[str, str]) -> BucketStore:
    """Open the bucket that `scheme://path` names; nothing is asked of it yet.

    Raises `KopsFailure`: S3_ENDPOINT without a key (capture E05-no-s3-creds).
    """
    import boto3  # noqa: PLC0415 - slow to import, only with S3
    from botocore.config import Config  # noqa: PLC0415 - as above

    bucket, _, prefix = path.partition("/")
    settings = _settings(env)
    client: S3Client = boto3.client(
        "s3",
        config=Config(retries={"total_max_attempts": _ATTEMPTS}, s3={"addressing_style": "path"}),
        **settings,
    )
    return BucketStore(client, (scheme, bucket), prefix)


def _settings(env: Mapping[str, str]) -> dict[str, Any]:
    endpoint = env.get("S3_ENDPOINT")
    if not endpoint:
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"
        return {"region_name": region}
    for variable in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"):
        if not env.get(variable):
            raise KopsFailure(
                f"error reading state store: {variable} cannot be empty "
                "when S3_ENDPOINT is not empty"
            )
    return {
        "endpoint_url": endpoint,
        "region_name": env.get("S3_REGION") or "us-east-1",
        "aws_access_key_id": env["S3_ACCESS_KEY_ID"],
        "aws_secret_access_key": env["S3_SECRET_ACCESS_KEY"],
    }


def _told(error: Any) -> str:  # noqa: ANN401 - botocore's ClientError, imported late
    meta, told = error.response.get("ResponseMetadata", {}), error.response["Error"]
    text = (
        f"api error {told['Code']}: {told['Message']}"  # as the SDK words what it has no type for
    )
    if told["Code"] == "NoSuchBucket":
        text = _NO_BUCKET
    return (
        f"https response error StatusCode: {meta.get('HTTPStatusCode', 0)}, "
        f"RequestID: {meta.get('RequestId', '')}, HostID: {meta.get('HostId', '')}, {text}"
    )


def _unsent(error: Exception) -> str:
    return (
        f"exceeded maximum number of attempts, {_ATTEMPTS}, https response error StatusCode: 0, "
        f"RequestID: , HostID: , request send failed, {error}"
    )


def _reading(key: str, where: str, told: str) -> str:
    name, _, kind = key.partition("/")
    if kind != "config":
        return f"error reading {where}: {told}"
    return f'error reading cluster configuration "{name}": error reading {where}: {told}'
