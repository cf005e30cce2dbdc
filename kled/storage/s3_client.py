"""The boto3 client for a store: endpoint, region and credentials as kops chooses them.

kops reads S3_ENDPOINT, and with it S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and S3_REGION; without it
the AWS chain, AWS_ENDPOINT_URL included (facts of kops 1.36.2). What is not in the variables that
are given (shared configuration, roles of instances and pods) boto3 finds by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kled.errors import InvalidInput, StoreDenied

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach S3; the keys stay out of `repr`."""

    endpoint: str | None
    region: str | None
    key_id: str | None = field(repr=False)
    secret: str | None = field(repr=False)
    session_token: str | None = field(repr=False)
    profile: str | None


def choose(
    scheme: str, env: Mapping[str, str], *, endpoint: str | None, region: str | None
) -> Access:
    """Decide from variables, then from `endpoint` and `region` (a profile's or a location's).

    Raises `InvalidInput` for a scheme that needs S3_ENDPOINT without one, and for S3_ENDPOINT
    without its keys.
    """
    custom = env.get("S3_ENDPOINT") or None
    if scheme != "s3" and not (custom or endpoint):
        raise InvalidInput(
            "S3_ENDPOINT", f"{scheme}:// needs it", hint="set it to the service's URL, as for kops"
        )
    region = (
        env.get("S3_REGION") or region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    )
    if custom:
        return Access(_with_scheme(custom), region or "us-east-1", *_custom_keys(env), None, None)
    found = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or endpoint
    key_id, secret = env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")
    if not (key_id and secret):
        return Access(found, region, None, None, None, env.get("AWS_PROFILE"))
    return Access(found, region, key_id, secret, env.get("AWS_SESSION_TOKEN"), None)


def connect(access: Access) -> "S3Client":
    """Return a client that tries each request once, with short time-outs, and asks nobody yet.

    Checksums beyond what a call requires are left out: not every S3-compatible knows them. Raises
    `StoreDenied` where the named AWS profile does not exist.
    """
    import boto3  # noqa: PLC0415 - slow to import
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415

    try:
        session = boto3.Session(profile_name=access.profile)
    except ProfileNotFound as error:
        raise StoreDenied(f"there is no AWS profile {access.profile}") from error
    return session.client(
        "s3",
        endpoint_url=access.endpoint,
        region_name=access.region or session.region_name or "us-east-1",
        aws_access_key_id=access.key_id,
        aws_secret_access_key=access.secret,
        aws_session_token=access.session_token,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path" if access.endpoint else "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _with_scheme(endpoint: str) -> str:
    return endpoint if "://" in endpoint else f"https://{endpoint}"


def _custom_keys(env: Mapping[str, str]) -> tuple[str, str]:
    for name in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"):
        if not env.get(name):
            raise InvalidInput(name, "must be set where S3_ENDPOINT is")
    return env["S3_ACCESS_KEY_ID"], env["S3_SECRET_ACCESS_KEY"]
